"""The columns of a Lens layer: breakdowns first, then numbers; of a share its parts, too.

Kibana before 9.2 draws a formula only if the columns that it is made from are stored beside it; later ones make
them anew. So they are always written.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from harvesters.core.fields import BOOLEAN, DATE, DATE_RANGE, FLOAT, IP, KEYWORD, LONG, Field
from harvesters.dashboards.conditions import kql
from harvesters.dashboards.measures import Measure, Ratio, formula
from harvesters.dashboards.model import Breakdown, Cases, Chart, Column, Ranges, Terms, Time, slug

LAYER = "data"
LENS_TYPES = {
    KEYWORD: "string", FLOAT: "number", LONG: "number", BOOLEAN: "boolean", DATE: "date", DATE_RANGE: "date", IP: "ip",
}  # fmt: skip
SHARE_FORMAT = {"id": "percent", "params": {"decimals": 1}}
Json = dict[str, Any]
Fields = Mapping[str, Field]


def column_id(label: str) -> str:
    """The id of a column, by its name for people."""
    return slug(label).replace("-", "_")


def columns_of(chart: Chart, fields: Fields, time_field: str) -> dict[str, Json]:
    """The columns of a chart's layer in their order, by id."""
    found: dict[str, Json] = {}
    for breakdown in ordered(chart.by):
        found[column_id(breakdown.label)] = _bucket(breakdown, chart.columns, fields, time_field)
    for column in chart.columns:
        found |= _number(column, fields)
    return found


def ordered(by: Sequence[Breakdown]) -> list[Breakdown]:
    """Groups before time: the largest groups are then those of the whole time, not of each bucket."""
    if len(by) > 1 and isinstance(by[0], Time) and isinstance(by[1], Terms):
        return [by[1], by[0], *by[2:]]
    return list(by)


def _bucket(breakdown: Breakdown, columns: Sequence[Column], fields: Fields, time_field: str) -> Json:
    match breakdown:
        case Time(every, field, label):
            params = {"interval": every, "includeEmptyRows": not breakdown.sparse, "dropPartials": False}
            return _grouping(label, "date_histogram", field or time_field, "date", "interval") | {"params": params}
        case Ranges(field, label, _):
            params = {"type": "range", "maxBars": "auto", "ranges": _ranges(breakdown)}
            return _grouping(label, "range", field, "number", "ordinal") | {"params": params}
        case Cases(label, cases):
            named = [{"label": name, "input": {"query": kql(each), "language": "kuery"}} for name, each in cases]
            return _grouping(label, "filters", "", "string", "ordinal") | {"params": {"filters": named}}
        case Terms(field, label):
            kind = LENS_TYPES[fields[field].type]
            return _grouping(label, "terms", field, kind, "ordinal") | {"params": _terms(breakdown, columns)}


def _grouping(label: str, operation: str, field: str, kind: str, scale: str) -> Json:
    source = {"sourceField": field} if field else {}
    return source | {
        "label": label,
        "customLabel": True,
        "operationType": operation,
        "dataType": kind,
        "isBucketed": True,
        "scale": scale,
    }


def _ranges(breakdown: Ranges) -> list[Json]:
    bounds = breakdown.bounds
    pairs = list(pairwise(bounds))
    texts = [f"{low:g} to {high:g}" for low, high in pairs[:-1]] + [f"{bounds[-2]:g} and more"]
    if any("e+" in text for text in texts):
        texts = [f"{low:.0f} to {high:.0f}" for low, high in pairs]
    return [{"from": low, "to": high, "label": text} for (low, high), text in zip(pairs, texts, strict=True)]


def _terms(breakdown: Terms, columns: Sequence[Column]) -> Json:
    by: Json = {"type": "alphabetical", "fallback": False}
    if breakdown.by is not None:
        by = {"type": "column", "columnId": column_id(columns[breakdown.by].label)}
    return {
        "size": breakdown.size,
        "orderBy": by,
        "orderDirection": "asc" if breakdown.by is None else "desc",
        "otherBucket": breakdown.other,
        "missingBucket": breakdown.missing,
        "parentFormat": {"id": "terms"},
        "include": [],
        "exclude": [],
        "includeIsRegex": False,
        "excludeIsRegex": False,
    }


def _number(column: Column, fields: Fields) -> dict[str, Json]:
    """A number's column, after those that it is made from."""
    id_ = column_id(column.label)
    if isinstance(column.value, Ratio):
        return _formula(id_, column.label, column.value)
    lens = _measure(column.value, fields)
    if column.decimals is not None:
        lens["params"]["format"] = {"id": "number", "params": {"decimals": column.decimals}}
    return {id_: lens | {"label": column.label, "customLabel": True}}


def _formula(id_: str, label: str, ratio: Ratio) -> dict[str, Json]:
    text = formula(ratio)
    names = [f"{id_}X0", f"{id_}X1"]
    part = {"label": f"Part of {text}", "customLabel": True}
    location = {"min": 0, "max": len(text)}
    ast = {"type": "function", "name": "divide", "args": names, "location": location, "text": text}
    whole = {"operationType": "math", "dataType": "number", "isBucketed": False, "scale": "ratio"}
    params = {"formula": text, "isFormulaBroken": False, "format": SHARE_FORMAT}
    return {
        names[0]: _measure(ratio.part, {}) | part,
        names[1]: _measure(ratio.whole, {}) | part,
        f"{id_}X2": whole | part | {"params": {"tinymathAst": ast}, "references": names},
        id_: whole
        | {"operationType": "formula", "label": label, "customLabel": True}
        | {"params": params, "references": [f"{id_}X2"]},
    }


def _measure(measure: Measure, fields: Fields) -> Json:
    """One aggregation without its name; `fields` are needed for those that give a field's own value."""
    own = fields[measure.field].type if measure.operation in {"min", "max", "last_value"} else LONG
    lens: Json = {
        "operationType": measure.operation,
        "sourceField": measure.field,
        "dataType": LENS_TYPES[own],
        "isBucketed": False,
        "scale": "ratio" if own in {LONG, FLOAT} else "ordinal",
        "params": _params(measure),
    }
    where = kql(measure.where)
    if measure.operation == "last_value":
        where = f"{measure.field} : *"
    if where:
        lens["filter"] = {"query": where, "language": "kuery"}
    if measure.shift:
        lens["timeShift"] = measure.shift
    return lens


def _params(measure: Measure) -> Json:
    match measure.operation:
        case "count" | "unique_count" | "sum":
            return {"emptyAsNull": False}
        case "percentile":
            return {"percentile": measure.percentile}
        case "last_value":
            return {"sortField": "@timestamp", "showArrayValues": False}
        case _:
            return {}
