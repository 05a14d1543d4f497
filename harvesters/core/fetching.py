"""The first step of a slice: fetch what the archive lacks, several batches at once."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec

from harvesters.core.archive import Frame, dated, pack
from harvesters.core.day import Clock, Day, iso, parse_instant, to_ms
from harvesters.core.errors import (
    STOPPED,
    BadCallError,
    HarvestError,
    InterruptedRunError,
    SliceError,
    TooBigError,
)
from harvesters.core.filled import Filled, Look, add_all
from harvesters.core.forgotten import Memory
from harvesters.core.ids import readable
from harvesters.core.leaving import leave
from harvesters.core.manifest import CallState, Manifest
from harvesters.core.schedule import Schedule
from harvesters.core.source import Account, Call, Failure, Limits, Notice, Record, Source, Totalling
from harvesters.core.store import SliceStore
from harvesters.core.words import many

log = logging.getLogger(__name__)

NIGHTLY_TRIES, WEEKLY = timedelta(days=7), timedelta(days=7)
LOST_AFTER = timedelta(days=3)
MISSING = "missing"
NOT_HAD = frozenset({"failed", "lost", MISSING})


class Outcome(msgspec.Struct, gc=False):
    """What fetching one call gave; `fetched_at` is the instant of its newest record, ms."""

    records: tuple[str, ...] = ()
    fetched_at: int = 0
    level: int = 0
    failure: Failure | None = None


@dataclass(slots=True)
class Fetched:
    """What a fetch gave: outcomes by call, what the operator must hear, what was filled, and why it ended early."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    filled: dict[str, Filled] = field(default_factory=dict)
    error: BaseException | None = None


def is_final(key: str, level: int | None, manifest: Manifest, when: Schedule) -> bool:
    """Whether a call needs no further fetch: lost, or fetched whole after the day had settled.

    `level`: the best that the call's records can have; None: what is asked for.
    """
    state = manifest.calls[key]
    if state.state == "lost":
        return True
    fetched = parse_instant(state.fetched)
    late_enough = fetched is not None and fetched >= when.settled_from
    ongoing = any(manifest.records[name].ongoing for name in state.records if name in manifest.records)
    wanted = when.limits.level if level is None else level
    enough = state.state == "none" or state.level >= wanted
    return state.state in {"fetched", "none"} and late_enough and not ongoing and enough


def is_due(state: CallState, when: Schedule) -> bool:
    """Whether a nightly run tries a failed call again: nightly for a week, then weekly."""
    tried = parse_instant(state.tried)
    return tried is None or when.now < when.day.end + NIGHTLY_TRIES or when.now >= tried + WEEKLY


def to_fetch(calls: Iterable[Call], manifest: Manifest, when: Schedule, *, again: bool, nightly: bool) -> list[Call]:
    """The calls that a run fetches: never fetched first, then failed ones, then those not final."""
    ranked: dict[int, list[Call]] = {0: [], 1: [], 2: []}
    for call in calls:
        state = manifest.calls.get(call.key)
        if state is None or state.state == MISSING:
            ranked[0].append(call)
        elif state.state == "failed":
            if again or not nightly or is_due(state, when):
                ranked[1].append(call)
        elif again or not is_final(call.key, call.level, manifest, when):
            ranked[2].append(call)
    return [call for rank in ranked.values() for call in rank]


def batches(calls: Iterable[Call], limits: Limits) -> Iterator[list[Call]]:
    """Calls in their order, as many at once as the vendor and the answer's size allow."""
    batch: list[Call] = []
    weight = 0
    for call in calls:
        if batch and (len(batch) == limits.batch or weight + call.weight > limits.batch_bytes):
            yield batch
            batch, weight = [], 0
        batch.append(call)
        weight += call.weight
    if batch:
        yield batch


def _unwatched(calls: int) -> None:
    """Nobody watches."""


