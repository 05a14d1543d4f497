"""Reads one meeting page by page: for calls that one answer cannot hold, and for lists that were cut.

Streams are paged a few at a time and each page's statistics are read to their end before the next page,
so that all rows of a stream stand together and only a few streams are in memory.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from harvesters.core.answers import Answer, Verdict
from harvesters.core.errors import SliceError, TooBigError
from harvesters.core.graphql import GraphQL
from harvesters.core.paging import pages
from harvesters.core.source import Part
from harvesters.opentok import shapes
from harvesters.opentok.raw import NULL, is_null
from harvesters.opentok.shapes import Listed, Members, Streams, Tally, Verbatim

TOO_BIG = frozenset({Verdict.TOO_BIG, Verdict.ADD_ON_MISSING})
NOTHING: frozenset[Verdict] = frozenset()
FEW = 50
STATS = "streamStatsCollection"
STILL_TOO_BIG = "the vendor's answer is too big even in the smallest pieces."


@dataclass(frozen=True, slots=True)
class Size:
    """How much one request asks for: streams, and rows of each."""

    streams: int
    rows: int


USUAL, SMALLEST = Size(5, 1000), Size(1, 50)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Which meeting is read: ids do not tell, two meetings of a session can share one (reference, 7)."""

    session: str
    id: str | None
    created: str | None
    head: bytes
    window: dict[str, str]

    def variables(self) -> dict[str, Any]:
        """The variables that lead to it."""
        return {"ids": [self.session], "meeting": self.id, **self.window}

    def is_in(self, members: Members) -> bool:
        """Whether an object of the answer is this meeting."""
        said = members.get("createdAt", NULL), members.get("meetingId", NULL)
        return (shapes.text.decode(said[0]), shapes.text.decode(said[1])) == (self.created, self.id)


def array(items: list[msgspec.Raw]) -> bytes:
    """Verbatim items as a JSON array."""
    return b"[%s]" % b",".join(items)


def ask_smallest(graph: GraphQL, operation: str, variables: Mapping[str, Any]) -> Answer:
    """The answer to a request that cannot be made smaller.

    Raises:
        TooBigError: it is too big all the same. After the first answer this is no missing add-on.
    """
    answer = graph.ask(operation, variables, TOO_BIG)
    if answer.judgement.verdict in TOO_BIG:
        raise TooBigError(STILL_TOO_BIG)
    return answer


def stream_part(kind: str, members: Members | None) -> tuple[Part, Verbatim]:
    """A publisher or subscriber as a part, and the list its rows came in.

    Nulls stay in the archive, where `flatten` counts them: a stream's as its head, its statistics' as a null row.
    """
    if members is None:
        return Part(kind, NULL, b"[]", 0), Verbatim()
    stats = members.get(STATS, NULL)
    listed = shapes.listed.decode(stats) if not is_null(stats) else Verbatim([msgspec.Raw(NULL)])
    head = {name: value for name, value in members.items() if name != STATS}
    return Part(kind, msgspec.json.encode(head), array(listed.items), len(listed.items)), listed


