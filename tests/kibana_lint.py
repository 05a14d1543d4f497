"""What a saved object of Kibana must hold to: each rule gives what breaks it, in words."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema

Json = dict[str, Any]
Node = Json | list[Any] | str | float | None
"""Anything that JSON knows."""
SCHEMA: Json = json.loads((Path(__file__).parent / "data" / "kibana" / "saved-objects.schema.json").read_text())
VERSIONS = {"tag": "8.0.0", "index-pattern": "8.0.0", "search": "8.0.0", "dashboard": "8.7.0"}


def schema_errors(objects: Iterable[Json]) -> Iterator[str]:
    """Each line by the schema, and each text inside that is JSON by its own."""
    for each in objects:
        yield from _invalid(each, {"$ref": "#"}, each["id"])
        attributes = each["attributes"]
        if each["type"] == "dashboard":
            yield from _invalid(json.loads(attributes["panelsJSON"]), {"$ref": "#/$defs/panels"}, each["id"])
            yield from _invalid(json.loads(attributes["optionsJSON"]), {"$ref": "#/$defs/options"}, each["id"])
            controls = json.loads(attributes["controlGroupInput"]["panelsJSON"])
            yield from _invalid(controls, {"$ref": "#/$defs/controls"}, each["id"])
            for panel in lens_panels(each):
                state = panel["embeddableConfig"]["attributes"]["state"]
                yield from _invalid(state, {"$ref": "#/$defs/lensState"}, f"{each['id']} {panel['panelIndex']}")
        if each["type"] == "index-pattern":
            shown = json.loads(attributes["fieldFormatMap"])
            yield from _invalid(shown, {"$ref": "#/$defs/fieldFormatMap"}, each["id"])


def _invalid(value: Node, rule: Json, where: str) -> Iterator[str]:
    schema = SCHEMA if rule == {"$ref": "#"} else {"$defs": SCHEMA["$defs"], **rule}
    for error in jsonschema.Draft202012Validator(schema).iter_errors(value):
        yield f"{where}: {error.json_path}: {error.message[:200]}"


def panels(dashboard: Json) -> list[Json]:
    found: list[Json] = json.loads(dashboard["attributes"]["panelsJSON"])
    return found


def lens_panels(dashboard: Json) -> list[Json]:
    return [panel for panel in panels(dashboard) if panel["type"] == "lens"]


def layers(panel: Json) -> Json:
    found: Json = panel["embeddableConfig"]["attributes"]["state"]["datasourceStates"]["formBased"]["layers"]
    return found


def _dashboards(objects: Iterable[Json]) -> list[Json]:
    return [each for each in objects if each["type"] == "dashboard"]


# -- rules over all objects ----------------------------------------------------------------------------


def versions(objects: Iterable[Json]) -> Iterator[str]:
    """The oldest versions, exactly, and nothing that Kibana writes by itself."""
    for each in objects:
        if (each.get("coreMigrationVersion"), each.get("typeMigrationVersion")) != ("8.8.0", VERSIONS[each["type"]]):
            yield f"{each['id']}: other versions"
        if set(each) & {"version", "created_at", "updated_at", "namespaces", "migrationVersion"}:
            yield f"{each['id']}: members that Kibana writes"


def unique_ids(objects: Iterable[Json]) -> Iterator[str]:
    """Every id once, and every panel of a dashboard too."""
    every = list(objects)
    counts = Counter((each["type"], each["id"]) for each in every)
    yield from (f"{id_} stands twice" for id_, number in counts.items() if number > 1)
    for each in _dashboards(every):
        names = Counter(panel["panelIndex"] for panel in panels(each))
        yield from (f"{each['id']}: panel {name} stands twice" for name, number in names.items() if number > 1)


def references(objects: Iterable[Json]) -> Iterator[str]:
    """Every reference leads to an object of the file, has its place, and every place has its reference."""
    every = list(objects)
    there = {(each["type"], each["id"]) for each in every}
    for each in every:
        names = Counter(one["name"] for one in each["references"])
        yield from (f"{each['id']}: {name} stands twice" for name, number in names.items() if number > 1)
        lost = [one for one in each["references"] if (one["type"], one["id"]) not in there]
        yield from (f"{each['id']}: {one['name']} leads nowhere" for one in lost)
        wanted = set(_places(each))
        yield from (f"{each['id']}: {name} has no reference" for name in wanted - set(names))
        yield from (f"{each['id']}: {name} belongs to nothing" for name in set(names) - wanted)


def _places(each: Json) -> Iterator[str]:
    """The names of references that an object needs."""
    if each["type"] in {"dashboard", "search"}:
        yield next(one["name"] for one in each["references"] if one["type"] == "tag")
    if each["type"] == "search":
        source = json.loads(each["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
        yield source["indexRefName"]
    if each["type"] == "dashboard":
        for panel in panels(each):
            yield from (f"{panel['panelIndex']}:{name}" for name in _panel_places(panel))
        controls = json.loads(each["attributes"]["controlGroupInput"]["panelsJSON"])
        yield from (f"controlGroup_{name}:optionsListDataView" for name in controls)


def _panel_places(panel: Json) -> Iterator[str]:
    if panel["type"] == "search":
        yield from (panel["panelRefName"], "savedObjectRef")
    if panel["type"] == "lens":
        yield from (f"indexpattern-datasource-layer-{name}" for name in layers(panel))
        actions = panel["embeddableConfig"]["enhancements"].get("dynamicActions", {"events": []})
        for event in actions["events"]:
            yield f"drilldown:{event['action']['factoryId']}:{event['eventId']}:dashboardId"


def inner_references(objects: Iterable[Json]) -> Iterator[str]:
    """A Lens panel's own references are those that its dashboard repeats."""
    for each in _dashboards(objects):
        outer = {(one["name"], one["id"]) for one in each["references"]}
        for panel in lens_panels(each):
            attributes = panel["embeddableConfig"]["attributes"]
            inner = {(f"{panel['panelIndex']}:{one['name']}", one["id"]) for one in attributes["references"]}
            if not inner <= outer or len(inner) != len(layers(panel)):
                yield f"{each['id']}: {panel['panelIndex']} refers to something else inside"
            if "panelRefName" in panel:
                yield f"{each['id']}: {panel['panelIndex']} is both by value and by reference"


