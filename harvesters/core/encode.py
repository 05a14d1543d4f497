"""Turns a tree into documents, ready as bytes.

What a row shares with its stream (conference, person, client, account) is serialised once per stream and
spliced in; only the row's own numbers are encoded per row. That is most of our speed.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from harvesters.core.day import iso_ms
from harvesters.core.extra import bounded
from harvesters.core.fields import CONFERENCE, PARTICIPANT, SAMPLE, STREAM, Field
from harvesters.core.ids import doc_id, readable, sample_suffix
from harvesters.core.lenient import REPAIRED
from harvesters.core.nesting import nest
from harvesters.core.spans import presence, seconds, settle, span_fields
from harvesters.core.tree import Conference, Entity, Row, Stream

SCHEMA = "1"
ECS_VERSION = "8.17.0"
KIND = {SAMPLE: "metric"}
CATEGORY = {CONFERENCE: "session", PARTICIPANT: "session", STREAM: "network", SAMPLE: "network"}
INDEX = {CONFERENCE: "conferences", PARTICIPANT: "participants", STREAM: "streams", SAMPLE: "samples"}
BY_MONTH = frozenset({SAMPLE})
INSTANT = len("/2026-11-20T08:15:00.000Z/999999")
NOTHING = (b"{}", b"null")
EMPTY = b"{}"
REPLACEMENT = "\ufffd".encode()


class Encoded(msgspec.Struct, gc=False):
    """One document: where it belongs and its source as JSON bytes; `version` is the record's `fetched_at`."""

    type: str
    index: str
    id: str
    version: int
    source: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all documents of a slice share.

    `constants`: further fields of every document, such as `observer.vendor`; `fields`: the field list.
    """

    vendor: str
    account: str
    account_name: str
    revision: str
    settings: str
    prefix: str
    constants: Mapping[str, str]
    fields: Mapping[str, Field]


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

    def documents(self, tree: Conference) -> Iterator[Encoded]:
        """Samples and streams as the tree is walked, then participants, then the conference."""
        self._prepare(tree)
        count = 0
        for stream in tree.streams:
            id_ = self._id(STREAM, stream.entity.key)
            if not self._first(id_):
                tree.oddities["streams that came twice"] += 1
                continue
            count += 1
            yield from self._stream(stream, id_, tree)
        for entity in tree.participants.values():
            yield from self._participant(entity)
        if tree.conference:
            fields = {
                "vconf.participants.count": len(tree.participants),
                "vconf.streams.count": count,
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
            self._block |= {k: v for k, v in conference.fields.items() if k.startswith("vconf.conference.")}

    def _common(self) -> dict[str, Any]:
        envelope, fetched = self._envelope, iso_ms(self._fetched_at)
        return {
            "ecs.version": ECS_VERSION,
            "event.module": envelope.vendor,
            "event.created": fetched,
            "cloud.account.id": envelope.account,
            "observer.type": "conference",
            "service.type": "video-conference",
            **envelope.constants,
            "vconf.vendor": envelope.vendor,
            "vconf.account.id": envelope.account,
            "vconf.account.name": envelope.account_name,
            "vconf.schema": SCHEMA,
            "vconf.harvest.fetched_at": fetched,
            "vconf.harvest.revision": envelope.revision,
            "vconf.harvest.settings": envelope.settings,
            "vconf.privacy": "full",
            "vconf.conference.id": self.conference_id,
        }

    def _allowed(self, fields: Mapping[str, Any], type_: str) -> dict[str, Any]:
        """Those of an entity's fields that documents of another type repeat."""
        known = self._envelope.fields
        return {name: value for name, value in fields.items() if type_ in known[name].types}

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
        source = _encode(nest(flat))
        if REPLACEMENT in source:
            flat["vconf.flags"] = sorted({*entity.flags, REPAIRED})
            source = _encode(nest(flat))
        return Encoded(type_, self._index[type_], id_, self._fetched_at, source)

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

    def _participant(self, entity: Entity) -> Iterator[Encoded]:
        id_ = self._participant_id(entity.key)
        if self._first(id_):
            more = {
                "vconf.participant.id": id_,
                "vconf.participant.duration_s": seconds(entity),
                "vconf.presence": presence(entity),
            }
            yield self._entity(PARTICIPANT, entity, entity.key, id_, more)

    def _links(self, stream: Stream, id_: str, tree: Conference) -> dict[str, Any]:
        """What a stream and its samples repeat of the participants at both ends."""
        person = tree.participants.get(stream.participant) if stream.participant else None
        peer = tree.participants.get(stream.peer) if stream.peer else None
        return {
            **(person.fields if person else {}),
            "vconf.participant.id": self._participant_id(person.key) if person else None,
            "vconf.stream.peer_participant_id": self._participant_id(peer.key) if peer else None,
            "vconf.stream.id": id_,
        }

    def _stream(self, stream: Stream, id_: str, tree: Conference) -> Iterator[Encoded]:
        entity = stream.entity
        settle(entity, tree.conference, self._started)
        links = self._links(stream, id_, tree)
        samples = yield from self._samples(stream, id_, links)
        span = span_fields(entity)
        more = {
            **self._allowed(links, STREAM),
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
            **self._allowed({**links, **stream.entity.fields}, SAMPLE),
        }
        document = _Splice(nest(flat), key, self._envelope.vendor).document
        index, version = self._index[SAMPLE], self._fetched_at
        last, ordinal, count = None, 0, 0
        for row in stream.rows:
            at = row.at
            ordinal = ordinal + 1 if at == last else 0
            last = at
            count += 1
            yield Encoded(SAMPLE, index, id_ + sample_suffix(at, ordinal), version, document(row, ordinal))
        return count


