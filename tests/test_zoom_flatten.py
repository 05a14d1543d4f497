"""What a meeting of Zoom means: the published and real answers worked out by hand, and laws for all others."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.source import Part, Record
from tests.opentok_records import Made
from tests.zoom_records import (
    BEGIN,
    END,
    FIRST,
    SECOND,
    Json,
    by_id,
    is_sound,
    joined,
    made,
    measured,
    meeting,
    minute,
    people,
    picture,
    published,
    record,
    reported,
    shared,
)

few = settings(max_examples=30, deadline=None)


def rows(name: str, member: str = "participants") -> list[dict[str, Json]]:
    """The rows of a sample's list."""
    found: list[dict[str, Json]] = published(f"{name}.response")[member]
    return found


def quality(item: dict[str, Json]) -> Part:
    """An item of a list of quality as `fetch` cuts it."""
    return measured({name: value for name, value in item.items() if name != "user_qos"}, *item["user_qos"])


def dashboard_2026() -> list[Part]:
    """The list's meeting, a participant, somebody else's quality, and what a third one shared."""
    (head,) = rows("metrics-meetings.published-2026", "meetings")
    (item,) = rows("metrics-participants-qos.published-2026")
    return [
        people(*rows("metrics-participants.published-2026"), head=head),
        quality(item),
        shared(*rows("metrics-participants-sharing.published-2026")),
    ]


def of(parts: list[Part], uuid: str, started: datetime) -> Made:
    return made(record(*parts, key=(uuid,), call=uuid, started=started))


# -- the published answers of 2026 ------------------------------------------------------------------------

AUDIO_2026 = {"bitrate_kbps": 27.15, "rtt_ms": 126, "jitter_ms": 0, "loss_pct": 0.03}
PICTURE_2026 = {**AUDIO_2026, "width": 1280, "height": 720, "pixels": 921_600, "fps": 12}


def test_the_lists_meeting_of_2026_ends_before_it_starts() -> None:
    """08:04:27 to 07:50:47, said to last 56 seconds: the start stands, the end is clamped to it."""
    found = of(dashboard_2026(), "gm8s9L+PTEC+FG3sFbd1Cw==", datetime(2022, 1, 4, 8, 4, 27, tzinfo=UTC))
    document = found.only("conference")
    assert document["@timestamp"] == "2022-01-04T08:04:27.000Z"
    assert document["event"]["start"] == document["event"]["end"] == "2022-01-04T08:04:27.000Z"
    assert document["event"]["duration"] == 0
    assert document["vconf"]["flags"] == ["clamped"]
    assert document["vconf"]["conference"] == {
        "id": document["vconf"]["conference"]["id"],
        "vendor_id": "gm8s9L+PTEC+FG3sFbd1Cw==",
        "parent_id": "93201235621",
        "name": "Share Now",
        "start": "2022-01-04T08:04:27.000Z",
        "end": "2022-01-04T08:04:27.000Z",
        "duration_s": 0,
    }
    assert document["vconf"]["host"] == {"name": "Jill Chill", "email": "jchill@example.com"}
    assert document["vconf"]["media"] == {"video": True, "screen": True, "recording": True, "pstn": True}
    assert document["vconf"]["participants"] == {"count": 1}
    assert document["vconf"]["streams"] == {"count": 2 + 1}
    assert document["zoom"] == {
        "meeting_uuid": "gm8s9L+PTEC+FG3sFbd1Cw==",
        "series_id": "93201235621",
        "kind": "meeting",
        "user_type": "Licensed",
        "participants": 2,
        "audio_quality": "good",
        "video_quality": "good",
        "screen_share_quality": "good",
    }
    assert document["vconf"]["extra"] == {
        "dept": "Developers",
        "custom_keys": [{"key": "Host Nation", "value": "US"}],
        "tracking_fields": [{"field": "Meeting purpose.", "value": "Support"}],
        "session_key": "ABC36jaBI145",
        "avg_jointime_cost": "4.55",
        **dict.fromkeys(("has_3rd_party_audio", "has_archiving", "has_sip", "has_voip"), "true"),
        **dict.fromkeys(("has_manual_captions", "has_automated_captions"), "true"),
        **dict.fromkeys(("has_poll", "has_qa", "has_survey"), "false"),
    }


def test_the_participant_of_2026() -> None:
    found = of(dashboard_2026(), "gm8s9L+PTEC+FG3sFbd1Cw==", datetime(2022, 1, 4, 8, 4, 27, tzinfo=UTC))
    document = found.only("participant")
    assert document["event"]["start"] == "2022-03-01T10:15:14.000Z"
    assert document["event"]["end"] == "2022-03-01T10:17:35.000Z"
    assert document["vconf"]["participant"]["duration_s"] == 2 * 60 + 21
    assert document["vconf"]["participant"]["join_time_s"] == 3.98
    assert document["vconf"]["participant"]["leave_reason"] == "Host ended the meeting."
    assert (document["vconf"]["participant"]["role"], document["vconf"]["client"]["kind"]) == ("host", "phone")
    assert document["user"] == {
        "id": "DYHrdpjrS3uaOf7dPkkg8w",
        "full_name": "jchill",
        "email": "jchill@example.com",
    }
    assert document["client"] == {"ip": "192.0.2.1"}  # "United States" names no city
    assert document["zoom"]["breakout_room_id"] == "Dkgwu8nm/ExG1vM+GhLRhA=="
    assert document["zoom"]["user_id"] == "20162560"
    assert document["vconf"]["device"]["microphone"] == "Microphone (2- High Definition Audio Device)"
    extra = document["vconf"]["extra"]
    assert (extra["mac_addr"], extra["harddisk_id"], extra["in_room_participants"]) == ("f85e-a012-92d8", "Disk01", "2")
    assert extra["internal_ip_addresses"] == ["192.0.2.1"]
    assert extra["aic_disclaimer"] == "leave meeting"


