"""What a day costs at the vendor, counted there: what the budget allows, and not one of the dear requests."""

from __future__ import annotations

import math
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from harvesters.sandbox.zoom import HOST, UNLIMITED, Host, Meeting, ZoomRules, meeting
from tests.zoom_days import DAY, SETTLED, at
from tests.zoom_nights import (
    HOSTS,
    MEETINGS,
    OF_HOST,
    PEOPLE,
    PRO,
    QUALITY,
    REPORTED,
    TOKEN,
    Vendor,
    ZoomNight,
    flags,
    straight,
    zoom,
)

if TYPE_CHECKING:
    from pathlib import Path

    from harvesters.sandbox import Request, Response
    from tests.nights import Ran

SHARING = "/metrics/meetings/{meetingId}/participants/sharing"
WEBINARS = "/metrics/webinars"
OTHERS = Host("oThErHoStOfTheAccount0", "other@example.com", "Otto Other")


def uuid_of(number: int) -> str:
    """The first hundred begin with a slash, or have two in a row."""
    begin = "/" if number < 50 else "a//" if number < 100 else "x"
    return f"{begin}{number:0{22 - len(begin)}d}=="


def day_of(number: int, people: int, first: int = 0) -> list[Meeting]:
    """So many meetings of a minute with so many people, spread over the day."""
    return [
        meeting(uuid_of(each), at(0) + timedelta(seconds=80 * each), 1, people=people)
        for each in range(first, first + number)
    ]


def expected(meetings: int, alone: int, people: int) -> dict[str, int]:
    """The budget as the issue has it, by endpoint."""
    return {
        TOKEN: 1,
        MEETINGS: max(1, math.ceil(meetings / 300)) + max(1, math.ceil(alone / 300)),
        PEOPLE: meetings * math.ceil(people / 300) + alone,
        QUALITY: meetings * math.ceil(people / 10) + alone,
    }


def assert_never_dear(vendor: Vendor) -> None:
    """Nothing by meeting number, nothing at a single meeting or participant, and each page as large as it may be."""
    for request in vendor.server.log:
        path = request.path.partition("?")[0]
        assert path.endswith(("/oauth/token", "/metrics/meetings", "/participants", "/participants/qos")), path
        assert not any(part.isdecimal() for part in path.split("/")), path
    for part, size in (("/metrics/meetings?", "300"), ("/participants?", "300"), ("/qos?", "10")):
        assert {each["page_size"] for each in vendor.parameters(part)} == {size}


def fetched(night: ZoomNight) -> Ran:
    """Fetch the day into the archive, and no further."""
    with night.shop([]) as shop:
        shop.destinations.clear()
        return night.work(shop, [DAY])


class Gate:
    """Holds the first requests about people until so many are there, and sees how many are there at most."""

    def __init__(self, threads: int) -> None:
        self._all_there = threading.Barrier(threads)
        self._lock = threading.Lock()
        self._held = threads
        self._there = self.most = self.met = 0

    def __call__(self, _number: int, request: Request) -> Response | None:
        if "/participants?" not in request.path:
            return None
        with self._lock:
            self._there += 1
            self._held -= 1
            first = self._held >= 0
            self.most = max(self.most, self._there)
        if first:
            self._all_there.wait(60)
        with self._lock:
            self._there -= 1
            self.met += first
        return None


def test_a_thousand_meetings_of_twelve_cost_what_the_budget_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [*day_of(1000, people=12), *day_of(20, people=1, first=1000)]
    with zoom(held, SETTLED) as vendor:
        straight(vendor, monkeypatch)
        night = ZoomNight.at(tmp_path, vendor)
        ran = fetched(night)
        # 1 + (4 + 1) + 1,020 + (2,000 + 20), as a pocket calculator has it.
        assert vendor.calls == {TOKEN: 1, MEETINGS: 5, PEOPLE: 1020, QUALITY: 2020} == expected(1000, 20, 12)
        assert_never_dear(vendor)
        assert len(vendor.server.log) == 3046
    assert (ran.exit_code, ran.only.harvested, ran.only.requests) == (0, 1020, 3046)
    assert (ran.only.retried, ran.only.repeated) == (0, 0)
    assert ran.only.quotas == [{"day": "2026-11-24", "used": 3045, "share": 36_000, "whole": 60_000}]
    assert list(night.levels().values()) == [2] * 1020


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_as_many_meetings_are_asked_for_at_once_as_the_run_may(tmp_path: Path, threads: int) -> None:
    """Or the gate before the vendor would never open."""
    gate = Gate(threads)
    with zoom(day_of(12, people=12), SETTLED, intercept=gate) as vendor:
        ran = ZoomNight.at(tmp_path, vendor).harvest(DAY, concurrency=threads)
        assert vendor.calls == {TOKEN: 1, MEETINGS: 2, PEOPLE: 12, QUALITY: 24} == expected(12, 0, 12)
        assert_never_dear(vendor)
    assert (ran.exit_code, ran.only.harvested, ran.only.requests) == (0, 12, 39)
    assert (gate.met, gate.most) == (threads, threads)
    sent = {kind: each["sent"] for kind, each in ran.only.as_json()["destinations"]["lake"].items()}
    assert (sent["conference"], sent["participant"], sent["stream"]) == (12, 144, 288)


