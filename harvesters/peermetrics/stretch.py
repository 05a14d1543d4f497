"""One conference of a room as parts: who, what happened, and the statistics of each participant together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from harvesters.core.answers import Verdict
from harvesters.core.errors import SliceError
from harvesters.core.source import Part
from harvesters.peermetrics.client import Client, Place, Short, checked
from harvesters.peermetrics.graphs import Graphs
from harvesters.peermetrics.rows import joined, row, single, window

GONE = frozenset({Verdict.BAD_CALL})
BEFORE = 60_000
PEOPLE, MEASURED = 1, 2
LATE = 24 * 3_600_000
FEW = 1000
LARGEST = 4 << 20
APP, ROOM, SESSION, LAST, PARTICIPANT, CONNECTION, ISSUE, EVENT, STATS, SUMMARY = (
    "app", "conference", "session", "last", "participant", "connection", "issue", "event", "stats", "summary",
)  # fmt: skip
LASTING = ("id", "conference_id", "conference_name", "conference_info", "app", "created_at")
"""What a room's row tells of the room; the rest are running totals of all calls in it so far, and change with each."""


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is known of one conference before its details are asked for.

    Attributes:
        room: its id.
        described: the rows of its app and of itself.
        sessions: their rows, in order.
        last: the last events of those whose end nobody reported.
        window: from its first session to some minutes after its end, ms.
    """

    room: str
    described: tuple[bytes, bytes]
    sessions: Sequence[bytes]
    last: Sequence[bytes]
    window: tuple[int, int]


@dataclass(slots=True)
class Reader:
    """Asks for the details of a stretch, and tells afterwards what could not be had."""

    client: Client
    stretch: Stretch
    short: Short
    graphs: Graphs
    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    connected: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """The conference's key: its room and its first session."""
        return self.stretch.room, str(row(self.stretch.sessions[0]).id)

    @property
    def sessions(self) -> set[str | None]:
        """The ids of its sessions."""
        return {row(each).id for each in self.stretch.sessions}

    @property
    def people(self) -> list[str]:
        """The ids of those who had a session, in order."""
        found = (row(each).participant for each in self.stretch.sessions)
        return list(dict.fromkeys(each for each in found if each))

    def parts(self) -> Iterator[Part]:
        """Everything; statistics last, a participant at a time."""
        yield Part(APP, self.stretch.described[0], b"[]", 0)
        yield Part(ROOM, self._lasting(), b"[]", 0)
        yield _part(SESSION, self.stretch.sessions)
        yield _part(LAST, self.stretch.last)
        yield _part(PARTICIPANT, list(self._participants()))
        for part in _parts(CONNECTION, b"{}", self._own(self._connections())):
            self.connected = True
            yield part
        yield from _parts(ISSUE, b"{}", self._own(self._issues()))
        yield from _parts(EVENT, b"{}", self._own(self._events()))
        yield from self._measured()

    def _lasting(self) -> bytes:
        members = _members.decode(self.stretch.described[1])
        return msgspec.json.encode({name: members[name] for name in LASTING if name in members})

    def _own(self, rows: Iterable[bytes]) -> Iterator[bytes]:
        """The rows of the stretch's own sessions."""
        sessions = self.sessions
        return (each for each in rows if row(each).session in sessions)

    def _connections(self) -> Iterator[bytes]:
        room = self.stretch.room
        start, end = self.stretch.window
        place = Place("/connections", {"conferenceId": room}, f"the connections of room {room}")
        return self.client.windowed(place, start - BEFORE, end)

    def _issues(self) -> Iterator[bytes]:
        """Those of its time are asked for without the room, for some do not tell it (reference, section 7).

        Later ones do: scores, which the server finds when it builds a summary.
        """
        room = self.stretch.room
        start, end = self.stretch.window
        yield from self.client.windowed(Place("/issues", {}, "the list of issues"), start - BEFORE, end)
        late = Place("/issues", {"conferenceId": room}, f"the issues of room {room}")
        yield from self.client.windowed(late, end, end + LATE)

    def _events(self) -> Iterator[bytes]:
        """All but statistics: the one list that has the events of tracks, and it has no window."""
        path = f"/conferences/{self.stretch.room}/events"
        place = Place(path, {"type": "-stats"}, f"the events of room {self.stretch.room}")
        start, end = self.stretch.window
        for each in self.client.between(place, start - BEFORE, end, self.short):
            if row(each).type == "stats":
                message = f"{place.what}: the server gave statistics, so it ignored what it was asked for."
                raise SliceError(message)
            yield each

    def _participants(self) -> Iterator[bytes]:
        """The rows of those who had a session: from the room's list if that is short, else each by its id.

        SFUs that the list has come too, for they tell how the others were connected.
        """
        wanted = set(self.people)
        place = Place("/participants", {"conferenceId": self.stretch.room}, "the list of participants")
        first = self.client.page(place)
        several = first.count is not None and len(first.rows) < first.count <= FEW
        for each in self.client.rows(place, short=self.short) if several else first.rows:
            if (id_ := str(row(each).id)) in wanted or _is_sfu(each):
                wanted.discard(id_)
                yield each
        for id_ in sorted(wanted):
            answer = self.client.ask(f"/participants/{id_}", {}, GONE)
            if answer.judgement.verdict in GONE:
                self.notices.append(f"participant {id_} was removed at the server")
            else:
                yield single(answer.body)

    def has_stats(self) -> bool:
        """Whether the server has statistics of its time in the room."""
        start, end = self.stretch.window
        asked = {"conferenceId": self.stretch.room, **window(start - BEFORE, end)}
        return bool(self.client.page(Place("/stats", asked, "the statistics of the room"), size=1).rows)

    def _measured(self) -> Iterator[Part]:
        """Statistics; where there are none, what a clean-up left of them."""
        there = False
        for participant in self.people:
            for part in _parts(STATS, _head(participant), self._own(self._stats(participant))):
                there = True
                yield part
        if not there:
            left = list(self._summary())
            if not left and self.connected:
                self.notices.append("its statistics are gone: a clean-up at the server deleted them")
            yield from left

    def _stats(self, participant: str) -> Iterator[bytes]:
        start, end = self.stretch.window
        asked = {"participantId": participant, **window(start - BEFORE, end)}
        place = Place("/stats", asked, f"the statistics of participant {participant}")
        return checked(self.client.rows(place, short=self.short), place.what, participant=participant)

    def _summary(self) -> Iterator[Part]:
        """What a clean-up left, if this is the last conference in the room."""
        by_person: dict[str, list[msgspec.Raw]] = {}
        sessions = self.sessions
        for each in self.graphs.rows():
            found = row(each)
            if found.session in sessions:
                by_person.setdefault(found.participant or "", []).append(each)
        if self.graphs.building:
            self.problems.append("the server is still building the summary of its statistics")
        for participant, rows in by_person.items():
            yield from _parts(SUMMARY, _head(participant), map(bytes, rows))


def _is_sfu(each: bytes | msgspec.Raw) -> bool:
    told = _members.decode(each).get("is_sfu")
    return told is not None and bytes(told) == b"true"


def _head(participant: str) -> bytes:
    return msgspec.json.encode({"participant": participant})


def _part(kind: str, rows: Sequence[bytes]) -> Part:
    return Part(kind, b"{}", joined(rows), len(rows))


def _parts(kind: str, head: bytes, rows: Iterable[bytes]) -> Iterator[Part]:
    """Rows in parts of some megabytes; none where there are no rows."""
    some: list[bytes] = []
    size = 0
    for each in rows:
        if some and size + len(each) > LARGEST:
            yield Part(kind, head, joined(some), len(some))
            some, size = [], 0
        some.append(each)
        size += len(each)
    if some:
        yield Part(kind, head, joined(some), len(some))
