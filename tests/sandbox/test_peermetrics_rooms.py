"""What the simulated peermetrics makes of what people do: states, ends, issues and statistics (sections 4 to 8)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from harvesters.sandbox.peermetrics import APP, BuiltRoom, Person, call, room
from harvesters.sandbox.peermetrics.issues import ERRORS, TEXTS, WITHOUT_CONFERENCE
from harvesters.sandbox.peermetrics.rooms import uid
from harvesters.sandbox.peermetrics.stamps import instant
from harvesters.sandbox.peermetrics.ticks import FIREFOX, OLD_CHROME
from tests.sandbox.peermetrics_client import NINE, NOW, after, codes, peermetrics


def alone(*people: Person, minutes: float = 2, **more: Any) -> BuiltRoom:
    return room("here", [call(NINE, minutes, people, **more)])


def issues_of(made: BuiltRoom) -> list[str]:
    return codes(made.at(NOW).issues)


# -- how a call goes -----------------------------------------------------------------------------------


def test_a_call_of_two_from_end_to_end() -> None:
    rows = room("weekly", [call(NINE, 2, ["Ana", "Ben"])]).at(NOW)
    assert rows.conference == {
        "id": rows.conference["id"],
        "conference_id": "weekly",
        "conference_name": "Weekly",
        "conference_info": {},
        "start_time": "2026-11-20 09:00:01.001040",
        "call_start": None,
        "end_time": "2026-11-20 09:02:00.001009",
        "ongoing": False,
        "duration": 118,
        "app": APP["id"],
        "created_at": "2026-11-20 09:00:00",
    }
    ana, ben = rows.sessions
    assert (ana["created_at"], ana["end_time"], ana["duration"]) == (
        "2026-11-20 09:00:00.050000",
        # The beforeunload, not the unload.
        "2026-11-20 09:01:59.920000",
        119,
    )
    assert (ben["created_at"], ben["end_time"]) == ("2026-11-20 09:00:00.051009", "2026-11-20 09:01:59.921009")
    mine, theirs = rows.connections
    assert (mine["participant"], mine["peer"]) == (ana["participant"], ben["participant"])
    assert (theirs["participant"], theirs["peer"]) == (ben["participant"], ana["participant"])
    assert (mine["type"], mine["state"], mine["duration"]) == ("host", "connected", 118)
    (negotiation,) = mine["connection_info"]["negotiations"]
    assert negotiation == {
        "type": "initial",
        "status": "connected",
        "duration": 1,
        "start_time": "2026-11-20 09:00:01.001040",
        "end_time": "2026-11-20 09:00:02.051040",
    }
    assert rows.issues == []


def test_a_call_that_goes_on_and_ends_while_the_clock_moves() -> None:
    made, clock = room("night", [call(NINE, 60)]), [after(600)]
    with peermetrics(made, now=lambda: clock[0]) as client:
        (row,) = client.rows("/conferences", appId=APP["id"])
        assert (row["ongoing"], row["end_time"], row["duration"]) == (True, None, 0)
        assert row["call_start"] == row["start_time"] == "2026-11-20 09:00:01.001040"
        assert {each["end_time"] for each in client.rows("/sessions", conferenceId=made.id)} == {None}
        assert {each["duration"] for each in client.rows("/connections", conferenceId=made.id)} == {0}
        assert client.ask(f"/conferences/{made.id}/graphs") == {"ongoing": True}
        before = client.rows(f"/conferences/{made.id}/events")
        assert max(each["created_at"] for each in before) <= "2026-11-20 09:10:00"
        clock[0] = after(7200)
        (row,) = client.rows("/conferences", appId=APP["id"])
        assert (row["ongoing"], row["end_time"], row["duration"]) == (False, "2026-11-20 10:00:00.001009", 3598)
        later = client.rows(f"/conferences/{made.id}/events")
        # The ids of what was there already stay.
        assert later[: len(before)] == before


def test_a_second_call_keeps_the_end_of_the_first_while_it_runs() -> None:
    made = room("weekly", [call(NINE), call(after(86_400), 60)])
    row = made.at(after(86_400 + 600)).conference
    assert (row["ongoing"], row["end_time"], row["duration"]) == (True, "2026-11-20 09:02:00.001009", 118)
    assert row["call_start"] == "2026-11-21 09:00:01.001040"


def test_before_its_first_moment_a_room_is_not_there() -> None:
    made = room("later", [call(after(100_000_000))])
    with peermetrics(made) as client:
        assert client.rows("/conferences", appId=APP["id"]) == []
        assert client.refusal(f"/conferences/{made.id}") == (400, "conference_not_found")
        assert client.rows("/participants", appId=APP["id"]) == []


def test_crashed_tabs_leave_a_conference_ongoing_for_ever() -> None:
    rows = alone(Person("Ana", ends="crash"), Person("Ben")).at(NOW + timedelta(days=300))
    assert (rows.conference["ongoing"], rows.conference["end_time"]) == (True, None)
    assert [each["end_time"] is None for each in rows.sessions] == [True, False]
    assert [each["end_time"] is None for each in rows.connections] == [True, False]


def test_a_clean_up_job_sets_the_end_to_its_own_time() -> None:
    """12 hours after 24 seconds, as seen: 43,196 seconds."""
    made = alone(Person("Ana", ends="crash"), Person("Ben", ends="crash"), minutes=0.4, stale_job=12)
    rows = made.at(NOW)
    assert rows.conference["ongoing"] is False
    assert rows.conference["end_time"] == "2026-11-20 21:00:00"
    # From 09:00:01 on.
    assert rows.conference["duration"] == 43_198
    assert [(each["end_time"], each["duration"]) for each in rows.sessions] == [(None, 0)] * 2
    assert {each["end_time"] for each in rows.connections} == {"2026-11-20 21:00:00"}


@pytest.mark.parametrize("ends", ["closed", "removed"])
def test_connections_that_close_as_the_last_act_leave_the_conference_ongoing(ends: str) -> None:
    """With an unload after it, the conference ends by that."""
    rows = alone(Person("Ana", ends=ends), Person("Ben", ends=ends)).at(NOW)
    assert {each["end_time"] is None for each in rows.connections} == {False}
    assert rows.conference["ongoing"] is (ends == "closed")


def test_somebody_who_waits_alone_leaves_an_end_without_a_start() -> None:
    rows = alone(Person("Ana", connects=False), minutes=1.5).at(NOW)
    assert (rows.conference["start_time"], rows.conference["end_time"]) == (None, "2026-11-20 09:01:30")
    assert (rows.conference["duration"], rows.connections, rows.issues) == (0, [], [])


def test_a_room_where_nobody_had_a_session() -> None:
    made = room("lobby", created_at="2026-11-20 16:00:00.010775")
    with peermetrics(made) as client:
        (row,) = client.rows("/conferences", appId=APP["id"])
        assert (row["start_time"], row["end_time"], row["participants_count"]) == (None, None, None)
        assert client.rows("/sessions", conferenceId=made.id) == []


def test_people_without_a_page_that_reports_and_sfus_are_participants_and_not_counted() -> None:
    made = room("mixed", [call(NINE, 2, [Person("Ana"), Person("Ben", sdk=False)]), call(after(3600), 2, 3, sfu=True)])
    with peermetrics(made) as client:
        (row,) = client.rows("/conferences", appId=APP["id"])
        people = client.rows("/participants", conferenceId=made.id)
        detail = client.ask(f"/conferences/{made.id}")["data"]
    assert row["participants_count"] == 3
    named = {each["participant_id"]: (each["participant_name"], each["is_sfu"]) for each in people}
    assert named["sfu-1"] == ("sfu-1", True)
    assert named["u-chloé"] == ("Chloé", False)
    assert len(detail["participants"]) == len(people) == 4
    # Ben's name is known once his own page tells it.
    assert named["u-ben"] == ("Ben", False)
    assert made.at(after(600)).participants[1]["participant_name"] is None


def test_an_sfu_that_reports_itself_is_not_counted_either() -> None:
    rows = room("large", [call(NINE, 1, 4, sfu=True)]).at(NOW)
    (sfu,) = (each["id"] for each in rows.participants if each["is_sfu"])
    stored = replace(rows, sessions=[*rows.sessions, {**rows.sessions[0], "id": uid("its own"), "participant": sfu}])
    with peermetrics(stored) as client:
        (row,) = client.rows("/conferences", appId=APP["id"])
        assert len(client.rows("/sessions", conferenceId=row["id"])) == 5
    assert row["participants_count"] == 4


def test_with_an_sfu_each_has_one_connection_with_everybody_else_s_tracks() -> None:
    rows = room("large", [call(NINE, 1, 4, sfu=True)]).at(NOW)
    assert len(rows.connections) == 4
    assert {each["peer"] for each in rows.connections} == {each["id"] for each in rows.participants if each["is_sfu"]}
    arrived = [each for each in rows.events if each["type"] == "ontrack"]
    assert len(arrived) == 4 * 3 * 2


# -- issues --------------------------------------------------------------------------------------------


def test_all_twelve_codes_have_their_type_and_their_conference() -> None:
    people = [
        Person("Ana", media="refused", emos=2.2),
        Person("Ben", ice="failed", candidate_errors=2),
        Person("Chloé", relay=True, tcp=True, drops=[40], emos=3.5),
    ]
    made = room("all", [call(NINE, 2, people), call(after(3600), 1, ["Ana"])])
    rows = made.at(NOW)
    assert {each["code"] for each in rows.issues} == set(TEXTS)
    assert len(TEXTS) == 12
    for each in rows.issues:
        assert (each["type"] == "error") == (each["code"] in ERRORS)
        assert (each["conference"] is None) == (each["code"] in WITHOUT_CONFERENCE)
    data = {each["code"]: each["data"] for each in rows.issues}
    assert data["getusermedia_error"] == {"name": "NotAllowedError", "message": "Permission denied"}
    assert data["icecandidateerror"] == {"errorCode": 701}
    assert (data["very_low_emos"], data["low_emos"]) == ({"average": 2.2}, {"average": 3.5})


def test_failed_connections_and_a_session_that_had_no_other() -> None:
    made = alone(Person("Ana", ice="failed"), Person("Ben", connects=True))
    ana = made.at(NOW).sessions[0]["id"]
    hers = [each["code"] for each in made.at(NOW).issues if each["session"] == ana]
    assert hers == ["ice_failed", "connection_failed", "no_connection"]


def test_a_refused_camera_is_a_warning_and_in_the_end_an_error() -> None:
    assert issues_of(alone(Person("Ana", media="refused", connects=False))) == ["getusermedia_error", "no_media_access"]


def test_a_drop_is_a_warning_and_overwrites_the_negotiation() -> None:
    made = alone(Person("Ana", drops=[60]), Person("Ben"))
    assert issues_of(made) == ["connection_disconnected"]
    (negotiation,) = made.at(NOW).connections[0]["connection_info"]["negotiations"]
    assert (negotiation["end_time"], negotiation["duration"]) == ("2026-11-20 09:01:01.250000", 60)


def test_who_comes_again_is_warned_of_also_days_later() -> None:
    made = room("weekly", [call(NINE, 2, ["Ana", "Ben"]), call(after(86_400), 2, ["Ana"])])
    (row,) = made.at(NOW).issues
    assert (row["code"], row["created_at"]) == ("multiple_rejoins", "2026-11-21 09:00:00.070000")


def test_scores_are_written_again_with_each_summary() -> None:
    """Connections that were removed first, then two who leave: two summaries, and each has both."""
    people = [Person(name, ends="removed", emos=2.5) for name in ("Ana", "Ben")]
    assert issues_of(alone(*people)).count("very_low_emos") == 4
    once = [Person(name, emos=2.5) for name in ("Ana", "Ben")]
    assert issues_of(alone(*once)).count("very_low_emos") == 2


def test_relay_and_tcp_are_told_with_the_first_statistics() -> None:
    made = alone(Person("Ana", relay=True, tcp=True), Person("Ben"))
    assert made.at(after(9)).connections[0]["type"] is None
    first = made.at(after(15))
    assert codes(first.issues) == ["tcp_used", "turn_used"]
    assert first.connections[0]["type"] == "relay"
    assert first.connections[0]["connection_info"]["detected_turn"] is True
    assert issues_of(made) == ["tcp_used", "turn_used"]


def test_before_ice_has_finished_statistics_know_no_candidates() -> None:
    made = alone(Person("Ana", relay=True, late_pair=True), Person("Ben", stats="none"))
    mains = [each["data"]["connection"] for each in made.at(NOW).stats if each["track"] is None]
    assert mains[0] == {"inbound": [], "outbound": []}
    assert {each["local"]["candidateType"] for each in mains[1:]} == {"relay"}
    assert made.at(after(15)).connections[0]["type"] is None
    assert made.at(after(25)).connections[0]["type"] == "relay"


# -- events and statistics -----------------------------------------------------------------------------


def test_custom_data_are_any_json() -> None:
    data: list[object] = [{"eventName": "mute"}, 5, "raised-hand", [1, "two", None], None, 2.5, False]
    made = alone(Person("Ana", custom=[(10 + number, each) for number, each in enumerate(data)]), Person("Ben"))
    with peermetrics(made) as client:
        rows = client.rows("/events/browser", conferenceId=made.id, type="custom")
    assert [each["data"] for each in rows] == data
    assert rows[0]["created_at"] == "2026-11-20 09:00:10"


def ticks(browser: str) -> list[list[dict[str, Any]]]:
    """The rows of each tick of Ana's only connection, in twelve of which two minutes are 11."""
    rows = alone(Person("Ana", browser=browser), Person("Ben", stats="none")).at(NOW).stats
    grouped: dict[str, list[dict[str, Any]]] = {}
    for each in sorted(rows, key=lambda row: row["created_at"]):
        grouped.setdefault(each["created_at"][:19], []).append(each)
    return list(grouped.values())