@dataclass(slots=True)
class MeetingReader:
    """Reads the lists of one meeting; `problems` tells afterwards what was not whole."""

    graph: GraphQL
    meeting: Meeting
    size: Size = USUAL
    problems: list[str] = field(default_factory=list)

    def parts(self) -> Iterator[Part]:
        """The connections, then publishers, then subscribers with their rows."""
        yield from self._connections()
        yield from self._streams("Publishers", "publishers", "publisher")
        yield from self._streams("Subscribers", "subscribers", "subscriber")

    def _connections(self) -> Iterator[Part]:
        def ask(cursor: str | None) -> Verbatim:
            return self._smallest("Connections", "connections", {"first": FEW, "after": cursor})

        yield Part("meeting", self.meeting.head, b"[]", 0)
        for page in self._to_the_end(ask, "connections"):
            yield Part("meeting", self.meeting.head, array(page.items), len(page.items))

    def _streams(self, operation: str, member: str, kind: str) -> Iterator[Part]:
        cursors: list[str | None] = []

        def ask(cursor: str | None) -> Streams:
            cursors.append(cursor)
            return self._page(operation, member, cursor)

        for page in self._to_the_end(ask, member):
            yield from self._rows(operation, member, kind, page, cursors[-1])

    def _to_the_end(self, ask: Any, what: str) -> Iterator[Listed[Any]]:  # noqa: ANN401 - a local function
        """All pages of a list; a count that does not fit is a problem of the call."""
        tally = Tally()
        for page in pages(ask, lambda page: page.cursor, what):
            if tally.take(page):
                yield page
        if short := tally.problem(what):
            self.problems.append(short)

    def _page(self, operation: str, member: str, cursor: str | None) -> Streams:
        """One page of streams with their first rows, in smaller pieces if it is too big."""
        wanted = {"after": cursor, "rowsAfter": None}
        if self.size is not SMALLEST:
            found = self._list(operation, member, {**wanted, **self._sized(self.size)})
            if found is not None:
                return found
            self.size = SMALLEST
        return self._smallest(operation, member, {**wanted, **self._sized(SMALLEST)})

    @staticmethod
    def _sized(size: Size) -> dict[str, int]:
        return {"first": size.streams, "rows": size.rows}

    def _rows(self, operation: str, member: str, kind: str, page: Streams, cursor: str | None) -> Iterator[Part]:
        """The streams of a page, each with its rows to their end."""
        size, read = self.size, _Streams(kind, page)
        while (rows_after := read.next_cursor()) is not None:
            wanted = {"after": cursor, "rowsAfter": rows_after}
            more = self._list(operation, member, {**wanted, **self._sized(size)})
            if more is None:
                size = replace(size, rows=SMALLEST.rows)
                more = self._smallest(operation, member, {**wanted, **self._sized(size)})
            read.go_on(more, rows_after)
        self.problems += read.problems()
        yield from read.parts()

    def _smallest(self, operation: str, member: str, wanted: dict[str, Any]) -> Listed[Any]:
        """One list of the meeting that cannot be asked for in smaller pieces; see `ask_smallest`."""
        found = self._list(operation, member, wanted)
        if found is None:
            raise TooBigError(STILL_TOO_BIG)
        return found

    def _list(self, operation: str, member: str, wanted: dict[str, Any]) -> Listed[Any] | None:
        """One list of the meeting, None if it is too big."""
        page: str | None = None
        seen: set[str | None] = {""}
        while page not in seen:
            seen.add(page)
            variables = {**self.meeting.variables(), **wanted, "page": page}
            answer = self.graph.ask(operation, variables, TOO_BIG)
            if answer.judgement.verdict in TOO_BIG:
                return None
            meetings = self._meetings(shapes.body.decode(answer.body))
            for raw in meetings.items:
                members: Members = shapes.members.decode(raw) if not is_null(raw) else {}
                if members and self.meeting.is_in(members):
                    return self._listed(members.get(member), member)
            page = meetings.cursor
            if page is None:
                self.problems.append(f"the meeting of {self.meeting.created} vanished while it was read")
                return Verbatim()
        message = "the vendor's cursor of a session's meetings does not move."
        raise SliceError(message)

    def _meetings(self, body: shapes.Body) -> Verbatim:
        self.problems += [error.said() for error in body.errors or ()]
        found = [each for each in body.sessions if each and each.sessionId == self.meeting.session]
        return (found[0].meetings if found else None) or Verbatim()

    def _listed(self, raw: msgspec.Raw | None, member: str) -> Listed[Any]:
        if raw is None or is_null(raw):
            self.problems.append(f"the vendor sent null for the {member}")
            return Verbatim()
        return (shapes.listed if member == "connections" else shapes.streams).decode(raw)


class _Streams:
    """The streams of one page while their rows are gathered."""

    def __init__(self, kind: str, page: Streams) -> None:
        self._kind = kind
        self._streams = [_Stream(*stream_part(kind, each)) for each in page.items]
        self._seen = {""}

    def next_cursor(self) -> str | None:
        """The cursor that the first unfinished stream waits for."""
        cursor = next((each.cursor for each in self._streams if each.cursor is not None), None)
        if cursor is None:
            return None
        if cursor in self._seen:
            message = "the vendor's cursor of a stream's statistics does not move."
            raise SliceError(message)
        self._seen.add(cursor)
        return cursor

    def go_on(self, page: Streams, cursor: str) -> None:
        """Add the next rows of those streams that wait for this cursor."""
        for at, stream in enumerate(self._streams):
            if stream.cursor == cursor:
                stream.add(*stream_part(self._kind, page.items[at] if at < len(page.items) else None))

    def parts(self) -> Iterator[Part]:
        """The streams with all their rows."""
        return (each.part for each in self._streams)

    def problems(self) -> list[str]:
        """Streams whose rows are fewer than the vendor says, or that changed places meanwhile."""
        moved = f"a {self._kind} was not in its place when the vendor was asked for more of its statistics"
        short = (each.tally.problem(f"statistics of a {self._kind}") for each in self._streams)
        return [*(moved for each in self._streams if each.moved), *(problem for problem in short if problem)]


@dataclass(slots=True)
class _Stream:
    """One stream with the rows that came so far, and the newest page of them."""

    part: Part
    page: Verbatim
    tally: Tally = field(default_factory=Tally)
    moved: bool = False

    def __post_init__(self) -> None:
        self.tally.take(self.page)

    @property
    def cursor(self) -> str | None:
        """Where its next rows are."""
        return None if self.moved else self.page.cursor

    def add(self, part: Part, page: Verbatim) -> None:
        """Add a page of rows, if it is of this stream: its place in a list is all that it was asked for by."""
        self.page, self.moved = page, _identity(part) != _identity(self.part)
        if not self.moved and self.tally.take(page):
            self.part = _joined(self.part, part)


def _identity(part: Part) -> dict[str, bytes]:
    """What does not change of a stream while it runs."""
    known: Members = {} if is_null(part.head) else shapes.members.decode(part.head)
    return {name: bytes(value) for name, value in known.items() if name != "destroyedAt"}


def _joined(first: Part, more: Part) -> Part:
    both = b",".join(inner for inner in (first.rows[1:-1], more.rows[1:-1]) if inner)
    return replace(first, rows=b"[%s]" % both, count=first.count + more.count)
