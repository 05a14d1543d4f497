"""What tells of somebody beside the archive: dead letters, files that a killed run left, lake files of lost days."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harvesters.core.destinations.packed_lines import unpacked
from harvesters.core.errors import DestinationError
from harvesters.core.files import replacing
from harvesters.core.ids import safe_name

Stands = Callable[[bytes], bool]
"""Whether somebody stands in raw JSON."""


def letters_folder(data_dir: Path, vendor: str, account: str) -> Path:
    """Where copies of what a destination refused of an account lie."""
    return data_dir / "dead-letter" / vendor / safe_name(account)


@dataclass(frozen=True, slots=True)
class Remnants:
    """The files of one vendor and account beside its archive."""

    data_dir: Path
    vendor: str
    account: str

    def letters(self, stands: Stands, days: frozenset[str]) -> int:
        """How many dead letters tell of somebody, or are of days on which somebody was found."""
        return sum(1 for path in self._letters() for line in _lines(path) if _day(path) in days or stands(line))

    def remove_letters(self, stands: Stands, days: frozenset[str]) -> int:
        """Remove those; what was refused stays owed, so that the next load writes anew what is refused again."""
        gone = 0
        for path in self._letters():
            lines = list(_lines(path))
            kept = [] if _day(path) in days else [line for line in lines if not stands(line)]
            gone += len(lines) - len(kept)
            if not kept:
                path.unlink()
            elif len(kept) < len(lines):
                with replacing(path) as file:
                    file.writelines(kept)
        return gone

    def _letters(self) -> list[Path]:
        return sorted(letters_folder(self.data_dir, self.vendor, self.account).glob("*.ndjson"))

    def remove_unfinished(self) -> None:
        """Remove files that a run was writing when it was killed; only whoever holds the account's lock may."""
        letters = letters_folder(self.data_dir, self.vendor, self.account)
        for path in (*letters.glob("*.new"), *self._lake("*.new")):
            path.unlink(missing_ok=True)

    def in_lake(self, stands: Stands, archived: frozenset[str]) -> dict[str, int | None]:
        """Lake files of days that the archive does not have, with how many of their documents tell of somebody.

        None: the file cannot be read, so nobody knows.
        """
        found: dict[str, int | None] = {}
        for path in self._lake("*.ndjson.zst"):
            if _day(path) not in archived and (number := _telling(path, stands)) != 0:
                found[str(path.relative_to(self.data_dir))] = number
        return found

    def _lake(self, names: str) -> list[Path]:
        folder = f"vendor={self.vendor}/account={safe_name(self.account)}"
        return sorted((self.data_dir / "lake").glob(f"*/{folder}/{names}"))


def _day(path: Path) -> str:
    return path.name.partition(".")[0]


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _telling(path: Path, stands: Stands) -> int | None:
    """How many lines of a lake's file tell of somebody; None of one that cannot be read."""
    try:
        return sum(map(stands, unpacked(path)))
    except (DestinationError, OSError):
        return None