@pytest.mark.parametrize(
    ("browser", "own", "inline"),
    [
        ("chrome", ["outbound-rtp", "outbound-rtp"], {"inbound"}),
        (OLD_CHROME, ["inbound-rtp", "inbound-rtp", "outbound-rtp", "outbound-rtp"], set()),
        (FIREFOX, [], {"inbound", "outbound"}),
    ],
)
def test_a_tick_is_split_as_the_browser_has_it(browser: str, own: list[str], inline: set[str]) -> None:
    found = ticks(browser)
    assert len(found) == 11
    for tick in found:
        *rows, main = tick
        assert [each["data"]["type"] for each in rows] == own
        assert all(each["track"] and each["data"]["track"] for each in rows)
        assert main["track"] is None
        assert set(main["data"].get("audio", {})) == set(main["data"].get("video", {})) == inline
        assert set(main["data"]["remote"]["audio"]) == {"inbound", "outbound"}
        assert main["data"]["connection"]["local"]["candidateType"] == "host"


def test_counters_grow_by_the_same_in_each_tick() -> None:
    made = alone(Person("Ana", lost=20), Person("Ben", stats="none"))
    mains = [each["data"] for each in made.at(NOW).stats if each["track"] is None]
    audio = [each["audio"]["inbound"][0] for each in mains]
    assert [each["packetsReceived"] for each in audio][:3] == [480, 960, 1440]
    assert [each["packetsLost"] for each in audio][:3] == [20, 40, 60]
    assert "bitrate" not in audio[0]
    # 45,000 bytes in ten seconds; packets a second times eight.
    assert (audio[1]["bitrate"], audio[1]["packetRate"]) == (36_000, 384)
    video = [each["video"]["inbound"][0] for each in mains]
    assert (video[2]["bytesReceived"], video[2]["framesDecoded"]) == (4_800_000, 900)


