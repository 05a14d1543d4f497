"""What the simulated account has: meetings with their sessions and minutes, and how they are looked up."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

Json = dict[str, Any]
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Host:
    """A user of the account; `kind` is the plan's number (1 basic, 2 licensed)."""

    id: str
    email: str
    name: str
    dept: str = ""
    kind: int = 2


class TextMinutes(Protocol):
    """Minutes of quality that are made when they are asked for, as JSON."""

    def text(self) -> bytes:
        """All minutes as one JSON array."""
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """One joining of one person, as a row of participants.

    Attributes:
        row: the row of `.../participants` once it is over.
        join: aware, as `leave`; they decide what is seen of it at a time, the row what is answered.
        minutes: of `user_qos`; None where this session has no quality at all.
        shares: of `.../sharing`.
    """

    row: Json
    join: datetime
    leave: datetime
    minutes: Sequence[Json] | TextMinutes | None = ()
    shares: Sequence[Json] = ()


@dataclass(frozen=True, slots=True)
class Meeting:
    """One instance of a meeting, or of a webinar.

    Attributes:
        uuid: of the instance.
        number: of the series, `id` in most answers.
        start: aware, as `end`; they decide which lists it is in, the row what is answered.
        row: the row of `/metrics/meetings` once it is over.
        people: how many different ones came.
        kind: the number of its type in reports (1 instant, 2 scheduled, 8 recurring).
        satisfaction: rows of `.../satisfaction`.
    """

    uuid: str
    number: int
    start: datetime
    end: datetime
    host: Host
    row: Json
    sessions: Sequence[Session]
    people: int
    webinar: bool = False
    kind: int = 2
    satisfaction: Sequence[Json] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """Which meetings a list has.

    Attributes:
        start: of the half-open stretch of time, aware, as `end`.
        by: `start_time` or `end_time`: what must lie in it.
        now: the sandbox's clock.
        state: `past`, `running` (past ones and those that go on) or `live`.
        people: `one`, `several` or `any`.
        webinar: None for both.
        ended: meetings that end later than this are not past yet.
    """

    start: datetime
    end: datetime
    by: str
    now: datetime
    state: str
    people: str
    webinar: bool | None
    ended: datetime

    def takes(self, meeting: Meeting) -> bool:
        """Whether a meeting is in the list."""
        same = self.webinar is None or self.webinar == meeting.webinar
        return same and self.takes_people(meeting.people) and self.takes_times(meeting.start, meeting.end)

    def takes_people(self, people: int) -> bool:
        """Whether a meeting of so many people is in it."""
        return self.people == "any" or (people == 1) == (self.people == "one")

    def takes_times(self, start: datetime, end: datetime) -> bool:
        """Whether a meeting of that time is in it."""
        if self.state == "live":
            return start <= self.now < end
        over = end <= self.ended if self.state == "past" else start <= self.now
        return over and self.start <= (end if self.by == "end_time" else start) < self.end


@dataclass(frozen=True, slots=True)
class Sums:
    """What the meetings of a window come to: `participants` are joins, `minutes` theirs, begun ones whole."""

    meetings: int = 0
    participants: int = 0
    minutes: int = 0


class Meetings(ABC):
    """The meetings of an account."""

    @abstractmethod
    def find(self, uuid: str) -> Meeting | None:
        """The meeting of that UUID."""

    @abstractmethod
    def instances(self, number: int) -> Sequence[Meeting]:
        """The meetings of a number, in the order of their starts."""

    @abstractmethod
    def held(self, window: Window) -> Sequence[Meeting]:
        """Those of a window, in the order of the account; they may be made when they are looked at."""

    @abstractmethod
    def has_user(self, user: str) -> bool:
        """Whether somebody in the account, who may host, has that id or address."""

    def sums(self, window: Window) -> Sums:
        """What the meetings of a window come to."""
        found = self.held(window)
        stays = [each.leave - each.join for meeting in found for each in meeting.sessions]
        return Sums(len(found), len(stays), sum(-(-stay // _MINUTE) for stay in stays))


class Stored(Meetings):
    """Meetings that are there already; a list may change between requests."""

    def __init__(self, meetings: Iterable[Meeting]) -> None:
        """A list is not copied."""
        self._meetings = meetings if isinstance(meetings, list) else list(meetings)

    def find(self, uuid: str) -> Meeting | None:
        """The meeting of that UUID."""
        return next((each for each in self._meetings if each.uuid == uuid), None)

    def instances(self, number: int) -> Sequence[Meeting]:
        """The meetings of a number, in the order of their starts."""
        return sorted((each for each in self._meetings if each.number == number), key=lambda each: each.start)

    def held(self, window: Window) -> Sequence[Meeting]:
        """Those of a window, as stored."""
        return [each for each in self._meetings if window.takes(each)]

    def has_user(self, user: str) -> bool:
        """Whether a host has that id or address."""
        return any(user in (each.host.id, each.host.email) for each in self._meetings)
