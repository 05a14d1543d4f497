"""Reads sessions whole: in batches where they are small, one by one and page by page where they are not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from harvesters.core.answers import Verdict
from harvesters.core.day import Day, iso, parse_instant
from harvesters.core.errors import BadCallError, TooBigError
from harvesters.core.graphql import GraphQL
from harvesters.core.paging import pages
from harvesters.core.source import Call, Failure, Notice, Part, Record
from harvesters.opentok import shapes
from harvesters.opentok.judge import CALL_GONE, GraphError
from harvesters.opentok.meeting import (
    FEW,
    TOO_BIG,
    Meeting,
    MeetingReader,
    array,
    ask_smallest,
    stream_part,
)
from harvesters.opentok.raw import NULL, is_null
from harvesters.opentok.shapes import Listed, Members, Session, T, Tally, Verbatim

MOST = 1000
LEVEL = 2
NONE = "none"
LEFT_OUT = "the vendor left it out of its answer"
GONE = frozenset({Verdict.BAD_CALL})
STREAMS = {"publishers": "publisher", "subscribers": "subscriber"}
Item = Record | Failure | Notice


def fetch(graph: GraphQL, calls: Sequence[Call], day: Day) -> Iterator[Item]:
    """Records, failures and notices of some sessions; see `Source.fetch`."""
    reader = _Reader(graph, day, {"start": iso(day.start), "end": iso(day.end)})
    ids = [call.key for call in calls]
    many = len(ids) > 1
    answer = graph.ask("Detail", {**reader.window, "ids": ids, "first": MOST}, TOO_BIG if many else TOO_BIG | GONE)
    if answer.judgement.verdict in GONE:
        yield Failure(ids[0], answer.judgement.why, permanent=True)
        return
    body = shapes.body.decode(answer.body) if answer.judgement.verdict not in TOO_BIG else None
    if many and (body is None or body.more_sessions):
        message = f"{len(ids)} sessions are too big for one answer"
        raise TooBigError(message)
    yield from reader.carefully(ids[0]) if body is None else reader.answered(body, ids)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One day's reading through one endpoint."""

    graph: GraphQL
    day: Day
    window: dict[str, str]

    def answered(self, body: shapes.Body, ids: Sequence[str]) -> Iterator[Item]:
        """What an answer to some ids holds, and which of them it leaves out."""
        came = [session for session in body.sessions if session and session.sessionId in ids]
        returned = {session.sessionId for session in came}
        missing = [key for key in ids if key not in returned]
        failures = blame(body, ids, missing)
        for session in came:
            yield from self.session(session)
        yield from (Failure(key, LEFT_OUT) for key in missing if key not in failures)
        yield from failures.values()

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
        first, tally, problems = session.meetings, Tally(), list[str]()

        def ask(cursor: str | None) -> Verbatim:
            return first if cursor is None else self._more(key, cursor, problems)

        for page in pages(ask, lambda page: page.cursor, f"the meetings of session {key}"):
            for raw in page.items if tally.take(page) else ():
                yield from self._meeting(session, raw)
        if short := tally.problem("meetings"):
            problems.append(short)
        if problems:
            yield Failure(key, "; ".join(problems)[:500])

    def _more(self, key: str, cursor: str, problems: list[str]) -> Verbatim:
        """The next page of a session's meetings, without their lists if it is too big with them."""
        body = self._meetings("Detail", key, cursor)
        problems += [error.said() for error in body.errors or ()]
        for session in body.sessions:
            if session and session.meetings:
                return session.meetings
        problems.append("the vendor left out a page of its meetings")
        return Verbatim()

    def _meetings(self, operation: str, key: str, cursor: str | None) -> shapes.Body:
        wanted = {**self.window, "ids": [key], "after": cursor}
        if operation == "Detail":
            answer = self.graph.ask(operation, {**wanted, "first": MOST}, TOO_BIG)
            if answer.judgement.verdict not in TOO_BIG:
                return shapes.body.decode(answer.body)
        return shapes.body.decode(ask_smallest(self.graph, "Meetings", wanted).body)

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
        """The meeting in one answer with lists of 50, if it fits, they are whole and nothing is amiss."""
        wanted = {**meeting.variables(), "first": FEW, "after": None}
        answer = self.graph.ask("Detail", wanted, TOO_BIG)
        if answer.judgement.verdict in TOO_BIG:
            return None
        body = shapes.body.decode(answer.body)
        for session in () if body.errors else body.sessions:
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
    connections = _list(shapes.listed, members.get("connections"))
    streams = {kind: _list(shapes.streams, members.get(name)) for name, kind in STREAMS.items()}
    if connections is None or not all(streams.values()):
        return None
    parts = [Part("meeting", meeting.head, array(connections.items), len(connections.items))]
    for kind, found in streams.items():
        for each in found.items if found else ():
            part, rows = stream_part(kind, each)
            if not rows.whole:
                return None
            parts.append(part)
    return parts


def _list(decoder: msgspec.json.Decoder[Listed[T]], raw: msgspec.Raw | None) -> Listed[T] | None:
    """A list of a meeting, None unless it is whole."""
    found = None if raw is None or is_null(raw) else decoder.decode(raw)
    return found if found and found.whole else None


def blame(body: shapes.Body, ids: Sequence[str], missing: Sequence[str]) -> dict[str, Failure]:
    """Which call each error of the answer is about: a missing one if the vendor says it is gone, else by its path.

    Raises:
        BadCallError: an error names no call and there are several: smaller batches will tell.
    """
    errors = body.errors or ()
    gone = [error for error in errors if missing and error.errorCode in CALL_GONE]
    if gone and len(gone) != len(missing) and len(ids) > 1:
        raise BadCallError(gone[0].said())
    failures = {key: Failure(key, error.said(), permanent=True) for key, error in zip(missing, gone, strict=False)}
    for error in (each for each in errors if each not in gone):
        key = _about(error, body)
        if key not in ids and len(ids) > 1:
            raise BadCallError(error.said())
        key = key if key in ids else ids[0]
        failures.setdefault(key, Failure(key, error.said()))
    return failures


def _about(error: GraphError, body: shapes.Body) -> str:
    """The id of the session that an error's path leads to, "" if it leads to none."""
    path = error.path or []
    at = path[path.index("resources") + 1 :][:1] if "resources" in path else []
    session = body.sessions[at[0]] if at and isinstance(at[0], int) and at[0] < len(body.sessions) else None
    return (session.sessionId if session else None) or ""
