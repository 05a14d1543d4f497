"""Two ways to a day and the levels of what they give: what is final, what is fetched again, what replaces what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from harvesters.core.day import Day, iso
from harvesters.core.fetching import is_final
from harvesters.core.manifest import CallState, Manifest
from harvesters.core.schedule import Schedule
from harvesters.sandbox import Request, Response
from harvesters.sandbox.zoom import meeting
from harvesters.sandbox.zoom.refusals import NO_DETAILS, YEAR_AGO, refusal
from harvesters.zoom import Zoom
from tests.nights import Night
from tests.nights import vendor as opentok
from tests.zoom_days import DAY, LONELY, PLAIN, SETTLED, SLASHED, at
from tests.zoom_nights import (
    HOSTS,
    LIFTED,
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
    zoom,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elasticsearch import Elasticsearch

EARLY = datetime(2026, 11, 21, 2, tzinfo=UTC)
"""The night after the day, which settles 72 hours after its end."""
HELD = [meeting(PLAIN, at(9), 2), meeting(SLASHED, at(10), 2), meeting(LONELY, at(12), 2, people=1)]
ALL = (PLAIN, SLASHED, LONELY)
MEASURED = {TOKEN: 1, MEETINGS: 2, PEOPLE: 3, QUALITY: 3}
UNMEASURED = {TOKEN: 1, MEETINGS: 2, PEOPLE: 3}
REPORT = {TOKEN: 1, HOSTS: 1, OF_HOST: 2, REPORTED: 2}
FALLBACK = {**REPORT, MEETINGS: 1}
NO_QUALITY, BY_REPORT = {"ZOOM_QUALITY": "no"}, {"ZOOM_VIA": "report"}


@pytest.fixture
def account() -> Iterator[Vendor]:
    with zoom(HELD, SETTLED) as vendor:
        yield vendor


def asked(vendor: Vendor) -> dict[str, int]:
    """The calls since the last look."""
    found = vendor.calls
    vendor.forget()
    return found


# -- what is final ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "best", "had", "final"),
    [
        (2, None, 2, True),
        (2, None, 1, False),
        (1, None, 1, True),
        (1, None, 2, True),
        (2, 1, 1, True),
        (2, 1, 0, False),
        (1, 2, 1, False),
        (2, 2, 1, False),
        (2, 0, 0, True),
    ],
)
def test_a_call_is_final_at_the_best_that_its_way_has_or_else_at_what_the_settings_ask_for(
    wanted: int, best: int | None, had: int, *, final: bool
) -> None:
    when = Schedule(Day(DAY), replace(Zoom.limits, level=wanted), SETTLED)
    manifest = Manifest("zoom", "a", str(DAY))
    manifest.calls["x"] = CallState("fetched", level=had, fetched=iso(SETTLED))
    assert is_final("x", best, manifest, when) is final


# -- with quality and without -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("poorer", "calls"), [(NO_QUALITY, UNMEASURED), (BY_REPORT, REPORT)], ids=["without", "report"]
)
def test_a_day_settled_without_quality_is_fetched_again_when_quality_is_asked_for(
    account: Vendor, tmp_path: Path, poorer: dict[str, str], calls: dict[str, int]
) -> None:
    night = ZoomNight.at(tmp_path, account)
    first = night.set(**poorer).harvest(DAY)
    assert (first.exit_code, first.only.settled, asked(account)) == (0, True, calls)
    assert night.levels() == dict.fromkeys(ALL, 1)
    assert night.documents("sample") == []
    assert night.set(**poorer).harvest(DAY).only.requests == 0

    second = night.set().harvest(DAY)
    assert (second.exit_code, second.only.settled, asked(account)) == (0, True, MEASURED)
    assert night.levels() == dict.fromkeys(ALL, 2)
    assert len(night.documents("sample")) > 0
    assert len(night.documents("participant")) == 5, "each joining once, whatever the route"
    assert night.set().harvest(DAY).only.requests == 0


@pytest.mark.parametrize("poorer", [NO_QUALITY, BY_REPORT], ids=["without", "report"])
def test_a_day_settled_with_quality_is_not_fetched_again_without(
    account: Vendor, tmp_path: Path, poorer: dict[str, str]
) -> None:
    night = ZoomNight.at(tmp_path, account)
    night.harvest(DAY)
    before = night.documents("sample")
    account.forget()
    ran = night.set(**poorer).harvest(DAY)
    assert (ran.exit_code, ran.only.state, ran.only.requests, asked(account)) == (0, "complete", 0, {})
    assert (night.documents("sample"), night.levels()) == (before, dict.fromkeys(ALL, 2))


@pytest.mark.parametrize("poorer", [NO_QUALITY, BY_REPORT], ids=["without", "report"])
@pytest.mark.parametrize("now", [EARLY, SETTLED], ids=["early", "settled"])
def test_what_has_quality_is_never_replaced_by_what_has_none_and_the_run_says_so(
    account: Vendor, tmp_path: Path, now: datetime, poorer: dict[str, str]
) -> None:
    account.now = now
    night = ZoomNight.at(tmp_path, account)
    night.harvest(DAY)
    before = {type_: night.documents(type_) for type_ in ("conference", "participant", "stream", "sample")}
    ran = night.set(**poorer).harvest(DAY, again=True)
    assert ran.exit_code == 0
    assert sorted(ran.only.warnings) == sorted(
        f"{each.replace('/', '%2F')}: the new answer has less detail (level 1 after 2); the old one is kept."
        for each in ALL
    )
    assert {type_: night.documents(type_) for type_ in before} == before
    assert night.levels() == dict.fromkeys(ALL, 2)


def test_one_meeting_of_a_settled_day_with_less_than_the_others_is_all_that_is_fetched(tmp_path: Path) -> None:
    """Its details were refused on the first day; those of the others are final."""
    with zoom(HELD, SETTLED, faults=[f"blocked={PLAIN}"]) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        first = night.harvest(DAY)
        assert (first.exit_code, first.only.settled, night.manifest(DAY).level) == (3, False, 2)
    with zoom(HELD, SETTLED) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
        assert asked(vendor) == {TOKEN: 1, MEETINGS: 2, PEOPLE: 1, QUALITY: 1}


# -- the route --------------------------------------------------------------------------------------------


def test_a_day_settled_by_the_fallback_costs_no_further_request(tmp_path: Path) -> None:
    with zoom(HELD, SETTLED, rules=PRO) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        first = night.harvest(DAY)
        assert (first.exit_code, first.only.state, first.only.settled) == (0, "complete", True)
        assert asked(vendor) == FALLBACK
        again = night.set().harvest(DAY)
        assert (again.exit_code, again.only.requests, asked(vendor)) == (0, 0, {})
        assert (again.only.route, again.only.state) == ("report", "complete")
        assert night.levels() == dict.fromkeys(ALL, 1)


def test_an_account_that_gets_the_dashboard_has_its_days_anew_with_again(tmp_path: Path) -> None:
    with zoom(HELD, SETTLED, rules=PRO) as vendor:
        ZoomNight.at(tmp_path, vendor).harvest(DAY)
    with zoom(HELD, SETTLED) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        assert night.harvest(DAY).only.requests == 0
        assert night.set().harvest(DAY, again=True).only.route == "dashboard"
        assert night.levels() == dict.fromkeys(ALL, 2)


def test_a_day_that_has_not_settled_takes_the_better_route_as_soon_as_there_is_one(tmp_path: Path) -> None:
    with zoom(HELD, EARLY, rules=PRO) as vendor:
        assert ZoomNight.at(tmp_path, vendor).harvest(DAY).only.route == "report"
    with zoom(HELD, EARLY) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        ran = night.harvest(DAY)
        assert (ran.exit_code, ran.only.route, night.manifest(DAY).route) == (0, "dashboard", "dashboard")
        assert night.levels() == dict.fromkeys(ALL, 2)
    with zoom(HELD, EARLY, rules=PRO) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
        assert night.levels() == dict.fromkeys(ALL, 2), "and back again nothing is lost"


@pytest.mark.parametrize(
    ("plan", "via", "route", "why"),
    [
        ("business", "auto", "dashboard", ""),
        ("business", "dashboard", "dashboard", ""),
        ("business", "report", "report", ""),
        ("pro", "auto", "report", "the plan does not include the dashboard, or it is switched off"),
        ("pro", "report", "report", ""),
    ],
)
def test_the_route_is_in_the_manifest_the_report_and_where_it_is_a_detour_in_the_sentence(
    tmp_path: Path, plan: str, via: str, route: str, why: str
) -> None:
    with zoom(HELD, SETTLED, rules=PRO if plan == "pro" else LIFTED) as vendor:
        night = ZoomNight.at(tmp_path, vendor, ZOOM_VIA=via)
        ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.listed, ran.only.harvested) == (0, 3, 3)
    assert night.manifest(DAY).route == route
    assert ran.report.as_json()["slices"][0]["route"] == route
    assert ("by way of report" in ran.only.sentence()) is bool(why)
    assert why in ran.only.sentence()


def test_the_report_tells_what_is_used_up_of_the_day_s_requests(account: Vendor, tmp_path: Path) -> None:
    night = ZoomNight.at(tmp_path, account, ZOOM_QUOTA_SHARE="50%")
    told = [night.set().harvest(DAY, again=True).report.as_json()["slices"][0]["quotas"] for _ in range(2)]
    # Two lists, three times people and three times quality; the token is free.
    whole = {"day": "2026-11-24", "share": 30_000, "whole": 60_000}
    assert told == [[{**whole, "used": 8}], [{**whole, "used": 16}]]


def test_an_opentok_account_has_no_quotas_and_its_report_says_none(tmp_path: Path) -> None:
    with opentok([], SETTLED) as server:
        ran = Night(tmp_path, SETTLED, server.url).harvest(DAY)
    told = ran.report.as_json()["slices"][0]
    assert (told["route"], told["quotas"], told["repeated"]) == ("", [], 0)


def test_the_slice_s_document_names_the_route(
    account: Vendor, tmp_path: Path, es_url: str, es: Elasticsearch, prefix: str
) -> None:
    night = ZoomNight.at(tmp_path, account, ZOOM_VIA="report").later(es_url=es_url, prefix=prefix)
    night.setup()
    assert night.harvest(DAY, into=["index"]).exit_code == 0
    es.indices.refresh(index=f"{prefix}-runs")
    found = es.search(index=f"{prefix}-runs", query={"term": {"vconf.slice.route": "report"}})["hits"]["hits"]
    assert [each["_source"]["vconf"]["slice"]["day"] for each in found] == [str(DAY)]


# -- not yet, never, gone ---------------------------------------------------------------------------------


class Details:
    """A vendor that refuses the details of one meeting in a way of its own, as long as a test wants it."""

    def __init__(self, uuid: str, answer: Response, times: int = 10**9) -> None:
        self.part, self.answer, self.left = uuid.strip("/")[:6], answer, times
        self.asked: list[str] = []

    def __call__(self, _number: int, request: Request) -> Response | None:
        if "/participants" not in request.path:
            return None
        self.asked.append(request.path)
        if self.part not in request.path or self.left <= 0:
            return None
        self.left -= 1
        return self.answer

    @property
    def refused(self) -> int:
        """How often the meeting's people were asked for."""
        return sum(self.part in each and "qos" not in each for each in self.asked)


