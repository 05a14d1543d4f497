import json
from datetime import timedelta

import pytest

from tests.opentok_client import (
    DAY,
    NINE,
    NOW,
    PAGE,
    TIMES,
    Client,
    details,
    in_session_data,
    listed,
    opentok,
)
from tests.opentok_days import day_of, session, session_id

NEXT = DAY + timedelta(days=1)


def test_more_ids_than_first_are_cut_silently() -> None:
    day = day_of(60, day=DAY, people=(1,))
    with opentok(day) as client:
        for arguments, count in (("", 50), ("first: 60", 60), ("first: 7", 7)):
            data = client.session_data(details(f"{PAGE} resources {{ sessionId }}", list(day), arguments))
            assert [found["sessionId"] for found in data["sessions"]["resources"]] == list(day)[:count]
            assert data["sessions"]["totalCount"] == 60


def test_an_unknown_session_is_null_with_an_error_at_its_place(client: Client) -> None:
    answer = client.ask(in_session_data(details("resources { sessionId }", ["nobody", session_id(0, DAY)])))
    known = {"sessionId": session_id(0, DAY)}
    assert answer["data"]["project"]["sessionData"]["sessions"]["resources"] == [None, known]
    (error,) = answer["errors"]
    assert error["errorCode"] == 1017
    assert error["path"] == ["project", "sessionData", "sessions", "resources", 0]


def test_a_session_beyond_retention_is_null_with_an_error() -> None:
    old = session(0, day=NOW.date() - timedelta(days=30))
    with opentok([old]) as client:
        (error,) = client.errors(details("resources { sessionId }", [old["sessionId"]]))
        assert error["errorCode"] == 1016


def test_a_session_outlives_its_old_meetings() -> None:
    reused = session(0, day=NOW.date() - timedelta(days=22), start=NINE, meetings=2, gap=2 * 24 * 60)
    with opentok([reused]) as client:
        data = client.session_data(details("resources { meetings { resources { createdAt } } }", [reused["sessionId"]]))
    (kept,) = data["sessions"]["resources"][0]["meetings"]["resources"]
    assert kept["createdAt"].startswith("2026-10-31")


def test_a_session_without_meetings_is_there_but_not_listed() -> None:
    empty = {"sessionId": "s", "meetings": {"resources": []}}
    with opentok([empty]) as client:
        data = client.session_data(details("resources { sessionId mediaMode meetings { totalCount } }", ["s"]))
        assert data["sessions"]["resources"] == [{"sessionId": "s", "mediaMode": None, "meetings": {"totalCount": 0}}]
        assert listed(client, f'start: "{DAY}"') == []


def test_an_empty_id_list_is_an_error(client: Client) -> None:
    answer = client.ask(in_session_data(details("totalCount", [])))
    assert answer["data"] == {"project": {"sessionData": None}}
    assert answer["errors"][0]["errorCode"] == 1018
    assert answer["errors"][0]["path"] == ["project", "sessionData", "sessions"]


def test_meetings_are_chosen_by_time_and_id() -> None:
    three = session(0, day=DAY, start=NINE, meetings=3, gap=30)
    ids = [m["meetingId"] for m in three["meetings"]["resources"]]
    with opentok([three]) as client:
        for arguments, numbers in (
            (f'start: "{DAY}T10:00:00Z"', [1, 2]),
            (f'start: "{DAY}T10:00:00Z", end: "{DAY}T11:00:00Z"', [1]),
            (f'end: "{DAY}T10:00:00Z"', [0]),
            (f'meetingId: "{ids[2]}"', [2]),
            (f'meetingId: "{ids[2]}", end: "{DAY}T10:00:00Z"', []),
        ):
            inner = f"resources {{ meetings({arguments}) {{ totalCount resources {{ meetingId }} }} }}"
            data = client.session_data(details(inner, [three["sessionId"]]))
            meetings = data["sessions"]["resources"][0]["meetings"]
            assert [m["meetingId"] for m in meetings["resources"]] == [ids[number] for number in numbers]


