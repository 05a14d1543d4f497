"""A measure over time: single values put into columns of equal width, of which each keeps its least and its most."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

import msgspec

Points = Sequence[tuple[int, float]]
GAP = 2.5
"""A measurement stands for the time since the one before it; beyond so many usual intervals there was a gap."""
DIGITS = 4


class Column(msgspec.Struct, frozen=True):
    """What was measured in one stretch of time.

    Attributes:
        min: least value; `max` the largest, `avg` their mean by number.
        count: how many values.
    """

    min: float
    max: float
    avg: float
    count: int


def columns(points: Points, start: int, end: int, number: int) -> list[Column | None]:
    """`number` columns from `start` to `end` (ms); None where nothing was measured. `points` in order of time.

    What lies outside belongs to the first or the last column, so that no value is lost.
    """
    width = max(1, end - start)
    edges = [start + width * place // number for place in range(1, number)]
    cuts = [0, *(bisect_left(points, (edge,)) for edge in edges), len(points)]
    return [_column([value for _, value in points[a:b]]) for a, b in pairwise(cuts)]


def _column(values: Sequence[float]) -> Column | None:
    if not values:
        return None
    return Column(min(values), max(values), round(sum(values) / len(values), DIGITS), len(values))


def filled(points: Points, start: int, end: int, number: int) -> list[Column | None]:
    """The same, an empty column showing the measurement that stands for it: the next one, unless there was a gap."""
    found = columns(points, start, end, number)
    times = [at for at, _ in points]
    longest = _longest(times)
    width = max(1, end - start)
    for place, each in enumerate(found):
        middle = start + width * (2 * place + 1) // (2 * number)
        after = bisect_right(times, middle)
        if each is None and after < len(times) and times[after] - middle <= longest:
            found[place] = _column([points[after][1]])
    return found


def _longest(times: Sequence[int]) -> float:
    steps = [b - a for a, b in pairwise(times)]
    return GAP * median(steps) if steps else 0.0


def ordered(points: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    """Points by time, then by value: whatever order they came in, the same chart."""
    return sorted(points)
