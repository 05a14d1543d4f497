"""Lake and dead letters of one account: files with the day in their name."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

from harvesters.core.day import Day, iso
from harvesters.core.days import readable_manifest
from harvesters.core.files import sync_folder
from harvesters.core.ids import safe_name
from harvesters.core.manifest import Loaded, write_manifest
from harvesters.core.remnants import letters_folder
from harvesters.core.stamps import Stamps
from harvesters.core.store import SliceStore
from harvesters.pruning.held import Account, Held

LAKE = "lake"


def mark_removed(store: SliceStore, identity: str, now: datetime) -> None:
    """Write down that a destination is to be without a slice from now on, and that nothing is owed to it.

    Before the first document goes, so that a run that comes after a kill does not fill again what is half gone.
    """
    manifest = readable_manifest(store.manifest_path)
    if manifest and identity in manifest.destinations:
        manifest.destinations[identity] = Loaded(Stamps(), removed=iso(now))
        write_manifest(store.manifest_path, manifest)


def remove_files(paths: Iterable[Path]) -> None:
    """Remove files, and bring it onto the disk."""
    folders = set()
    for path in list(paths):  # of a folder that changes under our hands
        path.unlink(missing_ok=True)
        folders.add(path.parent)
    for folder in folders:
        sync_folder(folder)


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Copies of refused documents: the records stay owed, so that a load writes anew what is refused again."""

    account: Account

    def held(self, edge: Day) -> Sequence[Held]:
        """See `Place`."""
        return [Held(day, *_sum(files)) for day, files in _by_day(self._files("*"), edge)]

    def _files(self, day: str) -> Iterator[Path]:
        return letters_folder(self.account.data_dir, self.account.vendor, self.account.id).glob(f"{day}.*")

    def stays(self, held: Held) -> str:
        """They are for people: nothing needs them."""
        del held
        return ""

    def begin(self, held: Sequence[Held]) -> None:
        """Nothing to do."""

    def remove(self, held: Held) -> None:
        """See `Place`."""
        remove_files(self._files(str(held.day)))


@dataclass(frozen=True, slots=True)
class LakeFiles:
    """The lake's files of an account; its manifests say from then on that the lake is to be without the day."""

    account: Account
    now: datetime

    def held(self, edge: Day) -> Sequence[Held]:
        """See `Place`; what the archive does not have any more is gone for good."""
        return [
            Held(day, *_sum(files), for_good=not self.account.store(day).archive.exists())
            for day, files in _by_day(self._files("*"), edge)
        ]

    def _files(self, day: str) -> Iterator[Path]:
        folder = f"vendor={self.account.vendor}/account={safe_name(self.account.id)}"
        return (self.account.data_dir / LAKE).glob(f"*/{folder}/{day}.*")

    def stays(self, held: Held) -> str:
        """The archive makes it anew, as long as that has the day."""
        del held
        return ""

    def begin(self, held: Sequence[Held]) -> None:
        """Each day is marked by itself."""

    def remove(self, held: Held) -> None:
        """See `Place`."""
        mark_removed(self.account.store(held.day), LAKE, self.now)
        remove_files(self._files(str(held.day)))


def _by_day(files: Iterable[Path], edge: Day) -> Iterator[tuple[Day, list[Path]]]:
    """Files of days before the edge, oldest first; somebody else's files are left out."""
    found = []
    for path in files:
        with suppress(ValueError):
            day = Day(date.fromisoformat(path.name.partition(".")[0]))
            if day < edge:
                found.append((day, path))
    for day, some in groupby(sorted(found), lambda each: each[0]):
        yield day, [path for _, path in some]


def _sum(files: Iterable[Path]) -> tuple[int, int]:
    sizes = [path.stat().st_size for path in files]
    return len(sizes), sum(sizes)
