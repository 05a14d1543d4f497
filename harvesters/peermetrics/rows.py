"""Rows of any list: ids, instants and what they belong to, read without the rest."""

from collections.abc import Iterable
from typing import Any

import msgspec

from harvesters.core.day import Day, instant_ms, iso_ms, naive_ms, to_ms

Json = dict[str, Any]
USUAL = frozenset({len("2026-11-20 09:00:23"), len("2026-11-20 09:00:23.160727")})


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

    Without a fraction where that is zero (reference, section 4). Every row has one in these two forms.
    """
    if not isinstance(text, str):
        return None
    if len(text) in USUAL and text[10] == " " and (found := naive_ms(text)) is not None:
        return found
    return instant_ms(text.replace(" ", "T", 1))


def window(start: int, end: int) -> dict[str, str]:
    """The parameters of a half-open window in ms."""
    return {"created_at_gte": iso_ms(start), "created_at_lt": iso_ms(end)}


def of_day(day: Day) -> dict[str, str]:
    """The window of a day."""
    return window(to_ms(day.start), to_ms(day.end))


def joined(rows: Iterable[bytes]) -> bytes:
    """Rows as a JSON array."""
    return b"[" + b",".join(rows) + b"]"
