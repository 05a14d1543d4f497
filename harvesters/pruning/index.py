"""The index: documents of old days of one account, and the harvester's own of old runs."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import MINYEAR, date, datetime
from functools import partial
from typing import Any, TypeVar

from harvesters.core.day import Clock, Day
from harvesters.core.destinations.elastic import NOT_FOUND, Cluster
from harvesters.core.destinations.patience import patiently
from harvesters.core.encode import BY_MONTH, INDEX
from harvesters.core.errors import DestinationError
from harvesters.core.fields import RUN, SLICE
from harvesters.core.period import Period
from harvesters.core.templates import RUNS
from harvesters.finding.stored import START, within
from harvesters.pruning.files import mark_removed
from harvesters.pruning.held import Account, Held

T = TypeVar("T")
Query = Mapping[str, Any]
AT_ONCE, MOST_DAYS, ROUNDS = 5000, 10_000, 3
OK, FORBIDDEN = 200, 403
EVER = Day(date(1970, 1, 1))
TYPES: Query = {"types": {"terms": {"field": "vconf.type", "size": len(INDEX) + 2}}}
MAY_NOT = "{} does not let our user delete documents of {}-*: give it the right 'delete' there (see README, rights)."

STUCK = "{} does not delete {} documents (status {}): run the same again."


class Documents:
    """Counts and deletes documents of one cluster and prefix, patiently where the node is busy."""

    def __init__(self, cluster: Cluster, clock: Clock) -> None:
        """Nothing is asked yet."""
        self.cluster, self._clock = cluster, clock

    def patiently(self, work: Callable[[], T]) -> T:
        """The result of a piece of work, tried a few times."""
        return patiently(self._clock, work)

    def search(self, names: str, **body: Any) -> Mapping[str, Any]:
        """A search that sees everything that was acknowledged.

        Raises:
            DestinationError: the node refuses, or is gone for too long.
        """
        return self.patiently(partial(self.cluster.search, names, **body))

    def count(self, names: str, query: Query) -> int:
        """How many documents a query finds."""
        found = self.search(names, query=query, size=0, track_total_hits=True)
        number: int = found["hits"]["total"]["value"]
        return number

    def delete(self, names: str, query: Query) -> None:
        """Delete what a query finds, but for documents that were put anew since the search.

        Raises:
            DestinationError: our user may not, or the node refuses.
        """
        idle = 0
        while hits := self.search(names, query=query, size=AT_ONCE, source=False, version=True)["hits"]["hits"]:
            self._clock.check()
            statuses: list[int] = self.patiently(partial(self.cluster.delete_versions, hits))
            if FORBIDDEN in statuses:
                raise DestinationError(MAY_NOT.format(self.cluster.where, self.cluster.prefix))
            idle = 0 if OK in statuses else idle + 1
            if idle == ROUNDS:
                raise DestinationError(STUCK.format(self.cluster.where, len(hits), statuses[0]))

    def check_right(self, index: str) -> None:
        """Look whether our user may delete there, by a document that cannot be.

        Raises:
            DestinationError: it may not.
        """
        nothing = {"_index": index, "_id": "-", "_version": 1}
        if self.patiently(partial(self.cluster.delete_versions, [nothing])) == [FORBIDDEN]:
            raise DestinationError(MAY_NOT.format(self.cluster.where, self.cluster.prefix))

    def drop(self, index: str) -> bool:
        """Delete a whole index; False if our user may not."""
        lenient = self.cluster.admin.options(ignore_status=(FORBIDDEN, NOT_FOUND))
        with self.cluster.sentences():
            return lenient.indices.delete(index=index).meta.status != FORBIDDEN

    def indices(self, alias: str) -> list[str]:
        """The indices of an alias."""
        lenient = self.cluster.admin.options(ignore_status=NOT_FOUND)
        with self.cluster.sentences():
            found = lenient.indices.get_alias(name=alias)
            return sorted(found.body) if found.meta.status == OK else []


class AccountDocuments:
    """The documents of one account: those of its conferences, and those of its slices."""

    def __init__(self, documents: Documents, identity: str, account: Account, now: datetime) -> None:
        """`identity`: of the index in the manifests."""
        self._documents, self._identity, self._account, self._now = documents, identity, account, now
        prefix = documents.cluster.prefix
        self._calls, self._runs = ",".join(f"{prefix}-{name}" for name in INDEX.values()), f"{prefix}-{RUNS}"
        self._edge = EVER

    def held(self, edge: Day) -> Sequence[Held]:
        """See `Place`; what the archive does not have any more is gone for good."""
        self._edge = edge
        found: defaultdict[Day, Counter[str]] = defaultdict(Counter)
        for day, types in (*self._of_calls(edge), *self._of_slices(edge)):
            found[day].update(types)
        return [
            Held(day, documents=types, for_good=not self._account.store(day).archive.exists() and set(types) != {SLICE})
            for day, types in sorted(found.items())
        ]

    def _of_calls(self, edge: Day) -> Iterator[tuple[Day, dict[str, int]]]:
        unknown: Query = {"bool": {"must_not": [{"exists": {"field": START}}]}}
        aggs = {"known": _days(START), "unknown": {"filter": unknown, "aggs": {"days": _days("@timestamp")}}}
        answer = self._documents.search(self._calls, query=self._before(edge), size=0, aggs=aggs)
        found = answer.get("aggregations")
        for bucket in (*found["known"]["buckets"], *found["unknown"]["days"]["buckets"]) if found else ():
            yield _day(bucket["key_as_string"]), _types(bucket)

    def _of_slices(self, edge: Day) -> Iterator[tuple[Day, dict[str, int]]]:
        aggs = {"days": {"terms": {"field": "vconf.slice.day", "size": MOST_DAYS}}}
        answer = self._documents.search(self._runs, query=self._slices({"lt": str(edge)}), size=0, aggs=aggs)
        for bucket in answer["aggregations"]["days"]["buckets"] if "aggregations" in answer else ():
            yield _day(bucket["key"]), {SLICE: bucket["doc_count"]}

    def _before(self, edge: Day) -> Query:
        return self._within(Period(EVER, edge))

    def _within(self, period: Period) -> Query:
        terms = {"vconf.vendor": self._account.vendor, "cloud.account.id": self._account.id}
        mine = [{"term": {name: value}} for name, value in terms.items()]
        return {"bool": {"filter": [*mine, within(period)]}}

    def _slices(self, days: Query) -> Query:
        terms = {"vconf.type": SLICE, "vconf.vendor": self._account.vendor, "vconf.account.id": self._account.id}
        filters = [{"term": {name: value}} for name, value in terms.items()]
        return {"bool": {"filter": [*filters, {"range": {"vconf.slice.day": days}}]}}

    def stays(self, held: Held) -> str:
        """The archive makes it anew, as long as that has the day."""
        del held
        return ""

    def begin(self, held: Sequence[Held]) -> None:
        """Mark the days in their manifests, then drop what holds nothing else, which is much quicker.

        Not before it is known that documents can be deleted at all.
        """
        indices = list(self._indices())
        for index, _ in indices[:1] if held else ():
            self._documents.check_right(index)
        for each in filter(_of_conferences, held):
            mark_removed(self._account.store(each.day), self._identity, self._now)
        for index in (index for index, end in indices if held and end and end <= self._edge):
            everything = self._documents.count(index, {"match_all": {}})
            mine = self._documents.count(index, self._before(self._edge))
            if everything == mine and not self._documents.drop(index):
                return

    def _indices(self) -> Iterator[tuple[str, Day | None]]:
        """The indices, each with the day after its month or year."""
        prefix = self._documents.cluster.prefix
        for type_, name in INDEX.items():
            alias = f"{prefix}-{name}"
            for index in self._documents.patiently(partial(self._documents.indices, alias)):
                yield index, _end(index.removeprefix(f"{alias}-"), monthly=type_ in BY_MONTH)

    def remove(self, held: Held) -> None:
        """See `Place`."""
        day = held.day
        if _of_conferences(held):
            self._documents.delete(self._calls, self._within(Period(day, day + 1)))
        if held.documents[SLICE]:
            self._documents.delete(self._runs, self._slices({"gte": str(day), "lte": str(day)}))


class RunDocuments:
    """The documents of old runs, which belong to no account."""

    def __init__(self, documents: Documents) -> None:
        """Nothing is asked yet."""
        self._documents, self._runs = documents, f"{documents.cluster.prefix}-{RUNS}"

    def held(self, edge: Day) -> Sequence[Held]:
        """See `Place`: by the day on which a run began."""
        query = _of_runs(Period(EVER, edge))
        answer = self._documents.search(self._runs, query=query, size=0, aggs={"days": _days("@timestamp")})
        buckets = answer["aggregations"]["days"]["buckets"] if "aggregations" in answer else ()
        return [Held(_day(each["key_as_string"]), documents=Counter(_types(each)), for_good=True) for each in buckets]

    def stays(self, held: Held) -> str:
        """Nothing needs them."""
        del held
        return ""

    def begin(self, held: Sequence[Held]) -> None:
        """Nothing to do."""

    def remove(self, held: Held) -> None:
        """See `Place`."""
        self._documents.delete(self._runs, _of_runs(Period(held.day, held.day + 1)))


def _of_conferences(held: Held) -> bool:
    """Whether there is more of a day than what runs wrote of themselves."""
    return bool(held.documents.keys() - {SLICE})


def _of_runs(period: Period) -> Query:
    return {"bool": {"filter": [{"term": {"vconf.type": RUN}}, within(period)]}}


def _days(field: str) -> Query:
    """Counts by UTC day and type."""
    by_day = {"field": field, "calendar_interval": "day", "format": "yyyy-MM-dd", "min_doc_count": 1}
    return {"date_histogram": by_day, "aggs": TYPES}


def _types(bucket: Mapping[str, Any]) -> dict[str, int]:
    return {each["key"]: each["doc_count"] for each in bucket["types"]["buckets"]}


def _day(text: str) -> Day:
    return Day(date.fromisoformat(text))


def _end(name: str, *, monthly: bool) -> Day | None:
    """The day after the month (`2026.11`) or year (`2026`) of an index; None for somebody else's name."""
    try:
        year, month = map(int, name.split(".")) if monthly else (int(name), 12)
        return Day(date(year + month // 12, month % 12 + 1, 1)) if year >= MINYEAR else None
    except ValueError:
        return None
