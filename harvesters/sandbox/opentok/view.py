"""What one query may see of the stored sessions, and what it has cost so far."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from harvesters.core.day import iso
from harvesters.sandbox.opentok.lists import failure
from harvesters.sandbox.opentok.rows import Record, Selection
from harvesters.sandbox.opentok.rules import Code, Rules
from harvesters.sandbox.opentok.shapes import items, linked, meeting_starts, seen

Sessions = Mapping[str, Mapping[str, Any]]


class Windowed(Mapping[str, Record]):
    """Sessions that know which of them began in a window, without each being made for it."""

    @abstractmethod
    def started_in(self, start: str, end: str) -> Sequence[str] | None:
        """The ids of the sessions with a meeting created in `[start, end)`; None if it has to be looked up."""


_NO_ADD_ON = "This query requires the Advanced Insights add-on. Please contact sales to enable it."


@dataclass(slots=True)
class View:
    """The sessions as known at one instant, to the token's project.

    Attributes:
        project: the key that the token speaks for.
        nodes: list items answered so far, and one for the project.
        refusal: the error that stands instead of the whole answer, once there is one.
        selections: of this query, by the nodes they stem from.
    """

    sessions: Sessions
    project: str
    now: datetime
    rules: Rules
    nodes: int = field(default=1, init=False)
    refusal: GraphQLError | None = field(default=None, init=False)
    selections: dict[tuple[int, ...], Selection] = field(default_factory=dict, init=False)
    _refused: GraphQLError | None = field(default=None, init=False)

    @property
    def since(self) -> str:
        """Meetings created before this instant are kept no longer."""
        return iso(self.now - self.rules.retention)

    @property
    def until(self) -> str:
        """What is younger than this instant is not known yet."""
        return iso(self.now - self.rules.delay)

    def enter(self, place: GraphQLError) -> bool:
        """Whether session data may be read; `place` is where a refusal, now or later, is reported."""
        extensions = {"errorCode": int(Code.ADD_ON)}
        self._refused = GraphQLError(_NO_ADD_ON, nodes=place.nodes, path=place.path, extensions=extensions)
        if not self.rules.advanced:
            self.refusal = self._refused
        return self.rules.advanced

    def count(self, nodes: int) -> bool:
        """Whether an answer with so many list items more is within the limit."""
        self.nodes += nodes
        if self.rules.too_many_nodes(self.nodes):
            self.refusal = self._refused
        return self.refusal is None

    def listed(self, start: str, end: str | None) -> Sequence[str]:
        """Ids of the sessions that the range takes in, as stored.

        Raises:
            GraphQLError: the range ends before it starts, or starts before what is kept (code 1002).
        """
        if end is not None and end < start:
            raise failure(Code.BAD_RANGE, "The date range is not valid: 'end' lies before 'start'.")
        if start < self.since:
            raise failure(Code.BAD_RANGE, "The date range is not valid: 'start' lies before the retention period.")
        quick = self._at_once(start, end)
        return list(self._listed(start, end)) if quick is None else quick

    def _at_once(self, start: str, end: str | None) -> Sequence[str] | None:
        """The same where the sessions know it and nothing in the window is too new."""
        if end is None or end > self.until or not isinstance(self.sessions, Windowed):
            return None
        return self.sessions.started_in(start, end)

    def _listed(self, start: str, end: str | None) -> Iterator[str]:
        until = self.until
        last = iso(self.now) if end is None else end
        for session_id, session in self.sessions.items():
            starts = (created for created in meeting_starts(session) if created <= until)
            if any(self.rules.listed(created, start, last) for created in starts):
                yield session_id

    def session(self, session_id: str | None) -> Record | GraphQLError:
        """The session as it may be seen; an error in its place if it is unknown (1017) or too old (1016)."""
        stored = self.sessions.get(session_id) if session_id is not None else None
        if stored is None:
            return failure(Code.SESSION_NOT_FOUND, "Session not found.")
        whole = linked(stored)
        session = seen(whole, self.since, self.until)
        if items(session, "meetings") or not items(whole, "meetings"):
            return session
        if min(meeting_starts(whole), default=self.since) < self.since:
            return failure(Code.SESSION_EXPIRED, "Session expired.")
        return failure(Code.SESSION_NOT_FOUND, "Session not found.")
