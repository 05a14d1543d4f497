"""What the simulated Zoom says of a meeting: people, quality, shares, feedback, reports, and published answers."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from harvesters.sandbox.zoom import ABSENT, Host, Person, Share, meeting, minute
from harvesters.sandbox.zoom.answers import ANSWERS, load_folder, shift
from harvesters.sandbox.zoom.builder import clock
from tests.sandbox.zoom_client import DAY, NINE, PAST, WINDOW, Client, of, zoom

UUID = "8ZvNoKtPQkCwVdDnTQmCaA=="
OTHER = Host("2pyjK5VNQHadb2BY6Z4GbA", "other@example.com", "Ötzi")
RATED = {"user_id": "u1", "email": "a@example.com", "quality": "GOOD", "date_time": "2026-11-18T10:00:00Z"}
PEOPLE = [
    Person("Dr. Weiß", shares=[Share(60, 90), Share(120, 180, "whiteboard")]),
    Person("Guest", 30, 600),
    Person("Guest", 660, row={"status": ABSENT, "device": "Unknown + Phone"}),
    Person("Zoë", 5, 65, email="zoe@example.com", minute={"audio_input": {"bitrate": "0 kbps"}, "cpu_usage": ABSENT}),
    Person("Late", 1790, minute=None),
]


@pytest.fixture
def client() -> Iterator[Client]:
    held = [
        meeting(UUID, NINE, 30, people=PEOPLE, satisfaction=[RATED], topic="Größe", number=91234567890),
        meeting("other==", NINE, 61.01, host=OTHER),
        meeting("one==", NINE, 10, people=1),
    ]
    with zoom(held) as client:
        yield client


def test_a_rejoin_is_a_row_of_its_own_with_other_ids(client: Client) -> None:
    body = client.ask(of(UUID), type="past")
    assert (body["total_records"], body["meeting_number"]) == (5, "91234567890")
    rows = body["participants"]
    assert [each["user_name"] for each in rows] == ["Dr. Weiß", "Guest", "Guest", "Zoë", "Late"]
    assert [each["user_id"] for each in rows] == ["16778240", "16779264", "16780288", "16781312", "16782336"]
    assert len({each["participant_uuid"] for each in rows}) == 5
    assert (rows[1]["join_time"], rows[1]["leave_time"]) == ("2026-11-18T09:00:30Z", "2026-11-18T09:10:00Z")
    assert (rows[2]["join_time"], rows[2]["leave_time"]) == ("2026-11-18T09:11:00Z", "2026-11-18T09:30:00Z")
    assert (rows[2]["device"], "status" in rows[2]) == ("Unknown + Phone", False)
    assert [bool(each["id"]) for each in rows] == [True, False, False, True, False]
    assert [each["role"] for each in rows] == ["host"] + ["attendee"] * 4


def test_a_row_of_the_list_is_as_it_was_told(client: Client) -> None:
    row = client.ask("/metrics/meetings", **PAST)["meetings"][0]
    assert (row["topic"], row["id"], row["participants"], row["duration"]) == ("Größe", 91234567890, 5, "30:00")
    assert (row["has_screen_share"], row["host"], row["email"]) == (True, "Jörg Höst", "host@example.com")
    assert "tracking_fields" not in row
    assert (
        client.ask("/metrics/meetings", **PAST, include_fields="tracking_fields")["meetings"][0]["tracking_fields"]
        == []
    )
    detail = client.ask(of(UUID, ""), type="past")
    assert detail.items() <= row.items()


def test_quality_has_a_minute_for_each_full_minute_of_presence(client: Client) -> None:
    rows = client.rows(of(UUID, "/participants/qos"), "participants", type="past", page_size=3)
    assert [len(each["user_qos"]) for each in rows] == [30, 10, 19, 1]
    assert [each["date_time"] for each in rows[1]["user_qos"]][::9] == ["2026-11-18T09:01:00Z", "2026-11-18T09:10:00Z"]
    (only,) = rows[3]["user_qos"]
    assert (only["audio_input"], "cpu_usage" in only) == ({"bitrate": "0 kbps"}, False)
    assert (only["video_output"]["resolution"], only["as_input"]["latency"]) == ("1280*720", "")
    assert "participant_user_id" not in rows[0]


def test_quality_of_a_single_person_goes_by_the_number_or_the_uuid(client: Client) -> None:
    row = client.ask(of(UUID), type="past")["participants"][1]
    for part in (row["user_id"], row["participant_uuid"]):
        single = client.ask(of(UUID, f"/participants/{part}/qos"), type="past")
        assert (single["user_id"], len(single["user_qos"])) == (row["user_id"], 10)
    assert client.refusal(of(UUID, "/participants/16782336/qos"), type="past")[:2] == (404, 3001)


def test_shares_and_feedback_are_told_where_there_are_any(client: Client) -> None:
    (shown,) = client.rows(of(UUID, "/participants/sharing"), "participants", type="past")
    assert [each["content"] for each in shown["details"]] == ["desktop", "whiteboard"]
    assert shown["details"][0]["start_time"] == "2026-11-18T09:01:00Z"
    assert client.rows(of("other==", "/participants/sharing"), "participants", type="past") == []
    said = client.ask(of(UUID, "/participants/satisfaction"), type="past")
    assert said == {"page_size": 30, "next_page_token": "", "participants": [RATED]}


# -- reports -------------------------------------------------------------------------------------------


def test_hosts_of_a_range_with_what_they_held(client: Client) -> None:
    body = client.ask("/report/users", type="active", **WINDOW)
    told = [(each["id"], each["meetings"], each["participants"], each["meeting_minutes"]) for each in body["users"]]
    # 30 + 10 + 19 + 1 + 1 begun minutes; 2 people for 62 begun minutes. Meetings of one person do not count.
    assert told == [(OTHER.id, 1, 2, 124), ("DYHrdpjrS3uaOf7dPkkg8w", 1, 5, 61)]
    assert (body["total_meetings"], body["total_participants"], body["total_meeting_minutes"]) == (2, 7, 185)
    assert client.ask("/report/users", type="inactive", **WINDOW)["users"] == []


def test_meetings_of_a_host_by_id_or_address(client: Client) -> None:
    for user in (OTHER.id, OTHER.email):
        (row,) = client.rows(f"/report/users/{user}/meetings", "meetings", **WINDOW)
        assert (row["uuid"], row["duration"], row["total_minutes"], row["participants_count"]) == (
            "other==",
            62,
            124,
            2,
        )
    own = "/report/users/host@example.com/meetings"
    assert [each["uuid"] for each in client.rows(own, "meetings", **WINDOW)] == [UUID]
    assert [each["uuid"] for each in client.rows(own, "meetings", type="pastOne", **WINDOW)] == ["one=="]
    earlier = {"from": "2026-11-17", "to": "2026-11-17"}
    assert client.rows(own, "meetings", **earlier) == []
    assert client.refusal("/report/users/nobody/meetings", **WINDOW) == (404, 1001, "User does not exist: nobody.")
    assert client.refusal("/users/nobody/meetings")[:2] == (404, 1001)
    assert client.rows(f"/users/{OTHER.id}/meetings", "meetings") == []


def test_the_history_is_of_the_whole_account(client: Client) -> None:
    body = client.ask("/report/history_meetings", **WINDOW)
    assert [each["meeting_uuid"] for each in body["history_meetings"]] == [UUID, "other==", "one=="]
    assert not {"total_records", "page_count"} & set(body)
    assert body["history_meetings"][0]["feature_used"]["screen_sharing"] is True
    assert client.rows("/report/history_meetings", "history_meetings", meeting_type="webinar", **WINDOW) == []
    assert client.refusal("/report/history_meetings", meeting_type="party", **WINDOW)[:2] == (400, 300)


def test_reports_round_minutes_up_and_tell_seconds_of_people(client: Client) -> None:
    report = client.ask(of("other==", "", "/report/meetings"))
    assert (report["duration"], report["total_minutes"], report["type"]) == (62, 124, 2)
    assert client.ask(of("other==", "", "/past_meetings"))["host_id"] == OTHER.id
    rows = client.rows(of(UUID, family="/report/meetings"), "participants")
    assert [each["duration"] for each in rows] == [1800, 570, 1140, 60, 10]
    assert {each["name"] for each in rows} == {"Dr. Weiß", "Guest", "Zoë", "Late"}
    past = client.rows(of(UUID, family="/past_meetings"), "participants")
    assert [each["internal_user"] for each in past] == [True, False, False, True, False]


def test_reports_know_nobody_of_a_meeting_of_one_person(client: Client) -> None:
    assert client.ask(of("one==", "", "/report/meetings"))["participants_count"] == 1
    for family in ("/report/meetings", "/past_meetings"):
        assert client.rows(of("one==", family=family), "participants") == []
    assert len(client.rows(of("one=="), "participants", type="pastOne")) == 1


def test_registrations_are_told_if_they_are_asked_for() -> None:
    held = [meeting(UUID, NINE, people=[Person("A"), Person("B", row={"registrant_id": "r2"})])]
    with zoom(held) as client:
        for path in (of(UUID), of(UUID, family="/report/meetings")):
            asked = {"type": "past", "include_fields": "registrant_id"}
            assert [each["registrant_id"] for each in client.rows(path, "participants", **asked)] == ["", "r2"]
            assert not [each for each in client.rows(path, "participants", type="past") if "registrant_id" in each]


# -- what is written by hand ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00"), (141, "02:21"), (3543, "59:03"), (3600, "01:00:00"), (3723, "01:02:03"), (360_000, "100:00:00")],
)
def test_lengths_are_written_as_the_dashboards_do(seconds: int, text: str) -> None:
    assert clock(timedelta(seconds=seconds)) == text


def test_members_may_be_otherwise_or_absent() -> None:
    made = meeting("m==", NINE, end_time=None, duration="", topic=ABSENT, participants="many")
    assert (made.row["end_time"], made.row["duration"], made.row["participants"]) == (None, "", "many")
    assert "topic" not in made.row
    assert (made.end - made.start).total_seconds() == 1800
    assert "cpu_usage" not in minute(NINE, cpu_usage=ABSENT)


# -- published answers ---------------------------------------------------------------------------------


def test_published_answers_are_served_as_they_are() -> None:
    found = load_folder(ANSWERS)
    assert [each.uuid for each in found] == [
        "carreter@-2c9b447f3",
        "gaqOKVN9RAaDHKYWEcASXg==",
        "cuL1o37VTaiN3IhHInJ0GA==",
        "OLsodO6eTfqjWLqBKPwRSw==",
    ]
    assert [len(each.sessions) for each in found] == [2, 1, 2, 0]
    assert found[0].row["duration"] == "30:00"
    assert found[0].sessions[0].row["leave_reason"] == "Dojo left the meeting.<br>Reason: Host ended the meeting."
    assert [len(each.minutes or ()) for each in found[0].sessions] == [0, 1]  # type: ignore[arg-type]
    assert found[2].sessions[1].row["user_name"] == "User 2"
    assert "participant_user_id" not in found[2].sessions[1].row


def test_published_answers_on_another_day() -> None:
    moved = shift(load_folder(ANSWERS), DAY)
    with zoom(moved) as client:
        assert len(client.uuids()) == 3
        assert client.uuids(type="pastOne") == ["OLsodO6eTfqjWLqBKPwRSw=="]
        rows = client.rows(of("carreter@-2c9b447f3"), "participants", type="past")
        assert [each["join_time"] for each in rows] == ["2026-11-18T13:15:02.837Z", "2026-11-18T15:31:48Z"]
        (row,) = client.rows(of("gaqOKVN9RAaDHKYWEcASXg==", "/participants/qos"), "participants", type="past")
        assert [each["date_time"] for each in row["user_qos"]] == ["2026-11-18T10:16:00Z"]
        report = client.ask(of("cuL1o37VTaiN3IhHInJ0GA==", "", "/report/meetings"))
        assert (report["duration"], report["start_time"]) == (4, "2026-11-18T15:00:42Z")


def test_a_folder_says_what_is_wrong_with_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    broken, headless = tmp_path_factory.mktemp("broken"), tmp_path_factory.mktemp("headless")
    (broken / "a.meeting.json").write_text("{")
    (headless / "a.participants.json").write_text('{"participants": []}')
    with pytest.raises(ValueError, match=r"a\.meeting\.json is no JSON"):
        load_folder(broken)
    with pytest.raises(ValueError, match=r"neither a\.meeting\.json nor a\.report\.json"):
        load_folder(headless)
