"""`--strict`: a run that would end well ends with 3 where there is a warning; what is odd is told to watchdogs too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from harvesters.core.anomaly import Anomaly
from harvesters.core.errors import Exit
from harvesters.core.report import RunReport, SliceReport
from harvesters.core.run import finish
from tests.nights import Night, vendor
from tests.odd_days import SENTENCE, WEDNESDAY, after, calls, four_weeks, harvested
from tests.opentok_days import KEY
from tests.opentok_faults import UNLIMITED
from tests.watchdog import bodies, events, watchdog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINE = ("--date", str(WEDNESDAY), "--destination", "lake")


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """A machine that harvested four Wednesdays of calls; the fifth has none."""
    with vendor(four_weeks(), after(WEDNESDAY), rules=UNLIMITED) as opentok:
        yield harvested(opentok, Night(tmp_path, after(WEDNESDAY), opentok.url))


def test_a_silent_day_ends_with_0_and_strictly_with_3(night: Night, tmp_path: Path) -> None:
    usual = night.command("-q", "opentok", *LINE)
    assert (usual.returncode, usual.stderr) == (0, "")
    strict = night.command("-q", "opentok", *LINE, "--strict", "--report", "report.json")
    assert strict.returncode == 3
    assert strict.stderr.splitlines() == [
        f"opentok {KEY} 2026-11-18 empty: 0 of 0 calls; lake: nothing new.",
        f"  warning: {SENTENCE}",
        "1 day (1 empty), 0 calls, 0 requests, exit 3.",
    ]
    report = json.loads((tmp_path / "report.json").read_text())
    (slice_,) = report["slices"]
    assert (report["run"]["exit_code"], slice_["state"], slice_["warnings"]) == (3, "empty", [SENTENCE])
    assert night.manifest(WEDNESDAY).state == "empty"


def test_all_vendors_together_are_as_strict_as_one(night: Night) -> None:
    assert [night.command("all", *LINE, *strict).returncode for strict in ((), ("--strict",))] == [0, 3]


def test_catching_up_is_strict_about_what_it_took(night: Night) -> None:
    done = night.command("catch-up", "--last", "2d", "--destination", "lake", "--strict")
    assert done.returncode == 3
    assert f"  warning: {SENTENCE}" in done.stderr.splitlines()
    again = night.command("catch-up", "--last", "2d", "--destination", "lake", "--strict")
    assert (again.returncode, again.stderr) == (0, "0 days (nothing to do), 0 calls, 0 requests, exit 0.\n")


def test_any_warning_will_do_and_none_is_fine(tmp_path: Path) -> None:
    for number, (fault, code) in enumerate({"": 0, "wrong-type": 3}.items()):
        faults = [fault] if fault else []
        with vendor(calls(WEDNESDAY), after(WEDNESDAY), rules=UNLIMITED, faults=faults) as opentok:
            night = Night(tmp_path / str(number), after(WEDNESDAY), opentok.url)
            done = night.command("opentok", *LINE, "--strict")
        assert (done.returncode, "unreadable" in done.stderr) == (code, bool(fault))


@pytest.mark.parametrize("code", [each for each in Exit if each not in {Exit.OK, Exit.PARTIAL}])
def test_what_did_not_end_well_keeps_its_code(code: Exit) -> None:
    odd = SliceReport("zoom", "a", "2026-11-18", exit_code=Exit.OK, anomalies=[Anomaly("no_calls", "conferences", "")])
    for others, expected in (([], Exit.PARTIAL), ([code], code)):
        report = RunReport("1", "all", "0", "2026-11-20T09:00:00.000Z", slices=[odd])
        finish(report, after(WEDNESDAY), others, strict=True)
        assert report.exit_code is expected
        assert odd.exit_code is Exit.OK


def test_a_watchdog_hears_what_is_odd_and_of_a_failure_only_strictly(night: Night) -> None:
    with watchdog() as dog:
        night.command("opentok", *LINE, "--ping-url", dog.url)
        night.command("opentok", *LINE, "--ping-url", dog.url, "--strict")
    assert events(dog) == ["/start", "", "/start", "/fail"]
    assert bodies(dog)[3].splitlines() == [
        "1 day (1 empty), 0 calls, 0 requests, exit 3.",
        f"opentok {KEY} 2026-11-18 empty: 0 of 0 calls",
        f"  odd: {SENTENCE}",
    ]


def test_metrics_say_how_much_was_odd_in_the_last_run(night: Night, tmp_path: Path) -> None:
    name = f'vconf_account_anomalies{{source="opentok",account="{KEY}"}}'
    for day, number in ((WEDNESDAY, 1), (WEDNESDAY.replace(day=11), 0)):
        night.command("opentok", "--date", str(day), "--destination", "lake", "--metrics-file", "vconf.prom")
        assert f"{name} {number}" in (tmp_path / "vconf.prom").read_text().splitlines()
