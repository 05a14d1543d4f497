"""Every list of a call is read to its end, however long it is and however small the vendor's answers must be."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harvesters.core.errors import Exit
from harvesters.opentok import OpenTok
from harvesters.sandbox import Response, Rules
from tests.nights import Night, Ran, Vendor, lake_lines, vendor
from tests.opentok_days import session, session_id
from tests.opentok_truth import (
    DAY,
    NOW,
    UNHURRIED,
    Asked,
    asked,
    bent,
    data_of,
    failure,
    loaded,
    operations,
    truth,
)

Session = dict[str, Any]
SECOND = "aW5zaWdodHMtcmVzb3VyY2U6MQ=="
"""The cursor behind the first item of any list."""
FIRST = "aW5zaWdodHMtcmVzb3VyY2U6MA=="
"""A cursor that leads to the first item again."""


def harvest(folder: Path, server: Vendor, **options: Any) -> Ran:
    return Night(folder, NOW, server.url).harvest(DAY, **options)


def at(hour: float) -> timedelta:
    return timedelta(hours=hour)


def few(number: int, people: int = 1) -> list[Session]:
    return [session(each, day=DAY, people=people, minutes=1) for each in range(number)]


def motley() -> list[Session]:
    """A day of very different calls, small ones, a wide one, a long one, meetings with one id and with many."""
    return [
        session(0, day=DAY, start=at(1), people=2, minutes=4),
        session(1, day=DAY, start=at(2), people=4, minutes=12, screens=1),
        session(2, day=DAY, start=at(3), people=2, minutes=40, meetings=2, gap=3),
        session(3, day=DAY, start=at(4), people=1, minutes=1, meetings=12, gap=3),
        session(4, day=DAY, start=at(9), people=1, minutes=1, meetings=11, gap=20),
        {"sessionId": session_id(5, DAY), "mediaMode": "relayed", "meetings": {"resources": []}},
    ]


def rooms(answer: Session, operation: str) -> Iterable[dict[str, Any]]:
    """The meetings in an answer."""
    for each in data_of(answer, operation)["resources"] if operation != "List" else ():
        yield from (each or {}).get("meetings", {}).get("resources", ())


# ------------------------------------------------------------------ long lists


@pytest.mark.parametrize("gap", [3, 20])
@pytest.mark.parametrize("meetings", [10, 11, 20, 23])
def test_all_meetings_of_a_session_are_read_whether_they_share_an_id_or_not(
    tmp_path: Path, meetings: int, gap: int
) -> None:
    sessions = [session(0, day=DAY, start=at(0), people=1, minutes=1, meetings=meetings, gap=gap)]
    with vendor(sessions, NOW, rules=UNHURRIED) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
        assert server.requests == 1 + -(-meetings // 10)
    assert loaded(tmp_path) == truth(sessions)


@pytest.mark.parametrize("rows", [999, 1000, 1001, 2000, 2001])
def test_all_statistics_of_a_long_call_are_read(tmp_path: Path, rows: int) -> None:
    # One row every 30 s; the first person's stream begins some hundred ms after the call.
    minutes = rows / 2 + 0.1
    sessions = [session(0, day=DAY, start=at(0), people=2, minutes=minutes)]
    streams = sessions[0]["meetings"]["resources"][0]["publishers"]["resources"]
    assert len(streams[0]["streamStatsCollection"]["resources"]) == rows
    with vendor(sessions, NOW, rules=UNHURRIED) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
    assert loaded(tmp_path) == truth(sessions)


def test_more_than_a_thousand_connections_are_read(tmp_path: Path) -> None:
    (crowd,) = few(1)
    people = crowd["meetings"]["resources"][0]["connections"]["resources"]
    people += [{**people[0], "connectionId": f"person-{number}"} for number in range(1049)]
    with vendor([crowd], NOW, rules=UNHURRIED) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
        # The list, the whole call, and the call page by page: 1050 in pages of 50, its stream and no subscriber.
        assert Counter(operations(server)) == {
            "List": 1,
            "Detail": 1,
            "Connections": 21,
            "Publishers": 1,
            "Subscribers": 1,
        }
    assert loaded(tmp_path) == truth([crowd])


@pytest.mark.parametrize("most", [2, 3, 7, 50])
def test_lists_are_read_to_their_end_at_every_level(tmp_path: Path, most: int) -> None:
    sessions = motley()
    with vendor(sessions, NOW, rules=Rules(rate_limit=None, max_first=most, default_first=1, max_meetings=3)) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.warnings) == (Exit.OK, [])
    assert (ran.only.harvested, ran.only.without_conference) == (5, 0)
    assert loaded(tmp_path) == truth(sessions)


# ------------------------------------------------------------------ too big for one answer


@pytest.fixture(scope="module")
def unrestricted(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The documents of the motley day from a vendor without limits."""
    folder = tmp_path_factory.mktemp("unrestricted")
    with vendor(motley(), NOW, rules=UNHURRIED) as server:
        assert harvest(folder, server).exit_code is Exit.OK
        assert operations(server) == ["List", "Detail", "Detail", "Detail"]
    return sorted(lake_lines(folder))


