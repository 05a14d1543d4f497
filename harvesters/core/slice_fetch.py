"""The first two steps of a slice: list and fetch what the archive lacks, then merge it in."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import msgspec

from harvesters.core.day import iso
from harvesters.core.days import check_kept
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
    NOT_HAD,
    Fetched,
    Fetcher,
    batches,
    is_final,
    note_outcomes,
    to_fetch,
)
from harvesters.core.filled import add_all, in_order
from harvesters.core.forecast import Forecast, forecast
from harvesters.core.manifest import CallState, Manifest, adopt
from harvesters.core.report import NOT_YET, SliceReport
from harvesters.core.schedule import Schedule
from harvesters.core.source import Call, Notice, Route, Source, Totalling
from harvesters.core.store import SliceStore
from harvesters.core.words import many
from harvesters.core.workshop import Workshop

log = logging.getLogger(__name__)
NO_TOTALS = (
    "{vendor}'s own totals cannot be had, and are not asked for again in this run: {why}; the calls are not concerned, "
    "TOTALS=no leaves them out."
)


@dataclass(slots=True)
class SliceFetch:
    """Fetches one slice; `error`, `harm` and `scope` tell afterwards how far it came.

    Attributes:
        error: why it ended early; what came before it is kept.
        harm: sentences that make the day partial.
        scope: the calls that the user selected, None for all of them.
    """

    shop: Workshop
    when: Schedule
    store: SliceStore
    manifest: Manifest
    report: SliceReport
    error: BaseException | None = None
    harm: list[str] = field(default_factory=list)
    scope: set[str] | None = None

    def run(self, source: Source) -> None:
        """List, fetch and merge; what a run that was cut off left is taken in first, so that what comes is newer."""
        if self.store.part.exists():
            self._take_in()
            self.store.commit(self.manifest)
        calls = self._listed(source)
        if calls is None:
            self._merge(Fetched(), None)
            return
        todo = self._due(calls)
        log.info("%s: %s listed, %d to fetch", self.when.day, many(len(calls), "call"), len(todo))
        self.shop.progress.listed(len(todo))
        self.manifest.attempts += 1
        shop = self.shop
        watch, memory = shop.progress.fetched, shop.recall()
        fetcher = Fetcher(source, shop.account, self.when.day, self.store, self.manifest, shop.clock, watch, memory)
        fetched = fetcher.run(todo, shop.options.concurrency)
        # The calls themselves are not needed any more, and there may be many.
        listed = {key: call.level for key, call in calls.items()}
        calls.clear()
        todo.clear()
        self._end(fetched.error)
        self._ask_totals(source, fetcher)
        self._hear(fetched.notices)
        self._merge(fetched, listed)

    def _ask_totals(self, source: Source, fetcher: Fetcher) -> None:
        """The vendor's own totals of the day: not to have them is a warning, for which nothing is tried again."""
        wanted = self.shop.totals and not self.shop.options.selection
        if self.error or not wanted or not isinstance(source, Totalling):
            return
        try:
            fetcher.totals(source)
        except (KeyboardInterrupt, InterruptedRunError) as error:
            self._end(error)
        except (HarvestError, msgspec.MsgspecError) as error:
            self.shop.totals = False
            why = str(error).rstrip(".") if isinstance(error, HarvestError) else f"unexpected form: {str(error)[:200]}"
            self.report.warnings.append(NO_TOTALS.format(vendor=self.shop.vendor, why=why))

    def skip(self) -> None:
        """Nothing is asked of the vendor; a selection is made among what is known."""
        self._take_in()
        self.store.commit(self.manifest)
        wanted = self.shop.options.selection.records
        if wanted:
            self.scope = {self.manifest.records[name].call for name in self.selected() or ()}
            self.scope |= wanted & set(self.manifest.calls)
        else:
            self._choose(list(self.manifest.calls))

    def selected(self) -> set[str] | None:
        """Readable keys of the records that the user selected; None: all."""
        selection, scope = self.shop.options.selection, self.scope or ()
        if not selection:
            return None
        return {
            name
            for name, entry in self.manifest.records.items()
            if ({name, entry.call, *entry.key} & selection.records if selection.records else entry.call in scope)
        }

    def forecast(self, source: Source, before: Iterable[Manifest]) -> Forecast | None:
        """What `run` would take, None if the calls cannot be listed; listing calls are made, nothing is written."""
        calls = self._listed(source)
        if calls is None:
            return None
        todo = self._due(calls)
        self.report.listed = len(calls)
        limits = self.shop.limits
        return forecast(len(todo), limits.per_batch * sum(1 for _ in batches(todo, limits)), limits, before)

    def _end(self, error: BaseException | None) -> None:
        """Keep why the fetch ended, and whether every further day of this account would meet it again."""
        if isinstance(error, msgspec.MsgspecError):
            error = SliceError(f"the vendor's answer has an unexpected form: {str(error)[:200]}")
        if isinstance(error, OSError):
            error = ArchiveError(f"{error.filename or self.store.part} cannot be written: {error.strerror}")
        if isinstance(error, AuthError | DeferredError):
            self.shop.stopped = error
        self.error = error

    def _listed(self, source: Source) -> dict[str, Call] | None:
        """The calls of the day; None if they cannot be listed, and `error` tells why."""
        try:
            if self.shop.stopped:
                raise self.shop.stopped
            return self._list(source)
        except (HarvestError, msgspec.MsgspecError) as error:
            self._end(error)
            return None

    def _list(self, source: Source) -> dict[str, Call]:
        check_kept(self.when, self.shop.vendor)
        calls: dict[str, Call] = {}
        notices: list[Notice] = []
        for item in source.list_calls(self.shop.account, self.when.day):
            if isinstance(item, Notice):
                notices.append(item)
            elif isinstance(item, Route):
                self.manifest.route, self.report.detour = item.name, item.why
            else:
                calls.setdefault(item.key, item)
        self._hear(notices)
        return calls

    def _hear(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            (self.harm if notice.harm else self.report.warnings).append(notice.text)

    def _due(self, calls: dict[str, Call]) -> list[Call]:
        """Those of the chosen calls that this run fetches, in order."""
        options = self.shop.options
        chosen = [calls[key] for key in self._choose(list(calls))]
        return to_fetch(chosen, self.manifest, self.when, again=options.again, nightly=options.nightly)

    def _choose(self, keys: Collection[str]) -> list[str]:
        """The calls that the user selected; ids that are not there are named."""
        selection = self.shop.options.selection
        if not (selection.calls or selection.limit):
            return list(keys)
        chosen = [key for key in keys if not selection.calls or key in selection.calls][: selection.limit]
        self.scope = set(chosen)
        unknown = selection.calls - set(keys)
        self.harm += [f"{key} is not among the calls of {self.when.day}" for key in sorted(unknown)]
        return chosen

    def _merge(self, fetched: Fetched, listed: dict[str, int | None] | None) -> None:
        """Merge the part file, then write down what is known of each call; `listed` are those of the list, by level."""
        self._take_in()
        self.report.warnings += note_outcomes(self.manifest, fetched.outcomes, self.when)
        add_all(self.manifest.filled, fetched.filled)
        self.manifest.filled = in_order(self.manifest.filled)
        if listed is not None:
            self._note_listing(listed)
            self.manifest.settled = self._is_settled(listed)
            if self.manifest.settled:
                self.manifest.level = self.shop.limits.level
        self.store.commit(self.manifest)

    def _take_in(self) -> None:
        """Bring the part file into the archive: this run's, and what a run that was cut off left."""
        merged = self.store.merge(self.manifest, again=self.shop.options.again)
        self.report.warnings += merged.warnings
        self.report.unchanged = len(self.manifest.records) - merged.taken
        adopt(self.manifest, self.store.once)
        self.store.forget_texts()

    def _note_listing(self, listed: Collection[str]) -> None:
        self.manifest.listed_at = iso(self.when.now)
        for key in listed:
            self.manifest.calls.setdefault(key, CallState(MISSING, reason=NOT_YET))
        for key, state in self.manifest.calls.items():
            state.listed = key in listed
            if not state.listed and (state.records or state.state in NOT_HAD):
                place = "in the archive" if state.records else "missing"
                self.report.warnings.append(f"call {key} is {place} but no longer listed by the vendor.")

    def _is_settled(self, listed: dict[str, int | None]) -> bool:
        """Whether nothing more will come; a day that had settled stays so while its calls are final."""
        now = self.when.now
        late = now >= self.when.closed_from and not self.shop.limits.in_maintenance(now)
        final = all(is_final(key, level, self.manifest, self.when) for key, level in listed.items())
        return final and (self.manifest.settled or (late and not self.harm and self.error is None))
