"""Where the days of an account stand, read from its manifests; no lock is taken, and nothing is written."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from harvesters.core.day import Day
from harvesters.core.days import archived_days
from harvesters.core.errors import ArchiveError
from harvesters.core.manifest import UNREACHED
from harvesters.core.report import COMPLETE, DEFERRED, EMPTY, FAILED, PARTIAL
from harvesters.core.schedule import Schedule
from harvesters.core.source import Limits
from harvesters.core.store import SliceStore
from harvesters.watch.brief import read_brief
from harvesters.watch.standing import NEVER, Found, Standing, name_of, standing


@dataclass(frozen=True, slots=True)
class Watched:
    """An account to look at.

    `id`: the vendor's, "" where only the vendor tells it and nothing is archived; `name`: as the operator calls it;
    `configured`: whether the settings know it, so that it can be asked.
    """

    vendor: str
    id: str
    name: str
    limits: Limits
    configured: bool = True


@dataclass(frozen=True, slots=True)
class Totals:
    """What a destination has of an account's days: loaded whole, owed something, removed, and never loaded there."""

    name: str
    identity: str
    loaded: int
    owed: int
    records_owed: int
    without: int
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Surveyed:
    """An account and where its days stand, oldest first; `first`: its oldest archived day, if there is any.

    Days before the first are not among them: nobody missed them.
    """

    account: Watched
    first: Day | None
    oldest_kept: Day
    days: tuple[Standing, ...]
    used: frozenset[str] = field(default_factory=frozenset)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing on any day."""
        return all(each.whole for each in self.days)

    @property
    def earlier(self) -> int:
        """How many days before the first the vendor still has."""
        return max(0, (self.first.date - self.oldest_kept.date).days) if self.first else 0

    def states(self) -> dict[str, int]:
        """How many days are in which state; states without a day stand in it too."""
        found = Counter(each.state for each in self.days)
        return {state: found[state] for state in (COMPLETE, EMPTY, PARTIAL, DEFERRED, FAILED, NEVER)}

    def totals(self) -> Iterator[Totals]:
        """The load state of each destination in use that could be reached."""
        filled = [each for each in self.days if each.records]
        for identity in sorted(name for name in self.used if not name.startswith(UNREACHED)):
            loads = [load for each in filled for load in each.loads if load.identity == identity and load.records]
            owed = [load.owed for load in loads if load.owed]
            removed = sum(bool(load.removed) for load in loads)
            numbers = len(loads) - len(owed) - removed, len(owed), sum(owed), len(filled) - len(loads), removed
            yield Totals(name_of(identity), identity, *numbers)


def survey(data_dir: Path, account: Watched, window: Collection[Day], now: datetime) -> Surveyed:
    """Where the days of a window stand, oldest first: those since the account's first, all where it has none.

    Raises:
        ArchiveError: a file may not be read.
    """
    archived = archived_of(data_dir, account)
    first = archived[0] if archived else None
    found = look(data_dir, account, [day for day in window if first is None or day >= first])
    used = used_of(found)
    days = tuple(standing(each, Schedule(day, account.limits, now), used) for day, each in found.items())
    return Surveyed(account, first, account.limits.oldest_kept(now), days, used)


def archived_of(data_dir: Path, account: Watched) -> list[Day]:
    """The archived days of an account, oldest first."""
    return list(archived_days(data_dir, account.vendor, account.id)) if account.id else []


def look(data_dir: Path, account: Watched, days: Collection[Day]) -> dict[Day, Found]:
    """What there is of each of these days.

    Raises:
        ArchiveError: a file may not be read.
    """
    there = frozenset(archived_of(data_dir, account))
    return {day: found_of(data_dir, account, day) if day in there else Found() for day in days}


def found_of(data_dir: Path, account: Watched, day: Day) -> Found:
    """What there is of an archived day.

    Raises:
        ArchiveError: its manifest may not be read.
    """
    store = SliceStore(data_dir, account.vendor, account.id, day)
    try:
        brief = read_brief(store.manifest_path)
    except OSError as error:
        message = f"{store.manifest_path} cannot be read: {error.strerror}."
        raise ArchiveError(message) from error
    return Found(brief, store.archive.exists(), store.part.exists())


def used_of(found: Mapping[Day, Found]) -> frozenset[str]:
    """The destinations of the day that was listed last, and those that could not be reached on any day.

    What else older days alone name, such as a cluster that is no more, is owed nothing.
    """
    briefs = [each.brief for each in found.values() if each.brief and each.brief.destinations]
    newest = max(briefs, key=lambda brief: brief.listed_at, default=None)
    unreached = {name for brief in briefs for name in brief.destinations if name.startswith(UNREACHED)}
    return frozenset(unreached.union(newest.destinations if newest else ()))
