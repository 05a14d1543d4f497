"""Reads sessions whole: in batches where they are small, one by one and page by page where they are not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from harvesters.core.day import Day, iso, parse_instant
from harvesters.core.errors import BadCallError, TooBigError
from harvesters.core.graphql import GraphQL
from harvesters.core.paging import pages
from harvesters.core.source import Call, Failure, Notice, Part, Record
from harvesters.opentok import shapes
from harvesters.opentok.judge import CALL_GONE
from harvesters.opentok.meeting import (
    FEW,
    TOO_BIG,
    Meeting,
    MeetingReader,
    array,
    stream_part,
)
from harvesters.opentok.raw import NULL, is_null
from harvesters.opentok.shapes import Listed, Members, Session

MOST = 1000
LEVEL = 2
NONE = "none"
STREAMS = {"publishers": "publisher", "subscribers": "subscriber"}
Item = Record | Failure | Notice


def fetch(graph: GraphQL, calls: Sequence[Call], day: Day) -> Iterator[Item]:
    """Records, failures and notices of some sessions; see `Source.fetch`."""
    reader = _Reader(graph, day, {"start": iso(day.start), "end": iso(day.end)})
    ids = [call.key for call in calls]
    answer = graph.ask("Detail", {**reader.window, "ids": ids, "first": MOST}, TOO_BIG)
    if answer.judgement.verdict in TOO_BIG:
        if len(ids) > 1:
            message = f"{len(ids)} sessions are too big for one answer"
            raise TooBigError(message)
        yield from reader.carefully(ids[0])
        return
    body = shapes.body.decode(answer.body)
    yield from reader.answered(body, ids)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One day's reading through one endpoint."""

    graph: GraphQL
    day: Day
    window: dict[str, str]

    def answered(self, body: shapes.Body, ids: Sequence[str]) -> Iterator[Item]:
        """What an answer to some ids holds, and which of them it leaves out."""
        reasons = blame(body, ids)
        returned = set()
        for session in body.sessions:
            if session and session.sessionId and session.sessionId in ids:
                returned.add(session.sessionId)
                yield from self.session(session)
                if reason := reasons.get(session.sessionId):
                    yield Failure(session.sessionId, reason)
        missing = [key for key in ids if key not in returned]
        yield from _missing(missing, body, reasons)

    def carefully(self, key: str) -> Iterator[Item]:
        """One session that is too big for one answer: meeting by meeting."""
        found = self._meetings("Meetings", key, None)
        yield from self.answered(found, [key])

    def session(self, session: Session) -> Iterator[Item]:
        """The records of one session, all pages of its meetings."""
        key = str(session.sessionId)
        if session.meetings is None:
            yield Failure(key, "the vendor sent null for its meetings")
            return
        first, count, said = session.meetings, 0, None

        def ask(cursor: str | None) -> Listed:
            return first if cursor is None else self._more(key, cursor)

        for page in pages(ask, lambda page: page.cursor, f"the meetings of session {key}"):
            count, said = count + len(page.items), page.totalCount
            for raw in page.items:
                yield from self._meeting(session, raw)
        if said is not None and said > count:
            yield Failure(key, f"the vendor speaks of {said} meetings and gave {count}")

    def _more(self, key: str, cursor: str) -> Listed:
        """The next page of a session's meetings, without their lists if it is too big with them."""
        found = [each for each in self._meetings("Detail", key, cursor).sessions if each]
        return (found[0].meetings if found else None) or Listed()

    def _meetings(self, operation: str, key: str, cursor: str | None) -> shapes.Body:
        wanted = {**self.window, "ids": [key], "after": cursor}
        if operation == "Detail":
            answer = self.graph.ask(operation, {**wanted, "first": MOST}, TOO_BIG)
            if answer.judgement.verdict not in TOO_BIG:
                return shapes.body.decode(answer.body)
        return shapes.body.decode(self.graph.ask("Meetings", wanted).body)

    def _meeting(self, session: Session, raw: msgspec.Raw) -> Iterator[Item]:
        """One meeting: from the answer if its lists are whole there, else page by page."""
        key = str(session.sessionId)
        if is_null(raw):
            yield Notice(f"session {key} holds a meeting that is null.")
            return
        members: Members = shapes.members.decode(raw)
        meeting = _identity(session, members, self.window)
        if (parts := whole_parts(members, meeting)) is not None:
            yield from _record(meeting, members, self.day, parts)
            return
        yield from self._page_by_page(meeting, members)

    def _page_by_page(self, meeting: Meeting, members: Members) -> Iterator[Item]:
        """A meeting whose lists were cut or left out: once more with small lists, then streams a few at a time."""
        heads_only = not any(name in members for name in STREAMS)
        if heads_only and (parts := self._small(meeting)) is not None:
            yield from _record(meeting, members, self.day, parts)
            return
        reader = MeetingReader(self.graph, meeting)
        for item in _record(meeting, members, self.day, None):
            yield Record(item.key, item.call, item.started, item.level, item.ongoing, reader.parts())
        if reader.problems:
            yield Failure(meeting.session, "; ".join(dict.fromkeys(reader.problems))[:500])

    def _small(self, meeting: Meeting) -> list[Part] | None:
        """The meeting in one answer with lists of 50, if it fits and they are whole."""
        wanted = {**meeting.variables(), "first": FEW, "after": None}
        answer = self.graph.ask("Detail", wanted, TOO_BIG)
        if answer.judgement.verdict in TOO_BIG:
            return None
        for session in shapes.body.decode(answer.body).sessions:
            for raw in session.meetings.items if session and session.meetings else ():
                members: Members = shapes.members.decode(raw) if not is_null(raw) else {}
                if members and meeting.is_in(members):
                    return whole_parts(members, meeting)
        return None


