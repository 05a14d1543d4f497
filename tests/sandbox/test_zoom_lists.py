"""Which meetings the lists of the simulated Zoom have, their pages, and how ids in paths are read."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.sandbox.zoom import UNLIMITED, Meeting, Person, ZoomRules, meeting
from harvesters.sandbox.zoom.routes import passed
from harvesters.sandbox.zoom.switches import switched
from tests.sandbox.zoom_client import DAY, NINE, NOW, PAST, Client, of, zoom

FREE = ZoomRules(limits=UNLIMITED)
LIST = "/metrics/meetings"
MIDNIGHT = NINE - timedelta(hours=9)
OLD = "The request can only be queried for a month that falls within the last six months."


def named(count: int, **more: Any) -> list[Meeting]:
    return [meeting(f"m{number:03d}==", NINE + timedelta(minutes=number), 5, **more) for number in range(count)]


# -- which meetings ------------------------------------------------------------------------------------


def test_without_a_type_only_what_goes_on_is_listed() -> None:
    held = [
        meeting("past==", NOW - timedelta(hours=3), 60),
        meeting("now==", NOW - timedelta(minutes=10), 60),
        meeting("later==", NOW + timedelta(hours=1), 60),
    ]
    today = {"from": str(NOW.date()), "to": str(NOW.date())}
    with zoom(held) as client:
        (live,) = client.rows(LIST, "meetings", **today)
        assert (live["uuid"], live["duration"], "end_time" in live) == ("now==", "", False)
        assert client.uuids(**today) == ["past=="]


def test_a_meeting_is_past_as_soon_as_it_has_ended_or_some_time_later() -> None:
    clock = [NINE]
    for lag in (timedelta(0), timedelta(hours=1)):
        with zoom(
            [meeting("m==", NINE, 30)], now=lambda: clock[0], rules=ZoomRules(lag=lag, details_lag=lag)
        ) as client:
            for after, there in ((timedelta(minutes=30), True), (timedelta(minutes=29, seconds=59), False)):
                clock[0] = NINE + after + lag
                assert (client.uuids() == ["m=="]) is there
                assert (client.get(of("m=="), type="past").status_code == 200) is there


def test_days_are_utc_days_and_both_are_in_the_range() -> None:
    starts = [MIDNIGHT - timedelta(seconds=1), MIDNIGHT, MIDNIGHT + timedelta(days=1, seconds=-1)]
    starts += [MIDNIGHT + timedelta(days=1), MIDNIGHT + timedelta(days=2)]
    held = [meeting(f"{number}==", start, 5) for number, start in enumerate(starts)]
    with zoom(held) as client:
        assert client.uuids() == ["1==", "2=="]
        assert client.uuids(to=str(DAY + timedelta(days=1))) == ["1==", "2==", "3=="]


def test_the_newest_form_of_a_range_has_a_time_of_day() -> None:
    held = named(5)
    with zoom(held) as client:
        answer = client.ask(LIST, **{**PAST, "from": f"{DAY} 09:01:00", "to": f"{DAY} 09:03:00"})
        assert [each["uuid"] for each in answer["meetings"]] == ["m001==", "m002==", "m003=="]
        assert (answer["from"], answer["to"]) == (str(DAY), str(DAY))


def test_a_range_may_go_by_the_end() -> None:
    over = meeting("over==", MIDNIGHT - timedelta(minutes=10), 30)
    with zoom([over, *named(1)]) as client:
        assert client.uuids(query_date_type="start_time") == client.uuids() == ["m000=="]
        assert client.uuids(query_date_type="end_time") == ["over==", "m000=="]
    with zoom([over, *named(1)], rules=switched(ZoomRules(), {"date-type": "end_time"})) as client:
        assert client.uuids() == ["over==", "m000=="]


def test_meetings_of_one_person_are_apart() -> None:
    again = [Person("A", 0, 60), Person("A", 120)]
    held = [meeting("one==", NINE, people=1), meeting("two==", NINE), meeting("again==", NINE, people=again)]
    with zoom(held) as client:
        assert client.uuids() == ["two=="]
        assert client.uuids(type="pastOne") == ["one==", "again=="]
        assert client.get(of("one=="), type="past").status_code == 200
    with zoom(held, rules=switched(ZoomRules(), {"one-person": "both"})) as client:
        assert client.uuids() == ["one==", "two==", "again=="]
        assert client.uuids(type="pastOne") == ["one==", "again=="]
    with zoom(held, rules=switched(ZoomRules(), {"one-person-details": "pastOne"})) as client:
        assert client.refusal(of("one=="), type="past")[1] == 3001
        assert client.get(of("one=="), type="pastOne").status_code == 200
        assert client.refusal(of("two=="), type="pastOne")[1] == 3001


def test_webinars_have_lists_and_details_of_their_own() -> None:
    with zoom([meeting("m==", NINE), meeting("w==", NINE, webinar=True)]) as client:
        assert client.uuids() == ["m=="]
        assert [each["uuid"] for each in client.rows("/metrics/webinars", "webinars", **PAST)] == ["w=="]
        assert client.refusal(of("w=="), type="past") == (400, 300, "Can not access webinar info, w==.")
        assert client.get(of("w==", family="/metrics/webinars"), type="past").status_code == 200


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (date(2026, 10, 1), date(2026, 11, 1), OLD),
        (date(2026, 5, 20), date(2026, 5, 21), OLD),
        (DAY, DAY - timedelta(days=1), "Invalid parameter: to."),
        ("", DAY, "Invalid parameter: from."),
        (DAY, "18.11.2026", "Invalid parameter: to."),
        (DAY, "2026-11-31", "Invalid parameter: to."),
    ],
)
@pytest.mark.parametrize("path", [LIST, "/metrics/webinars", "/report/users", "/report/history_meetings"])
def test_ranges_that_are_refused(path: str, start: object, end: object, message: str) -> None:
    with zoom([]) as client:
        given = {"from": str(start), "to": str(end)}
        assert client.refusal(path, **given) == (400, 300, message)


def test_ranges_that_are_just_allowed() -> None:
    with zoom([]) as client:
        for start, end in ((date(2026, 10, 1), date(2026, 10, 31)), (date(2026, 5, 21), date(2026, 5, 21))):
            assert client.get(LIST, **{**PAST, "from": str(start), "to": str(end)}).status_code == 200
        assert client.refusal(LIST, **{**PAST, "type": "yesterday"}) == (400, 300, "Invalid parameter: type.")


def test_details_end_with_their_time() -> None:
    half_a_year, a_year = NOW - timedelta(days=184), NOW - timedelta(days=366)
    held = [meeting("half==", half_a_year), meeting("year==", a_year)]
    with zoom(held) as client:
        assert client.refusal(of("half=="), type="past")[:2] == (404, 3001)
        assert client.get(of("half==", family="/report/meetings")).status_code == 200
        refusal = (400, 12702, "Can not access a meeting a year ago.")
        assert client.refusal(of("year==", family="/report/meetings")) == refusal
        assert client.refusal(of("year==", family="/past_meetings")) == refusal
    with zoom(held, rules=switched(ZoomRules(), {"too-old": "12702"})) as client:
        assert client.refusal(of("half=="), type="past") == refusal


def test_a_list_that_changes_is_seen_at_once() -> None:
    held = named(1)
    with zoom(held) as client:
        assert client.uuids() == ["m000=="]
        held.append(meeting("new==", NINE))
        assert client.uuids() == ["m000==", "new=="]


# -- pages ---------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(count=st.integers(0, 25), size=st.integers(1, 12))
def test_pages_together_are_the_list_whatever_their_size(count: int, size: int) -> None:
    with zoom(named(count), rules=FREE) as client:
        pages = list(client.pages(LIST, **PAST, page_size=size))
        assert [row["uuid"] for page in pages for row in page["meetings"]] == [f"m{n:03d}==" for n in range(count)]
        assert len(pages) == max(1, -(-count // size))
        assert {(page["total_records"], page["page_count"]) for page in pages} == {(count, -(-count // size))}
        assert [len(page["meetings"]) for page in pages[:-1]] == [size] * (len(pages) - 1)
        assert all(page["next_page_token"] for page in pages[:-1])
        assert pages[-1]["next_page_token"] == ""


@pytest.mark.parametrize(
    ("path", "default", "most"),
    [(LIST, 30, 300), (of("big=="), 30, 300), (of("big==", "/participants/qos"), 1, 10)],
)
def test_page_sizes_have_a_default_and_a_maximum(path: str, default: int, most: int) -> None:
    held = [meeting("big==", NINE, 2, people=305), *named(305)]
    with zoom(held, rules=FREE) as client:
        name = "meetings" if path == LIST else "participants"
        for asked, got in (("", default), (most, most), (most + 1, most)):
            body = client.ask(path, **PAST, page_size=asked)
            assert (body["page_size"], len(body[name])) == (got, got)
        for wrong in ("0", "-1", "ten", "1.5"):
            assert client.refusal(path, **PAST, page_size=wrong) == (400, 300, "Invalid parameter: page_size.")
    with zoom(held, rules=switched(FREE, {"page-size-above": "refused"})) as client:
        assert client.refusal(path, **PAST, page_size=most + 1)[:2] == (400, 300)
        assert client.ask(path, **PAST, page_size=most)["page_size"] == most


def test_a_page_token_lives_a_quarter_of_an_hour() -> None:
    clock = [NOW]
    with zoom(named(9), now=lambda: clock[0]) as client:
        token = client.ask(LIST, **PAST, page_size=4)["next_page_token"]
        clock[0] += timedelta(minutes=15, seconds=-1)
        again = client.ask(LIST, **PAST, page_size=4, next_page_token=token)
        assert [each["uuid"] for each in again["meetings"]] == [f"m00{n}==" for n in range(4, 8)]
        clock[0] += timedelta(seconds=1)
        refusal = (400, 300, "The next page token is invalid or expired.")
        assert client.refusal(LIST, **PAST, page_size=4, next_page_token=token) == refusal


@pytest.mark.parametrize(
    "other",
    [{"page_size": 3}, {"to": "2026-11-19"}, {"type": "pastOne"}, {"query_date_type": "start_time"}],
)
def test_a_page_token_belongs_to_its_list(other: dict[str, Any]) -> None:
    given: dict[str, Any] = {**PAST, "page_size": 2}
    with zoom(named(5)) as client:
        token = client.ask(LIST, **given)["next_page_token"]
        assert client.refusal(LIST, **{**given, **other}, next_page_token=token)[:2] == (400, 300)
        for wrong in (token[:-4], "x", "ä", "0" * 60):
            assert client.refusal(LIST, **given, next_page_token=wrong)[:2] == (400, 300)
        assert client.get(LIST, **given, next_page_token=token).status_code == 200
    people = [meeting("a==", NINE, people=3), meeting("b==", NINE, people=3)]
    with zoom(people) as client:
        token = client.ask(of("a=="), type="past", page_size=2)["next_page_token"]
        assert client.refusal(of("b=="), type="past", page_size=2, next_page_token=token)[:2] == (400, 300)


# -- ids in paths --------------------------------------------------------------------------------------


def plain(uuid: str) -> str:
    return uuid


def once(uuid: str) -> str:
    return quote(uuid, safe="")


def twice(uuid: str) -> str:
    return once(once(uuid))


PLAIN, SLASH, PLUS = "AbCdEfGhIjKlMnOpQrStUv==", "Ab/dEfGhIjKlMnOpQrStUv==", "Ab+dEfGhIj+lMnOpQrStUv=="
LEADING, DOUBLE = "/bCdEfGhIjKlMnOpQrStUv==", "AbCd//GhIjKlMnOpQrStUv=="
EVERY_WAY, TWICE = {"plain", "once", "twice"}, {"twice"}
WORKS: Sequence[tuple[str, set[str]]] = (
    (PLAIN, EVERY_WAY),
    (SLASH, EVERY_WAY),
    (PLUS, EVERY_WAY),
    (LEADING, TWICE),
    (DOUBLE, TWICE),
)


def left(uuid: str) -> str:
    """What reaches Zoom of a UUID that was not encoded twice."""
    return uuid.lstrip("/").replace("//", "/")


@pytest.mark.parametrize("below", ["", "/participants", "/participants/qos", "/participants/sharing"])
@pytest.mark.parametrize(("uuid", "ways"), WORKS)
def test_how_a_uuid_may_be_written_in_a_path(uuid: str, ways: set[str], below: str) -> None:
    with zoom([meeting(uuid, NINE)]) as client:
        for way in (plain, once, twice):
            answer = client.http.get(_url(client, way(uuid), below), headers=_token(client), timeout=30)
            if way.__name__ in ways:
                assert answer.status_code == 200, way
            else:
                assert answer.status_code == 404, way
                assert answer.json() == {"code": 3001, "message": f"Meeting does not exist: {left(uuid)}."}


def _url(client: Client, uuid: str, below: str) -> str:
    return f"{client.server.url}/metrics/meetings/{uuid}{below}?type=past"


def _token(client: Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.login().json()['access_token']}"}


@given(raw=st.binary(min_size=16, max_size=16))
def test_encoded_twice_every_uuid_arrives(raw: bytes) -> None:
    uuid = b64encode(raw).decode()
    assert passed(twice(uuid)) == uuid
    lossless = not uuid.startswith("/") and "//" not in uuid
    assert (passed(once(uuid)) == uuid) is lossless
    assert (passed(plain(uuid)) == uuid) is lossless


def test_the_number_is_the_latest_instance_that_has_begun() -> None:
    series = [meeting(f"{n}==", NINE + timedelta(days=n), 30, number=91234567890, people=2 + n) for n in range(4)]
    with zoom(series[::-1]) as client:
        # NOW is 8 o'clock of the second day after NINE's.
        assert client.ask("/metrics/meetings/91234567890", type="past")["uuid"] == "1=="
        assert len(client.rows("/metrics/meetings/91234567890/participants", "participants", type="past")) == 3
        found = client.ask("/past_meetings/91234567890/instances")["meetings"]
        assert [each["uuid"] for each in found] == ["0==", "1=="]
        assert client.refusal("/metrics/meetings/4711", type="past")[:2] == (404, 3001)
        assert client.refusal("/past_meetings/4711/instances")[:2] == (404, 3001)


def test_details_are_of_the_type_that_is_asked_for_live_if_none_is() -> None:
    going_on = meeting("now==", NOW - timedelta(minutes=5), 60, people=[Person("A"), Person("B", 600)])
    with zoom([going_on, meeting("m==", NINE)]) as client:
        assert client.refusal(of("m=="))[:2] == (404, 3001)
        assert client.refusal(of("now=="), type="past") == (404, 3001, "Meeting ID is invalid or not end.")
        (only,) = client.rows(of("now=="), "participants")
        assert (only["user_name"], "leave_time" in only) == ("A", False)
        assert client.refusal(of("now==", family="/report/meetings"))[:2] == (404, 3001)
