"""Faults and switches by name, as a client of the sandbox meets them."""

import json
from dataclasses import fields
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from harvesters.sandbox import Rules
from harvesters.sandbox.opentok.faults import FAULTS, HEADER, known
from harvesters.sandbox.opentok.switches import SWITCHES, switched
from tests.opentok_client import DAY, NINE, NOW, PAGE, Client, details, in_session_data, listed, opentok, token
from tests.opentok_days import session, session_id

WINDOW = f'start: "{DAY}", end: "{DAY + timedelta(days=1)}"'
LIST = in_session_data(f"sessionSummaries({WINDOW}) {{ {PAGE} resources {{ sessionId }} }}")


def spoiled(client: Client, fault: str, query: str = LIST) -> Any:  # noqa: ANN401 - a response
    return client.post(query, headers={"X-OPENTOK-AUTH": token(), HEADER: fault})


def with_switches(**wanted: str) -> Rules:
    return switched(Rules(), {name.replace("_", "-"): value for name, value in wanted.items()})


def test_a_header_asks_for_a_fault_and_the_next_request_is_fine(client: Client) -> None:
    assert spoiled(client, "503").status_code == 503
    assert client.post(LIST).status_code == 200


@pytest.mark.parametrize("fault", ["500", "502", "503", "429"])
def test_a_status_by_its_name(client: Client, fault: str) -> None:
    assert spoiled(client, fault).status_code == int(fault)


def test_a_wait_is_told_in_all_its_forms(client: Client) -> None:
    def told(fault: str) -> str:
        return str(spoiled(client, fault).headers["retry-after"])

    assert told("429-seconds") == "1"
    assert parsedate_to_datetime(told("429-date")) == NOW + timedelta(seconds=1)
    assert told("429-iso") == "2026-11-20T08:00:01.000Z"
    assert told("429-rubbish") == "soon"


def test_bodies_that_are_no_answer(client: Client) -> None:
    assert spoiled(client, "html").headers["content-type"] == "text/html"
    assert spoiled(client, "empty").content == b""
    with pytest.raises(json.JSONDecodeError):
        json.loads(spoiled(client, "not-json").content)


def test_a_cursor_that_never_moves(client: Client) -> None:
    pages = [spoiled(client, "stuck-cursor").json()["data"]["project"]["sessionData"]["sessionSummaries"]["pageInfo"]]
    pages += [spoiled(client, "stuck-cursor").json()["data"]["project"]["sessionData"]["sessionSummaries"]["pageInfo"]]
    assert pages[0] == pages[1]
    assert pages[0]["hasNextPage"] is True


def test_standing_faults_of_the_line_hit_every_third_request() -> None:
    with opentok([]) as plain:
        assert [plain.post(LIST).status_code for _ in range(3)] == [200] * 3
    with opentok([], faults=["502"]) as client:
        assert [client.post(LIST).status_code for _ in range(6)] == [200, 200, 502, 200, 200, 502]


def test_unknown_names_are_answered_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"no fault 'rain'; there are 429, .*, poorer, maintenance\."):
        known(["500", "rain"])
    with pytest.raises(ValueError, match=r"no switch 'rain'; there are list-filter, "):
        switched(Rules(), {"rain": "on"})
    with pytest.raises(ValueError, match=r"one of exclusive, inclusive, not 'sometimes'"):
        switched(Rules(), {"end": "sometimes"})
    assert known(FAULTS) == list(FAULTS)


def test_every_switch_is_a_rule_and_its_first_value_the_default() -> None:
    rules = {each.name: each.default for each in fields(Rules)}
    for name, values in SWITCHES.items():
        assert str(rules[name.replace("-", "_")]) == values[0]
        assert switched(Rules(), {name: values[0]}) == Rules()
        for value in values[1:]:
            assert switched(Rules(), {name: value}) != Rules()


def test_a_range_may_list_what_overlaps_it() -> None:
    before = session(0, day=DAY, start=-timedelta(minutes=10), people=2, minutes=30)
    long_gone = session(1, day=DAY, start=-timedelta(hours=5), people=2, minutes=30)
    with opentok([before, long_gone]) as client:
        assert listed(client, WINDOW) == []
    with opentok([before, long_gone], rules=with_switches(list_filter="overlaps")) as client:
        assert listed(client, WINDOW) == [before["sessionId"]]


