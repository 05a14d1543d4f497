"""Faults by name, as a client of the simulated Zoom meets them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from harvesters.sandbox.server import Request, Response
from harvesters.sandbox.zoom import UNLIMITED, Meeting, ZoomRules, meeting
from harvesters.sandbox.zoom.faults import FAULTS, known
from harvesters.sandbox.zoom.limits import next_midnight
from harvesters.sandbox.zoom.spoils import Memory, Met
from tests.sandbox.zoom_client import NINE, NOW, PAST, Client, of, zoom

LIST = "/metrics/meetings"
FREE = ZoomRules(limits=UNLIMITED)
UUID, OTHER = "8ZvNoKtPQkCwVdDnTQmCaA==", "/ZvNoKtPQkCwVdDnTQmCaA=="
QOS = of(UUID, "/participants/qos")


def two() -> list[Meeting]:
    return [meeting(UUID, NINE, people=4), meeting(OTHER, NINE + timedelta(minutes=5), people=4)]


@pytest.fixture
def client() -> Iterator[Client]:
    with zoom(two(), rules=FREE) as client:
        yield client


def test_a_header_asks_for_a_fault_and_the_next_request_is_fine(client: Client) -> None:
    assert client.get(LIST, **PAST, fault="503").status_code == 503
    assert client.get(LIST, **PAST).status_code == 200
    assert client.get(LIST, **PAST, fault="rain").status_code == 200


@pytest.mark.parametrize("fault", ["500", "502", "503"])
def test_a_status_by_its_name(client: Client, fault: str) -> None:
    assert client.get(LIST, **PAST, fault=fault).status_code == int(fault)


def test_too_many_requests_with_headers_and_without(client: Client) -> None:
    told = client.get(LIST, **PAST, fault="429")
    assert (told.status_code, told.json()["code"], told.headers["X-RateLimit-Type"]) == (429, 429, "QPS")
    bare = client.get(LIST, **PAST, fault="429-bare")
    assert (bare.status_code, bare.json()) == (429, told.json())
    assert not [name for name in bare.headers if "ratelimit" in name.lower()]


def test_bodies_that_are_no_answer(client: Client) -> None:
    assert client.get(LIST, **PAST, fault="html").headers["content-type"] == "text/html"
    assert client.get(LIST, **PAST, fault="html").status_code == 200
    assert client.get(LIST, **PAST, fault="empty").content == b""
    with pytest.raises(json.JSONDecodeError):
        json.loads(client.get(LIST, **PAST, fault="not-json").content)
    maintenance = client.get(LIST, **PAST, fault="maintenance")
    assert (maintenance.status_code, maintenance.headers["content-type"]) == (503, "text/html")


def test_half_of_a_body_and_then_the_line_is_closed(client: Client) -> None:
    with pytest.raises(requests.RequestException):
        client.get(LIST, **PAST, fault="cut")
    assert client.get(LIST, **PAST).status_code == 200


def test_a_slow_answer_is_the_same_answer() -> None:
    met = Met(Request("GET", "/v2" + LIST, {}, b"", ""), lambda _: Response(500), lambda: None, NOW, Memory())
    assert FAULTS["slow"].spoil(met, Response(200, {}, b"1")) == Response(200, {}, b"1", delay=2.0)


def test_standing_faults_of_the_line_hit_every_third_request() -> None:
    with zoom(two(), rules=FREE, faults=["502"]) as client:
        # The first request is for a token.
        assert [client.get(LIST, **PAST).status_code for _ in range(6)] == [200, 502, 200, 200, 502, 200]


def test_unknown_names_are_answered_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"no fault 'rain'; there are 429, .*, poorer, twice\."):
        known(["500", "rain"])
    with pytest.raises(ValueError, match="'500' is about no single meeting"):
        known(["500=abc"])
    assert known([*FAULTS, f"blocked={UUID}"]) == [*FAULTS, f"blocked={UUID}"]
    assert all(each.help for each in FAULTS.values())


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("iso", "2026-11-21T00:00:00Z"),
        ("seconds", "57600"),
        ("date", "Sat, 21 Nov 2026 00:00:00 GMT"),
        ("rubbish", "tomorrow"),
        ("past", "2026-11-20T00:00:00Z"),
        ("absent", None),
    ],
)
def test_the_days_quota_is_gone_until_midnight(form: str, told: str | None) -> None:
    clock = [NOW]
    with zoom(two(), now=lambda: clock[0], rules=FREE, faults=[f"429-daily-{form}"]) as client:
        for path in (LIST, of(UUID)):
            answer = client.get(path, **PAST)
            assert (answer.status_code, answer.headers.get("Retry-After")) == (429, told)
            assert "maximum daily rate limit" in answer.json()["message"]
        clock[0] = next_midnight(NOW)
        client.headers = {}
        assert client.get(LIST, **PAST).status_code == 200


# -- tokens, scopes, plan ------------------------------------------------------------------------------


def test_a_token_dies_once_and_a_new_one_lives() -> None:
    with zoom(two(), rules=FREE, faults=["token-dies-once"]) as client:
        assert [client.get(LIST, **PAST).status_code for _ in range(5)] == [200, 200, 200, 401, 401]
        client.headers = {}
        assert [client.get(LIST, **PAST).status_code for _ in range(5)] == [200] * 5


def test_every_token_may_be_dead() -> None:
    with zoom(two(), rules=FREE, faults=["token-dies"]) as client:
        for _ in range(2):
            assert client.refusal(LIST, **PAST) == (401, 124, "Invalid access token.")
            client.headers = {}
        assert client.login().status_code == 200


def test_a_scope_may_be_missing_below_the_list() -> None:
    with zoom(two(), rules=FREE, faults=["scope-missing"]) as client:
        assert client.get(LIST, **PAST).status_code == 200
        status, code, message = client.refusal(QOS, type="past")
        assert (status, code) == (400, 4711)
        assert message.endswith("scopes:[dashboard:read:list_meeting_participants_qos:admin].")


def test_the_plan_may_refuse_dashboards() -> None:
    with zoom(two(), rules=FREE, faults=["plan-refused"]) as client:
        assert client.refusal(LIST, **PAST)[:2] == (400, 200)
        assert client.get(of(UUID, family="/report/meetings")).status_code == 200


# -- one meeting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "status", "code"), [("missing", 404, 3001), ("too-old", 400, 12702)])
def test_one_meeting_has_no_details(fault: str, status: int, code: int) -> None:
    with zoom(two(), rules=FREE, faults=[fault]) as client:
        for _ in range(3):
            assert client.refusal(of(OTHER), type="past")[:2] == (status, code)
            assert client.get(of(UUID), type="past").status_code == 200
            assert client.get(LIST, **PAST).status_code == 200
    with zoom(two(), rules=FREE, faults=[f"{fault}={OTHER}"]) as client:
        assert client.get(of(UUID), type="past").status_code == 200
        assert client.refusal(of(OTHER), type="past")[:2] == (status, code)


def test_a_firewall_takes_one_meeting_for_an_attack() -> None:
    with zoom(two(), rules=FREE, faults=[f"blocked={OTHER}"]) as client:
        assert client.get(of(UUID), type="past").status_code == 200
        blocked = client.get(of(OTHER), type="past")
        assert (blocked.status_code, blocked.headers["content-type"]) == (403, "text/html")
        assert "Sorry, you have been blocked" in blocked.text


def test_one_meeting_is_not_ready_the_first_two_times() -> None:
    with zoom(two(), rules=FREE, faults=["not-ready"]) as client:
        assert [client.get(of(UUID), type="past").status_code for _ in range(4)] == [404, 404, 200, 200]
        assert client.get(of(OTHER), type="past").status_code == 200


# -- lists ---------------------------------------------------------------------------------------------


def many() -> list[Meeting]:
    return [meeting(f"m{number}==", NINE + timedelta(minutes=number), 5) for number in range(7)]


def page(client: Client, token: str = "") -> Any:  # noqa: ANN401 - JSON
    return client.ask(LIST, **PAST, page_size=3, **({"next_page_token": token} if token else {}))


def uuids(body: Any) -> list[str]:  # noqa: ANN401 - JSON
    return [each["uuid"] for each in body["meetings"]]


def test_lists_may_never_end() -> None:
    with zoom(many(), rules=FREE, faults=["stuck-token"]) as client:
        first = page(client)
        second = page(client, first["next_page_token"])
        third = page(client, second["next_page_token"])
        assert first == second == third
        assert first["next_page_token"]
        assert uuids(first) == ["m0==", "m1==", "m2=="]


def test_pages_may_hold_the_page_before_too() -> None:
    with zoom(many(), rules=FREE, faults=["repeated-page"]) as client:
        for _ in range(2):
            pages = [uuids(each) for each in client.pages(LIST, **PAST, page_size=3)]
            assert pages == [
                ["m0==", "m1==", "m2=="],
                ["m0==", "m1==", "m2==", "m3==", "m4==", "m5=="],
                ["m3==", "m4==", "m5==", "m6=="],
            ]


def test_a_page_token_dies_once_for_each_list() -> None:
    with zoom([*many(), meeting(UUID, NINE, people=4)], rules=FREE, faults=["page-token-dies-once"]) as client:
        for path, name in ((LIST, "meetings"), (of(UUID), "participants")):
            given = {**PAST, "page_size": 3}
            token = client.ask(path, **given)["next_page_token"]
            assert client.refusal(path, **given, next_page_token=token)[:2] == (400, 300)
            assert len(client.rows(path, name, **given)) == {LIST: 8}.get(path, 4)


def test_every_page_token_may_be_dead() -> None:
    with zoom(many(), rules=FREE, faults=["page-token-dies"]) as client:
        for _ in range(3):
            token = page(client)["next_page_token"]
            assert client.refusal(LIST, **PAST, page_size=3, next_page_token=token)[:2] == (400, 300)


def test_a_list_may_lose_a_row_between_two_pages(client: Client) -> None:
    whole = client.ask(of(UUID), type="past", page_size=2)
    moved = client.ask(of(UUID), type="past", page_size=2, fault="moving-rows")
    assert moved["participants"] == whole["participants"][:1]
    assert moved["total_records"] == 4
    assert len(client.ask(of(UUID), type="past", page_size=4, fault="moving-rows")["participants"]) == 4


# -- rows ----------------------------------------------------------------------------------------------


def asked(client: Client, fault: str, path: str = LIST) -> Any:  # noqa: ANN401 - JSON
    return client.ask(path, **PAST, page_size=10, fault=fault)


def test_types_may_be_wrong(client: Client) -> None:
    assert asked(client, "wrong-type")["meetings"][0]["participants"] == "many"
    assert isinstance(asked(client, "wrong-type", of(UUID))["participants"], list)
    row = asked(client, "wrong-type", QOS)["participants"][0]
    assert (row["user_name"], row["user_qos"][0]["audio_input"]["bitrate"]) == (7, ["fast"])


def test_members_may_be_unknown_and_units_unreadable(client: Client) -> None:
    assert asked(client, "unknown-field")["meetings"][0]["colour"] == {"of": "money"}
    flow = asked(client, "odd-units", QOS)["participants"][0]["user_qos"][0]["video_output"]
    assert set(flow.values()) == {"1.2 furlongs"}
    assert len(flow) == 7


def test_a_meeting_may_lack_its_start_and_all_their_ends(client: Client) -> None:
    assert ["start_time" in each for each in asked(client, "no-start")["meetings"]] == [False, True]
    ends = [(each["end_time"], each["duration"]) for each in asked(client, "no-end")["meetings"]]
    assert ends == [(None, "")] * 2
    assert "leave_time" in asked(client, "no-end", of(UUID))["participants"][0]


def test_meetings_may_be_poorer_than_yesterday(client: Client) -> None:
    poor = client.ask(of(UUID), type="past", page_size=2, fault="poorer")
    assert (len(poor["participants"]), poor["total_records"], poor["next_page_token"]) == (1, 1, "")
    (row,) = asked(client, "poorer", QOS)["participants"]
    assert len(row["user_qos"]) == 1
    assert len(asked(client, "poorer")["meetings"]) == 2


def test_participants_may_stand_in_a_page_twice(client: Client) -> None:
    once = asked(client, "", of(UUID))["participants"]
    assert asked(client, "twice", of(UUID))["participants"] == once + once


@pytest.mark.parametrize("fault", [name for name, each in FAULTS.items() if not each.passes])
def test_the_token_endpoint_works_whatever_stands_but_maintenance(fault: str) -> None:
    with zoom(two(), rules=FREE, faults=[fault]) as client:
        assert client.login().status_code == (503 if fault == "maintenance" else 200)
