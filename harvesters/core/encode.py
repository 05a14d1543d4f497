"""Turns a tree into documents, ready as bytes.

What a row shares with its stream (conference, person, client, account) is serialised once per stream and
spliced in; only the row's own numbers are encoded per row. That is most of our speed.
"""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

import msgspec

from harvesters.core.assessment import Assessment, Unassessed
from harvesters.core.day import iso_ms
from harvesters.core.envelope import Envelope
from harvesters.core.extra import bounded
from harvesters.core.fields import CONFERENCE, ISSUE, PARTICIPANT, SAMPLE, STREAM, USAGE
from harvesters.core.ids import doc_id, readable, sample_suffix
from harvesters.core.lenient import REPAIRED
from harvesters.core.nesting import nest
from harvesters.core.spans import begin, presence, seconds, settle, span_fields
from harvesters.core.splice import Splice
from harvesters.core.tree import Conference, Entity, Issue, Stream

KIND = {SAMPLE: "metric", ISSUE: "alert"}
CATEGORY = {
    CONFERENCE: "session", PARTICIPANT: "session", STREAM: "network", SAMPLE: "network", ISSUE: "network",
    USAGE: "session",
}  # fmt: skip
BAD = frozenset({"warning", "error"})
"""The severities of an issue that are errors to ECS."""
INDEX = {
    CONFERENCE: "conferences", PARTICIPANT: "participants", STREAM: "streams", SAMPLE: "samples", ISSUE: "issues",
    USAGE: "usage",
}  # fmt: skip
BY_MONTH = frozenset({SAMPLE})
INSTANT = len("/2026-11-20T08:15:00.000Z/999999")
REPLACEMENT = "\ufffd".encode()

_encode = msgspec.json.Encoder().encode


class Encoded(msgspec.Struct, gc=False):
    """One document: where it belongs and its source as JSON bytes; `version` is the record's `fetched_at`."""

    type: str
    index: str
    id: str
    version: int
    source: bytes


