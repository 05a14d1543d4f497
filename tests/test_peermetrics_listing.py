"""Which rooms a day has; and lists read whole, whatever their order does between pages, or with a word of it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.answers import Answer, Judgement, Request, Verdict
from harvesters.core.day import Clock
from harvesters.core.source import Call, Notice
from harvesters.peermetrics.client import LONG, MOST, Client, Place, Short
from harvesters.sandbox.peermetrics import APP, Person, Rows, app_row, call, room, world
from harvesters.sandbox.peermetrics.rooms import uid
from harvesters.sandbox.peermetrics.switches import switched
from tests.peermetrics_days import DAY, ROOMS, SETTLED, at, everything
from tests.peermetrics_nights import (
    APP_ID,
    UNHURRIED,
    PeermetricsNight,
    deaf,
    peermetrics,
    rewriting,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from harvesters.sandbox.peermetrics import BuiltRoom

Json = dict[str, Any]
HOUR = 3_600_000
DAY_MS = 1_795_132_800_000
"""2026-11-20T00:00:00Z"""
LINE = 4094


def alone(start: datetime, minutes: float = 1) -> Any:  # noqa: ANN401 - the sandbox's call, of one person
    return call(start, minutes, [Person("Ana", media="none")])


def keys(found: list[Call | Notice]) -> list[str]:
    return [each.key for each in found if isinstance(each, Call)]


# -- which rooms ------------------------------------------------------------------------------------------


def test_a_room_is_listed_if_a_session_or_a_connection_began_in_it_or_it_was_made(tmp_path: Path) -> None:
    rooms = {
        "made": room("made", created_at="2026-11-20 08:00:00"),
        "session": room("session", [alone(at(-300)), alone(at(9))]),
        # Who joined the evening before is connected when somebody comes after midnight.
        "connection": room("connection", [call(at(-0.1), 12, [Person("Ana"), Person("Ben", joins=480)])]),
        "before": room("before", [alone(at(-1))]),
        "after": room("after", [alone(at(24.5))]),
    }
    with peermetrics(list(rooms.values())) as vendor:
        found = keys(PeermetricsNight.at(tmp_path, vendor).listed())
    assert sorted(found) == sorted(rooms[each].id for each in ("made", "session", "connection"))
    assert len(found) == len(set(found))


def test_a_call_tells_its_room_and_its_app_without_the_key(tmp_path: Path) -> None:
    with peermetrics([ROOMS["weekly"]]) as vendor:
        (found,) = PeermetricsNight.at(tmp_path, vendor).listed()
    assert isinstance(found, Call)
    told = json.loads(found.summary)
    assert told["conference"]["conference_id"] == "weekly"
    assert told["app"] == {
        "id": APP_ID, "name": "Sample App", "domain": None, "organization": APP["organization"], "interval": 10_000,
    }  # fmt: skip


def test_hundreds_of_rooms_are_asked_for_in_lines_that_the_server_reads(tmp_path: Path) -> None:
    rooms = [room(f"r{number}", [alone(at(9) + timedelta(seconds=number))]) for number in range(250)]
    with peermetrics(rooms) as vendor:
        found = PeermetricsNight.at(tmp_path, vendor).listed()
        asked = vendor.paths("conference_ids")
        assert len(asked) == 3, "90 at once"
        assert max(len(f"GET {each} HTTP/1.1") for each in vendor.paths()) < LINE
    names = [json.loads(each.summary)["conference"]["conference_id"] for each in found if isinstance(each, Call)]
    assert sorted(names) == sorted(f"r{number}" for number in range(250))


def test_a_room_whose_row_is_not_given_is_said(tmp_path: Path) -> None:
    rooms = [room(f"r{number}", [alone(at(9 + number))]) for number in range(3)]
    with peermetrics(rooms) as vendor:
        rewriting(vendor, lambda _request, body: body["results"].pop(0), "conference_ids")
        found = PeermetricsNight.at(tmp_path, vendor).listed()
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
    (notice,) = [each for each in found if isinstance(each, Notice)]
    assert notice.harm
    assert "counts 1 rows more than it gives" in notice.text
    assert len(keys(found)) == 3, "it is fetched all the same"
    assert ran.exit_code == 3


def test_a_room_that_is_gone_by_now_is_a_failure_of_its_own(tmp_path: Path) -> None:
    rooms = [room("there", [alone(at(9))]), room("gone", [alone(at(10))])]
    with peermetrics(rooms, faults=[f"removed={rooms[1].id}"]) as vendor:
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
    assert (int(ran.exit_code), ran.only.harvested) == (3, 1)
    (failed,) = ran.only.failed
    assert failed["key"] == rooms[1].id
    assert failed["reason"] == "The requested conference does not exist (status 400, conference_not_found)"


def test_an_app_that_is_gone_is_a_notice_without_harm(tmp_path: Path) -> None:
    with peermetrics(everything(), faults=["app-gone"]) as vendor:
        found = PeermetricsNight.at(tmp_path, vendor).listed()
    assert found == [Notice(f"app {APP_ID} was removed at the server: passed over.")]


def test_other_apps_rooms_are_not_listed(tmp_path: Path) -> None:
    other = app_row("7b1d9a52-3c60-4b0c-9d53-0f6d1f7e2a11", "Other App")
    rooms = [room("mine", [alone(at(9))]), room("theirs", [alone(at(9))], app=other)]
    with peermetrics(world(*rooms, apps=(APP, other))) as vendor:
        assert keys(PeermetricsNight.at(tmp_path, vendor).listed()) == [rooms[0].id]


def test_a_server_that_knows_no_windows_for_rooms_makes_more_work_and_no_error(tmp_path: Path) -> None:
    rooms = [room("before", [alone(at(-24))]), room("there", [alone(at(9))])]
    with peermetrics(rooms) as vendor:
        deaf(vendor, "created_at_gte", "created_at_lt", path="/v1/conferences")
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
    assert (int(ran.exit_code), ran.only.listed, ran.only.harvested, ran.only.without_conference) == (0, 2, 1, 1)


# -- a long list of sessions ------------------------------------------------------------------------------


def crowded(number: int, per_day: int) -> Rows:
    """A room with so many sessions, so many a day, the last ones on the harvested day; nothing else happened."""
    held: BuiltRoom = room("crowded", [alone(at(9))])
    base = held.at(SETTLED)
    pattern = base.sessions[0]
    apart = timedelta(days=1) / per_day
    sessions = []
    for each in range(number):
        start = at(23.9) - apart * (number - 1 - each)
        written = start.strftime("%Y-%m-%d %H:%M:%S.%f")
        sessions.append({**pattern, "id": uid("crowded", each), "created_at": written, "end_time": written})
    return replace(base, sessions=sessions, events=[], issues=[], connections=[])


@pytest.mark.parametrize("paging", ["on", "off"])
def test_of_a_months_sessions_the_days_are_found_without_reading_all(tmp_path: Path, paging: str) -> None:
    """8,400 sessions in 28 days: 42 pages. The day's 300 are in two or three of them."""
    with peermetrics([crowded(8400, 300)], rules=switched(UNHURRIED, {"paging": paging})) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        found = night.listed()
        asked = vendor.parameters("/v1/sessions?appId")
    assert len(keys(found)) == 1
    if paging == "on":
        whole = [each for each in asked if each["limit"] != "1"]
        assert len(whole) <= 5
        assert len(asked) <= 12, "the place is found by halves"


