"""A day of peermetrics as its operator sees it: rooms are cut into conferences, whole, or loud in a sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from harvesters.core.errors import HarvestError
from harvesters.sandbox import Request, Response
from harvesters.sandbox.peermetrics import APP, Person, app_row, call, room, world
from harvesters.sandbox.peermetrics.faults import FAULTS
from harvesters.sandbox.peermetrics.switches import SWITCHES, switched
from tests.peermetrics_days import CONFERENCES, DAY, OTHER, ROOMS, SETTLED, at, everything
from tests.peermetrics_nights import (
    APP_ID,
    UNHURRIED,
    PeermetricsNight,
    deaf,
    flags,
    peermetrics,
    rewriting,
    rows,
    slice_of,
    terminal,
)
from tests.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harvesters.sandbox.peermetrics import BuiltRoom, Call
    from tests.nights import Ran

BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
DAYS = (BEFORE, DAY, AFTER)
COUNTS = {"conference": 5, "participant": 10, "stream": 40, "sample": 152, "issue": 6}
"""Of `everything`: five calls of two people, each with two streams either way; 38 reports of each of the four kinds."""


def counts(night: PeermetricsNight) -> dict[str, int]:
    """Without the issues of our own rules, which follow from what was measured."""
    return {kind: sum(not _of_a_rule(each) for each in night.documents(kind)) for kind in COUNTS}


def _of_a_rule(document: Mapping[str, Any]) -> bool:
    return bool(document["vconf"].get("issue", {}).get("source") == "rule")


def starts(night: PeermetricsNight) -> list[str]:
    """The minutes in which the lake's conferences began."""
    return sorted(each["@timestamp"][11:16] for each in night.documents())


def day_of(rooms: list[BuiltRoom], folder: Path, now: datetime = SETTLED) -> PeermetricsNight:
    """A machine that has harvested the day of these rooms whole."""
    with peermetrics(rooms, now) as vendor:
        night = PeermetricsNight.at(folder, vendor)
        assert night.harvest(DAY).exit_code == 0
    return night


# -- the day as a whole -----------------------------------------------------------------------------------


def test_a_day_is_whole_and_a_settled_one_costs_only_the_list_of_apps(tmp_path: Path) -> None:
    with peermetrics(everything()) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
        assert ran.exit_code == 0
        mine, other = slice_of(ran), slice_of(ran, str(OTHER["id"]))
        # Of the usual app: weekly, night, cleaned, and the lobby, which has no conference.
        assert (mine.listed, mine.harvested, mine.without_conference) == (4, 3, 1)
        assert (other.listed, other.harvested, other.without_conference) == (1, 1, 0)
        assert counts(night) == COUNTS
        assert not vendor.paths("/graphs")
        asked = len(vendor.paths())
        assert night.later().harvest(DAY).exit_code == 0
        assert vendor.paths()[asked:] == ["/v1/apps"]
        assert vendor.server.app.writes == []
        assert {each.method for each in vendor.server.log} == {"GET"}


def test_a_day_that_is_harvested_again_is_the_same_to_the_byte(tmp_path: Path) -> None:
    with peermetrics(everything()) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        night.harvest(DAY)
        archive = night.store(DAY).archive.read_bytes()
        again = night.later().harvest(DAY, again=True)
    assert again.exit_code == 0
    assert night.store(DAY).archive.read_bytes() == archive
    assert counts(night) == COUNTS


def test_every_document_tells_its_app_and_its_room(tmp_path: Path) -> None:
    with peermetrics(everything()) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        night.harvest(DAY)
    apps = {APP_ID: "Sample App", str(OTHER["id"]): "Other App"}
    for kind in COUNTS:
        for each in night.documents(kind):
            assert each["vconf"]["conference"]["parent_id"] in CONFERENCES
            assert each["vconf"]["conference"]["name"] == each["vconf"]["conference"]["parent_id"].capitalize()
            if kind != "sample":
                assert each["service"]["name"] == apps[each["cloud"]["account"]["id"]]
    conference = night.documents()[0]
    assert conference["vconf"]["extra"] == {"app.organization": str(APP["organization"]), "app.interval": "10000"}


