"""The dashboards as Kibana imports them: the schema, the rules of its saved objects, and that the file is fresh."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from harvesters import all_fields
from harvesters.core.fields import by_name
from harvesters.dashboards.conditions import fields_of
from harvesters.dashboards.lens_columns import column_id
from harvesters.dashboards.measures import RECORDS, Measure, measures_of, value_fields
from harvesters.dashboards.model import Cases, Chart, Dashboard, Listing, Presences, Ranges, Terms, Time, panels_of
from harvesters.dashboards.shipped import FILE, folder, shipped, write
from harvesters.dashboards.shown import DASHBOARDS
from harvesters.dashboards.vega import SHOWN
from harvesters.dashboards.views import fields_in
from tests import kibana_lint

Json = dict[str, Any]
FIELDS = tuple(by_name(all_fields()).values())
EIGHT = {
    "vconf-overview": "How was the week?",
    "vconf-quality": "Where and why is it bad?",
    "vconf-call": "What happened in this call?",
    "vconf-person": "What does this person live with?",
    "vconf-reliability": "Can people get in and stay?",
    "vconf-usage": "Who uses it, how much, when?",
    "vconf-clients": "Which clients are out there?",
    "vconf-harvest": "Can I trust these numbers?",
}
each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.key)


@pytest.fixture
def objects() -> list[Json]:
    return shipped("vconf")


def of_file() -> list[Json]:
    return [json.loads(line) for line in (folder() / FILE).read_text("utf-8").splitlines()]


def test_the_file_is_that_of_the_definitions(tmp_path: Path) -> None:
    """Where it differs: `make dashboards`."""
    write(tmp_path)
    assert (folder() / FILE).read_bytes() == (tmp_path / FILE).read_bytes()


def test_there_are_the_eight_dashboards_with_fixed_ids() -> None:
    found = {each["id"]: each["attributes"]["title"] for each in of_file() if each["type"] == "dashboard"}
    assert found == EIGHT


def test_no_rule_is_broken() -> None:
    assert kibana_lint.problems(of_file()) == []


def test_another_prefix_is_another_set_of_objects(objects: list[Json]) -> None:
    others = shipped("school")
    assert not {each["id"] for each in others} & {each["id"] for each in objects}
    assert "vconf-" not in json.dumps(others).replace("vconf-harvest", "")
    assert kibana_lint.problems(others) == []


def test_a_space_has_a_set_of_its_own(objects: list[Json]) -> None:
    others = shipped("vconf", "school")
    assert not {each["id"] for each in others} & {each["id"] for each in objects}
    assert kibana_lint.problems(others) == []
    titles = {each["attributes"]["title"] for each in others if each["type"] == "index-pattern"}
    assert "vconf-streams-*" in titles


# -- the rules see what they are there for ------------------------------------------------------------


def _edit(objects: list[Json], change: Callable[[list[Json]], None], key: str = "overview") -> None:
    (dashboard,) = (each for each in objects if each["id"] == f"vconf-{key}")
    panels = json.loads(dashboard["attributes"]["panelsJSON"])
    change(panels)
    dashboard["attributes"]["panelsJSON"] = json.dumps(panels)


def _layer(panels: list[Json], id_: str) -> Json:
    (panel,) = (each for each in panels if each["panelIndex"] == id_)
    layer: Json = kibana_lint.layers(panel)["data"]
    return layer


def newer_version(objects: list[Json]) -> None:
    objects[-1]["typeMigrationVersion"] = "10.2.0"


def no_version(objects: list[Json]) -> None:
    del objects[-1]["typeMigrationVersion"]


def lost_view(objects: list[Json]) -> None:
    objects[:] = [each for each in objects if each["id"] != "vconf-dv-streams"]


def left_over(objects: list[Json]) -> None:
    objects[-1]["references"].append({"type": "tag", "id": "vconf-tag", "name": "nobody"})


def forgotten(objects: list[Json]) -> None:
    objects[-1]["references"].pop(0)


def twice(objects: list[Json]) -> None:
    objects.append(deepcopy(objects[0]))


def overlap(objects: list[Json]) -> None:
    _edit(objects, lambda panels: panels[2]["gridData"].update(x=0))


def outside(objects: list[Json]) -> None:
    _edit(objects, lambda panels: panels[2]["gridData"].update(w=48))


def unordered(objects: list[Json]) -> None:
    _edit(objects, lambda panels: _layer(panels, "which-conferences-were-the-worst")["columnOrder"].reverse())


def childless(objects: list[Json]) -> None:
    def change(panels: list[Json]) -> None:
        layer = _layer(panels, "how-much-was-poor")
        del layer["columns"]["poorX0"]
        layer["columnOrder"].remove("poorX0")

    _edit(objects, change)


def other_filter(objects: list[Json]) -> None:
    _edit(objects, lambda panels: _layer(panels, "how-much-was-poor")["columns"]["poorX0"].pop("filter"))


def by_a_formula(objects: list[Json]) -> None:
    def change(panels: list[Json]) -> None:
        columns = _layer(panels, "which-conferences-were-the-worst")["columns"]
        columns["conference"]["params"]["orderBy"]["columnId"] = "poor"

    _edit(objects, change)


def strange_member(objects: list[Json]) -> None:
    objects[-1]["attributes"]["sections"] = []


def other_time(objects: list[Json]) -> None:
    objects[-1]["attributes"]["timeRestore"] = False


def unheeded(objects: list[Json]) -> None:
    _edit(objects, lambda panels: _layer(panels, "why-was-audio-poor").update(ignoreGlobalFilters=True))


@pytest.mark.parametrize(
    "spoil",
    [
        newer_version, no_version, lost_view, left_over, forgotten, twice, overlap, outside, unordered, childless,
        other_filter, by_a_formula, strange_member, other_time, unheeded,
    ],
    ids=lambda each: each.__name__,
)  # fmt: skip
def test_what_breaks_a_rule_is_seen(objects: list[Json], spoil: Callable[[list[Json]], None]) -> None:
    assert kibana_lint.problems(objects) == []
    spoil(objects)
    assert kibana_lint.problems(objects)


# -- the definitions -----------------------------------------------------------------------------------

NUMERIC, GROUPABLE = {"float", "long"}, {"keyword", "boolean", "long", "ip"}


def _allowed(measure: Measure) -> set[str]:
    match measure.operation:
        case "sum" | "average" | "percentile":
            return NUMERIC
        case "min" | "max":
            return {*NUMERIC, "date"}
    return {"keyword", "boolean", "date", *NUMERIC}


def _misfits(chart: Chart) -> list[str]:
    """Fields of a chart that its documents do not have, or whose type does not fit."""
    known = fields_in(chart.view, FIELDS)
    used = [field for column in chart.columns for field in value_fields(column.value)]
    found = [field for field in (*used, *fields_of(chart.where)) if field not in known]
    measures = [each for column in chart.columns for each in measures_of(column.value) if each.field != RECORDS]
    found += [each.field for each in measures if known[each.field].type not in _allowed(each)]
    for each in chart.by:
        if isinstance(each, Cases):
            found += [field for _, case in each.cases for field in fields_of(case) if field not in known]
            continue
        field = each.field or "@timestamp"
        fitting = {Time: {"date", "date_range"}, Terms: GROUPABLE, Ranges: NUMERIC}[type(each)]
        if field not in known or known[field].type not in fitting:
            found.append(f"grouped by {field}")
    return found


@each_dashboard
def test_every_field_is_in_the_list_with_a_fitting_type(dashboard: Dashboard) -> None:
    charts = [panel for panel in panels_of(dashboard) if isinstance(panel, Chart)]
    assert {chart.title: misfits for chart in charts if (misfits := _misfits(chart))} == {}
    for panel in panels_of(dashboard):
        if isinstance(panel, Listing):
            assert {*panel.fields, *fields_of(panel.where)} <= set(fields_in(panel.view, FIELDS)), panel.title
        if isinstance(panel, Presences):
            assert set(SHOWN) <= set(fields_in(panel.view, FIELDS))


@each_dashboard
def test_a_control_empties_no_panel(dashboard: Dashboard) -> None:
    """A filter on a field that a panel's documents lack would leave nothing, which reads like a zero."""
    asked = [
        panel
        for panel in panels_of(dashboard)
        if isinstance(panel, Listing | Presences) or (isinstance(panel, Chart) and not panel.everywhere)
    ]
    controls = {each.field: each for each in dashboard.controls}
    assert controls
    for panel in asked:
        known = fields_in(panel.view, FIELDS)
        lacking = {field for field in controls if field not in known}
        assert not lacking, panel.title
    for control in controls.values():
        assert fields_in(control.view, FIELDS)[control.field].type in GROUPABLE