def test_a_report_s_time_is_the_client_s_and_its_row_s_the_server_s() -> None:
    *own, main = ticks("chrome")[0]
    at = instant("2026-11-20 09:00:12.051040").timestamp() * 1000
    assert main["data"]["connection"]["timestamp"] == at
    assert [each["data"]["timestamp"] for each in own] == [at, at]
    assert [each["created_at"] for each in own] == ["2026-11-20 09:00:12.051040", "2026-11-20 09:00:12.053040"]
    assert main["created_at"] == "2026-11-20 09:00:12.091040"


def test_inbound_tracks_are_those_of_ontrack_and_outbound_ones_those_of_get_user_media() -> None:
    rows = alone(Person("Ana"), Person("Ben", stats="none")).at(NOW)
    ana = rows.sessions[0]["id"]
    arrived = {each["data"]["id"] for each in rows.events if each["type"] == "ontrack" and each["session"] == ana}
    told = [each["data"] for each in rows.events if each["type"] == "getUserMedia" and each["session"] == ana]
    own = {told[1][kind][0]["id"] for kind in ("audio", "video")}
    main = next(each["data"] for each in rows.stats if each["track"] is None)
    assert {main[kind]["inbound"][0]["trackIdentifier"] for kind in ("audio", "video")} == arrived
    sent = [each["data"]["track"]["trackIdentifier"] for each in rows.stats if each["track"]]
    assert set(sent) == own


def test_ten_people_have_the_documented_number_of_rows() -> None:
    """One connection each, 35 ticks in six minutes and three rows for each tick: 10,800 an hour on a running server."""
    rows = room("hour", [call(NINE, 6, 10, sfu=True)]).at(NOW)
    assert len(rows.stats) == 10 * 35 * 3
    assert len({each["id"] for each in rows.stats}) == len(rows.stats)
