"""The data views: which indices, which field is their time, how numbers are shown."""

from collections.abc import Iterable, Mapping
from typing import Any

from harvesters.core.encode import INDEX
from harvesters.core.fields import FLOAT, LONG, RUN_TYPES, Field
from harvesters.core.templates import RUNS
from harvesters.dashboards.model import View

TIME = "@timestamp"
NAMES = {
    View.CONFERENCES: "conferences",
    View.PARTICIPANTS: "participants: a stay each",
    View.STREAMS: "streams, with the quality of each",
    View.SAMPLES: "samples: a measurement each",
    View.ISSUES: "issues: what went wrong",
    View.USAGE: "usage: the vendor's own totals",
    View.RUNS: "runs and days of the harvester",
}
TYPES: Mapping[View, tuple[str, ...]] = {
    **{View(base): (type_,) for type_, base in INDEX.items()},
    View.RUNS: RUN_TYPES,
}
SECONDS = {
    "inputFormat": "seconds",
    "outputFormat": "humanizePrecise",
    "outputPrecision": 1,
    "useShortSuffix": True,
    "showSuffix": True,
}


def pattern(prefix: str, view: View) -> str:
    """The indices of a view."""
    return f"{prefix}-{RUNS}" if view is View.RUNS else f"{prefix}-{view}-*"


def fields_in(view: View, fields: Iterable[Field]) -> dict[str, Field]:
    """The fields that documents of a view may have, by name."""
    kinds = set(TYPES[view])
    return {each.name: each for each in fields if kinds & set(each.types)}


def formats(view: View, fields: Iterable[Field]) -> dict[str, Any]:
    """How the numbers of a view are shown, by the unit at the end of their names."""
    numbers = [each for each in fields_in(view, fields).values() if each.type in {FLOAT, LONG}]
    found = {each.name: _format(each.name) for each in numbers}
    return {name: shown for name, shown in sorted(found.items()) if shown}


def _format(name: str) -> dict[str, Any] | None:
    # A stream's values have their statistic behind the unit.
    unit = name.removesuffix(".avg").removesuffix(".max").removesuffix(".p95").rpartition("_")[2]
    match unit:
        case "pct":
            return {"id": "number", "params": {"pattern": "0,0.0"}}
        case "ms" | "kbps" | "mb":
            return {"id": "number", "params": {"pattern": "0,0"}}
        case "s":
            return {"id": "duration", "params": SECONDS}
    return {"id": "number", "params": {"pattern": "0,0"}} if ".minutes." in name else None