@pytest.mark.parametrize("nodes", [2000, 500, 200, 110])
def test_a_vendor_that_counts_nodes_gives_the_same_documents(
    tmp_path: Path, nodes: int, unrestricted: list[bytes]
) -> None:
    with vendor(motley(), NOW, rules=Rules(rate_limit=None, node_limit=nodes)) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.warnings) == (Exit.OK, [])
    assert sorted(lake_lines(tmp_path)) == unrestricted


@pytest.mark.parametrize("cap", [100_000, 30_000, 18_000])
def test_answers_above_our_own_cap_give_the_same_documents(tmp_path: Path, cap: int, unrestricted: list[bytes]) -> None:
    with vendor(motley(), NOW, rules=UNHURRIED, compress=True) as server:
        ran = capped(Night(tmp_path, NOW, server.url), cap)
    assert (ran.exit_code, ran.only.warnings) == (Exit.OK, [])
    assert sorted(lake_lines(tmp_path)) == unrestricted


def capped(night: Night, cap: int) -> Ran:
    with night.shop(["lake"]) as shop:
        assert shop.port
        shop.port._port.cap = cap
        return night.work(shop, [DAY])


def test_too_big_goes_down_from_halves_to_one_call_one_meeting_and_single_streams(tmp_path: Path) -> None:
    # Two people for forty minutes: 4 streams of 79 rows and 2 people are 324 nodes in one answer, 210 with lists of 50.
    sessions = [session(number, day=DAY, start=at(number), people=2, minutes=40) for number in range(2)]
    with vendor(sessions, NOW, rules=Rules(rate_limit=None, node_limit=200)) as server:
        night = Night(tmp_path, NOW, server.url)
        assert night.harvest(DAY, concurrency=1).exit_code is Exit.OK
        steps = [asked(body) for body in server.asked()]
    one = [
        ("Detail", 1, 1000),  # one session
        ("Meetings", 1, None),  # its meetings without their lists
        ("Detail", 1, 50),  # one meeting, with lists of 50
        ("Connections", 1, 50),
        ("Publishers", 1, 5),  # five streams at once, here the two that there are: 160 nodes
        ("Subscribers", 1, 5),
    ]
    assert [(each.operation, len(each.variables.get("ids", "")), each.variables.get("first")) for each in steps] == [
        ("List", 0, 1000),
        ("Detail", 2, 1000),
        *one,
        *one,
    ]
    assert loaded(tmp_path) == truth(sessions)


def test_a_meeting_of_short_lists_comes_in_one_answer_with_lists_of_fifty(tmp_path: Path) -> None:
    # Twelve meetings of 45 nodes: too many for one answer, though each of them is not.
    sessions = [session(0, day=DAY, start=at(0), people=2, minutes=5, meetings=12)]
    with vendor(sessions, NOW, rules=Rules(rate_limit=None, node_limit=60)) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
        assert Counter(operations(server)) == {"List": 1, "Detail": 1 + 1 + 12, "Meetings": 2}
    assert loaded(tmp_path) == truth(sessions)


def test_a_small_answer_with_errors_is_read_once_more_page_by_page(tmp_path: Path) -> None:
    sessions = [session(0, day=DAY, start=at(0), people=2, minutes=5, meetings=2)]

    def change(request: Asked, body: Session) -> None:
        if request.variables.get("first") == 50 and request.operation == "Detail":
            body["errors"] = [{"message": "Half of it is broken.", "path": ["project"], "errorCode": 1012}]
            next(iter(rooms(body, "Detail")))["subscribers"].update(resources=[], totalCount=0)

    with bent(sessions, change, rules=Rules(rate_limit=None, node_limit=60)) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.failed) == (Exit.OK, [])
    assert loaded(tmp_path) == truth(sessions)


