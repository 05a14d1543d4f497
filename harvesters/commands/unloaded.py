"""What the archive has and the lake beside it has not."""

from collections.abc import Collection, Iterator, Sequence

from harvesters.commands.archived import archived
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day
from harvesters.core.days import archived_days
from harvesters.core.destinations.lake import LakeDestination
from harvesters.core.period import Period
from harvesters.overview.words import called
from harvesters.watch.lacking import lacking

Unloaded = tuple[str, str, list[Day]]
"""Vendor, what the account is called, and days."""


def unloaded(
    place: Workplace,
    vendors: Sequence[str],
    names: Collection[str],
    days: Period | Collection[Day] | None,
    types: Collection[str],
) -> Iterator[Unloaded]:
    """Each account whose archived days among these are not all in the lake, with those days.

    No names mean all accounts, None all days.

    Raises:
        SettingsError: the file of accounts cannot be read as it is meant.
    """
    lake = LakeDestination(place.data_dir / "lake")
    accounts = archived(place, vendors, ())
    told = called({(vendor, account.id): account.name for vendor, account in accounts})
    for vendor, account in accounts:
        if not names or account.name in names:
            of_account = (
                day for day in archived_days(place.data_dir, vendor, account.id) if days is None or day in days
            )
            if gone := list(lacking(place.data_dir, (vendor, account.id), of_account, lake, types)):
                yield vendor, told[vendor, account.id], gone
