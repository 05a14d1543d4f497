"""Starts and ends of entities: what is unknown stays unknown, and is said in the flags."""

from typing import Any

from harvesters.core.day import iso_ms
from harvesters.core.tree import Entity

LONGEST_NS = (1 << 63) - 1
"""What a `long` holds: 292 years, so only a wrong instant is beyond."""


def settle(entity: Entity, conference: Entity | None, started: int) -> None:
    """Complete an entity's `at` and `end` in place.

    A missing start is its conference's, the record's (`started`, ms) where that has none either. A missing
    end is absent, or the conference's where that is over; an end before the start is the start. Never
    "until now".
    """
    if entity.end is None:
        over = None if conference is None or conference is entity else conference.end
        entity.end = over
        entity.flags.add("end_estimated" if over is not None else "end_missing")
    begin(entity, conference, started)


def begin(entity: Entity, within: Entity | None, started: int) -> None:
    """Complete an entity's `at` alone, in place: what it happened within, or the record (`started`, ms), has one."""
    if entity.at is None:
        entity.flags.add("start_missing")
        entity.at = started if within is None or within.at is None else within.at
    if entity.end is not None and entity.end < entity.at:
        entity.end = entity.at
        entity.flags.add("clamped")


def span_fields(entity: Entity) -> dict[str, Any]:
    """`@timestamp`, `event.start`, `event.end` and `event.duration` of a settled entity."""
    if entity.at is None:
        return {}
    start = iso_ms(entity.at)
    known_start = None if "start_missing" in entity.flags else start
    fields: dict[str, Any] = {"@timestamp": start, "event.start": known_start}
    if entity.end is not None:
        fields["event.end"] = iso_ms(entity.end)
        duration = (entity.end - entity.at) * 1_000_000
        fields["event.duration"] = duration if known_start and duration <= LONGEST_NS else None
    return fields


def seconds(entity: Entity) -> float | None:
    """Length of a settled entity in s, None if start or end are unknown."""
    if entity.at is None or entity.end is None or "start_missing" in entity.flags:
        return None
    return (entity.end - entity.at) / 1000


def presence(entity: Entity) -> dict[str, str] | None:
    """From join to leave as a half-open range.

    None if it is unknown, if nobody joined, and if it has no length (Elasticsearch refuses that).
    """
    if not entity.present or not seconds(entity):
        return None
    return {"gte": iso_ms(entity.at or 0), "lt": iso_ms(entity.end or 0)}
