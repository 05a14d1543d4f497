"""What a place holds of an account's old days, and what became of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harvesters.core.day import Day
from harvesters.core.errors import Exit, HarvestError, worst
from harvesters.core.store import SliceStore


@dataclass(frozen=True, slots=True)
class Account:
    """A vendor's account with state under `DATA_DIR`; `id`: the vendor's."""

    data_dir: Path
    vendor: str
    id: str

    def store(self, day: Day) -> SliceStore:
        """Archive and manifest of a day."""
        return SliceStore(self.data_dir, self.vendor, self.id, day)


@dataclass(slots=True)
class Held:
    """What a place holds of one day: files with their bytes, or documents by type.

    `for_good`: nothing that is left makes it anew.
    """

    day: Day
    files: int = 0
    size: int = 0
    documents: Counter[str] = field(default_factory=Counter)
    for_good: bool = False


class Place(Protocol):
    """One place of one account; `remove` may be killed at any moment, and done again then."""

    def held(self, edge: Day) -> Sequence[Held]:
        """What it holds of the days before `edge`, oldest first; nothing is written.

        Raises:
            HarvestError: it cannot be looked at.
        """

    def stays(self, held: Held) -> str:
        """Why a day stays all the same, "" if it may go."""

    def begin(self, held: Sequence[Held]) -> None:
        """What is done once, before the first of these days is removed."""

    def remove(self, held: Held) -> None:
        """Remove a day.

        Raises:
            HarvestError: it cannot be removed.
        """


@dataclass(slots=True)
class Pruned:
    """What was found in a place of one account, or removed.

    Attributes:
        days: those that are to go, or went.
        kept: days that stay, with the reason.
        errors: what ended a part of the work early.
    """

    vendor: str
    account: str
    days: list[Held] = field(default_factory=list)
    kept: list[tuple[Day, str]] = field(default_factory=list)
    errors: list[HarvestError] = field(default_factory=list)

    @property
    def exit_code(self) -> Exit:
        """Partial where an old day stays."""
        return worst([*(each.exit_code for each in self.errors), *([Exit.PARTIAL] if self.kept else [])])

    @property
    def files(self) -> int:
        """Number of files."""
        return sum(each.files for each in self.days)

    @property
    def size(self) -> int:
        """Bytes of the files."""
        return sum(each.size for each in self.days)

    @property
    def documents(self) -> Counter[str]:
        """Documents by type."""
        return sum((each.documents for each in self.days), Counter[str]())
