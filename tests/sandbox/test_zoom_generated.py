"""A world's calls as meetings of a Zoom account: served like real ones, made when they are asked for."""

import json
import tracemalloc
from base64 import b64decode, b64encode
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.sandbox.world import World
from harvesters.sandbox.zoom import UNLIMITED, Meeting, Meetings, ZoomRules
from harvesters.sandbox.zoom.generated import GeneratedMeetings
from harvesters.sandbox.zoom.generated_ids import Ids, _masked
from harvesters.sandbox.zoom.meetings import Stored, Window
from tests.sandbox.zoom_client import Client, of, texts, zoom

MONDAY = date(2026, 11, 9)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
WORLD = World("tests", MONDAY, 7, 20)
FREE = ZoomRules(limits=UNLIMITED)


@pytest.fixture(scope="module")
def meetings() -> GeneratedMeetings:
    return GeneratedMeetings(WORLD)


def written(meeting: Meeting) -> str:
    rows = [[each.row, each.shares, texts(each)] for each in meeting.sessions]
    return json.dumps([meeting.uuid, meeting.number, meeting.row, meeting.satisfaction, rows])


def test_one_seed_is_one_account_to_the_last_byte(meetings: GeneratedMeetings) -> None:
    again = [written(each) for each in GeneratedMeetings(World("tests", MONDAY, 7, 20))]
    assert again == [written(each) for each in meetings]
    assert again[0] != written(next(iter(GeneratedMeetings(World("other", MONDAY, 7, 20)))))


# -- ids -----------------------------------------------------------------------------------------------


def test_every_uuid_leads_to_its_meeting_and_no_other_does(meetings: GeneratedMeetings) -> None:
    uuids = [each.uuid for each in meetings]
    # 20 calls on five working days, 12 % of that, rounded up, on two others.
    assert len(set(uuids)) == len(uuids) == 5 * 20 + 2 * 3
    assert {(len(each), len(b64decode(each, validate=True))) for each in uuids} == {(24, 16)}
    found = [meetings.find(each) for each in uuids]
    assert [each.uuid for each in found if each] == uuids
    foreign = next(iter(GeneratedMeetings(World("other", MONDAY, 7, 20)))).uuid
    for strange in (foreign, uuids[0][1:], "", "==", "A" * 22 + "==", "ä" * 24):
        assert meetings.find(strange) is None
    assert GeneratedMeetings(World("tests", MONDAY, 7, 1)).find(uuids[5]) is None


def test_some_uuids_have_to_be_encoded_twice() -> None:
    ids = Ids("share", MONDAY)
    awkward = [uuid[0] == "/" or "//" in uuid for number in range(3, 5003) for uuid in [ids.uuid(MONDAY, number)]]
    # 2.0 % of 5,000 are 100; six standard deviations are 60.
    assert 40 < sum(awkward) < 160
    for seed in ("a", "b", "c"):
        uuids = [each.uuid for each in GeneratedMeetings(World(seed, MONDAY, 1, 20))]
        assert any(each.startswith("/") for each in uuids)
        assert any("//" in each[1:] for each in uuids)


@settings(deadline=None)
@given(st.text(max_size=10), st.integers(0, 9_999), st.integers(0, 999_999))
def test_ids_lead_back_to_their_call(seed: str, days: int, number: int) -> None:
    ids = Ids(seed, MONDAY)
    day = MONDAY + timedelta(days=days)
    assert ids.place(ids.uuid(day, number)) == (day, number)
    assert ids.call_of(ids.number(day, number)) == (day, number)
    assert ids.call_of(ids.team_number(number)) == (None, number)
    assert {len(str(each)) for each in (ids.number(day, number), ids.team_number(number))} == {11}


def test_an_id_of_the_same_call_that_was_never_given_is_none() -> None:
    ids, nonce = Ids("seed", MONDAY), b"12345678"
    told = MONDAY.toordinal().to_bytes(4) + (17).to_bytes(4)
    assert ids.place(ids.uuid(MONDAY, 17)) == (MONDAY, 17)
    assert ids.place(b64encode(nonce + _masked("seed", nonce, told)).decode()) is None


def test_a_team_has_one_number_for_all_its_days(meetings: GeneratedMeetings) -> None:
    by_number: dict[int, list[Meeting]] = {}
    for each in meetings:
        by_number.setdefault(each.number, []).append(each)
    # 10 % of 20 calls are stand-ups, on five working days.
    assert sorted(len(each) for each in by_number.values() if len(each) > 1) == [5, 5]
    for number, held in by_number.items():
        assert [each.uuid for each in meetings.instances(number)] == [each.uuid for each in held]
        assert {each.kind for each in held} == ({8} if len(held) > 1 else {2})
    assert not [each for each in (0, 4711, 80_000_000_000, 99_999_999_999) if meetings.instances(each)]