def test_meetings_of_one_id_are_told_apart_page_by_page_however_many_there_are(tmp_path: Path) -> None:
    sessions = [session(0, day=DAY, start=at(0), people=3, minutes=1, meetings=12, gap=3)]
    with vendor(sessions, NOW, rules=Rules(rate_limit=None, max_first=2)) as server:
        ran = harvest(tmp_path, server)
        assert any(asked(body).variables.get("page") for body in server.asked())
    assert (ran.exit_code, ran.only.failed) == (Exit.OK, [])
    assert loaded(tmp_path) == truth(sessions)


def test_a_call_too_big_even_in_the_smallest_pieces_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    sessions = few(3)
    sessions[1] = session(1, day=DAY, start=at(0), people=2, minutes=60)
    # A stream with fifty rows is 1 + 1 + 1 + 1 + 50 nodes.
    with vendor(sessions, NOW, rules=Rules(rate_limit=None, node_limit=53)) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.state, ran.only.harvested) == (Exit.PARTIAL, "partial", 2)
    (failed,) = ran.only.failed
    assert failed["key"] == session_id(1, DAY)
    assert "too big even in the smallest pieces" in failed["reason"]
    assert loaded(tmp_path) == truth([sessions[0], sessions[2]])


@pytest.mark.parametrize("operation", ["Meetings", "Connections", "Publishers", "Subscribers"])
def test_1014_after_the_first_answer_never_says_that_the_add_on_is_missing(tmp_path: Path, operation: str) -> None:
    sessions = [session(0, day=DAY, start=at(0), people=2, minutes=2)]

    def change(request: Asked, _body: Session) -> Response | None:
        return failure(1014) if request.operation in {"Detail", operation} else None

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
    assert ran.exit_code is Exit.PARTIAL
    (failed,) = ran.only.failed
    assert "too big" in failed["reason"]
    assert "add-on" not in failed["reason"]


# ------------------------------------------------------------------ lists without an end, or with a wrong one

LEVELS = ("meetings", "connections", "publishers", "subscribers", "statistics")


def lists_of(answer: Session, operation: str, level: str) -> Iterable[dict[str, Any]]:
    """The lists of one level in an answer."""
    if level == "meetings" and operation != "List":
        yield from (each["meetings"] for each in data_of(answer, operation)["resources"])
    for room in rooms(answer, operation):
        streams = [room[name] for name in ("publishers", "subscribers") if name in room]
        if level == "statistics":
            yield from (each["streamStatsCollection"] for listed in streams for each in listed["resources"])
        elif level in room:
            yield room[level]


def _long_lists() -> list[Session]:
    return [session(0, day=DAY, start=at(0), people=5, minutes=3, meetings=4, gap=20)]


CUT = Rules(rate_limit=None, max_first=3, max_meetings=3)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("cursor", [SECOND, "", None])
def test_a_cursor_that_does_not_move_fails_the_day_and_is_named(tmp_path: Path, level: str, cursor: str | None) -> None:
    def change(request: Asked, body: Session) -> None:
        for listed in lists_of(body, request.operation, level):
            listed["pageInfo"] = {"hasNextPage": True, "endCursor": cursor}

    with bent(_long_lists(), change, rules=CUT) as server:
        ran = harvest(tmp_path, server)
        assert server.requests < 100
    assert (ran.exit_code, ran.only.state) == (Exit.FAILED, "failed")
    assert "cursor" in ran.only.reason
    assert "does not move" in ran.only.reason
    assert level in ran.only.reason
    came = Counter(loaded(tmp_path))
    assert came <= Counter(truth(_long_lists()))


def test_a_cursor_beside_the_last_page_is_of_no_use_at_any_level(tmp_path: Path) -> None:
    sessions = motley()

    def change(request: Asked, body: Session) -> None:
        for level in LEVELS:
            for listed in lists_of(body, request.operation, level):
                if "pageInfo" in listed and not listed["pageInfo"]["hasNextPage"]:
                    listed["pageInfo"]["endCursor"] = SECOND

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
        assert operations(server) == ["List", "Detail", "Detail", "Detail"]
    assert ran.exit_code is Exit.OK
    assert loaded(tmp_path) == truth(sessions)


