"""Rows of any list: ids, instants and what they belong to, read without the rest."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from harvesters.core.day import Day, instant_ms, iso_ms, to_ms

Json = dict[str, Any]
USUAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{6})?").fullmatch


class Row(msgspec.Struct):
    """What the lists' rows have in common; anything may be absent or null."""

    id: str | None = None
    app: str | None = None
    conference: str | None = None
    session: str | None = None
    participant: str | None = None
    type: str | None = None
    created_at: str | None = None
    end_time: str | None = None

    @property
    def at(self) -> int | None:
        """When it was made, in ms."""
        return stamp(self.created_at)


class _Single(msgspec.Struct):
    data: msgspec.Raw


row = msgspec.json.Decoder(Row).decode
_single = msgspec.json.Decoder(_Single).decode


def single(body: bytes) -> bytes:
    """The row in an answer about one thing."""
    return bytes(_single(body).data)


def stamp(text: object) -> int | None:
    """Milliseconds since 1970 of a naive instant such as `2026-11-20 09:00:23.160727`, which is UTC.

    Without a fraction where that is zero (reference, section 4). The usual form is cut apart, for every row has one.
    """
    if not isinstance(text, str):
        return None
    if USUAL(text):
        minute = _minute_ms(text[:16])
        return None if minute is None else minute + 1000 * int(text[17:19]) + int(text[20:23] or 0)
    return instant_ms(text.replace(" ", "T", 1))


@lru_cache(maxsize=4096)
def _minute_ms(minute: str) -> int | None:
    return instant_ms(f"{minute.replace(' ', 'T')}:00Z")


def window(start: int, end: int) -> dict[str, str]:
    """The parameters of a half-open window in ms."""
    return {"created_at_gte": iso_ms(start), "created_at_lt": iso_ms(end)}


def of_day(day: Day) -> dict[str, str]:
    """The window of a day."""
    return window(to_ms(day.start), to_ms(day.end))


def joined(rows: Iterable[bytes]) -> bytes:
    """Rows as a JSON array."""
    return b"[" + b",".join(rows) + b"]"
