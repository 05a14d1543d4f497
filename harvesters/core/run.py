"""One execution of the command over the days of one vendor and account."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from harvesters.core.day import Day, iso
from harvesters.core.days import manifests, nightly, survey
from harvesters.core.engine import run_slice
from harvesters.core.envelope import Envelope
from harvesters.core.errors import Exit, worst
from harvesters.core.expiry import archived_names
from harvesters.core.locks import held
from harvesters.core.manifest import Manifest
from harvesters.core.notes import note_slice
from harvesters.core.odd_day import note_anomalies
from harvesters.core.profiles import made_otherwise, other_profiles
from harvesters.core.report import RunReport, SliceReport
from harvesters.core.words import many
from harvesters.core.workshop import Workshop

log = logging.getLogger(__name__)

Tell = Callable[[SliceReport], None]


def choose_days(shop: Workshop, now: datetime) -> list[Day]:
    """The days of a nightly run; those that a destination is owed come first."""
    known = survey(now, manifests(shop.data_dir, shop.vendor, shop.account.id), shop.identities)
    return nightly(now, shop.limits, known)


def run_days(shop: Workshop, days: Iterable[Day] | None, report: RunReport, tell: Tell) -> list[str]:
    """Run the slices of an account, the nightly choice if no days are given; returns what to say besides.

    Raises:
        LockedError: another run works on this account.
    """
    reach_all(shop)
    with locked(shop):
        taken = list(days) if days is not None else choose_days(shop, shop.clock.now())
        run_slices([(shop, day) for day in taken], report, tell)
        return outdated(shop, set(taken) if days is None else None)


def reach_all(shop: Workshop) -> None:
    """Open the destinations, and say which cannot be reached."""
    for destination in shop.destinations:
        if gone := shop.reach(destination):
            log.warning("%s%s", gone, " The vendor's answers go into the archive all the same." if shop.source else "")


def run_slices(slices: Iterable[tuple[Workshop, Day]], report: RunReport, tell: Tell) -> None:
    """Run slices one after the other, until the user wants no more; whoever calls it holds the accounts' locks."""
    for shop, day in slices:
        slice_report = run_slice(shop, day)
        report.slices.append(slice_report)
        tell(slice_report)
        if slice_report.exit_code is Exit.INTERRUPTED:
            # Its document can wait: the node may be what everything waits for.
            break
        if not (shop.options.selection or slice_report.expired):
            note_slice(shop, report.id, slice_report)
            note_anomalies(shop, slice_report)


def locked(shop: Workshop) -> AbstractContextManager[None]:
    """The lock of an account, which a run that writes nothing does not need.

    Raises:
        LockedError: another run works on this account.
    """
    if shop.options.dry_run:
        return nullcontext()
    return held(shop.data_dir, shop.vendor, shop.account.id, shop.clock.now())


def outdated(shop: Workshop, taken: set[Day] | None) -> list[str]:
    """How many slices hold documents of another profile of privacy, and how many of other code or settings, or none.

    The latter of slices outside a nightly run, which took some; None: it was no such run.
    """
    now = shop.clock.now()
    there = {each.name: each.identity for each in shop.destinations if each.identity and each.name not in shop.gone}
    others: Counter[tuple[str, bool]] = Counter()
    old: Counter[str] = Counter()
    for each in manifests(shop.data_dir, shop.vendor, shop.account.id):
        found = made_otherwise(shop, each)
        others.update((name, bool(each.expired)) for name in found)
        if taken is not None and each.records and Day.parse(each.day, now) not in taken:
            left = there.keys() - found
            old.update(name for name in there if name in left and _differs(each, there[name], shop.recipe.envelope))
    return other_profiles(shop, others) + [
        f"{many(number, 'older day')} in {name} with documents of other code or settings, or none: "
        f"'./harvest.py replay {shop.vendor} --all --destination {name}' makes them anew."
        for name, number in old.items()
    ]


def _differs(manifest: Manifest, identity: str, envelope: Envelope) -> bool:
    loaded, present = manifest.destinations.get(identity), (envelope.revision, envelope.settings)
    if loaded and loaded.removed:
        return False
    stamps = loaded.records if loaded else {}
    return any(
        name not in stamps or (stamps[name].revision, stamps[name].settings) != present
        for name in archived_names(manifest)
    )


def finish(report: RunReport, now: datetime, more: Iterable[Exit] = (), *, strict: bool = False) -> None:
    """Give a run its end and its exit code, the worst of its slices'; if it is `strict`, warnings are no success."""
    report.exit_code = worst([each.exit_code for each in report.slices] + list(more))
    if strict and report.exit_code is Exit.OK and any(each.remarkable for each in report.slices):
        report.exit_code = Exit.PARTIAL
    report.ended = iso(now)