def test_the_quality_of_2026_is_of_somebody_who_is_not_among_the_participants() -> None:
    found = of(dashboard_2026(), "gm8s9L+PTEC+FG3sFbd1Cw==", datetime(2022, 1, 4, 8, 4, 27, tzinfo=UTC))
    assert found.oddities == {"participations with quality that are not among the participants": 1}
    sent, received, _ = found.of("stream")
    for stream in (sent, received):
        assert "id" not in stream["vconf"].get("participant", {})
        assert stream["user"] == {"id": "_f08HhPJS82MIVLuuFaJPg", "full_name": "jchill", "email": "jchill@example.com"}
        assert stream["client"]["ip"] == "192.0.2.1"
        assert stream["vconf"]["stream"]["media"] == ["audio", "video", "screen"]
        assert (stream["event"]["start"], stream["vconf"]["stream"]["duration_s"]) == ("2022-03-01T10:15:14.000Z", 0)
        assert (stream["zoom"]["user_id"], stream["zoom"]["health"]) == ("20161536", "Warning")
        # Nobody else tells of it.
        assert stream["vconf"]["extra"]["participant_uuid"] == "D444CD06-2ABB-2FCC-019B-39E41D8DADF7"
        assert stream["vconf"]["extra"]["device_name"] == "iPhone 7 Global"
    assert (sent["vconf"]["stream"]["direction"], received["vconf"]["stream"]["direction"]) == ("sent", "received")
    for sample in found.of("sample"):
        assert sample["@timestamp"] == "2022-03-01T10:16:00.000Z"
        assert sample["vconf"]["quality"] == {"audio": AUDIO_2026, "video": PICTURE_2026, "screen": PICTURE_2026}
        assert sample["vconf"]["cpu"] == {"app_pct": 0, "system_pct": 11}
        assert sample["vconf"]["wifi"] == {"rssi_dbm": -69}
        assert sample["user"]["full_name"] == "jchill"
    issue = found.only("issue")
    assert issue["vconf"]["issue"] == {
        "code": "audio",
        "source": "vendor",
        "severity": "warning",
        "subject": "participant",
        "start": "2022-03-01T10:15:14.000Z",
        "end": "2022-03-01T10:15:14.000Z",
        "explanation": "audio",
    }


def test_what_was_shared_in_2026_is_a_stream_of_nine_seconds_by_nobody_of_the_list() -> None:
    found = of(dashboard_2026(), "gm8s9L+PTEC+FG3sFbd1Cw==", datetime(2022, 1, 4, 8, 4, 27, tzinfo=UTC))
    stream = found.of("stream")[-1]
    assert stream["event"]["start"] == "2022-02-15T08:45:50.000Z"
    assert stream["event"]["end"] == "2022-02-15T08:45:59.000Z"
    assert stream["vconf"]["stream"] == {
        "id": stream["vconf"]["stream"]["id"],
        "direction": "sent",
        "kind": "screen",
        "media": ["screen"],
        "start": "2022-02-15T08:45:50.000Z",
        "end": "2022-02-15T08:45:59.000Z",
        "duration_s": 9,
        "samples": 0,
    }
    assert (stream["zoom"]["shared"], stream["zoom"]["user_id"]) == ("desktop", "30321664")
    assert stream["user"] == {"id": "pFyqVDCkQlCbrt-iADD4UA", "full_name": "jchill"}


def test_the_meeting_of_2026_lasts_what_its_times_say() -> None:
    """10:15:14 to 10:17:35 is shown as "02:21": minutes and seconds."""
    head = published("metrics-meeting.published-2026.response")
    found = of([people(head=head)], "gaqOKVN9RAaDHKYWEcASXg==", datetime(2022, 3, 1, 10, 15, 14, tzinfo=UTC))
    assert found.only("conference")["vconf"]["conference"]["duration_s"] == 141
    # And without the end the text leads to the same.
    del head["end_time"]
    found = of([people(head=head)], "gaqOKVN9RAaDHKYWEcASXg==", datetime(2022, 3, 1, 10, 15, 14, tzinfo=UTC))
    assert found.only("conference")["event"]["end"] == "2022-03-01T10:17:35.000Z"
    assert found.only("conference")["vconf"]["flags"] == ["duration_computed"]


