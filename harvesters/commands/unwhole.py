"""Which archived days are not whole, for commands that show or hand on what they have."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from harvesters.commands.watched import of_vendor
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day, days_between
from harvesters.core.period import Period
from harvesters.core.words import many
from harvesters.watch.lacking import stretches
from harvesters.watch.survey import Watched, archived_of, survey


def unwhole(place: Workplace, vendors: Sequence[str], names: Collection[str], period: Period | None) -> Iterator[str]:
    """A sentence for each archived account of which days are not whole; no names mean all accounts, None all days."""
    for vendor in vendors:
        for account in of_vendor(place, vendor):
            if (not names or account.name in names) and (archived := archived_of(place.data_dir, account)):
                yield from _said(place, account, archived[0], period)


def _said(place: Workplace, account: Watched, first: Day, period: Period | None) -> Iterator[str]:
    now = place.clock.now()
    window = [day for day in days_between(first, Day.of(now)) if period is None or day in period]
    days = survey(place.data_dir, account, window, now).days
    if gaps := [Day(date.fromisoformat(each.day)) for each in days if not each.whole]:
        yield (
            f"{len(gaps):,} of {many(len(days), 'day')} of {account.vendor} {account.name} are not whole: "
            f"{', '.join(stretches(gaps))}; './harvest.py status' says what is missing."
        )
