"""Calls in Elasticsearch: found by indexed fields, their documents read page by page as the bytes that were sent."""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from harvesters.core.day import Clock, Day, iso, parse_instant
from harvesters.core.destinations.elastic import Cluster
from harvesters.core.errors import DestinationError
from harvesters.core.fields import CONFERENCE, ISSUE, PARTICIPANT, SAMPLE, SLICE, STREAM
from harvesters.core.templates import RUNS
from harvesters.finding.calls import Days, Match, Take, Wanted, match_of, newest_first, personal, stretch
from harvesters.finding.key import Key, identity
from harvesters.finding.searching import Query, Searching
from harvesters.story.people import Who
from harvesters.story.story import DayState

PAGE, SAMPLES, MOST = 500, 2000, 10_000
CALL = "vconf.conference"
IDS = (f"{CALL}.id", f"{CALL}.vendor_id", f"{CALL}.parent_id", "event.id")
OF_SAMPLES = ["@timestamp", "event.id", "vconf.type", "vconf.stream.id", "vconf.quality", "vconf.cpu"]
LONGEST = 1000
"""Of a pattern, as Elasticsearch has it unless somebody changed that."""
SPECIAL = frozenset('.?+*|{}[]()"\\#@&<>~^$-/')


class _Vconf(msgspec.Struct):
    type: str


class _Typed(msgspec.Struct):
    vconf: _Vconf


class _OfSlice(msgspec.Struct):
    slice: DayState


class _Slice(msgspec.Struct):
    vconf: _OfSlice


_slice = msgspec.json.Decoder(_Slice).decode
_type = msgspec.json.Decoder(_Typed).decode


class IndexedCalls:
    """The indices of one cluster and prefix."""

    def __init__(
        self, cluster: Cluster, clock: Clock, vendors: Collection[str], accounts: Collection[str] | None = None
    ) -> None:
        """`vendors` and `accounts`, by name, narrow what is looked through; None means all of these."""
        self._cluster, self._searching = cluster, Searching(cluster, clock)
        self._scope: list[Query] = [{"terms": {"vconf.vendor": list(vendors)}}]
        if accounts is not None:
            self._scope.append({"terms": {"vconf.account.name": list(accounts)}})
        self.where = f"{cluster.where} ({cluster.prefix}-*)"

    def find(self, key: Key, days: Days) -> list[Match]:
        """By the documents of calls; by those of people, streams and issues where no call has its own."""
        terms: list[Query] = [{"term": {field: key.text}} for field in IDS]
        query = self._query([*terms, {"terms": {"event.id": list(key.event_ids)}}], days)
        documents = self._searching.newest(self._searching.names(CONFERENCE), query, MOST)
        found = [match_of(each, _day(each), each) for each in documents if key.means(identity(each))]
        if not found and (key.is_id or key.names_one):
            types = (PARTICIPANT, ISSUE, STREAM, *([SAMPLE] if key.hashed else []))
            documents = self._searching.newest(
                self._searching.names(*types), self._query([terms[0], terms[3]], days), 1
            )
            found = [match_of(each, _day(each), None) for each in documents]
        return newest_first(found)

    def _query(self, any_of: Sequence[Query], days: Days) -> Query:
        filters = [*self._scope, {"bool": {"should": list(any_of), "minimum_should_match": 1}}]
        return {"bool": {"filter": [*filters, *_within(days)]}}

    def read(self, match: Match, take: Take, wanted: Wanted) -> None:
        """Everything but measurements, then those of the streams that are wanted."""
        of_call: Query = {"term": {f"{CALL}.id": match.call.id}}
        for each in self._searching.pages(self._searching.names(CONFERENCE, PARTICIPANT, STREAM, ISSUE), of_call, PAGE):
            take(_type(each).vconf.type, each)
        if streams := sorted(wanted()):
            query: Query = {"bool": {"filter": [of_call, {"terms": {"vconf.stream.id": streams}}]}}
            for each in self._searching.pages(
                self._searching.names(SAMPLE), query, SAMPLES, source_includes=OF_SAMPLES
            ):
                take(SAMPLE, each)

    def conference(self, match: Match) -> bytes | None:
        """It was read when the call was found, or there is none."""
        return match.document

    def people(self, who: Who, days: Days) -> Iterator[bytes]:
        """Of all participants: found roughly by the index, exactly by what their documents tell."""
        if not self._searching.has_any(self._searching.names(PARTICIPANT)):
            return
        text = who.text
        ids: list[Query] = [{"term": {f"user.{name}": text}} for name in ("id", "hash")]
        pattern = in_any_case(text)
        named = {"value": pattern, "case_insensitive": True}
        fields = ("email", "full_name") if len(pattern) <= LONGEST else ()
        names: list[Query] = [{"regexp": {f"user.{name}": named}} for name in fields]
        for each in self._searching.pages(self._searching.names(PARTICIPANT), self._query([*ids, *names], days), PAGE):
            if who.matches(personal(each).user):
                yield each

    def day(self, match: Match) -> DayState | None:
        """What the last run wrote of the day."""
        terms = {"vconf.type": SLICE, "vconf.vendor": match.vendor, "vconf.account.id": match.account.id}
        filters = [{"term": {field: value}} for field, value in {**terms, "vconf.slice.day": str(match.day)}.items()]
        for each in self._searching.newest(f"{self._cluster.prefix}-{RUNS}", {"bool": {"filter": filters}}, 1):
            return _slice(each).vconf.slice
        return None

    def looked(self, days: Days) -> str:
        """All days, or those that were named."""
        return f"{stretch(days) if days else 'all days'} of {self.where}"

    def close(self) -> None:
        """Give the connections back."""
        self._cluster.close()


def _day(source: bytes) -> Day:
    told = identity(source)
    start = parse_instant(told.vconf.conference.start) or parse_instant(told.at)
    if start is None:
        message = f"a document has no instant ({told.event.id[:100]}): load its day again with './harvest.py replay'."
        raise DestinationError(message)
    return Day.of(start)


def _within(days: Days) -> list[Query]:
    """By the start of the call; of what has none, by its own time."""
    if not days:
        return []
    span = {"gte": iso(min(days).start), "lt": iso(max(days).end)}
    known = {"exists": {"field": f"{CALL}.start"}}
    own = {"bool": {"must_not": [known], "filter": [{"range": {"@timestamp": span}}]}}
    return [{"bool": {"should": [{"range": {f"{CALL}.start": span}}, own], "minimum_should_match": 1}}]


def in_any_case(text: str) -> str:
    """A pattern for a name in any case: Lucene by itself takes only ASCII letters for alike."""
    return "".join(map(_any_case, text))


def _any_case(character: str) -> str:
    if character in SPECIAL:
        return f"\\{character}"
    cases = {each for each in (character, character.lower(), character.upper()) if len(each) == 1}
    return character if character.isascii() or len(cases) == 1 else f"({'|'.join(sorted(cases))})"