def _identity(session: Session, members: Members, window: dict[str, str]) -> Meeting:
    """Which meeting this is, with its head: the session's and its own members without the lists."""
    own = {name: value for name, value in members.items() if name not in {"connections", *STREAMS}}
    head = {"sessionId": session.sessionId, "mediaMode": session.mediaMode, **own}
    created, id_ = (shapes.text.decode(own.get(name, NULL)) for name in ("createdAt", "meetingId"))
    return Meeting(str(session.sessionId), id_, created, msgspec.json.encode(head), window)


def _record(meeting: Meeting, members: Members, day: Day, parts: Sequence[Part] | None) -> Iterator[Record]:
    """The record, if it is of the day; one without a start counts as started on the day it was listed for."""
    started = parse_instant(meeting.created) or day.start
    if started in day:
        ongoing = is_null(members.get("destroyedAt", NULL))
        key = (meeting.session, meeting.id or NONE, meeting.created or NONE)
        yield Record(key, meeting.session, started, LEVEL, ongoing, parts or ())


def whole_parts(members: Members, meeting: Meeting) -> list[Part] | None:
    """A meeting's parts out of one answer, None unless every list in it is whole."""
    lists = {name: _list(members.get(name)) for name in ("connections", *STREAMS)}
    if not all(listed and listed.whole for listed in lists.values()):
        return None
    connections = lists["connections"] or Listed()
    parts = [Part("meeting", meeting.head, array(connections.items), len(connections.items))]
    for name, kind in STREAMS.items():
        for raw in (lists[name] or Listed()).items:
            part, rows = stream_part(kind, raw) if not is_null(raw) else (_null(kind), Listed())
            if not rows.whole:
                return None
            parts.append(part)
    return parts


def _list(raw: msgspec.Raw | None) -> Listed | None:
    return None if raw is None or is_null(raw) else shapes.listed.decode(raw)


def _null(kind: str) -> Part:
    """A null among the streams stays in the archive; `flatten` counts it."""
    return Part(kind, NULL, b"[]", 0)


def blame(body: shapes.Body, ids: Sequence[str]) -> dict[str, str]:
    """Which call each error of the answer is about, by its path.

    Raises:
        BadCallError: an error names no call and there are several: smaller batches will tell.
    """
    reasons: dict[str, str] = {}
    for error in body.errors or ():
        path = error.path or []
        at = path[path.index("resources") + 1 :][:1] if "resources" in path else []
        session = body.sessions[at[0]] if at and isinstance(at[0], int) and at[0] < len(body.sessions) else None
        if session is not None and session.sessionId:
            reasons[session.sessionId] = error.said()
        elif error.errorCode not in CALL_GONE:
            if len(ids) > 1:
                raise BadCallError(error.said())
            reasons[ids[0]] = error.said()
    return reasons


def _missing(missing: Sequence[str], body: shapes.Body, reasons: dict[str, str]) -> Iterator[Failure]:
    """Calls that the answer left out, with the vendor's reason if it gave one for all of them."""
    gone = [error for error in body.errors or () if error.errorCode in CALL_GONE]
    named = len(gone) >= len(missing)
    for key, error in zip(missing, gone if named else [None] * len(missing), strict=False):
        reason = error.said() if error else reasons.get(key, "the vendor left it out of its answer")
        yield Failure(key, reason, permanent=error is not None)