def grid(objects: Iterable[Json]) -> Iterator[str]:
    """48 columns, no two panels on one place, the panel's id in it."""
    for each in _dashboards(objects):
        for panel in panels(each):
            place = panel["gridData"]
            if place["i"] != panel["panelIndex"] or place["x"] + place["w"] > 48:
                yield f"{each['id']}: {panel['panelIndex']} is outside, or another"
        for one, other in combinations([panel["gridData"] for panel in panels(each)], 2):
            apart = (
                one["x"] + one["w"] <= other["x"]
                or other["x"] + other["w"] <= one["x"]
                or one["y"] + one["h"] <= other["y"]
                or other["y"] + other["h"] <= one["y"]
            )
            if not apart:
                yield f"{each['id']}: {one['i']} and {other['i']} overlap"


def time_is_kept(objects: Iterable[Json]) -> Iterator[str]:
    """A dashboard opens with its own time, else past data looks empty."""
    for each in _dashboards(objects):
        found = each["attributes"]
        if not (found["timeRestore"] and found["timeFrom"] and found["timeTo"]):
            yield f"{each['id']} opens with Kibana's time"


# -- rules of Lens -------------------------------------------------------------------------------------


def columns_in_order(objects: Iterable[Json]) -> Iterator[str]:
    """`columnOrder` has every column once, buckets first."""
    for where, layer in _layers(objects):
        if sorted(layer["columnOrder"]) != sorted(layer["columns"]):
            yield f"{where}: columnOrder has other columns"
        kinds = [layer["columns"][name]["isBucketed"] for name in layer["columnOrder"]]
        if kinds != sorted(kinds, reverse=True):
            yield f"{where}: a number stands before a group"


