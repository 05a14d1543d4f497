"""A day that is whole and odd: from a simulated vendor to warnings, report and documents in a real Elasticsearch."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from harvesters.core.options import Selection
from harvesters.sandbox.zoom import meeting
from tests.nights import Night, Vendor, vendor
from tests.odd_days import DAY, SENTENCE, WEDNESDAY, WEEK, Sessions, after, calls, four_weeks, harvest, harvested
from tests.opentok_days import KEY
from tests.opentok_faults import UNLIMITED
from tests.zoom_nights import ZoomNight, zoom

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from elasticsearch import Elasticsearch

    from harvesters.core.report import SliceReport
    from harvesters.sandbox.zoom import Meeting

INTO = ("index", "lake")
pytestmark = pytest.mark.templates_stay


def codes(report: SliceReport) -> list[tuple[str, str]]:
    return [(each.code, each.subject) for each in report.anomalies]


def odd(es: Elasticsearch, prefix: str) -> list[dict[str, Any]]:
    """The issue documents of anomalies in the index."""
    name = f"{prefix}-issues-*"
    es.indices.refresh(index=name)
    query = {"term": {"vconf.issue.source": "anomaly"}}
    return [dict(hit) for hit in es.search(index=name, query=query, size=100)["hits"]["hits"]]


@pytest.fixture
def weeks() -> Sessions:
    return four_weeks()


@pytest.fixture
def opentok(weeks: Sessions) -> Iterator[Vendor]:
    with vendor(weeks, after(WEDNESDAY), rules=UNLIMITED) as server:
        yield server


@pytest.fixture
def night(opentok: Vendor, tmp_path: Path, es_url: str, prefix: str) -> Night:
    """A machine that harvested the four weeks."""
    made = Night(tmp_path, after(WEDNESDAY), opentok.url, es_url, prefix)
    made.setup()
    return harvested(opentok, made, into=INTO)


# -- counts ------------------------------------------------------------------------------------------------


def test_a_silent_day_is_whole_and_told_everywhere(
    opentok: Vendor, night: Night, es: Elasticsearch, prefix: str
) -> None:
    (report,) = harvest(opentok, night, WEDNESDAY, into=INTO)
    assert (report.state, int(report.exit_code), codes(report)) == ("empty", 0, [("no_calls", "conferences")])
    assert report.warnings == [SENTENCE]
    assert report.as_json()["anomalies"] == [
        {"code": "no_calls", "subject": "conferences", "text": SENTENCE, "value": 0, "limit": 3}
    ]
    assert night.manifest(WEDNESDAY).warnings == []
    (hit,) = odd(es, prefix)
    assert hit["_index"] == f"{prefix}-issues-2026"
    source = hit["_source"]
    assert source["@timestamp"] == "2026-11-18T00:00:00.000Z"
    assert source["vconf"]["issue"] == {
        "code": "no_calls",
        "source": "anomaly",
        "severity": "warning",
        "subject": "conferences",
        "value": 0,
        "limit": 3,
        "explanation": SENTENCE,
    }
    assert source["event"]["id"] == f"opentok/{KEY}/issue/anomaly/2026-11-18/no_calls/conferences"
    es.indices.refresh(index=f"{prefix}-runs")
    query = {"term": {"vconf.slice.anomalies": 1}}
    slices = es.search(index=f"{prefix}-runs", query=query)["hits"]["hits"]
    assert [each["_source"]["vconf"]["slice"]["day"] for each in slices] == ["2026-11-18"]


def test_a_later_run_says_it_again_in_the_same_document_and_takes_it_back_when_calls_came(
    opentok: Vendor, night: Night, weeks: Sessions, es: Elasticsearch, prefix: str
) -> None:
    other = {"vconf": {"issue": {"source": "anomaly"}, "vendor": "opentok"}, "cloud": {"account": {"id": "another"}}}
    es.index(index=f"{prefix}-issues-2026", id="another", document={**other, "@timestamp": "2026-11-18T00:00:00.000Z"})
    harvest(opentok, night, WEDNESDAY, into=INTO)
    (first,) = [each for each in odd(es, prefix) if each["_id"] != "another"]
    (again,) = harvest(opentok, night, WEDNESDAY, into=INTO)
    assert codes(again) == [("no_calls", "conferences")]
    assert {each["_id"] for each in odd(es, prefix)} == {first["_id"], "another"}
    weeks |= calls(WEDNESDAY)
    (late,) = harvest(opentok, night, WEDNESDAY, again=True, into=INTO)
    assert (late.state, late.harvested, late.anomalies, late.warnings) == ("complete", 3, [], [])
    assert [each["_id"] for each in odd(es, prefix)] == ["another"]


def test_a_crowd_is_told_and_a_holiday_becomes_usual(opentok: Vendor, night: Night, weeks: Sessions) -> None:
    weeks |= calls(WEDNESDAY, 14)
    (crowd,) = harvest(opentok, night, WEDNESDAY, into=INTO)
    assert codes(crowd) == [("many_calls", "conferences")]
    holidays = [WEDNESDAY + WEEK * week for week in (1, 2)]
    assert [codes(each) for each in harvest(opentok, night, *holidays, into=INTO)] == [
        [("no_calls", "conferences")],
        [],
    ]


def test_what_cannot_be_compared_is_not_judged(opentok: Vendor, night: Night, weeks: Sessions) -> None:
    """Neither a day that goes on, nor a part of one, nor a look ahead, nor what is only loaded again."""
    noon = datetime(2026, 11, 18, 12, tzinfo=UTC)
    opentok.now = noon
    going_on = night.later(noon).harvest(WEDNESDAY)
    assert (going_on.only.state, going_on.only.anomalies, going_on.only.examined) == ("empty", [], False)
    (planned,) = harvest(opentok, night, WEDNESDAY, dry_run=True, into=INTO)
    (first,) = harvest(opentok, night, WEDNESDAY, selection=Selection(limit=1), into=INTO)
    assert [(each.anomalies, each.examined) for each in (planned, first)] == [([], False)] * 2
    weeks |= calls(WEDNESDAY)
    harvest(opentok, night, WEDNESDAY, into=INTO)
    weeks_later = night.later(after(WEDNESDAY)).replay(WEDNESDAY, into=["index"])
    assert (weeks_later.only.anomalies, weeks_later.only.examined) == ([], False)


def test_a_replay_leaves_the_documents_as_they_are(
    opentok: Vendor, night: Night, es: Elasticsearch, prefix: str
) -> None:
    harvest(opentok, night, WEDNESDAY, into=INTO)
    before = odd(es, prefix)
    night.later(after(WEDNESDAY)).replay(WEDNESDAY, into=["index"])
    assert odd(es, prefix) == before != []


def test_weekdays_that_were_not_whole_are_not_counted(opentok: Vendor, night: Night) -> None:
    path = night.store(WEDNESDAY - WEEK).manifest_path
    path.write_bytes(path.read_bytes().replace(b'"state": "complete"', b'"state": "partial"'))
    assert codes(*harvest(opentok, night, WEDNESDAY, into=INTO)) == []


@pytest.mark.parametrize("content", [b"", b"\xff", b'{"format": 9, "state": "complete"}'])
def test_a_manifest_that_cannot_be_read_is_no_comparison_and_no_failure(
    opentok: Vendor, night: Night, content: bytes
) -> None:
    night.store(WEDNESDAY - WEEK).manifest_path.write_bytes(content)
    (report,) = harvest(opentok, night, WEDNESDAY, into=INTO)
    assert (report.state, report.anomalies) == ("empty", [])


# -- who meets such a document -------------------------------------------------------------------------------


def test_counting_explaining_and_reporting_do_not_stumble_over_it(
    opentok: Vendor, night: Night, tmp_path: Path
) -> None:
    harvest(opentok, night, WEDNESDAY, into=INTO)
    told = night.command("status", "--last", "35d", "--verify", "--json")
    assert json.loads(told.stdout)["verify"]["differences"] == [], told.stderr
    report = ("report", "--from", "2026-11-11", "--to", "2026-11-19", "--in", "index", "--html", "page.html")
    done = night.command(*report)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text()
    assert re.search(r"no calls<.{0,60}our rules", page, re.DOTALL), page
    key = next(iter(night.manifest(WEDNESDAY - WEEK).records))
    explained = night.command("explain", "opentok", key.partition("/")[0], "--json", "--in", "index")
    assert explained.returncode == 0, explained.stderr
    assert json.loads(explained.stdout)["issues"] == []


def test_a_day_of_which_more_is_known_than_that_it_is_odd_is_loaded_as_ever(
    opentok: Vendor, night: Night, weeks: Sessions, es: Elasticsearch, prefix: str
) -> None:
    """What a crowd's records hold is counted and renewed beside the document of the day, which stays."""
    weeks |= calls(WEDNESDAY, 14)
    harvest(opentok, night, WEDNESDAY, into=INTO)
    (before,) = odd(es, prefix)
    weeks |= calls(WEDNESDAY, 15)
    (more,) = harvest(opentok, night, WEDNESDAY, again=True, into=INTO)
    assert (more.state, more.harvested, len(more.warnings)) == ("complete", 15, 1)
    (now,) = odd(es, prefix)
    assert now["_id"] == before["_id"]
    assert [each["_source"]["vconf"]["issue"]["value"] for each in (before, now)] == [14, 15]


