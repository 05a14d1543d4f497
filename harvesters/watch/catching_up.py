"""Which days can be made more whole, and in which order: what the vendor forgets first comes first."""

from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from harvesters.core.day import Day, days_between
from harvesters.core.schedule import Schedule
from harvesters.watch.standing import Standing, standing
from harvesters.watch.survey import Watched, archived_of, look

T = TypeVar("T")


def repairable(
    data_dir: Path, account: Watched, now: datetime, used: Collection[str], window: Collection[Day] | None = None
) -> list[Standing]:
    """The days of an account that a run can make more whole, oldest first; of a window only those in it.

    They are the archived ones, and all that the vendor still has, up to yesterday. `used`: the identities of the
    destinations of the run.

    Raises:
        ArchiveError: a file may not be read.
    """
    today = Day.of(now)
    kept = days_between(account.limits.oldest_kept(now), today)
    days = sorted(day for day in {*kept, *archived_of(data_dir, account)} if day < today)
    found = look(data_dir, account, [day for day in days if window is None or day in window])
    stands = [standing(each, Schedule(day, account.limits, now), used) for day, each in found.items()]
    return [each for each in stands if each.repairable]


def most_endangered_first(days: Iterable[tuple[T, Standing]]) -> list[tuple[T, Standing]]:
    """Days of several accounts in the order in which they are taken.

    What the vendor forgets first comes first; what needs only loading is safe in the archive and comes last.
    """
    return sorted(days, key=lambda each: (not each[1].fetchable, each[1].kept_until))
