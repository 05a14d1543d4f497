"""Which days a run takes."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from harvesters.core.day import Day, days_between, iso
from harvesters.core.errors import RetentionError
from harvesters.core.fetching import Schedule
from harvesters.core.ids import safe_name
from harvesters.core.manifest import Manifest, read_manifest
from harvesters.core.source import Limits

LOOK_BACK = 7


def archived_days(data_dir: Path, vendor: str, account: str) -> Iterator[Day]:
    """Every day that has a manifest or an archive, oldest first."""
    folder = data_dir / "archive" / vendor / safe_name(account)
    found = set()
    for path in folder.glob("*/*.*"):
        with suppress(ValueError):  # somebody else's file
            found.add(Day(date.fromisoformat(path.name.partition(".")[0])))
    yield from sorted(found)


def archived_accounts(data_dir: Path, vendor: str) -> list[str]:
    """The accounts of a vendor that have an archive, by the id in their manifests."""
    folder = data_dir / "archive" / vendor
    found = (read_manifest(path) for path in sorted(folder.glob("*/*/*.manifest.json")))
    return sorted({manifest.account for manifest in found if manifest})


def nightly(now: datetime, limits: Limits, manifests: Iterable[Manifest], identities: Iterable[str]) -> list[Day]:
    """The days of a run without dates, oldest first.

    Yesterday; every unsettled day of the last seven; every older unsettled day with a manifest that the
    vendor still has; every day of which a destination of this run is owed records.
    """
    today = Day.of(now)
    known = {Day.parse(each.day, now): each for each in manifests}
    recent = [day for day in days_between(today + -LOOK_BACK, today) if not (day in known and known[day].settled)]
    older = [day for day, manifest in known.items() if limits.oldest_kept(now) <= day < today and not manifest.settled]
    wanted = set(identities)
    owed = [day for day, manifest in known.items() if owes(manifest, wanted)]
    return sorted({today + -1, *recent, *older, *owed})


def owes(manifest: Manifest, identities: Collection[str]) -> bool:
    """Whether one of these destinations, named in the manifest, lacks some of its records."""
    return any(
        name not in loaded.records or loaded.records[name].digest != entry.digest
        for identity, loaded in manifest.destinations.items()
        if identity in identities
        for name, entry in manifest.records.items()
    )


def check_kept(when: Schedule, vendor: str) -> None:
    """Refuse a day that the vendor no longer has or does not have yet.

    Raises:
        RetentionError: with the oldest possible day.
    """
    oldest = when.limits.oldest_kept(when.now)
    if when.day < oldest:
        message = (
            f"{vendor} keeps {when.limits.retention.days} days: {when.day} is beyond them, "
            f"the oldest possible day is {oldest}."
        )
        raise RetentionError(message)
    if when.day.start > when.now:
        message = f"{when.day} lies in the future (now is {iso(when.now)})."
        raise RetentionError(message)
