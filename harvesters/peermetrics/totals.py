"""The server's own totals of a day: how many rooms were used for the first time, and what became of them.

They are counted by the day in which a room was made, whatever its conferences: a room that is used for weeks is counted
once. So they are told, and not comparable to our conferences. The server keeps such an answer for a minute.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from harvesters.core.day import Day, iso
from harvesters.core.lenient import count
from harvesters.core.source import Record, own_totals
from harvesters.core.tree import Entity
from harvesters.peermetrics.client import Client

SUMMARY = "/conferences/summary"
LEVEL = 0
DAY_MS = 86_400_000
STATES = ("success", "warning", "error", "ongoing")


class _Days(msgspec.Struct):
    """The answer; rows are verbatim."""

    data: list[msgspec.Raw]


class _Row(msgspec.Struct):
    """What is read of a row."""

    date: Any = None


_days, _row = msgspec.json.Decoder(_Days), msgspec.json.Decoder(_Row)


def totals(client: Client, app: str, day: Day) -> Iterator[Record]:
    """The row of the day; a day without new rooms has none."""
    asked = {"appId": app, "created_at_gte": iso(day.start), "created_at_lte": iso(day.end)}
    answer = client.ask(SUMMARY, asked, once=True)
    for raw in _days.decode(answer.body).data:
        if _row.decode(raw).date == str(day):
            yield own_totals(str(day), day.start, LEVEL, bytes(raw))


def usage(row: dict[str, Any], start: int) -> Entity:
    """What a row tells; `start`: the first instant of its day, in ms."""
    states = {f"peermetrics.rooms.{state}": count(row.get(state)) for state in STATES}
    fields = {"vconf.vendor_totals.rooms": count(row.get("total")), **states}
    extra = {name: value for name, value in row.items() if name not in {"date", "total", *STATES}}
    return Entity((), start, start + DAY_MS, fields, set(), extra)
