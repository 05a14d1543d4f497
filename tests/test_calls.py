"""What a run fetches of a day: in which order, how often a call that fails is tried, and what replaces what."""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harvesters.core.day import Day, iso
from harvesters.core.fetching import to_fetch
from harvesters.core.manifest import CallState, Manifest
from harvesters.core.schedule import Schedule
from harvesters.core.source import Call
from harvesters.opentok import OpenTok
from harvesters.sandbox import Request, Response
from tests.nights import Night, Ran, Vendor, lake_lines, state, vendor
from tests.opentok_days import KEY, session, session_id
from tests.opentok_faults import UNLIMITED, Faults, asked_for, details, faulty

DAY = date(2026, 11, 1)
NEXT = date(2026, 11, 2)
LATE = datetime(2026, 11, 4, 9, tzinfo=UTC)
"""Both days have settled."""


def ids(*numbers: int) -> list[str]:
    return [session_id(number, DAY) for number in numbers]


def calls(number: int, minutes: float = 1, day: date = DAY) -> list[Any]:
    start = timedelta(hours=9)
    return [session(i, day=day, start=start + timedelta(hours=i), people=2, minutes=minutes) for i in range(number)]


def morning(night: int) -> datetime:
    """08:00 of a day of November."""
    return datetime(2026, 11, night, 8, tzinfo=UTC)


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One call in each request."""
    monkeypatch.setattr(OpenTok, "limits", replace(OpenTok.limits, batch=1))


@pytest.fixture
def opentok() -> Iterator[tuple[Vendor, Faults]]:
    with faulty(calls(5), LATE) as found:
        yield found


def night_of(server: Vendor, folder: Path, now: datetime) -> Night:
    server.now = now
    return Night(folder, now, server.url)


def nightly(night: Night, again: bool = False) -> Ran:  # noqa: FBT001, FBT002 - a flag of the command
    """A nightly run, of this day alone."""
    with night.shop(["lake"], nightly=True, again=again) as shop:
        return night.work(shop, [DAY])


# -- the order -----------------------------------------------------------------------------------------

BEFORE, AFTER = "2026-11-02T08:00:00.000Z", "2026-11-03T08:00:00.000Z"
"""Before the day settled, and the instant at which it did."""


def states() -> Manifest:
    """One call of each state, in the worst order."""
    return Manifest(
        "opentok",
        KEY,
        str(DAY),
        calls={
            "final": CallState("fetched", level=2, fetched=AFTER),
            "early": CallState("fetched", level=2, fetched=BEFORE),
            "poor": CallState("fetched", level=1, fetched=AFTER),
            "none, early": CallState("none", fetched=BEFORE),
            "none, final": CallState("none", fetched=AFTER),
            "lost": CallState("lost", tried=BEFORE, permanent=True),
            "failed": CallState("failed", tried="2026-11-03T08:00:00.000Z"),
            "listed only": CallState("missing"),
        },
    )


@pytest.mark.parametrize(
    ("night", "options", "fetched"),
    [
        (4, {}, ["listed only", "new", "failed", "early", "poor", "none, early"]),
        # A week after its day a failed call is tried once a week: last on the 3rd, so next on the 10th.
        (9, {"nightly": True}, ["listed only", "new", "early", "poor", "none, early"]),
        (10, {"nightly": True}, ["listed only", "new", "failed", "early", "poor", "none, early"]),
        # Who names the day is not put off.
        (9, {}, ["listed only", "new", "failed", "early", "poor", "none, early"]),
        (
            9,
            {"again": True, "nightly": True},
            ["listed only", "new", "failed", "final", "early", "poor", "none, early", "none, final", "lost"],
        ),
    ],
)
def test_never_fetched_calls_come_first_then_failed_ones_then_those_not_final(
    night: int, options: dict[str, bool], fetched: list[str]
) -> None:
    manifest = states()
    listed = [*map(Call, manifest.calls), Call("new")]
    when = Schedule(Day(DAY), OpenTok.limits, morning(night))
    found = to_fetch(listed, manifest, when, **{"again": False, "nightly": False, **options})
    assert [call.key for call in found] == fetched


@pytest.mark.usefixtures("one_by_one")
def test_the_order_on_the_wire(opentok: tuple[Vendor, Faults], tmp_path: Path) -> None:
    server, faults = opentok
    faults.of = {ids(2)[0]: "troubled"}
    faults.unlisted = set(ids(4))
    night_of(server, tmp_path, morning(2)).harvest(DAY, concurrency=1)
    faults.unlisted = set()
    since = server.requests
    night_of(server, tmp_path, morning(3)).harvest(DAY, concurrency=1)
    assert details(server.asked(since)) == ids(4, 2, 0, 1, 3)


# -- calls that fail -----------------------------------------------------------------------------------


def test_a_failed_call_is_tried_nightly_for_a_week_and_then_weekly(
    opentok: tuple[Vendor, Faults], tmp_path: Path
) -> None:
    server, faults = opentok
    faults.of = {ids(3)[0]: "null"}
    tried, failed = [], []
    for night in range(2, 22):
        since = server.requests
        ran = nightly(night_of(server, tmp_path, morning(night)))
        failed.append([each["key"] for each in ran.only.failed])
        if ids(3)[0] in details(server.asked(since)):
            tried.append(night)
        assert (ran.exit_code, ran.only.state, ran.only.settled) == (3, "partial", False)
    # Its day ended on the 2nd at 00:00; seven days later it is the 9th. The vendor forgets it on the 22nd.
    assert tried == [2, 3, 4, 5, 6, 7, 8, 15]
    assert failed == [ids(3)] * 20
    state = night_of(server, tmp_path, morning(22)).manifest(DAY).calls[ids(3)[0]]
    assert (state.tries, state.since, state.tried) == (8, iso(morning(2)), iso(morning(15)))


def test_a_call_that_the_vendor_says_is_gone_is_lost_three_nights_after_the_day_settled(
    opentok: tuple[Vendor, Faults], tmp_path: Path
) -> None:
    server, faults = opentok
    gone = ids(1)[0]
    faults.of = {gone: "gone"}
    seen = {}
    for day in range(2, 7):
        since = server.requests
        night = night_of(server, tmp_path, morning(day))
        ran = nightly(night)
        assert (ran.exit_code, ran.only.state) == (3, "partial")
        assert gone in details(server.asked(since))
        seen[day] = (night.manifest(DAY).calls[gone].state, ran.only.settled)
    # Settled from the 3rd, 08:00, on; three nights later it is the 6th.
    assert seen == {
        2: ("failed", False),
        3: ("failed", False),
        4: ("failed", False),
        5: ("failed", False),
        6: ("lost", True),
    }
    # Later nights neither try nor count it: the day has settled, and no night takes it.
    since = server.requests
    later = night_of(server, tmp_path, morning(7)).harvest()
    assert (later.exit_code, str(DAY) in later.days) == (0, False)
    assert gone not in details(server.asked(since))
    # Who asks for the day is told, and nobody asks the vendor.
    since = server.requests
    told = night_of(server, tmp_path, morning(8)).harvest(DAY)
    assert (told.exit_code, told.only.state, server.requests - since) == (3, "partial", 0)
    assert told.only.failed == [{"key": gone, "reason": "the session was not found (error 1017)"}]
    assert (told.only.listed, told.only.harvested) == (5, 4)


def test_a_lost_call_that_is_found_again_makes_the_day_whole(opentok: tuple[Vendor, Faults], tmp_path: Path) -> None:
    server, faults = opentok
    faults.of = {ids(1)[0]: "gone"}
    night = night_of(server, tmp_path, morning(6))
    assert nightly(night).only.settled
    assert night.manifest(DAY).calls[ids(1)[0]].state == "lost"
    faults.of = {}
    found = nightly(night_of(server, tmp_path, morning(7)), again=True)
    assert (found.exit_code, found.only.state, found.only.harvested) == (0, "complete", 5)
    assert len(lake_lines(tmp_path, "conference")) == 5


def test_a_lost_call_stays_named_when_the_vendor_lists_it_no_longer(
    opentok: tuple[Vendor, Faults], tmp_path: Path
) -> None:
    server, faults = opentok
    faults.of = {ids(1)[0]: "gone"}
    nightly(night_of(server, tmp_path, morning(6)))
    faults.unlisted = set(ids(1))
    ran = nightly(night_of(server, tmp_path, morning(7)), again=True)
    assert (ran.exit_code, ran.only.state, ran.only.listed, ran.only.harvested) == (3, "partial", 5, 4)
    assert [each["key"] for each in ran.only.failed] == ids(1)


# -- calls that change ---------------------------------------------------------------------------------


@pytest.fixture
def changing() -> Iterator[tuple[Vendor, dict[str, Any]]]:
    """A vendor whose sessions a test may exchange."""
    sessions = {each["sessionId"]: each for each in calls(2, minutes=20)}
    with vendor(sessions, LATE, rules=UNLIMITED) as server:
        yield server, sessions


def conference(folder: Path, number: int) -> Any:  # noqa: ANN401 - a document
    found = map(json.loads, lake_lines(folder, "conference"))
    (only,) = [each for each in found if each["vconf"]["conference"]["parent_id"] == ids(number)[0]]
    return only


def cut(minutes: float) -> Any:  # noqa: ANN401 - an answer
    """The first call with the measurements of its first minutes alone."""
    whole = calls(1, minutes=20)[0]
    meeting = whole["meetings"]["resources"][0]
    for stream in (*meeting["publishers"]["resources"], *meeting["subscribers"]["resources"]):
        rows = stream["streamStatsCollection"]["resources"]
        stream["streamStatsCollection"]["resources"] = rows[: int(minutes * 2)]
    return whole


def test_an_ongoing_call_is_fetched_until_it_has_ended(changing: tuple[Vendor, dict[str, Any]], tmp_path: Path) -> None:
    server, sessions = changing
    running = cut(5)
    running["meetings"]["resources"][0]["destroyedAt"] = None
    sessions[ids(0)[0]] = running
    first = nightly(night_of(server, tmp_path, morning(2)))
    assert (first.exit_code, first.only.settled) == (0, False)
    begun = conference(tmp_path, 0)
    assert "ongoing" in begun["vconf"]["flags"]
    assert "end" not in begun["event"], "no end is invented"

    # Even long after the day has settled.
    since = server.requests
    second = nightly(night_of(server, tmp_path, morning(4)))
    assert (second.exit_code, second.only.settled) == (0, False)
    assert ids(0)[0] in details(server.asked(since))
    assert conference(tmp_path, 0) == begun, "nothing new, nothing changed"

    sessions[ids(0)[0]] = calls(1, minutes=20)[0]
    since = server.requests
    third = nightly(night_of(server, tmp_path, morning(5)))
    assert (third.exit_code, third.only.settled) == (0, True)
    # The other call has been final since the 4th.
    assert details(server.asked(since)) == ids(0)
    ended = conference(tmp_path, 0)
    assert "ongoing" not in ended["vconf"].get("flags", [])
    assert ended["event"]["end"] == "2026-11-01T09:20:00.000Z"
    assert (begun["event"]["created"], ended["event"]["created"]) == (iso(morning(2)), iso(morning(5)))
    assert len(lake_lines(tmp_path, "conference")) == 2


def test_a_changed_record_is_later_than_the_one_it_replaces_though_the_clock_stands_still(
    changing: tuple[Vendor, dict[str, Any]], tmp_path: Path
) -> None:
    server, sessions = changing
    night = night_of(server, tmp_path, morning(2))
    sessions[ids(0)[0]] = cut(18)
    night.harvest(DAY)
    sessions[ids(0)[0]] = cut(19)
    night.later().harvest(DAY)
    assert conference(tmp_path, 0)["event"]["created"] == "2026-11-02T08:00:00.001Z"
    assert conference(tmp_path, 1)["event"]["created"] == "2026-11-02T08:00:00.000Z"


@pytest.mark.parametrize(("minutes", "taken"), [(10, True), (9, False)])
def test_a_call_that_lost_half_of_its_rows_is_kept_out_until_somebody_asks_for_it(
    changing: tuple[Vendor, dict[str, Any]], tmp_path: Path, minutes: float, *, taken: bool
) -> None:
    """It had 40 rows in each of four streams: half of them is not yet too few, 18 in each are."""
    server, sessions = changing
    nightly(night_of(server, tmp_path, morning(2)))
    before = lake_lines(tmp_path)
    sessions[ids(0)[0]] = cut(minutes)
    ran = nightly(night_of(server, tmp_path, morning(3)))
    assert (ran.exit_code, lake_lines(tmp_path) != before) == (0, taken)
    assert [each for each in ran.only.warnings if "--again" in each] == [
        each for each in ran.only.warnings if ids(0)[0] in each and "shrunk from" in each
    ]
    assert bool(ran.only.warnings) is not taken
    again = nightly(night_of(server, tmp_path, morning(4)), again=True)
    assert (again.exit_code, again.only.warnings) == (0, [])
    assert len(lake_lines(tmp_path, "sample")) < len([line for line in before if b'"type":"sample"' in line])


def test_a_call_that_is_archived_and_no_longer_listed_is_a_warning(
    opentok: tuple[Vendor, Faults], tmp_path: Path
) -> None:
    server, faults = opentok
    nightly(night_of(server, tmp_path, morning(2)))
    before = lake_lines(tmp_path)
    faults.unlisted = set(ids(3))
    ran = nightly(night_of(server, tmp_path, morning(3)))
    assert (ran.exit_code, ran.only.state, ran.only.listed, ran.only.harvested) == (0, "complete", 4, 4)
    assert ran.only.warnings == [f"call {ids(3)[0]} is in the archive but no longer listed by the vendor."]
    assert lake_lines(tmp_path) == before


def test_a_call_that_failed_and_is_no_longer_listed_is_still_missing(
    opentok: tuple[Vendor, Faults], tmp_path: Path
) -> None:
    server, faults = opentok
    faults.of = {ids(3)[0]: "null"}
    nightly(night_of(server, tmp_path, morning(2)))
    faults.unlisted = set(ids(3))
    ran = nightly(night_of(server, tmp_path, morning(3)))
    assert (ran.exit_code, ran.only.state, ran.only.listed, ran.only.harvested) == (3, "partial", 5, 4)
    assert ran.only.warnings == [f"call {ids(3)[0]} is missing but no longer listed by the vendor."]


def test_a_call_of_which_the_vendor_no_longer_knows_a_meeting_keeps_it_and_is_a_warning(
    opentok: tuple[Vendor, Faults], tmp_path: Path
) -> None:
    server, faults = opentok
    nightly(night_of(server, tmp_path, morning(2)))
    before = lake_lines(tmp_path)
    faults.of = {ids(3)[0]: "no meetings"}
    ran = nightly(night_of(server, tmp_path, morning(3)))
    assert (ran.exit_code, ran.only.harvested, ran.only.without_conference) == (0, 5, 0)
    (warning,) = ran.only.warnings
    assert ids(3)[0] in warning
    assert "the vendor no longer gives it" in warning
    assert lake_lines(tmp_path) == before
    assert ran.only.settled


def test_a_meeting_that_comes_twice_is_kept_once_and_the_same_every_night(tmp_path: Path) -> None:
    """Two meetings with one id and one start: nothing tells them apart, so the first is the meeting."""
    twins = calls(1)[0]
    other = calls(1, minutes=3)[0]["meetings"]["resources"][0]
    twins["meetings"]["resources"].append(other)
    with vendor([twins], LATE, rules=UNLIMITED) as server:
        first = nightly(night_of(server, tmp_path, morning(2)))
        before = lake_lines(tmp_path)
        second = nightly(night_of(server, tmp_path, morning(3)))
    for ran in (first, second):
        assert (ran.exit_code, len(ran.only.warnings)) == (0, 1)
        assert "twice" in ran.only.warnings[0]
    assert lake_lines(tmp_path) == before
    assert len(lake_lines(tmp_path, "conference")) == 1


def test_what_the_vendor_sends_and_nobody_knows_is_named(tmp_path: Path) -> None:
    """A new member of the statistics."""

    def newer(number: int, request: Request) -> Response:
        del number
        response = server.answer(request)
        return replace(response, body=response.body.replace(b'"audioCodec":', b'"novelty":7,"audioCodec":'))

    with vendor(calls(2), LATE, newer, rules=UNLIMITED) as server:
        ran = Night(tmp_path, LATE, server.url).harvest(DAY)
    assert (ran.exit_code, ran.only.state) == (0, "complete")
    # Two calls with two publishers and two subscribers each.
    assert ran.only.warnings == ["the vendor sent 8 x unknown member 'novelty'"]


# -- what ends a run early -----------------------------------------------------------------------------

Spoiled = Callable[[int, Request], Response | None]


def from_the(nth: int, response: Response) -> Spoiled:
    """From the n-th request for details on, this answer."""
    seen: list[str] = []

    def spoil(number: int, request: Request) -> Response | None:
        del number
        seen.extend(asked_for(request.body))
        return response if len(set(seen)) >= nth and asked_for(request.body) else None

    return spoil


@pytest.mark.usefixtures("one_by_one")
@pytest.mark.parametrize(
    ("response", "code", "state", "says"),
    [
        (Response(502, {}, b"bad gateway"), 1, "failed", "502"),
        (Response(429, {"Retry-After": "10800"}), 75, "deferred", "beyond the deadline; come back after"),
        (Response(401, {}, b"no"), 77, "failed", "refused"),
    ],
)
def test_what_came_before_an_error_is_kept_and_the_next_run_fetches_the_rest(
    tmp_path: Path, response: Response, code: int, state: str, says: str
) -> None:
    with vendor(calls(5), LATE, from_the(3, response), rules=UNLIMITED) as server:
        night = Night(tmp_path, LATE, server.url)
        ran = night.harvest(DAY, concurrency=1)
        assert (ran.exit_code, ran.only.state, ran.only.settled) == (code, state, False)
        assert says in ran.only.reason
        assert (ran.only.listed, ran.only.harvested) == (5, 2)
        assert [each["key"] for each in ran.only.failed] == ids(2, 3, 4)
        assert len(lake_lines(tmp_path, "conference")) == 2
        server.server._intercept = None
        since = server.requests
        rest = night.later().harvest(DAY)
        assert (rest.exit_code, rest.only.state, rest.only.harvested) == (0, "complete", 5)
        assert sorted(details(server.asked(since))) == sorted(ids(2, 3, 4))
    with vendor(calls(5), LATE, rules=UNLIMITED) as server:
        Night(tmp_path / "whole", LATE, server.url).harvest(DAY)
    assert lake_lines(tmp_path) == lake_lines(tmp_path / "whole")


@pytest.mark.parametrize(
    ("response", "code", "requests"),
    [
        # A token is renewed once.
        (Response(401, {}, b"no"), 77, 2),
        (Response(429, {"Retry-After": "10800"}), 75, 1),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_stopped_account_does_not_ask_the_vendor_for_further_days(
    tmp_path: Path, response: Response, code: int, requests: int, *, dry_run: bool
) -> None:
    with vendor(calls(1), LATE, lambda *_: response, rules=UNLIMITED) as server:
        ran = Night(tmp_path, LATE, server.url).harvest(DAY, NEXT, date(2026, 11, 3), dry_run=dry_run)
        assert server.requests == requests
    assert ran.exit_code == code
    assert [each.exit_code for each in ran.report.slices] == [code] * 3
    assert len({each.reason for each in ran.report.slices}) == 1


def test_an_error_of_one_day_does_not_keep_the_next_from_its_own(tmp_path: Path) -> None:
    def broken(number: int, request: Request) -> Response | None:
        del number
        return Response(502) if b"2026-11-01T" in request.body else None

    sessions = [*calls(1), *calls(2, day=NEXT)]
    with vendor(sessions, LATE, broken, rules=UNLIMITED) as server:
        ran = Night(tmp_path, LATE, server.url).harvest(DAY, NEXT)
    assert [(each.state, each.exit_code) for each in ran.report.slices] == [("failed", 1), ("complete", 0)]
    assert ran.exit_code == 1


def test_an_answer_of_an_unexpected_form_is_a_failed_day_also_in_a_dry_run(tmp_path: Path) -> None:
    body = b'{"data":{"project":{"sessionData":{"sessionSummaries":{"resources":{"not":"a list"}}}}}}'
    with vendor(calls(1), LATE, lambda *_: Response(200, {}, body), rules=UNLIMITED) as server:
        night = Night(tmp_path, LATE, server.url)
        dry = night.harvest(DAY, dry_run=True)
        assert state(tmp_path) == {}
        real = night.later().harvest(DAY)
    for ran in (dry, real):
        assert (ran.exit_code, ran.only.state) == (1, "failed")
        assert "unexpected form" in ran.only.reason
    assert dry.only.reason == real.only.reason


@pytest.mark.usefixtures("one_by_one")
def test_an_interruption_keeps_what_came_and_the_next_run_completes_the_day(tmp_path: Path) -> None:
    """Ctrl-C while the third call is on its way; it still arrives, and no other is asked for."""
    stop = threading.Event()

    def interrupt(number: int, request: Request) -> None:
        del request
        if number == 1 + 3:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            assert stop.wait(20)

    with vendor(calls(5), LATE, interrupt, rules=UNLIMITED) as server:
        night = Night(tmp_path, LATE, server.url)
        with night.shop(["lake"], concurrency=1) as shop:
            shop.clock = replace(shop.clock, stop=stop)
            assert shop.port
            shop.port.clock = shop.clock
            ran = night.work(shop, [DAY, NEXT])
        assert (ran.exit_code, ran.days) == (130, [str(DAY)])
        assert (ran.only.state, ran.only.harvested) == ("partial", 3)
        assert "the next run goes on from there" in ran.only.reason
        assert not (tmp_path / "lake").exists(), "who interrupts does not want to wait for a load"
        since = server.requests
        rest = night.later().harvest(DAY)
        assert (rest.exit_code, rest.only.harvested) == (0, 5)
        assert sorted(details(server.asked(since))) == sorted(ids(3, 4))
    assert len(lake_lines(tmp_path, "conference")) == 5
