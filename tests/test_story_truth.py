"""Calls of which it is known what was wrong: the page says it, in sentences that one can repeat."""

import json
from functools import reduce
from pathlib import Path
from random import Random

import pytest

from harvesters.core.day import iso_ms
from harvesters.core.errors import DestinationError
from harvesters.story.gathering import Gathering
from harvesters.story.members import Account, Conference
from harvesters.story.story import DayState, Story, story
from harvesters.story.text import Screen, cells
from tests.told_calls import documents, lines, told_of
from tests.verdict_calls import BAD, BY_ZOOM, KINDS, Known, as_opentok, as_zoom

EVIL = "\x1b[2J\x1b]0;owned\x07\u202eevil\nname" + "A" * 40_000
SAID = {
    "sender bad": ["the trouble lay on the sender's side", "Sent poorly: ", "audio sent by", "packet loss"],
    "receiver bad": ["the trouble lay on the receiver's side", "Received poorly: ", "audio received by", "packet loss"],
    "all fine": ["Nothing was poor", "The worst of them:"],
    "drop": ["cut off", "Cut off: ", "dropped, error by our rules"],
    "rejoins": ["came back within five minutes", "then back "],
    "server bad": ["the server or the vendor"],
}


def of_zoom(kind: str, folder: Path, number: int = 0) -> tuple[Known, Story]:
    seed = f"told {kind}/{number}"
    known = BY_ZOOM[kind](Random(seed))
    return known, told_of(documents("zoom", as_zoom(known, seed), folder))


def one(found: list[str]) -> str:
    return " ".join(" ".join(found).split())


@pytest.mark.parametrize("kind", BY_ZOOM)
def test_the_page_tells_the_truth(kind: str, tmp_path: Path) -> None:
    _, told = of_zoom(kind, tmp_path)
    page = one(lines(told))
    for text in SAID[kind]:
        assert text in page, page


def whose_line(known: Known, kind: str) -> str:
    """Who it was, by the first second of the stay: the call itself knows."""
    call = known.call
    ways = [*call.publications] if kind == "sender bad" else [*call.receptions]
    bad = {call.stays[each.stay] for each in ways if any(stretch.level in BAD for stretch in each.stretches)}
    (stay,) = bad
    return iso_ms(stay.start)[:19]


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize(("kind", "before"), [("sender bad", "Sent poorly: "), ("receiver bad", "Received poorly: ")])
def test_the_one_whose_line_was_bad_is_named(kind: str, before: str, number: int, tmp_path: Path) -> None:
    known, told = of_zoom(kind, tmp_path, number)
    (line,) = [each for each in lines(told) if before in each]
    came = whose_line(known, kind)
    guilty = [each.name for each in told.people if each.stays[0].at[:19] == came]
    assert line.strip() in [f"{before}{name}." for name in guilty]


def test_without_measurements_it_says_that_nothing_can_be_judged(tmp_path: Path) -> None:
    known = KINDS["no data"](Random("nothing"))
    page = one(lines(told_of(documents("opentok", as_opentok(known, "nothing"), tmp_path))))
    assert "No measurements: this call cannot be judged." in page
    assert "could be judged" in page


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [30, 44, 80, 121])
def test_no_line_is_wider_than_the_screen(kind: str, width: int, tmp_path: Path) -> None:
    known = KINDS[kind](Random(f"{kind} {width}"))
    told = told_of(documents("opentok", as_opentok(known, "wide"), tmp_path))
    for line in lines(told, Screen(width)):
        assert cells(line) <= width