def test_the_single_participants_quality_of_2026() -> None:
    item = published("metrics-participant-qos.published-2026.response")
    found = made(record(people(joined("20161536", join_time="2022-03-01T10:15:14Z")), quality(item)))
    assert found.oddities == {}
    person = found.only("participant")
    for stream in found.of("stream"):
        assert stream["vconf"]["participant"]["id"] == person["vconf"]["participant"]["id"]
        assert "extra" not in stream["vconf"]  # his own document has it
    assert found.only("issue")["vconf"]["participant"]["id"] == person["vconf"]["participant"]["id"]
    assert len(found.of("sample")) == 2


def test_the_webinar_of_2026() -> None:
    (head,) = rows("metrics-webinars.published-2026", "webinars")
    (item,) = rows("metrics-webinar-participants-qos.published-2026")
    parts = [
        people(*rows("metrics-webinar-participants.published-2026"), head=head, kind="webinar"),
        quality(item),
    ]
    found = of(parts, "NknQtFSgSUSEYt2a9gc13A==", datetime(2022, 1, 13, 5, 27, 11, tzinfo=UTC))
    conference, person = found.only("conference"), found.only("participant")
    assert conference["zoom"]["kind"] == "webinar"
    # 05:27:11 to 07:00:46, shown as "55:01": the times are better than the text.
    assert conference["vconf"]["conference"]["duration_s"] == 93 * 60 + 35
    # 05:27:09 to 05:41:01, from two seconds before the start.
    assert person["vconf"]["participant"]["duration_s"] == 13 * 60 + 52
    assert conference["vconf"]["streams"]["count"] == 2


# -- the published answers of 2021 ------------------------------------------------------------------------


def parts_2021() -> list[Part]:
    head = published("metrics-meeting.published-2021.response")
    item = published("metrics-participant-qos.published-2021.response")
    return [people(*rows("metrics-participants.published-2021"), head=head), quality(item)]


def test_the_meeting_of_2021_has_a_uuid_that_is_none_and_a_duration_that_is_wrong() -> None:
    found = of(parts_2021(), "carreter@-2c9b447f3", datetime(2007, 6, 16, 16, 55, 42, 78_000, tzinfo=UTC))
    document = found.only("conference")
    assert document["vconf"]["conference"]["vendor_id"] == "carreter@-2c9b447f3"
    assert document["vconf"]["conference"]["duration_s"] == 240  # not the 30 minutes of the text
    assert document["zoom"]["participants"] == 4_874_645
    assert document["vconf"]["participants"]["count"] == 1
    assert document["vconf"]["media"] == {"video": False, "screen": False, "recording": False, "pstn": False}
    assert "audio_quality" not in document["zoom"]


def test_the_participants_of_2021() -> None:
    found = of(parts_2021(), "carreter@-2c9b447f3", datetime(2007, 6, 16, 16, 55, 42, 78_000, tzinfo=UTC))
    rea, dojo = found.of("participant")
    assert dojo["event"]["id"].endswith("/32dsfsd4g5gd/1567862102/waiting")  # 13:15:02.837, the second counts
    assert dojo["event"]["start"] == "2019-09-07T13:15:02.837Z"
    assert dojo["event"]["duration"] == 7 * 10**9
    assert "presence" not in dojo["vconf"]
    assert dojo["vconf"]["participant"]["leave_reason"] == "Dojo left the meeting. Reason: Host ended the meeting."
    assert (dojo["vconf"]["client"]["kind"], dojo["zoom"]["location"]) == ("desktop", "New York")
    assert dojo["vconf"]["extra"]["mac_addr"] == " 00:0a:95:9d:68:16"
    assert "transport" not in dojo["network"]  # P2P is none
    assert rea["client"] == {"ip": "120.000.000", "geo": {"city_name": "San Jose", "country_iso_code": "US"}}
    assert rea["vconf"]["client"]["kind"] == "mobile"
    assert rea["network"] == {"type": "wifi", "transport": "udp"}
    # 15:31:48 to 16:04:12.
    assert rea["vconf"]["participant"]["duration_s"] == 32 * 60 + 24
    assert "mac_addr" not in rea["vconf"]["extra"]
    issue = found.only("issue")
    assert (issue["vconf"]["issue"]["code"], issue["user"]["full_name"]) == ("not_admitted", "dojo")


def test_the_quality_of_2021_belongs_to_the_only_joining_of_that_number() -> None:
    """Its time is another one: the examples do not fit together."""
    found = of(parts_2021(), "carreter@-2c9b447f3", datetime(2007, 6, 16, 16, 55, 42, 78_000, tzinfo=UTC))
    assert found.oddities == {}
    rea, _ = found.of("participant")
    sent, received = found.of("sample")
    assert (
        sent["vconf"]["participant"]["id"]
        == received["vconf"]["participant"]["id"]
        == rea["vconf"]["participant"]["id"]
    )
    assert sent["vconf"]["quality"] == {
        "audio": {"bitrate_kbps": 23, "rtt_ms": 126, "jitter_ms": 6, "loss_pct": 0.3},
        "video": {
            "bitrate_kbps": 1055,
            "rtt_ms": 129,
            "jitter_ms": 11,
            "loss_pct": 0,
            "width": 1280,
            "height": 720,
            "pixels": 921_600,
            "fps": 12,
        },
        "screen": {"bitrate_kbps": 70, "rtt_ms": 135, "jitter_ms": 8, "loss_pct": 0},
    }
    assert received["vconf"]["quality"]["audio"]["bitrate_kbps"] == 63
    assert received["vconf"]["quality"]["video"]["pixels"] == 640 * 360
    assert sent["vconf"]["cpu"] == {"app_pct": 12, "system_pct": 40}


