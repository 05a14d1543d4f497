"""Time stamps as the server writes them, and the values of window parameters that it understands."""

import re
from datetime import UTC, datetime, timedelta

# The server's parser; Python's own also takes week dates and dates without dashes.
_VALUE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)?)?")


def stamp(at: datetime) -> str:
    """An aware instant as `2026-11-20 09:00:00.175120`: UTC, no zone, no fraction when it is zero.

    Two stamps compare as text as their instants do.
    """
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def instant(text: str) -> datetime:
    """The aware instant of a stamp."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def later(text: str, seconds: float) -> str:
    """The stamp so many seconds later."""
    return stamp(instant(text) + timedelta(seconds=seconds))


def whole_seconds(first: str, last: str) -> int:
    """Whole seconds from one stamp to another, as the server's `duration`."""
    return int((instant(last) - instant(first)).total_seconds())


def window_value(text: str) -> str:
    """The stamp that a window parameter means; without a zone it is UTC.

    Raises:
        ValueError: the server does not understand it.
    """
    if not _VALUE.fullmatch(text):
        message = f"{text!r} is no date"
        raise ValueError(message)
    told = datetime.fromisoformat(text)
    return stamp(told if told.tzinfo else told.replace(tzinfo=UTC))
