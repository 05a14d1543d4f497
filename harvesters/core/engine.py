"""One slice: fetch what the archive lacks, merge, load what each destination lacks, and the verdict."""

import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec

from harvesters.core.day import Day, iso
from harvesters.core.days import check_kept
from harvesters.core.destinations import Destination, Target
from harvesters.core.errors import (
    ArchiveError,
    AuthError,
    DeferredError,
    HarvestError,
    InterruptedRunError,
    SliceError,
)
from harvesters.core.fetching import (
    MISSING,
    Fetched,
    Fetcher,
    Schedule,
    batches,
    is_final,
    note_outcomes,
    to_fetch,
)
from harvesters.core.http import Traffic
from harvesters.core.loading import Load, Loader
from harvesters.core.manifest import CallState, Loaded, Manifest
from harvesters.core.report import PLANNED, SliceReport
from harvesters.core.source import Call, Notice, Source
from harvesters.core.store import SliceStore
from harvesters.core.verdict import judge_slice
from harvesters.core.workshop import Workshop

log = logging.getLogger(__name__)

UNREACHED = "unreached:"


def run_slice(shop: Workshop, day: Day) -> SliceReport:
    """Bring one slice as far as it can be brought, and say how far that is. Raises nothing of its own."""
    report = SliceReport(shop.vendor, shop.account.id, str(day))
    before = _figures_of(shop.traffic)
    shop.progress.begin(f"{shop.vendor} {shop.account.id} {day}")
    try:
        _Slice(shop, day, report).run()
    finally:
        shop.progress.end()
        for name, value in _figures_of(shop.traffic).items():
            setattr(report, name, value - before[name])
    return report


def _figures_of(traffic: Traffic) -> dict[str, Any]:
    return {name: getattr(traffic, name) for name in ("requests", "retried", "waited_s", "bytes_in")}