# -- members of the vendor's answers -----------------------------------------------------------------------


def meetings(day: date, number: int = 10) -> list[Meeting]:
    start = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return [
        meeting(b64encode(f"{day} {each:05}".encode()).decode(), start + timedelta(minutes=each), 2, people=2)
        for each in range(number)
    ]


def harvest_zoom(data_dir: Path, day: date, *faults: str, into: Mapping[str, str], **options: Any) -> SliceReport:
    """A day of ten meetings, asked for when it has settled."""
    with zoom(meetings(day), datetime(day.year, day.month, day.day, 9, tzinfo=UTC) + 4 * DAY, faults=faults) as account:
        night = ZoomNight.at(data_dir, account).set(**into)
        return night.harvest(day, into=["index"], **options).only


def test_a_member_that_the_vendor_sends_blank_is_told_until_it_is_filled_again(
    tmp_path: Path, es_url: str, es: Elasticsearch, prefix: str
) -> None:
    into = {"ES_HOST": es_url, "INDEX_PREFIX": prefix}
    Night(tmp_path, after(WEDNESDAY), es_url=es_url, prefix=prefix).setup()
    for before in (4, 3, 2, 1):
        usual = harvest_zoom(tmp_path, WEDNESDAY - before * DAY, into=into)
        assert (usual.state, usual.harvested, usual.warnings) == ("complete", 10, [])
    blank = harvest_zoom(tmp_path, WEDNESDAY, "blank-member", into=into)
    assert (blank.state, int(blank.exit_code)) == ("complete", 0)
    assert ("member_vanished", "meeting[].join_time") in codes(blank)
    assert [each.text for each in blank.anomalies] == blank.warnings
    assert sorted(each["_source"]["vconf"]["issue"]["subject"] for each in odd(es, prefix)) == sorted(
        subject for _, subject in codes(blank)
    )
    assert set(codes(harvest_zoom(tmp_path, WEDNESDAY, "blank-member", into=into))) == set(codes(blank))
    mended = harvest_zoom(tmp_path, WEDNESDAY, into=into, again=True)
    assert (mended.state, mended.anomalies, odd(es, prefix)) == ("complete", [], [])


