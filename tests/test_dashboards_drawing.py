"""The pictures of previews: everything is inside, in proportion, and text is only ever text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.dashboards.conditions import Known
from harvesters.dashboards.drawing import NOTHING, colour_of, drawn
from harvesters.dashboards.measures import count, share
from harvesters.dashboards.model import Chart, Column, Kind, Stops, Terms, Time, View
from harvesters.dashboards.plane import _top, shown
from harvesters.dashboards.preview import _markdown

WIDTH, HEIGHT = 600.0, 200.0
N = Column("streams", count())
DAYS = [f"2026-11-{day:02}T00:00:00.000Z" for day in (3, 4, 5)]
HOSTILE = "<script>alert('x')</script>"


class Tags(HTMLParser):
    """The elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.found.add(tag)


def rects(svg: str) -> list[dict[str, float]]:
    """The boxes of a picture, without what they say."""
    boxes = ET.fromstring(svg).iter("rect")  # noqa: S314 - our own
    return [{name: float(each.attrib[name]) for name in ("x", "y", "width", "height")} for each in boxes]


def chart(kind: Kind, *by: Terms | Time, columns: tuple[Column, ...] = (N,)) -> Chart:
    return Chart("How many?", kind, View.STREAMS, columns, by)


@pytest.mark.parametrize("kind", [Kind.BARS, Kind.STACKED, Kind.AREAS, Kind.SHARES])
@given(numbers=st.lists(st.integers(0, 10**6), min_size=3, max_size=3))
def test_bars_stay_inside_and_are_in_proportion(kind: Kind, numbers: list[int]) -> None:
    rows = [{"day": day, "streams": number} for day, number in zip(DAYS, numbers, strict=True)]
    found = rects(drawn(chart(kind, Time("1d", label="day")), rows, WIDTH, HEIGHT))

    assert len(found) == 3
    for each in found:
        assert each["x"] >= 0
        assert each["x"] + each["width"] <= WIDTH
        assert each["y"] >= -0.2
        assert each["y"] + each["height"] <= HEIGHT
    if kind is not Kind.SHARES:
        heights = [each["height"] for each in found]
        assert (heights[0] < heights[1]) <= (numbers[0] < numbers[1])


@given(st.floats(0, 1e12, allow_nan=False))
def test_an_axis_ends_at_a_round_number_that_is_not_smaller(largest: float) -> None:
    top = _top(largest)
    assert top >= largest * 0.999
    assert top > 0
    assert largest < 1e-9 or top <= 10 * largest


def test_a_stack_is_as_high_as_its_parts_together() -> None:
    rows = [{"day": DAYS[0], "direction": name, "streams": number} for name, number in (("sent", 3), ("received", 6))]
    svg = drawn(chart(Kind.STACKED, Time("1d", label="day"), Terms("a", "direction")), rows, WIDTH, HEIGHT)
    sent, received, *_ = rects(svg)

    assert received["height"] == pytest.approx(2 * sent["height"], abs=0.2)
    assert received["y"] + received["height"] == pytest.approx(sent["y"], abs=0.2)


def test_a_line_has_a_dashed_target() -> None:
    rows = [{"day": day, "streams": 5} for day in DAYS]
    asked = Chart("Worse?", Kind.LINES, View.STREAMS, (N,), (Time("1d", label="day"),), target=7)
    assert 'class="target"' in drawn(asked, rows, WIDTH, HEIGHT)


@pytest.mark.parametrize("kind", [Kind.TABLE, Kind.LYING, Kind.DONUT, Kind.BARS])
def test_what_a_vendor_calls_something_is_only_ever_text(kind: Kind) -> None:
    rows = [{"name": HOSTILE, "streams": 5}, {"name": "b", "streams": 1}]
    page = drawn(chart(kind, Terms("a", "name")), rows, WIDTH, HEIGHT)

    parser = Tags()
    parser.feed(page)
    assert parser.found
    assert "script" not in parser.found


def test_a_heat_map_has_a_tile_for_each_number() -> None:
    asked = chart(Kind.HEATMAP, Time("1d", label="day"), Terms("a", "account"))
    rows: list[dict[str, object]] = [{"day": day, "account": name, "streams": 1} for day in DAYS for name in ("a", "b")]
    rows[0]["streams"] = None
    assert len(rects(drawn(asked, rows, WIDTH, HEIGHT))) == 5


def test_a_ring_ends_where_it_began() -> None:
    rows = [{"name": "a", "streams": 3}, {"name": "b", "streams": 1}]
    svg = drawn(chart(Kind.DONUT, Terms("a", "name")), rows, 300, 200)
    arcs = re.findall(r'd="M([\d.]+) ([\d.]+)A.*? ([\d.]+) ([\d.]+)"', svg)
    first, second = ([float(each) for each in arc] for arc in arcs)
    assert first[2:] == second[:2]
    assert second[2:] == pytest.approx(first[:2], abs=0.2)


def test_nothing_is_said() -> None:
    assert drawn(chart(Kind.TABLE, Terms("a", "name")), [], WIDTH, HEIGHT) == NOTHING


@pytest.mark.parametrize(
    ("stops", "value", "colour"),
    [
        (Stops(0.03, 0.06), 0.02, "#209280"),
        (Stops(0.03, 0.06), 0.03, "#D6BF57"),
        (Stops(0.03, 0.06), 0.5, "#CC5642"),
        (Stops(4, 3, falling=True), 4.2, "#209280"),
        (Stops(4, 3, falling=True), 3.5, "#D6BF57"),
        (Stops(4, 3, falling=True), 1.2, "#CC5642"),
        (Stops(1, 1), 0, "#209280"),
        (Stops(1, 1), 1, "#CC5642"),
        (Stops(1, 1), None, ""),
        (None, 1, ""),
    ],
)
def test_a_number_s_colour(stops: Stops | None, value: float | None, colour: str) -> None:
    assert colour_of(stops, value) == colour


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (None, None, "-"),
        (12345.0, None, "12,345"),
        (0.125, None, "0.12"),
        (0.125, Column("poor", share(Known("a"))), "12.5 %"),
        ("2026-11-03T00:00:00.000Z", None, "2026-11-03"),
        ("2026-11-03T09:15:14.485Z", None, "2026-11-03 09:15"),
        ("AT", None, "AT"),
    ],
)
def test_a_value_for_people(value: object, column: Column | None, text: str) -> None:
    assert shown(value, column) == text


def test_links_and_bold_of_notes() -> None:
    made = _markdown("**Here** · [There](#/view/vconf-there) <b>")
    assert made == '<b>Here</b> · <a href="vconf-there.html">There</a> &lt;b&gt;'
