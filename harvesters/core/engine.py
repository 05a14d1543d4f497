"""One slice: fetch what the archive lacks, merge, load what each destination lacks, and the verdict."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from harvesters.core.day import Day
from harvesters.core.days import manifests, owes
from harvesters.core.destinations import Destination, Target
from harvesters.core.errors import ArchiveError, Exit, HarvestError, InterruptedRunError
from harvesters.core.forecast import Forecast
from harvesters.core.forget import Search, Seen
from harvesters.core.loading import Load, Loader, Watch
from harvesters.core.manifest import UNREACHED, Loaded, Manifest
from harvesters.core.preview import NOT_MERGED, Preview
from harvesters.core.report import PLANNED, SliceReport
from harvesters.core.schedule import Schedule
from harvesters.core.silence import anomalies, can_be_judged, tell
from harvesters.core.slice_fetch import SliceFetch
from harvesters.core.stamps import Stamps
from harvesters.core.store import SliceStore
from harvesters.core.totals import set_beside
from harvesters.core.traffic import Traffic
from harvesters.core.verdict import judge_slice, stays
from harvesters.core.words import many
from harvesters.core.workshop import Workshop

PUT_BACK = "the archive is not the one that the last run left: forgotten people were blanked in {} of it."
EXPIRED = "its archive expired on {}, and only --again fetches the day anew"


def run_slice(shop: Workshop, day: Day) -> SliceReport:
    """Bring one slice as far as it can be brought, and say how far that is. Raises nothing of its own."""
    report = SliceReport(shop.vendor, shop.account.id, str(day), selected=bool(shop.options.selection))
    before = _figures_of(shop.traffic)
    shop.progress.begin(f"{shop.vendor} {shop.account.id} {day}")
    try:
        _Slice(shop, day, report).run()
    finally:
        shop.progress.end()
        for name, value in _figures_of(shop.traffic).items():
            setattr(report, name, value - before[name])
        report.quotas = shop.port.quotas() if shop.port else []
    return report


def _figures_of(traffic: Traffic) -> dict[str, Any]:
    return {name: getattr(traffic, name) for name in ("requests", "retried", "repeated", "waited_s", "bytes_in")}


class _Slice:
    """One slice at work."""

    def __init__(self, shop: Workshop, day: Day, report: SliceReport) -> None:
        self.shop, self.day, self.report = shop, day, report
        self.store = SliceStore(shop.data_dir, shop.vendor, shop.account.id, day)
        self.error: BaseException | None = None
        self.merged = False
        self._take(Manifest(shop.vendor, shop.account.id, str(day)))

    def _take(self, manifest: Manifest) -> None:
        self.manifest = manifest
        when = Schedule(self.day, self.shop.limits, self.shop.clock.now())
        self.fetch = SliceFetch(self.shop, when, self.store, manifest, self.report)

    def run(self) -> None:
        if self.shop.options.dry_run:
            self._guarded(self._forecast if self.shop.source else self._preview)
            if self.error:
                self._judge()
            return
        self._guarded(self._work)
        self._judge()
        # Before that, manifest and part file are what the next run goes on from: they stay as they are.
        if self.merged:
            self._guarded(self._finish)
        if self.error and self.report.exit_code is Exit.OK:
            self._judge()
        if can_be_judged(self.shop, self.report, self.manifest, self.day):
            tell(self.report, anomalies(self.shop, self.manifest, self.day))

    def _judge(self) -> None:
        judge_slice(self.report, self.manifest, self.fetch.scope, self.error, self.fetch.harm)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do the work; what ends it early is kept for the verdict."""
        try:
            work()
        except KeyboardInterrupt as error:
            # Nobody waits any more, for a busy node either.
            self.shop.clock.stop.set()
            self.error = self.error or error
        except HarvestError as error:
            self.error = self.error or error
        except OSError as error:
            place = error.filename or self.shop.data_dir
            message = f"{place} cannot be read or written: {error.strerror or type(error).__name__}"
            self.error = self.error or ArchiveError(message)

    def _work(self) -> None:
        manifest, damage = self.store.open()
        self._take(manifest)
        self.fetch.harm += damage
        self._blank_strange()
        self._promise()
        if self.shop.source and self._wants_fetch():
            self.fetch.run(self.shop.source)
            self.error = self.fetch.error
        else:
            self.fetch.skip()
        self.merged = True
        if self.manifest.expired:
            self.report.expired = True
            self.report.reason = EXPIRED.format(self.manifest.expired[:10])
        self._load()

    def _blank_strange(self) -> None:
        """An archive that was put back may tell of people who were forgotten since: it is treated as a fetch is."""
        memory = self.shop.recall() if self.store.believed else None
        if memory is None:
            return
        seen = Seen(str(self.day))
        search = Search(self.shop.data_dir, memory.forgetter, memory)
        search.blank_opened(self.store, self.manifest, seen, damaged=False)
        self.fetch.harm += seen.unsure
        if seen.records:
            self.report.warnings.append(PUT_BACK.format(many(len(seen.records), "record")))

    def _promise(self) -> None:
        """Note before the fetch for whom it is, so that a run that is cut off is known to owe it to them."""
        for destination in self.shop.destinations:
            gone = self.shop.reach(destination)
            if name := UNREACHED + destination.name if gone else destination.identity:
                self.manifest.destinations.setdefault(name, Loaded(Stamps()))

    def _wants_fetch(self) -> bool:
        """Without named days, one that the vendor no longer has is taken for what a destination is owed."""
        options = self.shop.options
        if self.manifest.expired:
            return options.again and options.names_days
        if options.chosen_by_us and self.day < self.shop.limits.oldest_kept(self.fetch.when.now):
            if not self.manifest.settled:
                text = f"{self.day} had not settled when {self.shop.vendor} last had it: what came later is not here."
                self.report.warnings.append(text)
            return False
        return options.again or not self.manifest.settled or self.shop.limits.level > self.manifest.level

    def _load(self) -> None:
        if isinstance(self.error, InterruptedRunError | KeyboardInterrupt):
            return
        for destination in self.shop.destinations:
            self.report.destinations[destination.name] = self._into(destination)
            self.store.commit(self.manifest)

    def _into(self, destination: Destination) -> Load:
        if gone := self.shop.reach(destination):
            return Load(owed=len(self.manifest.records), error=gone)
        self.manifest.destinations.pop(UNREACHED + destination.name, None)
        return self._loader(destination).run()

    def _loader(self, destination: Destination) -> Loader:
        target = Target(self.shop.vendor, self.shop.account.id, self.day)
        progress = self.shop.progress
        watch = Watch(lambda records: progress.loading(destination.name, records), progress.loaded)
        return Loader(
            self.shop.recipe, self.store, self.manifest, destination, target, self.fetch.selected(), watch,
            named=self.shop.options.names_days,
        )  # fmt: skip

    def _finish(self) -> None:
        # A day whose archive expired stays what it was: nobody can look at it anew.
        lasting = self.shop.options.selection or self.manifest.expired
        if not lasting:
            self.report.kept = stays(
                self.report, self.manifest, self.fetch.harm, owed=owes(self.manifest, self.shop.identities)
            )
        if not (lasting or self.report.kept):
            self.manifest.state = self.report.state
            self.manifest.reason, self.manifest.warnings = self.report.reason, self.report.warnings
        self.report.settled, self.report.attempts = self.manifest.settled, self.manifest.attempts
        self.report.route = self.manifest.route
        self.store.commit(self.manifest)
        if not self.shop.options.selection:
            set_beside(self.shop, self.store, self.manifest, self.report)

    def _preview(self) -> None:
        """Say what a replay would do; nothing is written."""
        manifest, damage = self.store.view()
        self._take(manifest)
        preview = Preview(self.shop, self.report, self._comparer)
        preview.run()
        preview.warn([*damage, *([NOT_MERGED] if self.store.part.exists() else [])])
        if damage:
            self.report.exit_code = Exit.PARTIAL
        self.error = preview.error

    def _comparer(self, destination: Destination) -> Loader:
        """What would load the slice; who watches sees it compare."""
        progress = self.shop.progress
        watch = Watch(partial(progress.comparing, destination.name), progress.loaded)
        return replace(self._loader(destination), watch=watch)

    def _forecast(self) -> None:
        """Say what would be fetched and loaded; listing calls are made, nothing is written."""
        self._take(self.store.peek() or self.manifest)
        plan = [f"nothing to fetch, {'its archive expired' if self.manifest.expired else 'the day is settled'}"]
        found: Forecast | None = None
        if self.shop.source and self._wants_fetch():
            before = manifests(self.shop.data_dir, self.shop.vendor, self.shop.account.id, newest_first=True)
            found = self.fetch.forecast(self.shop.source, before)
            self.error = self.fetch.error
            if found:
                plan = [f"would fetch {found.calls:,} of {self.report.listed:,} calls in {found}"]
        plan += [self._owed(destination, fetched=bool(found and found.calls)) for destination in self.shop.destinations]
        if self.error is None:
            self.report.plan = found or Forecast(0, 0, None)
            self.report.reason = "; ".join(plan)
            self.report.state = PLANNED

    def _owed(self, destination: Destination, *, fetched: bool) -> str:
        """What a destination would get, in words."""
        if gone := self.shop.reach(destination):
            return str(gone)
        owed = len(self._loader(destination).owed())
        parts = [many(owed, "archived record")] if owed else []
        parts += ["what is fetched"] if fetched else []
        return f"{destination.name} would get {' and '.join(parts) or 'nothing new'}"