def test_bars_and_charts_lie_below_each_other(tmp_path: Path) -> None:
    """The columns of the chart that are beyond the limit are those of the trouble, but for few."""
    _, told = of_zoom("receiver bad", tmp_path)
    page = lines(told)
    (trouble,) = [line for line in page if line.startswith("  trouble")]
    chart = next(line for line in page if line.startswith("  loss %"))
    bad = {number for number, sign in enumerate(chart) if sign in "▅▆▇█"}
    marked = {number for number, sign in enumerate(trouble) if sign == "▓"}
    assert bad
    assert len(bad - marked) <= 2


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (DayState("2026-11-20", "partial", settled=False), "Mind: 2026-11-20 is partial: some of that day is missing"),
        (DayState("2026-11-20", "complete", settled=False), "Mind: 2026-11-20 is not settled yet"),
        (DayState("2026-11-20", "complete", settled=True), None),
        (None, None),
    ],
)
def test_a_day_that_is_not_whole_is_mentioned(day: DayState | None, said: str | None, tmp_path: Path) -> None:
    _, told = of_zoom("all fine", tmp_path)
    told.day = day
    page = one(lines(told))
    assert said in page if said else "Mind" not in page


def test_hostile_names_do_no_harm(tmp_path: Path) -> None:
    seed = "hostile"
    known = BY_ZOOM["receiver bad"](Random(seed))
    evil_json = json.dumps(EVIL)[1:-1].encode()
    named = [b'"full_name":"', b'"conference":{"name":"', b'"explanation":"', b'"leave_reason":"', b'"os":{"name":"']
    found = []
    for type_, source in documents("zoom", as_zoom(known, seed), tmp_path):
        spoilt = reduce(lambda text, name: text.replace(name, name + evil_json), named, source)
        found.append((type_, spoilt))
    told = told_of(iter(found))
    for width in (30, 80):
        for line in lines(told, Screen(width)):
            assert cells(line) <= width
            assert "\x1b" not in line
            assert "\u202e" not in line
    assert len("\n".join(lines(told))) < 20_000


def test_of_many_people_those_with_trouble_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    _, told = of_zoom("receiver bad", tmp_path)
    (poor,) = {name for each in told.troubles if (name := told.names.get(each.vconf.participant.id))}
    page = lines(told, people=1)
    assert any(line.startswith(f"  {poor[:8]}") for line in page)
    assert f"and {len(told.people) - 1} more without trouble of their own" in one(page)


def test_streams_are_as_many_as_were_asked_for(tmp_path: Path) -> None:
    seed = "told server bad/0"
    known = BY_ZOOM["server bad"](Random(seed))
    for number in (0, 1, 3):
        told = told_of(documents("zoom", as_zoom(known, seed), tmp_path), number)
        ranks = [each.rank for each in told.worst]
        assert len(ranks) == number
        assert ranks == sorted(ranks)


def test_what_befell_without_a_call_is_told_too() -> None:
    """Where the vendor tells of no call, its documents have nothing of it but its id."""
    source = json.dumps({
        "@timestamp": "2026-11-20T09:00:00.000Z",
        "event": {"id": "peermetrics/app/issue/a/b"},
        "vconf": {
            "conference": {"id": "x" * 32},
            "issue": {"code": "join_failed", "source": "vendor", "severity": "error", "explanation": "Nobody came in."},
        },
    })  # fmt: skip
    gathering = Gathering(5)
    gathering.take("issue", source.encode())
    told = story(gathering, Conference("x" * 32), ("peermetrics", Account("app", "default")), None, "")
    page = one(lines(told))
    assert "Mind: the vendor tells of no call here, only of what befell it." in page
    assert "No measurements: this call cannot be judged." in page
    assert "The vendor names nobody." in page
    assert "No streams were told of." in page
    assert "join failed, error by the vendor at an unknown time Nobody came in." in page


def test_a_document_that_is_none_of_ours_is_a_sentence() -> None:
    with pytest.raises(DestinationError, match="a stream document cannot be read"):
        Gathering(5).take("stream", b'{"vconf": 1}')


def test_a_call_that_was_loaded_before_there_were_verdicts_says_so(tmp_path: Path) -> None:
    seed = "old"
    found = []
    for type_, source in documents("zoom", as_zoom(BY_ZOOM["all fine"](Random(seed)), seed), tmp_path):
        document = json.loads(source)
        document["vconf"].pop("verdict", None)
        found.append((type_, json.dumps(document).encode()))
    assert "Nobody judged this call when it was loaded" in one(lines(told_of(iter(found))))