def _layers(objects: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    for each in _dashboards(objects):
        for panel in lens_panels(each):
            for name, layer in layers(panel).items():
                yield f"{each['id']}: {panel['panelIndex']}: {name}", layer


def sorted_by_what_can_sort(objects: Iterable[Json]) -> Iterator[str]:
    """Groups are ordered by a number of their own layer that is no formula, nor part of one."""
    for where, layer in _layers(objects):
        parts = {name for each in layer["columns"].values() for name in each.get("references", ())}
        for each in layer["columns"].values():
            by = each.get("params", {}).get("orderBy", {})
            if by.get("type") != "column":
                continue
            column = layer["columns"].get(by["columnId"])
            if column is None or "references" in column or column["isBucketed"] or by["columnId"] in parts:
                yield f"{where}: {by['columnId']} cannot order anything"


def formulas_are_whole(objects: Iterable[Json]) -> Iterator[str]:
    """A formula's parts stand beside it, lead to each other, and say what its text says."""
    for where, layer in _layers(objects):
        columns = layer["columns"]
        formulas = {name: each for name, each in columns.items() if each["operationType"] == "formula"}
        parts = {name for name in columns if any(name.startswith(f"{each}X") for each in formulas)}
        reached: set[str] = set()
        for name, each in formulas.items():
            yield from (f"{where}: {problem}" for problem in _formula(name, each, columns, reached))
        yield from (f"{where}: {name} belongs to no formula" for name in parts - reached)


def _formula(name: str, formula: Json, columns: Json, reached: set[str]) -> Iterator[str]:
    text = formula["params"]["formula"]
    last = formula["references"][-1]
    inner = columns.get(last)
    if inner is None or inner["operationType"] != "math":
        yield f"{name} has no arithmetic"
        return
    ast = inner["params"]["tinymathAst"]
    reached |= {last, *inner["references"]}
    if ast["args"] != inner["references"] or not set(ast["args"]) <= set(columns):
        yield f"{name}: the arithmetic is of other columns"
        return
    if ast["text"] != text or ast["location"] != {"min": 0, "max": len(text)}:
        yield f"{name}: the arithmetic has another text"
    terms = [_term(columns[each]) for each in ast["args"]]
    if text != " / ".join(terms):
        yield f"{name}: the text is not that of its parts: {text}"


def _term(column: Json) -> str:
    own = [] if column["sourceField"] == "___records___" else [column["sourceField"]]
    own += [f"kql='{column['filter']['query']}'"] if "filter" in column else []
    own += [f"shift='{column['timeShift']}'"] if "timeShift" in column else []
    return f"{column['operationType']}({', '.join(own)})"


def accessors(objects: Iterable[Json]) -> Iterator[str]:
    """What a picture shows are columns of its layers, and every column that is no part of a formula is shown."""
    for each in _dashboards(objects):
        for panel in lens_panels(each):
            state = panel["embeddableConfig"]["attributes"]["state"]
            found = layers(panel)
            columns = {name for layer in found.values() for name in layer["columns"]}
            parts = {name for layer in found.values() for name in _parts(layer)}
            shown = set(_accessors(state["visualization"]))
            if shown != columns - parts:
                yield f"{each['id']}: {panel['panelIndex']} shows {shown ^ (columns - parts)}"
            named = set(_values(state["visualization"], "layerId"))
            if named != set(found):
                yield f"{each['id']}: {panel['panelIndex']} draws other layers"


def _parts(layer: Json) -> Iterator[str]:
    for each in layer["columns"].values():
        yield from each.get("references", ())


ACCESSORS = {"metricAccessor", "secondaryMetricAccessor", "xAccessor", "yAccessor", "valueAccessor", "splitAccessor",
             "columnId", "forAccessor", "accessor", "accessors", "primaryGroups", "metrics"}  # fmt: skip


def _accessors(node: Node) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _accessors(each)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in ACCESSORS:
                yield from [value] if isinstance(value, str) else value
            else:
                yield from _accessors(value)


def _values(node: Node, wanted: str) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _values(each, wanted)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == wanted:
                yield value
            else:
                yield from _values(value, wanted)


def filters_are_heeded(objects: Iterable[Json]) -> Iterator[str]:
    """A layer that ignores the dashboard's filters ignores the panel's own as well, so there must be none."""
    for each in _dashboards(objects):
        for panel in lens_panels(each):
            ignores = any(layer["ignoreGlobalFilters"] for layer in layers(panel).values())
            if ignores and panel["embeddableConfig"]["attributes"]["state"]["query"]["query"]:
                yield f"{each['id']}: {panel['panelIndex']} has a filter that nobody heeds"


RULES: tuple[Callable[[list[Json]], Iterator[str]], ...] = (
    schema_errors, versions, unique_ids, references, inner_references, grid, time_is_kept, columns_in_order,
    sorted_by_what_can_sort, formulas_are_whole, accessors, filters_are_heeded,
)  # fmt: skip


def problems(objects: list[Json]) -> list[str]:
    """Everything that breaks a rule."""
    return [problem for rule in RULES for problem in rule(objects)]
