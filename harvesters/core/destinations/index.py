"""The index destination: Elasticsearch 8.19 and 9, through the official client's `bulk` with ready bytes."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TypeVar

from harvesters.core.day import Clock
from harvesters.core.destinations import (
    Counts,
    Current,
    Difference,
    Documents,
    Expected,
    Pair,
    Remade,
    Removed,
    Target,
    Told,
)
from harvesters.core.destinations.bulk import BODY_BYTES, Buffers, Draft
from harvesters.core.destinations.census import AT_ONCE, differences, index_of, strangers
from harvesters.core.destinations.elastic import Cluster
from harvesters.core.destinations.held_index import HeldIndex
from harvesters.core.destinations.odd_days import note_issues
from harvesters.core.destinations.patience import A_MINUTE, patiently
from harvesters.core.destinations.sender import DeadLetters, Sender
from harvesters.core.destinations.superseded import remove_superseded
from harvesters.core.destinations.telling import matching, telling
from harvesters.core.fields import SAMPLE
from harvesters.core.leaving import leave

T = TypeVar("T")
IN_FLIGHT = 3
SENDERS = 2
REFRESH_AFTER = 25
"""Bodies, some 100 MB. What was sent is made searchable while more is sent: at the end it would be one core's work."""


class IndexDestination:
    """Writes documents with external versions, two requests at a time."""

    name, takes_whole_slices = "index", False
    identity = ""

    def __init__(
        self,
        cluster: Cluster,
        clock: Clock,
        dead_letters: Callable[[Target], DeadLetters],
        *,
        for_reading: bool = False,
    ) -> None:
        """`dead_letters`: where refused documents of a slice are copied to; `for_reading`: nothing will be written."""
        self._cluster, self._clock, self._dead_letters = cluster, clock, dead_letters
        self._for_reading = for_reading

    def open(self) -> None:
        """Find the cluster and, since whoever writes needs them, its templates."""
        self.identity = self._patiently(self._cluster.identify)
        if not self._for_reading:
            self._patiently(self._cluster.check_templates)

    def _patiently(self, work: Callable[[], T]) -> T:
        return patiently(self._clock, work)

    def write(self, target: Target, records: Iterable[tuple[str, Documents]], counts: Counts) -> None:
        """Encode and send at the same time; at most three bodies are under way."""
        letters = self._dead_letters(target)
        sender = Sender(self._cluster, self._clock, counts, letters)
        under_way: deque[Future[None]] = deque()
        finished: list[str] = []
        buffers = Buffers()
        try:
            with _crew(sender, under_way, self._clock) as pool:
                for number, draft in enumerate(drafts(records, finished, buffers), 1):
                    while len(under_way) >= IN_FLIGHT:
                        under_way.popleft().result()
                    under_way.append(pool.submit(_send, sender, draft, buffers))
                    if number % REFRESH_AFTER == 0:
                        samples = index_of(self._cluster.prefix, SAMPLE, target)
                        under_way.append(pool.submit(self._cluster.refresh_early, samples))
                while under_way:
                    under_way.popleft().result()
            counts.whole += finished
        finally:
            letters.close()
            counts.letters = letters.written or counts.letters

    def check(self, target: Target, expected: Iterable[Expected]) -> list[Difference]:
        """Count the documents of each conference, type by type."""
        found: list[Difference] = []
        rest = iter(expected)
        while some := list(islice(rest, AT_ONCE)):
            found += self._patiently(partial(differences, self._cluster, target, some))
        return found

    def recount(self, target: Target, expected: Sequence[Expected]) -> list[Difference]:
        """See `Countable`; conferences that nobody expects are named by their id."""
        known = {each.conference_id for each in expected}
        unknown = self._patiently(lambda: list(strangers(self._cluster, target, known)))
        return [*self.check(target, expected), *unknown]

    def pairs(self, target: Target, records: Iterable[Remade], *, whole: bool) -> Iterator[Pair]:
        """See `Readable`; of a conference without a record nobody knows whose it is, so `whole` makes no difference."""
        del target, whole
        return HeldIndex(self._cluster, self._patiently).pairs(records)

    def telling(self, account: tuple[str, str], written: Sequence[tuple[str, str]], known: Sequence[str]) -> Told:
        """See `Searchable`."""
        wanted = matching(account, written, known)
        return self._patiently(lambda: telling(self._cluster, wanted))

    def remove_superseded(self, loaded: Sequence[Current]) -> Removed:
        """Delete them, each only if it is still what was found."""
        return self._patiently(lambda: remove_superseded(self._cluster, loaded))

    def note(self, id_: str, document: Mapping[str, object]) -> None:
        """Write it into `<prefix>-runs`."""
        patiently(self._clock, partial(self._cluster.index_one, id_, document), within=A_MINUTE)

    def note_issues(self, target: Target, documents: Mapping[str, Mapping[str, object]]) -> None:
        """See `Notable`: into `<prefix>-issues-<year>`."""
        patiently(self._clock, partial(note_issues, self._cluster, target, documents), within=A_MINUTE)

    def close(self) -> None:
        """Give the connections back."""
        self._cluster.close()


@contextmanager
def _crew(sender: Sender, under_way: Collection[Future[None]], clock: Clock) -> Iterator[ThreadPoolExecutor]:
    """The threads that send; after an error their work ends first, after an interruption it is left."""
    pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="bulk")
    left = False
    try:
        yield pool
    except KeyboardInterrupt:
        left = True
        clock.stop.set()
        leave(under_way)
        sender.leave()
        raise
    finally:
        pool.shutdown(wait=not left, cancel_futures=True)


def _send(sender: Sender, draft: Draft, buffers: Buffers) -> None:
    body = draft.body()
    sender.send(body)
    buffers.free(draft, body)


def drafts(records: Iterable[tuple[str, Documents]], finished: list[str], buffers: Buffers) -> Iterator[Draft]:
    """The documents in bodies to be of some 4 MB; records whose last document was handed on are `finished`."""
    draft = buffers.draft()
    for record, documents in records:
        for document in documents:
            draft.take(record, document)
            if draft.size >= BODY_BYTES:
                yield draft
                draft = buffers.draft()
        finished.append(record)
    if draft.size:
        yield draft