# -- the report's answers --------------------------------------------------------------------------------


def test_the_real_meeting_of_2024() -> None:
    """3 min 50 s are "4" minutes, and never 4 seconds; the host's stay is 230 s, the guest's 68."""
    head = published("report-meeting.real-2024-a.response")
    both = published("report-meeting-participants.real-2024.rows")
    found = of(
        [people(*both, head=head, kind="reported")],
        "cuL1o37VTaiN3IhHInJ0GA==",
        datetime(2024, 2, 13, 15, 0, 42, tzinfo=UTC),
    )
    assert found.oddities == {}
    document = found.only("conference")
    assert document["vconf"]["conference"]["duration_s"] == 3 * 60 + 50
    assert document["vconf"]["conference"]["name"] == "Weekly test meeting"
    assert document["vconf"]["host"] == {
        "id": "mKV7t-gGSWWQOqej1qxafA",
        "name": "Integration Testing",
        "email": "host@example.com",
    }
    assert (document["zoom"]["kind"], document["zoom"]["series_id"]) == ("meeting", "92688776306")
    assert (document["zoom"]["participants"], document["vconf"]["participants"]["count"]) == (2, 2)
    assert document["vconf"]["streams"]["count"] == 0
    assert "media" not in document["vconf"]  # the report does not say; that is not "no"
    assert document["vconf"]["extra"] == {"type": "8", "total_minutes": "5"}
    assert "flags" not in document["vconf"]
    host, guest = found.of("participant")
    assert host["vconf"]["participant"]["duration_s"] == 230
    assert host["user"] == {
        "id": "mKV7t-gGSWWQOqej1qxafA",
        "full_name": "Integration Testing",
        "email": "host@example.com",
    }
    assert host["event"]["id"].endswith("/16778240/1707836442")
    assert guest["vconf"]["participant"]["duration_s"] == 68
    assert guest["user"] == {"full_name": "User 2"}
    assert guest["vconf"]["extra"] == {"duration": "68", "failover": "false"}
    assert guest["vconf"]["presence"] == {"gte": "2024-02-13T15:03:23.000Z", "lt": "2024-02-13T15:04:31.000Z"}


def test_the_real_meeting_of_one_person() -> None:
    """6 seconds are "1" minute, and Zoom gives nobody's row."""
    head = published("report-meeting.real-2024-b.response")
    found = of(
        [people(head=head, kind="reported")], "OLsodO6eTfqjWLqBKPwRSw==", datetime(2024, 2, 12, 11, 24, 50, tzinfo=UTC)
    )
    (document,) = found.documents
    assert document["vconf"]["conference"]["duration_s"] == 6
    assert document["zoom"]["participants"] == 1


def test_the_published_report_of_2026() -> None:
    head = published("report-meeting.published-2026.response")
    found = of(
        [people(*rows("report-meeting-participants.published-2026"), head=head, kind="reported")],
        "iOTQZPmhTUq5a232ETb9eg==",
        datetime(2022, 3, 15, 7, 40, 46, tzinfo=UTC),
    )
    assert found.only("conference")["vconf"]["conference"]["duration_s"] == 60 + 36
    document = found.only("participant")
    assert document["vconf"]["participant"]["duration_s"] == 259
    assert (document["zoom"]["breakout_room_id"], document["zoom"]["registrant_id"]) == (
        "27423744",
        "abcdefghij0-klmnopq23456",
    )
    assert document["user"]["id"] == "DYHrdpjrS3uaOf7dPkkg8w"


def test_a_row_of_a_hosts_meetings_has_times_in_two_formats() -> None:
    (head,) = rows("report-user-meetings.published-2026", "meetings")
    found = of(
        [people(head=head, kind="reported")], "4444AAAiAAAAAiAiAiiAii==", datetime(2019, 7, 15, 23, 24, 52, tzinfo=UTC)
    )
    (document,) = found.documents
    # 366 days (2020 is a leap year), 5 min and 27 s: the example's own mistake, kept.
    assert document["vconf"]["conference"]["duration_s"] == 366 * 86_400 + 5 * 60 + 27
    assert document["vconf"]["extra"]["join_time"] == "12/22/2021 16:20"
    assert document["vconf"]["media"] == {"screen": False, "recording": False}
    assert document["vconf"]["host"] == {"name": "Jill Chill", "email": "jchill@example.com"}


