"""What the slices of one vendor and account share: options, destinations, the port, who watches."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harvesters.core.day import Clock
from harvesters.core.destinations import Destination
from harvesters.core.errors import DestinationError, HarvestError
from harvesters.core.forgotten import Memory
from harvesters.core.http import HttpApi
from harvesters.core.manifest import UNREACHED
from harvesters.core.options import Options
from harvesters.core.recipe import Recipe
from harvesters.core.source import Account, Limits, Source
from harvesters.core.traffic import Traffic


class Progress(Protocol):
    """Who watches a slice; all methods may be called from any thread."""

    def begin(self, label: str) -> None:
        """A slice begins."""

    def listed(self, calls: int) -> None:
        """So many calls are to be fetched."""

    def fetched(self, calls: int) -> None:
        """So many more calls were fetched."""

    def loading(self, destination: str, records: int) -> None:
        """So many records are to be loaded."""

    def loaded(self, records: int) -> None:
        """So many more records were loaded, or compared."""

    def comparing(self, destination: str, records: int) -> None:
        """So many records are to be compared with what is there."""

    def looking(self, days: int) -> None:
        """So many archived days are to be looked through."""

    def end(self) -> None:
        """The slice ended."""


def nobody() -> None:
    """Nobody is forgotten."""


@dataclass(slots=True)
class Workshop:
    """Everything that the slices of one vendor and account share.

    `source` is None in a replay, which asks nobody. `recall`: gives who is forgotten, as it stands now. `stopped`:
    why the vendor need not be asked again in this run (refused credentials, a limit beyond the deadline). `totals`:
    whether the vendor is asked for its own totals too, until it could not give them.
    """

    vendor: str
    limits: Limits
    account: Account
    data_dir: Path
    clock: Clock
    recipe: Recipe
    destinations: list[Destination]
    progress: Progress
    options: Options
    recall: Callable[[], Memory | None] = nobody
    source: Source | None = None
    port: HttpApi | None = None
    traffic: Traffic = field(default_factory=Traffic)
    stopped: HarvestError | None = None
    totals: bool = False
    gone: dict[str, DestinationError] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)

    @property
    def identities(self) -> frozenset[str]:
        """How manifests name the destinations, also while they could not be reached."""
        known = {each.identity for each in self.destinations if each.identity}
        return frozenset(known | {UNREACHED + each.name for each in self.destinations})

    def close(self) -> None:
        """Give connections back."""
        for each in (*self.destinations, *((self.port,) if self.port else ())):
            each.close()

    def reach(self, destination: Destination) -> DestinationError | None:
        """Open a destination the first time; what is wrong with it, if anything, holds for the run."""
        if destination.name in self.opened:
            return None
        if destination.name not in self.gone:
            try:
                destination.open()
            except DestinationError as error:
                self.gone[destination.name] = error
            else:
                self.opened.add(destination.name)
        return self.gone.get(destination.name)
