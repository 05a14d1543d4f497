"""How Lens draws a layer: the `visualization` state of each kind of chart."""

from typing import Any

from harvesters.dashboards.lens_columns import LAYER, column_id
from harvesters.dashboards.model import Chart, Column, Kind, Stops, Time

LIMIT, TARGET = "limit", "target"
Json = dict[str, Any]
GREEN, YELLOW, RED = "#209280", "#D6BF57", "#CC5642"
LARGEST = 1_000_000
SERIES = {
    Kind.LINES: "line",
    Kind.AREAS: "area_stacked",
    Kind.BARS: "bar",
    Kind.STACKED: "bar_stacked",
    Kind.SHARES: "bar_percentage_stacked",
    Kind.LYING: "bar_horizontal",
}
TYPES = {
    Kind.NUMBER: "lnsMetric",
    Kind.TABLE: "lnsDatatable",
    Kind.DONUT: "lnsPie",
    Kind.HEATMAP: "lnsHeatmap",
    **dict.fromkeys(SERIES, "lnsXY"),
}
COLOURS = {"poor": RED, "fair": YELLOW, "good": GREEN, "refused": RED}
"""Of series that are good or bad by their name."""


def look(chart: Chart) -> Json:
    """The state that draws a chart."""
    match chart.kind:
        case Kind.NUMBER:
            return _number(chart)
        case Kind.TABLE:
            return _table(chart)
        case Kind.DONUT:
            return _donut(chart)
        case Kind.HEATMAP:
            return _heatmap(chart)
        case _:
            return _axes(chart)


def colours(stops: Stops) -> list[tuple[str, float, float]]:
    """Colour, from and up to which number: green, yellow and red, or the other way round where less is worse."""
    first, second = (stops.poor, stops.fair) if stops.falling else (stops.fair, stops.poor)
    names = (RED, YELLOW, GREEN) if stops.falling else (GREEN, YELLOW, RED)
    bounds = ((0.0, first), (first, second), (second, float(LARGEST)))
    return [(name, low, high) for name, (low, high) in zip(names, bounds, strict=True) if low < high]


def palette(stops: Stops) -> Json:
    """The same as Lens writes it."""
    found = colours(stops)
    params = {
        "name": "custom",
        "steps": len(found),
        "reverse": False,
        "rangeType": "number",
        "rangeMin": 0,
        "rangeMax": None,
        "continuity": "above",
        "progression": "fixed",
        "colorStops": [{"color": name, "stop": low} for name, low, _ in found],
        "stops": [{"color": name, "stop": high} for name, _, high in found],
    }
    return {"type": "palette", "name": "custom", "params": params}


def _number(chart: Chart) -> Json:
    first, *second = chart.columns
    state: Json = {"layerId": LAYER, "layerType": "data", "metricAccessor": column_id(first.label), "showBar": False}
    if second:
        state["secondaryMetricAccessor"] = column_id(second[0].label)
    if first.stops:
        state["palette"] = palette(first.stops)
    return state


def _table(chart: Chart) -> Json:
    groups = [{"columnId": column_id(each.label), "isTransposed": False} for each in chart.by]
    state: Json = {
        "layerId": LAYER,
        "layerType": "data",
        "rowHeight": "single",
        "headerRowHeight": "single",
        "paging": {"size": 20, "enabled": True},
        "columns": [*groups, *map(_cell, chart.columns)],
    }
    if len(chart.by) == 1:
        state["sorting"] = {"columnId": column_id(chart.columns[0].label), "direction": "desc"}
    return state


def _cell(column: Column) -> Json:
    state: Json = {"columnId": column_id(column.label), "isTransposed": False, "alignment": "right"}
    return state | ({"colorMode": "cell", "palette": palette(column.stops)} if column.stops else {})


def _donut(chart: Chart) -> Json:
    layer = {
        "layerId": LAYER,
        "layerType": "data",
        "primaryGroups": [column_id(each.label) for each in chart.by],
        "metrics": [column_id(each.label) for each in chart.columns],
        "numberDisplay": "percent",
        "categoryDisplay": "default",
        "legendDisplay": "show",
        "legendPosition": "right",
        "nestedLegend": False,
        "emptySizeRatio": 0.54,
    }
    return {"shape": "donut", "layers": [layer]}


def _heatmap(chart: Chart) -> Json:
    along, up = (column_id(each.label) for each in chart.by)
    (column,) = chart.columns
    state: Json = {
        "layerId": LAYER,
        "layerType": "data",
        "shape": "heatmap",
        "xAccessor": along,
        "yAccessor": up,
        "valueAccessor": column_id(column.label),
        "gridConfig": {
            "type": "heatmap_grid",
            "isCellLabelVisible": False,
            "isXAxisLabelVisible": True,
            "isXAxisTitleVisible": True,
            "isYAxisLabelVisible": True,
            "isYAxisTitleVisible": True,
        },
        "legend": {"type": "heatmap_legend", "isVisible": True, "position": "right"},
    }
    if column.stops:
        state["palette"] = palette(column.stops) | {"accessor": column_id(column.label)}
    return state


def _axes(chart: Chart) -> Json:
    split = [column_id(each.label) for each in chart.by[1:]]
    layers = [_series(chart, split)]
    if chart.target is not None:
        line = {"axisMode": "left", "color": RED, "fill": "none", "lineStyle": "dashed", "lineWidth": 1}
        target = {"layerId": LIMIT, "layerType": "referenceLine", "accessors": [TARGET]}
        layers.append(target | {"yConfig": [{"forAccessor": TARGET, **line}]})
    named = bool(split) or len(chart.columns) > 1
    return {
        "preferredSeriesType": SERIES[chart.kind],
        "legend": {"isVisible": named, "position": "right"},
        "valueLabels": "hide",
        "fittingFunction": "None" if chart.kind is Kind.LINES else "Zero",
        "axisTitlesVisibilitySettings": {"x": not isinstance(chart.by[0], Time), "yLeft": True, "yRight": True},
        "layers": layers,
    }


def _series(chart: Chart, split: list[str]) -> Json:
    layer: Json = {
        "layerId": LAYER,
        "layerType": "data",
        "seriesType": SERIES[chart.kind],
        "xAccessor": column_id(chart.by[0].label),
        "accessors": [column_id(each.label) for each in chart.columns],
        "yConfig": [
            {"forAccessor": column_id(each.label), "axisMode": "left", "color": COLOURS[each.label]}
            for each in chart.columns
            if each.label in COLOURS
        ],
    }
    return layer | ({"splitAccessor": split[0]} if split else {})
