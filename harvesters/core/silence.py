"""Looks whether a day that is whole is odd all the same: a silence, a crowd, a member that vanished or appeared."""

from harvesters.core.anomaly import Anomaly
from harvesters.core.day import Day
from harvesters.core.drift import drift
from harvesters.core.manifest import Manifest
from harvesters.core.past import counts_before, filled_before, is_whole
from harvesters.core.report import SliceReport
from harvesters.core.usual import odd_count
from harvesters.core.workshop import Workshop


def can_be_judged(shop: Workshop, report: SliceReport, manifest: Manifest, day: Day) -> bool:
    """Whether a slice is one that can be compared with others: whole, over when it was listed, and not narrowed."""
    whole = is_whole(report.state, manifest.listed_at, day)
    return whole and shop.source is not None and not shop.options.selection


def anomalies(shop: Workshop, manifest: Manifest, day: Day) -> list[Anomaly]:
    """What is odd about a slice, compared with the days that are archived before it."""
    account = shop.data_dir, shop.vendor, shop.account.id
    count = sum(len(each.records) for each in manifest.calls.values())
    odd = odd_count(day, count, counts_before(*account, day))
    found = [odd] if odd else []
    return found + (list(drift(manifest.filled, filled_before(*account, day))) if manifest.filled else [])


def tell(report: SliceReport, found: list[Anomaly]) -> None:
    """Put into the report what was found, among its warnings too.

    These are a list of its own afterwards: what stands in the manifest tells why a day is not whole.
    """
    report.examined = True
    report.anomalies += found
    report.warnings = list(dict.fromkeys([*report.warnings, *(each.text for each in report.anomalies)]))