def test_sessions_are_listed_by_the_start_of_a_meeting_with_an_exclusive_end() -> None:
    nine, ten = (session(number, day=DAY, start=NINE + timedelta(hours=number)) for number in (0, 1))
    twice = session(2, day=DAY - timedelta(days=1), start=NINE, meetings=2, gap=24 * 60)
    ids = [found["sessionId"] for found in (nine, ten, twice)]
    with opentok([nine, ten, twice]) as client:
        assert listed(client, f'start: "{DAY}", end: "{NEXT}"') == ids
        assert listed(client, f'start: "{DAY}T09:00:00Z", end: "{DAY}T10:00:00Z"') == [*ids[:1], ids[2]]
        assert listed(client, f'start: "{DAY}T09:00:00.001Z", end: "{DAY}T09:30:00Z"') == []
        assert listed(client, f'start: "{DAY}T09:00:00.001Z", end: "{DAY}T09:30:00.001Z"') == [ids[2]]
        assert listed(client, f'start: "{DAY - timedelta(days=1)}", end: "{DAY}"') == [ids[2]]
        assert listed(client, f'start: "{NEXT}"') == []


@pytest.mark.parametrize(
    "start",
    [
        "1794992400",
        "1794992400000",
        '"2026-11-18T09:00:00Z"',
        '"2026-11-18T09:00:00.000Z"',
        '"2026-11-18T10:00:00+01:00"',
    ],
)
def test_every_form_of_a_date_is_the_same_instant(client: Client, start: str) -> None:
    assert len(listed(client, f"start: {start}, end: 1794992401")) == 1
    assert listed(client, f"start: 1794992399, end: {start}") == []
    query = "query($start: Date!) " + in_session_data("sessionSummaries(start: $start, end: 1794992401) { totalCount }")
    answer = client.ask(query, start=json.loads(start))
    assert answer["data"]["project"]["sessionData"]["sessionSummaries"]["totalCount"] == 1


@pytest.mark.parametrize("bad", ["yesterday", "", True, 1.5, [1], 10**30])
def test_what_is_no_date_is_refused_without_a_code(client: Client, bad: object) -> None:
    query = "query($start: Date!) " + in_session_data("sessionSummaries(start: $start) { totalCount }")
    answer = client.ask(query, start=bad)
    assert set(answer) == {"errors"}
    assert "errorCode" not in answer["errors"][0]


def test_a_start_before_retention_and_an_end_before_the_start_are_errors(client: Client) -> None:
    for arguments in ('start: "2026-10-30T07:59:59Z"', "start: 0", f'start: "{NEXT}", end: "{DAY}"'):
        answer = client.ask(in_session_data(f"sessionSummaries({arguments}) {{ totalCount }}"))
        assert answer["data"] == {"project": {"sessionData": None}}
        assert answer["errors"][0]["errorCode"] == 1002
        assert answer["errors"][0]["path"] == ["project", "sessionData", "sessionSummaries"]
    assert len(listed(client, 'start: "2026-10-30T08:00:00Z"')) == 1


def test_summaries_reckon_what_the_details_hold(client: Client) -> None:
    figures = (
        "totalConnections totalStreams maxConcurrentStreams maxConcurrentSubscribers publisherMinutes "
        "subscriberMinutes participantMinutes { from1To2Publishers from3To6Publishers from36PlusPublishers }"
    )
    inner = f"publisherMinutes meetings {{ resources {{ {TIMES} {figures} }} }}"
    selection = f'sessionSummaries(start: "{DAY}") {{ resources {{ {inner} }} }}'
    (summary,) = client.session_data(selection)["sessionSummaries"]["resources"]
    (found,) = summary["meetings"]["resources"]
    assert found["totalConnections"] == 3
    assert found["totalStreams"] == found["maxConcurrentStreams"] == 4
    assert found["maxConcurrentSubscribers"] == 8
    assert found["publisherMinutes"] == summary["publisherMinutes"]
    assert 4 * 28 < found["publisherMinutes"] < 4 * 30
    assert 8 * 27 < found["subscriberMinutes"] < 8 * 30
    tiers = found["participantMinutes"]
    assert 3 * 28 < tiers["from3To6Publishers"] < 3 * 30
    assert 0 < tiers["from1To2Publishers"] < 6
    assert tiers["from36PlusPublishers"] == 0


def test_minutes_without_streams_are_a_whole_zero() -> None:
    with opentok([session(0, day=DAY, people=1)]) as client:
        query = in_session_data(details("resources { subscriberMinutes }", [session_id(0, DAY)]))
        assert '"subscriberMinutes":0}' in client.post(query).text
