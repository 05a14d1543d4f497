"""The harvester's own documents: one for each slice and each run, where a destination has a place for them."""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from harvesters.core.day import Day, instant_ms, iso
from harvesters.core.envelope import SCHEMA
from harvesters.core.errors import DestinationError, Exit, InterruptedRunError
from harvesters.core.field import ECS_VERSION
from harvesters.core.fields import RUN, SLICE
from harvesters.core.ids import doc_id
from harvesters.core.nesting import nest
from harvesters.core.report import RunReport, SliceReport
from harvesters.core.verdict import STATES
from harvesters.core.workshop import Workshop

log = logging.getLogger(__name__)
MOST_FAILURES = 1000


def note_slice(shop: Workshop, run_id: str, report: SliceReport) -> None:
    """Write a slice's document; the next run of the slice overwrites it."""
    day = Day.parse(report.day, shop.clock.now())
    own = {
        "day": report.day,
        "state": report.kept or report.state,
        "settled": report.settled,
        "listed": report.listed,
        "harvested": report.harvested,
        "without_conference": report.without_conference,
        "failed": len(report.failed),
        "failures": {each["key"]: each["reason"] for each in report.failed[:MOST_FAILURES]},
        "vendor_total": _whole_number(report.vendor_total),
        "delta": _whole_number(report.delta),
        "attempts": report.attempts,
        "anomalies": len(report.anomalies),
        "route": report.route,
        "retention_ends": iso(day.start + shop.limits.retention),
    }
    flat = {
        **_common(SLICE, iso(day.start), report.sentence()),
        "vconf.vendor": report.source,
        "vconf.account.id": report.account,
        "vconf.account.name": shop.account.name,
        "vconf.run.id": run_id,
        **{f"vconf.slice.{name}": value for name, value in own.items()},
    }
    _note(shop, doc_id((report.source, report.account, SLICE, report.day)), flat)


def _whole_number(value: float | None) -> int | None:
    return None if value is None else round(value)


def note_run(shop: Workshop, report: RunReport) -> None:
    """Write the run's document."""
    length_ms = (instant_ms(report.ended) or 0) - (instant_ms(report.started) or 0)
    own = {
        "id": report.id,
        "command": report.command,
        "version": report.version,
        "exit_code": int(report.exit_code),
        "state": STATES.get(Exit(report.exit_code), "failed"),
        "started": report.started,
        "ended": report.ended,
        "duration_s": length_ms / 1000,
        "peak_rss_mb": report.as_json()["run"]["peak_rss_mb"],
        **{name: sum(getattr(each, name) for each in report.slices) for name in ("requests", "retried", "bytes_in")},
        "waited_s": round(sum(each.waited_s for each in report.slices), 3),
        **{f"documents.{name}": number for name, number in documents(report).items()},
    }
    flat = {
        **_common(RUN, report.started, report.summary()),
        "event.start": report.started,
        "event.end": report.ended,
        "event.duration": length_ms * 1_000_000,
        **{f"vconf.run.{name}": value for name, value in own.items()},
    }
    _note(shop, doc_id((RUN, report.id)), flat)


def documents(report: RunReport) -> Counter[str]:
    """What became of the documents of all slices and destinations."""
    total: Counter[str] = Counter()
    for load in (load for each in report.slices for load in each.destinations.values()):
        total["unchanged"] += load.unchanged
        for counts in load.counts.types.values():
            for name in ("created", "updated", "stale", "rejected"):
                total[name] += getattr(counts, name)
    return total


def _common(type_: str, at: str, message: str) -> dict[str, Any]:
    return {
        "@timestamp": at,
        "ecs.version": ECS_VERSION,
        "event.kind": "state",
        "vconf.type": type_,
        "vconf.schema": SCHEMA,
        "message": message,
    }


def _note(shop: Workshop, id_: str, flat: Mapping[str, Any]) -> None:
    """Write a document where there is a place for it; its loss is only a warning, also where nobody waits any more."""
    for destination in shop.destinations:
        if destination.name in shop.opened and not shop.options.dry_run:
            try:
                destination.note(id_, nest(flat))
            except (DestinationError, InterruptedRunError) as error:
                log.warning("the run's own document was not written: %s", error)
