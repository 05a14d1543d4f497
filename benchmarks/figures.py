"""Measured figures with their goals."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

SLACK = 1.15


@dataclass(frozen=True, slots=True)
class Figure:
    """Min, median and max of the rounds, and how large (or small) the median may be.

    `mark`: P1 to P8, "" for figures that only explain others.
    """

    mark: str
    name: str
    values: Sequence[float]
    unit: str = ""
    goal: float | None = None
    at_least: bool = False

    @property
    def median(self) -> float:
        """What is held against the goal."""
        return statistics.median(self.values)

    @property
    def missed(self) -> bool:
        """Whether the goal is missed by more than what noise may do."""
        if self.goal is None:
            return False
        return self.median < self.goal / SLACK if self.at_least else self.median > self.goal * SLACK

    @property
    def _verdict(self) -> str:
        reached = self.goal is not None and (self.median >= self.goal if self.at_least else self.median <= self.goal)
        return "met" if reached else "missed" if self.missed else "nearly"

    def row(self) -> list[str]:
        """Mark, name, figures, unit, goal, verdict."""
        spread = [written(value) for value in (min(self.values), self.median, max(self.values))]
        if self.goal is None:
            return [self.mark, self.name, *spread, self.unit, "", ""]
        goal = f"{'≥' if self.at_least else '≤'} {self.goal:,g}"
        return [self.mark, self.name, *spread, self.unit, goal, self._verdict]


WHOLE_FROM = 1000


def written(value: float) -> str:
    """A figure for people."""
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:.2f}"
