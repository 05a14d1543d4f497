"""The switches of the simulated Zoom, each with all of its values."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from harvesters.sandbox.zoom import Person, ZoomRules, meeting
from harvesters.sandbox.zoom.switches import SWITCHES, switched
from tests.sandbox.zoom_client import NINE, NOW, PAST, Client, of, zoom

LIST = "/metrics/meetings"
UUID = "8ZvNoKtPQkCwVdDnTQmCaA=="
QOS = of(UUID, "/participants/qos")


def rules(**wanted: str) -> ZoomRules:
    return switched(ZoomRules(), {name.replace("_", "-"): value for name, value in wanted.items()})


def people(client: Client, **more: Any) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = client.rows(of(UUID), "participants", type="past", **more)
    return found


def test_every_switch_is_a_rule_and_its_first_value_the_default() -> None:
    defaults = {each.name: each.default for each in fields(ZoomRules)}
    for name, values in SWITCHES.items():
        assert str(defaults[name.replace("-", "_")]) == values[0]
        assert switched(ZoomRules(), {name: values[0]}) == ZoomRules()
        for value in values[1:]:
            assert switched(ZoomRules(), {name: value}) != ZoomRules()


def test_unknown_names_are_answered_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"no switch 'rain'; there are plan, dashboard, .*, participants\."):
        switched(ZoomRules(), {"rain": "on"})
    with pytest.raises(ValueError, match=r"'units' is one of spaced, glued, not 'metric'"):
        switched(ZoomRules(), {"units": "metric"})


def test_the_token_may_not_name_the_api() -> None:
    with zoom([], rules=rules(api_url="absent")) as client:
        assert "api_url" not in client.login().json()


@pytest.mark.parametrize("status", ["400", "401"])
def test_the_token_endpoint_refuses_with_either_status(status: str) -> None:
    with zoom([], rules=rules(token_refusal=status)) as client:
        assert client.login(auth=("cid", "wrong")).status_code == int(status)


@pytest.mark.parametrize("status", ["400", "401", "403"])
def test_a_missing_scope_has_any_of_three_statuses(status: str) -> None:
    narrow = switched(ZoomRules(scopes=()), {"scope-refusal": status})
    with zoom([], rules=narrow) as client:
        assert client.refusal(LIST, **PAST)[:2] == (int(status), 4711)


def test_pages_may_be_smaller_than_asked() -> None:
    with zoom([meeting(UUID, NINE, people=5)], rules=rules(pages="smaller")) as client:
        pages = list(client.pages(of(UUID), type="past", page_size=300))
        assert [(len(each["participants"]), each["page_size"]) for each in pages] == [(2, 2), (2, 2), (1, 2)]


@pytest.mark.parametrize(("value", "told"), [("always", [3, 3, 3]), ("first", [3, None, None]), ("never", [None] * 3)])
def test_where_the_number_of_pages_is_told(value: str, told: list[int | None]) -> None:
    with zoom([meeting(UUID, NINE, people=5)], rules=rules(page_counts=value)) as client:
        pages = list(client.pages(of(UUID), type="past", page_size=2))
        assert [each.get("page_count") for each in pages] == told


@pytest.mark.parametrize(("value", "told"), [("true", 3), ("off-by-one", 4), ("absent", None)])
def test_the_number_of_rows_may_be_wrong(value: str, told: int | None) -> None:
    with zoom([meeting(UUID, NINE, people=3)], rules=rules(total_records=value)) as client:
        assert client.ask(of(UUID), type="past").get("total_records") == told


@pytest.mark.parametrize(
    ("value", "end"), [("empty", {"next_page_token": ""}), ("null", {"next_page_token": None}), ("absent", {})]
)
def test_the_end_of_a_list_is_told_in_three_ways(value: str, end: Mapping[str, object]) -> None:
    with zoom([meeting(UUID, NINE)], rules=rules(end_of_list=value)) as client:
        body = client.ask(of(UUID), type="past")
        assert {name: body[name] for name in body if name == "next_page_token"} == end


def test_a_meeting_that_goes_on_may_be_listed_with_the_past_ones() -> None:
    going_on = meeting(UUID, NOW - timedelta(minutes=5), 60)
    today = {**PAST, "from": str(NOW.date()), "to": str(NOW.date())}
    with zoom([going_on]) as client:
        assert client.rows(LIST, "meetings", **today) == []
    with zoom([going_on], rules=rules(running="listed")) as client:
        (row,) = client.rows(LIST, "meetings", **today)
        assert (row["uuid"], row["duration"], "end_time" in row) == (UUID, "", False)


def test_rows_may_come_in_the_other_order() -> None:
    names = ["A", "B", "C"]
    with zoom([meeting(UUID, NINE, people=names)], rules=rules(order="reversed")) as client:
        assert [each["user_name"] for each in people(client)] == names[::-1]
    with zoom([meeting(UUID, NINE, people=names)]) as client:
        assert [each["user_name"] for each in people(client)] == names


def test_instants_may_have_milliseconds_always_the_same() -> None:
    with zoom([meeting(UUID, NINE)], rules=rules(instants="milliseconds")) as client:
        (row,) = client.ask(LIST, **PAST)["meetings"]
        told = [row["start_time"], people(client)[0]["join_time"]]
        told += [client.ask(QOS, type="past")["participants"][0]["user_qos"][0]["date_time"]]
        assert [each[:20] for each in told] == ["2026-11-18T09:00:00."] * 2 + ["2026-11-18T09:01:00."]
        assert all(len(each) == 24 and each.endswith("Z") and each[20:23].isdecimal() for each in told)
        assert client.ask(LIST, **PAST)["meetings"] == [row]


def test_participants_may_have_no_uuid() -> None:
    with zoom([meeting(UUID, NINE)], rules=rules(participant_uuid="absent")) as client:
        assert not [each for each in people(client) if "participant_uuid" in each]
        assert "participant_uuid" not in client.ask(QOS, type="past")["participants"][0]


def test_every_third_row_may_lack_its_end() -> None:
    with zoom([meeting(UUID, NINE, people=6)], rules=rules(leave_time="absent")) as client:
        assert ["leave_time" in each for each in people(client)] == [True, True, False, True, True, False]


@pytest.mark.parametrize("value", ["404", "empty"])
def test_no_quality_is_an_empty_list_or_not_found(value: str) -> None:
    nobody = [Person("A", minute=None), Person("B", minute=None)]
    with zoom([meeting(UUID, NINE, people=nobody)], rules=rules(no_quality=value)) as client:
        if value == "404":
            assert client.refusal(QOS, type="past") == (404, 3001, "This meeting's detail info is not available.")
        else:
            assert client.ask(QOS, type="past")["participants"] == []


@pytest.mark.parametrize(("value", "texts"), [("spaced", ["27.15 kbps", "126 ms"]), ("glued", ["27.15kbps", "126ms"])])
def test_units_are_spaced_or_glued(value: str, texts: list[str]) -> None:
    with zoom([meeting(UUID, NINE)], rules=rules(units=value)) as client:
        flow = client.ask(QOS, type="past")["participants"][0]["user_qos"][0]["video_input"]
        assert [flow["bitrate"], flow["latency"]] == texts
        assert (flow["avg_loss"], flow["frame_rate"]) == ("0.03%", "12 fps" if value == "spaced" else "12fps")


def test_waiting_rows_may_be_added_before_every_second_person() -> None:
    with zoom([meeting(UUID, NINE, people=["A", "B", "C"])], rules=rules(waiting_rows="added")) as client:
        rows = people(client)
        told = [(each["user_name"], each["status"]) for each in rows]
        here, waits = "in_meeting", "in_waiting_room"
        assert told == [("A", waits), ("A", here), ("B", here), ("C", waits), ("C", here)]
        assert (rows[0]["participant_uuid"], rows[0]["leave_time"]) == (
            rows[1]["participant_uuid"],
            rows[1]["join_time"],
        )
        assert rows[0]["join_time"] == "2026-11-18T08:59:30Z"
        assert len(client.rows(QOS, "participants", type="past", page_size=10)) == 3


def test_breakout_rows_may_be_added_behind_every_second_person() -> None:
    with zoom([meeting(UUID, NINE, people=["A", "B"])], rules=rules(breakout_rows="added")) as client:
        rows = people(client)
        assert [(each["user_name"], "bo_mtg_id" in each) for each in rows] == [("A", False), ("A", True), ("B", False)]
        assert rows[0]["user_id"] != rows[1]["user_id"]
        assert (rows[1]["join_time"], rows[1]["leave_time"]) == ("2026-11-18T09:15:00Z", "2026-11-18T09:30:00Z")


def test_names_may_be_blank() -> None:
    with zoom([meeting(UUID, NINE)], rules=rules(names="blank")) as client:
        rows = [*people(client), *client.rows(QOS, "participants", type="past", page_size=10)]
        assert len(rows) == 4
        assert {each[name] for each in rows for name in ("user_name", "ip_address", "location", "email")} == {""}
        reported = client.rows(of(UUID, family="/report/meetings"), "participants")
        assert {each[name] for each in reported for name in ("name", "user_email")} == {""}


def test_a_listed_meeting_counts_rows_or_people() -> None:
    held = [meeting(UUID, NINE, people=[Person("A"), Person("B", 0, 60), Person("B", 120)])]
    for value, count in (("rows", 3), ("people", 2)):
        with zoom(held, rules=rules(participants=value)) as client:
            assert client.ask(LIST, **PAST)["meetings"][0]["participants"] == count