@pytest.mark.parametrize(
    ("kind", "type_", "told"),
    [
        ("reported", 5, "webinar"),
        ("reported", 6, "webinar"),
        ("reported", 9, "webinar"),
        ("reported", 1, "meeting"),
        ("reported", 8, "meeting"),
        ("reported", None, "meeting"),
        ("reported", [5], "meeting"),
        ("reported", {"five": 5}, "meeting"),
        ("webinar", 2, "webinar"),
        ("meeting", 5, "meeting"),
    ],
)
def test_a_reports_row_tells_by_its_type_whether_it_was_a_webinar(kind: str, type_: Json, told: str) -> None:
    assert made(record(people(head=meeting(type=type_), kind=kind))).only("conference")["zoom"]["kind"] == told


# -- conferences -----------------------------------------------------------------------------------------


def test_what_the_list_knew_is_a_conference_whose_details_are_missing() -> None:
    found = made(record(people(), level=0))
    (document,) = found.documents
    assert document["vconf"]["flags"] == ["details_missing"]
    assert document["vconf"]["conference"]["name"] == "Handover"
    assert "flags" not in made(record(people(), level=1)).only("conference")["vconf"]


@pytest.mark.parametrize("missing", [None, "", "soon", 0, []])
def test_a_missing_start_is_not_invented_but_has_the_place_of_the_record(missing: Json) -> None:
    """The list of the day had it, so the day's begin is the record's start."""
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    found = made(record(people(joined(join_time=None), head=meeting(start_time=missing)), started=midnight))
    document = found.only("conference")
    assert document["@timestamp"] == "2026-11-20T00:00:00.000Z"
    assert "start" not in document["event"]
    assert "start" not in document["vconf"]["conference"]
    assert "duration_s" not in document["vconf"]["conference"]
    assert document["vconf"]["flags"] == ["start_missing"]
    person = found.only("participant")
    assert person["@timestamp"] == "2026-11-20T00:00:00.000Z"
    assert person["vconf"]["flags"] == ["start_missing"]


@pytest.mark.parametrize(
    ("told", "end"),
    [
        ("16:08", "2026-11-20T09:16:08.000Z"),
        ("61:15", "2026-11-20T10:01:15.000Z"),
        ("01:02:03", "2026-11-20T10:02:03.000Z"),
        ("100:00:00", "2026-11-24T13:00:00.000Z"),
    ],
)
@pytest.mark.parametrize("missing", [None, ""])
def test_an_end_is_computed_from_the_duration_and_said_to_be(told: str, end: str, missing: str | None) -> None:
    document = made(record(people(head=meeting(end_time=missing, duration=told)))).only("conference")
    assert document["event"]["end"] == document["vconf"]["conference"]["end"] == end
    assert document["vconf"]["flags"] == ["duration_computed"]


@pytest.mark.parametrize("told", ["00:00", "", "4 mins", None, 4, 240, "9999999:00:00", [], True])
def test_a_duration_that_says_nothing_makes_no_end_and_a_reports_minutes_make_none(told: Json) -> None:
    document = made(record(people(head=meeting(end_time="", duration=told)))).only("conference")
    assert "end" not in document["event"]
    assert "duration_s" not in document["vconf"]["conference"]
    assert document["vconf"]["flags"] == ["end_missing"]


def test_a_duration_that_cannot_be_read_is_counted_even_where_the_end_is_known() -> None:
    for end in ("", "2026-11-20T09:30:00Z"):
        found = made(record(people(head=meeting(end_time=end, duration="4 mins"))))
        assert found.oddities == {"unreadable 'duration'": 1}
    for fine in ("30:00", "", 30, None):
        assert made(record(people(head=meeting(duration=fine)))).oddities == {}


def test_an_end_beyond_the_calendar_is_none() -> None:
    head = meeting(start_time="9999-12-31T23:00:00Z", end_time=None, duration="999999:00:00")
    found = made(record(people(joined(join_time="9999-12-31T23:00:00Z", leave_time=None, duration=86_400), head=head)))
    assert found.only("conference")["vconf"]["flags"] == ["end_missing"]
    assert found.only("participant")["vconf"]["flags"] == ["end_missing"]


def test_every_document_names_meeting_and_series() -> None:
    waiting = joined(SECOND, status="in_waiting_room")
    sharing = shared({"user_id": FIRST, "details": [{"content": "desktop", "start_time": BEGIN, "end_time": END}]})
    found = made(record(people(joined(), waiting), measured(joined(issue_list=["x"]), minute()), sharing))
    assert {each["vconf"]["type"] for each in found.documents} == {
        "conference",
        "participant",
        "stream",
        "sample",
        "issue",
    }
    for document in found.documents:
        assert document["zoom"]["meeting_uuid"] == "gm8s9L+PTEC+FG3sFbd1Cw=="
        assert document["zoom"]["series_id"] == "93201235621"
        assert document["vconf"]["conference"]["name"] == "Handover"
        assert document["observer"]["vendor"] == "Zoom"


def test_two_instances_of_one_series_share_the_series_and_no_document() -> None:
    """Used by its number, every instance would overwrite the one before."""
    one = record(people(joined()), measured(joined(), minute()))
    other = record(people(joined(), head=meeting(uuid="x==")), measured(joined(), minute()), key=("x==",), call="x==")
    assert set(by_id(one)).isdisjoint(by_id(other))
    series = {each["zoom"]["series_id"] for found in (made(one), made(other)) for each in found.documents}
    assert series == {"93201235621"}


