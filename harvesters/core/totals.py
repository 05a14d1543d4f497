"""The vendor's own totals that the archive has of a day, set beside what is here of its calls."""

from collections.abc import Iterator
from contextlib import suppress

from harvesters.core.archive import read
from harvesters.core.day import Day
from harvesters.core.days import readable_manifest
from harvesters.core.loading import UNREADABLE
from harvesters.core.manifest import Manifest
from harvesters.core.reconciling import compared
from harvesters.core.report import WHOLE, SliceReport
from harvesters.core.source import NO_CALL
from harvesters.core.store import SliceStore
from harvesters.core.tree import Entity
from harvesters.core.workshop import Workshop


def set_beside(shop: Workshop, store: SliceStore, manifest: Manifest, report: SliceReport) -> None:
    """Note the vendor's figures in a slice's report, and as anomalies what differs; nothing is asked.

    Only of a day that settled and is whole: before, the vendor's figures and ours still grow, and what is missing is
    named by other words.
    """
    if not manifest.settled or report.state not in WHOLE:
        return
    following = _whole(SliceStore(shop.data_dir, shop.vendor, shop.account.id, store.day + 1))
    for usage in _usages(shop, store, manifest):
        for total in compared(usage, manifest, following):
            if total.counts_calls:
                report.vendor_total, report.delta = total.theirs, total.theirs - total.ours
            if total.differs:
                report.anomalies.append(total.anomaly(shop.vendor, Day.parse(report.day, shop.clock.now())))


def _whole(store: SliceStore) -> Manifest | None:
    """The manifest of a day of which nothing is missing."""
    found = readable_manifest(store.manifest_path)
    return found if found and found.state in WHOLE else None


def _usages(shop: Workshop, store: SliceStore, manifest: Manifest) -> Iterator[Entity]:
    """What the archived totals mean; what cannot be read was named when it was loaded."""
    entries = [each for each in manifest.records.values() if each.call == NO_CALL and each.archived]
    if not entries:
        return
    with suppress(*UNREADABLE), store.archive.open("rb") as file:
        for entry in entries:
            yield from shop.recipe.tree(read(file, entry)).usage