class _Slice:
    """One slice at work."""

    def __init__(self, shop: Workshop, day: Day, report: SliceReport) -> None:
        self.shop, self.day, self.report = shop, day, report
        self.store = SliceStore(shop.data_dir, shop.vendor, shop.account.id, day)
        self.manifest = Manifest(shop.vendor, shop.account.id, str(day))
        self.error: BaseException | None = None
        self.harm: list[str] = []
        self.scope: set[str] | None = None
        self.when = Schedule(day, shop.limits, shop.clock.now())

    def run(self) -> None:
        dry = self.shop.options.dry_run
        self._guarded(self._forecast if dry else self._work)
        if dry and self.error is None:
            self.report.state = PLANNED
            return
        judge_slice(self.report, self.manifest, self.scope, self.error, self.harm)
        if not dry:
            self._guarded(self._finish)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do the work; what ends it early is kept for the verdict."""
        try:
            work()
        except (HarvestError, KeyboardInterrupt) as error:
            self.error = self.error or error
        except OSError as error:
            self.error = self.error or self._disk(error)

    def _disk(self, error: OSError) -> ArchiveError:
        place = error.filename or self.shop.data_dir
        return ArchiveError(f"{place} cannot be read or written: {error.strerror or type(error).__name__}")

    def _work(self) -> None:
        self.manifest, damage = self.store.open()
        self.harm += damage
        if self.shop.source and self._wants_fetch():
            self._fetch(self.shop.source)
        self._load()

    def _wants_fetch(self) -> bool:
        return self.shop.options.again or not self.manifest.settled

    # -- fetch and merge ------------------------------------------------------------------------------

    def _fetch(self, source: Source) -> None:
        """List, fetch and merge; an error ends the fetch, and what came before it is kept."""
        options = self.shop.options
        try:
            if self.shop.stopped:
                raise self.shop.stopped
            check_kept(self.when, self.shop.vendor)
            calls = self._list(source)
        except (HarvestError, msgspec.MsgspecError) as error:
            self.error = self._stop(error if isinstance(error, HarvestError) else _unexpected(error))
            self._merge(Fetched(), None)
            return
        todo = self._due(calls)
        self.shop.progress.listed(len(todo))
        self.manifest.attempts += 1
        fetcher = Fetcher(
            source,
            self.shop.account,
            self.day,
            self.store,
            self.manifest,
            self.shop.clock,
            self.shop.progress.fetched,
        )
        fetched = fetcher.run(todo, options.concurrency)
        self.error = self._stop(fetched.error)
        self._notices(fetched.notices)
        self._merge(fetched, calls)

    def _due(self, calls: dict[str, Call]) -> list[Call]:
        """Those of the chosen calls that this run fetches, in order."""
        options = self.shop.options
        chosen = self._chosen(calls.values())
        return to_fetch(chosen, self.manifest, self.when, again=options.again, nightly=options.nightly)

    def _stop(self, error: BaseException | None) -> BaseException | None:
        """Remember an error that every further day of this account would meet again."""
        if isinstance(error, AuthError | DeferredError):
            self.shop.stopped = error
        return error

    def _list(self, source: Source) -> dict[str, Call]:
        calls: dict[str, Call] = {}
        notices: list[Notice] = []
        for item in source.list_calls(self.shop.account, self.day):
            if isinstance(item, Notice):
                notices.append(item)
            else:
                calls.setdefault(item.key, item)
        self._notices(notices)
        return calls

    def _notices(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            (self.harm if notice.harm else self.report.warnings).append(notice.text)

    def _chosen(self, calls: Collection[Call]) -> list[Call]:
        """The calls that the user selected; ids that were not listed are named."""
        selection = self.shop.options.selection
        if not selection:
            return list(calls)
        chosen = [call for call in calls if not selection.calls or call.key in selection.calls][: selection.limit]
        self.scope = {call.key for call in chosen}
        unknown = selection.calls - {call.key for call in calls}
        self.harm += [f"{key} is not among the calls of {self.day}" for key in sorted(unknown)]
        return chosen

    def _merge(self, fetched: Fetched, listed: dict[str, Call] | None) -> None:
        """Merge the part file, then write down what is known of each call."""
        merged = self.store.merge(self.manifest, again=self.shop.options.again)
        self.report.warnings += merged.warnings
        self.report.unchanged = len(self.manifest.records) - merged.taken
        note_outcomes(self.manifest, fetched.outcomes, self.when)
        if listed is not None:
            self._note_listing(listed)
            self.manifest.settled = self._is_settled(listed)
        self.store.commit(self.manifest)

    def _note_listing(self, listed: dict[str, Call]) -> None:
        self.manifest.listed_at = iso(self.when.now)
        for key in listed:
            self.manifest.calls.setdefault(key, CallState(MISSING, reason="not fetched yet"))
        for key, state in self.manifest.calls.items():
            state.listed = key in listed
            if not state.listed and state.records:
                self.report.warnings.append(f"call {key} is in the archive but no longer listed by the vendor.")

    def _is_settled(self, listed: dict[str, Call]) -> bool:
        now = self.when.now
        late = now >= self.when.settled_from and not self.shop.limits.in_maintenance(now)
        final = all(is_final(self.manifest.calls[key], self.manifest, self.when) for key in listed)
        return late and final and not self.harm and self.error is None

    # -- load ----------------------------------------------------------------------------------------

    def _load(self) -> None:
        if isinstance(self.error, InterruptedRunError | KeyboardInterrupt):
            return
        for destination in self.shop.destinations:
            self.report.destinations[destination.name] = self._into(destination)
            self.store.commit(self.manifest)

    def _into(self, destination: Destination) -> Load:
        unreached = UNREACHED + destination.name
        if gone := self.shop.reach(destination):
            if self.manifest.records:
                self.manifest.destinations.setdefault(unreached, Loaded())
            return Load(owed=len(self.manifest.records), error=gone)
        self.manifest.destinations.pop(unreached, None)
        self.shop.progress.loading(destination.name, len(self.manifest.records))
        return self._loader(destination).run()

    def _loader(self, destination: Destination) -> Loader:
        target = Target(self.shop.vendor, self.shop.account.id, self.day)
        return Loader(self.shop.recipe, self.store, self.manifest, destination, target, self._selected())

    def _selected(self) -> set[str] | None:
        """Readable keys of the selected records; None: all."""
        selection = self.shop.options.selection
        if not selection:
            return None
        wanted = selection.records
        return {
            name
            for name, entry in self.manifest.records.items()
            if (self.scope is not None and entry.call in self.scope)
            or (wanted and ({name, entry.call, *entry.key} & wanted))
        }

    def _finish(self) -> None:
        self.manifest.state = self.report.state
        self.manifest.warnings = self.report.warnings
        self.report.settled = self.manifest.settled
        if self.manifest.calls or self.manifest.records or self.manifest.listed_at:
            self.store.commit(self.manifest)

    # -- dry run -------------------------------------------------------------------------------------

    def _forecast(self) -> None:
        """Say what would be fetched and loaded; listing calls are made, nothing is written."""
        self.manifest = self.store.peek() or self.manifest
        todo: list[Call] = []
        if self.shop.source and self._wants_fetch():
            check_kept(self.when, self.shop.vendor)
            calls = self._list(self.shop.source)
            self.report.listed = len(calls)
            todo = self._due(calls)
        requests = sum(1 for _ in batches(todo, self.shop.limits))
        plan = [f"would fetch {len(todo)} of {self.report.listed} calls in about {requests} requests"]
        plan += [self._plan_of(each) for each in self.shop.destinations]
        self.report.reason = "; ".join(plan)

    def _plan_of(self, destination: Destination) -> str:
        if gone := self.shop.reach(destination):
            return str(gone)
        return (
            f"{destination.name} is owed {len(self._loader(destination).owed())} archived records and what is fetched"
        )


def _unexpected(error: Exception) -> SliceError:
    return SliceError(f"the vendor's answer has an unexpected form: {str(error)[:200]}")