def test_a_meeting_that_is_no_object_is_counted_and_named_by_the_records_key() -> None:
    whole = record(people(joined()))
    (part,) = whole.parts
    found = made(replace(whole, parts=[replace(part, head=b'["rubbish"]')]))
    assert found.oddities == {"an entity that is no object": 1}
    assert found.only("conference")["zoom"]["meeting_uuid"] == "gm8s9L+PTEC+FG3sFbd1Cw=="
    assert len(found.of("participant")) == 1


# -- streams ---------------------------------------------------------------------------------------------


def test_a_participation_has_a_sent_and_a_received_stream_with_its_times() -> None:
    found = made(record(people(joined()), measured(joined(health="Good"), minute(5, video_input=picture()), minute(6))))
    person = found.only("participant")
    sent, received = found.of("stream")
    for stream in (sent, received):
        assert stream["event"]["start"] == "2026-11-20T09:01:00.000Z"
        assert stream["event"]["end"] == "2026-11-20T09:29:00.000Z"
        assert stream["vconf"]["stream"]["samples"] == 2
        assert stream["vconf"]["participant"]["id"] == person["vconf"]["participant"]["id"]
        assert stream["zoom"]["health"] == "Good"
        assert stream["user"] == person["user"]
    assert sent["vconf"]["stream"]["media"] == ["audio", "video"]
    assert received["vconf"]["stream"]["media"] == ["audio"]
    assert {each["vconf"]["stream"]["id"] for each in found.of("sample")} == {
        sent["vconf"]["stream"]["id"],
        received["vconf"]["stream"]["id"],
    }


def test_quality_without_a_minute_is_two_streams_of_nothing() -> None:
    found = made(record(people(joined()), measured(joined())))
    assert [each["vconf"]["stream"]["samples"] for each in found.of("stream")] == [0, 0]
    assert all("media" not in each["vconf"]["stream"] for each in found.of("stream"))


def test_of_two_joinings_of_one_number_each_has_its_own_minutes() -> None:
    later = {"join_time": "2026-11-20T09:10:00Z"}
    found = made(
        record(people(joined(), joined(**later)), measured(joined(**later), minute(12)), measured(joined(), minute(5)))
    )
    by_start = {each["event"]["start"]: each["vconf"]["participant"]["id"] for each in found.of("participant")}
    for stream in found.of("stream"):
        assert stream["vconf"]["participant"]["id"] == by_start[stream["event"]["start"]]
    assert found.oddities == {}
    # Of a third time it is not known which of the two is meant.
    third = made(record(people(joined(), joined(**later)), measured(joined(join_time="2026-11-20T09:20:00Z"))))
    assert third.oddities == {"participations with quality that are not among the participants": 1}


@pytest.mark.parametrize("user", ["", None])
def test_quality_of_nobody_belongs_to_nobody(user: Json) -> None:
    nobody = joined(user, participant_uuid="", join_time="2026-11-20T09:20:00Z")
    found = made(record(people(joined(user, participant_uuid="")), measured(nobody, minute())))
    assert found.oddities == {"participations with quality that are not among the participants": 1}
    assert all("id" not in each["vconf"].get("participant", {}) for each in found.of("stream"))


def test_one_participation_that_came_twice_is_counted() -> None:
    twice = record(people(joined(), joined(SECOND)), *(measured(joined(n), minute()) for n in (FIRST, SECOND, FIRST)))
    found = made(twice)
    assert len(found.of("stream")) == 4
    assert found.oddities == {"streams that came twice": 2}


def test_a_streams_own_strangers_are_kept_and_what_the_participants_document_has_is_not_repeated() -> None:
    members = joined(internal_ip_addresses=["192.0.2.77"], share_desktop=True, pc_name="pc", brand_new="x")
    found = made(record(people(members), measured(members, minute())))
    assert [each["vconf"]["extra"] for each in found.of("stream")] == [{"brand_new": "x"}] * 2
    assert set(found.only("participant")["vconf"]["extra"]) == {
        "internal_ip_addresses",
        "share_desktop",
        "pc_name",
        "brand_new",
    }


def test_what_was_shared_belongs_to_the_joining_that_had_begun() -> None:
    again = joined(join_time="2026-11-20T09:10:00Z")
    details = [
        {"content": "desktop", "start_time": "2026-11-20T09:02:00Z", "end_time": "2026-11-20T09:03:30Z"},
        {"content": "whiteboard", "start_time": "2026-11-20T09:12:00Z", "end_time": None},
        {"content": "", "start_time": "2026-11-20T09:00:30Z", "end_time": "2026-11-20T09:02:00Z"},
    ]
    found = made(record(people(joined(), again), shared({"user_id": FIRST, "details": details})))
    first, second = (each["vconf"]["participant"]["id"] for each in found.of("participant"))
    desktop, board, early = found.of("stream")
    assert (desktop["vconf"]["participant"]["id"], board["vconf"]["participant"]["id"]) == (first, second)
    assert desktop["vconf"]["stream"]["duration_s"] == 90
    assert board["vconf"]["flags"] == ["end_estimated"]
    assert early["vconf"]["participant"]["id"] in {first, second}  # before either had begun: one of that number
    assert [each["zoom"].get("shared") for each in (desktop, board, early)] == ["desktop", "whiteboard", None]
    assert found.of("sample") == []