@dataclass(slots=True)
class Fetcher:
    """Fetches the calls of one slice into its part file; whom `memory` knows is taken out of records before that."""

    source: Source
    account: Account
    day: Day
    store: SliceStore
    manifest: Manifest
    clock: Clock
    progress: Callable[[int], None] = _unwatched
    memory: Memory | None = None
    result: Fetched = field(default_factory=Fetched)
    _futures: list[Future[None]] = field(default_factory=list)
    _left: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, calls: Sequence[Call], concurrency: int) -> Fetched:
        """Fetch all of them; an error that ends the slice is kept beside what came before it."""
        pool = ThreadPoolExecutor(concurrency, thread_name_prefix="fetch")
        try:
            self._all(pool, calls)
            late = [call for call in calls if self._may_be_there_now(call)]
            if late and self.result.error is None:
                log.info("asking again for %s that the vendor did not have yet", many(len(late), "call"))
                self._all(pool, late)
        except KeyboardInterrupt as error:
            self.result.error = error
            self._leave()
        finally:
            pool.shutdown(wait=not self._left, cancel_futures=True)
        return self.result

    def totals(self, source: Totalling) -> None:
        """Fetch the vendor's own totals of the day; see `Totalling.usage` for what it raises."""
        for item in source.usage(self.account, self.day):
            if isinstance(item, Notice):
                self.result.notices.append(Notice(item.text))
            elif item.started in self.day:
                self._keep(item, Outcome(), self.result.notices)

    def _leave(self) -> None:
        """Ask for nothing more; what has not come in a moment is not waited for, and comes too late."""
        self.clock.stop.set()
        leave(self._futures)
        with self._lock:
            self._left = True
        self.store.seal()

    def _may_be_there_now(self, call: Call) -> bool:
        outcome = self.result.outcomes.get(call.key)
        return bool(outcome and outcome.failure and outcome.failure.later)

    def _all(self, pool: ThreadPoolExecutor, calls: Iterable[Call]) -> None:
        self._futures.clear()
        for batch in batches(calls, self.source.limits):
            self._futures.append(pool.submit(self._unless_ended, batch))
        done, _ = wait(self._futures, return_when=FIRST_EXCEPTION)
        self.result.error = next((error for each in done if (error := each.exception())), None)
        for each in self._futures:
            each.cancel()

    def _unless_ended(self, calls: Sequence[Call]) -> None:
        """Fetch one batch; after an error that ends the slice no other is begun, be it on its way already."""
        if self._ended.is_set():
            return
        try:
            self._batch(calls)
        except BaseException:
            self._ended.set()
            raise

    def _batch(self, calls: Sequence[Call]) -> None:
        """Fetch one batch, in halves if it is too big or one of its calls upsets the vendor."""
        self.clock.check()
        outcomes = {self.store.once(call.key): Outcome() for call in calls}
        notices: list[Notice] = []
        try:
            for item in self.source.fetch(self.account, calls, self.day):
                self._take(item, outcomes, notices)
        except (TooBigError, BadCallError, msgspec.MsgspecError) as error:
            if len(calls) > 1:
                log.info("a batch of %d is read in halves: %s", len(calls), error)
                middle = len(calls) // 2
                self._batch(calls[:middle])
                self._batch(calls[middle:])
                return
            why = str(error) if isinstance(error, HarvestError) else f"unexpected form: {error}"
            outcomes[calls[0].key].failure = Failure(calls[0].key, why)
        except SliceError as error:
            if len(calls) == 1:
                # It ends the slice; the next run begins with those that were never asked about, not with this one.
                self._note({calls[0].key: Outcome(failure=Failure(calls[0].key, str(error)))}, ())
            raise
        self._note(outcomes, notices)
        self.progress(len(calls))

    def _note(self, outcomes: Mapping[str, Outcome], notices: Sequence[Notice]) -> None:
        """Write down what became of calls.

        Raises:
            InterruptedRunError: nobody waits for it any more.
        """
        with self._lock:
            if self._left:
                raise InterruptedRunError(STOPPED)
            self.result.outcomes |= outcomes
            self.result.notices += notices

    def _take(self, item: Record | Failure | Notice, outcomes: dict[str, Outcome], notices: list[Notice]) -> None:
        if isinstance(item, Notice):
            notices.append(item)
        elif isinstance(item, Failure):
            outcomes[item.call].failure = item
        elif item.started in self.day:
            self._keep(item, outcomes[item.call], notices)

    def _keep(self, record: Record, outcome: Outcome, notices: list[Notice]) -> None:
        """Bring a record onto the disk; a changed one is always later than the one it replaces."""
        name = self.store.once(readable(record.key))
        if name in outcome.records:
            notices.append(Notice(f"the vendor gave {name} twice; the first is kept."))
            return
        old, earlier = self.manifest.records.get(name), self.result.outcomes.get(record.call)
        before = max(old.fetched_at if old else 0, earlier.fetched_at if earlier else 0)
        fetched_at = max(to_ms(self.clock.now()), before + 1)
        outcome.fetched_at = max(outcome.fetched_at, fetched_at)
        look = Look()
        frame = self._packed(replace(record, parts=look.over(record.parts)), fetched_at)
        same = old is not None and old.digest == frame.entry.digest
        if old and same and not old.archived:
            frame = dated(self.source.name, self.account.id, frame, old.fetched_at)
        self.store.append(frame)
        if not same:  # what came before as it is now was counted then
            with self._lock:
                add_all(self.result.filled, look.found())
        outcome.level = min(outcome.level, record.level) if outcome.records else record.level
        outcome.records += (name,)

    def _packed(self, record: Record, fetched_at: int) -> Frame:
        if self.memory:
            return self.memory.pack(record, fetched_at)
        return pack(self.source.name, self.account.id, record, fetched_at)


def note_outcomes(manifest: Manifest, outcomes: dict[str, Outcome], when: Schedule) -> list[str]:
    """Write down in the manifest what became of each call; merged records must be there already.

    The outcomes are used up, so that a large day is not held twice. Returns a sentence for each archived record that
    the vendor no longer gives.
    """
    vanished: list[str] = []
    now = iso(when.now)
    for key in list(outcomes):
        outcome = outcomes.pop(key)
        old = manifest.calls.get(key, CallState(MISSING))
        records = tuple(name for name in dict.fromkeys((*old.records, *outcome.records)) if name in manifest.records)
        lost = set(outcome.records) - set(records)
        failure = outcome.failure or (Failure(key, "its record could not be read back") if lost else None)
        if failure:
            manifest.calls[key] = _failed(old, failure, records, when)
        else:
            state = "fetched" if records else "none"
            level = min((manifest.records[name].level for name in records), default=0)
            manifest.calls[key] = CallState(
                state, level=outcome.level if outcome.records else level, fetched=now, records=records
            )
            vanished += [name for name in records if name not in outcome.records]
    return [f"record {name} is in the archive, but the vendor no longer gives it." for name in vanished]


def _failed(old: CallState, failure: Failure, records: tuple[str, ...], when: Schedule) -> CallState:
    """A failed call; one that the vendor says is gone is lost some nights after its day settled."""
    lost = failure.permanent and when.now >= when.settled_from + LOST_AFTER
    return CallState(
        state="lost" if lost else "failed",
        level=old.level,
        tries=old.tries + 1,
        since=old.since or iso(when.now),
        tried=iso(when.now),
        reason=failure.reason,
        permanent=failure.permanent,
        records=records,
    )
