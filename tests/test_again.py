"""`--again` on a day that was whole: where it fails the run says so, and the day stays what it was."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from harvesters.sandbox import Request, Response
from tests.nights import Night, Vendor, state, vendor
from tests.opentok_days import day_of, session_id
from tests.opentok_faults import listed_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from elasticsearch import Elasticsearch

NOW, DAY, NOTHING_ON = datetime(2026, 11, 20, 9, tzinfo=UTC), date(2026, 11, 18), date(2026, 11, 17)
BROKEN, LATER = Response(404, {}, b"<html>"), Response(429, {"Retry-After": "99999"})


@pytest.fixture
def opentok() -> Iterator[Vendor]:
    with vendor(day_of(3, day=DAY, people=(1,), minutes=1), NOW) as server:
        yield server


@pytest.fixture
def night(opentok: Vendor, tmp_path: Path) -> Night:
    """The day was harvested whole, and has settled."""
    made = Night(tmp_path, NOW, opentok.url)
    assert made.harvest(DAY).only.settled
    return made


def answers(opentok: Vendor, answer: Response, when: Callable[[Request], bool] = lambda _: True) -> None:
    """From here on the vendor gives this answer to those requests."""
    opentok.server._intercept = lambda _number, request: answer if when(request) else None


def is_for_details(request: Request) -> bool:
    return listed_day(request.body) is None


def told(night: Night) -> tuple[int, str, bool]:
    """The exit code of `status`, and what it says of the day."""
    done = night.command("status", "--json", "--last", "2d")
    (found,) = [each for each in json.loads(done.stdout)["accounts"][0]["days"] if each["day"] == str(DAY)]
    return done.returncode, found["state"], found["whole"]


@pytest.mark.parametrize(
    ("fault", "code", "ended"),
    [((BROKEN,), 1, "failed"), ((LATER, is_for_details), 75, "deferred")],
    ids=["nothing is listed", "listed, and nothing fetched"],
)
def test_a_run_that_fails_takes_nothing_from_a_whole_day(
    opentok: Vendor, night: Night, fault: tuple[Any, ...], code: int, ended: str
) -> None:
    before = {name: each for name, each in state(night.data_dir).items() if "manifest" not in name}
    answers(opentok, *fault)
    ran = night.later().harvest(DAY, again=True)
    assert (ran.exit_code, ran.only.state) == (code, ended)
    assert ran.only.sentence().startswith(f"opentok 46204972 2026-11-18 {ended}: 3 of 3 calls; lake: nothing new; ")
    assert ran.only.sentence().endswith("; the day stays complete as it was.")
    assert before.items() <= state(night.data_dir).items()
    assert (night.manifest(DAY).state, night.manifest(DAY).reason) == ("complete", "")
    assert told(night)[1:] == ("complete", True)


def test_an_empty_day_stays_empty(opentok: Vendor, night: Night) -> None:
    assert night.harvest(NOTHING_ON).only.state == "empty"
    answers(opentok, BROKEN)
    assert night.later().harvest(NOTHING_ON, again=True).exit_code == 1
    assert night.manifest(NOTHING_ON).state == "empty"


def test_what_runs_wrote_into_the_index_says_so_too(
    es: Elasticsearch, es_url: str, prefix: str, opentok: Vendor, tmp_path: Path
) -> None:
    night = Night(tmp_path, NOW, opentok.url, es_url, prefix)
    night.setup()
    assert night.harvest(DAY, into=["index"]).exit_code == 0
    answers(opentok, BROKEN)
    assert night.later().harvest(DAY, into=["index"], again=True).exit_code == 1
    es.indices.refresh(index=f"{prefix}-runs")
    hits = es.search(index=f"{prefix}-runs", query={"term": {"vconf.type": "slice"}})["hits"]["hits"]
    assert [each["_source"]["vconf"]["slice"]["state"] for each in hits] == ["complete"]


# -- green means whole: what is missing, owed or not settled is not hidden by it --------------------------


def test_a_call_that_could_not_be_had_any_more_is_not_hidden(tmp_path: Path) -> None:
    with vendor(day_of(1, day=DAY, people=(1,), minutes=1), NOW) as server:
        night = Night(tmp_path, NOW, server.url)
        assert night.harvest(DAY).only.settled
        answers(server, BROKEN, is_for_details)
        ran = night.later().harvest(DAY, again=True)
    assert (ran.exit_code, ran.only.kept) == (1, "")
    assert [each["key"] for each in ran.only.failed] == [session_id(0, DAY)]
    assert told(night) == (3, "failed", False)


def test_a_destination_that_is_gone_is_not_hidden(opentok: Vendor, night: Night) -> None:
    answers(opentok, BROKEN)
    ran = night.later(es_url="http://127.0.0.1:9").harvest(DAY, into=["lake", "index"], again=True)
    assert (ran.exit_code, ran.only.kept) == (1, "")
    assert told(night) == (3, "failed", False)


def test_a_day_that_had_not_settled_is_not_whole_if_it_cannot_be_asked_for(opentok: Vendor, tmp_path: Path) -> None:
    opentok.now = datetime(2026, 11, 19, 9, tzinfo=UTC)
    night = Night(tmp_path, opentok.now, opentok.url)
    assert (night.harvest(DAY).only.state, night.manifest(DAY).settled) == ("complete", False)
    answers(opentok, BROKEN)
    assert night.later().harvest(DAY).only.kept == ""
    assert night.manifest(DAY).state == "failed"


def test_a_day_that_was_not_whole_does_not_become_so(opentok: Vendor, tmp_path: Path) -> None:
    """A destination could not be reached, and nobody has come by since."""
    night = Night(tmp_path, NOW, opentok.url, "http://127.0.0.1:9")
    assert night.harvest(DAY, into=["lake", "index"]).exit_code == 1
    answers(opentok, BROKEN)
    assert night.later().harvest(DAY, again=True).only.kept == ""
    assert night.manifest(DAY).state == "failed"