@pytest.mark.parametrize("user", ["", None, []])
def test_what_nobody_shared_belongs_to_nobody(user: Json) -> None:
    detail = {"content": "desktop", "start_time": BEGIN, "end_time": END}
    found = made(record(people(joined("", participant_uuid="")), shared({"user_id": user, "details": [detail]})))
    assert "id" not in found.only("stream")["vconf"].get("participant", {})


def test_shares_that_cannot_be_read_are_counted_and_the_others_stay() -> None:
    fine = {"content": "desktop", "start_time": BEGIN, "end_time": END}
    rows_ = [
        None,
        "rubbish",
        {"user_id": FIRST, "details": [None, 7, fine]},
        {"user_id": FIRST, "details": "all"},
        {"user_id": FIRST, "details": None},
        {"user_id": FIRST},
    ]
    found = made(record(people(joined()), shared(*rows_)))
    assert len(found.of("stream")) == 1
    assert found.oddities == {"shares that are null or no object": 4, "unreadable 'details'": 1}


# -- issues ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("health", "severity", "type_"),
    [
        ("Critical", "error", "error"),
        ("Warning", "warning", "error"),
        ("Good", "info", "info"),
        ("", "info", "info"),
        (None, "info", "info"),
        ([], "info", "info"),
    ],
)
def test_what_zoom_found_wrong_is_an_issue_as_severe_as_the_health(health: Json, severity: str, type_: str) -> None:
    members = joined(health=health, issue_list=["Unstable audio quality", "High CPU occupation"])
    found = made(record(people(joined()), measured(members, minute())))
    issues = [each["vconf"]["issue"] for each in found.of("issue")]
    assert [each["code"] for each in issues] == ["unstable_audio_quality", "high_cpu_occupation"]
    assert [each["explanation"] for each in issues] == ["Unstable audio quality", "High CPU occupation"]
    assert {each["severity"] for each in issues} == {severity}
    for issue in found.of("issue"):
        assert issue["event"]["type"] == [type_]
        assert issue["event"]["kind"] == "alert"
        assert issue["vconf"]["participant"]["id"] == found.only("participant")["vconf"]["participant"]["id"]


def test_issues_that_are_no_text_are_counted_and_a_list_that_is_none_is_kept() -> None:
    found = made(record(people(joined()), measured(joined(issue_list=["audio", None, {"a": 1}, "", "音"]), minute())))
    assert [each["vconf"]["issue"]["code"] for each in found.of("issue")] == ["audio", "other"]
    assert found.oddities == {"issues that are no text, or one too many": 3}
    found = made(record(people(joined()), measured(joined(issue_list="audio"), minute())))
    assert [each["vconf"]["extra"] for each in found.of("stream")] == [{"issue_list": "audio"}] * 2


def test_a_list_of_issues_without_end_is_cut_and_the_rest_counted() -> None:
    many = [f"issue {number}" for number in range(60)]
    found = made(record(people(joined()), measured(joined(issue_list=many), minute())))
    assert len(found.of("issue")) == 50
    assert found.oddities == {"issues that are no text, or one too many": 10}


# -- nothing vanishes ------------------------------------------------------------------------------------

MARK = "q7Zx"


def unlinked_2026() -> list[list[Any]]:
    """The sample's pieces, each with its way into a record: meeting, participant, quality, share, detail."""
    head = rows("metrics-meetings.published-2026", "meetings")[0]
    row = rows("metrics-participants.published-2026")[0]
    item = rows("metrics-participants-qos.published-2026")[0]
    share = rows("metrics-participants-sharing.published-2026")[0]
    return [head, row, item, share]  # type: ignore[list-item]


def assembled(pieces: list[Any]) -> Record:
    head, row, item, share = pieces
    members = {name: value for name, value in item.items() if name != "user_qos"}
    minutes = item.get("user_qos", [])
    return record(people(row, head=head), measured(members, *minutes), shared(share), key=("gm8s9L+PTEC+FG3sFbd1Cw==",))


BASE = set(made(assembled(unlinked_2026())).oddities)
MEMBERS = [
    (number, name)
    for number, piece in enumerate(unlinked_2026())
    for name in piece
    if name not in {"user_qos", "details"}
]


@pytest.mark.parametrize("value", [{"deep": MARK}, [MARK], {"a": [{"b": MARK}]}])
def test_a_member_that_changes_its_type_or_is_new_lands_in_extra_or_is_counted(value: Json) -> None:
    for number, name in (*MEMBERS, *((number, "brand_new") for number in range(4))):
        pieces: list[Any] = deepcopy(unlinked_2026())
        pieces[number][name] = value
        found = made(assembled(pieces))
        kept = any(MARK.encode() in each.source for each in found.encoded)
        assert kept or set(found.oddities) - BASE, (number, name)
        is_sound(found)


