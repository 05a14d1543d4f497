"""Takes a call's documents as they come and keeps what its story needs: of measurements those of the worst streams.

Where measurements come before their stream (as they are made from the archive), one stream's are held until it comes.
Where streams are known first (lake, Elasticsearch), `charted` says whose measurements are wanted at all.
"""

from bisect import insort
from collections import Counter
from operator import attrgetter
from typing import TypeVar

import msgspec

from harvesters.core.errors import DestinationError
from harvesters.core.fields import CONFERENCE, ISSUE, PARTICIPANT, SAMPLE, STREAM
from harvesters.quality.scoring import UNKNOWN
from harvesters.story.documents import (
    ConferenceDocument,
    IssueDocument,
    ParticipantDocument,
    SampleDocument,
    StreamDocument,
    ms,
)
from harvesters.story.ranking import Rank, Ranked, ranked
from harvesters.story.series import ordered

T = TypeVar("T")
UNJUDGED: Rank = (9, 0.0, 0.0, 0.0, "", "")
_conference = msgspec.json.Decoder(ConferenceDocument)
_participant = msgspec.json.Decoder(ParticipantDocument)
_stream = msgspec.json.Decoder(StreamDocument)
_sample = msgspec.json.Decoder(SampleDocument)
_issue = msgspec.json.Decoder(IssueDocument)


class Gathering:
    """The documents of one call.

    Attributes:
        conference: the call's own; None until it came, and where there is none.
        labels: how many media of streams had each label.
        kept: sources of documents by type, each with what it is sorted by; empty unless they are asked for.
    """

    def __init__(self, most: int, pointed: str = "", *, keep: bool = False) -> None:
        """`most`: so many streams get a chart; `pointed`: the `event.id` that was asked for; `keep`: for JSON."""
        self._most, self._pointed, self._keep = most, pointed, keep
        self.conference: ConferenceDocument | None = None
        self.participants: list[ParticipantDocument] = []
        self.issues: list[IssueDocument] = []
        self.labels: Counter[str] = Counter()
        self.streams = 0
        self.kept: dict[str, list[tuple[tuple[object, ...], bytes]]] = {}
        self._worst: list[Ranked] = []
        self._named: list[Ranked] = []
        self._rows: dict[str, list[SampleDocument]] = {}

    def take(self, type_: str, source: bytes) -> None:
        """One document, as JSON.

        Raises:
            DestinationError: it is none of ours.
        """
        try:
            self._take(type_, source)
        except msgspec.MsgspecError as error:
            message = f"a {type_} document cannot be read ({error}): load its day again with './harvest.py replay'."
            raise DestinationError(message) from error

    def _take(self, type_: str, source: bytes) -> None:
        if type_ == SAMPLE:
            sample = _sample.decode(source)
            self._rows.setdefault(sample.vconf.stream.id, []).append(sample)
        elif type_ == STREAM:
            self._stream(_stream.decode(source), source)
        elif type_ == PARTICIPANT:
            person = _participant.decode(source)
            self.participants.append(person)
            self._hold(type_, (person.at, person.event.id), source)
        elif type_ == ISSUE:
            issue = _issue.decode(source)
            self.issues.append(issue)
            self._hold(type_, (issue.at, issue.event.id), source)
        elif type_ == CONFERENCE:
            self.conference = _conference.decode(source)
            self._hold(type_, (), source)

    def _hold(self, type_: str, order: tuple[object, ...], source: bytes) -> None:
        if self._keep:
            self.kept.setdefault(type_, []).append((order, source))

    def _stream(self, document: StreamDocument, source: bytes) -> None:
        media = ranked(document)
        self.streams += 1
        self.labels.update(each.block.label for each in media)
        rank = min((each.rank for each in media), default=UNJUDGED)
        self._hold(STREAM, (rank, document.event.id), source)
        if self._points_at(document.event.id):
            self._named += media
        else:
            for each in media:
                if each.block.label != UNKNOWN or each.troubled:
                    insort(self._worst, each, key=attrgetter("rank"))
        del self._worst[self._most :]
        wanted = self.charted()
        self._rows = {id_: rows for id_, rows in self._rows.items() if id_ in wanted}

    def _points_at(self, event_id: str) -> bool:
        """Whether a stream, or one of its measurements, was asked for."""
        return bool(self._pointed) and f"{self._pointed}/".startswith((f"{event_id}/", f"{_of_sample(event_id)}/"))

    def charted(self) -> set[str]:
        """Ids of the streams whose measurements are wanted."""
        return {each.document.vconf.stream.id for each in (*self._worst, *self._named)}

    def worst(self) -> list[Ranked]:
        """The streams that get a chart, with their points: the one that was asked for first, then the worst.

        Where nothing was bad, one of them is shown all the same.
        """
        bad = [each for each in self._worst if each.troubled]
        chosen = [*sorted(self._named, key=attrgetter("rank")), *(bad or self._worst[:1])]
        for each in chosen:
            rows = self._rows.get(each.document.vconf.stream.id, ())
            found = ((ms(row.at), row.value(each.medium, each.measure)) for row in rows)
            each.points = ordered((at, value) for at, value in found if at is not None and value is not None)
        return chosen

    def sources(self, type_: str) -> list[msgspec.Raw]:
        """The documents of a type in their order, whatever order they came in."""
        return [msgspec.Raw(source) for _, source in sorted(self.kept.get(type_, ()))]


def _of_sample(event_id: str) -> str:
    """How the keys of a stream's measurements begin; a hashed one tells nothing of them."""
    if event_id.count("/") < 3:  # noqa: PLR2004 - vendor, account, type
        return event_id
    vendor, account, _, rest = event_id.split("/", 3)
    return f"{vendor}/{account}/{SAMPLE}/{rest}"
