"""Some days in a row, and as many before them."""

from collections.abc import Iterator
from dataclasses import dataclass

from harvesters.core.day import Day, days_between


@dataclass(frozen=True, slots=True)
class Period:
    """The half-open window `[first, end)` of UTC days, of which there is at least one."""

    first: Day
    end: Day

    def __iter__(self) -> Iterator[Day]:
        """The days, oldest first."""
        return days_between(self.first, self.end)

    def __len__(self) -> int:
        """How many days."""
        return (self.end.date - self.first.date).days

    def __contains__(self, day: Day) -> bool:
        """Whether a day is one of them."""
        return self.first <= day < self.end

    @property
    def before(self) -> "Period":
        """As many days before the first one."""
        return Period(self.first + -len(self), self.first)
