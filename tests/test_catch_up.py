"""`catch-up`: which days are taken, in which order, what is fetched of them, and how the run ends."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.day import Day
from harvesters.core.destinations.lake import LakeDestination
from harvesters.core.locks import held
from harvesters.core.manifest import Loaded
from harvesters.core.schedule import Schedule
from harvesters.core.source import Limits
from harvesters.opentok import OpenTok
from harvesters.sandbox import Response
from harvesters.watch.brief import Brief, BriefLoaded, Digested
from harvesters.watch.catching_up import most_endangered_first, repairable
from harvesters.watch.standing import Found, Standing, standing
from harvesters.watch.survey import Watched
from tests import zoom_days
from tests.nights import Night, lake_lines, state, vendor
from tests.opentok_days import KEY, SECRET, session, session_id
from tests.opentok_faults import UNLIMITED, details, faulty, listed_day
from tests.schools import schools
from tests.shell import Shell
from tests.test_nightly import known
from tests.test_status import GONE_CALL, LOADED, LOST_CALL, NOW, _full, put, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from random import Random

    from harvesters.sandbox import Request

DAY = date(2026, 11, 18)
ACCOUNT = Watched("opentok", KEY, "default", OpenTok.limits)
KEPT = [f"10-{day}" for day in (31,)] + [f"11-{day:02}" for day in range(1, 20)]
"""The days that OpenTok still has on the 20th, as whole days."""


# -- which days -----------------------------------------------------------------------------------------


def taken(data_dir: Path, used: Sequence[str] = ("lake", "unreached:lake"), **more: Any) -> list[str]:
    return [each.day[5:] for each in repairable(data_dir, ACCOUNT, NOW, used, **more)]


def test_of_a_new_account_all_that_the_vendor_still_has(tmp_path: Path) -> None:
    assert taken(tmp_path) == KEPT


def test_of_a_window_the_days_in_it(tmp_path: Path) -> None:
    window = [Day(date(2026, 10, 29)), Day(date(2026, 10, 31)), Day(date(2026, 11, 20))]
    assert taken(tmp_path, window=window) == ["10-31"]


@pytest.mark.parametrize(
    ("day", "manifest", "repairs"),
    [
        ("11-17", {"settled": True, "has": LOADED, "state": "complete"}, False),
        ("11-17", {"settled": True, "has": LOADED, "state": "empty"}, False),
        ("11-17", {"settled": True, "has": {"lake": ""}, "state": "complete"}, True),
        ("11-17", {"settled": True, "has": {"lake": "", "another/vconf": ""}, "state": "failed"}, True),
        ("11-17", {"settled": True, "has": {**LOADED, "another/vconf": ""}, "state": "complete"}, False),
        ("11-16", {"settled": False, "has": LOADED, "state": "complete"}, True),
        ("11-18", {"settled": False, "has": LOADED, "state": "complete"}, False),
        ("11-18", {"settled": False, "has": LOADED, "state": ""}, True),
        ("11-18", {"settled": False, "has": LOADED, "state": "deferred"}, True),
        ("11-10", {"settled": False, "has": LOADED, "state": "partial", "calls": GONE_CALL}, True),
        ("11-10", {"settled": True, "has": LOADED, "state": "partial", "calls": LOST_CALL}, False),
        ("11-10", {"settled": True, "has": {"lake": ""}, "state": "partial", "calls": LOST_CALL}, True),
        # Judged anew, at no cost: the disk was full when nothing was owed.
        ("11-10", {"settled": True, "has": LOADED, "state": "failed"}, True),
        ("10-30", {"settled": False, "has": LOADED, "state": "failed"}, False),
        ("10-30", {"settled": False, "has": {"lake": ""}, "state": "failed"}, True),
        ("10-30", {"settled": True, "has": {}, "state": "failed", "destinations": {"unreached:lake": Loaded()}}, True),
        ("09-30", {"settled": True, "has": {**LOADED, "unreached:index": ""}, "state": "complete"}, False),
    ],
)
def test_a_day_is_taken_if_a_run_can_make_it_more_whole(
    tmp_path: Path, day: str, manifest: dict[str, Any], *, repairs: bool
) -> None:
    flags = {name: manifest.pop(name) for name in ("settled", "has")}
    put(tmp_path, told(known(day, **flags), **manifest))
    assert (day in taken(tmp_path)) is repairs
    assert [each for each in taken(tmp_path) if each != day] == [each for each in KEPT if each != day]


def test_a_day_that_was_never_harvested_and_is_forgotten_is_left(tmp_path: Path) -> None:
    put(tmp_path, told(known("10-25", settled=True, has=LOADED), state="complete"))
    assert "10-26" not in taken(tmp_path)


# -- in which order -------------------------------------------------------------------------------------

LIMITS = {"opentok": 21, "zoom": 180, "peermetrics": 28}


@given(
    days=st.lists(st.tuples(st.sampled_from(list(LIMITS)), st.integers(1, 200), st.booleans()), max_size=30),
    seed=st.randoms(),
)
@settings(max_examples=100, deadline=None)
def test_what_the_vendor_forgets_first_is_taken_first_and_what_is_archived_last(
    days: list[tuple[str, int, bool]], seed: Random
) -> None:
    """Whatever the accounts and days are, and in whatever order they were found."""

    def stands(vendor_: str, age: int, *, settled: bool) -> Standing:
        limits = Limits(timedelta(hours=32), timedelta(days=LIMITS[vendor_]), (), 1, 1)
        brief = known_brief(settled=settled)
        return standing(Found(brief, archive=True), Schedule(Day.of(NOW) + -age, limits, NOW), ["lake"])

    found = [((name, age, settled), stands(name, age, settled=settled)) for name, age, settled in days]
    seed.shuffle(found)
    ordered = most_endangered_first(found)
    assert sorted(map(str, ordered)) == sorted(map(str, found))
    left = [LIMITS[name] - age for (name, age, settled), _ in ordered if not settled and age < LIMITS[name]]
    assert left == sorted(left)
    # Settled, or no longer to be had: only what is archived can be done.
    idle = [settled or age >= LIMITS[name] for (name, age, settled), _ in ordered]
    assert idle == sorted(idle)


def known_brief(*, settled: bool) -> Brief:
    """A day whose one record the lake lacks."""
    return Brief(state="failed", settled=settled, records={"a": Digested("d")}, destinations={"lake": BriefLoaded()})


# -- the command ----------------------------------------------------------------------------------------


@contextmanager
def week(tmp_path: Path, now: datetime = NOW) -> Iterator[tuple[Night, Any, Any]]:
    """Three calls on each of three days; on the first a call is missing, the second was never harvested."""
    made = [session(n, day=date(2026, 11, on), people=1, minutes=1) for on in (16, 17, 18) for n in range(3)]
    with faulty(made, now) as (server, faults):
        night = Night(tmp_path / "data", now, server.url)
        faults.of[session_id(1, date(2026, 11, 16))] = "null"
        night.harvest(date(2026, 11, 16))
        night.later().harvest(date(2026, 11, 18))
        faults.of.clear()
        yield night, server, faults


def caught_up(night: Night, *arguments: str) -> tuple[int, list[tuple[str, str]], str]:
    """Exit code, days with their states, and what was said."""
    report = night.data_dir / "report.json"
    done = night.command("catch-up", "--report", str(report), *arguments)
    slices = json.loads(report.read_text())["slices"]
    return done.returncode, [(each["day"][5:], each["state"]) for each in slices], done.stderr


def test_only_what_is_missing_is_fetched_and_afterwards_all_is_whole(tmp_path: Path) -> None:
    with week(tmp_path) as (night, server, _):
        assert night.later().command("status", "--last", "5d").returncode == 3
        asked = server.requests
        code, days, said = caught_up(night.later(), "--last", "5d")
        bodies = server.asked(asked)
        assert code == 0, said
        assert days == [("11-15", "empty"), ("11-16", "complete"), ("11-17", "complete"), ("11-19", "empty")]
        assert said.startswith("4 days to catch up with, the most endangered first: opentok 46204972 2026-11-15 (15 ")
        assert details(bodies) == [
            session_id(1, date(2026, 11, 16)),
            *sorted((session_id(number, date(2026, 11, 17)) for number in range(3)), key=details(bodies).index),
        ]
        assert night.later().command("status", "--last", "5d").returncode == 0
        assert len(lake_lines(night.data_dir, "conference")) == 9
        asked = server.requests
        code, days, said = caught_up(night.later(), "--last", "5d")
        assert (code, days, server.requests) == (0, [], asked)
        assert said == "0 days (nothing to do), 0 calls, 0 requests, exit 0.\n"


def test_days_of_another_profile_of_privacy_are_warned_of_as_by_every_run(tmp_path: Path) -> None:
    with week(tmp_path) as (night, _, _):
        done = night.later(more={"PRIVACY": "minimal"}).command("catch-up", "--last", "5d")
    assert done.returncode == 0
    assert "1 day in lake with documents that are not of the privacy profile minimal: " in done.stderr


def test_a_call_whose_weekly_turn_has_not_come_is_asked_for_all_the_same(tmp_path: Path) -> None:
    """A nightly run asks for a failed call weekly once its day is a week old."""
    later = datetime(2026, 11, 25, 9, tzinfo=UTC)
    with week(tmp_path) as (night, server, faults):
        server.now = later
        faults.of[session_id(1, date(2026, 11, 16))] = "null"
        assert night.later(later).harvest(date(2026, 11, 16)).exit_code == 3
        faults.of.clear()
        asked = server.requests
        _, days, _ = caught_up(night.later(later), "--last", "9d")
        assert ("11-16", "complete") in days
        assert session_id(1, date(2026, 11, 16)) in details(server.asked(asked))


def test_a_dry_run_lists_the_days_with_a_forecast_and_writes_nothing(tmp_path: Path) -> None:
    with week(tmp_path) as (night, server, _):
        (night.data_dir / ".env").touch()
        before, asked = state(night.data_dir), server.requests
        done = night.later().command("catch-up", "--dry-run", "--last", "5d")
        assert (done.returncode, done.stdout) == (0, "")
        assert state(night.data_dir) == before
        assert details(server.asked(asked)) == []
        lines = done.stderr.splitlines()
        assert [line.split(" planned: ")[0] for line in lines[1:-1]] == [
            f"opentok {KEY} 2026-11-{on}" for on in (15, 16, 17, 19)
        ]
        assert "2026-11-16 planned: would fetch 1 of 3 calls in about 1 request" in done.stderr
        assert "2026-11-17 planned: would fetch 3 of 3 calls in about 1 request" in done.stderr
        assert lines[-1] == "4 days (4 planned), 4 calls to fetch in about 2 requests, exit 0."


def test_what_is_owed_is_loaded_also_of_a_day_that_the_vendor_forgot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tonight = datetime(2026, 11, 19, 2, tzinfo=UTC)
    made = [session(number, day=DAY, people=1, minutes=1) for number in range(2)]
    with vendor(made, tonight, rules=UNLIMITED) as server:
        night = Night(tmp_path / "data", tonight, server.url)
        with monkeypatch.context() as patch:
            patch.setattr(LakeDestination, "write", _full)
            assert night.harvest(DAY).exit_code == 1
        server.now = datetime(2026, 12, 20, 8, tzinfo=UTC)
        asked = server.requests
        code, days, said = caught_up(night.later(server.now), "--last", "33d")
        assert (code, days[-1]) == (0, ("11-18", "complete")), said
        # All others are days that the vendor has and nobody asked for; those come first.
        assert len(days) == 1 + 20
        assert "2026-11-18" not in {listed_day(body) for body in server.asked(asked)}
        assert len(lake_lines(night.data_dir, "conference")) == 2


def test_a_deadline_that_passes_ends_as_deferred_and_the_next_run_goes_on(tmp_path: Path) -> None:
    """The vendor tells us to wait for longer than the deadline allows."""
    made = [session(n, day=date(2026, 11, on), people=1, minutes=1) for on in (17, 18) for n in range(2)]
    busy = [True]

    def intercept(number: int, request: Request) -> Response | None:
        del number
        return Response(429, {"Retry-After": "3600"}) if busy[0] and details([request.body]) else None

    with vendor(made, NOW, intercept=intercept, rules=UNLIMITED) as server:
        night = Night(tmp_path / "data", NOW, server.url)
        code, days, said = caught_up(night, "--last", "3d", "--deadline", "30m")
        assert (code, days) == (75, [("11-17", "deferred"), ("11-18", "deferred"), ("11-19", "deferred")]), said
        busy[0] = False
        code, days, _ = caught_up(night.later(), "--last", "3d", "--deadline", "30m")
        assert (code, days) == (0, [("11-17", "complete"), ("11-18", "complete"), ("11-19", "empty")])


def test_several_vendors_are_taken_by_what_is_forgotten_first(tmp_path: Path) -> None:
    """OpenTok's days end within 21 days, Zoom's within six months: OpenTok comes first, whoever was asked for first."""
    shell = Shell(tmp_path)
    now = datetime(2026, 11, 21, 9, tzinfo=UTC)
    with ExitStack() as stack:
        zoom = stack.enter_context(zoom_days.served(zoom_days.everything(), lambda: now))
        server = stack.enter_context(vendor([session(0, day=DAY, people=1, minutes=1)], now, rules=UNLIMITED))
        shell.env |= {
            **zoom_days.environment(zoom),
            "OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET, "OPENTOK_URL": server.url,
            "VCONF_NOW": now.isoformat(),
        }  # fmt: skip
        done = shell("catch-up", "--last", "3d", "--source", "zoom", "--source", "opentok", "--report", "r.json")
    slices = json.loads((tmp_path / "r.json").read_text())["slices"]
    assert done.code == 0, done.err
    assert [(each["source"], each["day"][5:]) for each in slices] == [
        *(("opentok", f"11-{on}") for on in (18, 19, 20)),
        *(("zoom", f"11-{on}") for on in (18, 19, 20)),
    ]


def test_one_account_that_fails_and_one_that_is_locked_stop_no_other(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with schools(shell, {"default": "11", "school-a": "22", "school-b": "33"}), held(shell.data, "opentok", "22", NOW):
        done = shell("catch-up", "--last", "2d", "--report", "report.json", OPENTOK_API_SECRET="not-the-right-one")
    slices = json.loads((tmp_path / "report.json").read_text())["slices"]
    assert done.code == 77, done.err
    assert "opentok 22 is locked by" in done.err
    states = {(each["account"], each["day"][8:]): each["state"] for each in slices}
    assert states == {
        ("11", "18"): "failed",
        ("11", "19"): "failed",
        ("33", "18"): "complete",
        ("33", "19"): "empty",
    }


def test_accounts_are_taken_together_a_day_of_each_at_a_time(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with schools(shell, {"default": "11", "school-a": "22"}):
        done = shell("catch-up", "--last", "2d", "--report", "report.json")
    slices = json.loads((tmp_path / "report.json").read_text())["slices"]
    assert done.code == 0, done.err
    assert [(each["day"][8:], each["account"]) for each in slices] == [
        ("18", "11"), ("18", "22"), ("19", "11"), ("19", "22"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("catch-up --last soon", 2, "'soon' is not a length of time"),
        ("catch-up --deadline soon", 2, "'soon' is not a length of time"),
        ("catch-up --source zom", 2, "'zom' is not one of"),
        ("catch-up", 78, "no vendor is configured"),
        ("catch-up --source zoom", 78, "ZOOM_ACCOUNT_ID"),
    ],
)
def test_what_cannot_be_meant_or_done_is_said(tmp_path: Path, typed: str, code: int, said: str) -> None:
    done = Shell(tmp_path)(*typed.split())
    assert (done.code, done.out) == (code, "")
    assert said in done.err
