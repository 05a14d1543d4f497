"""Charts with axes as SVG: what Lens draws as lines, areas and bars, for previews. Sizes are in pixels."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import log10
from typing import Any

from harvesters.dashboards.lens_columns import column_id
from harvesters.dashboards.lens_looks import COLOURS
from harvesters.dashboards.measures import Ratio
from harvesters.dashboards.model import Chart, Column, Kind

Row = Mapping[str, Any]
Series = dict[str, dict[Any, float]]
"""The numbers of each series by their place along the axis."""
WHEEL = ("#54B399", "#6092C0", "#D36086", "#9170B8", "#CA8EAE", "#D6BF57", "#B9A888", "#DA8B45", "#AA6556", "#E7664C")
LEFT, BELOW, ABOVE, LEGEND = 52.0, 18.0, 8.0, 120.0
LINE = "#E3E8F0"
MOST_LABELS, MOST_NAMED, NAME = 7, 9, 17
HUNDRED = 100
ABSENT = "-"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
UPRIGHT = (Kind.STACKED, Kind.AREAS, Kind.SHARES)


def shown(value: object, column: Column | None = None) -> str:
    """A value as people read it."""
    if value is None:
        return ABSENT
    if isinstance(value, str):
        day, _, time = value.partition("T") if INSTANT.match(value) else (value, "", "")
        return f"{day} {time[:5]}".removesuffix(" 00:00") if time else value
    number = float(str(value))
    if column and isinstance(column.value, Ratio):
        return f"{HUNDRED * number:.1f} %"
    return f"{number:,.0f}" if number == int(number) or abs(number) >= HUNDRED else f"{number:,.2f}"


def brief(value: object) -> str:
    """A value at an axis: of an instant without its year."""
    words = shown(value)
    return words[5:] if words[4:5] == "-" else words


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    """Words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def box(x: float, y: float, size: tuple[float, float], colour: str, title: str = "") -> str:
    """A filled box; its `title` is shown on pointing at it."""
    width, height = (max(0.0, each) for each in size)
    frame = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {frame} fill="{colour}"><title>{escape(title)}</title></rect>'


def colour(name: str, number: int) -> str:
    """The colour of a series: by its name, else by its number."""
    return COLOURS.get(name) or WHEEL[number % len(WHEEL)]


@dataclass(frozen=True, slots=True)
class Plane:
    """The room between the axes: `places` along the lower one, `top` the number at its upper edge."""

    places: tuple[Any, ...]
    width: float
    height: float
    top: float

    @property
    def step(self) -> float:
        """The room of one place."""
        return self.width / max(1, len(self.places))

    def x(self, number: float) -> float:
        """Where a place begins."""
        return LEFT + number * self.step

    def y(self, value: float) -> float:
        """How far down a number is."""
        return ABOVE + self.height * (1 - value / self.top)


def axes(chart: Chart, rows: Sequence[Row], width: float, height: float) -> Iterator[str]:
    """The parts of the picture."""
    places, series = _series(chart, rows)
    if chart.kind is Kind.SHARES:
        series = _shares(series)
    room = width - LEFT - (LEGEND if len(series) > 1 else 0) - 8
    plane = Plane(places, room, height - BELOW - ABOVE, _top(_largest(chart, places, series)))
    yield from _frame(chart, plane)
    yield from _lines(plane, series) if chart.kind is Kind.LINES else _bars(chart, plane, series)
    if chart.target is not None:
        y = plane.y(chart.target)
        yield f'<line x1="{LEFT}" x2="{LEFT + room:.1f}" y1="{y:.1f}" y2="{y:.1f}" class="target"/>'
    if len(series) > 1:
        yield from legend(list(series), LEFT + room + 12)


def _series(chart: Chart, rows: Sequence[Row]) -> tuple[tuple[Any, ...], Series]:
    along, split = column_id(chart.by[0].label), chart.by[1:]
    series: Series = {}
    for row in rows:
        if split:
            found = [(str(row[column_id(split[0].label)]), row.get(column_id(chart.columns[0].label)))]
        else:
            found = [(column.label, row.get(column_id(column.label))) for column in chart.columns]
        for name, value in found:
            if value is not None:
                series.setdefault(name, {})[row[along]] = float(value)
    places = tuple(dict.fromkeys(row[along] for row in rows))
    timed = all(str(each).endswith("Z") for each in places)
    return (tuple(sorted(places)) if timed else places), series


def _shares(series: Series) -> Series:
    whole: dict[Any, float] = {}
    for each in series.values():
        for place, value in each.items():
            whole[place] = whole.get(place, 0) + value
    return {
        name: {place: value / (whole[place] or 1) for place, value in each.items()} for name, each in series.items()
    }


def _largest(chart: Chart, places: Sequence[Any], series: Series) -> float:
    if chart.kind in UPRIGHT:
        numbers = [sum(each.get(place, 0) for each in series.values()) for place in places]
    else:
        numbers = [value for each in series.values() for value in each.values()]
    return max([*numbers, chart.target or 0], default=0)


def _top(largest: float) -> float:
    """A round number that is not smaller."""
    if largest <= 0:
        return 1
    unit = 10.0 ** (int(log10(largest)) - (largest < 1))
    return next((step * unit for step in STEPS if step * unit >= largest * 0.999), largest)


def _frame(chart: Chart, plane: Plane) -> Iterator[str]:
    """Lines across, and what stands at them."""
    for part in (0.0, 0.5, 1.0):
        y, value = plane.y(part * plane.top), part * plane.top
        yield f'<line x1="{LEFT}" x2="{LEFT + plane.width:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>'
        words = f"{HUNDRED * value:.0f} %" if chart.kind is Kind.SHARES else shown(value, chart.columns[0])
        yield text(LEFT - 5, y + 4, words, "end")
    every = max(1, -(-len(plane.places) // MOST_LABELS))
    for number in range(0, len(plane.places), every):
        yield text(plane.x(number + 0.5), ABOVE + plane.height + 13, brief(plane.places[number]), "middle")


def _lines(plane: Plane, series: Series) -> Iterator[str]:
    for number, (name, values) in enumerate(series.items()):
        own = colour(name, number)
        known = [(place, key) for place, key in enumerate(plane.places) if key in values]
        points = [(plane.x(place + 0.5), plane.y(values[key])) for place, key in known]
        for (x1, y1), (x2, y2) in pairwise(points):
            yield f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{own}" stroke-width="1.6"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.8" fill="{own}"/>' for x, y in points)


def _bars(chart: Chart, plane: Plane, series: Series) -> Iterator[str]:
    """On top of each other, or beside each other."""
    upright = chart.kind in UPRIGHT
    gap = 0.0 if chart.kind is Kind.AREAS else 0.15 * plane.step
    wide = (plane.step - gap) / (1 if upright else len(series))
    for place, key in enumerate(plane.places):
        floor = 0.0
        for number, (name, values) in enumerate(series.items()):
            value = values.get(key, 0)
            y, high = plane.y(floor + value), plane.height * value / plane.top
            x = plane.x(place) + gap / 2 + (0 if upright else number * wide)
            yield box(x, y, (wide, high), colour(name, number), f"{shown(key)} {name}: {value:g}")
            floor += value if upright else 0


def legend(names: Sequence[str], x: float) -> Iterator[str]:
    """Which colour is what."""
    for number, name in enumerate(names[:MOST_NAMED]):
        yield box(x, ABOVE + number * 15, (9, 9), colour(name, number))
        yield text(x + 13, ABOVE + number * 15 + 9, name if len(name) <= NAME else f"{name[: NAME - 1]}…")
