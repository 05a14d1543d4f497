"""What of saved objects a person would notice, and how two of one id differ in it.

Kibana moves what it stores to its own newer form, so that bytes never match. Titles, places, questions, numbers and
choices stay.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
PARTS = "math"


def differences(wanted: Json, there: Json) -> list[str]:
    """Where an object that is there differs from the one that is wanted, for people; empty if it does not."""
    ours = essence(wanted)
    try:
        theirs = essence(there)
    except (KeyError, TypeError, ValueError, AttributeError):
        return ["it is stored in a form that cannot be compared"]
    named = {*(each for each in ours if ours[each] != theirs.get(each)), *(set(theirs) - set(ours))}
    return sorted(f"{name} {_how(name, ours, theirs)}" for name in named)


def _how(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    if name not in theirs:
        return "is not there"
    return "is other" if name in ours else "is only there"


def essence(each: Json) -> dict[str, Any]:
    """What a person would notice of an object, by name.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is not in the form that we write.
    """
    attributes = each["attributes"]
    match each["type"]:
        case "tag":
            return {name: attributes[name] for name in ("name", "color")}
        case "index-pattern":
            shown = json.loads(attributes.get("fieldFormatMap") or "{}")
            kept = {name: attributes.get(name) for name in ("title", "name", "timeFieldName")}
            return kept | {f"format of {name}": value for name, value in shown.items()}
        case "search":
            source = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
            return {"title": attributes["title"], "columns": attributes["columns"], "filter": source["query"]["query"]}
    return dict(_dashboard(attributes))


def _dashboard(attributes: Json) -> Iterator[tuple[str, Any]]:
    yield from ((name, attributes.get(name)) for name in ("title", "description", "timeFrom", "timeTo"))
    controls = json.loads(attributes["controlGroupInput"]["panelsJSON"])
    for control in controls.values():
        chosen = control["explicitInput"]
        yield f"control of {chosen['fieldName']}", chosen.get("title")
    for panel in json.loads(attributes["panelsJSON"]):
        title, grid = panel["panelIndex"], panel["gridData"]
        yield f"place of {title}", tuple(grid[name] for name in ("x", "y", "w", "h"))
        yield f"panel {title}", _panel(panel["embeddableConfig"])


def _panel(config: Json) -> Json:
    """A panel's content: of Lens its columns, of others their text."""
    if "savedVis" in config:
        return {"params": config["savedVis"]["params"]}
    if "attributes" not in config:
        return {}
    attributes = config["attributes"]
    layers = attributes["state"]["datasourceStates"]["formBased"]["layers"]
    return {
        "title": attributes["title"],
        "kind": attributes["visualizationType"],
        "filter": attributes["state"]["query"]["query"],
        "columns": {f"{layer}/{name}": each for layer, found in layers.items() for name, each in _columns(found)},
    }


def _columns(layer: Json) -> Iterator[tuple[str, Json]]:
    """The columns but those that a formula is made from, which newer Kibanas leave out."""
    parts = {part for each in layer["columns"].values() for part in each.get("references", ())}
    for name, each in layer["columns"].items():
        if name not in parts and each["operationType"] != PARTS:
            params = each.get("params", {})
            yield (
                name,
                {
                    "label": each["label"],
                    "operation": each["operationType"],
                    "field": each.get("sourceField"),
                    "filter": each.get("filter", {}).get("query", ""),
                    "shift": each.get("timeShift", ""),
                    **{
                        key: params.get(key)
                        for key in ("formula", "percentile", "interval", "size", "orderBy", "value")
                    },
                },
            )