# -- lists read page by page, as a law --------------------------------------------------------------------


@dataclass
class Lists:
    """A list that a server keeps in an order by stamp alone; rows with equal ones lie otherwise on each page."""

    rows: list[Json]
    counted: int | None = None
    paging: bool = True
    too_big: int | None = None
    clock: Clock = field(default_factory=lambda: Clock(lambda: SETTLED))
    asked: list[dict[str, str]] = field(default_factory=list)

    def send(self, request: Request) -> Answer:
        query = {name: told[0] for name, told in parse_qs(urlsplit(request.url).query).items()}
        self.asked.append(query)
        rows = [each for each in self.rows if _inside(each, query)]
        if self.too_big is not None and len(rows) > self.too_big and Verdict.TOO_BIG in request.takes:
            return Answer(200, {}, b"", Judgement(Verdict.TOO_BIG, "too big"))
        if not self.paging or "limit" not in query:
            return _answer({"data": rows})
        shuffled = random.Random(f"{query['limit']}/{query['offset']}").sample(rows, len(rows))
        ordered = sorted(shuffled, key=lambda each: str(each["created_at"]))
        first, size = int(query["offset"]), min(int(query["limit"]), MOST)
        count = len(rows) if self.counted is None else self.counted
        return _answer({"results": ordered[first : first + size], "count": count})


def _inside(each: Json, query: dict[str, str]) -> bool:
    stamp = each["created_at"].replace(" ", "T")
    first, last = (query.get(f"created_at_{name}", "").removesuffix("Z") for name in ("gte", "lt"))
    return (not first or stamp >= first) and (not last or stamp < last)


def _answer(body: Json) -> Answer:
    return Answer(200, {}, json.dumps(body).encode())


