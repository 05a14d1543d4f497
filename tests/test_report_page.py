"""The report in a real browser: nothing is complained of, nothing is asked for, nothing sticks out, at any width."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from harvesters.core.day import Day
from harvesters.overview.completeness import Slice, completeness
from harvesters.overview.page import Origin, Report, html
from tests.chromium import MISSING, Page, chromium, program
from tests.overview_calls import WEEK, Calls, document, stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.overview_calls import Json

WIDTHS = (320, 375, 768, 1440)
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
CONTRAST = """
(() => {
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const below = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const faint = [];
  for (const element of document.querySelectorAll("main *")) {
    const own = [...element.childNodes].some(each => each.nodeType === 3 && each.textContent.trim());
    if (!own || element.closest(".hidden, title") || element.closest("details:not([open])")) continue;
    const style = getComputedStyle(element);
    const ink = element.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(ink), light(below(element))];
    if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) faint.push(element.textContent.trim());
  }
  return faint;
})()
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A browser; without one the tests fail, for a skipped test proves nothing."""
    try:
        program()
    except RuntimeError as missing:
        pytest.fail(str(missing), pytrace=False)
    with chromium() as found:
        yield found


def busy(evil: str) -> Calls:
    """A week of calls whose every free word is `evil`, with a person there for two days."""
    calls = Calls()
    for day in WEEK:
        for hour in range(8, 18):
            began = f"{day}T{hour:02d}:00"
            calls.conference.append(_call(began, evil))
            calls.stream += [_stream(began, label, evil) for label in ("good", "good", "fair", "poor")]
            told = {"code": evil, "source": "vendor", "severity": "error", "subject": "connection"}
            calls.issue.append(document(began, evil, evil, issue=told))
            presence = {"gte": f"{began}:00.000Z", "lt": f"{began[:11]}{hour + 1:02d}:30:00.000Z"}
            calls.participant.append(
                document(began, evil, evil, participant={"dropped": hour == 9, "join_time_s": 2.0}, presence=presence)
            )
    return calls


def _call(began: str, evil: str) -> Json:
    return document(
        began, evil, evil,
        conference={"name": evil, "id": evil, "duration_s": 1800.0},
        verdict={"code": "sender", "text": evil, "affected": 3, "of": 1_000_000},
        participants={"unique": 1_234_567, "count": 4}, minutes={"participant": 123_456.7},
    )  # fmt: skip


def _stream(began: str, label: str, evil: str) -> Json:
    used = {"user_agent": {"name": evil, "os": {"name": evil}}, "client": {"geo": {"country_iso_code": evil}}}
    return {**stream(began, label, None, [evil]), **used, "network": {"type": evil, "transport": "tcp"}}


def made(calls: Calls, path: Path, evil: str = "x") -> Path:
    slices = [Slice(evil, evil, day, "partial" if day == WEEK.first else "complete", failed=3) for day in WEEK]
    days, before = completeness(WEEK, slices, {}, NOW), completeness(WEEK.before, [], {}, NOW)
    report = Report(calls.tally(), calls.tally(WEEK.before), days, before, Origin(evil, "./harvest.py", "1.0", NOW))
    path.write_text(html(report))
    return path


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of a usual week, of one whose words are as long as they are hostile, and of a week without calls."""
    folder = tmp_path_factory.mktemp("pages")
    evil = f"</script></style><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">{LONG}"
    return {
        "usual": made(busy("Firefox"), folder / "usual.html", "zoom"),
        "hostile": made(busy(evil), folder / "hostile.html", evil),
        "empty": made(Calls(), folder / "empty.html"),
    }


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["usual", "hostile", "empty"])
def test_nothing_sticks_out_is_complained_of_or_asked_for(
    page: Page, pages: dict[str, Path], name: str, width: int, *, dark: bool
) -> None:
    page.open(pages[name], width, dark=dark)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.complaints() == []
    assert page.requested() == [pages[name].as_uri()]
    assert page.evaluate("document.title") == "Video calls, 23 to 29 November 2026"
    assert page.evaluate("document.querySelectorAll('script, img, link, iframe').length") == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["usual", "empty"])
def test_every_text_can_be_read(page: Page, pages: dict[str, Path], name: str, *, dark: bool) -> None:
    """The contrast that WCAG 2 asks for, 4.5 to 1."""
    page.open(pages[name], 1440, dark=dark)

    assert page.evaluate(CONTRAST) == []


def test_who_does_not_see_it_is_told_the_same(page: Page, pages: dict[str, Path]) -> None:
    page.open(pages["usual"], 1440)

    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("[...document.querySelectorAll('svg')].every(each => each.getAttribute('aria-label'))")
    assert page.evaluate("document.querySelectorAll('svg').length") == 2
    assert page.evaluate("[...document.querySelectorAll('tbody th')].every(each => each.scope === 'row')")
    assert page.evaluate("[...document.querySelectorAll('thead th')].every(each => each.scope === 'col')")
    bars = page.evaluate(
        "[...document.querySelectorAll('#chart-labels .bars.poor title')].map(each => each.textContent)"
    )
    assert bars[:2] == ["Mon 23: poor 25.0 % (10 of 40)", "Tue 24: poor 25.0 % (10 of 40)"]
    headings = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(each => Number(each.tagName[1]))")
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_charts_can_be_read_on_a_phone(page: Page, pages: dict[str, Path]) -> None:
    page.open(pages["usual"], 375)
    sizes = page.evaluate("[...document.querySelectorAll('svg text')].map(each => each.getBoundingClientRect().height)")

    assert min(each for each in sizes if each) > 10


def test_it_prints_on_paper_in_ink(page: Page, pages: dict[str, Path]) -> None:
    page.open(pages["usual"], 1440, dark=True, media="print")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(CONTRAST) == []
    assert page.printed().startswith(b"%PDF-")


def test_a_machine_without_a_browser_is_told_what_to_do() -> None:
    with pytest.raises(RuntimeError, match="apt-get install chromium") as raised:
        program({"PATH": "/nowhere"})

    assert str(raised.value) == MISSING


def test_many_days_have_a_bar_each_and_some_names(page: Page, tmp_path: Path) -> None:
    calls = Calls(stream=[stream("2026-11-23T09:00", "good")] * 3, conference=[document("2026-11-23T09:00")])
    month = type(WEEK)(Day(WEEK.first.date.replace(day=1)), WEEK.end + 10)
    nothing = completeness(month, [], {}, NOW)
    report = Report(calls.tally(month), calls.tally(month.before), nothing, nothing, Origin("x", "x", "1", NOW))
    (tmp_path / "month.html").write_text(html(report))
    page.open(tmp_path / "month.html", 375)

    assert page.evaluate("document.querySelectorAll('#chart-labels .bars.good rect').length") == len(month)
    assert 4 <= page.evaluate("document.querySelectorAll('#chart-labels .axis.x text').length") <= 8
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