NOT_YET, TOO_OLD = refusal(404, 3001, NO_DETAILS), refusal(400, 12702, YEAR_AGO)
BLOCKED = Response(403, {"Content-Type": "text/html"}, b"<html>Sorry, you have been blocked</html>")


def test_what_is_not_there_yet_is_asked_for_again_behind_all_others_and_then_complete(tmp_path: Path) -> None:
    """On a clock that stands still, too: what came second is the newer one."""
    details = Details(PLAIN, NOT_YET, times=1)
    with zoom(HELD, SETTLED, intercept=details) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        ran = night.harvest(DAY, concurrency=1)
    assert (ran.exit_code, ran.only.failed, ran.only.settled) == (0, [], True)
    # Three meetings, the one that was not there; then that one alone, its people and its quality.
    assert [details.part in each for each in details.asked[-2:]] == [True, True]
    assert (details.refused, len(details.asked)) == (2, 7)
    assert night.levels() == dict.fromkeys(ALL, 2)
    assert flags(night.conferences()[PLAIN]) == []
    assert len(night.documents("participant")) == 5


def test_what_is_still_not_there_is_kept_as_the_list_knew_it_named_and_healed_by_a_later_run(tmp_path: Path) -> None:
    details = Details(PLAIN, NOT_YET)
    with zoom(HELD, EARLY, intercept=details) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        first = night.harvest(DAY)
        assert (first.exit_code, first.only.state, details.refused) == (3, "partial", 2)
        assert first.only.failed == [{"key": PLAIN, "reason": f"{NO_DETAILS[:-1]} (status 404, code 3001)"}]
        assert (night.levels()[PLAIN], flags(night.conferences()[PLAIN])) == (0, ["details_missing"])

        details.left = 0
        second = night.set().harvest(DAY)
        assert (second.exit_code, second.only.failed) == (0, [])
        assert (night.levels()[PLAIN], flags(night.conferences()[PLAIN])) == (2, [])
        assert len(night.documents("participant")) == 5


