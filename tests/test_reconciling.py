"""Where the vendor's own totals differ from what is here: a word of it, and never a failed day."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from harvesters.core.anomaly import Anomaly
from harvesters.core.day import Day
from harvesters.core.entries import Entry
from harvesters.core.manifest import Manifest
from harvesters.core.reconciling import Total, compared
from harvesters.core.source import NO_CALL
from harvesters.core.tree import Entity
from tests import zoom_days
from tests.nights import vendor
from tests.opentok_days import session
from tests.opentok_truth import UNHURRIED
from tests.test_totals import DAY, LATE, SOON, night_of
from tests.zoom_nights import ZoomNight, zoom

HOUR_MS = 3_600_000
NEXT = date(2026, 11, 19)
AFTER = LATE + timedelta(days=1)


def manifest(*hours: float) -> Manifest:
    """The manifest of the day with a conference at each of these hours, and a record of totals."""
    found = Manifest("zoom", "a", "1970-01-01", state="complete")
    for number, hour in enumerate((*hours, 0)):
        started = f"1970-01-01T{int(hour):02d}:{int(hour % 1 * 60):02d}:00.000Z"
        call = NO_CALL if number == len(hours) else f"c{number}"
        found.records[f"r{number}"] = Entry((f"r{number}",), call, started, 2, False, 1, 1, "d", 0, 1)  # noqa: FBT003
    return found


def totals(usage: dict[str, Any], ours: Manifest, following: Manifest | None = None) -> list[Total]:
    return list(compared(Entity((), 8 * HOUR_MS, 32 * HOUR_MS, usage), ours, following))


@pytest.mark.parametrize(
    ("theirs", "ours", "differs"),
    [
        (0, 0, False), (5, 0, False), (6, 0, True), (0, 5, False), (0, 6, True),
        (20, 16, False), (25, 20, False), (26, 20, True), (10, 20, False), (9, 20, True),
    ],
)  # fmt: skip
def test_meetings_may_differ_by_what_the_words_leave_open(theirs: int, ours: int, differs: bool) -> None:  # noqa: FBT001
    (total,) = totals({"vconf.vendor_totals.meetings": theirs}, manifest(*[1.0] * ours))
    assert (total.theirs, total.ours, total.differs, total.counts_calls) == (theirs, ours, differs, True)


@pytest.mark.parametrize(
    ("minutes", "ours", "following", "differs"),
    [
        # Nobody was there who could have published: neither on the day, nor before the interval ends on the next.
        (12.5, (), (), [True]),
        (0.9, (), (), [False]),
        (12.5, (), (9,), [True]),
        # Somebody was, and how long is not compared: the interval is of another day than ours.
        (12.5, (3,), (), []),
        (12.5, (), (7.5,), []),
        # What the next day has is not known yet.
        (12.5, (), None, []),
    ],
)
def test_minutes_tell_whether_there_was_something(
    minutes: float, ours: tuple[float, ...], following: tuple[float, ...] | None, differs: list[bool]
) -> None:
    usage = Entity((), -16 * HOUR_MS, 8 * HOUR_MS, {"vconf.usage.minutes.published": minutes})
    next_day = None if following is None else manifest(*following)
    found = list(compared(usage, manifest(*ours), next_day))
    assert [(each.subject, each.differs, each.counts_calls) for each in found] == [
        ("published minutes", each, False) for each in differs
    ]


def test_what_means_something_else_is_not_compared() -> None:
    assert totals({"vconf.vendor_totals.rooms": 99}, manifest(), manifest()) == []
    assert totals({"vconf.usage.minutes.meeting": 99.0}, manifest(), manifest()) == []


def test_the_anomaly_says_both_numbers_and_what_to_do() -> None:
    day = Day(date(2026, 11, 20))
    assert Total("meetings", 1200, 7, differs=True).anomaly("zoom", day) == Anomaly(
        "totals_differ",
        "meetings",
        "zoom itself tells of 1,200 meetings on 2026-11-20, against 7 here: compare with the vendor's own pages, and "
        "fetch the day once more with --again.",
        7,
        1200,
    )


@pytest.mark.parametrize(("faults", "theirs", "said"), [([], 5, []), (["wrong-totals"], 115, [(5, 115)])])
def test_zooms_count_is_odd_where_it_differs(
    tmp_path: Path, faults: list[str], theirs: int, said: list[tuple[int, int]]
) -> None:
    with zoom(zoom_days.everything(), zoom_days.SETTLED, faults=faults) as server:
        ran = ZoomNight.at(tmp_path, server, TOTALS="yes").harvest(zoom_days.DAY)
    assert (ran.exit_code, ran.only.state, len(ran.only.warnings)) == (0, "complete", len(said))
    assert [(each.value, each.limit) for each in ran.only.anomalies] == said
    assert (ran.only.vendor_total, ran.only.delta) == (theirs, theirs - 5)


def test_zooms_count_stands_in_the_slices_document(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    with zoom(zoom_days.everything(), zoom_days.SETTLED, faults=["wrong-totals"]) as server:
        night = ZoomNight.at(tmp_path, server, TOTALS="yes", ES_HOST=es_url, INDEX_PREFIX=prefix)
        night.setup()
        assert night.harvest(zoom_days.DAY, into=["index"]).exit_code == 0
        es.indices.refresh(index=f"{prefix}-runs")
        found = es.search(index=f"{prefix}-runs", query={"term": {"vconf.type": "slice"}}).body["hits"]["hits"]
    (told,) = [each["_source"]["vconf"]["slice"] for each in found]
    assert (told["vendor_total"], told["delta"]) == (115, 110)


def test_minutes_without_a_call_are_odd(tmp_path: Path) -> None:
    """The vendor's list lost the calls in silence, and its totals tell of them."""
    calls = [session(1, day=DAY, start=timedelta(hours=10), people=3, minutes=5)]
    with vendor(calls, AFTER, rules=replace(UNHURRIED, maintenance="empty")) as server:
        night = night_of(tmp_path, AFTER, server)
        first = night.harvest(DAY)
        # What the next day has is known from the second run on.
        ran = night.later().harvest(NEXT, DAY, again=True)
    assert (first.only.state, first.only.anomalies) == ("empty", [])
    assert [(each.state, len(each.anomalies)) for each in ran.report.slices] == [("empty", 0), ("empty", 1)]
    (odd,) = ran.report.slices[1].anomalies
    assert (ran.exit_code, odd.code, odd.subject, odd.value) == (0, "totals_differ", "published minutes", 0)
    assert odd.limit is not None
    assert odd.limit > 10


def test_what_agrees_or_is_not_settled_is_not_odd(tmp_path: Path) -> None:
    calls = [session(1, day=DAY, start=timedelta(hours=10), people=3, minutes=5)]
    with vendor(calls, SOON) as server:
        early = night_of(tmp_path, SOON, server).harvest(DAY)
        server.now = AFTER
        late = night_of(tmp_path, AFTER, server).harvest(NEXT, DAY)
    assert (early.only.settled, early.only.anomalies) == (False, [])
    assert [(each.settled, each.anomalies) for each in late.report.slices] == [(True, []), (True, [])]