def _cursor_of(request: Asked, level: str) -> str | None:
    """The cursor that a request gives for a level."""
    operations = {
        "meetings": ("Detail", "Meetings"),
        "connections": ("Connections",),
        "publishers": ("Publishers",),
        "subscribers": ("Subscribers",),
    }
    if level == "statistics":
        return request.variables.get("rowsAfter")
    return request.variables.get("after") if request.operation in operations[level] else None


@pytest.mark.parametrize("level", LEVELS)
def test_a_page_that_comes_twice_is_not_doubled_and_no_loss(tmp_path: Path, level: str) -> None:
    def change(request: Asked, body: Session) -> None:
        for listed in lists_of(body, request.operation, level):
            if listed["pageInfo"]["hasNextPage"] and not _cursor_of(request, level):
                listed["pageInfo"]["endCursor"] = FIRST

    with bent(_long_lists(), change, rules=CUT) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.warnings) == (Exit.OK, [])
    assert loaded(tmp_path) == truth(_long_lists())


@pytest.mark.parametrize(
    ("level", "said", "gave"),
    [("meetings", 4, 3), ("connections", 5, 3), ("publishers", 5, 3), ("subscribers", 20, 17), ("statistics", 5, 3)],
)
def test_a_page_that_comes_in_place_of_another_is_a_loss_and_named(
    tmp_path: Path, level: str, said: int, gave: int
) -> None:
    first: dict[tuple[object, ...], list[Any]] = {}

    def change(request: Asked, body: Session) -> None:
        cursor = _cursor_of(request, level)
        if level != "statistics" and request.variables.get("rowsAfter"):
            return
        for number, listed in enumerate(lists_of(body, request.operation, level)):
            # Streams are paged as well as their statistics.
            streams = request.variables.get("after") if level == "statistics" else None
            place = (request.operation, request.variables.get("meeting"), number, streams)
            if not cursor:
                first[place] = listed["resources"]
            elif cursor == "aW5zaWdodHMtcmVzb3VyY2U6Mw==":  # behind the third item: the second page
                listed["resources"] = first[place]

    sessions = _long_lists()
    with bent(sessions, change, rules=CUT) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.state) == (Exit.PARTIAL, "partial")
    (failed,) = ran.only.failed
    assert f"the vendor speaks of {said} {level}" in failed["reason"]
    assert f"and gave {gave}" in failed["reason"]
    came = Counter(loaded(tmp_path))
    assert came < Counter(truth(sessions))
    assert set(came.values()) == {1}


@pytest.mark.parametrize("level", LEVELS)
def test_a_list_that_says_it_ends_before_its_count_is_named(tmp_path: Path, level: str) -> None:
    def change(request: Asked, body: Session) -> None:
        for listed in lists_of(body, request.operation, level):
            listed["totalCount"] += 1000

    sessions = [session(0, day=DAY, start=at(0), people=2, minutes=3)]
    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.state) == (Exit.PARTIAL, "partial")
    (failed,) = ran.only.failed
    assert level in failed["reason"]
    assert failed["reason"].startswith("the vendor speaks of 100")
    # What came is kept all the same.
    assert loaded(tmp_path) == truth(sessions)


def test_a_list_without_page_info_and_count_is_taken_as_it_is(tmp_path: Path) -> None:
    sessions = few(2, people=2)

    def change(request: Asked, body: Session) -> None:
        for level in LEVELS:
            for listed in lists_of(body, request.operation, level):
                listed.update(pageInfo=None, totalCount=None)

    with bent(sessions, change) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
    assert loaded(tmp_path) == truth(sessions)


# ------------------------------------------------------------------ what happens between two pages


def test_a_page_of_meetings_that_is_left_out_is_named(tmp_path: Path) -> None:
    sessions = few(1)
    sessions.append(session(1, day=DAY, start=at(0), people=1, minutes=1, meetings=12))

    def change(request: Asked, body: Session) -> None:
        if request.variables.get("after"):
            data_of(body)["resources"] = [None]

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.harvested) == (Exit.PARTIAL, 1)
    (failed,) = ran.only.failed
    assert failed["key"] == session_id(1, DAY)
    assert failed["reason"] == (
        "the vendor left out a page of its meetings; the vendor speaks of 12 meetings and gave 10"
    )