class RecordEncoder:
    """Encodes one record's tree."""

    def __init__(self, envelope: Envelope, key: tuple[str, ...], started: int, fetched_at: int) -> None:
        """`key`, `started` (ms) and `fetched_at` (ms) are the record's; they decide ids and indices."""
        self._envelope, self._key, self._fetched_at = envelope, key, fetched_at
        self._started = started
        month = iso_ms(started)[:7].replace("-", ".")
        self._index = {
            each: f"{envelope.prefix}-{name}-{month if each in BY_MONTH else month[:4]}" for each, name in INDEX.items()
        }
        self.conference_id = doc_id((envelope.vendor, envelope.account, CONFERENCE, *key))
        self._block: dict[str, Any] = {}
        self._seen: set[str] = set()
        self._participant_ids: dict[tuple[str, ...], str] = {}
        self._of_people: dict[tuple[str | None, str], dict[str, Any]] = {}
        self._assessment: Assessment

    def documents(self, tree: Conference, assessment: Assessment | None = None) -> Iterator[Encoded]:
        """Samples and streams as the tree is walked, then participants, issues, totals and the conference."""
        self._assessment = assessment or Unassessed(tree)
        self._prepare(tree)
        count = 0
        for stream in tree.streams:
            id_ = self._id(STREAM, stream.entity.key)
            if not self._first(id_):
                tree.oddities["streams that came twice"] += 1
                continue
            count += 1
            yield from self._stream(stream, id_, tree)
        for name in tree.participants:
            yield from self._participant(name, tree)
        for issue in (*tree.issues, *self._assessment.issues()):
            yield from self._issue(issue, tree)
        for usage in tree.usage:
            settle(usage, None, self._started)
            yield self._entity(USAGE, usage, usage.key, self._id(USAGE, usage.key), {})
        if tree.conference:
            fields = {
                "vconf.participants.count": _people(tree),
                "vconf.streams.count": count,
                **self._assessment.conference(),
            }
            yield self._entity(CONFERENCE, tree.conference, (), self.conference_id, fields)

    def _prepare(self, tree: Conference) -> None:
        """Settle starts and ends, and the block that every document of the conference repeats."""
        conference = tree.conference
        for entity in (*((conference,) if conference else ()), *tree.participants.values()):
            settle(entity, conference, self._started)
        self._block = self._common()
        if conference:
            known = span_fields(conference)
            self._block |= {
                "vconf.conference.start": known.get("event.start"),
                "vconf.conference.end": known.get("event.end"),
                "vconf.conference.duration_s": seconds(conference),
            }
            told = conference.fields.items()
            self._block |= {k: v for k, v in told if k.startswith("vconf.conference.") or k == "labels"}
            self._block |= self._assessment.shared()

    def _common(self) -> dict[str, Any]:
        envelope, fetched = self._envelope, iso_ms(self._fetched_at)
        return {
            **envelope.told(),
            "event.created": fetched,
            "vconf.harvest.fetched_at": fetched,
            "vconf.harvest.revision": envelope.revision,
            "vconf.harvest.settings": envelope.settings,
            **envelope.treatment.constants,
            "vconf.conference.id": self.conference_id,
        }

    def _allowed(self, fields: Mapping[str, Any], type_: str) -> dict[str, Any]:
        """Those of an entity's fields that documents of another type repeat; what is absent hides nothing."""
        known = self._envelope.fields
        return {name: value for name, value in fields.items() if value is not None and type_ in known[name].types}

    def _of_person(self, name: str | None, tree: Conference, type_: str) -> dict[str, Any]:
        """What documents of a type repeat of a participant: the same for all of his streams."""
        if (name, type_) not in self._of_people:
            person = tree.participants.get(name) if name else None
            told = {**person.fields, "vconf.participant.id": self._participant_id(person.key)} if person else {}
            self._of_people[name, type_] = self._allowed(told, type_)
        return self._of_people[name, type_]

    def _typed(self, type_: str) -> dict[str, Any]:
        return {
            "event.kind": KIND.get(type_, "event"),
            "event.category": [CATEGORY[type_]],
            "event.type": ["start", "end"] if type_ in {CONFERENCE, PARTICIPANT} else ["info"],
            "event.dataset": f"{self._envelope.vendor}.{type_}",
            "vconf.type": type_,
        }

    def _entity(self, type_: str, entity: Entity, key: tuple[str, ...], id_: str, more: Mapping[str, Any]) -> Encoded:
        """One entity's document; `key` is its own part of the key."""
        flat = {
            **self._block,
            **self._typed(type_),
            "event.id": readable((self._envelope.vendor, self._envelope.account, type_, *self._key, *key)),
            **span_fields(entity),
            **entity.fields,
            **more,
            "vconf.flags": sorted(entity.flags),
            "vconf.extra": bounded(entity.extra),
        }
        source = _encode(self._nested(flat))
        if REPLACEMENT[:1] in source and REPLACEMENT in source:  # one byte is found at once
            flat["vconf.flags"] = sorted({*entity.flags, REPAIRED})
            source = _encode(self._nested(flat))
        return Encoded(type_, self._index[type_], id_, self._fetched_at, source)

    def _nested(self, flat: Mapping[str, Any]) -> dict[str, Any]:
        """The members of a document, or of all rows of a stream, as far as the profile of privacy lets them stand."""
        return nest(self._envelope.treatment.treat(flat, self._block))

    def _participant_id(self, key: tuple[str, ...]) -> str:
        """The same few for all streams of a record."""
        if key not in self._participant_ids:
            self._participant_ids[key] = self._id(PARTICIPANT, key)
        return self._participant_ids[key]

    def _id(self, type_: str, key: tuple[str, ...]) -> str:
        return doc_id((self._envelope.vendor, self._envelope.account, type_, *self._key, *key))

    def _first(self, id_: str) -> bool:
        """Whether an id comes for the first time in this record."""
        before = len(self._seen)
        self._seen.add(id_)
        return len(self._seen) > before

    def _participant(self, name: str, tree: Conference) -> Iterator[Encoded]:
        entity = tree.participants[name]
        id_ = self._participant_id(entity.key)
        if self._first(id_):
            before = self._assessment.rejoin_of(name)
            more = {
                **self._assessment.participant(name),
                "vconf.participant.id": id_,
                "vconf.participant.rejoin_of": self._participant_id(tree.participants[before].key) if before else None,
                "vconf.participant.duration_s": seconds(entity) if entity.present else None,
                "vconf.presence": presence(entity),
            }
            yield self._entity(PARTICIPANT, entity, entity.key, id_, more)

    def _issue(self, issue: Issue, tree: Conference) -> Iterator[Encoded]:
        """What befell a participant, or the conference as a whole; an issue may well have no end."""
        entity = issue.entity
        id_ = self._id(ISSUE, entity.key)
        if not self._first(id_):
            tree.oddities["issues that came twice"] += 1
            return
        person = tree.participants.get(issue.participant) if issue.participant else None
        begin(entity, person or tree.conference, self._started)
        span = span_fields(entity)
        severe = entity.fields.get("vconf.issue.severity") in BAD
        more = {
            "event.type": ["error" if severe else "info"],
            **self._of_person(issue.participant, tree, ISSUE),
            **self._allowed(entity.fields, ISSUE),
            "vconf.issue.start": span.get("event.start"),
            "vconf.issue.end": span.get("event.end"),
        }
        yield self._entity(ISSUE, entity, entity.key, id_, more)

    def _links(self, stream: Stream, id_: str, tree: Conference, type_: str) -> dict[str, Any]:
        """What a stream and its samples repeat of the participants at both ends, and the like of the stream's own."""
        peer = tree.participants.get(stream.peer) if stream.peer else None
        return {
            **self._of_person(stream.participant, tree, type_),
            **({"vconf.stream.peer_participant_id": self._participant_id(peer.key)} if peer else {}),
            "vconf.stream.id": id_,
            **self._allowed(stream.entity.fields, type_),
        }

    def _stream(self, stream: Stream, id_: str, tree: Conference) -> Iterator[Encoded]:
        entity = stream.entity
        settle(entity, tree.conference, self._started)
        samples = yield from self._samples(stream, id_, self._links(stream, id_, tree, SAMPLE))
        span = span_fields(entity)
        more = {
            **self._links(stream, id_, tree, STREAM),
            **self._assessment.stream(stream),
            "vconf.stream.start": span.get("event.start"),
            "vconf.stream.end": span.get("event.end"),
            "vconf.stream.duration_s": seconds(entity),
            "vconf.stream.samples": samples,
        }
        yield self._entity(STREAM, entity, entity.key, id_, more)

    def _samples(self, stream: Stream, id_: str, links: Mapping[str, Any]) -> Generator[Encoded, None, int]:
        """The documents of a stream's rows; returns their number."""
        key = readable((self._envelope.vendor, self._envelope.account, SAMPLE, *self._key, *stream.entity.key), INSTANT)
        flat = {
            **self._block,
            **self._typed(SAMPLE),
            **links,
        }
        document = Splice(self._nested(flat), key, self._envelope.vendor, self._assessment.constants).document
        index, version = self._index[SAMPLE], self._fetched_at
        last, ordinal, count = None, 0, 0
        for row in self._assessment.rows(stream):
            at = row.at
            ordinal = ordinal + 1 if at == last else 0
            last = at
            count += 1
            yield Encoded(SAMPLE, index, id_ + sample_suffix(at, ordinal), version, document(row, ordinal))
        return count


def _people(tree: Conference) -> int | None:
    """How many came; unknown where the vendor gave no details."""
    unknown = tree.conference is not None and "details_missing" in tree.conference.flags
    return None if unknown else sum(each.present for each in tree.participants.values())
