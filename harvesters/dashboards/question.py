"""What a Lens panel asks of Elasticsearch, and the answer as rows: from the panel as it is stored, without a Kibana.

Made from what is shipped and not from the model, so that a panel whose stored form asks for something else is noticed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from harvesters.core.day import iso
from harvesters.dashboards.kql import query
from harvesters.dashboards.measures import RECORDS, WEEK

Json = dict[str, Any]
Row = dict[str, Any]
Search = Callable[[str, Json], Json]
"""Asks an index pattern with a body; gives the answer."""
SHIFTS = {"": timedelta(), WEEK: timedelta(days=7)}
MISSING = "(missing value)"
AUTO_BUCKETS = 50
INTERVALS = {"d": "calendar_interval", "w": "calendar_interval"}
NO_PARTS = ("formula", "math", "static_value")


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is looked at, half-open, aware UTC."""

    start: datetime
    end: datetime

    def before(self, shift: str) -> "Window":
        """The same length, so much earlier."""
        return replace(self, start=self.start - SHIFTS[shift], end=self.end - SHIFTS[shift])

    def query(self, field: str) -> Json:
        """Documents of that time."""
        return {"range": {field: {"gte": iso(self.start), "lt": iso(self.end)}}}


def rows(attributes: Json, layer: str, window: Window, ask: Callable[[Json], Json]) -> list[Row]:
    """The rows that a layer of a Lens panel shows: by the ids of its columns, shares worked out.

    `ask` sends a body to the indices of the layer's data view, whose time is `@timestamp`.
    """
    state = attributes["state"]
    asked = state["datasourceStates"]["formBased"]["layers"][layer]
    # Lens leaves out the panel's own filter as well.
    columns, words = asked["columns"], "" if asked["ignoreGlobalFilters"] else state["query"]["query"]
    where, found = query(words), {}
    for shift in sorted({each.get("timeShift", "") for each in columns.values()}):
        body = _body(columns, shift, window.before(shift), where)
        found[shift] = {_key(row, columns): row for row in _read(columns, shift, ask(body).get("aggregations", {}))}
    return [_worked_out(columns, _joined(key, row, found)) for key, row in found.get("", {}).items()]


def _buckets(columns: Json) -> list[str]:
    return [name for name, each in columns.items() if each["isBucketed"]]


def _key(row: Row, columns: Json) -> tuple[Any, ...]:
    """What a row is about."""
    return tuple(row[name] for name in _buckets(columns))


def _joined(key: tuple[Any, ...], row: Row, found: Mapping[str, Mapping[tuple[Any, ...], Row]]) -> Row:
    """A row together with what was before."""
    return {name: value for others in found.values() for name, value in others.get(key, {}).items()} | row


def _body(columns: Json, shift: str, window: Window, where: Json) -> Json:
    aggs = _metrics(columns, shift)
    for name in reversed(_buckets(columns)):
        aggs = {name: _bucket(columns[name], columns, window) | {"aggs": aggs | _orders(columns[name], columns)}}
    return {"size": 0, "query": {"bool": {"filter": [window.query("@timestamp"), where]}}, "aggs": aggs}


def _metrics(columns: Json, shift: str) -> Json:
    numbers = {
        name: each
        for name, each in columns.items()
        if not each["isBucketed"] and each["operationType"] not in NO_PARTS and each.get("timeShift", "") == shift
    }
    return {name: _metric(each) for name, each in numbers.items()}


def _metric(column: Json) -> Json:
    """One number, among the documents that its own filter leaves."""
    inner = {} if column["sourceField"] == RECORDS else {"value": _aggregation(column)}
    return {"filter": query(column.get("filter", {}).get("query", "")), **({"aggs": inner} if inner else {})}


def _aggregation(column: Json) -> Json:
    field, params = column["sourceField"], column["params"]
    match column["operationType"]:
        case "unique_count":
            return {"cardinality": {"field": field}}
        case "average":
            return {"avg": {"field": field}}
        case "percentile":
            return {"percentiles": {"field": field, "percents": [params["percentile"]]}}
        case "last_value":
            newest = [{params["sortField"]: {"order": "desc"}}]
            return {"top_hits": {"size": 1, "sort": newest, "_source": False, "fields": [field]}}
        case "sum" | "min" | "max" as same:
            return {same: {"field": field}}
    message = f"no aggregation is known for {column['operationType']}"
    raise ValueError(message)


