"""From the measurements of one stream to what each of its media comes to; see "Quality metrics", section 7.

Member by member, not measurement by measurement: a column of numbers is summed by the interpreter's own loops.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, compress
from operator import mul
from typing import Any

from msgspec.structs import astuple

from harvesters.core import quality_fields
from harvesters.core.tree import Medium
from harvesters.quality.rollup import SIZE, Figures, Rolled
from harvesters.quality.scoring import POOR, UNKNOWN, label_of
from harvesters.quality.thresholds import Thresholds

FEW_SAMPLES, FEW_S = 3, 30.0
"""What is measured less than both cannot be judged (Microsoft CQD)."""
POOR_S, POOR_PCT = 30.0, 20.0
"""What is poor for as long and as large a share is poor, whatever its mean."""
METRICS, MEMBERS = tuple(quality_fields.METRICS), Medium.__struct_fields__
NO_SIZE = (None, None, None)
Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Taken:
    """The measurements of one medium, scored: as many of each, in order of time.

    Attributes:
        media: what was measured.
        at: when, in ms since 1970.
        seconds: what each stands for, before that.
        packets: how many its loss is a share of, where they were counted.
    """

    media: Sequence[Medium]
    at: Sequence[int]
    seconds: Sequence[float]
    packets: Sequence[float | None]

    def rolled(self, score: str | None, thresholds: Thresholds) -> Rolled:
        """What they come to; `score`: of `SCORES`, None for a shared screen."""
        of: Columns = dict(zip(MEMBERS, zip(*map(astuple, self.media), strict=True), strict=True))
        whole = Rolled(seconds=sum(self.seconds), size=_size(of, self.seconds))
        # Where nobody knows for how long: all alike.
        weights = self.seconds if whole.seconds else [1.0] * len(self.media)
        for name in METRICS:
            if figures := _figures(of[name], weights, 0.95):
                whole.metrics[name] = figures
        lost = whole.metrics.get("loss_pct")
        if lost and any(self.packets):
            lost.total = _loss(of["loss_pct"], self.packets, lost.mean) * lost.seconds
        if score:
            _score(whole, of, score, weights)
        if any(of["poor_due_to"]):  # poor is never without a reason
            _blame(whole, of, weights)
            whole.span = _poor_span(self.at, of["label"], self.seconds)
        whole.label = _label(whole, thresholds)
        return whole


def _loss(lost: Sequence[float | None], packets: Sequence[float | None], otherwise: float) -> float:
    """The share of all packets that were lost, in percent."""
    counted = [(pct, number) for pct, number in zip(lost, packets, strict=True) if number and pct is not None]
    whole = sum(number for _, number in counted)
    return sum(pct * number for pct, number in counted) / whole if whole else otherwise


def _score(whole: Rolled, of: Columns, name: str, weights: Sequence[float]) -> None:
    scores = of[name]
    whole.score = _figures(scores, weights, 0.10)
    whole.samples = len(scores) - scores.count(None)
    whole.scored_s = whole.score.seconds if whole.score else 0.0
    whole.inputs = set().union(*set(of["inputs"]))


def _blame(whole: Rolled, of: Columns, weights: Sequence[float]) -> None:
    """What was poor, and why."""
    held: dict[tuple[tuple[str, ...], str], float] = {}
    for names, label, seconds in compress(zip(of["poor_due_to"], of["label"], weights, strict=True), of["poor_due_to"]):
        held[names, label] = held.get((names, label), 0.0) + seconds
    for (names, label), seconds in held.items():
        for name in names:
            whole.reasons[name] = whole.reasons.get(name, 0.0) + seconds
            if label == POOR:
                whole.poor_reasons[name] = whole.poor_reasons.get(name, 0.0) + seconds
    whole.poor_s = sum(compress(weights, map(POOR.__eq__, of["label"])))


def _poor_span(at: Sequence[int], labels: Sequence[str], seconds: Sequence[float]) -> tuple[int, int] | None:
    """From when until when it was poor, in ms since 1970; None if it never was."""
    poor = [label == POOR for label in labels]
    ends = list(compress(at, poor))
    if not ends:
        return None
    return min(end - round(1000 * each) for end, each in zip(ends, compress(seconds, poor), strict=True)), max(ends)


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
        there = [value is not None for value in values]
        values, weights = list(compress(values, there)), list(compress(weights, there))
    known: Sequence[float] = values  # type: ignore[assignment]  # what is None is gone
    high, low, seconds = max(known), min(known), sum(weights)
    if not seconds:
        return _figures(known, [1.0] * len(known), share)
    if high == low:
        return Figures(seconds, high * seconds, high, low, high)
    return Figures(seconds, sum(map(mul, known, weights)), high, low, percentile(known, weights, share))


def percentile(values: Sequence[float], weights: Sequence[float], share: float) -> float:
    """The least value that is not exceeded for that share of the seconds (nearest rank)."""
    order = sorted(range(len(values)), key=values.__getitem__)
    passed = list(accumulate(map(weights.__getitem__, order)))
    return values[order[bisect_left(passed, share * passed[-1])]]


def _size(of: Columns, seconds: Sequence[float]) -> tuple[int | None, ...]:
    """The picture's that was there longest, the larger of two."""
    sizes = list(zip(*(of[name] for name in SIZE), strict=True))
    known = set(sizes) - {NO_SIZE}
    if len(known) < 2:  # noqa: PLR2004 - most streams keep theirs
        return next(iter(known), ())
    held = dict.fromkeys(known, 0.0)
    for size, each in zip(sizes, seconds, strict=True):
        if size in held:
            held[size] += each
    return max(held, key=lambda size: (held[size], size[2] or 0))
