"""Reads one meeting page by page: for calls that one answer cannot hold, and for lists that were cut.

Streams are paged a few at a time and each page's statistics are read to their end before the next page,
so that all rows of a stream stand together and only a few streams are in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from harvesters.core.answers import Verdict
from harvesters.core.errors import SliceError
from harvesters.core.graphql import GraphQL
from harvesters.core.paging import pages
from harvesters.core.source import Part
from harvesters.opentok import shapes
from harvesters.opentok.raw import NULL, is_null
from harvesters.opentok.shapes import Listed, Members

TOO_BIG = frozenset({Verdict.TOO_BIG, Verdict.ADD_ON_MISSING})
NOTHING: frozenset[Verdict] = frozenset()
FEW = 50
STATS = "streamStatsCollection"


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


def stream_part(kind: str, raw: msgspec.Raw) -> tuple[Part, Listed]:
    """A publisher or subscriber as a part, and the list its rows came in."""
    head: Members = shapes.members.decode(raw)
    stats = head.pop(STATS, None)
    listed = shapes.listed.decode(stats) if stats is not None and not is_null(stats) else Listed()
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
        def ask(cursor: str | None) -> Listed:
            return self._list("Connections", "connections", {"first": FEW, "after": cursor}, NOTHING) or Listed()

        yield Part("meeting", self.meeting.head, b"[]", 0)
        for page in self._to_the_end(ask, "connections"):
            yield Part("meeting", self.meeting.head, array(page.items), len(page.items))

    def _streams(self, operation: str, member: str, kind: str) -> Iterator[Part]:
        cursors: list[str | None] = []

        def ask(cursor: str | None) -> Listed:
            cursors.append(cursor)
            return self._page(operation, member, cursor)

        for page in self._to_the_end(ask, member):
            yield from self._rows(operation, member, kind, page, cursors[-1])

    def _to_the_end(self, ask: Any, what: str) -> Iterator[Listed]:  # noqa: ANN401 - a local function
        """All pages of a list; a count that does not fit is a problem of the call."""
        count, said = 0, None
        for page in pages(ask, lambda page: page.cursor, what):
            count, said = count + len(page.items), page.totalCount
            yield page
        if said is not None and said > count:
            self.problems.append(f"the vendor speaks of {said} {what} and gave {count}")

    def _page(self, operation: str, member: str, cursor: str | None) -> Listed:
        """One page of streams with their first rows, in smaller pieces if it is too big."""
        wanted = {"after": cursor, "rowsAfter": None}
        if self.size is not SMALLEST:
            found = self._list(operation, member, {**wanted, **self._sized(self.size)}, TOO_BIG)
            if found is not None:
                return found
            self.size = SMALLEST
        return self._list(operation, member, {**wanted, **self._sized(SMALLEST)}, NOTHING) or Listed()

    @staticmethod
    def _sized(size: Size) -> dict[str, int]:
        return {"first": size.streams, "rows": size.rows}

    def _rows(self, operation: str, member: str, kind: str, page: Listed, cursor: str | None) -> Iterator[Part]:
        """The streams of a page, each with its rows to their end."""
        size, read = self.size, _Streams(kind)
        read.take(page, None)
        while (rows_after := read.next_cursor()) is not None:
            wanted = {"after": cursor, "rowsAfter": rows_after}
            more = self._list(operation, member, {**wanted, **self._sized(size)}, TOO_BIG)
            if more is None:
                size = replace(size, rows=SMALLEST.rows)
                more = self._list(operation, member, {**wanted, **self._sized(size)}, NOTHING)
            read.take(more or Listed(), rows_after)
        self.problems += read.problems()
        yield from read.done

    def _list(self, operation: str, member: str, wanted: dict[str, Any], takes: frozenset[Verdict]) -> Listed | None:
        """One list of the meeting, None if it is too big and that is taken."""
        page: str | None = None
        seen: set[str | None] = set()
        while page not in seen:
            seen.add(page)
            variables = {**self.meeting.variables(), **wanted, "page": page}
            answer = self.graph.ask(operation, variables, takes)
            if answer.judgement.verdict in takes:
                return None
            meetings = self._meetings(shapes.body.decode(answer.body))
            for raw in meetings.items:
                members: Members = shapes.members.decode(raw) if not is_null(raw) else {}
                if members and self.meeting.is_in(members):
                    return self._listed(members.get(member), member)
            page = meetings.cursor
            if page is None:
                self.problems.append(f"the meeting of {self.meeting.created} vanished while it was read")
                return Listed()
        message = "the vendor's cursor of a session's meetings does not move."
        raise SliceError(message)

    def _meetings(self, body: shapes.Body) -> Listed:
        self.problems += [error.said() for error in body.errors or ()]
        found = [each for each in body.sessions if each and each.sessionId == self.meeting.session]
        return (found[0].meetings if found else None) or Listed()

    def _listed(self, raw: msgspec.Raw | None, member: str) -> Listed:
        if raw is None or is_null(raw):
            self.problems.append(f"the vendor sent null for the {member}")
            return Listed()
        return shapes.listed.decode(raw)


class _Streams:
    """The streams of one page while their rows are gathered."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._pending: dict[int, str] = {}
        self._said: dict[int, int] = {}
        self._seen: set[str] = set()
        self.done: list[Part] = []

    def next_cursor(self) -> str | None:
        """The cursor that the first unfinished stream waits for."""
        cursor = next(iter(self._pending.values()), None)
        if cursor is not None and cursor in self._seen:
            message = "the vendor's cursor of a stream's statistics does not move."
            raise SliceError(message)
        self._seen.add(cursor or "")
        return cursor

    def take(self, page: Listed, cursor: str | None) -> None:
        """Add a page: all streams the first time, later the rows of those that wait for its cursor."""
        fresh = [stream_part(self._kind, raw) for raw in page.items if not is_null(raw)]
        if cursor is None:
            self.done = [part for part, _ in fresh]
            self._said = {i: listed.totalCount or 0 for i, (_, listed) in enumerate(fresh)}
        waiting = [i for i, wanted in self._pending.items() if wanted == cursor]
        for i in range(len(fresh)) if cursor is None else waiting:
            self._pending.pop(i, None)
            if i >= len(fresh):
                continue
            part, listed = fresh[i]
            if cursor is not None:
                self.done[i] = _joined(self.done[i], part)
            if listed.cursor is not None:
                self._pending[i] = listed.cursor

    def problems(self) -> list[str]:
        """Streams whose rows are fewer than the vendor says."""
        return [
            f"the vendor speaks of {self._said[i]} statistics of a {self._kind} and gave {part.count}"
            for i, part in enumerate(self.done)
            if part.count < self._said[i]
        ]


def _joined(first: Part, more: Part) -> Part:
    both = b",".join(inner for inner in (first.rows[1:-1], more.rows[1:-1]) if inner)
    return replace(first, rows=b"[%s]" % both, count=first.count + more.count)
