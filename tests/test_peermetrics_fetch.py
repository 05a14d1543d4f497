"""Everything that a server has of a conference, with as few requests as may be, and with a word of what it has not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from harvesters.sandbox import Request, Response
from harvesters.sandbox.peermetrics import Person, Rows, call, room
from harvesters.sandbox.peermetrics.rooms import uid
from harvesters.sandbox.peermetrics.stays import participant
from harvesters.sandbox.peermetrics.switches import switched
from tests.peermetrics_days import DAY, ROOMS, SETTLED, at
from tests.peermetrics_nights import (
    APP_ID,
    UNHURRIED,
    PeermetricsNight,
    peermetrics,
    rewriting,
    rows,
    terminal,
)
from tests.shell import Shell

if TYPE_CHECKING:
    from pathlib import Path

    from harvesters.sandbox.peermetrics import BuiltRoom

Json = dict[str, Any]


def parts_of(rooms: list[BuiltRoom | Rows], folder: Path) -> dict[str, list[Json]]:
    """The rows of the only record of the day."""
    with peermetrics(rooms) as vendor:
        night = PeermetricsNight.at(folder, vendor)
        ran = night.harvest(DAY)
    assert ran.exit_code == 0, ran.only.sentence()
    (found,) = rows(night).values()
    return found


# -- what is fetched --------------------------------------------------------------------------------------


def test_a_call_costs_few_requests(tmp_path: Path) -> None:
    """The lists of the day, and the call, whose statistics are looked for, and are one page for each of two people."""
    with peermetrics([ROOMS["cleaned"]]) as vendor:
        assert PeermetricsNight.at(tmp_path, vendor).harvest(DAY).exit_code == 0
    assert vendor.calls == {
        "/apps": 1,
        "/apps/<id>": 1,
        "/sessions": 3,
        "/connections": 2,
        "/conferences": 2,
        "/participants": 1,
        "/issues": 2,
        "/conferences/<id>/events": 1,
        "/stats": 3,
    }


def test_only_the_stretchs_own_rows_are_in_a_record(tmp_path: Path) -> None:
    """Three calls in a room on the day, and somebody who is in another room at the same time."""
    busy = room("busy", [call(at(9), 0.4), call(at(10), 0.4), call(at(11), 0.4)])
    beside = room("beside", [call(at(10), 0.4, ["Ana", "Chloé"])])
    with peermetrics([busy, beside]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
    found = rows(night)
    assert sorted(key[0] for key in found) == sorted([busy.id] * 3 + [beside.id])
    for kinds in found.values():
        sessions = {each["id"] for each in kinds["session"]}
        assert len(sessions) == 2
        for kind in ("connection", "event", "stats"):
            assert {each["session"] for each in kinds[kind]} == sessions, kind
    seen = [each["id"] for kinds in found.values() for kind in ("event", "stats") for each in kinds[kind]]
    assert len(seen) == len(set(seen))


def test_the_statistics_of_a_participant_are_together(tmp_path: Path) -> None:
    with peermetrics([ROOMS["weekly"]]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        night.harvest(DAY)
    order = [each["participant"] for kinds in rows(night).values() for each in kinds["stats"]]
    changes = sum(one != other for one, other in pairwise(order))
    assert changes == 3, "two people in each of two conferences"


def test_events_of_all_categories_and_data_of_all_types_are_kept_as_they_came(tmp_path: Path) -> None:
    data: list[object] = [{"eventName": "mute"}, 7, 2.5, "text", ["a", None], False]
    someone = Person(
        "Ana",
        custom=[(10 + number, each) for number, each in enumerate(data)],
        browser_events=[(20, "tabFocus"), (21, "mediaDeviceChange")],
        drops=[15],
        candidate_errors=2,
    )
    found = parts_of([room("r", [call(at(9), 0.6, [someone, Person("Ben", media="refused")])])], tmp_path)
    kinds = {each["category"] for each in found["event"]}
    assert kinds == {"browser", "getUserMedia", "connection", "track"}
    assert [each["data"] for each in found["event"] if each["type"] == "custom"] == data
    types = {each["type"] for each in found["event"]}
    assert {"ontrack", "unmute", "tabFocus", "onicecandidateerror", "addConnection", "beforeunload"} <= types
    assert {each["code"] for each in found["issue"]} >= {"icecandidateerror", "getusermedia_error", "no_media_access"}


def test_issues_that_name_no_conference_come_with_their_session_and_others_do_not(tmp_path: Path) -> None:
    relayed = [Person("Ana", relay=True), Person("Ben")]
    rooms = [
        room("r", [call(at(9), 0.5, relayed)]),
        room("s", [call(at(9), 0.5, [Person("Chloé", relay=True), "Erin"])]),
    ]
    with peermetrics(rooms) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
    told = [each for each in night.documents("issue") if each["vconf"]["issue"]["code"] == "turn_used"]
    assert sorted((each["peermetrics"]["conference_id"], each["user"]["full_name"]) for each in told) == sorted(
        [(rooms[0].id, "Ana"), (rooms[1].id, "Chloé")]
    )
    assert all(each["@timestamp"] < "2026-11-20T09:00:20" for each in told)


def test_a_score_that_is_found_half_a_day_later_is_had(tmp_path: Path) -> None:
    """By the job that closes the room."""
    people = [Person("Ana", ends="crash", emos=2.5), Person("Ben", ends="crash")]
    with peermetrics([room("r", [call(at(9), 0.5, people, stale_job=12)])]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
    scores = [each["vconf"]["issue"] for each in night.documents("issue") if each["vconf"]["issue"].get("value")]
    assert [(each["code"], each["value"]) for each in scores] == [("very_low_emos", 2.5)]


# -- people -----------------------------------------------------------------------------------------------


def populous(number: int) -> Rows:
    """A room in which so many people were over the years, of whom two were there on the day."""
    held = room("populous", [call(at(9), 0.4)]).at(SETTLED)
    others = [participant(APP_ID, f"Person {n}", f"2025-01-01 00:00:00.{n:06d}") for n in range(number)]
    return replace(held, participants=[*others, *held.participants])


@pytest.mark.parametrize(
    ("number", "lists", "by_id"), [(10, 1, 0), (400, 4, 0), (2000, 1, 2)], ids=["one page", "some pages", "too many"]
)
def test_who_took_part_is_read_from_the_shorter_list(tmp_path: Path, number: int, lists: int, by_id: int) -> None:
    with peermetrics([populous(number)]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
        assert vendor.calls["/participants"] == lists
        assert vendor.calls.get("/participants/<id>", 0) == by_id
    (found,) = rows(night).values()
    assert sorted(each["participant_name"] for each in found["participant"]) == ["Ana", "Ben"]
    assert {each["user"]["full_name"] for each in night.documents("participant")} == {"Ana", "Ben"}


def test_somebody_who_was_removed_is_named_and_the_rest_is_there(tmp_path: Path) -> None:
    def forgetful(_number: int, request: Request) -> Response | None:
        if "/v1/participants/" in request.path:
            refusal = b'{"error_code":"participant_not_found","message":"The requested participant does not exist."}'
            return Response(400, {"Content-Type": "application/json"}, refusal)
        return None

    with peermetrics([populous(2000)], intercept=forgetful) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
    assert ran.exit_code == 0
    assert len([each for each in ran.only.warnings if "was removed at the server" in each]) == 2
    assert [each.get("user") for each in night.documents("participant")] == [None, None]
    assert len(night.documents("stream")) == 8


# -- what the server does not give ------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/sessions?conferenceId", "/events?type", "/v1/stats?participantId"])
@pytest.mark.parametrize("times", [1, 1000], ids=["once", "always"])
def test_a_row_that_a_list_counts_and_does_not_give_is_read_again_or_named(
    tmp_path: Path, path: str, times: int
) -> None:
    with peermetrics([room("r", [call(at(9), 0.5, ["Ana", "Ben", "Chloé"])])]) as vendor:
        left = [times]

        def lossy(request: Request, body: Json) -> None:
            if left[0] > 0 and "limit=1&" not in request.path and len(body["results"]) > 1:
                left[0] -= 1
                body["results"].pop(0)

        rewriting(vendor, lossy, path)
        night = PeermetricsNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
    assert ran.exit_code == (3 if times > 1 else 0)
    assert ("rows more than it gives" in ran.only.sentence()) is (times > 1)
    assert len(night.documents()) == 1, "what there is is kept"
    if times == 1:
        assert len(night.documents("participant")) == 3


def test_pages_that_repeat_the_one_before_are_named(tmp_path: Path) -> None:
    """Of 240 statistics the first page has 200, and every other page is that page."""
    with peermetrics([room("r", [call(at(9), 15, 2)])], faults=["repeated-page"]) as vendor:
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
    assert ran.exit_code == 3
    assert "rows more than it gives" in ran.only.sentence()


@pytest.mark.parametrize(
    ("faults", "switches", "code"),
    [
        ([], {"stamps": "seconds"}, 0),
        ([], {"paging": "off"}, 0),
        # It counts one row more on all pages but the first, and gives it on none.
        (["growing"], {}, 3),
    ],
    ids=["equal stamps", "an old server", "growing"],
)
def test_lists_of_several_pages_are_whole_or_named(
    tmp_path: Path, faults: list[str], switches: dict[str, str], code: int
) -> None:
    """Three people for 15 minutes: 89 ticks of two connections each, a row for the pair and each track sent."""
    long = [room("r", [call(at(9), 15, 3)])]
    with peermetrics(long, rules=switched(UNHURRIED, switches), faults=faults) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
    assert ran.exit_code == code
    assert ("rows more than it gives" in ran.only.sentence()) is bool(code)
    (found,) = rows(night).values()
    assert len({each["id"] for each in found["stats"]}) == len(found["stats"]) == 3 * 2 * 89 * 3


def test_a_session_without_a_readable_start_is_named(tmp_path: Path) -> None:
    with peermetrics([ROOMS["cleaned"]]) as vendor:
        rewriting(
            vendor, lambda _request, body: body["results"][-1].update(created_at="soon"), "/sessions?conferenceId"
        )
        night = PeermetricsNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
    assert ran.exit_code == 3
    assert "1 of its sessions have no id, or no start that can be read" in ran.only.sentence()
    assert len(night.documents("participant")) == 1


def test_an_answer_of_another_form_is_this_calls_failure(tmp_path: Path) -> None:
    rooms = [room("good", [call(at(9), 0.3)]), room("bad", [call(at(10), 0.3)])]
    with peermetrics(rooms) as vendor:
        rewriting(
            vendor,
            lambda _request, body: body["results"][0].update(end_time=7),
            f"/sessions?conferenceId={rooms[1].id}",
        )
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
    assert (int(ran.exit_code), ran.only.harvested) == (3, 1)
    assert "unexpected form" in ran.only.sentence()


def test_what_is_no_list_names_the_setting(tmp_path: Path) -> None:
    with peermetrics([ROOMS["cleaned"]]) as vendor:
        rewriting(vendor, lambda _request, body: (body.update(items=body.pop("data")), None)[1], "/connections?appId")
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
    assert ran.exit_code == 1
    assert "the list of connections: the server's answer is no list; check PEERMETRICS_URL" in ran.only.sentence()


# -- an old room ------------------------------------------------------------------------------------------


def test_an_old_rooms_events_are_entered_near_the_day(tmp_path: Path) -> None:
    """40,000 events of a year are 200 pages; those of the day's call are on one or two."""
    held = room("old", [call(at(9), 0.4)]).at(SETTLED)
    pattern = held.events[0]
    before = [
        {**pattern, "id": uid("old", n), "session": "s", "created_at": f"{at(-8700 + n / 5):%Y-%m-%d %H:%M:%S.%f}"}
        for n in range(40_000)
    ]
    after = [
        {
            **pattern,
            "id": uid("new", n),
            "session": "s",
            "created_at": f"{at(20) + timedelta(seconds=n):%Y-%m-%d %H:%M:%S.%f}",
        }
        for n in range(2000)
    ]
    with peermetrics([replace(held, events=[*before, *held.events, *after])]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
        asked = vendor.parameters("/events?type=-stats")
    assert len([each for each in asked if each["limit"] != "1"]) <= 4
    assert len(asked) <= 13
    (found,) = rows(night).values()
    assert {each["id"] for each in found["event"]} == {each["id"] for each in held.events}


# -- memory -----------------------------------------------------------------------------------------------


def peak(folder: Path) -> float:
    megabytes: float = json.loads((folder / "report.json").read_text())["run"]["peak_rss_mb"]
    return megabytes


def test_a_call_of_ten_people_needs_no_more_memory_the_longer_it_is(tmp_path: Path) -> None:
    """Ten people at an SFU; an hour of it is 108 MB. Of each person's statistics all are held at once, and no others.

    So what an hour takes beyond a call without any is six times what ten minutes take, and has to fit into 200 MB.
    """
    found = {}
    for minutes in (0.3, 10):
        folder = tmp_path / str(minutes)
        folder.mkdir()
        people = [Person(f"P{number}") for number in range(10)]
        with peermetrics([room("large", [call(at(9), minutes, people, sfu=True)])]) as vendor:
            shell = terminal(Shell(folder), vendor)
            done = shell("peermetrics", "--date", str(DAY), "--destination", "lake", "--report", "report.json")
        assert done.code == 0, done.err
        found[minutes] = peak(folder)
    assert found[0.3] + 6 * (found[10] - found[0.3]) < 200
