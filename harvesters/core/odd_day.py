"""What is odd about a day as issue documents, where a destination has a place for them."""

import logging
from collections.abc import Mapping
from typing import Any

from harvesters.core.anomaly import ANOMALY, Anomaly
from harvesters.core.day import Day, iso
from harvesters.core.destinations import Notable, Target
from harvesters.core.encode import CATEGORY, KIND
from harvesters.core.envelope import Envelope
from harvesters.core.errors import DestinationError, InterruptedRunError
from harvesters.core.fields import ISSUE
from harvesters.core.ids import doc_id, readable
from harvesters.core.nesting import nest
from harvesters.core.report import SliceReport
from harvesters.core.workshop import Workshop

log = logging.getLogger(__name__)
SEVERITY = "warning"


def note_anomalies(shop: Workshop, report: SliceReport) -> None:
    """Bring the documents of a slice's anomalies up to date; of one that was not looked through they stay."""
    if not report.examined:
        return
    day, envelope = Day.parse(report.day, shop.clock.now()), shop.recipe.envelope
    documents = dict(_document(day, each, envelope) for each in report.anomalies)
    for destination in shop.destinations:
        if destination.name in shop.opened and isinstance(destination, Notable):
            try:
                destination.note_issues(Target(shop.vendor, shop.account.id, day), documents)
            except (DestinationError, InterruptedRunError) as error:
                log.warning("the documents of what is odd about %s are not up to date: %s", day, error)


def _document(day: Day, anomaly: Anomaly, envelope: Envelope) -> tuple[str, Mapping[str, Any]]:
    """The id and the members; the same from every run that finds it."""
    key = envelope.vendor, envelope.account, ISSUE, ANOMALY, str(day), anomaly.code, anomaly.subject
    shared = {**envelope.told(), **envelope.treatment.constants}
    own = {
        "@timestamp": iso(day.start),
        "event.kind": KIND[ISSUE],
        "event.category": [CATEGORY[ISSUE]],
        "event.type": ["error"],
        "event.dataset": f"{envelope.vendor}.{ISSUE}",
        "event.id": readable(key),
        "vconf.type": ISSUE,
        "vconf.issue.code": anomaly.code,
        "vconf.issue.source": ANOMALY,
        "vconf.issue.severity": SEVERITY,
        "vconf.issue.subject": anomaly.subject,
        "vconf.issue.value": anomaly.value,
        "vconf.issue.limit": anomaly.limit,
        "vconf.issue.explanation": anomaly.text,
    }
    flat = {**shared, **own}
    return doc_id(key), nest(envelope.treatment.treat(flat, shared))
