"""When a slice is fetched, and from when on nothing more comes. Pure."""

from dataclasses import dataclass
from datetime import datetime

from harvesters.core.day import Day
from harvesters.core.source import Limits


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a slice is fetched: its day, the vendor's limits, and the present instant."""

    day: Day
    limits: Limits
    now: datetime

    @property
    def settled_from(self) -> datetime:
        """From when on the day's calls no longer change."""
        return self.day.end + self.limits.settle

    @property
    def closed_from(self) -> datetime:
        """From when on the vendor's own totals are there too, and the day can settle."""
        return max(self.settled_from, self.day.end + self.limits.totals)
