"""A list of meetings that changes while it is read: who was in it all the time is found, or the run says so aloud."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from harvesters.core.answers import Answer
from harvesters.core.day import Clock, Day
from harvesters.core.errors import CursorError, SliceError
from harvesters.core.source import Call, Notice
from harvesters.sandbox.zoom import UNLIMITED, Meeting, ZoomRules, meeting
from harvesters.zoom.client import Client
from harvesters.zoom.lists import list_day
from harvesters.zoom.settings import ZoomSettings
from tests.line import NOON
from tests.zoom_days import DAY, SETTLED, at
from tests.zoom_nights import Vendor, ZoomNight, zoom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harvesters.core.answers import Request
    from harvesters.core.source import Route
    from harvesters.sandbox import Request as Asked
    from harvesters.sandbox import Response

CHANGED = "the list of meetings (past) changed each time it was read: a row may be missing."
PLACES = st.integers(0, 30)


class Account:
    """Lists meetings by a token that is a place in the list as it is then; nobody was alone."""

    def __init__(self, rows: list[str], size: int) -> None:
        self.clock = Clock(lambda: NOON)
        self.rows, self.size = rows, size
        self.sent = 0
        self.forgotten: set[str] = set()
        self.given: set[str] = set()

    def send(self, request: Request) -> Answer:
        self.sent += 1
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        token = asked.get("next_page_token", "")
        if token in self.forgotten:
            message = "the next page token is invalid or expired"
            raise CursorError(message)
        rows = self.rows if asked["type"] == "past" else []
        start = int(token.partition("/")[0] or 0)
        end = start + self.size
        following = f"{end}/{self.sent}" if end < len(rows) else ""
        self.given.add(following)
        page = {
            "meetings": [{"uuid": each, "topic": f"meeting {each}"} for each in rows[start:end]],
            "total_records": len(rows),
            "next_page_token": following,
        }
        return Answer(200, {}, json.dumps(page).encode())


class MovingList(RuleBasedStateMachine):
    """Rows come, go and move between any two requests of one reading of a day.

    Between the same two requests only one of these happens: a list that loses as many rows as it gains at the same
    time has the same number of them, and Zoom tells nothing but the number. See the last test of this module.
    """

    def __init__(self) -> None:
        super().__init__()
        self.since_last = ""
        self.kinds: set[str] = set()
        self.found: set[str] = set()
        self.notices: list[Notice] = []
        self.error: SliceError | None = None
        self.done = False
        self.born = 0

    @initialize(number=st.integers(0, 9), size=st.integers(1, 4))
    def begin(self, number: int, size: int) -> None:
        """Somebody begins to read."""
        self.account = Account([self._new() for _ in range(number)], size)
        self.always: set[str] = set(self.account.rows)
        self.items: Iterator[Call | Notice | Route] = list_day(
            Client(self.account), ZoomSettings("a", "b", "c"), Day(DAY)
        )
        self.read()

    def _new(self) -> str:
        self.born += 1
        return f"m{self.born}"

    def _may(self, kind: str) -> bool:
        return self.since_last in {"", kind} and not self.done

    def _note(self, kind: str) -> None:
        self.since_last = kind
        self.kinds.add(kind)

    @rule()
    def read(self) -> None:
        """What is there is taken until one more page is asked for."""
        before = self.account.sent
        self.since_last = ""
        while self.account.sent == before and not self.done:
            self._take()

    def _take(self) -> None:
        try:
            item = next(self.items, None)
        except SliceError as error:
            self.error, item = error, None
        self.done = item is None
        if isinstance(item, Call):
            self.found.add(item.key)
        elif isinstance(item, Notice):
            self.notices.append(item)

    @precondition(lambda self: self._may("add"))
    @rule(place=PLACES)
    def a_meeting_ends(self, place: int) -> None:
        """It is in the list from now on."""
        self.account.rows.insert(place % (len(self.account.rows) + 1), self._new())
        self._note("add")

    @precondition(lambda self: self._may("remove") and self.account.rows)
    @rule(place=PLACES)
    def a_meeting_is_removed(self, place: int) -> None:
        """Nobody is to blame for not finding it."""
        self.always.discard(self.account.rows.pop(place % len(self.account.rows)))
        self._note("remove")

    @precondition(lambda self: self._may("move") and len(self.account.rows) > 1)
    @rule(places=st.tuples(PLACES, PLACES))
    def a_meeting_moves(self, places: tuple[int, int]) -> None:
        """It is still there, elsewhere."""
        rows = self.account.rows
        rows.insert(places[1] % len(rows), rows.pop(places[0] % len(rows)))
        self._note("move")

    @precondition(lambda self: not self.done)
    @rule()
    def tokens_expire(self) -> None:
        """All that were given out."""
        self.account.forgotten |= self.account.given - {""}

    def teardown(self) -> None:
        """The reading comes to its end, and nothing was lost in silence."""
        if not hasattr(self, "items"):
            return
        while not self.done:
            self._take()
        assert self.account.sent <= 200
        if self.error or self.always <= self.found:
            return
        assert self.notices
        # Rows that changed places alone may hide one in both readings alike; then the number that does not fit is told.
        assert "move" in self.kinds or [each for each in self.notices if each.harm]


TestAMovingList = MovingList.TestCase
TestAMovingList.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("tokens", ["live", "expire"])
def test_a_list_that_rests_is_read_once_whole_and_without_a_word(tokens: str) -> None:
    account = Account([f"m{number}" for number in range(10)], 3)
    items = []
    for item in list_day(Client(account), ZoomSettings("a", "b", "c"), Day(DAY)):
        items.append(item)
        if tokens == "expire" and isinstance(item, Call) and item.key == "m4":
            account.forgotten |= account.given - {""}
    keys = [each.key for each in items if isinstance(each, Call)]
    assert keys == [f"m{number}" for number in range(10)]
    assert [each for each in items if isinstance(each, Notice)] == []
    # Four pages, the list of nobody, and where tokens expired the one in vain and three more.
    assert account.sent == (5 if tokens == "live" else 8)


def test_a_list_that_began_anew_elsewhere_is_counted_from_its_new_beginning() -> None:
    """It has grown before the second beginning, so its numbers differ, yet the second reading was sound."""
    account = Account([f"m{number}" for number in range(4)], 2)
    items = []
    for item in list_day(Client(account), ZoomSettings("a", "b", "c"), Day(DAY)):
        items.append(item)
        if isinstance(item, Call) and item.key == "m1" and not account.forgotten:
            account.rows.insert(0, "new")
            account.forgotten |= account.given - {""}
    assert {each.key for each in items if isinstance(each, Call)} == {"m0", "m1", "m2", "m3", "new"}
    assert [each for each in items if isinstance(each, Notice)] == []
    # The first page, nobody, one in vain; then the three pages of five.
    assert account.sent == 6


def told(account: Account, changes: dict[int, list[str]]) -> tuple[set[str], list[Notice]]:
    """What is listed and said where the rows become others once so many requests were answered."""
    items = []
    for item in list_day(Client(account), ZoomSettings("a", "b", "c"), Day(DAY)):
        items.append(item)
        account.rows = changes.get(account.sent, account.rows)
    return {each.key for each in items if isinstance(each, Call)}, [each for each in items if isinstance(each, Notice)]


def test_a_row_that_leaves_and_one_that_comes_later_do_not_make_up_for_the_one_that_was_skipped() -> None:
    """Six were counted at first and six were seen at last, but never the third."""
    # Sent are: the first page, nobody, the second page (from here on it is the second list), the third.
    account = Account(list("abcdef"), 2)
    found, notices = told(account, {2: list("bcdef"), 3: list("bcdefx")})
    assert found == set("abcdefx"), "the second reading is sound"
    assert notices == []
    assert account.sent == 7


def test_rows_that_change_places_in_every_reading_are_told_though_their_number_is_always_the_same() -> None:
    """Each reading misses another one: the third, then the second."""
    found, notices = told(Account(list("abcd"), 2), {2: list("cabd"), 4: list("bcad")})
    assert found == set("abcd")
    assert [(each.text, each.harm) for each in notices] == [(CHANGED, True)]


def test_a_number_that_is_wrong_for_ever_is_told_and_does_no_harm() -> None:
    class OneMore(Account):
        def send(self, request: Request) -> Answer:
            answer = super().send(request)
            page = json.loads(answer.body)
            return Answer(200, {}, json.dumps({**page, "total_records": page["total_records"] + 1}).encode())

    found, notices = told(OneMore(list("abc"), 2), {})
    assert found == set("abc")
    assert [(each.text, each.harm) for each in notices] == [
        ("the list of meetings (pastOne): Zoom counts 1 rows more than it gives.", False),
        ("the list of meetings (past): Zoom counts 1 rows more than it gives.", False),
    ]


# -- the same at a vendor that runs -----------------------------------------------------------------------

PAGES_OF_TWO = ZoomRules(limits=UNLIMITED, pages="smaller", small_page=2)
EARLY = datetime(2026, 11, 21, 2, tzinfo=UTC)


def held(letter: str, hours: float) -> Meeting:
    return meeting(f"{letter}L1o37VTaiN3IhHInJ0GAx==", at(hours), 1)


def after(part: str, change: Callable[[int], None]) -> Callable[[Vendor], Callable[[int, Asked], Response | None]]:
    """`change` is done after each answer to a request whose path holds a part; it gets its number."""
    times = 0

    def of(vendor: Vendor) -> Callable[[int, Asked], Response | None]:
        def intercept(_number: int, request: Asked) -> Response | None:
            nonlocal times
            if part not in request.path or "query_date_type" not in request.path:
                return None
            answer = vendor.answer(request)
            times += 1
            change(times)
            return answer

        return intercept

    return of


def test_a_meeting_that_comes_to_the_list_while_it_is_read_is_found_with_all_others(tmp_path: Path) -> None:
    meetings = [held(letter, 9 + number) for number, letter in enumerate("abcd")]
    came = held("z", 1)
    change = after("type=past&", lambda times: meetings.insert(0, came) if times == 1 else None)
    with zoom(meetings, SETTLED, rules=PAGES_OF_TWO) as vendor:
        vendor.server._intercept = change(vendor)
        night = ZoomNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.listed, ran.only.warnings) == (0, 5, [])
    assert set(night.levels()) == {each.uuid for each in meetings}
    # Two pages of four in the first reading, one more now; and three in the second.
    assert ran.only.repeated == 3


def test_a_list_that_changes_each_time_makes_the_day_partial_and_a_later_run_makes_it_whole(tmp_path: Path) -> None:
    meetings = [held(letter, 9 + number) for number, letter in enumerate("abcd")]
    gone = [held(letter, 20) for letter in "uvwxyz"]

    def change(_times: int) -> None:
        if gone:
            meetings.insert(0, gone.pop())

    with zoom(meetings, SETTLED, rules=PAGES_OF_TWO) as vendor:
        vendor.server._intercept = after("type=past&", change)(vendor)
        night = ZoomNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
        assert (ran.exit_code, ran.only.state, ran.only.settled) == (3, "partial", False)
        assert CHANGED in ran.only.warnings
        assert ran.only.failed == []

        gone.clear()
        again = night.set().harvest(DAY)
    assert (again.exit_code, again.only.state, again.only.settled) == (0, "complete", True)
    assert set(night.levels()) == {each.uuid for each in meetings}


def test_what_a_list_hides_by_losing_as_many_as_it_gains_is_found_by_the_next_night(tmp_path: Path) -> None:
    """The one thing that no number tells. Until a day has settled each night reads it again."""
    meetings = [held(letter, 9 + number) for number, letter in enumerate("abcd")]
    hidden = meetings[2].uuid

    def swap(times: int) -> None:
        if times == 1:
            meetings[0] = replace(meetings[0], start=at(-30), end=at(-29))
            meetings.append(held("z", 20))

    with zoom(meetings, EARLY, rules=PAGES_OF_TWO) as vendor:
        vendor.server._intercept = after("type=past&", swap)(vendor)
        night = ZoomNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
        assert hidden not in night.levels()

        vendor.now = EARLY + timedelta(days=1)
        again = night.later(vendor.now).harvest(DAY)
    assert again.exit_code == 0
    assert hidden in night.levels()
    assert len(night.conferences()) == 5
    assert any("no longer listed" in each for each in again.only.warnings)