@pytest.mark.parametrize("people", [2, 10, 11, 300, 301])
def test_people_and_quality_cost_a_request_for_each_page_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, people: int
) -> None:
    with zoom(day_of(2, people), SETTLED) as vendor:
        straight(vendor, monkeypatch)
        night = ZoomNight.at(tmp_path, vendor)
        ran = fetched(night)
        assert vendor.calls == expected(2, 0, people)
        assert_never_dear(vendor)
    assert (ran.exit_code, ran.only.harvested) == (0, 2)
    # A row for each person, and a minute of each.
    assert [each.rows for each in night.manifest(DAY).records.values()] == [2 * people] * 2


@pytest.mark.parametrize(("several", "alone"), [(0, 0), (300, 1), (301, 0), (1, 301)])
def test_lists_cost_a_request_for_each_page_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, several: int, alone: int
) -> None:
    held = [*day_of(several, people=2), *day_of(alone, people=1, first=several)]
    with zoom(held, SETTLED) as vendor:
        straight(vendor, monkeypatch)
        ran = fetched(ZoomNight.at(tmp_path, vendor, ZOOM_QUALITY="no"))
        costs = {name: number for name, number in expected(several, alone, 2).items() if number and name != QUALITY}
        assert vendor.calls == costs
    assert (ran.exit_code, ran.only.harvested) == (0, several + alone)


def test_what_is_not_asked_for_is_not_paid_for(tmp_path: Path) -> None:
    held = [*day_of(3, people=2), meeting("w" * 22 + "==", at(20), 1, people=2, webinar=True)]
    costs: dict[str, dict[str, int]] = {}
    wanted = {
        "usual": {},
        "no quality": {"ZOOM_QUALITY": "no"},
        "sharing": {"ZOOM_SHARING": "yes"},
        "webinars": {"ZOOM_WEBINARS": "yes"},
    }
    for name, settings in wanted.items():
        with zoom(held, SETTLED) as vendor:
            night = ZoomNight.at(tmp_path / name, vendor).set(**settings)
            assert night.harvest(DAY).exit_code == 0
            costs[name] = vendor.calls
    usual = {TOKEN: 1, MEETINGS: 2, PEOPLE: 3, QUALITY: 3}
    of_webinars = {path.replace("meeting", "webinar"): 1 for path in (PEOPLE, QUALITY)}
    assert costs == {
        "usual": usual,
        "no quality": {name: number for name, number in usual.items() if name != QUALITY},
        "sharing": {**usual, SHARING: 3},
        "webinars": {**usual, WEBINARS: 1, **of_webinars},
    }


def test_the_report_s_route_costs_two_lists_for_each_host_and_a_request_for_each_meeting(tmp_path: Path) -> None:
    held = [
        *day_of(4, people=2),
        *[meeting(uuid_of(each), at(15 + each / 100), 1, host=OTHERS) for each in range(100, 103)],
        *[meeting(uuid_of(each), at(18), 1, people=1) for each in range(110, 112)],
    ]
    with zoom(held, SETTLED, rules=PRO) as vendor:
        night = ZoomNight.at(tmp_path, vendor, ZOOM_VIA="report", ZOOM_PLAN="pro")
        ran = night.harvest(DAY)
        # Two hosts, of whom one was alone twice: those meetings' people the report does not tell.
        assert vendor.calls == {TOKEN: 1, HOSTS: 1, OF_HOST: 4, REPORTED: 7}
        assert not vendor.paths("/metrics/")
        assert {each["page_size"] for each in vendor.parameters("/report/")} == {"300"}
    assert (ran.exit_code, ran.only.harvested) == (0, 9)
    assert ran.only.quotas[0]["share"] == 18_000
    assert HOST.id != OTHERS.id
    told_of = {uuid for uuid, each in night.conferences().items() if flags(each) != ["details_missing"]}
    assert told_of == {each.uuid for each in held[:7]}


@pytest.mark.parametrize(
    "faults", [["500"], ["429"], ["page-token-dies-once"], ["502", "429-bare", "page-token-dies-once"]]
)
def test_retries_and_second_readings_are_counted_apart_from_the_budget(tmp_path: Path, faults: list[str]) -> None:
    pages_of_two = ZoomRules(limits=UNLIMITED, pages="smaller", small_page=2)
    held = day_of(4, people=3)
    with zoom(held, SETTLED, rules=pages_of_two) as vendor:
        plain = ZoomNight.at(tmp_path / "plain", vendor).harvest(DAY)
    with zoom(held, SETTLED, rules=pages_of_two, faults=faults) as vendor:
        ran = ZoomNight.at(tmp_path / "faulty", vendor).harvest(DAY)
        asked = len(vendor.server.log)
    # A token, one list of nobody, two pages of four, then two pages of people and of quality each.
    assert plain.only.requests == 1 + 1 + 2 + 4 * (2 + 2)
    assert (plain.only.retried, plain.only.repeated) == (0, 0)
    assert (ran.exit_code, ran.only.harvested, ran.only.requests) == (0, 4, asked)
    assert ran.only.retried + ran.only.repeated > 0
    assert ran.only.requests - ran.only.retried - ran.only.repeated == plain.only.requests


def test_a_list_whose_number_does_not_fit_is_read_once_more_which_is_counted_apart(tmp_path: Path) -> None:
    rules = ZoomRules(limits=UNLIMITED, total_records="off-by-one")
    with zoom(day_of(3, people=2), SETTLED, rules=rules) as vendor:
        ran = ZoomNight.at(tmp_path, vendor).harvest(DAY)
        assert vendor.calls == {TOKEN: 1, MEETINGS: 4, PEOPLE: 3, QUALITY: 3}
    assert (ran.exit_code, ran.only.harvested) == (0, 3)
    assert (ran.only.requests, ran.only.repeated) == (11, 2)
    assert "the list of meetings (past): Zoom counts 1 rows more than it gives." in ran.only.warnings