def test_the_end_may_be_inclusive() -> None:
    midnight = session(0, day=DAY, start=timedelta(days=1), people=2, minutes=3)
    with opentok([midnight]) as client:
        assert listed(client, WINDOW) == []
    with opentok([midnight], rules=with_switches(end="inclusive")) as client:
        assert listed(client, WINDOW) == [midnight["sessionId"]]


def test_a_page_above_the_limit_may_be_an_error(small: dict[str, Any]) -> None:
    too_many = f"sessionSummaries({WINDOW}, first: 1001) {{ totalCount }}"
    with opentok([small], rules=with_switches(first_above_limit="error")) as client:
        assert [each["errorCode"] for each in client.errors(too_many)] == [1004]
        assert client.session_data(too_many.replace("1001", "1000"))["sessionSummaries"]["totalCount"] == 1


def test_the_node_limit_may_count_what_is_allowed(small: dict[str, Any]) -> None:
    """10 sessions named, of which one list each of 10 meetings with 50 connections: 2 + 2 x 10 x (1 + 50)."""
    ids = [small["sessionId"], session_id(5, DAY)]
    query = details("resources { meetings { resources { connections { resources { connectionId } } } } }", ids)
    nodes = 2 + 2 * 10 + 2 * 10 * 50
    for limit, refused in ((nodes + 1, False), (nodes, True)):
        rules = switched(Rules(node_limit=limit), {"node-limit-counts": "allowed"})
        with opentok([small], rules=rules) as client:
            codes = [each["errorCode"] for each in client.ask(in_session_data(query))["errors"]]
            assert (1014 in codes) is refused


@pytest.mark.parametrize(
    ("value", "cursor"), [("null", None), ("empty", ""), ("cursor", "aW5zaWdodHMtcmVzb3VyY2U6MQ==")]
)
def test_the_cursor_of_a_last_page(small: dict[str, Any], value: str, cursor: str | None) -> None:
    with opentok([small], rules=with_switches(last_cursor=value)) as client:
        page = client.session_data(f"sessionSummaries({WINDOW}) {{ {PAGE} }}")["sessionSummaries"]["pageInfo"]
    assert page == {"hasNextPage": False, "endCursor": cursor}


def test_a_session_that_is_not_there_may_be_left_out_or_spoil_the_answer(small: dict[str, Any]) -> None:
    query = details("resources { sessionId }", [small["sessionId"], "2_nobody"])
    with opentok([small], rules=with_switches(bad_session="left-out")) as client:
        assert client.session_data(query)["sessions"]["resources"] == [{"sessionId": small["sessionId"]}]
    with opentok([small], rules=with_switches(bad_session="all-null")) as client:
        answer = client.ask(in_session_data(query))
        assert answer["data"]["project"]["sessionData"] is None
        assert [each["errorCode"] for each in answer["errors"]] == [1017]


def test_a_start_before_retention_may_be_clipped(small: dict[str, Any]) -> None:
    early = f'start: "{DAY - timedelta(days=60)}", end: "{DAY + timedelta(days=1)}"'
    with opentok([small], rules=with_switches(before_retention="clipped")) as client:
        assert listed(client, early) == [small["sessionId"]]


def test_sessions_may_come_in_the_other_order() -> None:
    both = [session(each, day=DAY, start=NINE, people=2, minutes=2) for each in range(2)]
    with opentok(both, rules=with_switches(order="reversed")) as client:
        assert listed(client, WINDOW) == [each["sessionId"] for each in reversed(both)]


def test_maintenance_is_a_page_or_empty_lists(small: dict[str, Any]) -> None:
    with opentok([small], rules=with_switches(maintenance="503")) as client:
        assert client.post(LIST).status_code == 503
    with opentok([small], rules=with_switches(maintenance="empty")) as client:
        assert listed(client, WINDOW) == []
        assert (
            client.session_data(details("resources { sessionId }", [small["sessionId"]]))["sessions"]["resources"] == []
        )
