"""One request as the answers see it: its parameters read, its meeting found, or refused (sections 6 to 8)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from harvesters.sandbox.zoom.meetings import Json, Meeting, Meetings, Session, Window
from harvesters.sandbox.zoom.refusals import (
    NO_DETAILS,
    NOT_ENDED,
    OLD_RANGE,
    YEAR_AGO,
    RefusedError,
    bad_parameter,
    no_meeting,
)
from harvesters.sandbox.zoom.routes import Endpoint
from harvesters.sandbox.zoom.rules import ZoomRules

_DAY = timedelta(days=1)
_DATE = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")
TYPES = ("past", "pastOne", "live")


@dataclass(frozen=True, slots=True)
class Asked:
    """What one client asks for.

    Attributes:
        id: of the meeting, webinar or user, as the front end left it.
        part: of a participant.
        now: the sandbox's clock.
    """

    endpoint: Endpoint
    id: str
    part: str
    params: Mapping[str, str]
    meetings: Meetings
    rules: ZoomRules
    now: datetime

    def choice(self, name: str, *values: str) -> str:
        """A parameter that is one of these values, the first if it is not there.

        Raises:
            RefusedError: it is another.
        """
        value = self.params.get(name) or values[0]
        if value not in values:
            raise bad_parameter(name)
        return value

    def span(self) -> tuple[datetime, datetime]:
        """`from` and `to` as a half-open stretch of time.

        Raises:
            RefusedError: one is missing, or they are too long, too old or the wrong way round.
        """
        (start, _), (_, end) = self._instant("from"), self._instant("to")
        if end <= start:
            raise bad_parameter(name="to")
        oldest = self.now - timedelta(days=self.rules.retention_days)
        if end - start > self.rules.range_days * _DAY or start.date() < oldest.date():
            raise RefusedError(400, 300, OLD_RANGE)
        return start, end

    def _instant(self, name: str) -> tuple[datetime, datetime]:
        """First and last instant, exclusive, of a day or a second."""
        text = self.params.get(name, "")
        try:
            if not _DATE.fullmatch(text):
                raise bad_parameter(name)
            start = datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError as error:
            raise bad_parameter(name) from error
        return start, start + (_DAY if " " not in text else timedelta(seconds=1))

    def window(self, kind: str, by: str, *, webinar: bool | None) -> Window:
        """The window of a list of meetings of a type."""
        start, end = self.span()
        apart = self.rules.one_person == "apart"
        people = {"pastOne": "one", "past": "several" if apart else "any"}.get(kind, "any")
        past = "running" if self.rules.running == "listed" else "past"
        state = "live" if kind == "live" else past
        return Window(start, end, by, self.now, state, people, webinar, self.now - self.rules.lag)

    def range_told(self) -> Json:
        """`from` and `to` as an answer repeats them."""
        return {name: self.params[name][:10] for name in ("from", "to")}

    def meeting(self) -> Meeting:
        """The meeting of the path: by UUID, or by number the latest instance that has begun.

        Raises:
            RefusedError: there is none (3001), it is a webinar where a meeting is asked for (300), or the
                other way round.
        """
        found = self.meetings.find(self.id)
        if found is None and self.id.isdecimal():
            begun = [each for each in self.meetings.instances(int(self.id)) if each.start <= self.now]
            found = begun[-1] if begun else None
        if found is None or found.start > self.now:
            raise no_meeting(self.id)
        if found.webinar != self.endpoint.webinar:
            kind = "webinar" if found.webinar else "meeting"
            raise RefusedError(400, 300, f"Can not access {kind} info, {self.id}.")
        return found

    def past_meeting(self) -> Meeting:
        """The meeting of the path, for reports: over, and not too old.

        Raises:
            RefusedError: as `meeting`, and if it goes on (3001) or is too old (12702).
        """
        found = self.meeting()
        if found.end > self.now - self.rules.details_lag:
            raise RefusedError(404, 3001, NOT_ENDED)
        if found.start < self.now - timedelta(days=self.rules.details_days):
            raise RefusedError(400, 12702, YEAR_AGO)
        return found

    def dashboard_meeting(self) -> Meeting:
        """The meeting of the path, if it is of the type that is asked for: live, if none is.

        Raises:
            RefusedError: as `meeting`, and if it is not (3001) or too old (3001 or 12702).
        """
        kind = self.choice("type", "live", "past", "pastOne")
        found = self.meeting()
        if kind == "live":
            if found.end <= self.now:
                raise no_meeting(self.id)
            return found
        if found.end > self.now - self.rules.details_lag:
            raise RefusedError(404, 3001, NOT_ENDED)
        self._check_details(found, kind)
        return found

    def _check_details(self, found: Meeting, kind: str) -> None:
        if found.start < self.now - timedelta(days=self.rules.retention_days):
            old = {"12702": RefusedError(400, 12702, YEAR_AGO)}
            raise old.get(self.rules.too_old, RefusedError(404, 3001, NO_DETAILS))
        if self.rules.one_person_details == "pastOne" and (kind == "pastOne") != (found.people == 1):
            raise no_meeting(self.id)

    def sessions(self, meeting: Meeting) -> list[Session]:
        """Those that there are by now, in the order of the rules."""
        begun = [each for each in meeting.sessions if each.join <= self.now]
        return begun[::-1] if self.rules.order == "reversed" else begun
