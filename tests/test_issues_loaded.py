"""Issues on their way: archive, lake and a real Elasticsearch, loaded again, counted, removed."""

from collections import Counter
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesters import SOURCES
from harvesters.commands.build import recipe
from harvesters.core.source import Account
from tests import wards_source
from tests.nights import Night, lake_lines
from tests.node_door import CALLS, Hit, sources, stored
from tests.opentok_days import KEY
from tests.wards_source import Wards

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
NO_ADDRESS = "120.000.000"
"""What Zoom's own documents show as an address."""
pytestmark = pytest.mark.templates_stay


def at(minute: int) -> str:
    return f"2026-11-20T09:{minute:02d}:00.000Z"


def call(id_: str = "m-1") -> dict[str, Any]:
    """Two people, each with a line of two minutes; three issues, of which one has no time."""
    people = [
        {"id": "ada", "name": "Ada", "bed": "b-7", "ip": "192.0.2.7", "from": at(0), "to": at(20)},
        {"id": "bob", "name": "Bob", "bed": "b-8", "ip": NO_ADDRESS, "from": at(1), "to": at(20)},
        {"id": "eve", "name": "Eve", "bed": "b-9", "ip": None, "from": at(0), "to": at(2), "waited": True},
    ]
    issues = {
        "ada": [{"code": "jitter", "severity": "error", "at": at(5)}, {"code": "loss", "severity": "warning"}],
        "bob": [{"code": "cpu", "severity": "info", "at": at(6)}],
    }
    lines = [
        {
            "person": person,
            "issues": found,
            "rows": [{"at": at(minute), "rtt": 40.5 + minute, "cpu": 7.0} for minute in (5, 6)],
        }
        for person, found in issues.items()
    ]
    return {"id": id_, "started": at(0), "ended": at(30), "people": people, "lines": lines}


def without(whole: dict[str, Any], code: str) -> dict[str, Any]:
    """The same call without an issue."""
    left = deepcopy(whole)
    for line in left["lines"]:
        line["issues"] = [issue for issue in line["issues"] if issue["code"] != code]
    return left


