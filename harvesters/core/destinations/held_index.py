"""What an index holds of conferences, read beside the documents made anew.

Documents are asked for by their ids, some megabytes at once. What the index has besides is known from counts, so it is
searched for only where there is any.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import msgspec

from harvesters.core.destinations import Pair, Remade
from harvesters.core.destinations.bulk import BODY_BYTES, NO_INDEX, Error, without_values
from harvesters.core.destinations.census import counted
from harvesters.core.destinations.elastic import Cluster
from harvesters.core.encode import INDEX, Encoded
from harvesters.core.errors import DestinationError

T = TypeVar("T")
CONFERENCES, DOCUMENTS, HITS = 100, 1000, 1000
KEPT = "2m"
"""How long the node keeps its view of an index open for the next page."""
TYPED = {"exists": {"field": "vconf.type"}}
Chunk = list[tuple[str, Encoded]]


class _Got(msgspec.Struct, gc=False):
    """The answer for one document; `source` are the bytes that were once sent."""

    found: bool = False
    source: msgspec.Raw = msgspec.field(name="_source", default=msgspec.Raw(b""))
    error: Error | None = None


class _Gotten(msgspec.Struct):
    docs: list[_Got]


_gotten = msgspec.json.Decoder(_Gotten)


class HeldIndex:
    """Reads the documents of one cluster and prefix."""

    def __init__(self, cluster: Cluster, patiently: Callable[[Callable[[], Any]], Any]) -> None:
        """`patiently` gives the result of a request, asked for again where the node is busy."""
        self._cluster, self._patiently = cluster, patiently
        self._names = [f"{cluster.prefix}-{name}" for name in INDEX.values()]

    def pairs(self, records: Iterable[Remade]) -> Iterator[Pair]:
        """See `Readable.pairs`."""
        # What was acknowledged is seen by a search as it is by a look at a single document.
        self._patiently(partial(self._cluster.refresh, ",".join(self._names)))
        rest = iter(records)
        while True:
            seen: list[Remade] = []
            found: dict[str, int] = Counter()
            for chunk in chunks(_documents(islice(rest, CONFERENCES), seen)):
                for pair in self._beside(chunk):
                    found[pair.record] += pair.held is not None
                    yield pair
            if not seen:
                return
            yield from self._surplus(seen, found)

    def _beside(self, chunk: Chunk) -> Iterator[Pair]:
        sources: list[bytes | None] = self._patiently(partial(self._sources, [each for _, each in chunk]))
        for (record, each), source in zip(chunk, sources, strict=True):
            yield Pair(record, each.type, each.id, each.source, source)

    def _sources(self, documents: Sequence[Encoded]) -> list[bytes | None]:
        """What the index holds under the ids of these documents, None for nothing."""
        wanted = [{"_index": each.index, "_id": each.id} for each in documents]
        with self._cluster.sentences():
            answer: Any = self._cluster.raw.mget(docs=wanted).body
        return [self._source(each) for each in _gotten.decode(answer).docs]

    def _source(self, got: _Got) -> bytes | None:
        if got.error and got.error.type != NO_INDEX:
            reason = without_values(got.error.reason or got.error.type)
            message = f"{self._cluster.where} does not give a document: {reason}."
            raise DestinationError(message)
        return bytes(got.source) if got.found else None

    def _surplus(self, records: Sequence[Remade], found: Mapping[str, int]) -> Iterator[Pair]:
        """What the index has of these conferences beside the documents that were found."""
        count = partial(counted, self._cluster, self._names, [each.conference_id for each in records])
        there: Mapping[str, Mapping[str, int]] = self._patiently(count)
        for each in records:
            if sum(there[each.conference_id].values()) > found[each.record]:
                made = {(document.index, document.id) for document in each.documents()}
                for hit in self._hits(each.conference_id):
                    if (hit["_index"], hit["_id"]) not in made:
                        source = hit["_source"]
                        yield Pair(each.record, source["vconf"]["type"], hit["_id"], None, msgspec.json.encode(source))

    def _hits(self, conference_id: str) -> Iterator[Mapping[str, Any]]:
        """The ids of a conference's documents, page by page."""
        view: str = self._patiently(self._opened)
        after: list[Any] | None = None
        try:
            while hits := self._patiently(partial(self._page, view, conference_id, after)):
                yield from hits
                after = hits[-1]["sort"]
        finally:
            # Of a node that is gone the error is known already; it forgets the view by itself.
            with suppress(DestinationError), self._cluster.sentences():
                self._cluster.admin.close_point_in_time(id=view)

    def _opened(self) -> str:
        """A view of the indices that stays as it is from page to page."""
        with self._cluster.sentences():
            answer = self._cluster.admin.open_point_in_time(
                index=",".join(self._names), keep_alive=KEPT, ignore_unavailable=True
            )
        view: str = answer["id"]
        return view

    def _page(self, view: str, conference_id: str, after: list[Any] | None) -> list[dict[str, Any]]:
        query = {"bool": {"filter": [{"term": {"vconf.conference.id": conference_id}}, TYPED]}}
        with self._cluster.sentences():
            answer = self._cluster.admin.search(
                pit={"id": view, "keep_alive": KEPT}, query=query, size=HITS, sort="_shard_doc", search_after=after,
                track_total_hits=False, source_includes=["event.id", "vconf.type"],
            )  # fmt: skip
        hits: list[dict[str, Any]] = answer["hits"]["hits"]
        return hits


def _documents(records: Iterable[Remade], seen: list[Remade]) -> Iterator[tuple[str, Encoded]]:
    """The documents of records, one after the other; the records that were begun are `seen`."""
    for each in records:
        seen.append(each)
        for document in each.documents():
            yield each.record, document


def chunks(documents: Iterable[tuple[str, Encoded]]) -> Iterator[Chunk]:
    """As many documents as one request asks for: a thousand, or some 4 MB."""
    chunk: Chunk = []
    size = 0
    for each in documents:
        chunk.append(each)
        size += len(each[1].source)
        if len(chunk) == DOCUMENTS or size >= BODY_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
