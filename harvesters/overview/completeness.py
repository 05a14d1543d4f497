"""Whether the days are whole: what each account's day is like, and what is missing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from harvesters.core.day import Day
from harvesters.core.period import Period
from harvesters.core.report import COMPLETE, DEFERRED, EMPTY, FAILED, PARTIAL, WHOLE
from harvesters.core.words import many
from harvesters.overview.words import called

NEVER = "never harvested"
WORST_FIRST = (FAILED, NEVER, DEFERRED, PARTIAL, COMPLETE, EMPTY)
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Slice:
    """One account's day; `account`: its id, `name`: what it is called.

    `retention_ends`: until when the vendor keeps it; `lacks`: what is owed of it, as parts of a sentence.
    """

    vendor: str
    account: str
    day: Day
    state: str
    settled: bool = False
    failed: int = 0
    retention_ends: datetime | None = None
    name: str = ""
    lacks: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Vendor and id."""
        return self.vendor, self.account


@dataclass(frozen=True, slots=True)
class DayState:
    """One day of all accounts: the worst of their states."""

    day: Day
    state: str
    settled: bool

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return self.state in WHOLE


@dataclass(frozen=True, slots=True)
class Completeness:
    """All days, oldest first, and a sentence for each gap; without any account nothing is known."""

    days: tuple[DayState, ...]
    gaps: tuple[str, ...]

    @property
    def whole(self) -> int:
        """How many days are whole."""
        return sum(each.whole for each in self.days)

    @property
    def unsettled(self) -> int:
        """How many days may still change."""
        return sum(each.whole and not each.settled for each in self.days)


def completeness(period: Period, slices: Iterable[Slice], names: Mapping[Key, str], now: datetime) -> Completeness:
    """What is known of the days; `names`: what the accounts that are expected on each are called."""
    found = {(each.key, each.day): each for each in slices}
    accounts = called({each.key: each.name or each.account for each in found.values()} | dict(names))
    if not accounts:
        return Completeness((), ())
    every = [
        replace(found.get((key, day)) or Slice(*key, day, NEVER), name=name)
        for day in period
        for key, name in accounts.items()
    ]
    days = tuple(_day(day, list(some)) for day, some in groupby(every, lambda each: each.day))
    return Completeness(days, tuple(_gaps(every, now)))


def _day(day: Day, slices: list[Slice]) -> DayState:
    state = min((each.state for each in slices), key=_rank)
    return DayState(day, state, all(each.settled for each in slices))


def _rank(state: str) -> int:
    return WORST_FIRST.index(state) if state in WORST_FIRST else 0


def _gaps(every: list[Slice], now: datetime) -> Iterator[str]:
    """What is missing, account by account; days in a row that were never harvested are one gap."""
    ordered = sorted(every, key=lambda each: (each.vendor, each.name, each.day))
    for (vendor, name, state), some in groupby(ordered, lambda each: (each.vendor, each.name, each.state)):
        days = list(some)
        if state == NEVER:
            yield f"{vendor} {name}: {_stretch(days)} {'was' if len(days) == 1 else 'were'} never harvested."
        elif state not in WHOLE:
            yield from (f"{vendor} {name}: {_missing(each)}{_kept(each, now)}." for each in days)


def _stretch(days: list[Slice]) -> str:
    return _date(days[0].day) if len(days) == 1 else f"{_date(days[0].day)} to {_date(days[-1].day)}"


def _date(day: Day) -> str:
    return f"{day.date:%a} {day.date.day} {day.date:%b}"


def _missing(each: Slice) -> str:
    failed = f", {many(each.failed, 'call')} missing" if each.failed else ""
    return ", ".join((f"{_date(each.day)} is {each.state or 'not finished'}{failed}", *each.lacks))


def _kept(each: Slice, now: datetime) -> str:
    """How long it can still be had."""
    if each.retention_ends is None:
        return ""
    days = (each.retention_ends - now).days
    return "; the vendor no longer has it" if days < 0 else f"; the vendor keeps it for {many(days, 'more day')}"
