"""The vendor's own totals of a day (`projectData`): asked for, and what they mean."""

from collections.abc import Iterator
from typing import Any

import msgspec

from harvesters.core.day import Day, instant_ms, iso, parse_instant
from harvesters.core.graphql import GraphQL
from harvesters.core.lenient import count, inside, number
from harvesters.core.source import Record, own_totals
from harvesters.core.tree import Entity
from harvesters.opentok.raw import is_null

LEVEL = 0
MINUTES = {"published": "streamedPublishedMinutes", "subscribed": "streamedSubscribedMinutes"}
TRIED, COUNTED = ("connect", "publish", "subscribe"), ("attempts", "failures")
PLACED = frozenset({"intervalStart", "intervalEnd", "usage", "errors"})


class _Metrics(msgspec.Struct):
    resources: list[msgspec.Raw] = msgspec.field(default_factory=list)


class _Project(msgspec.Struct):
    projectData: _Metrics | None = None  # noqa: N815 - the vendor's name


class _Data(msgspec.Struct):
    project: _Project


class _Body(msgspec.Struct):
    data: _Data


class _Metric(msgspec.Struct):
    intervalStart: str | None = None  # noqa: N815 - the vendor's name


_body, _metric = msgspec.json.Decoder(_Body), msgspec.json.Decoder(_Metric)


def totals(graph: GraphQL, day: Day) -> Iterator[Record]:
    """The totals of the interval that begins on the day, if the vendor has them yet.

    Vonage's days begin at midnight Pacific time, so that one reaches into the next UTC day: two are asked for, since
    nobody says what becomes of an interval that the range cuts.
    """
    answer = graph.ask("Totals", {"start": iso(day.start), "end": iso((day + 1).end)}, once=True)
    metrics = _body.decode(answer.body).data.project.projectData or _Metrics()
    for raw in metrics.resources:
        told = None if is_null(raw) else _metric.decode(raw).intervalStart
        started = parse_instant(told)
        if told and started is not None and started in day:
            yield own_totals(told, started, LEVEL, bytes(raw))


def usage(metric: dict[str, Any]) -> Entity:
    """Minutes and errors of an interval; other members go to `vconf.extra`."""
    minutes = {f"vconf.usage.minutes.{ours}": number(inside(metric, "usage", name)) for ours, name in MINUTES.items()}
    errors = {
        f"vconf.errors.{what}.{each}": count(inside(metric, "errors", what, each)) for what in TRIED for each in COUNTED
    }
    extra = {name: value for name, value in metric.items() if name not in PLACED}
    start, end = instant_ms(metric.get("intervalStart")), instant_ms(metric.get("intervalEnd"))
    return Entity((), start, end, minutes | errors, set(), extra)