@each_dashboard
def test_every_title_is_a_question_that_stands_once(dashboard: Dashboard) -> None:
    titles = [panel.title for panel in panels_of(dashboard) if isinstance(panel, Chart | Listing | Presences)]
    assert all(title.endswith("?") for title in (dashboard.title, *titles))
    assert len(titles) == len(set(titles))


@each_dashboard
def test_no_column_hides_another(dashboard: Dashboard) -> None:
    """Their ids are made from their names."""
    for panel in panels_of(dashboard):
        if isinstance(panel, Chart):
            ids = [column_id(each.label) for each in (*panel.by, *panel.columns)]
            assert len(ids) == len(set(ids)), panel.title
            assert all(ids)


@each_dashboard
def test_every_row_fills_the_grid(dashboard: Dashboard) -> None:
    assert [sum(width for width, _ in row.panels) for row in dashboard.rows] == [48] * len(dashboard.rows)


def _has_n(chart: Chart) -> bool:
    """A share, mean or percentile stands beside a number of documents, or is drawn over time beside one."""
    derived = [
        column
        for column in chart.columns
        if not isinstance(column.value, Measure) or column.value.operation in {"average", "percentile"}
    ]
    counts = [
        column for column in chart.columns if isinstance(column.value, Measure) and column.value.operation == "count"
    ]
    return not derived or bool(counts)


@each_dashboard
def test_numbers_and_tables_say_how_many_they_are_of(dashboard: Dashboard) -> None:
    charts = [panel for panel in panels_of(dashboard) if isinstance(panel, Chart)]
    shown = [each for each in charts if each.kind in {"number", "table"}]
    assert shown
    assert [each.title for each in shown if not _has_n(each)] == []


@each_dashboard
def test_dashboards_lead_to_each_other(dashboard: Dashboard) -> None:
    (found,) = (each for each in of_file() if each["id"] == f"vconf-{dashboard.key}")
    links = kibana_lint.panels(found)[0]["embeddableConfig"]["savedVis"]["params"]["markdown"]
    others = set(EIGHT) - {f"vconf-{dashboard.key}"}
    assert {each for each in others if f"(#/view/{each})" in links} == others
    opened = {panel.opens for panel in panels_of(dashboard) if isinstance(panel, Chart) and panel.opens}
    assert {f"vconf-{each}" for each in opened} <= set(EIGHT)