# -- lists ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["past", "pastOne", "live"])
@pytest.mark.parametrize("by", ["start_time", "end_time"])
@pytest.mark.parametrize("now", [NOW, datetime(2026, 11, 10, 9, 5, tzinfo=UTC), datetime(2026, 11, 11, tzinfo=UTC)])
def test_a_day_is_listed_as_if_each_meeting_were_looked_at(
    meetings: GeneratedMeetings, kind: str, by: str, now: datetime
) -> None:
    plain = list(meetings)
    with zoom(meetings, now=lambda: now, rules=FREE) as quick, zoom(plain, now=lambda: now, rules=FREE) as slow:
        for start, days in ((MONDAY, 1), (MONDAY + timedelta(days=1), 1), (MONDAY - timedelta(days=3), 9)):
            window = {"from": str(start), "to": str(start + timedelta(days=days - 1))}
            asked = {"type": kind, "query_date_type": by, "page_size": 7, **window}
            told = quick.rows("/metrics/meetings", "meetings", **asked)
            assert told == slow.rows("/metrics/meetings", "meetings", **asked)
            assert told or (kind, now) != ("past", NOW)


def test_every_meeting_is_listed_once_with_several_people_or_with_one(meetings: GeneratedMeetings) -> None:
    world = World("alone", MONDAY, 1, 200)
    generated = GeneratedMeetings(world)
    window = {"from": str(MONDAY), "to": str(MONDAY)}
    with zoom(generated, now=lambda: NOW, rules=FREE) as client:
        several, one = (
            client.rows("/metrics/meetings", "meetings", type=kind, page_size=300, **window)
            for kind in ("past", "pastOne")
        )
        assert sorted(each["uuid"] for each in (*several, *one)) == sorted(each.uuid for each in generated)
        assert 0 < len(one) < 20
        for row in one:
            found = client.rows(of(row["uuid"]), "participants", type="past")
            assert {each["role"] for each in found} == {"host"}
            assert {each["email"] for each in found} == {row["email"]}
    assert meetings.held(_window(webinar=True)) == ()


def test_reports_of_hosts_are_as_of_meetings_that_are_kept(meetings: GeneratedMeetings) -> None:
    window = {"from": str(MONDAY), "to": str(MONDAY + timedelta(days=6))}
    with (
        zoom(meetings, now=lambda: NOW, rules=FREE) as quick,
        zoom(list(meetings), now=lambda: NOW, rules=FREE) as slow,
    ):
        users = quick.ask("/report/users", page_size=300, **window)
        assert users == slow.ask("/report/users", page_size=300, **window)
        assert users["total_meetings"] > 90
        for user in users["users"][:5]:
            path = f"/report/users/{user['id']}/meetings"
            assert len(quick.rows(path, "meetings", **window)) == user["meetings"]
            assert quick.rows(path, "meetings", **window) == slow.rows(path, "meetings", **window)
        assert quick.refusal("/report/users/nobody/meetings", **window)[1] == 1001
    assert all(meetings.has_user(each.host.id) and meetings.has_user(each.host.email) for each in meetings)


# -- laziness ------------------------------------------------------------------------------------------


class Counting(GeneratedMeetings):
    """Counts the meetings that it makes."""

    def __init__(self, world: World) -> None:
        self.number = 0
        super().__init__(world)

    def _make(self, day: date, number: int) -> Meeting:
        self.number += 1
        return super()._make(day, number)


def _window(*, webinar: bool = False) -> Window:
    start = datetime(MONDAY.year, MONDAY.month, MONDAY.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    return Window(start, end, "start_time", NOW, "past", "several", webinar, NOW)


def test_a_page_makes_no_more_meetings_than_it_holds() -> None:
    generated = Counting(World("huge", MONDAY, 1, 100_000))
    with zoom(generated, now=lambda: NOW, rules=FREE) as client:
        asked = {"type": "past", "from": str(MONDAY), "to": str(MONDAY), "page_size": 20}
        body = client.ask("/metrics/meetings", **asked)
        assert 96_000 < body["total_records"] < 99_000
        assert generated.number == 20
        client.ask(of(body["meetings"][3]["uuid"]), type="past")
        assert generated.number == 20


def peak_kib(meetings: Meetings, client: Client) -> float:
    """The most memory that was taken while a whole day was read, beyond what there was before."""
    asked: dict[str, Any] = {"type": "past", "from": str(MONDAY), "to": str(MONDAY), "page_size": 50}
    tracemalloc.start()
    for body in client.pages("/metrics/meetings", **asked):
        for row in body["meetings"][::10]:
            client.ask(of(row["uuid"]), type="past")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert meetings.find("") is None
    return peak / 1024


def test_three_times_the_meetings_need_no_more_memory() -> None:
    peaks = []
    for calls in (100, 100, 300):
        generated = GeneratedMeetings(World("memory", MONDAY, 1, calls))
        with zoom(generated, now=lambda: NOW, rules=FREE) as client:
            peaks.append(peak_kib(generated, client))
    # The first pays for what is made once. Kept whole, 200 meetings are some 4 MiB.
    assert peaks[2] < peaks[1] + 2048


def test_stored_meetings_are_looked_up_as_generated_ones_are(meetings: GeneratedMeetings) -> None:
    stored = Stored(meetings)
    some = next(iter(meetings))
    assert stored.find(some.uuid) == some
    assert [each.uuid for each in stored.instances(some.number)] == [
        each.uuid for each in meetings.instances(some.number)
    ]
    assert stored.has_user(some.host.email)
    assert not stored.has_user("nobody")
