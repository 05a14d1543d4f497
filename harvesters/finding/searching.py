"""Searches in Elasticsearch that give documents as the bytes that were sent."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from harvesters.core.day import Clock
from harvesters.core.destinations.patience import patiently
from harvesters.core.encode import INDEX
from harvesters.core.errors import DestinationError

if TYPE_CHECKING:
    from harvesters.core.destinations.elastic import Cluster

KEPT = "2m"
"""How long the node keeps its view of an index open for the next page."""
Query = Mapping[str, Any]


class _Hit(msgspec.Struct):
    source: msgspec.Raw = msgspec.field(name="_source")
    sort: list[Any] = msgspec.field(default_factory=list)


class _Hits(msgspec.Struct):
    hits: list[_Hit] = msgspec.field(default_factory=list)


class _Answer(msgspec.Struct):
    hits: _Hits = msgspec.field(default_factory=_Hits)


_answer = msgspec.json.Decoder(_Answer).decode


class Searching:
    """Searches the indices of one cluster and prefix, patiently where the node is busy."""

    def __init__(self, cluster: "Cluster", clock: Clock) -> None:
        """Nothing is asked yet."""
        self._cluster, self._clock = cluster, clock

    def names(self, *types: str) -> str:
        """The aliases of some document types."""
        return ",".join(f"{self._cluster.prefix}-{INDEX[each]}" for each in types)

    def has_any(self, names: str) -> bool:
        """Whether there is a document: of indices that are not there no view can be opened."""
        return bool(self.newest(names, {"match_all": {}}, 1))

    def newest(self, names: str, query: Query, size: int) -> list[bytes]:
        """The newest documents that a query finds, none where there is no such index."""
        hits = self._asked(index=names, query=query, size=size, sort=[{"@timestamp": "desc"}], ignore_unavailable=True)
        return [bytes(each.source) for each in hits]

    def pages(self, names: str, query: Query, size: int, **more: Any) -> Iterator[bytes]:
        """Every document that a query finds, in a view that stays as it is from page to page.

        Raises:
            DestinationError: the node refuses, or there is no such index.
        """
        view: str = patiently(self._clock, partial(self._opened, names))
        after: list[Any] | None = None
        try:
            while True:
                pit = {"id": view, "keep_alive": KEPT}
                hits = self._asked(pit=pit, query=query, size=size, sort="_shard_doc", search_after=after, **more)
                yield from (bytes(each.source) for each in hits)
                if len(hits) < size:
                    return
                after = hits[-1].sort
        finally:
            # Of a node that is gone the error is known already; it forgets the view by itself.
            with suppress(DestinationError), self._cluster.sentences():
                self._cluster.admin.close_point_in_time(id=view)

    def _opened(self, names: str) -> str:
        with self._cluster.sentences():
            answer = self._cluster.admin.open_point_in_time(index=names, keep_alive=KEPT, ignore_unavailable=True)
        view: str = answer["id"]
        return view

    def _asked(self, **body: Any) -> list[_Hit]:
        return patiently(self._clock, partial(self._ask, body))

    def _ask(self, body: Mapping[str, Any]) -> list[_Hit]:
        with self._cluster.sentences():
            answer: Any = self._cluster.raw.search(track_total_hits=False, **body).body
        return _answer(answer).hits.hits
