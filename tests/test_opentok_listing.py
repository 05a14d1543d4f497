"""A day is listed whole with few requests, and what the vendor's list lacks is never taken for nothing."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.day import Day
from harvesters.core.errors import Exit
from harvesters.opentok import shapes
from harvesters.opentok.source import weight
from harvesters.sandbox import Response, Rules
from tests.nights import Night, Ran, Vendor, vendor
from tests.opentok_days import day_of, session, session_id
from tests.opentok_truth import (
    DAY,
    NOW,
    UNHURRIED,
    Asked,
    asked,
    bent,
    data_of,
    failure,
    loaded,
    operations,
    truth,
)

IDS = [session_id(number, DAY) for number in range(20)]


def harvest(folder: Path, server: Vendor, **options: Any) -> Ran:
    return Night(folder, NOW, server.url).harvest(DAY, **options)


def few(number: int) -> list[dict[str, Any]]:
    """Sessions that are quickly read."""
    return [session(each, day=DAY, people=1, minutes=1) for each in range(number)]


def batches(server: Vendor) -> list[int]:
    """How many sessions were asked for at once, the largest number first."""
    details = [asked(body) for body in server.asked()]
    return sorted((len(each.variables["ids"]) for each in details if each.operation == "Detail"), reverse=True)


# ------------------------------------------------------------------ the budget of requests


@pytest.mark.parametrize(
    ("calls", "people", "minutes", "requests"),
    [
        (0, 2, 30, 1),  # nothing listed, nothing to ask for
        (1, 2, 30, 1 + 1),
        (50, 2, 30, 1 + 1),
        (51, 2, 30, 1 + 2),
        (1001, 1, 1, 2 + 21),
    ],
)
def test_a_day_of_small_calls_costs_one_request_for_a_thousand_and_one_for_fifty(
    tmp_path: Path, calls: int, people: int, minutes: int, requests: int
) -> None:
    served = day_of(calls, day=DAY, people=(people,), minutes=minutes)
    with vendor(served, NOW, rules=UNHURRIED) as server:
        ran = harvest(tmp_path, server)
        assert ran.exit_code is Exit.OK
        assert server.requests == requests
        assert ran.only.as_json()["requests"] == requests
        assert (ran.only.listed, ran.only.harvested) == (calls, calls)
        assert loaded(tmp_path) == truth(served.values())


@pytest.mark.parametrize(("calls", "requests"), [(999, 1), (1000, 1), (1001, 2), (2001, 3)])
def test_a_page_of_the_list_has_a_thousand_sessions(tmp_path: Path, calls: int, requests: int) -> None:
    served = day_of(calls, day=DAY, people=(1,), minutes=1)
    with vendor(served, NOW, rules=UNHURRIED) as server:
        ran = harvest(tmp_path, server, into=["stdout"], dry_run=True)
        assert (ran.exit_code, ran.only.listed, server.requests) == (Exit.OK, calls, requests)


def test_longer_calls_make_smaller_batches(tmp_path: Path) -> None:
    # Four people for half an hour: 4 streams sent and 12 received, 60 rows of each, and 4 people:
    # (16 * 60 + 4) * 300 bytes = 289,200, of which 27 are below 8 MB and 28 are not.
    served = day_of(50, day=DAY, people=(4,), minutes=30)
    with vendor(served, NOW, rules=UNHURRIED) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
        assert batches(server) == [27, 23]


def test_a_call_beyond_the_size_of_a_batch_is_asked_for_alone(tmp_path: Path) -> None:
    long = [session(each, day=DAY, start=timedelta(0), people=2, minutes=1) for each in range(3)]
    # Ten hours of six people: 36 * 1200 rows of 300 bytes are 13 MB. The statistics themselves are not made here.
    long[1] |= session(1, day=DAY, start=timedelta(0), people=6, minutes=600, ready=True)
    for meeting in long[1]["meetings"]["resources"]:
        for stream in (*meeting["publishers"]["resources"], *meeting["subscribers"]["resources"]):
            stream["streamStatsCollection"] = {"resources": []}
    with vendor(long, NOW, rules=UNHURRIED) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
        assert batches(server) == [1, 1, 1]


# ------------------------------------------------------------------ the weight of a call


def weighed(*meetings: object) -> int:
    """The weight of a session with these meetings in its summary."""
    summary = json.dumps({"sessionId": "1_a", "meetings": {"totalCount": 99, "resources": meetings}})
    return weight(shapes.summary.decode(summary.encode()), Day(DAY))


def meeting(**more: object) -> dict[str, object]:
    """Half an hour of two people in a summary."""
    whole = {
        "createdAt": "2026-11-18T09:00:00.000Z",
        "destroyedAt": "2026-11-18T09:30:00.000Z",
        "totalConnections": 2,
        "totalStreams": 2,
        "maxConcurrentStreams": 2,
        "maxConcurrentSubscribers": 2,
    }
    return {**whole, **more}


TWO_PEOPLE = (4 * 60 + 2) * 300  # two streams, each received once, a row of each every 30 s, and the people
NOTHING_KNOWN = 160_000  # a fiftieth of 8 MB


@pytest.mark.parametrize(
    ("meetings", "expected"),
    [
        ([meeting()], TWO_PEOPLE),
        ([meeting(), meeting()], 2 * TWO_PEOPLE),
        ([meeting(destroyedAt="2026-11-18T09:45:00.000Z")], (4 * 90 + 2) * 300),
        ([meeting(destroyedAt="2026-11-18T09:00:10.000Z")], (4 + 2) * 300),  # a row at least
        ([meeting(destroyedAt=None)], (4 * 1800 + 2) * 300),  # to the end of the day: 15 hours
        ([meeting(createdAt=None)], (4 * 1140 + 2) * 300),  # from its beginning: 9.5 hours
        ([meeting(destroyedAt="2026-11-18T08:00:00.000Z")], (4 + 2) * 300),
        ([meeting(maxConcurrentStreams=None)], TWO_PEOPLE),
        ([meeting(maxConcurrentSubscribers=None)], TWO_PEOPLE),
        ([meeting(maxConcurrentSubscribers=None, totalConnections=5)], ((2 + 2 * 4) * 60 + 5) * 300),
        ([meeting(maxConcurrentSubscribers=0)], (2 * 60 + 2) * 300),
        ([meeting(totalConnections=30, totalStreams=40)], (4 * 60 + 30) * 300),  # many came and went
        ([meeting(createdAt="2026-11-17T23:59:59.999Z"), meeting()], TWO_PEOPLE),  # yesterday's does not count
        ([meeting(createdAt="2026-11-17T09:00:00.000Z")], NOTHING_KNOWN),
        ([], NOTHING_KNOWN),
        ([None, meeting()], TWO_PEOPLE),
    ],
)
def test_a_calls_weight_is_told_by_its_summary(meetings: Sequence[object], expected: int) -> None:
    assert weighed(*meetings) == expected


ODD_SUMMARIES: tuple[object, ...] = (
    None,
    "text",
    7,
    [],
    {},
    {"resources": None},
    {"resources": {}},
    {"resources": "text"},
    {"resources": [None, 7, "text", []]},
    {"resources": [meeting(createdAt=20261118, destroyedAt=[])]},
    {"resources": [meeting(totalConnections="4", maxConcurrentStreams={}, maxConcurrentSubscribers=True)]},
    {"resources": [meeting(totalConnections=-7, maxConcurrentStreams=-7, maxConcurrentSubscribers=-7)]},
    {"resources": [meeting(totalConnections=1e300, maxConcurrentStreams=1e300, maxConcurrentSubscribers=1e300)]},
    {"resources": [meeting(createdAt="0001-01-01T00:00:00Z", destroyedAt="9999-12-31T23:59:59Z")]},
    {"resources": [meeting()] * 500},
)


def test_odd_summaries_do_no_harm(tmp_path: Path) -> None:
    sessions = few(len(ODD_SUMMARIES))

    def change(request: Asked, body: dict[str, Any]) -> None:
        if request.operation == "List":
            for item, odd in zip(data_of(body, "List")["resources"], ODD_SUMMARIES, strict=True):
                item["meetings"] = odd

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.warnings) == (Exit.OK, [])
    assert loaded(tmp_path) == truth(sessions)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(meeting())), inner, max_size=6),
    max_leaves=12,
)


@given(st.lists(ANYTHING, max_size=4), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_weight_is_a_number_whatever_the_summary_says(odd: list[object], wrapped: bool) -> None:  # noqa: FBT001 - drawn
    meetings = {"resources": odd} if wrapped else odd
    summary = shapes.summary.decode(json.dumps({"sessionId": "1_a", "meetings": meetings}).encode())
    assert 0 <= weight(summary, Day(DAY)) < 10**24


# ------------------------------------------------------------------ pages of the list


@pytest.mark.parametrize("most", [1, 3, 7, 20])
def test_however_small_the_servers_pages_are_the_day_is_whole(tmp_path: Path, most: int) -> None:
    sessions = [session(each, day=DAY, people=2, minutes=2) for each in range(7)]
    with vendor(sessions, NOW, rules=Rules(rate_limit=None, max_first=most, default_first=1)) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
        assert operations(server).count("List") == -(-7 // most)
    assert loaded(tmp_path) == truth(sessions)


def paged(sizes: int = 5) -> Rules:
    return Rules(rate_limit=None, max_first=sizes)


def info(cursor: str | None, *, more: bool) -> dict[str, object]:
    return {"hasNextPage": more, "endCursor": cursor}


@pytest.mark.parametrize("cursor", ["the same", "", None])
def test_a_list_whose_cursor_does_not_move_fails_the_day_and_is_named(tmp_path: Path, cursor: str | None) -> None:
    def change(request: Asked, body: dict[str, Any]) -> None:
        if request.operation == "List":
            data_of(body, "List")["pageInfo"] = info(cursor, more=True)

    with bent(few(3), _first_page(change)) as server:
        ran = harvest(tmp_path, server)
        assert server.requests == (2 if cursor else 1)
    assert (ran.exit_code, ran.only.state) == (Exit.FAILED, "failed")
    assert "the list of sessions: the vendor's cursor does not move" in ran.only.reason


def _first_page(change: Any) -> Any:  # noqa: ANN401 - a `Change`
    """A server that takes any cursor for the first page."""

    def bend(request: Asked, body: dict[str, Any]) -> object:
        if "errors" in body and request.operation == "List":
            pages = [{"sessionId": each, "mediaMode": "routed", "meetings": None} for each in IDS[:3]]
            body.clear()
            summaries = {"totalCount": 3, "pageInfo": None, "resources": pages}
            body["data"] = {"project": {"sessionData": {"sessionSummaries": summaries}}}
        return change(request, body)

    return bend


@pytest.mark.parametrize("cursor", ["aW5zaWdodHMtcmVzb3VyY2U6OTk=", "", None])
def test_a_cursor_beside_the_last_page_is_of_no_use(tmp_path: Path, cursor: str | None) -> None:
    sessions = few(3)

    def change(request: Asked, body: dict[str, Any]) -> None:
        if request.operation == "List":
            data_of(body, "List")["pageInfo"] = info(cursor, more=False)

    with bent(sessions, change) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
        assert server.requests == 2
    assert loaded(tmp_path) == truth(sessions)


def _repeat(times: int) -> Any:  # noqa: ANN401 - a `Change`
    """The second page of the list is the first once more, for so many readings of the list."""
    readings = count(1)
    first: list[Any] = []

    def change(request: Asked, body: dict[str, Any]) -> None:
        if request.operation != "List":
            return
        page = data_of(body, "List")
        if not request.variables["after"]:
            first[:] = page["resources"]
        elif next(readings) <= times:
            page["resources"] = first[: len(page["resources"])]

    return change


def test_a_list_whose_rows_moved_while_it_was_paged_is_read_once_more(tmp_path: Path) -> None:
    sessions = few(10)
    with bent(sessions, _repeat(1), rules=paged()) as server:
        ran = harvest(tmp_path, server)
        assert operations(server).count("List") == 4
    assert (ran.exit_code, ran.only.listed, ran.only.warnings) == (Exit.OK, 10, [])
    assert loaded(tmp_path) == truth(sessions)


def test_a_list_that_stays_short_makes_the_day_partial_and_says_by_how_much(tmp_path: Path) -> None:
    sessions = few(10)
    with bent(sessions, _repeat(99), rules=paged()) as server:
        ran = harvest(tmp_path, server)
        assert operations(server).count("List") == 4
    assert (ran.exit_code, ran.only.state, ran.only.harvested) == (Exit.PARTIAL, "partial", 5)
    assert "the vendor counts 10 sessions and listed 5." in ran.only.warnings
    # Rows that came four times are not doubled.
    assert loaded(tmp_path) == truth(sessions[:5])


def test_pages_that_overlap_are_no_loss(tmp_path: Path) -> None:
    sessions = few(6)

    def change(request: Asked, body: dict[str, Any]) -> None:
        if request.operation == "List" and not request.variables["after"]:
            second = "aW5zaWdodHMtcmVzb3VyY2U6MQ=="  # from the second item on, not from the sixth
            data_of(body, "List")["pageInfo"] = info(second, more=True)

    with bent(sessions, change, rules=paged()) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.listed) == (Exit.OK, 6)
    assert loaded(tmp_path) == truth(sessions)


# ------------------------------------------------------------------ nulls and errors in the list


@pytest.mark.parametrize("item", [None, {"sessionId": None, "meetings": None}, {"sessionId": "", "meetings": None}, {}])
def test_an_item_without_an_id_is_a_warning(tmp_path: Path, item: object) -> None:
    sessions = few(2)

    def change(request: Asked, body: dict[str, Any]) -> None:
        if request.operation == "List":
            data_of(body, "List")["resources"].insert(1, item)

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.warnings) == (Exit.OK, ["the list of sessions holds an item without an id."])
    assert loaded(tmp_path) == truth(sessions)


def _without(path: Sequence[str], value: object) -> Any:  # noqa: ANN401 - a `Change`
    def change(request: Asked, body: dict[str, Any]) -> None:
        if request.operation == "List":
            at: Any = body["data"]["project"]["sessionData"]
            for name in path[:-1]:
                at = at[name]
            at[path[-1]] = value

    return change


@pytest.mark.parametrize("path", [("sessionSummaries",), ("sessionSummaries", "resources")])
def test_a_list_that_is_null_is_not_a_day_without_sessions(tmp_path: Path, path: Sequence[str]) -> None:
    with bent(few(2), _without(path, None)) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.state) == (Exit.FAILED, "failed")
    assert "the vendor sent null for its list of sessions" in ran.only.reason


@pytest.mark.parametrize("value", [7, "text", [], {"resources": {}}, {"resources": "text"}])
def test_a_list_of_another_form_fails_the_day_with_a_sentence(tmp_path: Path, value: object) -> None:
    with bent(few(2), _without(("sessionSummaries",), value)) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.state) == (Exit.FAILED, "failed")
    assert "unexpected form" in ran.only.reason


@pytest.mark.parametrize("code", [1012, 1016, 1022, 4711])
def test_errors_beside_the_list_keep_what_is_listed_and_make_the_day_partial(tmp_path: Path, code: int) -> None:
    sessions = few(2)

    def change(request: Asked, body: dict[str, Any]) -> None:
        if request.operation == "List":
            body["errors"] = [{"message": "One of them is broken.", "path": ["project"], "errorCode": code}]

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.state, ran.only.harvested) == (Exit.PARTIAL, "partial", 2)
    (warning,) = ran.only.warnings
    assert warning.startswith("the list of sessions: ")
    assert f"(error {code})" in warning
    assert loaded(tmp_path) == truth(sessions)


def test_1014_on_the_very_first_answer_names_the_add_on(tmp_path: Path) -> None:
    with vendor(few(2), NOW, rules=Rules(rate_limit=None, advanced=False)) as server:
        ran = harvest(tmp_path, server)
        assert server.requests == 1
    assert (ran.exit_code, ran.only.state) == (Exit.REFUSED, "failed")
    assert "Advanced Insights add-on" in ran.only.reason


def test_1014_on_a_later_page_of_the_list_means_too_big_and_smaller_pages_are_read(tmp_path: Path) -> None:
    sessions = few(1070)
    with bent(sessions, _too_big_over(50)) as server:
        ran = harvest(tmp_path, server, into=["stdout"], dry_run=True)
        pages = [asked(body).variables["first"] for body in server.asked()]
    # A page of 1000; the next is too big, so 50 are read in its place, and so on until the end.
    assert pages == [1000, 1000, 50, 1000, 50]
    assert (ran.exit_code, ran.only.listed) == (Exit.OK, 1070)


def _too_big_over(most: int) -> Any:  # noqa: ANN401 - a `Change`
    def change(request: Asked, _body: Mapping[str, Any]) -> Response | None:
        big = request.variables["first"] > most and request.variables["after"]
        return failure(1014) if big else None

    return change


def test_1014_on_a_later_page_however_small_is_no_missing_add_on(tmp_path: Path) -> None:
    with bent(few(8), _too_big_over(0), rules=paged()) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.state) == (Exit.FAILED, "failed")
    assert "too big even in the smallest pieces" in ran.only.reason


def test_1002_says_that_the_day_is_beyond_the_21_days_and_which_is_the_oldest(tmp_path: Path) -> None:
    with bent(few(1), lambda _request, _body: failure(1002)) as server:
        ran = harvest(tmp_path, server)
        assert server.requests == 1
    assert (ran.exit_code, ran.only.state) == (Exit.FAILED, "failed")
    assert "beyond the 21 days" in ran.only.reason
    # 21 days before 2026-11-20 09:00 lies within the 30th of October, so the day after it is the first whole one.
    assert "the oldest possible day is 2026-10-31" in ran.only.reason
