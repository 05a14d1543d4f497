"""Weeks of few calls before a Wednesday that is odd, for tests.

with vendor(weeks := four_weeks(), after(WEDNESDAY), rules=UNLIMITED) as opentok:
    night = harvested(opentok, Night(tmp_path, after(WEDNESDAY), opentok.url))
    (silent,) = harvest(opentok, night, WEDNESDAY)
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.opentok_days import session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harvesters.core.report import SliceReport
    from tests.nights import Night, Vendor

WEDNESDAY = date(2026, 11, 18)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
SENTENCE = (
    "no conference at all, and never less than 3 on 4 Wednesdays of the 8 weeks before: compare it with the vendor's "
    "own console, and if that shows others, see docs/troubleshooting.md."
)
Sessions = dict[str, "Mapping[str, Any]"]


def after(day: date) -> datetime:
    """When the day has settled."""
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC) + timedelta(days=2)


def calls(day: date, number: int = 3) -> Sessions:
    """Calls of one person and a minute."""
    made = [session(each, day=day, people=1, minutes=1) for each in range(number)]
    return {each["sessionId"]: each for each in made}


def four_weeks() -> Sessions:
    """Four Wednesdays of three calls each."""
    days = [WEDNESDAY - WEEK * week for week in range(1, 5)]
    return {key: each for day in days for key, each in calls(day).items()}


def harvest(
    opentok: Vendor, night: Night, *days: date, into: Sequence[str] = ("lake",), **options: Any
) -> list[SliceReport]:
    """Each of the days when it has settled."""
    reports = []
    for day in days:
        opentok.now = after(day)
        reports.append(night.later(after(day)).harvest(day, into=into, **options).only)
    return reports


def harvested(opentok: Vendor, night: Night, **options: Any) -> Night:
    """A machine that harvested the four weeks and found nothing odd."""
    usual = harvest(opentok, night, *(WEDNESDAY - WEEK * week for week in (4, 3, 2, 1)), **options)
    assert [(each.state, each.harvested, each.anomalies) for each in usual] == [("complete", 3, [])] * 4
    opentok.now = after(WEDNESDAY)
    return night
