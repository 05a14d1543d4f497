"""Keeps a vendor's rate limits and daily quotas, retries included: every request asks here first.

Of each rate the last moments are kept, as many as it allows requests: there is room if the oldest of them lies
outside the window. With a file the moments are shared by all processes that use the same file. They are on the
monotonic clock, which all processes of a machine share and nobody sets; what seems to lie in the future is from
before a reboot and does not count.

Of each quota the requests of the present UTC day are counted, by the time of day, for the vendor begins a new
count at midnight.
"""

import math
import struct
import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from harvesters.core.day import Clock, Day
from harvesters.core.shared_file import SharedFile
from harvesters.core.source import Quota, Rate

NEVER = math.nan
GRAIN = 0.001
"""Seconds waited beyond what is needed, so that no rounding asks twice."""
_MOMENT = struct.Struct("=d")
Limit = Rate | Quota
RATE = "the vendor's rate limit"


def until_midnight(now: datetime) -> float:
    """Seconds until the next UTC day, when a day's quota begins anew."""
    return (Day.of(now).end - now).total_seconds()


@dataclass(slots=True)
class _Window:
    """The last moments of one rate, in memory, or in a file that is read anew while it is locked."""

    rate: Rate
    shared: SharedFile
    moments: "array[float]" = field(init=False)

    def __post_init__(self) -> None:
        self.moments = array("d", [NEVER]) * self.rate.requests

    def counts(self, category: str) -> bool:
        """Whether requests of this category pay into it."""
        return self.rate.category in {"", category}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else looks or takes meanwhile."""
        with self.shared.held():
            content = self.shared.read((array("d", [NEVER]) * self.rate.requests).tobytes())
            self.moments = self.moments if content is None else array("d", content)
            yield

    def wait(self, clock: Clock) -> float:
        """Seconds until there is room."""
        moment = clock.monotonic()
        oldest = self.moments[self._oldest(moment)]
        rest = oldest + self.rate.seconds - moment
        return rest + GRAIN if oldest <= moment and rest > 0 else 0.0

    def take(self, clock: Clock) -> None:
        """A request goes now, in the place of the oldest one."""
        moment = clock.monotonic()
        place = self._oldest(moment)
        self.moments[place] = moment
        self.shared.write(_MOMENT.pack(moment), place * _MOMENT.size)

    def _oldest(self, moment: float) -> int:
        """The place of the moment that counts least; one that is none, or not yet, does not count at all."""
        return min(range(len(self.moments)), key=lambda place: _counted(self.moments[place], moment))

    @property
    def what(self) -> str:
        """What is waited for, for people."""
        return RATE


def _counted(moment: float, now: float) -> float:
    return moment if moment <= now else -math.inf


@dataclass(slots=True)
class _DayCount:
    """The requests of the present UTC day that pay into a quota, and those of the day before or after it.

    Even and odd days have a place of their own, so a clock that is put back over midnight finds what was counted.
    """

    quota: Quota
    shared: SharedFile
    days: "array[int]" = field(default_factory=lambda: array("q", [0, 0, 0, 0]))

    def counts(self, category: str) -> bool:
        """Whether requests of this category pay into it."""
        return category in self.quota.categories

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else looks or takes meanwhile."""
        with self.shared.held():
            content = self.shared.read(array("q", [0, 0, 0, 0]).tobytes())
            self.days = self.days if content is None else array("q", content)
            yield

    def used(self, now: datetime) -> int:
        """Requests of the day of this instant so far."""
        day, count = self.days[_place(now)]
        return count if day == _ordinal(now) else 0

    def wait(self, clock: Clock) -> float:
        """Seconds until there is room."""
        now = clock.now()
        return until_midnight(now) + GRAIN if self.used(now) >= self.quota.share else 0.0

    def take(self, clock: Clock) -> None:
        """A request goes now."""
        now = clock.now()
        place = _place(now)
        self.days[place] = array("q", [_ordinal(now), self.used(now) + 1])
        self.shared.write(self.days[place].tobytes(), place.start * self.days.itemsize)

    @property
    def what(self) -> str:
        """What is waited for, for people."""
        setting = f" ({self.quota.setting})" if self.quota.setting else ""
        return f"the next UTC day, since our share of {self.quota.share:,} requests a day{setting} is used up"


def _ordinal(now: datetime) -> int:
    return Day.of(now).date.toordinal()


def _place(now: datetime) -> slice:
    """Where the day of an instant and its count stand."""
    start = _ordinal(now) % 2 * 2
    return slice(start, start + 2)


class Limiter:
    """Lets requests through at the vendor's rates and within its quotas; shared by all threads of a run."""

    def __init__(self, limits: Sequence[Limit], clock: Clock, shared: Mapping[Any, Path] | None = None) -> None:
        """`limits`: a request must fit into all that count it; `shared`: the files of those that processes share."""
        self._clock = clock
        self._lock = threading.Lock()
        files = shared or {}
        made = [_pot(limit, SharedFile(files.get(limit))) for limit in limits]
        # Locked in one order by everybody, so that no two wait for each other.
        self._pots = sorted(made, key=lambda each: str(each.shared.path))

    def delay(self, category: str = "") -> float:
        """Take a place now and return 0, or say how many seconds until one is free."""
        with self._held(category) as pots:
            # The clock is read behind the locks, or another process's last moment would lie in the future.
            seconds = max((pot.wait(self._clock) for pot in pots), default=0.0)
            if not seconds:
                for pot in pots:
                    pot.take(self._clock)
            return seconds

    def acquire(self, waiting: Callable[[float], None], category: str = "") -> None:
        """Wait for a place; `waiting(seconds)` does the wait and may refuse it by raising."""
        while seconds := self.delay(category):
            waiting(seconds)

    def waits_for(self, category: str) -> str:
        """What a request of this category waits for longest, for people."""
        with self._held(category) as pots:
            return max(((pot.wait(self._clock), pot.what) for pot in pots), default=(0.0, RATE))[1]

    @contextmanager
    def _held(self, category: str) -> Iterator[list[_Window | _DayCount]]:
        """What counts requests of a category, while nobody else looks."""
        pots = [each for each in self._pots if each.counts(category)]
        with self._lock, ExitStack() as stack:
            for pot in pots:
                stack.enter_context(pot.held())
            yield pots

    def used(self) -> list[dict[str, int | str]]:
        """Of each quota: requests `used` today by all our runs, our `share`, and the `whole` of everybody's."""
        now = self._clock.now()
        found: list[dict[str, int | str]] = []
        for pot in self._pots:
            if isinstance(pot, _DayCount):
                with self._lock, pot.held():
                    quota = pot.quota
                    day = str(Day.of(now))
                    found.append({"day": day, "used": pot.used(now), "share": quota.share, "whole": quota.whole})
        return found


def _pot(limit: Limit, shared: SharedFile) -> _Window | _DayCount:
    return _DayCount(limit, shared) if isinstance(limit, Quota) else _Window(limit, shared)


def shared_files(folder: Path, vendor: str, key: str, limits: Sequence[Limit]) -> dict[Limit, Path]:
    """Where a vendor's limits are kept: those of a key apart for each key, others common to all accounts."""
    return {limit: folder / f"{vendor}-{_name(limit, key)}" for limit in limits}


def _name(limit: Limit, key: str) -> str:
    if isinstance(limit, Quota):
        return f"{'+'.join(sorted(limit.categories))}-a-day-key-{key}"
    category = f"-{limit.category}" if limit.category else ""
    whose = f"-{key}" if limit.per == "key" else ""
    return f"{limit.requests}-in-{limit.seconds:g}s{category}-{limit.per}{whose}"
