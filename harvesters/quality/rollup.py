"""From measurements to a stream, from streams to people and conferences; see "Quality metrics", section 7.

Everything is weighted by seconds, never by count. A stream's measurements are held until its end, since percentiles
need them all; of what was rolled up only sums are kept. Percentiles are never averaged, so people and conferences have
none.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, compress
from operator import attrgetter, mul
from typing import Any

from harvesters.core import quality_fields
from harvesters.core.tree import Medium, Row
from harvesters.quality.scoring import GOOD, POOR, UNKNOWN, label_of
from harvesters.quality.thresholds import Thresholds

METRICS, SIZE = tuple(quality_fields.METRICS), tuple(quality_fields.SIZE)
SCORES = {medium: name for medium, (name, _) in quality_fields.SCORES.items()}
"""A shared screen has none: a still slide needs almost no bits."""
BY_LABEL = {UNKNOWN: 0, GOOD: 1, "fair": 2, POOR: 3}
FEW_SAMPLES, FEW_S = 3, 30.0
"""What is measured less than both cannot be judged (Microsoft CQD)."""
POOR_S, POOR_PCT = 30.0, 20.0
"""What is poor for as long and as large a share is poor, whatever its mean."""
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
        self.high, self.low, self.tail = max(self.high, other.high), min(self.low, other.low), None


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
        for own, theirs in ((self.reasons, other.reasons), (self.poor_reasons, other.poor_reasons)):
            for name, seconds in theirs.items():
                _add(own, (name,), seconds)
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


def rolled(
    seen: Sequence[Medium],
    seconds: Sequence[float],
    packets: Sequence[float | None],
    score: str | None,
    thresholds: Thresholds,
) -> Rolled:
    """A stream's medium from its scored measurements, the seconds that each stands for, and the packets it counted.

    `score`: of `SCORES`, None for a shared screen.
    """
    whole = Rolled(seconds=sum(seconds), size=_size(seen, seconds))
    if not whole.seconds:
        seconds = [1.0] * len(seen)  # nobody knows for how long: all alike
    for name, values in zip(METRICS, _columns(seen), strict=True):
        if figures := _figures(values, seconds, 0.95):
            whole.metrics[name] = figures
    lost = whole.metrics.get("loss_pct")
    if lost and any(packets):
        lost.total = _loss(seen, packets, lost.mean) * lost.seconds
    if score:
        _score(whole, score, seen, seconds)
    _blame(whole, seen, seconds)
    whole.label = _label(whole, thresholds)
    return whole


def poor_span(rows: Sequence[Row], medium: str, seconds: Sequence[float]) -> tuple[int, int]:
    """From when until when a medium was poor, in ms since 1970; it was so in at least one of the rows.

    A row stands for the seconds before it.
    """
    poor = [(row.at, each) for row, each in zip(rows, seconds, strict=True) if _is_poor(getattr(row.quality, medium))]
    return min(at - round(1000 * each) for at, each in poor), max(at for at, _ in poor)


def _is_poor(medium: Medium | None) -> bool:
    return medium is not None and medium.label == POOR


def _columns(seen: Sequence[Medium]) -> Iterable[tuple[Any, ...]]:
    return zip(*map(attrgetter(*METRICS), seen), strict=True)


def _loss(seen: Sequence[Medium], packets: Sequence[float | None], otherwise: float) -> float:
    """The share of all packets that were lost, in percent."""
    counted = [
        (each.loss_pct, number)
        for each, number in zip(seen, packets, strict=True)
        if number and each.loss_pct is not None
    ]
    whole = sum(number for _, number in counted)
    return sum(loss * number for loss, number in counted) / whole if whole else otherwise


def _score(whole: Rolled, name: str, seen: Sequence[Medium], weights: Sequence[float]) -> None:
    scores = tuple(map(attrgetter(name), seen))
    whole.score = _figures(scores, weights, 0.10)
    whole.samples = len(scores) - scores.count(None)
    whole.scored_s = whole.score.seconds if whole.score else 0.0
    whole.inputs = set().union(*set(map(attrgetter("inputs"), seen)))


def _blame(whole: Rolled, seen: Sequence[Medium], weights: Sequence[float]) -> None:
    """What was poor, and why."""
    # Poor is never without a reason.
    blamed = compress(zip(seen, weights, strict=True), map(attrgetter("poor_due_to"), seen))
    for each, seconds in blamed:
        _add(whole.reasons, each.poor_due_to, seconds)
        if each.label == POOR:
            whole.poor_s += seconds
            _add(whole.poor_reasons, each.poor_due_to, seconds)


def _add(reasons: dict[str, float], names: Iterable[str], seconds: float) -> None:
    for name in names:
        reasons[name] = reasons.get(name, 0.0) + seconds


def _label(whole: Rolled, thresholds: Thresholds) -> str:
    """Of the mean; poor too if it was that for long."""
    if whole.score is None or (whole.samples < FEW_SAMPLES and whole.scored_s < FEW_S):
        return UNKNOWN
    if whole.poor_s >= POOR_S and (whole.poor_pct or 0.0) >= POOR_PCT:
        return POOR
    return label_of(whole.score.mean, thresholds)


def _figures(values: Sequence[float | None], weights: Sequence[float], share: float) -> Figures | None:
    """Of those that are known; `share`: of the time, for the percentile."""
    unknown = values.count(None)
    if unknown == len(values):
        return None
    if unknown:
        pairs = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
        values, weights = [value for value, _ in pairs], [weight for _, weight in pairs]
    known: Sequence[float] = values  # type: ignore[assignment]  # what is None is gone
    high, low, seconds = max(known), min(known), sum(weights)
    if not seconds:
        return _figures(known, [1.0] * len(known), share)
    if high == low:
        return Figures(seconds, high * seconds, high, low, high)
    return Figures(seconds, sum(map(mul, known, weights)), high, low, percentile(known, weights, share))


def percentile(values: Sequence[float], weights: Sequence[float], share: float) -> float:
    """The least value that is not exceeded for that share of the seconds (nearest rank)."""
    pairs = sorted(zip(values, weights, strict=True))
    passed = list(accumulate(weight for _, weight in pairs))
    return pairs[bisect_left(passed, share * passed[-1])][0]


def _size(seen: Iterable[Medium], weights: Sequence[float]) -> tuple[int | None, ...]:
    """The picture's that was there longest, the larger of two."""
    sizes = list(map(attrgetter(*SIZE), seen))
    known = set(sizes) - {(None, None, None)}
    if len(known) < 2:  # noqa: PLR2004 - most streams keep theirs
        return next(iter(known), ())
    held = dict.fromkeys(known, 0.0)
    for size, seconds in zip(sizes, weights, strict=True):
        if size in held:
            held[size] += seconds
    return max(held, key=lambda size: (held[size], size[2] or 0))


def worst(labels: Iterable[str]) -> str:
    """The worst label; unknown only where there is nothing else."""
    return max(labels, key=BY_LABEL.__getitem__, default=UNKNOWN)
