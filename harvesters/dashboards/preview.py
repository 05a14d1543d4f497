"""A dashboard as a page of HTML with numbers from Elasticsearch: to look at without a Kibana, as an approximation."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from harvesters.core.day import instant_ms
from harvesters.core.lenient import inside
from harvesters.dashboards.conditions import kql
from harvesters.dashboards.drawing import NOTHING, drawn
from harvesters.dashboards.kql import EVERYTHING, query
from harvesters.dashboards.lens_columns import LAYER
from harvesters.dashboards.model import WIDTH, Chart, Dashboard, Listing, Note, Panel, Presences
from harvesters.dashboards.objects import places
from harvesters.dashboards.panels import Names, lens
from harvesters.dashboards.plane import ABSENT, box, shown, text
from harvesters.dashboards.question import Search, Window, rows
from harvesters.dashboards.vega import COLOURS, LABELS
from harvesters.dashboards.vega import body as stays_body
from harvesters.dashboards.views import TIME, pattern

Json = dict[str, Any]
UNIT, ROW, HEAD, EDGE = 29, 20, 24, 12
"""Pixels of a column of the grid, of a row, of a panel's title, and around its content."""
LISTED, STAYS, WHO, NAME = 12, 24, 160, 24
STYLE = """
body{font:13px/1.35 Inter,system-ui,sans-serif;color:#343741;background:#f7f8fc;margin:16px}h1{font-size:20px;margin:0}
.about{margin:2px 0 8px;color:#69707d}.chosen span{border:1px solid #d3dae6;border-radius:6px;background:#fff;
padding:4px 10px;margin-right:8px;display:inline-block}.grid{position:relative;margin-top:10px}
.panel{position:absolute;background:#fff;border:1px solid #e3e8f0;border-radius:6px;overflow:hidden;padding:4px 6px;
box-sizing:border-box}.panel h2{font-size:12.5px;margin:0 0 3px;height:19px;white-space:nowrap;overflow:hidden}
.number{height:calc(100% - 22px);border-radius:4px;padding:5px 8px;box-sizing:border-box;display:flex;
flex-direction:column}.number b{font-size:27px;margin-top:auto;text-align:right}.number small{opacity:.8}
table{border-collapse:collapse;width:100%;font-size:11.5px}th{text-align:left;color:#69707d;font-weight:600}
td,th{border-bottom:1px solid #eef1f6;padding:2px 6px;white-space:nowrap;max-width:330px;overflow:hidden;
text-overflow:ellipsis}td.value{text-align:right}svg text{font-size:10.5px;fill:#69707d}
.target{stroke:#CC5642;stroke-dasharray:5 4}.nothing{color:#98A2B3;text-align:center}a{color:#0061a6}
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the numbers come from.

    Attributes:
        names: the ids, and the prefix of the indices.
        window: the time that is looked at.
        search: asks an index pattern with a body.
        choice: the query of what is chosen on top of the dashboard.
    """

    names: Names
    window: Window
    search: Search
    choice: Json = field(default_factory=lambda: EVERYTHING)

    def documents(self, index: str, where: str, body: Json) -> list[Json]:
        """Documents of the time."""
        asked = {"bool": {"filter": [self.window.query(TIME), query(where), self.choice]}}
        found: list[Json] = self.search(index, {**body, "query": asked})["hits"]["hits"]
        return found


def page(dashboard: Dashboard, all_of_them: tuple[Dashboard, ...], source: Source) -> str:
    """The whole page."""
    placed = list(places(dashboard, all_of_them, source.names))
    panels = "".join(_panel(panel, place, source) for panel, place in placed)
    bottom = max(y + height for _, (_, y, _, height) in placed)
    chosen = "".join(f"<span>{escape(control.label)}: any</span>" for control in dashboard.controls)
    first, last = (each.strftime("%Y-%m-%d") for each in (source.window.start, source.window.end))
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(dashboard.title)}</title>"
        f"<style>{STYLE}</style><h1>{escape(dashboard.title)}</h1><p class='about'>{escape(dashboard.about)}<br>"
        f"{first} to {last}. A preview with invented calls: Kibana draws it in its own way.</p>"
        f"<div class='chosen'>{chosen}</div>"
        f"<div class='grid' style='width:{WIDTH * UNIT}px;height:{bottom * ROW}px'>{panels}</div></html>\n"
    )


