"""Rows and minutes of a world's people: they hold together, and the truth of what went wrong is in them."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from harvesters.core.day import instant_ms
from harvesters.sandbox.world import Call, Level, Trouble, World
from harvesters.sandbox.world.calls import Stretch
from harvesters.sandbox.zoom import Meeting, Session
from harvesters.sandbox.zoom.generated import GeneratedMeetings
from harvesters.sandbox.zoom.generated_minutes import StayMinutes
from tests.sandbox.zoom_client import minutes

MONDAY = date(2026, 11, 9)


@pytest.fixture(scope="module")
def meetings() -> GeneratedMeetings:
    return GeneratedMeetings(World("tests", MONDAY, 7, 20))


def test_rows_hold_together(meetings: GeneratedMeetings) -> None:
    waited = rejoined = 0
    for meeting in meetings:
        rows = [each.row for each in meeting.sessions]
        here = [each for each in rows if each["status"] == "in_meeting"]
        assert [int(each["user_id"]) for each in here] == [16_778_240 + 1_024 * n for n in range(len(here))]
        keys = {(each["participant_uuid"], each["user_id"], each["join_time"]) for each in rows}
        assert len(keys) == len(rows) == meeting.row["participants"]
        assert all(meeting.start <= each.join < each.leave <= meeting.end for each in meeting.sessions)
        assert all(each["join_time"] <= each["leave_time"] for each in rows)
        for row in rows:
            if row["status"] == "in_waiting_room":
                (real,) = [each for each in here if each["participant_uuid"] == row["participant_uuid"]]
                assert (row["user_id"], row["leave_time"]) == (real["user_id"], real["join_time"])
                assert (row["id"], row["email"], row["microphone"]) == ("", "", "")
                waited += 1
        rejoined += len(here) > meeting.people
    assert waited > 5
    assert rejoined > 5


def test_minutes_are_those_of_the_stay(meetings: GeneratedMeetings) -> None:
    count = 0
    for meeting in meetings:
        for session in meeting.sessions:
            told = minutes(session)
            if session.row["status"] == "in_waiting_room":
                assert session.minutes is None
                continue
            at = [datetime.fromisoformat(each["date_time"]) for each in told]
            first = session.join.replace(second=0) + timedelta(minutes=1)
            assert at == [first + timedelta(minutes=n) for n in range(len(at))]
            assert at[-1] <= max(session.leave, first) < at[-1] + timedelta(minutes=1)
            assert ("wifi_rssi" in told[0]) is (session.row["network_type"] == "Wifi")
            count += len(at)
    assert count > 3_000


def test_shares_are_told_and_flow(meetings: GeneratedMeetings) -> None:
    shown = [(meeting, each) for meeting in meetings for each in meeting.sessions if each.shares]
    assert len(shown) > 5
    for meeting, session in shown:
        assert session.row["share_desktop"]
        assert meeting.row["has_screen_share"]
        (share,) = session.shares
        flowing = [each["date_time"] for each in minutes(session) if each["as_input"]["bitrate"]]
        # A minute counts by its middle, 30 s before the instant that names it.
        half = timedelta(seconds=30)
        first, last = (datetime.fromisoformat(each) for each in (flowing[0], flowing[-1]))
        assert datetime.fromisoformat(share["start_time"]) - half <= first - half - half < last - half
        assert last - half <= datetime.fromisoformat(share["end_time"])


def troubled(what: str) -> Iterator[tuple[Call, Trouble, Meeting]]:
    """Meetings where one person had this trouble, nobody another, and nobody came twice or waited."""
    world = World("trouble", MONDAY, 1, 400)
    generated = GeneratedMeetings(world)
    for number in range(len(world.day(MONDAY))):
        call = generated.call(MONDAY, number)
        if [each.what for each in call.troubles] == [what] and len(call.stays) == len(call.people):
            meeting = generated.made(MONDAY, number)
            if meeting.people > 1:
                yield call, call.troubles[0], meeting


def of_person(call: Call, meeting: Meeting, person: int) -> Session:
    """The session of a person who came once."""
    joins = sorted((stay.start, number) for number, stay in enumerate(call.stays))
    place = [call.stays[number].person for _, number in joins].index(person)
    return [each for each in meeting.sessions if each.row["status"] == "in_meeting"][place]


def losses(session: Session, flow: str, trouble: Trouble) -> list[float]:
    """Loss in per cent of the minutes that lie within the trouble, of those where anything flowed."""
    found = []
    for each in minutes(session):
        middle = (instant_ms(each["date_time"]) or 0) - 30_000
        if trouble.start <= middle < trouble.end and each[flow]["avg_loss"]:
            found.append(float(each[flow]["avg_loss"].removesuffix("%")))
    return found


@pytest.mark.parametrize(
    ("what", "bad", "good"),
    [("sender_loss", "audio_input", "audio_output"), ("receiver_loss", "audio_output", "audio_input")],
)
def test_the_truth_of_a_loss_is_in_the_minutes_of_whom_it_hit(what: str, bad: str, good: str) -> None:
    number = fine = 0
    for call, trouble, meeting in troubled(what):
        session = of_person(call, meeting, trouble.person)
        hit, spared = losses(session, bad, trouble), losses(session, good, trouble)
        # World: at least 6 % are lost on such a line.
        assert all(loss >= 6 for loss in hit), meeting.uuid
        number += len(hit)
        fine += sum(loss < 6 for loss in spared)
    assert number > 10
    assert fine > 10


def test_measurements_are_texts_with_units(meetings: GeneratedMeetings) -> None:
    told: dict[str, set[str]] = {}
    for meeting in list(meetings)[:20]:
        for each in (minute for session in meeting.sessions for minute in minutes(session)):
            for name, value in each["video_input"].items():
                told.setdefault(name, set()).add(value)
    assert {name: "" in values for name, values in told.items()} == dict.fromkeys(told, True)
    for name, unit in (
        ("bitrate", " kbps"),
        ("latency", " ms"),
        ("jitter", " ms"),
        ("avg_loss", "%"),
        ("frame_rate", " fps"),
    ):
        assert all(not each or float(each.removesuffix(unit)) >= 0 for each in told[name]), name
    assert told["resolution"] <= {"", "1280*720", "640*480", "320*240"}


@pytest.mark.parametrize("turn", [1, -1])
def test_of_what_arrives_the_worst_counts_and_of_what_is_sent_what_was_sent(turn: int) -> None:
    """Ten minutes: in the third to fifth one of two lines is awful; the picture is off in the last two."""
    start, minute = 1_700_000_040_000, 60_000
    off = Stretch(start + 8 * minute, start + 10 * minute, Level.GOOD, video=False)
    fine = [Stretch(start, off.start, Level.GOOD), off]
    bad = [Stretch(start + 2 * minute, start + 5 * minute, Level.AWFUL)]
    received = [("camera", fine), ("camera", bad)][::turn]
    stay = StayMinutes(start, start + 10 * minute, [("mic", fine)], received, 0, wifi=False)
    told = json.loads(stay.text())
    assert [each["video_output"]["frame_rate"] for each in told] == [
        *["30 fps"] * 2,
        *["5 fps"] * 3,
        *["30 fps"] * 3,
        *[""] * 2,
    ]
    assert all(each["audio_input"]["bitrate"] and not each["video_input"]["bitrate"] for each in told)
    assert [each["date_time"][11:] for each in told][::9] == ["22:15:00Z", "22:24:00Z"]


def test_people_are_a_mixture() -> None:
    rows = [each.row for meeting in GeneratedMeetings(World("mix", MONDAY, 1, 60)) for each in meeting.sessions]
    assert {"Wired", "Wifi", "Cellular"} == {each["network_type"] for each in rows}
    devices = {each["device"] for each in rows}
    assert {"win 10+ 17763", "Mac", "iOS", "Android", "Unknown + Phone"} < devices
    assert [each for each in devices if each.startswith("Web Browser Chrome ")]
    assert [each for each in rows if not each["id"]]
    assert [each for each in rows if not each["user_name"].isascii()]
    assert {each["leave_reason"].partition("<br>")[2] for each in rows} == {
        "Reason: Host ended the meeting.",
        "Reason: left the meeting.",
        "Reason: Network connection error.",
        "Reason: Host admitted the participant.",
    }
