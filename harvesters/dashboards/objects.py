"""The saved objects of Kibana, one a line: a tag, the data views, lists of documents, the dashboards.

The format is the oldest that all Kibanas from 8.8 to 9.x read; a newer version number would be refused by older ones,
none at all would make newer ones run migrations that are not meant for these objects.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from harvesters.dashboards.conditions import kql
from harvesters.dashboards.model import Control, Dashboard, Listing, Note, Panel, View, panels_of, slug
from harvesters.dashboards.panels import EMPTY_QUERY, Names, named, panel_id, placed, reference
from harvesters.dashboards.views import NAMES, TIME, formats, pattern

Json = dict[str, Any]
CORE_VERSION = "8.8.0"
VERSIONS = {"tag": "8.0.0", "index-pattern": "8.0.0", "search": "8.0.0", "dashboard": "8.7.0"}
USUAL_PREFIX = "vconf"
LINKS_HEIGHT = 3
INDEX_REFERENCE = "kibanaSavedObjectMeta.searchSourceJSON.index"
OPTIONS = {
    "useMargins": True, "syncColors": True, "syncCursor": True, "syncTooltips": False, "hidePanelTitles": False,
}  # fmt: skip
HEED_ALL = {"ignoreFilters": False, "ignoreQuery": False, "ignoreTimerange": False, "ignoreValidations": False}


def saved_objects(dashboards: Iterable[Dashboard], names: Names) -> list[Json]:
    """Every object, those that are referred to first."""
    shown = tuple(dashboards)
    found = [
        _object("tag", names.tag, {"name": names.prefix, "description": "Video-call quality", "color": "#54B399"}, [])
    ]
    found += [_data_view(view, names) for view in View]
    for dashboard in shown:
        lists = [panel for panel in panels_of(dashboard) if isinstance(panel, Listing)]
        found += [_search(panel, dashboard.key, names) for panel in lists]
    return found + [_dashboard(each, shown, names) for each in shown]


def as_ndjson(objects: Iterable[Json]) -> str:
    """The objects as Kibana imports them, one a line; the same objects give the same text."""
    return "".join(f"{_text(each)}\n" for each in objects)


def _text(value: Json | list[Json]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _object(kind: str, id_: str, attributes: Json, references: list[Json]) -> Json:
    return {
        "type": kind,
        "id": id_,
        "attributes": attributes,
        "references": references,
        "managed": False,
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": VERSIONS[kind],
    }


def _tagged(names: Names) -> Json:
    return reference("tag", names.tag, f"tag-ref-{names.tag}")


def _data_view(view: View, names: Names) -> Json:
    attributes = {
        "title": pattern(names.prefix, view),
        "name": f"{names.prefix} {NAMES[view]}",
        "timeFieldName": TIME,
        "fields": "[]",
        "fieldAttrs": "{}",
        "fieldFormatMap": _text(formats(view, names.fields)),
        "runtimeFieldMap": "{}",
        "sourceFilters": "[]",
        "typeMeta": "{}",
        "allowHidden": False,
    }
    return _object("index-pattern", names.view(view), attributes, [])


def _search(panel: Listing, key: str, names: Names) -> Json:
    query = {"query": kql(panel.where), "language": "kuery"}
    source = {"query": query, "filter": [], "indexRefName": INDEX_REFERENCE}
    attributes = {
        "title": _titled(panel.title, names),
        "description": "",
        "columns": list(panel.fields),
        "sort": [[TIME, "desc"]],
        "grid": {},
        "hideChart": True,
        "isTextBasedQuery": False,
        "timeRestore": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": _text(source)},
    }
    references = [reference("index-pattern", names.view(panel.view), INDEX_REFERENCE), _tagged(names)]
    return _object("search", names.listing(key, panel), attributes, references)


def _titled(title: str, names: Names) -> str:
    """A title; with another prefix it says so, since both sets may be in one Kibana."""
    return title if names.prefix == USUAL_PREFIX else f"{title} ({names.prefix})"


def _dashboard(dashboard: Dashboard, all_of_them: tuple[Dashboard, ...], names: Names) -> Json:
    panels, references = _panels(dashboard, all_of_them, names)
    for control in dashboard.controls:
        name = f"controlGroup_{_control_id(control)}:optionsListDataView"
        references.append(reference("index-pattern", names.view(control.view), name))
    attributes = {
        "title": _titled(dashboard.title, names),
        "description": dashboard.about,
        "panelsJSON": _text(panels),
        "optionsJSON": _text(OPTIONS),
        "timeRestore": True,
        "timeFrom": dashboard.since,
        "timeTo": "now",
        "refreshInterval": {"pause": True, "value": 60000},
        "version": 1,
        "kibanaSavedObjectMeta": {"searchSourceJSON": _text({"query": EMPTY_QUERY, "filter": []})},
        "controlGroupInput": _controls(dashboard.controls),
    }
    return _object("dashboard", names.dashboard(dashboard.key), attributes, [*references, _tagged(names)])


def _panels(dashboard: Dashboard, all_of_them: tuple[Dashboard, ...], names: Names) -> tuple[list[Json], list[Json]]:
    """The panels with their places, the row of links first, and their references."""
    panels: list[Json] = []
    references: list[Json] = []
    for panel, (x, y, width, height) in places(dashboard, all_of_them, names):
        made, id_ = placed(panel, dashboard.key, names), panel_id(panel)
        grid = {"x": x, "y": y, "w": width, "h": height, "i": id_}
        panels.append(made.panel | {"panelIndex": id_, "gridData": grid})
        references += named(made.references, id_)
    return panels, references


def places(
    dashboard: Dashboard, all_of_them: tuple[Dashboard, ...], names: Names
) -> Iterator[tuple[Panel, tuple[int, int, int, int]]]:
    """Each panel with its place: from the left, from the top, width, height."""
    yield _links(dashboard, all_of_them, names), (0, 0, 48, LINKS_HEIGHT)
    y = LINKS_HEIGHT
    for row in dashboard.rows:
        x = 0
        for width, panel in row.panels:
            yield panel, (x, y, width, row.height)
            x += width
        y += row.height


def _links(here: Dashboard, all_of_them: tuple[Dashboard, ...], names: Names) -> Note:
    """The way to the other dashboards; as Markdown, since a panel of links is not known before Kibana 8.11."""
    texts = [
        f"**{each.short}**" if each is here else f"[{each.short}](#/view/{names.dashboard(each.key)})"
        for each in all_of_them
    ]
    return Note("links", " · ".join(texts))


def _control_id(control: Control) -> str:
    return f"control-{slug(control.label)}"


def _controls(controls: tuple[Control, ...]) -> Json:
    return {
        "chainingSystem": "HIERARCHICAL",
        "controlStyle": "oneLine",
        "ignoreParentSettingsJSON": _text(HEED_ALL),
        "panelsJSON": _text({_control_id(each): _control(each, place) for place, each in enumerate(controls)}),
    }


def _control(control: Control, place: int) -> Json:
    own = {
        "id": _control_id(control),
        "fieldName": control.field,
        "title": control.label,
        "enhancements": {},
        "selectedOptions": [],
        "singleSelect": False,
        "searchTechnique": "prefix",
        "sort": {"by": "_count", "direction": "desc"},
    }
    return {"type": "optionsListControl", "order": place, "grow": True, "width": "medium", "explicitInput": own}
