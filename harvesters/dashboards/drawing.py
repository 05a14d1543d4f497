"""A chart's answer as HTML: numbers, tables, rings, heat maps, bars that lie; see `plane` for those with axes."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import cos, pi, sin
from typing import Any

from harvesters.dashboards.lens_columns import column_id
from harvesters.dashboards.lens_looks import colours
from harvesters.dashboards.model import Chart, Column, Kind, Stops
from harvesters.dashboards.plane import axes, box, brief, colour, legend, shown, text

Row = Mapping[str, Any]
MOST_ROWS, MOST_BARS = 12, 12
NAMED, LABEL = 120.0, 22
LIGHT, DARK = (0xE8, 0xF2, 0xEF), (0x20, 0x92, 0x80)
HALF = 0.5
NOTHING = '<p class="nothing">nothing in this time</p>'


def drawn(chart: Chart, rows: Sequence[Row], width: float, height: float) -> str:
    """The answer as HTML that fits into a box of that size."""
    if not rows:
        return NOTHING
    match chart.kind:
        case Kind.NUMBER:
            return _number(chart, rows[0])
        case Kind.TABLE:
            return _table(chart, rows)
        case Kind.DONUT:
            parts = _ring(chart, rows, height)
        case Kind.HEATMAP:
            parts = _tiles(chart, rows, width, height)
        case Kind.LYING:
            parts = _lying(chart, rows, width, height)
        case _:
            parts = axes(chart, rows, width, height)
    return f'<svg width="{width:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'


def colour_of(stops: Stops | None, value: object) -> str:
    """The colour of a number, "" for none."""
    if stops is None or value is None:
        return ""
    number = float(str(value))
    return next((name for name, low, high in colours(stops) if low <= number < high), "")


def _number(chart: Chart, row: Row) -> str:
    first, *others = chart.columns
    value = row.get(column_id(first.label))
    more = "".join(
        f"<small>{escape(each.label)} {shown(row.get(column_id(each.label)), each)}</small>" for each in others
    )
    head = f'<div class="number"{_painted(first, value)}><span>{escape(first.label)}</span>'
    return f"{head}{more}<b>{shown(value, first)}</b></div>"


def _table(chart: Chart, rows: Sequence[Row]) -> str:
    groups = [column_id(each.label) for each in chart.by]
    labels = [each.label for each in (*chart.by, *chart.columns)]
    head = "".join(f"<th>{escape(label)}</th>" for label in labels)
    lines = []
    for row in rows[:MOST_ROWS]:
        cells = [f"<td>{escape(shown(row[name]))}</td>" for name in groups]
        cells += [_cell(row.get(column_id(each.label)), each) for each in chart.columns]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def _cell(value: object, column: Column) -> str:
    return f'<td class="value"{_painted(column, value)}>{escape(shown(value, column))}</td>'


def _painted(column: Column, value: object) -> str:
    """The style of a value that has a colour."""
    own = colour_of(column.stops, value)
    return f' style="background:{own};color:#fff"' if own else ""


def _ring(chart: Chart, rows: Sequence[Row], height: float) -> Iterator[str]:
    (group,), (column,) = chart.by, chart.columns
    numbers = [(str(row[column_id(group.label)]), float(row[column_id(column.label)])) for row in rows]
    whole, radius, angle = sum(number for _, number in numbers) or 1, height / 2 - 8, -pi / 2
    for place, (name, number) in enumerate(numbers):
        end = angle + 2 * pi * min(number / whole, 0.9999)
        (x1, y1), (x2, y2) = (
            (radius * (1 + 0.8 * cos(at)) + 8, radius * (1 + 0.8 * sin(at)) + 8) for at in (angle, end)
        )
        wide, own = int(number / whole > HALF), colour(name, place)
        arc = f"M{x1:.1f} {y1:.1f}A{radius * 0.8:.1f} {radius * 0.8:.1f} 0 {wide} 1 {x2:.1f} {y2:.1f}"
        yield f'<path d="{arc}" fill="none" stroke="{own}" stroke-width="{radius * 0.38:.1f}"/>'
        angle = end
    yield from legend([name for name, _ in numbers], height + 10)


def _tiles(chart: Chart, rows: Sequence[Row], width: float, height: float) -> Iterator[str]:
    (along, up), (column,) = (column_id(each.label) for each in chart.by), chart.columns
    across = list(dict.fromkeys(row[along] for row in rows))
    across = sorted(across) if str(across[0]).endswith("Z") else across
    levels = list(dict.fromkeys(str(row[up]) for row in rows))
    wide, high = (width - NAMED) / len(across), (height - 20) / len(levels)
    largest = max((float(row.get(column_id(column.label)) or 0) for row in rows), default=0) or 1
    for row in rows:
        value = row.get(column_id(column.label))
        if value is not None:
            own = colour_of(column.stops, value) or _shade(float(value) / largest)
            x, y = NAMED + across.index(row[along]) * wide, levels.index(str(row[up])) * high
            yield box(x, y, (wide - 1, high - 1), own, f"{shown(row[along])} {row[up]}: {shown(value, column)}")
    yield from (text(NAMED - 5, (each + HALF) * high + 4, name[:LABEL], "end") for each, name in enumerate(levels))
    for each in range(0, len(across), -(-len(across) // 7)):
        yield text(NAMED + (each + HALF) * wide, height - 6, brief(across[each]), "middle")


def _shade(part: float) -> str:
    mixed = (round(light + (dark - light) * part) for light, dark in zip(LIGHT, DARK, strict=True))
    return f"#{''.join(f'{each:02x}' for each in mixed)}"


def _lying(chart: Chart, rows: Sequence[Row], width: float, height: float) -> Iterator[str]:
    (group,), (column,) = chart.by, chart.columns
    largest = max(float(row[column_id(column.label)]) for row in rows) or 1
    high = min(24.0, height / min(len(rows), MOST_BARS))
    for number, row in enumerate(rows[:MOST_BARS]):
        value, y = float(row[column_id(column.label)]), number * high
        yield box(NAMED, y + 2, ((width - NAMED - 50) * value / largest, high - 4), colour("", 0))
        yield text(NAMED - 5, y + high / 2 + 4, str(row[column_id(group.label)])[:LABEL], "end")
        yield text(NAMED + (width - NAMED - 50) * value / largest + 5, y + high / 2 + 4, shown(value, column))
