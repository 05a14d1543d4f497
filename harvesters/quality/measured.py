"""From the measurements of one stream to what each of its media comes to; see "Quality metrics", section 7.

Member by member, not measurement by measurement: a column of numbers is summed by the interpreter's own loops.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
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
        # Few measurements have a reason, and what is poor is never without one.
        if blamed := list(compress(range(len(self.media)), of["poor_due_to"])):
            self._blame(whole, of, weights, blamed)
        whole.label = _label(whole, thresholds)
        return whole

    def _blame(self, whole: Rolled, of: Columns, weights: Sequence[float], blamed: Sequence[int]) -> None:
        """What was poor, and why, and from when until when."""
        labels, reasons = of["label"], of["poor_due_to"]
        poor = [number for number in blamed if labels[number] == POOR]
        _add_seconds(whole.reasons, reasons, weights, blamed)
        if poor:
            _add_seconds(whole.poor_reasons, reasons, weights, poor)
            whole.poor_s = sum([weights[number] for number in poor])
            starts = [self.at[number] - round(1000 * self.seconds[number]) for number in poor]
            whole.span = min(starts), max([self.at[number] for number in poor])


def _add_seconds(
    held: dict[str, float], reasons: Sequence[tuple[str, ...]], weights: Sequence[float], numbers: Sequence[int]
) -> None:
    """How long each reason held in those measurements."""
    for number in numbers:
        for name in reasons[number]:
            held[name] = held.get(name, 0.0) + weights[number]


def _loss(lost: Sequence[float | None], packets: Sequence[float | None], otherwise: float) -> float:
    """The share of all packets that were lost, in percent."""
    counted = [(pct, number) for pct, number in zip(lost, packets, strict=True) if number and pct is not None]
    whole = sum(number for _, number in counted)
    return sum(pct * number for pct, number in counted) / whole if whole else otherwise


def _score(whole: Rolled, of: Columns, name: str, weights: Sequence[float]) -> None:
    scores, inputs = of[name], of["inputs"]
    whole.score = _figures(scores, weights, 0.10)
    if whole.score:
        whole.samples, whole.scored_s = len(scores) - scores.count(None), whole.score.seconds
        alike = inputs.count(inputs[0]) == len(inputs)
        whole.inputs = set(inputs[0]) if alike else set().union(*set(inputs))


def _label(whole: Rolled, thresholds: Thresholds) -> str:
    """Of the mean; poor too if it was that for long."""
    if whole.score is None or (whole.samples < FEW_SAMPLES and whole.scored_s < FEW_S):
        return UNKNOWN
    if whole.poor_s >= POOR_S and (whole.poor_pct or 0.0) >= POOR_PCT:
        return POOR
    return label_of(whole.score.mean, thresholds)


def _figures(values: Sequence[float | None], weights: Sequence[float], share: float) -> Figures | None:
    """Of those that are known; `share`: of the time, for the percentile."""
    if values[0] is None and values.count(None) == len(values):
        return None
    # A list, whose items are found in half the time of a tuple's. What is None is refused by the sort.
    known: list[float] = list(values)  # type: ignore[arg-type]
    try:
        order = sorted(range(len(known)), key=known.__getitem__)
    except TypeError:
        there = [value is not None for value in values]
        return _figures(list(compress(values, there)), list(compress(weights, there)), share)
    seconds = sum(weights)
    if not seconds:
        return _figures(known, [1.0] * len(known), share)
    low, high = known[order[0]], known[order[-1]]
    if high == low:
        return Figures(seconds, high * seconds, high, low, high)
    tail = known[nearest_rank(order, weights, share, seconds)]
    return Figures(seconds, sum(map(mul, known, weights)), high, low, tail)


def nearest_rank(order: Sequence[int], weights: Sequence[float], share: float, whole: float) -> int:
    """Which of the values is the least that is not exceeded for that share of the seconds.

    `order`: their numbers by value; `whole`: all seconds. It is sought from the nearer end, since a tail is short.
    """
    if share < 0.5:  # noqa: PLR2004 - the middle
        passed = 0.0
        for number in order:
            passed += weights[number]
            if passed >= share * whole:
                return number
        return order[-1]
    left = whole - share * whole
    for number in reversed(order):
        left -= weights[number]
        if left < 0:
            return number
    return order[0]


def _size(of: Columns, seconds: Sequence[float]) -> tuple[int | None, ...]:
    """The picture's that was there longest, the larger of two."""
    columns = [of[name] for name in SIZE]
    if all(each.count(each[0]) == len(each) for each in columns):  # most streams keep theirs
        size = tuple(each[0] for each in columns)
        return () if size == NO_SIZE else size
    held: dict[tuple[int | None, ...], float] = {}
    for size, each in zip(zip(*columns, strict=True), seconds, strict=True):
        if size != NO_SIZE:
            held[size] = held.get(size, 0.0) + each
    return max(held, key=lambda size: (held[size], size[2] or 0))
