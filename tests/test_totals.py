"""The vendor's own totals of a day: archived, loaded and replayed like calls, and never a reason to fail."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from harvesters.core.answers import OK, Auth, Judgement, Verdict
from harvesters.core.answers import Request as Question
from harvesters.core.errors import AuthError, SliceError
from harvesters.sandbox import Request, Response
from tests.line import RawServer, ask, line, whole
from tests.nights import Night, Vendor, lake_lines, vendor
from tests.opentok_days import session
from tests.opentok_truth import UNHURRIED, operations

DAY = date(2026, 11, 18)
EARLY, LATE = datetime(2026, 11, 21, 7, 59, tzinfo=UTC), datetime(2026, 11, 21, 8, tzinfo=UTC)
"""A minute before the totals of the day are there for certain, and when they are."""
SOON = datetime(2026, 11, 19, 3, tzinfo=UTC)


def calls() -> list[dict[str, Any]]:
    """Before Vonage's day begins, within it, and in the part of it that lies in the next UTC day."""
    return [
        session(0, day=DAY, start=timedelta(hours=2), people=2, minutes=7),
        session(1, day=DAY, start=timedelta(hours=10), people=3, minutes=5),
        session(2, day=date(2026, 11, 19), start=timedelta(hours=3), people=2, minutes=2),
    ]


def minutes(sessions: Sequence[dict[str, Any]], kind: str) -> float:
    """The minutes of these sessions' streams, from their beginnings and ends."""
    streams = [
        each for of in sessions for meeting in of["meetings"]["resources"] for each in meeting[kind]["resources"]
    ]
    assert streams
    spans = [[datetime.fromisoformat(each[name]) for name in ("createdAt", "destroyedAt")] for each in streams]
    return sum((end - start).total_seconds() for start, end in spans) / 60


def night_of(folder: Path, now: datetime, server: Vendor, es_url: str = "", prefix: str = "vconf") -> Night:
    return Night(folder, now, server.url, es_url, prefix, {"TOTALS": "yes"})


@pytest.fixture
def opentok() -> Iterator[Vendor]:
    with vendor(calls(), LATE, rules=UNHURRIED) as server:
        yield server


def usage(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in lake_lines(folder, "usage")]


def test_the_day_that_begins_on_the_day_becomes_one_document(opentok: Vendor, tmp_path: Path) -> None:
    night = night_of(tmp_path, LATE, opentok)
    ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.state, ran.only.settled, ran.only.warnings) == (0, "complete", True, [])
    # The calls of the day are counted as ever.
    assert (ran.only.listed, ran.only.harvested) == (2, 2)
    assert operations(opentok) == ["List", "Detail", "Totals"]
    (told,) = usage(tmp_path)
    of_interval = calls()[1:]
    assert told["vconf"]["usage"]["minutes"] == {
        "published": pytest.approx(minutes(of_interval, "publishers")),
        "subscribed": pytest.approx(minutes(of_interval, "subscribers")),
    }
    assert told["vconf"]["errors"] == {
        "connect": {"attempts": 5, "failures": 0},
        "publish": {"attempts": 5, "failures": 0},
        "subscribe": {"attempts": 8, "failures": 0},
    }
    assert (told["event"]["start"], told["event"]["end"]) == ("2026-11-18T08:00:00.000Z", "2026-11-19T08:00:00.000Z")
    assert "extra" not in told["vconf"]
    assert "flags" not in told["vconf"]


