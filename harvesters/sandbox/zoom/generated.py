"""A world's calls as the meetings of a Zoom account: each made when it is asked for, none kept for long."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import overload
from zlib import crc32

from harvesters.core.day import EPOCH
from harvesters.sandbox.world import Call, Kind, World
from harvesters.sandbox.world.people import person
from harvesters.sandbox.zoom.generated_ids import Ids, address, user_id
from harvesters.sandbox.zoom.generated_meeting import Named, meeting
from harvesters.sandbox.zoom.meetings import Meeting, Meetings, Sums, Window

_KEPT, _DAYS_KEPT = 64, 4
_ALONE_ONE_IN = 40
_HOSTS = 40
_DAY = timedelta(days=1)
# No call of a world lasts so long.
_LONGEST = timedelta(hours=3)
Numbers = tuple[date, Sequence[int]]
"""A day, and calls of it."""


class GeneratedMeetings(Meetings):
    """The meetings of a world; a team's stand-up has one number for all of its days.

    A call in forty is one to which nobody but the host came. There are no webinars.
    """

    def __init__(self, world: World) -> None:
        """Nothing is made yet."""
        self.world, self.ids = world, Ids(world.seed, world.first)
        self._made = lru_cache(_KEPT)(self._make)
        self._times = lru_cache(_DAYS_KEPT)(self._spans)
        self._apart = lru_cache(_DAYS_KEPT)(self._split)
        self._sums: dict[datetime, Sums] = {}

    def __iter__(self) -> Iterator[Meeting]:
        """All meetings, one by one."""
        for plan in self.world:
            yield from (self._make(plan.day, number) for number in range(len(plan)))

    def find(self, uuid: str) -> Meeting | None:
        """The meeting of that UUID."""
        place = self.ids.place(uuid)
        return self._made(*place) if place and place[1] < len(self.world.day(place[0])) else None

    def instances(self, number: int) -> Sequence[Meeting]:
        """The meetings of a number, in the order of their starts."""
        place = self.ids.call_of(number)
        if place is None:
            return ()
        day, call = place
        if day is None:
            days = [plan.day for plan in self.world if call < plan.standups]
        else:
            plan = self.world.day(day)
            days = [day] if plan.standups <= call < len(plan) else []
        return [self._made(each, call) for each in days]

    def has_user(self, user: str) -> bool:
        """Whether somebody who may host has that id or address."""
        return user in self._users()

    def held(self, window: Window) -> Sequence[Meeting]:
        """Those of a window, none of them made yet."""
        if window.webinar:
            return ()
        days = self._days(window)
        if self._is_whole_days(window):
            return Held(self, [(day, self._people(day, window.people)) for day in days])
        # What ends in the window, or goes on, may have begun the day before.
        before = [days[0] - _DAY] if days and (window.by == "end_time" or window.state == "live") else []
        return Held(self, [(day, self._in_window(day, window)) for day in [*before, *days]])

    def sums(self, window: Window) -> Sums:
        """The same; of whole days they are kept, since a month's report is asked for again with each of its days."""
        if not self._is_whole_days(window):
            return super().sums(window)
        if window.start not in self._sums:
            self._sums[window.start] = super().sums(window)
        return self._sums[window.start]

    def made(self, day: date, number: int) -> Meeting:
        """One meeting."""
        return self._made(day, number)

    def call(self, day: date, number: int) -> Call:
        """The call that a meeting is made of, with the truth of what went wrong."""
        return self.world.day(day)[number]

    def uuid(self, day: date, number: int) -> str:
        """The UUID of the meeting that is made of a call."""
        return self.ids.uuid(day, number)

    def is_alone(self, day: date, number: int) -> bool:
        """Whether nobody but the host came."""
        if number < self.world.day(day).standups:
            return False
        return crc32(f"{self.world.seed}/{day}/{number}/alone".encode()) % _ALONE_ONE_IN == 0

    def _days(self, window: Window) -> list[date]:
        """The days of the world that the window touches; of live meetings those before and after now."""
        if window.state == "live":
            return [window.now.date()]
        first, last = self.world.first, self.world.first + self.world.days * _DAY
        start, end = max(first, window.start.date()), min(last, (window.end - timedelta(microseconds=1)).date() + _DAY)
        return [start + number * _DAY for number in range((end - start).days)]

    @staticmethod
    def _is_whole_days(window: Window) -> bool:
        """Whether every call that begins on its days is in it, so that no time has to be looked at."""
        midnights = all(each.timetz() == _MIDNIGHT for each in (window.start, window.end))
        past = window.state != "live" and window.end + _LONGEST <= window.ended
        return past and midnights and window.by == "start_time"

    def _people(self, day: date, people: str) -> Sequence[int]:
        alone, several = self._apart(day)
        if people == "any":
            return range(len(alone) + len(several))
        return alone if people == "one" else several

    def _in_window(self, day: date, window: Window) -> Sequence[int]:
        starts, ends = self._times(day)
        within = array("I")
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            alone = self.is_alone(day, number)
            if window.takes_people(1 if alone else 2) and window.takes_times(_at(start), _at(end)):
                within.append(number)
        return within

    def _split(self, day: date) -> tuple[Sequence[int], Sequence[int]]:
        """The calls of a day to which nobody came, and the others."""
        alone, several = array("I"), array("I")
        for number in range(len(self.world.day(day))):
            (alone if self.is_alone(day, number) else several).append(number)
        return alone, several

    def _spans(self, day: date) -> tuple[Sequence[int], Sequence[int]]:
        """Start and end of each meeting of a day, in seconds since 1970."""
        starts, ends = array("q"), array("q")
        for number in range(len(self.world.day(day))):
            made = self._make(day, number)
            starts.append(int(made.start.timestamp()))
            ends.append(int(made.end.timestamp()))
        return starts, ends

    def _make(self, day: date, number: int) -> Meeting:
        plan = self.world.day(day)
        team = number < plan.standups
        series = self.ids.team_number(number) if team else self.ids.number(day, number)
        return meeting(Named(self.uuid(day, number), series, self.is_alone(day, number)), plan[number])

    def _users(self) -> frozenset[str]:
        return _users(self.world.seed)


@lru_cache(maxsize=2)
def _users(seed: str) -> frozenset[str]:
    """Ids and addresses of all who may host."""
    hosts = [person(seed, f"{kind} host {number}") for kind in Kind for number in range(_HOSTS)]
    return frozenset(told for each in hosts for told in (user_id(each), address(each)))


_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC).timetz()


def _at(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)


class Held(Sequence[Meeting]):
    """Meetings of some days, each made when it is looked at."""

    def __init__(self, meetings: GeneratedMeetings, days: Sequence[Numbers]) -> None:
        """`days`: which calls of which days."""
        self._meetings, self._given = meetings, days
        self._ends = list(accumulate(len(numbers) for _, numbers in days))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, part: int) -> Meeting: ...
    @overload
    def __getitem__(self, part: slice) -> list[Meeting]: ...
    def __getitem__(self, part: int | slice) -> Meeting | list[Meeting]:
        """One meeting, or those of a page."""
        if isinstance(part, slice):
            return [self._one(each) for each in range(*part.indices(len(self)))]
        if not 0 <= part < len(self):
            raise IndexError(part)
        return self._one(part)

    def _one(self, place: int) -> Meeting:
        number = bisect_right(self._ends, place)
        day, numbers = self._given[number]
        return self._meetings.made(day, numbers[place - (self._ends[number] - len(numbers))])