# -- rooms are not calls ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("sfu", "topology"), [(True, "sfu"), (False, "p2p")])
def test_a_conference_tells_how_its_people_were_connected(tmp_path: Path, sfu: bool, topology: str) -> None:  # noqa: FBT001 - a table
    people = [Person(name) for name in ("Ana", "Ben", "Cyd")]
    with peermetrics([room("one", [call(at(9), 2, people, sfu=sfu)])]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
    (conference,) = night.documents()
    assert conference["vconf"]["topology"] == topology
    assert len(night.documents("participant")) == 3, "an SFU is nobody"


def test_a_room_that_is_a_year_old_and_used_every_day_is_found_by_its_activity(tmp_path: Path) -> None:
    """Its row was made long before the day, so no list of the day's rooms has it."""
    used = [call(at(9 + 24 * day), 0.3) for day in range(-25, 3)]
    old = room("daily", used, created_at="2025-11-20 09:00:00")
    with peermetrics([old]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
        made = [each for each in vendor.parameters("/conferences?") if "created_at_gte" in each]
        assert [each["created_at_gte"][:10] for each in made] == ["2026-11-20"]
    assert starts(night) == ["09:00"]
    (document,) = night.documents()
    assert document["vconf"]["conference"]["duration_s"] < 20, "of this call, not of all of them"


def test_a_stable_room_gives_the_same_record_whatever_else_happens_in_it_later(tmp_path: Path) -> None:
    """Running totals of the room's row change with each call; a record does not hold them."""
    first, later = call(at(9), 0.3), call(at(33), 0.3)
    with peermetrics([room("weekly", [first])]) as vendor:
        before = PeermetricsNight.at(tmp_path / "a", vendor)
        before.harvest(DAY)
    with peermetrics([room("weekly", [first, later])]) as vendor:
        after = PeermetricsNight.at(tmp_path / "b", vendor)
        after.harvest(DAY)
    digests = [[each.digest for each in night.manifest(DAY).records.values()] for night in (before, after)]
    assert digests[0] == digests[1]


def alone(start: datetime, minutes: float, name: str = "Ana", heard: float | None = None) -> Call:
    """A call of one person, with whom nobody is connected; a tab that crashes if it is told until which second."""
    crash = "unload" if heard is None else "crash"
    return call(start, minutes, [Person(name, ends=crash, custom=[] if heard is None else [(heard, 7)])])


OVER_MIDNIGHT = [
    # From 23:50 to 00:05, and whoever came at 00:04 until 00:12.
    room("late", [alone(at(24 - 1 / 6), 15), alone(at(24 + 4 / 60), 8, "Ben")]),
    # Nine minutes of silence, over midnight.
    room("bridged", [alone(at(23.9), 2), alone(at(24 + 5 / 60), 1)]),
    # Eleven minutes.
    room("pause", [alone(at(23.9), 4), alone(at(24 + 9 / 60), 1)]),
    # A crashed tab that was heard of until 23:58, nine minutes before somebody came.
    room("crashed", [alone(at(23.9), 5, heard=240), alone(at(24 + 7 / 60), 1, "Ben")]),
    # One that was heard of until 23:55.
    room("lost", [alone(at(23.9), 5, heard=60), alone(at(24 + 7 / 60), 1, "Ben")]),
    room("noon", [alone(at(hours), 1) for hours in (-12, 12, 36)]),
    # Every hour but for nine minutes, from the evening before these days on: so it is of none of them.
    room("always", [alone(at(-24.5 + number), 51) for number in range(75)]),
]
EXPECTED = {
    BEFORE: {("noon", "12:00")},
    DAY: {("late", "23:50"), ("noon", "12:00"), *((each, "23:54") for each in ("bridged", "pause", "crashed", "lost"))},
    AFTER: {("pause", "00:09"), ("lost", "00:07"), ("noon", "12:00")},
}


def keys(night: PeermetricsNight, days: tuple[date, ...]) -> dict[date, dict[str, str]]:
    """The digests of the archive's records by day."""
    return {each: {name: entry.digest for name, entry in night.manifest(each).records.items()} for each in days}


def test_rooms_over_midnight_give_the_same_records_in_any_order_of_days(tmp_path: Path) -> None:
    with peermetrics(OVER_MIDNIGHT) as vendor:
        by_order = {}
        for order in ((BEFORE, DAY, AFTER), (AFTER, DAY, BEFORE), (DAY, AFTER, BEFORE)):
            night = PeermetricsNight.at(tmp_path / "-".join(map(str, order)), vendor)
            for each in order:
                assert night.later().harvest(each).exit_code == 0
            by_order[order] = keys(night, DAYS)
        at_once = PeermetricsNight.at(tmp_path / "at once", vendor)
        assert at_once.harvest(*DAYS).exit_code == 0
        twice = PeermetricsNight.at(tmp_path / "twice", vendor)
        for days in ((BEFORE, DAY), (DAY, AFTER), (BEFORE, AFTER)):
            assert twice.later().harvest(*days, again=True).exit_code == 0
    expected = keys(at_once, DAYS)
    assert keys(twice, DAYS) == expected
    for found in by_order.values():
        assert found == expected
    told: dict[date, set[tuple[str, str]]] = {}
    for name, start in at_once.conferences():
        told.setdefault(date.fromisoformat(start[:10]), set()).add((name, start[11:16]))
    assert told == EXPECTED


def test_ten_minutes_without_anybody_hold_together_and_more_do_not(tmp_path: Path) -> None:
    """A session's row is 50 ms younger than its start, so the pauses are 10 minutes, and a millisecond more."""
    first = call(at(9), 1, [Person("Ana", connects=False)])
    exact = first.start + timedelta(minutes=11) - timedelta(milliseconds=50)
    found = {}
    for pause, start in {"ten minutes": exact, "more": exact + timedelta(milliseconds=1)}.items():
        # The row of the first session ends 80 ms before its call, with `beforeunload`.
        second = call(start - timedelta(milliseconds=80), 1, [Person("Ben", connects=False)])
        found[pause] = starts(day_of([room("r", [first, second])], tmp_path / pause))
    assert found == {"ten minutes": ["09:00"], "more": ["09:00", "09:10"]}


def test_who_was_only_in_the_lobby_had_no_conference(tmp_path: Path) -> None:
    with peermetrics([ROOMS["lobby"]]) as vendor:
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
        assert "/stats" not in vendor.calls
    assert (ran.exit_code, ran.only.listed, ran.only.without_conference) == (0, 1, 1)


def test_a_session_that_comes_in_late_and_bridges_two_conferences_names_the_one_that_is_left_over(
    tmp_path: Path,
) -> None:
    early, late = call(at(9), 1), call(at(9.25), 1)
    bridge = call(at(9) + timedelta(seconds=50), 10, ["Chloé"])
    with peermetrics([room("weekly", [early, late])]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        night.harvest(DAY)
        second = next(each for each in night.documents() if each["@timestamp"][11:16] == "09:15")
    with peermetrics([room("weekly", [early, late, bridge])]) as vendor:
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY, again=True)
    assert ran.exit_code == 0
    (warning,) = [each for each in ran.only.warnings if "no longer gives it" in each]
    session = second["event"]["id"].rpartition("/")[2]
    assert session in warning
    assert ran.only.harvested == 1


# -- endings ----------------------------------------------------------------------------------------------


def ended(night: PeermetricsNight) -> dict[str, tuple[str | None, list[str]]]:
    """Each participant's end, to the second, and the flags; the conference's under an empty name."""
    found = {"": night.documents()[0]}
    found |= {each["user"]["full_name"]: each for each in night.documents("participant")}
    return {name: ((each["event"].get("end") or "")[11:19] or None, flags(each)) for name, each in found.items()}


def test_a_crashed_tab_ends_with_the_last_that_was_heard_of_it(tmp_path: Path) -> None:
    """Connected after 2.05 s, Ana reports 10 and 20 s later; Ben leaves properly after a minute."""
    people = [Person("Ana", leaves=30, ends="crash"), Person("Ben")]
    night = day_of([room("weekly", [call(at(9), 1, people)])], tmp_path)
    assert ended(night) == {
        "": ("09:00:59", []),
        "Ana": ("09:00:22", ["end_estimated"]),
        "Ben": ("09:00:59", []),
    }


@pytest.mark.parametrize("cleanup", ["off", "on"])
def test_a_room_that_a_job_closed_half_a_day_later_ended_when_it_was_last_heard_of(
    tmp_path: Path, cleanup: str
) -> None:
    """The server says 43,200 s; of the last call 22 s can be told, also from what the clean-up left."""
    people = [Person("Ana", ends="crash"), Person("Ben", ends="crash")]
    rooms = [room("weekly", [call(at(9), 0.4, people, stale_job=12)])]
    with peermetrics(rooms, rules=switched(UNHURRIED, {"cleanup": cleanup})) as vendor:
        row = vendor.server.app._rooms.find(rooms[0].id, SETTLED)
        assert row is not None
        assert row.conference["duration"] == 43_198, "twelve hours, from the first connection on"
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
    left = ["summary_only"] if cleanup == "on" else []
    assert ended(night) == {
        "": ("09:00:22", ["end_estimated", *left]),
        "Ana": ("09:00:22", ["end_estimated"]),
        "Ben": ("09:00:22", ["end_estimated"]),
    }


def test_who_lost_a_tab_and_came_again_was_there_as_long_as_it_reported(tmp_path: Path) -> None:
    """Three rows every ten seconds: an hour of the second session hides the first from the newest 200 rows."""
    people = [Person("Ana", leaves=900, ends="crash"), Person("Ana", joins=1260), Person("Ben", stats="none")]
    night = day_of([room("weekly", [call(at(9), 35, people)])], tmp_path)
    sessions = [each for each in night.documents("participant") if each["user"]["full_name"] == "Ana"]
    first = min(sessions, key=lambda each: each["@timestamp"])
    # Connected at 2.05 s, so the last report is 890 s later: 14:52.
    assert (first["event"]["end"][11:19], flags(first)) == ("09:14:52", ["end_estimated"])


def test_a_session_of_which_nothing_was_heard_ends_as_it_began(tmp_path: Path) -> None:
    silent = Person("Ana", ends="crash", connects=False, media="none")
    night = day_of([room("weekly", [call(at(9), 1, [silent])])], tmp_path)
    (person,) = night.documents("participant")
    assert "end" not in person["event"]
    assert flags(person) == ["end_missing"]


@pytest.mark.parametrize("how", ["unload", "endCall", "removed"])
def test_the_ends_that_somebody_tells_are_no_guess(tmp_path: Path, how: str) -> None:
    night = day_of([room("weekly", [call(at(9), 1, [Person("Ana", ends=how), Person("Ben", ends=how)])])], tmp_path)
    assert ended(night)[""] == ("09:00:59" if how != "endCall" else "09:01:00", [])
    ended_by = {each["peermetrics"]["ended_by"] for each in night.documents("participant")}
    assert ended_by == {"endCall" if how == "endCall" else "unload"}


def test_a_call_that_goes_on_has_no_end_and_is_whole_later(tmp_path: Path) -> None:
    rooms = [room("long", [call(at(23.9), 30, 2)]), room("over", [call(at(9), 0.3)])]
    with peermetrics(rooms, at(24)) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
        assert ran.exit_code == 0
        first = {each["peermetrics"]["room"]: each for each in night.documents()}
        assert flags(first["long"]) == ["end_missing", "ongoing"]
        assert "end" not in first["long"]["event"]
        assert all(
            flags(each) == ["end_missing", "ongoing"]
            for each in night.documents("participant")
            if each["peermetrics"]["conference_id"] == rooms[0].id
        )
        assert flags(first["over"]) == []
        few = len(night.documents("sample"))
        vendor.now = at(26)
        assert night.later(vendor.now).harvest(DAY).exit_code == 0
    second = {each["peermetrics"]["room"]: each for each in night.documents()}
    assert set(second) == {"long", "over"}
    assert flags(second["long"]) == []
    assert second["long"]["event"]["end"][:19] == "2026-11-21T00:23:59"
    assert second["long"]["vconf"]["conference"]["id"] == first["long"]["vconf"]["conference"]["id"]
    assert len(night.documents("sample")) > 4 * few


def test_a_tab_that_was_quiet_for_ten_minutes_is_not_there_any_more(tmp_path: Path) -> None:
    lost = [Person("Ana", ends="crash"), Person("Ben", ends="crash")]
    found = {}
    for minutes in (9, 11):
        with peermetrics([room("r", [call(at(9), 1, lost)])], at(9) + timedelta(seconds=52, minutes=minutes)) as vendor:
            night = PeermetricsNight.at(tmp_path / str(minutes), vendor)
            night.harvest(DAY)
        found[minutes] = flags(night.documents()[0])
    assert found == {9: ["end_missing", "ongoing"], 11: ["end_estimated"]}


# -- apps, and days that there are not --------------------------------------------------------------------


def test_a_soft_deleted_app_is_passed_over_with_a_word(tmp_path: Path) -> None:
    gone = app_row("c0ffee00-3c60-4b0c-9d53-0f6d1f7e2a11", "Deleted App")
    rooms = world(ROOMS["weekly"], apps=(APP, gone), deleted=[str(gone["id"])])
    with peermetrics(rooms) as vendor:
        done = terminal(Shell(tmp_path), vendor)("peermetrics", "--date", str(DAY), "--destination", "lake")
    assert done.code == 0, done.err
    assert f"app {gone['id']} was removed at the server: passed over." in done.err
    assert "complete: 1 of 1 calls" in done.err


@pytest.mark.parametrize(("days", "code"), [(28, 0), (29, 1), (31, 1)])
def test_a_day_older_than_the_sessions_is_refused_with_the_oldest_that_there_is(
    tmp_path: Path, days: int, code: int
) -> None:
    """The server gives sessions for 30 days, and a day's first conference depends on the day before it."""
    day = date(2026, 11, 24) - timedelta(days=days)
    with peermetrics([room("r", [call(datetime(day.year, day.month, day.day, 9, tzinfo=UTC), 0.3)])]) as vendor:
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(day)
        asked = len(vendor.paths())
    assert ran.exit_code == code
    assert (asked == 1) is bool(code), "but for the apps nothing is asked"
    assert ("the oldest possible day is 2026-10-27" in ran.only.reason) is bool(code)
    assert ran.only.harvested == (0 if code else 1)


# -- the server's habits ----------------------------------------------------------------------------------

CLEANED = {**COUNTS, "stream": 12, "sample": 0}
"""Of a summary there is a stream for each report that had a row of its own, and of a room only the last call's.

So two in `night` and in `cleaned` for what each of four people sent by Chrome, two more for what Ana received by an old
one, and two for Dan in `other`: Cleo's Firefox has no such rows. The last call of `weekly` is of the next day.
"""


@pytest.mark.parametrize(
    ("switch", "value"), [(name, value) for name, (_, *others) in SWITCHES.items() for value in others], ids=str
)
def test_a_day_is_whole_whatever_the_server_is_like(tmp_path: Path, switch: str, value: str) -> None:
    with peermetrics(everything(), rules=switched(UNHURRIED, {switch: value})) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
        assert vendor.server.app.writes == []
    assert ran.exit_code == 0
    if (switch, value) == ("cleanup", "on"):
        assert counts(night) == CLEANED
        gone = [each for each in slice_of(ran).warnings if "its statistics are gone" in each]
        assert len(gone) == 2, "of the room whose summary is of a later call"
        assert slice_of(ran).warnings == gone
    else:
        assert counts(night) == COUNTS
        assert [each.warnings for each in ran.report.slices] == [[], []]


def test_everything_odd_at_once_is_whole_too(tmp_path: Path) -> None:
    odd = {"paging": "off", "conference-list": "ids", "stamps": "seconds", "devices": "null", "geo": "null"}
    with peermetrics(everything(), rules=switched(UNHURRIED, {**odd, "platform": "null"})) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
    assert counts(night) == COUNTS


WHOLE = {
    "429", "502", "503", "504", "reset", "slow", "cut", "repeated-page", "growing",
    "counters-down", "bad-stamps", "with-zone", "no-totals", "wrong-totals",
}  # fmt: skip
"""Faults that a good client gets over, or that lists of one page, and who asks for no totals, do not meet."""
LOUD = {
    "401": (77, "a proxy in front of the server wants a login"),
    "login-page": (1, "perhaps a proxy's login page"),
    "no-route": (1, "check PEERMETRICS_URL and its prefix"),
    "429-always": (75, "too many requests (429)"),
    "500-always": (1, "500 with 2 bytes"),
    "removed": (3, "The requested conference does not exist"),
    "broken": (3, "/sessions failed 3 times"),
    "slow-unpaged": (1, "504 with 33 bytes of text/html"),
    "wrong-count": (3, "rows more than it gives"),
    "ignored-filter": (1, "the list of conferences: the server gave those of another app"),
}
ODD = {
    "app-gone": "was removed at the server: passed over.",
    "no-data": "statistics without a time or content",
    "wrong-type": "unreadable 'bytesReceived'",
    "unknown-field": "unknown member 'new_field'",
}
"""Faults after which the exit code is 0, with a word of what was odd."""
SOMETIMES = {"500": (500, b'""'), "not-json": (200, b'{"data":['), "empty": (200, b""), "html": (200, b"<html>")}
"""Faults that end a call if one request meets them three times."""
UNSEEN = {"late-stats", "lost-row"}
"""What comes in later cannot be known, nor what a list without a count leaves out; for those with one see the fetch."""


def test_every_fault_is_in_one_of_the_tables() -> None:
    tables = [WHOLE, set(LOUD), set(ODD), set(SOMETIMES), UNSEEN]
    assert set().union(*tables) == set(FAULTS)
    assert sum(map(len, tables)) == len(FAULTS)


def outcome(ran: Ran) -> str:
    return " ".join(text for each in ran.report.slices for text in (each.sentence(), *each.warnings))


@pytest.mark.parametrize("fault", sorted(WHOLE - {"slow"}))
def test_a_fault_that_passes_costs_nothing(tmp_path: Path, fault: str) -> None:
    with peermetrics(everything(), faults=[fault]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
        assert vendor.server.app.writes == []
    assert ran.exit_code == 0, outcome(ran)
    assert counts(night) == COUNTS


@pytest.mark.parametrize("fault", sorted(set(LOUD) - {"401", "login-page", "no-route", "429-always", "500-always"}))
def test_a_fault_that_stays_is_loud_and_the_rest_is_there(tmp_path: Path, fault: str) -> None:
    code, says = LOUD[fault]
    with peermetrics(everything(), faults=[fault]) as vendor:
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
        assert vendor.server.app.writes == []
    assert ran.exit_code == code
    assert says in outcome(ran)


@pytest.mark.parametrize("fault", ["401", "login-page", "no-route", "429-always", "500-always"])
def test_a_fault_that_leaves_no_way_ends_the_command_with_its_code(tmp_path: Path, fault: str) -> None:
    code, says = LOUD[fault]
    with peermetrics(everything(), faults=[fault]) as vendor, pytest.raises(HarvestError, match=r".") as caught:
        PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
    assert (caught.value.exit_code, says in str(caught.value)) == (code, True)


@pytest.mark.parametrize("fault", ODD)
def test_what_is_odd_is_said(tmp_path: Path, fault: str) -> None:
    with peermetrics(everything(), faults=[fault]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
    assert ran.exit_code == 0
    assert ODD[fault] in outcome(ran)
    if fault in {"wrong-type", "unknown-field"}:
        assert counts(night) == COUNTS, "nothing else is lost"


@pytest.mark.parametrize("fault", SOMETIMES)
def test_a_call_that_was_not_had_is_named_and_had_the_next_night(tmp_path: Path, fault: str) -> None:
    with peermetrics(everything()) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        of_room = ROOMS["weekly"].id

        def intercept(_number: int, request: Request) -> Response | None:
            about = of_room in request.path and "/v1/sessions" in request.path
            return Response(SOMETIMES[fault][0], {}, SOMETIMES[fault][1]) if about else None

        vendor.server._intercept = intercept
        ran = night.harvest(DAY)
        asked = vendor.paths("/sessions", of_room)
        vendor.server._intercept = None
        again = night.later().harvest(DAY)
    assert (int(ran.exit_code), len(slice_of(ran).failed), slice_of(ran).harvested) == (3, 1, 2)
    assert "/sessions failed 3 times, the last time with" in slice_of(ran).sentence()
    assert len(asked) == 3
    assert again.exit_code == 0
    assert counts(night) == COUNTS


def test_a_worker_that_retires_costs_a_second_request(tmp_path: Path) -> None:
    def retiring(number: int, _request: Request) -> None:
        if number % 7 == 0:
            raise ConnectionResetError

    with peermetrics(everything(), intercept=retiring) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
    assert ran.exit_code == 0
    assert counts(night) == COUNTS
    assert sum(each.retried for each in ran.report.slices) >= 5


# -- statistics before summaries --------------------------------------------------------------------------


def test_statistics_that_no_clean_up_deleted_are_not_deleted_by_us(tmp_path: Path) -> None:
    """With the clean-up on and no summary yet, a single question for it would delete them."""
    rules = switched(UNHURRIED, {"cleanup": "on", "summaries": "missing"})
    with peermetrics(everything(), rules=rules) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
        assert not vendor.paths("/graphs")
        assert not vendor.server.app._summaries._asked, "nothing was built, so nothing was deleted"
        assert night.later().harvest(DAY, again=True).exit_code == 0
    assert counts(night) == COUNTS


def test_of_statistics_that_were_cleaned_up_streams_are_left_and_say_so(tmp_path: Path) -> None:
    rooms = [room("cleaned", [call(at(12), 0.5, 2)])]
    with peermetrics(rooms, rules=switched(UNHURRIED, {"cleanup": "on"})) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
        assert len(vendor.paths("/graphs")) == 1
    streams = night.documents("stream")
    assert [flags(each) for each in streams] == [["summary_only"]] * 4
    assert night.documents("sample") == []
    assert {each["vconf"]["stream"]["direction"] for each in streams} == {"sent"}
    assert {each["user"]["full_name"] for each in streams} == {"Ana", "Ben"}


def test_what_was_once_fetched_with_statistics_is_not_replaced_by_what_a_clean_up_left(tmp_path: Path) -> None:
    rooms = [room("r", [call(at(9), 0.5, 2)])]
    with peermetrics(rooms) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
    whole = len(night.documents("sample"))
    with peermetrics(rooms, rules=switched(UNHURRIED, {"cleanup": "on"})) as vendor:
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY, again=True)
    assert any("less detail (level 1 after 2); the old one is kept" in each for each in ran.only.warnings)
    assert len(night.documents("sample")) == whole > 0


def test_a_summary_that_is_not_built_yet_is_waited_for_and_one_that_never_is_is_named(tmp_path: Path) -> None:
    people = [Person("Ana", stats="none"), Person("Ben", stats="none")]
    rooms = [room("r", [call(at(9), 0.5, people)])]
    with peermetrics(rooms, rules=switched(UNHURRIED, {"summaries": "missing"})) as vendor:
        assert PeermetricsNight.at(tmp_path / "a", vendor).harvest(DAY).exit_code == 0
        assert len(vendor.paths("/graphs")) == 2
        rewriting(vendor, lambda _request, body: body.update(building=True, summary=None), "/graphs")
        ran = PeermetricsNight.at(tmp_path / "b", vendor).harvest(DAY)
    assert ran.exit_code == 3
    assert "still building the summary" in ran.only.sentence()


def test_a_room_in_use_again_is_not_asked_for_a_summary_of_an_older_call(tmp_path: Path) -> None:
    """The newer call's statistics are there, and asking could delete them."""
    silent = [Person("Ana", stats="none"), Person("Ben", stats="none")]
    rooms = [room("r", [call(at(9), 0.5, silent), call(at(33), 0.5)])]
    rules = switched(UNHURRIED, {"cleanup": "on", "summaries": "missing"})
    with peermetrics(rooms, rules=rules) as vendor:
        assert PeermetricsNight.at(tmp_path, vendor).harvest(DAY).exit_code == 0
        assert not vendor.paths("/graphs")


# -- filters that are ignored -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "path", "says"),
    [
        (("appId",), "/sessions", "missing_parameters"),
        (("created_at_gte", "created_at_lt"), "/connections", "rows of another time"),
        (("created_at_gte", "created_at_lt"), "/issues", "missing_parameters"),
        (("type",), "/events", "the server gave statistics"),
        (("conferenceId",), "/sessions", "missing_parameters"),
    ],
)
def test_a_parameter_that_the_server_does_not_know_is_noticed(
    tmp_path: Path, names: tuple[str, ...], path: str, says: str
) -> None:
    with peermetrics(everything()) as vendor:
        deaf(vendor, *names, path=path)
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
    assert ran.exit_code == 1
    assert says in outcome(ran)


@pytest.mark.parametrize(
    ("path", "member", "says"),
    [
        ("/v1/sessions?appId", "app", "the list of sessions: the server gave those of another app"),
        ("/v1/connections?appId", "app", "the list of connections: the server gave those of another app"),
        ("/v1/conferences?appId", "app", "the list of conferences: the server gave those of another app"),
        ("/v1/sessions?conferenceId", "conference", "the server gave those of another conference"),
        ("/v1/stats?participantId", "participant", "the server gave those of another participant"),
    ],
)
def test_rows_that_nobody_asked_for_are_noticed(tmp_path: Path, path: str, member: str, says: str) -> None:
    with peermetrics(everything()) as vendor:

        def foreign(_request: Request, body: dict[str, Any]) -> None:
            for each in body["results"] if "results" in body else body["data"]:
                each[member] = "ffffffff-ffff-4fff-bfff-ffffffffffff"

        rewriting(vendor, foreign, path)
        ran = PeermetricsNight.at(tmp_path, vendor).harvest(DAY)
    assert ran.exit_code == 1
    assert says in outcome(ran)


def test_rows_of_the_archive_are_those_that_the_server_has(tmp_path: Path) -> None:
    """Everything of the conference's sessions, as it was received."""
    with peermetrics([ROOMS["weekly"]]) as vendor:
        night = PeermetricsNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
        held = vendor.server.app._rooms.find(ROOMS["weekly"].id, SETTLED)
    assert held is not None
    found = rows(night)
    assert len(found) == 2
    for key, kinds in found.items():
        sessions = {each["id"] for each in kinds["session"]}
        assert key[1] in sessions
        for kind, whole in {"connection": held.connections, "event": held.events, "stats": held.stats}.items():
            mine = {each["id"]: each for each in whole if each["session"] in sessions}
            assert {each["id"]: each for each in kinds[kind]} == mine
        mine = {each["id"]: each for each in held.issues if each["session"] in sessions}
        told = {each["id"]: each for each in kinds.get("issue", ())}
        assert {name: mine[name] | each for name, each in told.items()} == told
        assert set(told) == set(mine)