@pytest.mark.parametrize(("answer", "times"), [(BLOCKED, 1), (TOO_OLD, 1), (NOT_YET, 2)], ids=["403", "12702", "3001"])
def test_only_what_may_be_there_in_a_moment_is_asked_for_twice_in_one_run(
    tmp_path: Path, answer: Response, times: int
) -> None:
    details = Details(PLAIN, answer)
    with zoom(HELD, SETTLED, intercept=details) as vendor:
        ran = ZoomNight.at(tmp_path, vendor).harvest(DAY)
    assert (ran.exit_code, details.refused) == (3, times)
    assert (ran.only.harvested, len(ran.only.failed)) == (2, 1)


@pytest.mark.parametrize(
    ("answer", "lost"), [(NOT_YET, True), (TOO_OLD, True), (BLOCKED, False)], ids=["3001", "12702", "403"]
)
def test_what_the_vendor_says_is_not_there_is_lost_three_nights_after_the_day_settled_and_stays_named(
    tmp_path: Path, answer: Response, *, lost: bool
) -> None:
    """The day settles on the 24th at midnight. A firewall's page is no word of the vendor's."""
    details = Details(PLAIN, answer)
    states: dict[int, tuple[str, int]] = {}
    with zoom(HELD, EARLY, intercept=details) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        for day in (24, 26, 27, 28):
            vendor.now = datetime(2026, 11, day, 0, 30, tzinfo=UTC)
            night = night.later(vendor.now)
            before = details.refused
            ran = night.harvest(DAY)
            states[day] = night.manifest(DAY).calls[PLAIN].state, int(details.refused > before)
            assert (ran.exit_code, ran.only.state) == (3, "partial")
            assert [each["key"] for each in ran.only.failed] == [PLAIN]
            assert ran.only.failed[0]["reason"] in ran.only.sentence()
        gone = ("lost", 0) if lost else ("failed", 1)
        assert states == {24: ("failed", 1), 26: ("failed", 1), 27: (gone[0], 1), 28: gone}
        assert night.manifest(DAY).settled is lost
        assert flags(night.conferences()[PLAIN]) == ["details_missing"]
        # Whoever insists is heard.
        details.left = 0
        assert night.set().harvest(DAY, again=True).exit_code == 0
        assert flags(night.conferences()[PLAIN]) == []


