"""Charts as plain SVG by pygal: no script, no style of their own; the page's style sheet colours them."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import pygal
from pygal.style import Style

WIDTH, HEIGHT, TEXT = 440, 260, 13
MOST_NAMES = 8
"""Names below the bars; of more days every second, third and so on has one."""
FILLED = "transparent"


@dataclass(frozen=True, slots=True)
class Series:
    """The bars of one colour: `kind` is the class that the style sheet colours, `told` says each value in words."""

    name: str
    kind: str
    values: Sequence[float]
    told: Sequence[str]


@dataclass(frozen=True, slots=True)
class Chart:
    """Stacked bars over days; `highest` is where the axis ends, unless the bars decide."""

    id: str
    title: str
    names: Sequence[str]
    series: Sequence[Series]
    highest: float | None = None


def svg(chart: Chart) -> str:
    """The chart as an SVG element."""
    drawn = pygal.StackedBar(
        style=Style(
            background=FILLED, plot_background=FILLED, transition="none",
            label_font_size=TEXT, major_label_font_size=TEXT, legend_font_size=TEXT,
        ),
        width=WIDTH, height=HEIGHT, margin=4, spacing=6, js=(), css=(), no_prefix=True, show_title=False,
        show_legend=False, disable_xml_declaration=True, max_scale=6, rounded_bars=1,
        show_minor_x_labels=False, truncate_label=-1, range=(0, chart.highest) if chart.highest else None,
        value_formatter=lambda value: f"{value:,.0f}",
    )  # fmt: skip
    drawn.x_labels = list(chart.names)
    drawn.x_labels_major = list(chart.names)[:: -(-len(chart.names) // MOST_NAMES)]
    for each in chart.series:
        drawn.add(each.name, [{"value": value, "label": each.told[bar]} for bar, value in enumerate(each.values)])
    drawn.add_xml_filter(lambda root: _plain(root, chart))
    text: str = drawn.render()
    return text


def _plain(root: Element, chart: Chart) -> Element:
    """Only what is seen: without script, style and comments; named for those who do not see it."""
    for child in [each for each in root if each.tag != "g"]:
        root.remove(child)
    root.attrib.update({"id": f"chart-{chart.id}", "role": "img", "aria-label": chart.title})
    for group in root.iter("g"):
        classes = group.attrib.get("class", "").split()
        if "guides" in classes:
            _remove(group, "title")
        if "bar" in classes:
            _name_bar(group)
        for number, series in enumerate(chart.series):
            if f"serie-{number}" in classes:
                group.attrib["class"] = f"bars {series.kind}"
    return root


def _name_bar(bar: Element) -> None:
    """It says its value to whoever points at it, in the place of what pygal keeps for its script."""
    told = next((note.text for note in bar.findall("desc") if note.attrib.get("class") == "label"), None)
    _remove(bar, "desc")
    title = bar.makeelement("title", {})  # pygal takes lxml where there is one
    title.text = told
    bar.insert(0, title)


def _remove(element: Element, tag: str) -> None:
    for each in element.findall(tag):
        element.remove(each)
