"""From measurements to a stream, from streams to people and conferences; see "Quality metrics", section 7.

Everything is weighted by seconds, never by count. A stream's measurements are held until its end, since percentiles
need them all; of what was rolled up only sums are kept. Percentiles are never averaged, so people and conferences have
none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harvesters.core import quality_fields
from harvesters.quality.scoring import GOOD, POOR, UNKNOWN

SIZE = tuple(quality_fields.SIZE)
SCORES = {medium: name for medium, (name, _) in quality_fields.SCORES.items()}
"""A shared screen has none: a still slide needs almost no bits."""
BY_LABEL = {UNKNOWN: 0, GOOD: 1, "fair": 2, POOR: 3}
NOTICED_PCT = 20.0
"""A reason is one of the whole if it held for such a share of the time."""
DIGITS = 4


@dataclass(slots=True)
class Figures:
    """One measure of one medium: seconds in which it is known, sum of value times seconds, extremes."""

    seconds: float
    total: float
    high: float
    low: float
    tail: float | None = None
    """Of a stream: p95 of what is bad when high, p10 of scores."""

    @property
    def mean(self) -> float:
        """Weighted by seconds."""
        return round(self.total / self.seconds, DIGITS)

    def block(self, tail: str, extreme: str, value: float) -> dict[str, float]:
        """As members of a document; `tail` and `extreme` name the percentile and the worst."""
        if self.tail is None:
            return {"avg": self.mean, extreme: value}
        return {"avg": self.mean, tail: self.tail, extreme: value}

    def add(self, other: "Figures") -> None:
        """Take in another's; the percentile of both together is not known."""
        self.seconds += other.seconds
        self.total += other.total
        self.tail = None
        # The hot path of a large call: `max` and `min` take three times as long.
        if other.high > self.high:  # noqa: PLR1730
            self.high = other.high
        if other.low < self.low:  # noqa: PLR1730
            self.low = other.low


@dataclass(slots=True)
class Rolled:
    """One medium over some time.

    Attributes:
        label: good, fair, poor or unknown.
        score: of the measurements that have one.
        metrics: by name.
        samples: number of those with a score.
        scored_s: their seconds.
        poor_s: seconds that were poor.
        seconds: of all measurements.
        reasons: seconds by reason; `poor_reasons` likewise of what was poor.
        inputs: what the scores were made from.
        size: the picture's that was there longest, as width, height, pixels.
        span: of a stream, in ms since 1970: where its first poor measurement begins, and where its last one ends.
    """

    label: str = UNKNOWN
    score: Figures | None = None
    metrics: dict[str, Figures] = field(default_factory=dict)
    samples: int = 0
    scored_s: float = 0.0
    poor_s: float = 0.0
    seconds: float = 0.0
    reasons: dict[str, float] = field(default_factory=dict)
    poor_reasons: dict[str, float] = field(default_factory=dict)
    inputs: set[str] = field(default_factory=set)
    size: tuple[int | None, ...] = ()
    span: tuple[int, int] | None = None

    @property
    def poor_pct(self) -> float | None:
        """Share of the scored time that was poor."""
        return round(100 * self.poor_s / self.scored_s, DIGITS) if self.scored_s else None

    def due_to(self) -> list[str]:
        """The reasons that held for a good part of the time, or of the poor time where it is poor; worst first."""
        held = {name for name, seconds in self.reasons.items() if 100 * seconds >= NOTICED_PCT * self.seconds}
        if self.label == POOR:
            held |= {name for name, s in self.poor_reasons.items() if 100 * s >= NOTICED_PCT * self.poor_s}
        return sorted(held, key=lambda name: (-self.reasons[name], name))

    def add(self, other: "Rolled") -> None:
        """Take in another stream's; the label is for the caller to say."""
        self.samples += other.samples
        self.scored_s += other.scored_s
        self.poor_s += other.poor_s
        self.seconds += other.seconds
        add(self.reasons, other.reasons)
        add(self.poor_reasons, other.poor_reasons)
        self.inputs |= other.inputs
        if other.score:
            self.score = _together(self.score, other.score)
        for name, figures in other.metrics.items():
            self.metrics[name] = _together(self.metrics.get(name), figures)

    def block(self, score: str | None) -> dict[str, Any]:
        """The members of a document's block for one medium; `score`: the name of what it has, if any."""
        found: dict[str, Any] = {"label": self.label}
        if self.reasons and (due := self.due_to()):
            found["poor_due_to"] = due
        found |= {name: value for name, value in zip(SIZE, self.size, strict=False) if value is not None}
        if score:
            found |= self._scored(score)
        for name, each in self.metrics.items():
            found[name] = each.block("p95", "max", each.high)
        return found

    def _scored(self, name: str) -> dict[str, Any]:
        """What only a medium with a score has."""
        found: dict[str, Any] = {"samples": self.samples, "scored_s": round(self.scored_s, 3)}
        if self.score:
            found |= {
                "inputs": sorted(self.inputs),
                "poor_s": round(self.poor_s, 3),
                "poor_pct": self.poor_pct,
                name: self.score.block("p10", "min", self.score.low),
            }
        return found


def _together(one: Figures | None, other: Figures) -> Figures:
    if one is None:
        return Figures(other.seconds, other.total, other.high, other.low)
    one.add(other)
    return one


def add(reasons: dict[str, float], others: Mapping[str, float]) -> None:
    """Add other seconds by reason."""
    for name, seconds in others.items():
        reasons[name] = reasons.get(name, 0.0) + seconds


def worst(labels: Iterable[str]) -> str:
    """The worst label; unknown only where there is nothing else."""
    return max(labels, key=BY_LABEL.__getitem__, default=UNKNOWN)
