"""Documents of one type and of some days, the same ones from the lake as from an index."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harvesters.core.day import Clock, Day, iso
from harvesters.core.destinations.packed_lines import unpacked
from harvesters.core.fields import CONFERENCE, SLICE
from harvesters.core.period import Period
from harvesters.core.templates import RUNS
from harvesters.finding.searching import Query, Searching

if TYPE_CHECKING:
    from harvesters.core.destinations.elastic import Cluster

PAGE = 2000
SUFFIX = ".ndjson.zst"
START = "vconf.conference.start"


class Stored(Protocol):
    """A place that keeps documents."""

    where: str

    def documents(self, type_: str, period: Period, members: Sequence[str]) -> Iterator[bytes]:
        """The documents of a type whose calls began on these days, as JSON with at least these members.

        Raises:
            DestinationError: it cannot be read.
        """

    def slices(self, period: Period) -> Iterator[bytes]:
        """What the runs wrote of these days, where that is kept here; else nothing."""

    def anything(self) -> bool:
        """Whether there is any call at all, of whatever day."""

    def close(self) -> None:
        """Let it go."""


class StoredLake:
    """The lake's files of some vendors."""

    def __init__(self, root: Path, vendors: Collection[str]) -> None:
        """`root`: the folder `lake`."""
        self._root, self._vendors = root, vendors
        self.where = f"the lake in {root}"

    def documents(self, type_: str, period: Period, members: Sequence[str]) -> Iterator[bytes]:
        """See `Stored`: whole documents, oldest day first."""
        del members
        for day, path in self._files(type_):
            if day in period:
                yield from unpacked(path)

    def slices(self, period: Period) -> Iterator[bytes]:
        """The archive beside the lake tells that."""
        del period
        yield from ()

    def anything(self) -> bool:
        """See `Stored`."""
        return bool(self._files(CONFERENCE))

    def _files(self, type_: str) -> list[tuple[Day, Path]]:
        """The files of a type with their day, oldest first."""
        found = []
        for vendor in self._vendors:
            for path in (self._root / type_ / f"vendor={vendor}").glob(f"account=*/*{SUFFIX}"):
                with suppress(ValueError):  # somebody else's file
                    found.append((Day(date.fromisoformat(path.name.removesuffix(SUFFIX))), path))
        return sorted(found)

    def close(self) -> None:
        """Nothing is held."""


class StoredIndex:
    """The indices of one cluster and prefix."""

    def __init__(self, cluster: "Cluster", clock: Clock, vendors: Collection[str]) -> None:
        """Nothing is asked yet."""
        self._cluster, self._searching = cluster, Searching(cluster, clock)
        self._vendors: Query = {"terms": {"vconf.vendor": list(vendors)}}
        self.where = f"{cluster.where} ({cluster.prefix}-*)"

    def documents(self, type_: str, period: Period, members: Sequence[str]) -> Iterator[bytes]:
        """See `Stored`: nothing but these members is sent."""
        return self._read(self._searching.names(type_), [self._vendors, within(period)], members)

    def slices(self, period: Period) -> Iterator[bytes]:
        """See `Stored`."""
        days: Query = {"terms": {"vconf.slice.day": [str(day) for day in period]}}
        filters = [self._vendors, {"term": {"vconf.type": SLICE}}, days]
        return self._read(f"{self._cluster.prefix}-{RUNS}", filters, ["vconf"])

    def _read(self, names: str, filters: Sequence[Query], members: Sequence[str]) -> Iterator[bytes]:
        if self._searching.has_any(names):
            query = {"bool": {"filter": list(filters)}}
            yield from self._searching.pages(names, query, PAGE, source_includes=list(members))

    def anything(self) -> bool:
        """See `Stored`."""
        return bool(self._searching.newest(self._searching.names(CONFERENCE), self._vendors, 1))

    def close(self) -> None:
        """Give the connections back."""
        self._cluster.close()


def within(period: Period) -> Query:
    """What belongs to these days: by the start of its call, or by its own time where that is not known."""
    span = {"gte": iso(period.first.start), "lt": iso(period.end.start)}
    unknown = {"bool": {"must_not": [{"exists": {"field": START}}], "filter": [{"range": {"@timestamp": span}}]}}
    return {"bool": {"should": [{"range": {START: span}}, unknown], "minimum_should_match": 1}}