def test_they_are_archived_loaded_everywhere_and_replayed_like_calls(
    opentok: Vendor, es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    night = night_of(tmp_path, LATE, opentok, es_url, prefix)
    night.setup()
    first = night.harvest(DAY, into=["index", "lake"])
    assert first.exit_code == 0
    found = es.search(index=f"{prefix}-usage-2026", size=10).body["hits"]["hits"]
    assert [each["_source"] for each in found] == usage(tmp_path)
    before, archive = lake_lines(tmp_path), night.store(DAY).archive.read_bytes()
    # A repeated harvest changes nothing, and sends nothing.
    opentok.now += timedelta(hours=1)
    again = night.later(opentok.now).harvest(DAY, into=["index", "lake"], again=True)
    assert (again.exit_code, again.counts()["sent"], again.only.unchanged) == (0, 0, 3)
    assert night.store(DAY).archive.read_bytes() == archive
    night.store(DAY).manifest_path.unlink()
    replayed = night.later(LATE + timedelta(days=9)).replay(DAY, into=["index", "lake"])
    assert (replayed.exit_code, replayed.only.listed) == (0, 2)
    assert lake_lines(tmp_path) == before
    assert es.search(index=f"{prefix}-usage-2026", size=10).body["hits"]["hits"] == found


def test_a_day_waits_for_its_totals_before_it_settles(opentok: Vendor, tmp_path: Path) -> None:
    opentok.now = SOON
    early = night_of(tmp_path, SOON, opentok).harvest(DAY)
    assert (early.exit_code, early.only.warnings, usage(tmp_path)) == (0, [], [])
    opentok.now = EARLY
    assert not night_of(tmp_path, EARLY, opentok).harvest(DAY).only.settled
    opentok.now, asked = LATE, opentok.requests
    assert night_of(tmp_path, LATE, opentok).harvest(DAY).only.settled
    # The calls are final by then: they are listed once more, and not fetched.
    assert operations(opentok)[asked:] == ["List", "Totals"]
    assert len(usage(tmp_path)) == 1
    asked = opentok.requests
    assert night_of(tmp_path, LATE, opentok).harvest(DAY).exit_code == 0
    assert opentok.requests == asked


def test_a_day_without_calls_is_empty_whatever_its_totals_say(tmp_path: Path) -> None:
    with vendor(calls()[2:], LATE, rules=UNHURRIED) as server:
        night = night_of(tmp_path, LATE, server)
        ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.state, ran.only.listed) == (0, "empty", 0)
    assert len(usage(tmp_path)) == 1
    assert night.manifest(DAY).calls == {}


def test_nobody_asks_for_them_for_a_selection_or_where_they_are_switched_off(opentok: Vendor, tmp_path: Path) -> None:
    night = night_of(tmp_path, LATE, opentok)
    for arguments in (["--limit", "1"], ["--session-id", calls()[0]["sessionId"]]):
        assert night.command("opentok", "--date", str(DAY), *arguments).returncode == 0
    off = night.later(more={"TOTALS": "no"})
    ran = off.harvest(DAY)
    assert (ran.exit_code, ran.only.settled) == (0, True)
    assert "Totals" not in operations(opentok)
    assert usage(tmp_path) == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b'{"data":{"project":{"projectData":null}},"errors":[{"message":"no","errorCode":1021}]}', "may not see"),
        (b'{"data":{"project":{"projectData":null}}}', "refused"),
        (b'{"data":{"project":{"projectData":{"resources":"none"}}}}', "unexpected form"),
        (b'{"data":null,"errors":[{"message":"Cannot query field \\"projectData\\""}]}', "Cannot query field"),
        (b"<html>", "instead of a GraphQL answer"),
        (503, "failed once, with: 503"),
        (429, "failed once, with: 429"),
    ],
)
def test_totals_that_cannot_be_had_are_one_warning_and_one_request(
    tmp_path: Path, answer: bytes | int, why: str
) -> None:
    def intercept(_number: int, request: Request) -> Response | None:
        if b"query Totals" not in request.body:
            return None
        if isinstance(answer, int):
            return Response(answer, {"Retry-After": "60"})
        return Response(200, {"Content-Type": "application/json"}, answer)

    with vendor(calls(), LATE, rules=UNHURRIED, intercept=intercept) as server:
        night = night_of(tmp_path, LATE, server)
        ran = night.harvest(DAY, date(2026, 11, 19))
        asked = operations(server)
    assert ran.exit_code == 0
    assert [each.state for each in ran.report.slices] == ["complete", "complete"]
    (warning,) = [warning for each in ran.report.slices for warning in each.warnings]
    assert warning.startswith("opentok's own totals cannot be had")
    assert why in warning
    assert asked.count("Totals") == 1
    assert night.time.waits == []
    assert usage(tmp_path) == []


def test_the_sandbox_refuses_them_by_name(tmp_path: Path) -> None:
    with vendor(calls(), LATE, rules=UNHURRIED, faults=["no-totals"]) as server:
        ran = night_of(tmp_path, LATE, server).harvest(DAY)
    assert (ran.exit_code, ran.only.state, len(ran.only.warnings)) == (0, "complete", 1)


