"""Panels as a dashboard holds them: Lens, text and Vega by value, lists of documents by reference."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from harvesters.core.fields import Field
from harvesters.dashboards.conditions import kql
from harvesters.dashboards.lens_columns import LAYER, columns_of
from harvesters.dashboards.lens_looks import LIMIT, TARGET, TYPES, look
from harvesters.dashboards.measures import narrowed
from harvesters.dashboards.model import Chart, Listing, Note, Panel, Presences, View, slug
from harvesters.dashboards.vega import presences
from harvesters.dashboards.views import TIME, fields_in

Json = dict[str, Any]
EMPTY_QUERY = {"query": "", "language": "kuery"}
DRILLDOWN = "DASHBOARD_TO_DASHBOARD_DRILLDOWN"


@dataclass(frozen=True, slots=True)
class Names:
    """The ids of a set of dashboards: all begin with the prefix of the indices.

    An id that is taken in another space would be changed by Kibana on import, and links would lead nowhere. So the
    space is part of them, after a dot, which no prefix has; "" is Kibana's own space.
    """

    prefix: str
    fields: tuple[Field, ...]
    space: str = ""

    @property
    def root(self) -> str:
        """What all ids begin with."""
        return f"{self.prefix}.{self.space}" if self.space else self.prefix

    @property
    def tag(self) -> str:
        """Of the tag that all objects bear."""
        return f"{self.root}-tag"

    def view(self, view: View) -> str:
        """Of a data view."""
        return f"{self.root}-dv-{view}"

    def dashboard(self, key: str) -> str:
        """Of a dashboard."""
        return f"{self.root}-{key}"

    def listing(self, key: str, panel: Listing) -> str:
        """Of the list of documents that a dashboard shows."""
        return f"{self.root}-list-{key}-{slug(panel.title)}"


@dataclass(frozen=True, slots=True)
class Placed:
    """A panel as the dashboard holds it, without its place, and what it refers to (names without the panel's id)."""

    panel: Json
    references: list[Json]


def reference(kind: str, id_: str, name: str) -> Json:
    """One reference of a saved object."""
    return {"type": kind, "id": id_, "name": name}


def panel_id(panel: Panel) -> str:
    """The id of a panel inside its dashboard, by its title."""
    return slug(panel.title)


def placed(panel: Panel, key: str, names: Names) -> Placed:
    """A panel of the dashboard with that key."""
    match panel:
        case Chart():
            return _chart(panel, names)
        case Note(_, text):
            return _visualization("markdown", "", {"fontSize": 12, "openLinksInNewTab": False, "markdown": text})
        case Presences(title, view):
            spec = json.dumps(presences(names.prefix, view), sort_keys=True)
            made = _visualization("vega", title, {"spec": spec})
            return replace(made, panel=made.panel | {"title": title})
        case Listing():
            return _listing(panel, key, names)


def _chart(chart: Chart, names: Names) -> Placed:
    attributes = lens(chart, names)
    config: Json = {"enhancements": {}, "attributes": attributes}
    references = list(attributes["references"])
    if chart.opens:
        event = f"open-{chart.opens}"
        config["enhancements"] = {"dynamicActions": {"events": [_drilldown(event, chart.opens)]}}
        name = f"drilldown:{DRILLDOWN}:{event}:dashboardId"
        references.append(reference("dashboard", names.dashboard(chart.opens), name))
    return Placed({"type": "lens", "title": chart.title, "embeddableConfig": config}, references)


def _drilldown(event: str, key: str) -> Json:
    config = {"useCurrentFilters": True, "useCurrentDateRange": True, "openInNewTab": False}
    action = {"factoryId": DRILLDOWN, "name": f"Open this {key}", "config": config}
    return {"eventId": event, "triggers": ["FILTER_TRIGGER"], "action": action}


def lens(chart: Chart, names: Names) -> Json:
    """A chart as Lens stores it."""
    chart = _of_its_own(chart)
    layers = {LAYER: _layer(columns_of(chart, fields_in(chart.view, names.fields), TIME), chart)}
    if chart.target is not None:
        layers[LIMIT] = _layer({TARGET: _static(chart.target)}, chart)
    view = names.view(chart.view)
    return {
        "type": "lens",
        "title": chart.title,
        "description": "",
        "visualizationType": TYPES[chart.kind],
        "references": [reference("index-pattern", view, f"indexpattern-datasource-layer-{each}") for each in layers],
        "state": {
            "datasourceStates": {"formBased": {"layers": layers}},
            "visualization": look(chart),
            "query": {"query": kql(chart.where), "language": "kuery"},
            "filters": [],
            "internalReferences": [],
            "adHocDataViews": {},
        },
    }


def _of_its_own(chart: Chart) -> Chart:
    """A chart that ignores the dashboard's filters, with its own in its numbers: Lens ignores the panel's, too."""
    where = chart.where
    if where is None or not chart.everywhere:
        return chart
    columns = tuple(replace(each, value=narrowed(each.value, where)) for each in chart.columns)
    return replace(chart, columns=columns, where=None)


def _layer(columns: dict[str, Json], chart: Chart) -> Json:
    return {
        "columnOrder": list(columns),
        "columns": columns,
        "incompleteColumns": {},
        "sampling": 1,
        "ignoreGlobalFilters": chart.everywhere,
    }


def _static(value: float) -> Json:
    return {
        "label": "target",
        "customLabel": True,
        "operationType": "static_value",
        "dataType": "number",
        "isBucketed": False,
        "scale": "ratio",
        "isStaticValue": True,
        "params": {"value": f"{value:g}"},
        "references": [],
    }


def _visualization(kind: str, title: str, params: Json) -> Placed:
    """What is older than Lens: Markdown and Vega."""
    data = {"aggs": [], "searchSource": {"query": EMPTY_QUERY, "filter": []}}
    saved = {
        "id": "", "title": title, "description": "", "type": kind, "params": params, "uiState": {}, "data": data,
    }  # fmt: skip
    config: Json = {"enhancements": {}, "savedVis": saved}
    if not title:
        config["hidePanelTitles"] = True
    return Placed({"type": "visualization", "embeddableConfig": config}, [])


def _listing(panel: Listing, key: str, names: Names) -> Placed:
    # Kibana before 9 reads the first name, later ones the second.
    id_, own = names.listing(key, panel), f"panel_{panel_id(panel)}"
    references = [reference("search", id_, each) for each in (own, "savedObjectRef")]
    return Placed({"type": "search", "title": panel.title, "embeddableConfig": {}, "panelRefName": own}, references)


def named(references: Iterable[Json], panel: str) -> list[Json]:
    """The references of a panel as its dashboard holds them."""
    return [each | {"name": f"{panel}:{each['name']}"} for each in references]
