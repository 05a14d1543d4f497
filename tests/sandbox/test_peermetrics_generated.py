"""A generated world as a peermetrics server: believable, the same each time, whole from whatever side it is read."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.sandbox.peermetrics.generated import GeneratedRooms
from harvesters.sandbox.peermetrics.generated_call import HELD, since
from harvesters.sandbox.peermetrics.generated_ids import Place, place_of, uuid_of
from harvesters.sandbox.peermetrics.generated_stats import Line
from harvesters.sandbox.peermetrics.rooms import Wanted
from harvesters.sandbox.world import Kind, Level, World
from harvesters.sandbox.world.calls import Stretch
from tests.sandbox.peermetrics_client import Client, ids, peermetrics

# Wednesday to Friday.
FIRST, DAYS = date(2026, 11, 18), 3
LAST = FIRST + timedelta(days=DAYS - 1)
OVER = datetime(2026, 11, 21, 6, tzinfo=UTC)
WORLD = World("seed", FIRST, DAYS, 20)
# Two teams meet each day.
TEAMS = 2
THURSDAY = {"created_at_gte": "2026-11-19", "created_at_lt": "2026-11-20"}


def rooms() -> GeneratedRooms:
    return GeneratedRooms(WORLD, every=60)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with peermetrics(rooms(), now=lambda: OVER) as client:
        yield client


def held() -> dict[str, list[tuple[date, int]]]:
    """The calls of each room, told by the world itself."""
    made, found = rooms(), dict[str, list[tuple[date, int]]]()
    for plan in WORLD:
        for number, each in enumerate(plan):
            if each.kind in HELD:
                found.setdefault(made.id_of(plan.day, number), []).append((plan.day, number))
    return found


def test_each_call_of_the_world_has_a_room_and_teams_have_one_for_all_days(client: Client) -> None:
    told = held()
    rows = client.paged("/conferences", 200, created_at_gte="2026-01-01")
    assert sorted(ids(rows)) == sorted(told)
    again = [each for each in told.values() if len(each) > 1]
    assert [[day for day, _ in each] for each in again] == [[FIRST, FIRST + timedelta(days=1), LAST]] * TEAMS
    assert len(told) > 30


def test_a_team_s_room_is_as_old_as_its_first_day_and_ends_with_its_last(client: Client) -> None:
    made = rooms()
    team = made.id_of(FIRST, 0)
    (row,) = client.rows("/conferences", conference_ids=team)
    assert row["created_at"].startswith("2026-11-18 ")
    assert row["end_time"].startswith("2026-11-20 ")
    assert row["conference_id"] == "standup/0"
    # Found on Thursday by what happens there alone.
    assert team not in ids(client.paged("/conferences", 200, **THURSDAY))
    assert team in {each["conference"] for each in client.rows("/connections", **THURSDAY)}
    sessions = client.rows("/sessions", conferenceId=team)
    assert {each["created_at"][:10] for each in sessions} == {"2026-11-18", "2026-11-19", "2026-11-20"}
    assert row["participants_count"] == len(made.call(FIRST, 0).people)
    again = [each for each in client.rows("/issues", conferenceId=team) if each["code"] == "multiple_rejoins"]
    assert len(again) >= 2 * len(made.call(FIRST, 0).people)


def test_people_come_and_go_as_in_the_world(client: Client) -> None:
    made = rooms()
    for number in range(6):
        truth = made.call(LAST, number)
        if truth.kind not in HELD:
            continue
        sessions = client.rows("/sessions", conferenceId=made.id_of(LAST, number))
        mine = [each for each in sessions if each["created_at"] >= "2026-11-20"]
        assert len(mine) == len(truth.stays)
        people = client.rows("/participants", conferenceId=made.id_of(LAST, number))
        names = {each["participant_name"] for each in people if not each["is_sfu"]}
        assert names >= {each.name for each in truth.people}


def test_connections_are_a_mesh_for_few_and_go_to_an_sfu_for_many(client: Client) -> None:
    sfus = {each["id"] for each in client.rows("/participants", created_at_gte="2000-01-01") if each["is_sfu"]}
    made = rooms()
    rows = client.rows("/connections", **THURSDAY)
    for number in made.held(FIRST + timedelta(days=1)):
        room = made.id_of(FIRST + timedelta(days=1), number)
        peers = {each["peer"] for each in rows if each["conference"] == room}
        if len(made.call(FIRST + timedelta(days=1), number).people) > 3:
            assert peers <= sfus
        else:
            assert peers.isdisjoint(sfus)


def stats_of(client: Client, room: str, **window: str) -> list[Any]:
    return client.paged("/stats", 200, conferenceId=room, **window)


def test_statistics_come_page_by_page_and_fit_the_connections(client: Client) -> None:
    made = rooms()
    team = made.id_of(FIRST, 0)
    rows = stats_of(client, team, **THURSDAY)
    assert rows == client.rows("/stats", conferenceId=team, **THURSDAY)
    assert {each["created_at"][:10] for each in rows} == {"2026-11-19"}
    connections = {each["id"]: each for each in client.rows("/connections", conferenceId=team, **THURSDAY)}
    assert {each["connection"] for each in rows} <= set(connections)
    for each in rows:
        connection = connections[each["connection"]]
        assert connection["start_time"] < each["created_at"]
        assert (each["session"], each["participant"]) == (connection["session"], connection["participant"])
    mains = [each for each in rows if each["track"] is None]
    assert all({"connection", "remote"} <= set(each["data"]) for each in mains)


def test_counters_of_a_stream_never_go_down(client: Client) -> None:
    made = rooms()
    number = next(each for each in made.held(LAST) if made.call(LAST, each).kind is Kind.CLINIC)
    seen: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for each in stats_of(client, made.id_of(LAST, number)):
        data = each["data"]
        inline = [report for kind in ("audio", "video") for side in data.get(kind, {}).values() for report in side]
        for report in [data] if each["track"] else inline:
            names = (
                ("bytesSent", "packetsSent")
                if report["type"] == "outbound-rtp"
                else ("bytesReceived", "packetsReceived")
            )
            seen.setdefault((each["connection"], report["id"]), []).append(tuple(report[name] for name in names))
    assert len(seen) >= 4
    for values in seen.values():
        assert values == sorted(values)
        assert values[-1][0] > 0


def test_a_line_counts_what_has_flowed_by_then_and_no_picture_where_there_is_none() -> None:
    line = Line([Stretch(0, 20_000, Level.GOOD), Stretch(20_000, 40_000, Level.AWFUL, video=False)], 0)
    early, late = (line.flow("audio", 0, ms, 10) for ms in (10_000, 40_000))
    # 50 packets a second, each of which arrives or is lost; both numbers are rounded down.
    assert early.packets + early.lost in {499, 500}
    assert late.packets + late.lost in {1999, 2000}
    # On an awful line 6 % and more are lost.
    assert late.lost - early.lost >= 60
    assert early.rate is None
    assert late.rate is not None
    seen = [line.flow("video", 0, ms, 10) for ms in (10_000, 20_000, 40_000)]
    assert [each.frames for each in seen] == [240, 480, 480]
    assert (seen[2].rate, seen[2].octets) == ((0, 0), seen[1].octets)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    def answers(seed: str) -> list[bytes]:
        with peermetrics(GeneratedRooms(World(seed, FIRST, 1, 12), every=60), now=lambda: OVER) as client:
            room = client.rows("/conferences", created_at_gte="2026-01-01")[0]["id"]
            paths = ("/apps", f"/conferences/{room}/events", "/issues?created_at_gte=2026-01-01")
            return [client.get(path).content for path in paths]

    assert answers("one") == answers("one")
    assert answers("one") != answers("two")


def test_apps_have_rooms_of_their_own(client: Client) -> None:
    praxis, campus = client.rows("/apps")
    assert (praxis["name"], campus["name"]) == ("Praxis", "Campus")
    theirs = [set(ids(client.paged("/conferences", 200, appId=each["id"]))) for each in (praxis, campus)]
    assert theirs[0].isdisjoint(theirs[1])
    assert theirs[0] | theirs[1] == set(held())
    for app, own in zip((praxis, campus), theirs, strict=True):
        assert {each["conference"] for each in client.rows("/connections", appId=app["id"], **THURSDAY)} <= own
        assert {each["conference"] for each in client.paged("/sessions", 200, appId=app["id"])} <= own
        assert {each["app"] for each in client.paged("/participants", 200, appId=app["id"])} == {app["id"]}


def test_days_together_are_all_rows(client: Client) -> None:
    for path in ("/connections", "/issues"):
        whole = sorted(ids(client.rows(path, created_at_gte="2026-01-01")))
        days = [FIRST + timedelta(days=number) for number in range(DAYS + 1)]
        apart = [
            each
            for day in days
            for each in ids(client.rows(path, created_at_gte=day, created_at_lt=day + timedelta(days=1)))
        ]
        assert sorted(apart) == whole
        assert whole


def test_what_happens_after_midnight_in_a_call_of_the_day_before_is_found() -> None:
    with peermetrics(GeneratedRooms(World("late 0", FIRST, 1, 12)), now=lambda: OVER) as client:
        for path in ("/connections", "/issues"):
            whole = client.rows(path, created_at_gte="2026-01-01")
            night = client.rows(path, created_at_gte="2026-11-19")
            assert night == [each for each in whole if each["created_at"] >= "2026-11-19"]
            assert night


def test_while_the_day_goes_on_what_is_to_come_is_not_there() -> None:
    made, noon = rooms(), datetime(2026, 11, 19, 12, tzinfo=UTC)
    with peermetrics(made, now=lambda: noon) as client:
        rows = client.paged("/conferences", 200, created_at_gte="2026-01-01")
        assert all(each["created_at"] <= "2026-11-19 12:00:00" for each in rows)
        running = [each["id"] for each in rows if each["ongoing"] and each["created_at"] > "2026-11-19 10"]
        assert running
        for each in running:
            events = client.rows(f"/conferences/{each}/events")
            assert max(event["created_at"] for event in events) <= "2026-11-19 12:00:00"
    before = len(rows)
    with peermetrics(made, now=lambda: OVER) as client:
        assert len(client.paged("/conferences", 200, created_at_gte="2026-01-01")) > before


def test_what_none_of_the_world_has_is_not_found(client: Client) -> None:
    strange = [
        uuid_of("seed", Place(LAST + timedelta(days=1), 5)),
        uuid_of("seed", Place(FIRST, 999)),
        uuid_of("seed", Place(None, 999)),
        # A team's call has no room of its own.
        uuid_of("seed", Place(FIRST, 0)),
        "00000000-0000-4000-8000-000000000000",
    ]
    for each in strange:
        assert client.refusal(f"/conferences/{each}") == (400, "conference_not_found")


@given(number=st.integers(0, 2**20), day=st.none() | st.dates(), seed=st.text(max_size=8))
@settings(max_examples=100, deadline=None)
def test_ids_lead_back_to_their_room(number: int, day: date | None, seed: str) -> None:
    place = Place(day, number)
    identity = uuid_of(seed, place)
    assert place_of(seed, identity) == place
    assert place_of(seed + "x", identity) is None
    assert (identity[14], identity[19] in "89ab") == ("4", True)


def test_people_are_known_since_before_the_world_began(client: Client) -> None:
    rows = client.rows("/participants", created_at_gte="2000-01-01")
    assert max(each["created_at"] for each in rows) < str(FIRST)
    somebody = rooms().call(FIRST, 0).people[0]
    assert since(somebody, FIRST) in {each["created_at"] for each in rows}
    assert len(ids(rows)) == len(set(ids(rows)))


def test_what_was_asked_for_is_not_kept() -> None:
    made = rooms()
    parts = list(made.parts(Wanted(OVER)))
    assert all(not each.events and not each.stats for each in parts)
    assert made._full.cache_info().currsize == 0
    for each in parts:
        made.find(each.conference["id"], OVER)
    assert made._full.cache_info().currsize == 16


def test_troubles_of_the_world_show_as_issues(client: Client) -> None:
    told = {each["code"] for each in client.rows("/issues", created_at_gte="2026-01-01")}
    assert told >= {"multiple_rejoins", "connection_disconnected", "turn_used", "icecandidateerror", "low_emos"}


def test_one_person_s_events_are_found_across_rooms(client: Client) -> None:
    (busy,) = client.rows("/participants", conferenceId=rooms().id_of(FIRST, 0))[:1]
    sessions = {each["id"] for each in client.rows("/sessions", participantId=busy["id"])}
    leaves = client.rows("/events/browser", participantId=busy["id"], type="unload")
    assert {each["participant"] for each in leaves} == {busy["id"]}
    assert {each["session"] for each in leaves} <= sessions
    assert leaves


def test_a_team_member_s_statistics_come_once_whatever_days_are_asked_for(client: Client) -> None:
    team = next(room for room, calls in held().items() if len(calls) > 1)
    people = client.paged("/participants", 200, conferenceId=team)
    for window in (THURSDAY, {"created_at_gte": "2026-11-18", "created_at_lt": "2026-11-21"}):
        rows = [each for who in people for each in client.paged("/stats", 200, participantId=who["id"], **window)]
        assert rows
        assert len(ids(rows)) == len(set(ids(rows)))
