"""The index destination: Elasticsearch 8.19 and 9, through the official client's `bulk` with ready bytes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from harvesters.core.day import Clock
from harvesters.core.destinations import Counts, Difference, Documents, Expected, Target
from harvesters.core.destinations.bulk import BODY_BYTES, Actions, Body
from harvesters.core.destinations.census import differences
from harvesters.core.destinations.elastic import Cluster
from harvesters.core.destinations.sender import DeadLetters, Sender

IN_FLIGHT = 3
SENDERS = 2


class IndexDestination:
    """Writes documents with external versions, two requests at a time."""

    name, takes_whole_slices = "index", False
    identity = ""

    def __init__(self, cluster: Cluster, clock: Clock, dead_letters: Callable[[Target], DeadLetters]) -> None:
        """`dead_letters`: where refused documents of a slice are copied to."""
        self._cluster, self._clock, self._dead_letters = cluster, clock, dead_letters

    def open(self) -> None:
        """Find the cluster and its templates."""
        self.identity = self._cluster.identify()
        self._cluster.check_templates()

    def write(self, target: Target, records: Iterable[tuple[str, Documents]], counts: Counts) -> None:
        """Encode and send at the same time; at most three bodies are under way."""
        letters = self._dead_letters(target)
        sender = Sender(self._cluster, self._clock, counts, letters)
        under_way: deque[Future[None]] = deque()
        finished: set[str] = set()
        try:
            with ThreadPoolExecutor(SENDERS, thread_name_prefix="bulk") as pool:
                try:
                    for body in bodies(records, finished):
                        while len(under_way) >= IN_FLIGHT:
                            under_way.popleft().result()
                        under_way.append(pool.submit(sender.send, body))
                    while under_way:
                        under_way.popleft().result()
                finally:
                    for each in under_way:
                        each.cancel()
            counts.whole |= finished
        finally:
            letters.close()

    def check(self, target: Target, expected: Iterable[Expected]) -> list[Difference]:
        """Count the documents of each conference, type by type."""
        return differences(self._cluster, target, list(expected))

    def note(self, id_: str, document: Mapping[str, object]) -> None:
        """Write it into `<prefix>-runs`."""
        self._cluster.index_one(id_, document)

    def close(self) -> None:
        """Give the connections back."""
        self._cluster.close()


def bodies(records: Iterable[tuple[str, Documents]], finished: set[str]) -> Iterator[Body]:
    """The documents as bodies of some 4 MB; records whose last document was handed on are `finished`."""
    actions, body = Actions(), Body()
    for record, documents in records:
        for document in documents:
            body.add(record, document.type, actions.both_lines(document))
            if body.size >= BODY_BYTES:
                yield body
                body = Body()
        finished.add(record)
    if body:
        yield body
