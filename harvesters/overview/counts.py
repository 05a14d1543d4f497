"""Numbers that know what they rest on: shares with their n, sums with how many told theirs, percentiles."""

import math
from collections import Counter
from dataclasses import dataclass, field

ENOUGH = 30
"""So many cases make a share worth telling."""
SURE = 1.96
"""Standard deviations of 95 %."""
PARTS = 10_000
"""Of a whole, that are added up: as exact as documents are, and free of a float's rounding."""
STEP = math.log(1.02)
"""Width of the classes that percentiles are counted in: they are 1 % off at most."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some."""

    part: int
    of: int

    @property
    def percent(self) -> float | None:
        """None of none."""
        return 100 * self.part / self.of if self.of else None

    @property
    def enough(self) -> bool:
        """Whether there are enough cases to believe it."""
        return self.of >= ENOUGH

    @property
    def at_least(self) -> float:
        """Percent that the share has with 95 % certainty (Wilson), were the cases independent; 0 of none."""
        if not self.of:
            return 0.0
        rate, square = self.part / self.of, SURE * SURE
        middle = rate + square / (2 * self.of)
        width = SURE * math.sqrt(rate * (1 - rate) / self.of + square / (4 * self.of * self.of))
        return 100 * (middle - width) / (1 + square / self.of)

    def differs(self, other: "Share") -> bool:
        """Whether the difference is more than chance, with 95 % certainty, and both have enough cases."""
        if not (self.enough and other.enough):
            return False
        pooled = (self.part + other.part) / (self.of + other.of)
        spread = math.sqrt(pooled * (1 - pooled) * (1 / self.of + 1 / other.of))
        return abs(self.part / self.of - other.part / other.of) > SURE * spread


@dataclass(slots=True)
class Sum:
    """The sum of what was told, and of how many it was told; the same in whatever order it is added up."""

    parts: int = 0
    told: int = 0
    of: int = 0

    @property
    def total(self) -> float:
        """What was told, together."""
        return self.parts / PARTS

    def add(self, value: float | None) -> None:
        """Count one; None is not told, which is no 0."""
        self.of += 1
        if value is not None:
            self.told += 1
            self.parts += round(value * PARTS)


@dataclass(slots=True)
class Truth:
    """How often something was so, of the times that it was told."""

    so: int = 0
    told: int = 0

    def add(self, value: bool | None) -> None:  # noqa: FBT001 - it is what is counted
        """Count one, unless it was not told."""
        if value is not None:
            self.told += 1
            self.so += value

    @property
    def share(self) -> Share:
        """The same as a share."""
        return Share(self.so, self.told)


@dataclass(slots=True)
class Labels:
    """How streams were labelled."""

    good: int = 0
    fair: int = 0
    poor: int = 0
    unknown: int = 0

    def add(self, label: str) -> None:
        """Count a stream."""
        setattr(self, label, getattr(self, label) + 1)

    def include(self, other: "Labels") -> None:
        """Count those of others too."""
        self.good += other.good
        self.fair += other.fair
        self.poor += other.poor
        self.unknown += other.unknown

    @property
    def judged(self) -> int:
        """How many could be judged."""
        return self.good + self.fair + self.poor

    @property
    def poor_share(self) -> Share:
        """Of those that could be judged."""
        return Share(self.poor, self.judged)


@dataclass(slots=True)
class Spread:
    """Percentiles of positive numbers, whatever their order, in little memory."""

    classes: Counter[int] = field(default_factory=Counter)

    def add(self, value: float) -> None:
        """Count a number; what is below a thousandth counts as that."""
        self.classes[round(math.log(max(value, 0.001)) / STEP)] += 1

    @property
    def n(self) -> int:
        """How many numbers."""
        return sum(self.classes.values())

    def percentile(self, which: float) -> float | None:
        """What so many percent do not exceed, within 1 %; None of none."""
        left = math.ceil(which / 100 * self.n)
        for each in sorted(self.classes):
            left -= self.classes[each]
            if left <= 0:
                return math.exp(each * STEP)
        return None