def test_opentok_too_may_leave_a_member_blank(tmp_path: Path) -> None:
    days = [WEDNESDAY - each * DAY for each in (4, 3, 2, 1)]
    for day, faults in [*((day, ()) for day in days), (WEDNESDAY, ("blank-member",))]:
        with vendor(calls(day, 12), after(day), rules=UNLIMITED, faults=faults) as opentok:
            report = Night(tmp_path, after(day), opentok.url).harvest(day).only
        assert (report.state, report.harvested) == ("complete", 12)
        assert codes(report) == [("member_vanished", "meeting[].sdkType") for _ in faults]


def test_answers_that_come_again_as_they_were_are_counted_once(tmp_path: Path) -> None:
    with vendor(calls(WEDNESDAY, 12), after(WEDNESDAY), rules=UNLIMITED) as opentok:
        night = Night(tmp_path, after(WEDNESDAY), opentok.url)
        night.harvest(WEDNESDAY)
        once = night.manifest(WEDNESDAY).filled
        night.harvest(WEDNESDAY, again=True)
    assert night.manifest(WEDNESDAY).filled == once
    assert {kind: (each.things, each.records) for kind, each in once.items()} == {
        "meeting": (12, 12),
        "meeting[]": (12, 12),
        "publisher": (12, 12),
        "publisher[]": (12, 12),
    }