_json = msgspec.json.Encoder()
_encode = _json.encode


class _Splice:
    """The bytes around the rows of one stream."""

    def __init__(self, shared: dict[str, Any], key: str, vendor: str) -> None:
        event, vconf = shared.pop("event"), shared.pop("vconf")
        self._event = b'","event":%s,"id":%s/' % (_encode(event)[:-1], _encode(key)[:-1])
        self._shared = b'"},%s,' % _encode(shared)[1:-1]
        self._before_own = self._shared + _encode(vendor) + b":"
        self._vconf = b'"vconf":' + _encode(vconf)[:-1]
        self._after_own = b"," + self._vconf

    def document(self, row: Row, ordinal: int) -> bytes:
        """The source of one row's document."""
        at = iso_ms(row.at).encode()
        name = b"%s/%d" % (at, ordinal) if ordinal else at
        own, quality = _encode(row.own), _encode(row.quality)
        if own in NOTHING or quality.rfind(EMPTY) >= 0 or row.flags:  # `in` takes twice as long
            middle = self._middle(own, _without_empty(quality), row.flags)
            return b"".join((b'{"@timestamp":"', at, self._event, name, *middle, b"}}"))
        return b"".join((
            b'{"@timestamp":"', at, self._event, name, self._before_own, own, self._after_own,
            b',"quality":', quality, b"}}",
        ))  # fmt: skip

    def _middle(self, own: bytes, quality: bytes, flags: tuple[str, ...]) -> Iterator[bytes]:
        """What stands between a document's id and its end where something is absent or flagged."""
        yield from (self._shared, self._vconf) if own in NOTHING else (self._before_own, own, self._after_own)
        if quality not in NOTHING:
            yield b',"quality":' + quality
        if flags:
            yield b',"flags":' + _encode(flags)


def _without_empty(quality: bytes) -> bytes:
    """A quality block without media of which nothing is known."""
    if EMPTY not in quality:
        return quality
    return _encode({medium: values for medium, values in msgspec.json.decode(quality).items() if values})