def test_details_that_vanish_after_they_were_fetched_take_nothing_away(tmp_path: Path) -> None:
    details = Details(PLAIN, NOT_YET, times=0)
    with zoom(HELD, EARLY, intercept=details) as vendor:
        night = ZoomNight.at(tmp_path, vendor)
        assert night.harvest(DAY).exit_code == 0
        before = {type_: night.documents(type_) for type_ in ("conference", "participant", "sample")}
        details.left = 10**9
        vendor.now = EARLY + timedelta(days=1)
        ran = night.later(vendor.now).harvest(DAY)
        assert (ran.exit_code, [each["key"] for each in ran.only.failed]) == (3, [PLAIN])
        assert night.levels()[PLAIN] == 2
        assert {type_: night.documents(type_) for type_ in before} == before


def test_the_same_as_a_nightly_run_sees_it(tmp_path: Path) -> None:
    """Every night takes the day until it is lost; after that it has settled and nobody asks."""
    details = Details(PLAIN, NOT_YET)
    asked_on: dict[int, int] = {}
    with zoom(HELD, EARLY, intercept=details) as vendor:
        for day in range(21, 29):
            vendor.now = datetime(2026, 11, day, 2, tzinfo=UTC)
            before = details.refused
            ran = ZoomNight.at(tmp_path, vendor).harvest()
            asked_on[day] = details.refused - before
            assert ran.exit_code == (3 if str(DAY) in ran.days else 0)
    assert asked_on == {21: 2, 22: 2, 23: 2, 24: 2, 25: 2, 26: 2, 27: 2, 28: 0}
