"""Zoom's own totals of a day: the day's row of the daily usage report, asked for and told.

Zoom's reference and public clients agree on the form, the label (Heavy) and the classic scope (`report:read:admin`,
Pro plan or higher). What nobody says: in whose time zone a date is (the account's, perhaps), whether webinars are
counted as meetings, and whether somebody who came twice is one participant.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from harvesters.core.day import Day
from harvesters.core.lenient import count, number
from harvesters.core.source import Record, own_totals
from harvesters.core.tree import Entity
from harvesters.zoom.client import Client
from harvesters.zoom.limits import HEAVY, LIST_ROW
from harvesters.zoom.members import rest

DAILY = "/report/daily"
DAY_MS = 86_400_000
PLACED = frozenset({"date", "meetings", "participants", "meeting_minutes"})


class _Month(msgspec.Struct):
    """The answer; rows are verbatim."""

    dates: list[msgspec.Raw]


class _Row(msgspec.Struct):
    """What is read of a row."""

    date: Any = None


_month, _row = msgspec.json.Decoder(_Month), msgspec.json.Decoder(_Row)


def totals(client: Client, day: Day) -> Iterator[Record]:
    """The row of the day; the month's other rows are of other days."""
    asked = {"year": day.date.year, "month": day.date.month}
    answer = client.ask(DAILY, asked, HEAVY, once=True)
    for raw in _month.decode(answer.body).dates:
        if _row.decode(raw).date == str(day):
            yield own_totals(str(day), day.start, LIST_ROW, bytes(raw))


def usage(row: dict[str, Any], start: int) -> Entity:
    """What a row tells, as if its date were a UTC day; `start`: its first instant, in ms."""
    fields = {
        "vconf.vendor_totals.meetings": count(row.get("meetings")),
        "vconf.vendor_totals.participants": count(row.get("participants")),
        "vconf.usage.minutes.meeting": number(row.get("meeting_minutes")),
    }
    return Entity((), start, start + DAY_MS, fields, set(), rest(row, PLACED))
