"""Members of Zoom's objects: read with a type, and told apart from those that have no place."""

from collections.abc import Collection, Mapping
from typing import Any

from harvesters.core.day import instant_ms
from harvesters.core.lenient import number

LISTS = frozenset({"issue_list", "details"})
NUMBERS = frozenset({"participants", "participants_count", "total_jointime_cost"})
LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def text(value: object) -> str | None:
    """A text without blanks around it; blank is absent, numbers become text, anything else is absent."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def first(members: Mapping[str, Any], *names: str) -> str | None:
    """The text of the first of several names that has one: the routes call the same thing differently."""
    return next((found for name in names if (found := text(members.get(name)))), None)


def flag(members: Mapping[str, Any], name: str) -> bool | None:
    """A boolean; anything else is absent, not false."""
    value = members.get(name)
    return value if isinstance(value, bool) else None


def ended(at: int, seconds: float | None) -> int | None:
    """Milliseconds of the end that a length leads to; None without a length, and beyond the calendar."""
    end = at + round(seconds * 1000) if seconds else None
    return end if end is not None and end <= LATEST else None


def rest(members: Mapping[str, Any], placed: Collection[str]) -> dict[str, Any]:
    """The members that have no field, and those whose value has another type than their field takes."""
    return {name: value for name, value in members.items() if name not in placed or not _fits(name, value)}


def _fits(name: str, value: object) -> bool:
    if value is None or value == "":
        return True
    if name.endswith("_time"):
        return instant_ms(value) is not None
    if name.startswith("has_"):
        return isinstance(value, bool)
    if name in LISTS:
        return isinstance(value, list)
    if name in NUMBERS:
        return number(value) is not None
    return text(value) is not None or isinstance(value, str)
