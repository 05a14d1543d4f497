"""What one query may see of the stored sessions, and what it has cost so far."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from harvesters.core.day import iso
from harvesters.sandbox.opentok.allowed import Allowance
from harvesters.sandbox.opentok.lists import failure
from harvesters.sandbox.opentok.rows import Record, Selection
from harvesters.sandbox.opentok.rules import Code, Rules
from harvesters.sandbox.opentok.shapes import items, linked, meeting_spans, meeting_starts, seen

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
        allowed = self.rules.advanced and not self.rules.too_many_nodes(self.nodes)
        if not allowed:
            self.refusal = self._refused
        return allowed

    def allow(self, allowance: Allowance) -> None:
        """Count what a query would allow, where that is what counts."""
        if self.rules.node_limit_counts == "allowed":
            self.nodes += allowance.nodes()

    def count(self, nodes: int) -> bool:
        """Whether an answer with so many list items more is within the limit."""
        if self.rules.node_limit_counts == "returned":
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
        if start < self.since and self.rules.before_retention == "error":
            raise failure(Code.BAD_RANGE, "The date range is not valid: 'start' lies before the retention period.")
        if self.rules.maintenance == "empty":
            return []
        start = max(start, self.since)
        quick = self._at_once(start, end)
        found = list(self._listed(start, end)) if quick is None else quick
        return found if self.rules.order == "stored" else found[::-1]

    def _at_once(self, start: str, end: str | None) -> Sequence[str] | None:
        """The same where the sessions know it and nothing in the window is too new."""
        plain = (self.rules.list_filter, self.rules.end) == ("created", "exclusive")
        if not plain or end is None or end > self.until or not isinstance(self.sessions, Windowed):
            return None
        return self.sessions.started_in(start, end)

    def _listed(self, start: str, end: str | None) -> Iterator[str]:
        until = self.until
        last = iso(self.now) if end is None else end
        for session_id, session in self.sessions.items():
            spans = (span for span in meeting_spans(session) if span[0] <= until)
            if any(self.rules.lists(created, destroyed, start, last) for created, destroyed in spans):
                yield session_id

    def asked_for(self, ids: Sequence[str | None]) -> Sequence[str | None]:
        """Those of the ids that the answer's list has an item for.

        Raises:
            GraphQLError: one of them is not there, and that spoils the whole answer.
        """
        if self.rules.maintenance == "empty":
            return []
        if self.rules.bad_session == "null":
            return ids
        found = {each: self.session(each) for each in ids}
        bad = [each for each in found.values() if isinstance(each, GraphQLError)]
        if bad and self.rules.bad_session == "all-null":
            raise bad[0]
        return [each for each in ids if not isinstance(found[each], GraphQLError)]

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
