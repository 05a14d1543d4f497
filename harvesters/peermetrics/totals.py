"""The server's own totals of a day: how many rooms were used for the first time, and what became of them.

They are counted by the day in which a room was made, whatever its conferences: a room that is used for weeks is counted
once. So they are told, and not comparable to our conferences. The server keeps such an answer for a minute.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from harvesters.core.day import Day, iso, to_ms
from harvesters.core.fields import USAGE
from harvesters.core.lenient import count, decode_object
from harvesters.core.source import NO_CALL, Part, Record
from harvesters.core.tree import Conference, Entity
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
            parts = (Part(USAGE, bytes(raw), b"[]", 0),)
            yield Record((USAGE, str(day)), NO_CALL, day.start, LEVEL, ongoing=False, parts=parts)


def told_totals(record: Record) -> Conference:
    """The tree of such a record."""
    oddities: Counter[str] = Counter()
    usage = [_usage(decode_object(part.head, oddities), to_ms(record.started)) for part in record.parts]
    return Conference(None, {}, (), oddities=oddities, usage=usage)


def _usage(row: dict[str, Any], start: int) -> Entity:
    states = {f"peermetrics.rooms.{state}": count(row.get(state)) for state in STATES}
    fields = {"vconf.vendor_totals.rooms": count(row.get("total")), **states}
    extra = {name: value for name, value in row.items() if name not in {"date", "total", *STATES}}
    return Entity((), start, start + DAY_MS, fields, set(), extra)