@pytest.fixture(autouse=True)
def plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invented vendor is the one that nights harvest; it has one call."""
    monkeypatch.setitem(SOURCES, "wards", "tests.wards_source:Wards")
    monkeypatch.setattr("tests.nights.VENDOR", "wards")
    monkeypatch.setattr(Wards, "calls", [call()])


@pytest.fixture
def night(tmp_path: Path, es_url: str, prefix: str) -> Night:
    """A night whose call was harvested into the index and the lake."""
    night = Night(tmp_path, NOW, es_url=es_url, prefix=prefix)
    night.setup()
    ran = night.harvest(DAY, into=["index", "lake"])
    assert (ran.exit_code, ran.only.state, ran.only.warnings) == (0, "complete", [])
    # A conference, three people, two lines, two measurements of each, three issues.
    assert ran.counts("index") == {"sent": 13, "created": 13, "updated": 0, "stale": 0, "rejected": 0}
    return night


def issues_of(hits: dict[str, Hit]) -> dict[str, Hit]:
    """The issues among stored documents, by code."""
    found = {hit.document["vconf"].get("issue", {}).get("code"): hit for hit in hits.values()}
    return {code: hit for code, hit in found.items() if code}


# -- without Elasticsearch ------------------------------------------------------------------------------


def test_a_replay_gives_the_same_documents_as_the_harvest(tmp_path: Path) -> None:
    night = Night(tmp_path, NOW)
    assert night.harvest(DAY).exit_code == 0
    live = lake_lines(tmp_path)
    assert len(live) == 13
    assert len(lake_lines(tmp_path, "issue")) == 3
    for path in (tmp_path / "lake").rglob("*.zst"):
        path.unlink()
    ran = night.later(LATER).replay(DAY)
    assert (ran.exit_code, ran.only.requests) == (0, 0)
    assert lake_lines(tmp_path) == live


def test_a_day_whose_last_issue_went_has_no_file_of_issues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(tmp_path, NOW)
    night.harvest(DAY)
    assert lake_lines(tmp_path, "issue")
    healthy = without(without(without(call(), "jitter"), "loss"), "cpu")
    monkeypatch.setattr(Wards, "calls", [healthy])
    assert night.later(LATER).harvest(DAY, again=True).exit_code == 0
    assert list((tmp_path / "lake").glob("issue/**/*.zst")) == []
    assert len(lake_lines(tmp_path)) == 10


def test_issues_that_went_missing_in_the_lake_are_noticed(tmp_path: Path) -> None:
    night = Night(tmp_path, NOW)
    night.harvest(DAY)
    before = lake_lines(tmp_path)
    for path in (tmp_path / "lake").glob("issue/**/*.zst"):
        path.unlink()
    assert night.later().harvest(DAY).exit_code == 0
    assert lake_lines(tmp_path) == before


@given(st.integers(1, 4), st.permutations(["jitter", "loss", "cpu"]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_where_the_answers_were_cut_decides_nothing_about_issues(tmp_path: Path, rows: int, order: list[str]) -> None:
    whole = call()
    for line in whole["lines"]:
        line["issues"].sort(key=lambda issue: order.index(issue["code"]))
    shape = recipe(Night(tmp_path, NOW).place, "wards", Account(KEY, "default"))

    def documents(size: int) -> list[tuple[str, str, bytes]]:
        found = shape.documents(wards_source.record(whole, size), 1_795_251_600_123, Counter())
        return [(each.id, each.index, each.source) for each in found]

    cut, uncut = documents(rows), documents(1000)
    assert cut == uncut
    assert sum("-issues-" in index for _, index, _ in uncut) == 3


# -- in Elasticsearch --------------------------------------------------------------------------------------


def test_issues_arrive_in_their_index_and_are_found_by_what_they_tell(
    night: Night, es: Elasticsearch, es_url: str, prefix: str
) -> None:
    hits = stored(es, es_url, prefix)
    found = issues_of(hits)
    assert {hit.index for hit in found.values()} == {f"{prefix}-issues-2026"}
    assert set(found) == {"jitter", "loss", "cpu"}
    people = {hit.document["event"]["id"].rpartition("/")[2]: hit.id for hit in hits.values() if "-part" in hit.index}
    assert found["cpu"].document["vconf"]["participant"]["id"] == people["bob"]
    assert found["loss"].document["@timestamp"] == at(0)
    errors = {"bool": {"filter": [{"term": {"event.type": "error"}}, {"term": {"user.full_name": "Ada"}}]}}
    assert es.count(index=f"{prefix}-issues", query=errors)["count"] == 2
    timed = {"range": {"vconf.issue.start": {"gte": at(5), "lte": at(6)}}}
    assert es.count(index=f"{prefix}-issues", query=timed)["count"] == 2
    assert sorted(lake_lines(night.data_dir)) == sorted(sources(hits).values())


@pytest.mark.usefixtures("night")
def test_an_address_that_is_none_costs_nothing_and_stays_in_the_source(
    es: Elasticsearch, es_url: str, prefix: str
) -> None:
    """Bob, his stream, its two measurements and his issue have it."""
    hits = stored(es, es_url, prefix).values()
    told = [hit for hit in hits if hit.document.get("client") == {"ip": NO_ADDRESS}]
    assert len(told) == 5
    everywhere = ",".join(f"{prefix}-{kind}" for kind in CALLS)
    assert es.count(index=everywhere, query={"term": {"_ignored": "client.ip"}})["count"] == 5
    # The others are addresses: they are found by their network.
    assert es.count(index=everywhere, query={"term": {"client.ip": "192.0.2.0/24"}})["count"] == 6


def test_an_issue_that_the_vendor_took_back_is_removed(
    night: Night, es: Elasticsearch, es_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(es, es_url, prefix)
    monkeypatch.setattr(Wards, "calls", [without(call(), "loss")])
    ran = night.later(LATER).harvest(DAY, into=["index", "lake"], again=True)
    assert (ran.exit_code, ran.only.state, ran.only.warnings) == (0, "complete", [])
    assert "1 superseded ones removed" in ran.only.sentence()
    after = stored(es, es_url, prefix)
    assert set(before) - set(after) == {issues_of(before)["loss"].id}
    assert set(issues_of(after)) == {"jitter", "cpu"}
    assert sorted(lake_lines(night.data_dir)) == sorted(sources(after).values())


def test_an_issue_that_was_deleted_behind_our_back_comes_back(
    night: Night, es: Elasticsearch, es_url: str, prefix: str
) -> None:
    before = stored(es, es_url, prefix)
    victim = issues_of(before)["cpu"]
    # Of the same version: a plain delete's is higher and is remembered for a minute.
    es.delete(index=victim.index, id=victim.id, version=victim.version, version_type="external_gte")
    ran = night.later().harvest(DAY, into=["index"])
    assert (ran.exit_code, ran.counts()["created"]) == (0, 1)
    assert sources(stored(es, es_url, prefix)) == sources(before)


def test_an_issue_that_nobody_knows_of_is_named(night: Night, es: Elasticsearch, es_url: str, prefix: str) -> None:
    issue = issues_of(stored(es, es_url, prefix))["cpu"]
    es.index(index=issue.index, id="left-over", document=issue.document)
    ran = night.later().harvest(DAY, into=["index"])
    (warning,) = [each for each in ran.only.warnings if "surplus" in each]
    assert "surplus in index: 1 more issue documents than are known of" in warning


def test_a_harvest_again_that_finds_the_same_issues_changes_nothing(
    night: Night, es: Elasticsearch, es_url: str, prefix: str
) -> None:
    before = stored(es, es_url, prefix)
    ran = night.later(LATER).harvest(DAY, into=["index"], again=True)
    assert (ran.exit_code, ran.counts()["sent"]) == (0, 0)
    after = stored(es, es_url, prefix)
    assert {id_: (hit.seq_no, hit.source) for id_, hit in after.items()} == {
        id_: (hit.seq_no, hit.source) for id_, hit in before.items()
    }