def _bucket(column: Json, columns: Json, window: Window) -> Json:
    field, params = column.get("sourceField"), column["params"]
    match column["operationType"]:
        case "filters":
            return {
                "filters": {"filters": {each["label"]: query(each["input"]["query"]) for each in params["filters"]}}
            }
        case "date_histogram":
            unit = _interval(params["interval"], window)
            limits = {"hard_bounds": {"min": iso(window.start), "max": iso(window.end)}}
            return {"date_histogram": {"field": field, "min_doc_count": 1, **unit, **limits}}
        case "range":
            ranges = [{"key": each["label"], "from": each["from"], "to": each["to"]} for each in params["ranges"]]
            return {"range": {"field": field, "ranges": ranges}}
        case "terms":
            terms = {"field": field, "size": params["size"], "order": _order(params, columns)}
            return {"terms": terms | ({"missing": MISSING} if params["missingBucket"] else {})}
    message = f"no grouping is known for {column['operationType']}"
    raise ValueError(message)


def _interval(every: str, window: Window) -> Json:
    if every == "auto":
        seconds = max(60, int((window.end - window.start).total_seconds() / AUTO_BUCKETS) // 60 * 60)
        return {"fixed_interval": f"{seconds}s"}
    return {INTERVALS.get(every[-1], "fixed_interval"): every}


def _order(params: Json, columns: Json) -> Json:
    by, direction = params["orderBy"], params["orderDirection"]
    if by["type"] == "alphabetical":
        return {"_key": direction}
    column = columns[by["columnId"]]
    of_many = {"percentile": f"value[{column['params'].get('percentile')}]"}
    # A filter alone is ordered by how many documents it leaves.
    inner = "" if column["sourceField"] == RECORDS else f">{of_many.get(column['operationType'], 'value')}"
    return {f"order{inner}": direction}


def _orders(bucket: Json, columns: Json) -> Json:
    """The number that orders a group has to stand in it, also where there are groups below."""
    by = bucket["params"].get("orderBy", {})
    return {"order": _metric(columns[by["columnId"]])} if by.get("type") == "column" else {}


def _read(columns: Json, shift: str, aggregations: Json) -> Iterator[Row]:
    yield from _rows(columns, _buckets(columns), list(_metrics(columns, shift)), aggregations)


def _rows(columns: Json, buckets: Sequence[str], names: Iterable[str], found: Json) -> Iterator[Row]:
    if not buckets:
        yield {name: _value(columns[name], found[name]) for name in names}
        return
    first, *rest = buckets
    buckets_ = found.get(first, {}).get("buckets", ())
    if isinstance(buckets_, dict):  # of cases, by their names
        buckets_ = [{**bucket, "key": name} for name, bucket in buckets_.items()]
    for bucket in buckets_:
        own = {first: bucket.get("key_as_string", bucket["key"])}
        for row in _rows(columns, rest, names, bucket):
            yield own | row


def _value(column: Json, found: Json) -> Any:  # noqa: ANN401 - a number, a text, an instant, or None
    if column["sourceField"] == RECORDS:
        return found["doc_count"]
    value = found["value"]
    match column["operationType"]:
        case "percentile":
            return next(iter(value["values"].values()))
        case "last_value":
            hits = value["hits"]["hits"]
            return hits[0]["fields"][column["sourceField"]][0] if hits else None
    return value.get("value_as_string", value["value"]) if column["dataType"] == "date" else value["value"]


def _worked_out(columns: Json, row: Row) -> Row:
    """A row with its shares."""
    shares = {
        name: _computed(columns, each["references"][0], row)
        for name, each in columns.items()
        if each["operationType"] == "formula"
    }
    return row | shares


def _computed(columns: Json, name: str, row: Row) -> float | None:
    if columns[name]["operationType"] != "math":
        value: float | None = row.get(name)
        return value
    ast = columns[name]["params"]["tinymathAst"]
    if ast["name"] != "divide":
        message = f"no arithmetic is known for {ast['name']}"
        raise ValueError(message)
    part, whole = (_computed(columns, each, row) for each in ast["args"])
    return part / whole if whole and part is not None else None