@pytest.mark.parametrize("name", ["participants", "participants_count"])
@pytest.mark.parametrize("value", ["12", "many", True, -1])
def test_a_count_that_is_none_is_kept_as_it_came(name: str, value: Json) -> None:
    head = {**meeting(), name: value}
    if name == "participants_count":
        del head["participants"]
    document = made(record(people(head=head))).only("conference")
    assert "participants" not in document["zoom"]
    assert document["vconf"]["extra"] == {name: json.dumps(value).strip('"')}


def test_the_reports_rows_own_members_are_kept() -> None:
    document = made(record(people(reported(attentiveness_score="", internal_user=True), kind="reported")))
    assert document.only("participant")["vconf"]["extra"] == {
        "duration": "1680",
        "failover": "false",
        "internal_user": "true",
    }


# -- laws ------------------------------------------------------------------------------------------------


def crowd() -> tuple[list[Any], list[Part], list[Any]]:
    """Rows, quality and shares of a meeting of six joinings."""
    numbers = [str(16_778_240 + 1024 * place) for place in range(5)]
    rows_ = [*map(joined, numbers), joined(numbers[0], join_time="2026-11-20T09:15:00Z")]
    quality_ = [measured({**row, "issue_list": ["x"], "health": "Warning"}, minute(5), minute(6)) for row in rows_]
    shares_ = [
        {"user_id": number, "details": [{"content": "desktop", "start_time": BEGIN, "end_time": END}]}
        for number in numbers[:3]
    ]
    return rows_, quality_, shares_


@given(st.randoms(use_true_random=False), st.integers(0, 6), st.integers(0, 3), st.integers(0, 2))
@few
def test_any_cut_into_parts_and_any_order_gives_the_same_documents(
    random: Random, cut: int, share_cut: int, minute_cut: int
) -> None:
    rows_, quality_, shares_ = crowd()
    plain = by_id(record(people(*rows_), *quality_, shared(*shares_)))
    random.shuffle(rows_)
    random.shuffle(quality_)
    random.shuffle(shares_)
    halves = []
    for part in quality_:
        minutes = json.loads(part.rows)
        cuts = (minutes[:minute_cut], minutes[minute_cut:])
        halves += [replace(part, rows=json.dumps(some).encode(), count=len(some)) for some in cuts]
    cut_up = record(
        people(*rows_[:cut]),
        people(*rows_[cut:]),
        *halves,
        shared(*shares_[:share_cut]),
        shared(*shares_[share_cut:]),
    )
    assert by_id(cut_up) == plain
    assert len(plain) == 1 + 6 + 2 * 6 + 3 + 2 * 2 * 6 + 6


def paths(value: Json, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where there are members and elements, at any depth."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [each for name, member in inner for each in ((*above, name), *paths(member, (*above, name)))]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(["", " ", "0", "5", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "99:59", "in_waiting_room", 5]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
DASHBOARD = unlinked_2026()
REPORT = [
    published("report-meeting.real-2024-a.response"),
    published("report-meeting-participants.real-2024.rows"),
]


def replaced(whole: Json, path: tuple[Any, ...], value: Json) -> Json:
    """A copy with one member replaced; where an earlier change took the place away, as it was."""
    copy = deepcopy(whole)
    node = copy
    try:
        for name in path[:-1]:
            node = node[name]
        node[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        return whole
    return copy


@given(st.lists(st.tuples(st.sampled_from(paths(DASHBOARD)), VALUES), min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_a_dashboards_answer_with_members_of_any_type_is_no_error_and_its_documents_are_sound(
    changes: list[tuple[tuple[Any, ...], Json]],
) -> None:
    head, row, item, share = DASHBOARD
    whole = {"head": head, "rows": [row], "items": [item], "shares": [share]}
    names = ("head", ("rows", 0), ("items", 0), ("shares", 0))
    for path, value in changes:
        start = names[path[0]]
        whole = replaced(whole, (*((start,) if isinstance(start, str) else start), *path[1:]), value)
    parts = [people(*whole["rows"], head=whole["head"])]
    for each in whole["items"]:
        members = (
            {name: value for name, value in each.items() if name != "user_qos"} if isinstance(each, dict) else each
        )
        minutes = each.get("user_qos") if isinstance(each, dict) else None
        parts.append(measured(members, *(minutes if isinstance(minutes, list) else [])))
    found = made(record(*parts, shared(*whole["shares"])))
    is_sound(found)
    assert found.only("conference")
    assert len(found.of("participant")) == sum(isinstance(each, dict) for each in whole["rows"])


@given(st.lists(st.tuples(st.sampled_from(paths(REPORT)), VALUES), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_reports_answer_with_members_of_any_type_is_no_error_and_its_documents_are_sound(
    changes: list[tuple[tuple[Any, ...], Json]],
) -> None:
    whole: Any = REPORT
    for path, value in changes:
        whole = replaced(whole, path, value)
    head, rows_ = whole
    found = made(record(people(*(rows_ if isinstance(rows_, list) else []), head=head, kind="reported")))
    is_sound(found)
    assert found.only("conference")