def _panel(panel: Panel, place: tuple[int, int, int, int], source: Source) -> str:
    x, y, width, height = place
    frame = f"left:{x * UNIT}px;top:{y * ROW}px;width:{width * UNIT - 6}px;height:{height * ROW - 6}px"
    if isinstance(panel, Note):
        return f'<div class="panel" style="{frame}">{_markdown(panel.text)}</div>'
    room = width * UNIT - 6 - EDGE - 2, height * ROW - 6 - HEAD - EDGE
    match panel:
        case Chart():
            index = pattern(source.names.prefix, panel.view)
            choice = EVERYTHING if panel.everywhere else source.choice
            answer = rows(lens(panel, source.names), LAYER, source.window, _asking(source, index, choice))
            content = drawn(panel, answer, *room)
        case Listing():
            content = _listing(panel, source)
        case _:
            content = _stays(panel, source, *room)
    return f'<div class="panel" style="{frame}"><h2>{escape(panel.title)}</h2>{content}</div>'


def _asking(source: Source, index: str, choice: Json) -> Callable[[Json], Json]:
    """Asks an index among what is chosen."""
    return lambda body: source.search(index, {**body, "query": {"bool": {"filter": [body["query"], choice]}}})


def _markdown(words: str) -> str:
    """Of Markdown what our notes use: links to dashboards, and bold."""
    linked = re.sub(r"\[([^]]+)\]\(#/view/([^)]+)\)", r'<a href="\2.html">\1</a>', escape(words))
    return re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", linked)


def _listing(panel: Listing, source: Source) -> str:
    body = {"size": LISTED, "sort": [{TIME: "desc"}]}
    found = source.documents(pattern(source.names.prefix, panel.view), kql(panel.where), body)
    head = "".join(f"<th>{name.rpartition('.')[2]}</th>" for name in (TIME, *panel.fields))
    lines = ("".join(f"<td>{_leaf(hit['_source'], name)}</td>" for name in (TIME, *panel.fields)) for hit in found)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _leaf(document: Mapping[str, Any], name: str) -> str:
    found = inside(document, *name.split("."))
    return escape(shown(found if not isinstance(found, list | bool) else str(found)))


def _stays(panel: Presences, source: Source, width: float, height: float) -> str:
    """The bars of the first stays, each from join to leave."""
    found = source.documents(pattern(source.names.prefix, panel.view), "", stays_body() | {"size": STAYS})
    stays = [hit["_source"] for hit in found if "end" in hit["_source"]["event"]]
    if not stays:
        return NOTHING
    spans = [tuple(instant_ms(stay["event"][each]) or 0 for each in ("start", "end")) for stay in stays]
    first, last = min(came for came, _ in spans), max(left for _, left in spans)
    step, high = (width - WHO) / max(1, last - first), height / len(stays)
    parts: list[str] = []
    for number, (stay, (came, left)) in enumerate(zip(stays, spans, strict=True)):
        who, heard = stay.get("user", {}), _leaf(stay, "vconf.quality.received.audio.label")
        own = COLOURS[LABELS.index(heard)] if heard in LABELS else COLOURS[-1]
        size = max(3.0, (left - came) * step), high - 2
        parts.append(box(WHO + (came - first) * step, number * high + 1, size, own, heard))
        name = str(who.get("full_name") or who.get("id") or ABSENT)
        parts.append(text(WHO - 5, number * high + high / 2 + 4, name[:NAME], "end"))
    return f'<svg width="{width:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'
