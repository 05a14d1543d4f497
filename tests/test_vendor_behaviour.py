"""The laws under every behaviour that the vendor's documents leave open, and under every fault by name."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harvesters.core.errors import Exit
from harvesters.sandbox import Rules
from harvesters.sandbox.opentok import faults
from harvesters.sandbox.opentok.faults import FAULTS
from harvesters.sandbox.opentok.switches import SWITCHES, switched
from tests.nights import Night, Ran, lake_lines, vendor
from tests.opentok_days import session

DAY = date(2026, 11, 18)
NOW = datetime(2026, 11, 19, 9, tzinfo=UTC)
CALM = Rules(rate_limit=None)
OPEN_VALUES = [(name, value) for name, values in SWITCHES.items() if name != "maintenance" for value in values[1:]]
HARMLESS = [name for name, fault in FAULTS.items() if fault.passes]
Sessions = dict[str, Any]


def at(hours: float, days: int = 0) -> timedelta:
    return timedelta(hours=hours, days=days)


def sessions_of_three_days() -> Sessions:
    """Reused sessions, meetings at both midnights and over them, more meetings than a page, equal meeting ids."""
    found = [
        session(0, day=DAY, start=at(23.9, -2), people=2, minutes=3, meetings=4, gap=24 * 60 - 3),
        session(1, day=DAY, start=at(0), people=2, minutes=3),
        session(2, day=DAY, start=at(0, 1), people=2, minutes=3),
        session(3, day=DAY, start=at(-0.2), people=2, minutes=30),
        session(4, day=DAY, start=at(23.8), people=3, minutes=30),
        session(5, day=DAY, start=at(8), people=2, minutes=3, meetings=12, gap=5),
        session(6, day=DAY, start=at(12), people=3, minutes=40, screens=1),
    ]
    return {each["sessionId"]: each for each in found}


class WithGhost(dict[str, Any]):
    """Sessions of which one is listed and cannot be had afterwards."""

    ghost = ""
    looks = 0

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as a dictionary's
        self.looks += key == self.ghost
        return default if key == self.ghost and self.looks > 1 else super().get(key, default)


def harvested(folder: Path, sessions: Mapping[str, Any], rules: Rules = CALM, **more: Any) -> tuple[Ran, Night]:
    with vendor(sessions, more.pop("now", NOW), rules=rules, **more) as source:
        night = Night(folder, source.now, source.url)
        return night.harvest(DAY), night


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("expected")
    ran, _ = harvested(folder, sessions_of_three_days())
    assert (ran.exit_code, ran.only.listed, ran.only.harvested) == (0, 5, 5)
    lines = lake_lines(folder)
    # The reused session, the one of the first midnight, the one before the second, twelve meetings, the long one.
    assert len(lake_lines(folder, "conference")) == 1 + 1 + 1 + 12 + 1
    return lines


@pytest.mark.parametrize(("switch", "value"), OPEN_VALUES)
def test_every_open_behaviour_gives_the_same_documents(
    tmp_path: Path, expected: list[bytes], switch: str, value: str
) -> None:
    ran, night = harvested(tmp_path, sessions_of_three_days(), switched(CALM, {switch: value}))
    assert (ran.exit_code, ran.only.state) == (0, "complete")
    assert lake_lines(tmp_path) == expected
    with vendor(sessions_of_three_days(), NOW, rules=switched(CALM, {switch: value})) as source:
        again = night.later(vendor_url=source.url).harvest(DAY)
    assert (again.exit_code, again.only.unchanged, again.counts("lake")["sent"]) == (0, 16, 0)


def test_all_open_behaviours_at_once_too(tmp_path: Path, expected: list[bytes]) -> None:
    last = {name: values[-1] for name, values in SWITCHES.items() if name != "maintenance"}
    ran, _ = harvested(tmp_path, sessions_of_three_days(), switched(CALM, last))
    assert (ran.exit_code, ran.only.state) == (0, "complete")
    assert lake_lines(tmp_path) == expected


@pytest.mark.parametrize("value", SWITCHES["bad-session"])
@pytest.mark.parametrize("status", SWITCHES["error-status"])
def test_a_session_that_cannot_be_had_is_named_and_the_others_come(
    tmp_path: Path, expected: list[bytes], value: str, status: str
) -> None:
    sessions = WithGhost(sessions_of_three_days())
    sessions |= {each["sessionId"]: each for each in [session(9, day=DAY, start=at(10), people=2, minutes=2)]}
    sessions.ghost = list(sessions)[-1]
    ran, _ = harvested(tmp_path, sessions, switched(CALM, {"bad-session": value, "error-status": status}))
    assert (ran.exit_code, ran.only.state, ran.only.listed, ran.only.harvested) == (Exit.PARTIAL, "partial", 6, 5)
    assert [each["key"] for each in ran.only.failed] == [sessions.ghost]
    assert lake_lines(tmp_path) == expected


@pytest.mark.parametrize("value", SWITCHES["refused-status"])
def test_a_refused_key_is_77_whatever_the_status(tmp_path: Path, value: str) -> None:
    with vendor({}, NOW, rules=switched(CALM, {"refused-status": value})) as source:
        night = Night(tmp_path, NOW, source.url, more={"OPENTOK_API_SECRET": "0" * 40})
        ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.state, source.requests) == (Exit.REFUSED, "failed", 2)


@pytest.mark.parametrize("value", SWITCHES["busy-status"])
def test_a_rate_limit_is_waited_for_whatever_the_status(tmp_path: Path, expected: list[bytes], value: str) -> None:
    night = Night(tmp_path, NOW)
    tight = Rules(rate_limit=3, retry_after=30)
    rules = switched(tight, {"busy-status": value})
    with vendor(sessions_of_three_days(), NOW, rules=rules, ticks=night.time.monotonic) as source:
        ran = replace(night, vendor_url=source.url).harvest(DAY)
    assert (ran.exit_code, lake_lines(tmp_path)) == (0, expected)
    assert ran.only.retried > 0


@pytest.mark.parametrize("value", ["503", "empty"])
def test_maintenance_loses_nothing(tmp_path: Path, expected: list[bytes], value: str) -> None:
    """At 05:00 UTC the vendor may have nothing to say; the day is not final, and the next run has it all."""
    early = NOW.replace(hour=5)
    ran, night = harvested(tmp_path, sessions_of_three_days(), switched(CALM, {"maintenance": value}), now=early)
    assert ran.only.state == {"503": "failed", "empty": "empty"}[value]
    assert not ran.only.settled
    with vendor(sessions_of_three_days(), NOW, rules=CALM) as source:
        later = night.later(NOW, vendor_url=source.url).harvest(DAY)
    assert (later.exit_code, later.only.harvested) == (0, 5)
    assert lake_lines(tmp_path) == expected


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_DRIP_S", 0.01)


@pytest.mark.usefixtures("brisk")
@pytest.mark.parametrize("fault", HARMLESS)
def test_what_passes_costs_time_and_nothing_else(tmp_path: Path, expected: list[bytes], fault: str) -> None:
    ran, _ = harvested(tmp_path, sessions_of_three_days(), faults=[fault])
    assert (ran.exit_code, ran.only.state) == (0, "complete"), ran.only.sentence()
    assert lake_lines(tmp_path) == expected


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("stuck-cursor", Exit.FAILED, "does not move"),
        ("maintenance", Exit.FAILED, "503"),
    ],
)
def test_what_stays_is_named_and_the_next_run_has_it_all(
    tmp_path: Path, expected: list[bytes], fault: str, code: Exit, said: str
) -> None:
    ran, night = harvested(tmp_path, sessions_of_three_days(), faults=[fault])
    assert (ran.exit_code, ran.only.state) == (code, "failed")
    assert said in ran.only.sentence()
    with vendor(sessions_of_three_days(), NOW, rules=CALM) as source:
        assert night.later(vendor_url=source.url).harvest(DAY).exit_code == 0
    assert lake_lines(tmp_path) == expected


def test_a_page_that_comes_twice_makes_no_twins(tmp_path: Path, expected: list[bytes]) -> None:
    ran, _ = harvested(tmp_path, sessions_of_three_days(), faults=["repeated-page"])
    assert (ran.exit_code, lake_lines(tmp_path)) == (0, expected)


@pytest.mark.parametrize(
    ("fault", "warning"), [("wrong-type", "unreadable 'audioPacketLoss'"), ("unknown-field", "region")]
)
def test_what_the_vendor_gets_wrong_is_said_and_costs_no_document(
    tmp_path: Path, expected: list[bytes], fault: str, warning: str
) -> None:
    ran, _ = harvested(tmp_path, sessions_of_three_days(), faults=[fault])
    # What cannot be read cannot be poor, so there are fewer issues of our own rules.
    kept = [line for line in lake_lines(tmp_path) if b'"source":"rule"' not in line]
    assert (ran.exit_code, len(kept)) == (0, sum(b'"source":"rule"' not in line for line in expected))
    said = " ".join(ran.only.warnings) + b" ".join(lake_lines(tmp_path, "participant")).decode()
    assert warning in said


def test_a_call_that_is_poorer_than_yesterday_is_kept_out_and_named(tmp_path: Path, expected: list[bytes]) -> None:
    _, night = harvested(tmp_path, sessions_of_three_days())
    with vendor(sessions_of_three_days(), NOW, rules=CALM, faults=["poorer"]) as source:
        ran = night.later(vendor_url=source.url).harvest(DAY)
    assert any("shrunk from" in warning for warning in ran.only.warnings)
    assert lake_lines(tmp_path) == expected