def stamped(ms: int) -> str:
    moment = at(0) + timedelta(milliseconds=ms)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


PLACE = Place("/things", {"appId": "a"}, "the list of things")


@settings(max_examples=40, deadline=None)
@given(number=st.integers(0, 900), together=st.integers(1, 400), paging=st.booleans())
def test_a_list_gives_each_row_once_and_tells_how_many_it_does_not_give(
    number: int, together: int, *, paging: bool
) -> None:
    """`together` rows have one stamp each: pages may lose some of those, and repeat others."""
    rows = [{"id": f"row-{each}", "created_at": stamped(each // together)} for each in range(number)]
    lists, short = Lists(rows, paging=paging), Short()
    found = [json.loads(each)["id"] for each in Client(lists).rows(PLACE, short=short)]
    assert len(found) == len(set(found))
    assert len(found) + short.missing == number
    if number <= MOST or together <= 1 or not paging:
        assert short.missing == 0


def test_rows_that_pages_lost_are_read_again_in_pages_of_another_size() -> None:
    """Of 401 rows of one instant three pages lose some in any case; together the three readings give nearly all."""
    rows = [{"id": f"row-{each}", "created_at": stamped(0)} for each in range(401)]
    lists, short = Lists(rows), Short()
    found = list(Client(lists).rows(PLACE, short=short))
    sizes = [each["limit"] for each in lists.asked]
    assert sizes[:3] == ["200", "200", "200"]
    assert "173" in sizes
    assert len(found) > 340
    assert short.missing == 401 - len(found)


def test_a_count_beyond_all_measure_is_not_believed_page_by_page() -> None:
    rows = [{"id": f"row-{each}", "created_at": stamped(each)} for each in range(5)]
    lists, short = Lists(rows, counted=10**12), Short()
    assert len(list(Client(lists).rows(PLACE, short=short))) == 5
    assert short.missing == 10**12 - 5
    assert len(lists.asked) <= 6


@pytest.mark.parametrize("number", [0, 5, 200, 201])
def test_a_count_that_is_higher_than_what_comes_is_told_also_of_a_single_page(number: int) -> None:
    rows = [{"id": f"row-{each}", "created_at": stamped(each)} for each in range(number)]
    for read in ("rows", "between"):
        short = Short()
        client = Client(Lists(rows, counted=number + 3))
        found = (
            client.rows(PLACE, short=short) if read == "rows" else client.between(PLACE, DAY_MS, DAY_MS + HOUR, short)
        )
        assert len(list(found)) == number
        assert short.missing == 3


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_a_part_of_a_long_list_is_all_that_was_made_in_the_window(data: st.DataObject) -> None:
    number = data.draw(st.integers(LONG + 1, LONG + 1500))
    step = data.draw(st.integers(0, 3000))
    rows = [{"id": f"row-{each}", "created_at": stamped(each * step // 7)} for each in range(number)]
    first, last = sorted(data.draw(st.tuples(st.integers(0, number), st.integers(0, number))))
    start, end = first * step // 7, last * step // 7
    lists, short = Lists(rows), Short()
    found = [json.loads(each)["id"] for each in Client(lists).between(PLACE, DAY_MS + start, DAY_MS + end, short)]
    expected = {each["id"] for each, n in ((rows[n], n) for n in range(number)) if start <= n * step // 7 < end}
    assert len(found) == len(set(found))
    if step >= 7:
        assert set(found) == expected
        assert short.missing == 0
    else:
        assert set(found) <= expected
        assert len(expected) - len(found) <= short.missing


def test_a_row_that_does_not_tell_when_it_was_made_is_never_left_out() -> None:
    rows = [{"id": "known", "created_at": stamped(5)}, {"id": "late", "created_at": stamped(HOUR)}]
    lists = Lists([*rows, {"id": "unknown", "created_at": "yesterday"}])
    found = [json.loads(each)["id"] for each in Client(lists).between(PLACE, DAY_MS, DAY_MS + HOUR, Short())]
    assert found == ["known", "unknown"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, HOUR - 1), max_size=60), st.integers(1, 60))
def test_a_list_without_pages_that_is_too_large_is_read_in_halves(stamps: list[int], too_big: int) -> None:
    """Down to a minute, which is taken whole."""
    rows = [{"id": f"row-{n}", "created_at": stamped(each)} for n, each in enumerate(sorted(stamps))]
    lists = Lists(rows, too_big=too_big)
    found = [json.loads(each)["id"] for each in Client(lists).windowed(PLACE, DAY_MS, DAY_MS + HOUR)]
    assert sorted(found) == sorted(each["id"] for each in rows)
    assert len(lists.asked) < 2 * 64 * 2
