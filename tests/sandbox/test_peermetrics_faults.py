"""Faults and switches by name, as a client of the simulated peermetrics meets them."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from harvesters.sandbox.peermetrics import APP, DEFAULT, PeermetricsRules, Person, call, room
from harvesters.sandbox.peermetrics.faults import FAULTS, known
from harvesters.sandbox.peermetrics.spoils import Memory, Met
from harvesters.sandbox.peermetrics.switches import SWITCHES, switched
from harvesters.sandbox.server import Request, Response
from tests.sandbox.peermetrics_client import APP_ID, NINE, NOBODY, NOW, Client, after, ids, peermetrics

FIRST, SECOND = room("first", [call(NINE, 2)]), room("second", [call(after(3600), 2, 3)])
EVENTS = f"/conferences/{FIRST.id}/events"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with peermetrics([FIRST, SECOND]) as client:
        yield client


def standing(*faults: str) -> Any:  # noqa: ANN401 - a context manager
    return peermetrics([FIRST, SECOND], faults=faults)


# -- on the line ---------------------------------------------------------------------------------------


def test_a_header_asks_for_a_fault_and_the_next_request_is_fine(client: Client) -> None:
    assert client.get("/apps", fault="503").status_code == 503
    assert client.get("/apps").status_code == 200
    assert client.get("/apps", fault="rain").status_code == 200


@pytest.mark.parametrize("fault", ["429", "500", "502", "503", "504", "401"])
def test_a_status_by_its_name(client: Client, fault: str) -> None:
    answer = client.get("/apps", fault=fault)
    assert answer.status_code == int(fault)
    assert (answer.content == b'""') == (fault in {"429", "500"})
    assert "retry-after" not in answer.headers


def test_bodies_that_are_no_answer(client: Client) -> None:
    for fault in ("html", "login-page"):
        answer = client.get("/apps", fault=fault)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
        assert "Sign in" in answer.text
    assert client.get("/apps", fault="empty").content == b""
    with pytest.raises(json.JSONDecodeError):
        json.loads(client.get("/apps", fault="not-json").content)
    lost = client.get("/apps", fault="no-route")
    assert (lost.status_code, lost.headers["content-type"]) == (404, "text/html")


@pytest.mark.parametrize("fault", ["cut", "reset"])
def test_a_line_that_breaks(client: Client, fault: str) -> None:
    with pytest.raises(requests.RequestException):
        client.get(EVENTS, fault=fault)
    assert client.get(EVENTS).status_code == 200


def test_a_slow_answer_is_the_same_answer() -> None:
    met = Met(Request("GET", "/v1/apps", {}, b"", ""), lambda _: Response(500), NOW, Memory())
    assert FAULTS["slow"].spoil(met, Response(200, {}, b"1")) == Response(200, {}, b"1", delay=2.0)


def test_standing_faults_of_the_line_hit_every_third_request() -> None:
    with standing("502") as client:
        assert [client.get("/apps").status_code for _ in range(6)] == [200, 200, 502, 200, 200, 502]
    with standing("429-always") as client:
        assert [client.get("/apps").status_code for _ in range(3)] == [429] * 3
    with standing("500-always") as client:
        assert [client.get("/apps").status_code for _ in range(3)] == [500] * 3


def test_unknown_names_are_answered_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"no fault 'rain'; there are 429, .*, with-zone\."):
        known(["500", "rain"])
    with pytest.raises(ValueError, match="'500' is about no single conference"):
        known(["500=abc"])
    assert known([*FAULTS, f"removed={FIRST.id}"]) == [*FAULTS, f"removed={FIRST.id}"]
    assert all(each.help for each in FAULTS.values())


# -- one app, one conference ---------------------------------------------------------------------------


def test_an_app_is_listed_and_gone_when_it_is_asked_about() -> None:
    with standing("app-gone") as client:
        assert len(client.rows("/apps")) == 1
        assert client.refusal(f"/apps/{APP_ID}") == (400, "app_not_found")
        assert client.refusal("/sessions", appId=APP_ID, limit=200) == (400, "app_not_found")


@pytest.mark.parametrize("named", [True, False])
def test_one_conference_is_removed_between_list_and_detail(*, named: bool) -> None:
    with standing(f"removed={SECOND.id}" if named else "removed") as client:
        assert ids(client.rows("/conferences", appId=APP_ID)) == [FIRST.id, SECOND.id]
        gone, stays = (SECOND, FIRST) if named else (FIRST, SECOND)
        assert client.refusal(f"/conferences/{gone.id}/events") == (400, "conference_not_found")
        assert client.refusal("/stats", conferenceId=gone.id) == (400, "conference_not_found")
        assert client.rows(f"/conferences/{stays.id}/events")


def test_whatever_is_asked_of_one_conference_breaks() -> None:
    with standing(f"broken={FIRST.id}") as client:
        assert client.get(EVENTS).content == b'""'
        assert client.get(f"/conferences/{SECOND.id}/events").status_code == 200


def test_a_proxy_gives_up_on_what_is_not_paged() -> None:
    with standing("slow-unpaged") as client:
        assert client.get(EVENTS).status_code == 504
        assert client.get(EVENTS, limit=200).status_code == 200
        assert client.get("/apps").status_code == 200


# -- lists ---------------------------------------------------------------------------------------------


def test_pages_that_repeat_and_lists_that_grow(client: Client) -> None:
    whole = ids(client.rows(EVENTS))
    with standing("repeated-page") as spoiled:
        first, second = (ids(spoiled.ask(EVENTS, limit=10, offset=offset)["results"]) for offset in (0, 10))
        assert first == second == whole[:10]
    with standing("growing") as spoiled:
        page = spoiled.ask(EVENTS, limit=10, offset=10)
        assert ids(page["results"]) == whole[9:19]
        assert page["count"] == len(whole) + 1


def test_lists_that_lose_or_miscount_a_row(client: Client) -> None:
    whole = client.rows(EVENTS)
    assert client.get(EVENTS, fault="lost-row").json()["data"] == whole[1:]
    assert client.get(EVENTS, fault="wrong-count", limit=1).json()["count"] == len(whole) + 1


def test_a_row_that_nobody_asked_for(client: Client) -> None:
    rows = client.get("/connections", fault="ignored-filter", conferenceId=FIRST.id).json()["data"]
    assert [row["conference"] for row in rows] == [FIRST.id, FIRST.id, "ffffffff-ffff-4fff-bfff-ffffffffffff"]


def test_statistics_that_come_in_late(client: Client) -> None:
    whole = len(client.rows("/stats", conferenceId=FIRST.id))
    with standing("late-stats") as spoiled:
        told = [spoiled.ask("/stats", conferenceId=FIRST.id, limit=200)["count"] for _ in range(4)]
    assert told == [whole // 2, whole // 2, whole, whole]


def test_counters_that_begin_anew(client: Client) -> None:
    rows = client.get("/stats", fault="counters-down", conferenceId=FIRST.id).json()["data"]
    sent = [row["data"]["packetsSent"] for row in rows if row["track"] and row["data"]["kind"] == "audio"]
    assert any(later < earlier for earlier, later in zip(sent[:-2:2], sent[2::2], strict=True))


def test_rows_that_are_not_as_they_should_be(client: Client) -> None:
    (row, _) = client.get("/conferences", fault="wrong-type", appId=APP_ID).json()["data"]
    assert (row["duration"], row["conference_name"]) == ("118", 17)
    assert client.get(f"/conferences/{FIRST.id}", fault="unknown-field").json()["data"]["new_field"]
    assert client.get("/connections", fault="bad-stamps", appId=APP_ID).json()["data"][0]["end_time"] == "yesterday"
    assert client.get("/stats", fault="no-data", conferenceId=FIRST.id).json()["data"][0]["data"] is None
    zoned = client.get("/conferences", fault="with-zone", appId=APP_ID).json()["data"][0]
    assert zoned["created_at"] == "2026-11-20T09:00:00Z"


def test_faults_of_rows_leave_refusals_alone(client: Client) -> None:
    for fault in FAULTS:
        if FAULTS[fault].spoil.__module__.endswith("spoiled_rows"):
            refused = client.get(f"/conferences/{NOBODY}", fault=fault)
            assert (refused.status_code, refused.json()["error_code"]) == (400, "conference_not_found")


# -- switches ------------------------------------------------------------------------------------------


def test_each_switch_has_its_values_and_the_default_first() -> None:
    for name, values in SWITCHES.items():
        assert getattr(DEFAULT, name.replace("-", "_")) == values[0]
        for value in values:
            assert getattr(switched(DEFAULT, {name: value}), name.replace("-", "_")) == value


def test_unknown_switches_and_values_are_answered_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"no switch 'weather'; there are paging, .*geo\."):
        switched(DEFAULT, {"weather": "fine"})
    with pytest.raises(ValueError, match=r"'cleanup' is one of off, on, not 'maybe'\."):
        switched(DEFAULT, {"cleanup": "maybe"})


def test_old_servers_know_no_paging_and_list_ids() -> None:
    rules = switched(DEFAULT, {"paging": "off", "conference-list": "ids"})
    with peermetrics(FIRST, rules=rules) as client:
        (row,) = client.rows("/conferences", appId=APP["id"], limit=1)
        assert row == client.ask(f"/conferences/{FIRST.id}")["data"]
        assert len(row["participants"]) == 2
        assert set(client.ask(EVENTS, limit=2, offset=1)) == {"data"}


def test_rows_with_equal_stamps_are_lost_between_pages_unless_the_order_is_stable() -> None:
    rules = switched(DEFAULT, {"stamps": "seconds"})
    with peermetrics(FIRST, rules=rules) as client:
        whole = client.rows(EVENTS)
        assert {len(row["created_at"]) for row in whole} == {19}
        told = Counter(ids(client.paged(EVENTS, 7)))
        assert told.total() == len(whole)
        assert set(told) < set(ids(whole))
        assert set(ids(client.paged(EVENTS, 200))) == set(ids(whole))
    with peermetrics(FIRST, rules=switched(rules, {"order": "stable"})) as client:
        assert Counter(ids(client.paged(EVENTS, 7))) == Counter(ids(whole))


@pytest.mark.parametrize(
    ("switch", "value", "field", "expected"),
    [
        ("devices", "object", "devices", dict),
        ("devices", "null", "devices", type(None)),
        ("platform", "null", "platform", type(None)),
    ],
)
def test_parts_of_sessions_may_be_otherwise(switch: str, value: str, field: str, expected: type) -> None:
    with peermetrics(FIRST, rules=switched(DEFAULT, {switch: value})) as client:
        rows = client.rows("/sessions", appId=APP_ID)
    assert [type(row[field]) for row in rows] == [expected] * 2


def test_places_are_strings_numbers_or_nothing() -> None:
    told = []
    for value in SWITCHES["geo"]:
        with peermetrics(FIRST, rules=switched(DEFAULT, {"geo": value})) as client:
            told.append(client.rows("/sessions", appId=APP_ID)[0]["geo_ip"]["latitude"])
    assert told == ["40.416775", 40.416775, None]


def test_search_needs_an_extension() -> None:
    with peermetrics([FIRST, SECOND]) as client:
        hits = client.ask("/search", query="second")["matches"]
        assert hits[0] == {
            "name": "Second",
            "id": "second",
            "type": "conference",
            "url": f"/conference/{SECOND.id}",
        }
        assert client.refusal("/search") == (400, "missing_parameters")
        assert client.refusal("/search", query="x" * 65) == (400, "invalid_parameters")
    with peermetrics(FIRST, rules=PeermetricsRules(search="absent")) as client:
        assert client.get("/search", query="first").status_code == 500


def test_the_dashboard_s_counts() -> None:
    bad = room("bad", [call(after(7200), 12, [Person("Ana", media="refused"), Person("Ben", relay=True)])])
    with peermetrics([FIRST, bad]) as client:
        told = {"appId": APP_ID}
        assert client.rows("/conferences/summary", **told) == [
            {"date": "2026-11-20", "success": 1, "warning": 0, "error": 1, "ongoing": 0, "total": 2}
        ]
        lengths = {row["range"]: row["count"] for row in client.rows("/conferences/duration-summary", **told)}
        assert {name: count for name, count in lengths.items() if count} == {"1 - 3 m": 1, "10 - 15 m": 1}
        assert client.ask("/conferences/participant-count-summary", **told) == {
            "data": [{"participants": 2, "conferences": 2}],
            "total_conferences": 2,
        }
        assert client.ask("/issues/gum-summary", **told)["total"] == 1
        assert client.rows("/connections/summary", **told) == [
            {"name": "Direct", "count": 3},
            {"name": "Relayed", "count": 1},
        ]
        (setup,) = [row for row in client.rows("/connections/setup-time-summary", **told) if row["count"]]
        assert (setup["range"], setup["count"], set(setup["conference_ids"])) == (
            "1000 - 1500 ms",
            4,
            {FIRST.id, bad.id},
        )
        assert client.ask("/sessions/summary", **told)["browsers"] == [{"name": "Chrome", "count": 4}]
        assert client.refusal("/issues/summary") == (400, "missing_parameters")
