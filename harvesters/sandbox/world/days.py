"""The days of a world, and the calls of a day: each is made when it is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import overload

from harvesters.core.day import to_ms
from harvesters.sandbox.world.calls import Call, Kind
from harvesters.sandbox.world.lines import MINUTE
from harvesters.sandbox.world.making import furnish
from harvesters.sandbox.world.people import Person, person, weighted
from harvesters.sandbox.world.sketches import LATE_SHARE, SKETCHES

_SATURDAY, _WEEKEND_SHARE = 5, 0.12
_HALF_HOUR = 30 * MINUTE
_HOSTS, _GUESTS = 40, 4000


@dataclass(frozen=True, slots=True)
class World:
    """Some days of calls.

    Attributes:
        seed: two worlds with one seed are the same, to the last byte.
        first: the first day.
        days: how many.
        calls: of a working day; there are fewer at weekends.
    """

    seed: str
    first: date
    days: int
    calls: int

    def day(self, day: date) -> "DayPlan":
        """The calls of a day, none outside the world."""
        inside = self.first <= day < self.first + timedelta(days=self.days)
        return DayPlan(self, day, self._calls(day) if inside else 0)

    def __iter__(self) -> Iterator["DayPlan"]:
        """The days in their order."""
        return (self.day(self.first + timedelta(days=number)) for number in range(self.days))

    def _calls(self, day: date) -> int:
        return self.calls if day.weekday() < _SATURDAY else -(-self.calls * int(_WEEKEND_SHARE * 100) // 100)


class DayPlan(Sequence[Call]):
    """The calls of a day by number; none is kept."""

    def __init__(self, world: World, day: date, calls: int) -> None:
        """Nothing is made yet."""
        self.world, self.day, self._calls = world, day, calls
        self._midnight = to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))
        self._weekend = day.weekday() >= _SATURDAY

    def __len__(self) -> int:
        """How many calls there are."""
        return self._calls

    @property
    def standups(self) -> int:
        """How many teams meet on this day: the calls with the first numbers, the same team every day."""
        return 0 if self._weekend else self._calls * SKETCHES[Kind.STANDUP].share // 100

    @overload
    def __getitem__(self, number: int) -> Call: ...
    @overload
    def __getitem__(self, number: slice) -> list[Call]: ...
    def __getitem__(self, number: int | slice) -> Call | list[Call]:
        """One call, the same whenever it is asked for."""
        if isinstance(number, slice):
            return [self._call(each) for each in range(*number.indices(self._calls))]
        if not 0 <= number < self._calls:
            raise IndexError(number)
        return self._call(number)

    def _call(self, number: int) -> Call:
        random = Random(f"{self.world.seed}/{self.day}/{number}")
        kind = Kind.STANDUP if number < self.standups else self._kind(random)
        room = self._room(random, kind, number)
        start, end = self._time(random, kind)
        people, hosts = self._people(random, kind, room)
        return furnish(random, Call(kind, room, number, start, end, people), SKETCHES[kind], hosts)

    def _kind(self, random: Random) -> Kind:
        others = {kind: sketch for kind, sketch in SKETCHES.items() if kind is not Kind.STANDUP}
        return weighted(random, {k: s.weekend if self._weekend else s.share for k, s in others.items()})

    def _room(self, random: Random, kind: Kind, number: int) -> str:
        """A team's room and a class's are used again; another call has one of its own."""
        if kind is Kind.STANDUP:
            return f"standup/{number}"
        if rooms := SKETCHES[kind].rooms:
            return f"{kind}/{random.randrange(1 + self.world.calls // rooms)}/{self.day}/{number}"
        return f"{kind}/{self.day}/{number}"

    def _time(self, random: Random, kind: Kind) -> tuple[int, int]:
        """Start and end in ms since 1970; a few calls begin just before midnight."""
        sketch = SKETCHES[kind]
        first, last = sketch.hours
        late = kind not in {Kind.STANDUP, Kind.LESSON} and random.random() < LATE_SHARE
        offset = 24 * 60 * MINUTE - random.randrange(1, _HALF_HOUR) if late else 0
        start = offset or first * 60 * MINUTE + random.randrange((last - first + 1) * 60 * MINUTE)
        length = round(random.uniform(*sketch.minutes) * MINUTE)
        return self._midnight + start, self._midnight + start + max(length, _HALF_HOUR if late else 0)

    def _people(self, random: Random, kind: Kind, room: str) -> tuple[tuple[Person, ...], int]:
        """Who takes part, hosts first, and how many hosts there are."""
        sketch, seed = SKETCHES[kind], self.world.seed
        again = kind in {Kind.STANDUP, Kind.LESSON}
        crowd = Random(f"{seed}/{'/'.join(room.split('/')[:2])}") if again else random
        hosts, guests = crowd.randint(*sketch.hosts), crowd.randint(*sketch.guests)
        names = [f"{kind} host {each}" for each in crowd.sample(range(_HOSTS), hosts)]
        names += [f"{kind} guest {each}" for each in crowd.sample(range(_GUESTS), guests)]
        return tuple(person(seed, name) for name in names), hosts
