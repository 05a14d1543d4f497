"""Recorded rooms on another day: every stamp moved by the same number of days."""

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

from harvesters.sandbox.peermetrics.rooms import Json, Rows, Stored
from harvesters.sandbox.peermetrics.stamps import instant, stamp

_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?")


def shift(stored: Stored, to_day: date) -> Stored:
    """The same rooms, moved so that the first of them was made on a day (UTC)."""
    rooms = [each for each in stored.held if isinstance(each, Rows)]
    first = min(str(each.conference["created_at"]) for each in rooms)
    by = to_day - instant(first).date()
    apps: list[Json] = [_moved(each, by) for each in stored.apps()]
    return Stored([_room(each, by) for each in rooms], apps, stored.deleted())


def _room(rows: Rows, by: timedelta) -> Rows:
    return replace(rows, **{each.name: _moved(getattr(rows, each.name), by) for each in fields(rows)})


def _moved(value: Any, by: timedelta) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return stamp(instant(value) + by) if _STAMP.fullmatch(value) else value
    if isinstance(value, dict):
        return {name: _moved(each, by) for name, each in value.items()}
    if isinstance(value, Sequence):
        return [_moved(each, by) for each in value]
    return value
