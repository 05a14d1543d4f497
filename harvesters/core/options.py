"""What the user asked of a run, apart from its days."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user narrowed the work to; empty means everything.

    `calls`: vendor's ids; `records`: readable keys or vendor's ids of records; `limit`: calls at most.
    """

    calls: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    limit: int | None = None

    def __bool__(self) -> bool:
        """Whether anything was narrowed."""
        return bool(self.calls or self.records or self.limit is not None)


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes about its slices; `destinations` by name, none for the default.

    `paced`: whether the vendor's limits are kept; one that is simulated for the run's sake needs no such care.
    `catches_up`: the days were chosen because they are not whole, so that every failed call is tried again.
    `every`: of a replay, all archived days are meant. `diff`: of a dry run without a vendor, whether the documents are
    made and compared with what is there.
    """

    again: bool = False
    dry_run: bool = False
    nightly: bool = False
    catches_up: bool = False
    concurrency: int = 4
    selection: Selection = field(default_factory=Selection)
    destinations: tuple[str, ...] = ()
    deadline: timedelta = timedelta(hours=2)
    paced: bool = True
    every: bool = False
    diff: bool = False

    @property
    def chosen_by_us(self) -> bool:
        """Whether nobody named the days: one that the vendor no longer has is taken for what a destination is owed."""
        return self.nightly or self.catches_up

    @property
    def names_days(self) -> bool:
        """Whether somebody named the days: what was taken out of a destination, or expired, is wanted back."""
        return not (self.chosen_by_us or self.every)
