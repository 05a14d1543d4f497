"""Which days a run takes."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from urllib.parse import unquote

from harvesters.core.day import Day, days_between, iso
from harvesters.core.errors import ArchiveError, RetentionError
from harvesters.core.ids import safe_name
from harvesters.core.manifest import Manifest, read_manifest
from harvesters.core.schedule import Schedule
from harvesters.core.source import Limits
from harvesters.core.store import SliceStore

LOOK_BACK = 7


def archived_days(data_dir: Path, vendor: str, account: str, *, newest_first: bool = False) -> Iterator[Day]:
    """Every day that has a manifest or an archive, oldest first."""
    folder = data_dir / "archive" / vendor / safe_name(account)
    found = set()
    for path in folder.glob("*/*.*"):
        with suppress(ValueError):  # somebody else's file
            found.add(Day(date.fromisoformat(path.name.partition(".")[0])))
    yield from sorted(found, reverse=newest_first)


def archived_accounts(data_dir: Path, vendor: str) -> list[str]:
    """The accounts of a vendor that have an archive: by the folder's name, whatever its manifests are like."""
    folders = [path for path in (data_dir / "archive" / vendor).glob("*") if path.is_dir()]
    return sorted({account for folder in folders if (account := _account_of(folder))})


def _account_of(folder: Path) -> str | None:
    """The account whose name the folder bears, escaped; a very long one is hashed, and told by a manifest alone."""
    account = unquote(folder.name)
    if safe_name(account) == folder.name and any(folder.glob("*/*.*")):
        return account
    told = (known for path in folder.glob("*/*.manifest.json") if (known := readable_manifest(path)))
    return next((manifest.account for manifest in told), None)


def readable_manifest(path: Path) -> Manifest | None:
    """A manifest; None where there is none, or one that cannot be read, which its slice will say."""
    with suppress(ArchiveError):
        return read_manifest(path)
    return None


def manifests(data_dir: Path, vendor: str, account: str, *, newest_first: bool = False) -> Iterator[Manifest]:
    """The manifests of every archived day of an account, oldest first, read as they are asked for.

    A day whose manifest is gone or damaged is known all the same, and not settled.
    """
    for day in archived_days(data_dir, vendor, account, newest_first=newest_first):
        path = SliceStore(data_dir, vendor, account, day).manifest_path
        yield readable_manifest(path) or Manifest(vendor, account, str(day))


@dataclass(frozen=True, slots=True)
class Known:
    """What the choice of days must know of an archived one; its manifest may be megabytes."""

    settled: bool
    owed: bool


def survey(now: datetime, manifests: Iterable[Manifest], identities: Iterable[str]) -> dict[Day, Known]:
    """The archived days; `identities` are the destinations of this run, which may be owed records."""
    wanted = set(identities)
    return {
        Day.parse(each.day, now): Known(each.settled or bool(each.expired), owes(each, wanted)) for each in manifests
    }


def nightly(now: datetime, limits: Limits, known: Mapping[Day, Known]) -> list[Day]:
    """The days of a run without dates, those that a destination is owed first, else oldest first.

    Yesterday; every unsettled day of the last seven; every older unsettled day with a manifest that the
    vendor still has; every day of which a destination of this run is owed records.
    """
    today = Day.of(now)
    recent = [day for day in days_between(today + -LOOK_BACK, today) if not (day in known and known[day].settled)]
    older = [day for day, each in known.items() if limits.oldest_kept(now) <= day < today and not each.settled]
    owed = {day for day, each in known.items() if each.owed}
    return sorted({today + -1, *recent, *older, *owed}, key=lambda day: (day not in owed, day))


def owes(manifest: Manifest, identities: Collection[str]) -> bool:
    """Whether one of these destinations, named in the manifest, lacks some of its records."""
    return any(
        entry.archived and (name not in loaded.records or loaded.records[name].digest != entry.digest)
        for identity, loaded in manifest.destinations.items()
        if identity in identities and not loaded.removed
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