@pytest.mark.parametrize("operation", ["Detail", "Connections", "Publishers", "Subscribers"])
def test_errors_beside_a_later_page_name_the_call_and_keep_the_data(tmp_path: Path, operation: str) -> None:
    sessions = [session(0, day=DAY, start=at(0), people=3, minutes=2, meetings=4)]

    def change(request: Asked, body: Session) -> None:
        if request.operation == operation and (operation != "Detail" or request.variables.get("after")):
            body["errors"] = [{"message": "Half of it is broken.", "path": ["project"], "errorCode": 1012}]

    with bent(sessions, change, rules=Rules(rate_limit=None, max_first=2, max_meetings=3)) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.state) == (Exit.PARTIAL, "partial")
    (failed,) = ran.only.failed
    assert failed["reason"] == "Half of it is broken. (error 1012)"
    assert loaded(tmp_path) == truth(sessions)


def test_streams_that_change_places_are_never_given_each_others_statistics(tmp_path: Path) -> None:
    sessions = [session(0, day=DAY, start=at(0), people=3, minutes=3)]

    def change(request: Asked, body: Session) -> None:
        if request.variables.get("rowsAfter") and request.operation == "Publishers":
            for room in rooms(body, request.operation):
                room["publishers"]["resources"].reverse()

    with bent(sessions, change, rules=CUT) as server:
        ran = harvest(tmp_path, server)
    assert ran.exit_code is Exit.PARTIAL
    assert "a publisher was not in its place" in ran.only.failed[0]["reason"]
    assert Counter(loaded(tmp_path)) < Counter(truth(sessions))


def test_a_meeting_that_vanishes_while_it_is_read_is_named(tmp_path: Path) -> None:
    sessions = [session(0, day=DAY, start=at(0), people=3, minutes=3)]

    def change(request: Asked, body: Session) -> None:
        if request.operation == "Subscribers":
            data_of(body)["resources"][0]["meetings"].update(resources=[], totalCount=0)

    with bent(sessions, change, rules=CUT) as server:
        ran = harvest(tmp_path, server)
    assert ran.exit_code is Exit.PARTIAL
    assert ran.only.failed[0]["reason"] == "the meeting of 2026-11-18T00:00:00.000Z vanished while it was read"


# ------------------------------------------------------------------ any batches, any order


@pytest.mark.parametrize("batch", [1, 7, 50])
def test_any_split_into_batches_gives_the_same_documents(
    tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = [session(number, day=DAY, people=2, minutes=1) for number in range(20)]
    monkeypatch.setattr(OpenTok, "limits", replace(OpenTok.limits, batch=batch))
    with vendor(sessions, NOW, rules=UNHURRIED) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
        assert operations(server).count("Detail") == {1: 20, 7: 3, 50: 1}[batch]
    assert loaded(tmp_path) == truth(sessions)


def test_the_order_of_sessions_and_strangers_among_them_change_nothing(tmp_path: Path) -> None:
    sessions, (stranger,) = few(5), [session(99, day=DAY, people=1, minutes=1)]

    def change(request: Asked, body: Session) -> None:
        page = data_of(body, request.operation)
        page["resources"].reverse()
        if request.operation == "Detail":
            page["resources"] += [{**stranger, "meetings": {**page["resources"][0]["meetings"]}}, page["resources"][0]]

    with bent(sessions, change) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
    assert loaded(tmp_path) == truth(sessions)


def test_only_the_meetings_of_the_day_are_kept_though_the_vendor_gives_others(tmp_path: Path) -> None:
    # Meetings at 23:30 and at 00:15 of the next day, in one session; the server ignores the window.
    sessions = [session(0, day=DAY, start=timedelta(hours=23, minutes=30), people=2, minutes=30, meetings=2)]
    both = json.loads(json.dumps(sessions))

    def change(request: Asked, body: Session) -> None:
        if request.operation == "Detail":
            (listed,) = lists_of(body, "Detail", "meetings")
            later = both[0]["meetings"]["resources"][1]
            listed["resources"].append({**later, **dict.fromkeys(LEVELS[1:4])})
            listed["totalCount"] = 2

    with bent(sessions, change) as server:
        ran = harvest(tmp_path, server)
        # Its lists are null, but they are not asked for again.
        assert server.requests == 2
    assert (ran.exit_code, ran.only.harvested) == (Exit.OK, 1)
    assert loaded(tmp_path) == truth(sessions)
    assert truth(sessions, DAY + timedelta(days=1))