def test_a_metric_of_another_form_is_told_as_far_as_it_goes(tmp_path: Path) -> None:
    """Null items, numbers that are none, members that nobody knows: nothing of it costs the day."""
    metric: dict[str, Any] = {
        "intervalStart": "2026-11-18T00:00:00Z",
        "intervalEnd": None,
        "region": "CA",
        "usage": {"streamedPublishedMinutes": "many", "streamedSubscribedMinutes": 1e300},
        "errors": {"connect": {"attempts": -1, "failures": 2}, "publish": None, "subscribe": []},
    }
    body = {"data": {"project": {"projectData": {"resources": [None, {}, metric]}}}}

    def intercept(_number: int, request: Request) -> Response | None:
        return Response(200, {}, json.dumps(body).encode()) if b"query Totals" in request.body else None

    with vendor(calls(), LATE, rules=UNHURRIED, intercept=intercept) as server:
        ran = night_of(tmp_path, LATE, server).harvest(DAY)
    assert (ran.exit_code, ran.only.warnings) == (0, [])
    (told,) = usage(tmp_path)
    assert told["vconf"]["errors"] == {"connect": {"failures": 2}}
    assert told["vconf"]["extra"] == {"region": "CA"}
    assert told["vconf"]["flags"] == ["end_missing"]
    assert "usage" not in told["vconf"]


def test_no_command_takes_them_for_a_call(opentok: Vendor, tmp_path: Path) -> None:
    night = night_of(tmp_path, LATE, opentok)
    assert night.harvest(DAY).exit_code == 0
    (told,) = usage(tmp_path)
    for key in (told["event"]["id"], told["vconf"]["conference"]["id"], "usage", "2026-11-18T08:00:00.000Z"):
        for store in ("lake", "archive"):
            found = night.command("explain", "opentok", key, "--in", store, "--last", "30d")
            assert found.returncode == 1, found.stdout
            assert "usage" not in found.stdout
    places = json.loads(night.command("status", "--verify", "--json").stdout)["verify"]["places"]
    assert {name: each["conferences"] for name, each in places.items()} == {"archive": 2, "lake": 2}


def test_what_a_damaged_archive_lost_of_them_is_asked_for_again(opentok: Vendor, tmp_path: Path) -> None:
    night = night_of(tmp_path, LATE, opentok)
    assert night.harvest(DAY).exit_code == 0
    manifest = night.manifest(DAY)
    (entry,) = [entry for entry in manifest.records.values() if not entry.call]
    data = bytearray(night.store(DAY).archive.read_bytes())
    data[entry.offset + entry.length // 2] ^= 0xFF
    night.store(DAY).archive.write_bytes(data)
    mended = night.later().harvest(DAY)
    assert "" not in night.manifest(DAY).calls
    assert mended.only.listed == 2
    assert night.later().harvest(DAY).exit_code == 0
    assert len(usage(tmp_path)) == 1


@pytest.mark.parametrize(("status", "error"), [(500, SliceError), (429, SliceError)])
def test_what_is_asked_for_once_is_not_asked_again(status: int, error: type[Exception]) -> None:
    with RawServer([whole(b"", status, retry_after="1"), whole()]) as server:
        api, time = line()
        question = ask(server.url)
        with pytest.raises(error, match="failed once, with"):
            api.send(Question(question.method, question.url, question.body, once=True))
    assert (len(server.requests), time.waits) == (1, [])


def test_a_refusal_of_what_is_asked_for_once_costs_nobody_his_login() -> None:
    logins: list[int] = []

    def log_in() -> Auth:
        logins.append(1)
        return Auth({"authorization": f"Bearer {len(logins)}"})

    with RawServer([whole(b"", 403), whole()]) as server:
        api, _ = line(judging=lambda answer: OK if answer.status == 200 else Judgement(Verdict.REFUSED, "not you"))
        api.identify(log_in)
        question = ask(server.url)
        with pytest.raises(AuthError, match="not you"):
            api.send(Question(question.method, question.url, question.body, once=True))
        api.send(question)
    assert (len(server.requests), len(logins)) == (2, 1)
