"""The OpenTok source: listing of a day, and planning of batches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any, ClassVar

from harvesters.core.answers import Answer, Api, Auth, Judgement, Verdict
from harvesters.core.day import Day, instant_ms, iso, parse_instant, to_ms
from harvesters.core.errors import RetentionError
from harvesters.core.fields import Field
from harvesters.core.graphql import GraphQL, operations
from harvesters.core.paging import pages
from harvesters.core.personal import Personal, Persons
from harvesters.core.source import (
    Account,
    Call,
    Failure,
    Limits,
    Maintenance,
    Notice,
    Rate,
    Record,
)
from harvesters.core.tree import Conference
from harvesters.opentok import shapes
from harvesters.opentok.fetch import MOST, fetch
from harvesters.opentok.fields import OPENTOK
from harvesters.opentok.flatten import flatten
from harvesters.opentok.judge import judge
from harvesters.opentok.login import OpenTokSettings, log_in
from harvesters.opentok.meeting import FEW, NOTHING, TOO_BIG, ask_smallest
from harvesters.opentok.raw import NULL
from harvesters.opentok.totals import totals

BATCH, BATCH_BYTES = 50, 8_000_000
ROW_BYTES, ROW_SECONDS = 300, 30
TRIES = 2
MOST_OF_ANYTHING = 1e6
UNKNOWN_WEIGHT = BATCH_BYTES // BATCH
TOO_OLD = frozenset({Verdict.BEYOND_RETENTION})


class OpenTok:
    """OpenTok Insights, of classic projects and Vonage applications: needs the Advanced Insights add-on."""

    name: ClassVar[str] = "opentok"
    title: ClassVar[str] = "OpenTok (Vonage Video) sessions from the Insights API"
    revision: ClassVar[int] = 1
    Settings: ClassVar[type[OpenTokSettings]] = OpenTokSettings
    fields: ClassVar[tuple[Field, ...]] = OPENTOK
    constants: ClassVar[Mapping[str, str]] = {"observer.vendor": "Vonage", "observer.product": "Video API"}
    personal: ClassVar[Mapping[str, Personal]] = {
        "meeting": Personal(rows=Persons(ids={"guid": "installation"}, about=("userAgent", "country"))),
    }
    interval_s: ClassVar[float] = 30.0
    limits: ClassVar[Limits] = Limits(
        settle=timedelta(hours=32),
        retention=timedelta(days=21),
        rates=(Rate(90, 30, "key"), Rate(90, 30, "address")),
        batch=BATCH,
        batch_bytes=BATCH_BYTES,
        # 36 to 48 hours after its end, and a day of Vonage's ends at midnight Pacific time.
        totals=timedelta(hours=56),
        maintenance=(Maintenance(time(4), time(7, 30)), Maintenance(time(11), time(16), weekday=6)),
    )

    def __init__(self, settings: OpenTokSettings, api: Api) -> None:
        """See `Source`."""
        self._settings, self._clock = settings, api.clock
        queries = operations("harvesters.opentok", "queries.graphql", settings.project)
        self._graph = GraphQL(api, settings.endpoint, queries)

    @classmethod
    def limits_of(cls, settings: OpenTokSettings) -> Limits:
        """The same for every project."""
        del settings
        return cls.limits

    def auth(self) -> Auth:
        """A token for the next few minutes."""
        return log_in(self._settings, self._clock.now())

    @staticmethod
    def judge(answer: Answer) -> Judgement:
        """See `Source.judge`."""
        return judge(answer)

    def accounts(self) -> Sequence[Account]:
        """The project of the settings."""
        return (Account(self._settings.project, "default"),)

    def list_calls(self, account: Account, day: Day) -> Iterator[Call | Notice]:
        """Sessions with a meeting on the day; asks for the half-open day and leaves the rest to the engine.

        Cursors are offsets, so a list that changes while it is paged can skip rows: where fewer distinct
        sessions came than the vendor counts, the list is read once more.
        """
        del account
        listing = _Listing()
        for _ in range(TRIES):
            listing = _Listing()
            for body in self._pages(day):
                yield from (_call(item, day) for item in listing.take(body.summaries))
                yield from (Notice(f"the list of sessions: {error.said()}", harm=True) for error in body.errors or ())
            if not listing.short:
                return
        yield Notice(f"the vendor counts {listing.said} sessions and listed {listing.found}.", harm=True)

    def _pages(self, day: Day) -> Iterator[shapes.Body]:
        window = {"start": iso(day.start), "end": iso(day.end)}

        def ask(cursor: str | None) -> shapes.Body:
            return shapes.body.decode(self._page({**window, "after": cursor}).body)

        return pages(ask, lambda body: body.summaries.cursor, "the list of sessions")

    def _page(self, variables: dict[str, str | None]) -> Answer:
        """A page of the list; a page after the first that is refused as too big is asked for in small."""
        takes = TOO_BIG if variables["after"] else NOTHING
        answer = self._graph.ask("List", {**variables, "first": MOST}, takes | TOO_OLD)
        if answer.judgement.verdict in takes:
            return ask_smallest(self._graph, "List", {**variables, "first": FEW})
        if answer.judgement.verdict in TOO_OLD:
            oldest = self.limits.oldest_kept(self._clock.now())
            message = f"{answer.judgement.why}; by this machine's clock the oldest possible day is {oldest}."
            raise RetentionError(message)
        return answer

    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Iterator[Record | Failure | Notice]:
        """See `Source.fetch`."""
        del account
        return fetch(self._graph, calls, day)

    def usage(self, account: Account, day: Day) -> Iterator[Record | Notice]:
        """See `Totalling.usage`."""
        del account
        return totals(self._graph, day)

    @staticmethod
    def flatten(record: Record) -> Conference:
        """See `Source.flatten`."""
        return flatten(record)


@dataclass(slots=True)
class _Listing:
    """One reading of the list: distinct items by their hashes, and what the vendor says there are."""

    items: set[int] = field(default_factory=set)
    blank: int = 0
    said: int | None = None

    def take(self, page: shapes.Verbatim) -> list[bytes]:
        """Count a page's items; returns them as bytes."""
        items = [bytes(item) for item in page.items]
        self.said = page.totalCount
        self.blank += items.count(NULL)
        self.items.update(hash(item) for item in items if item != NULL)
        return items

    @property
    def found(self) -> int:
        """Distinct items; nulls cannot be told apart and count each."""
        return len(self.items) + self.blank

    @property
    def short(self) -> bool:
        """Whether the vendor counts more than it gave."""
        return self.said is not None and self.found < self.said


def _call(item: bytes, day: Day) -> Call | Notice:
    summary = shapes.summary.decode(item) if item != NULL else shapes.Summary()
    if not summary.sessionId:
        return Notice("the list of sessions holds an item without an id.")
    return Call(summary.sessionId, weight=weight(summary, day))


def weight(summary: shapes.Summary, day: Day) -> int:
    """Bytes that a session's answer will have, from what its summary says; a hint, never relied on.

    A stream gives a row of some 300 bytes every 30 s, to its publisher and to each subscriber.
    """
    of_day = [each for each in summary.of_meetings if _may_be_of(each, day)]
    return sum(_meeting_weight(each, day) for each in of_day) if of_day else UNKNOWN_WEIGHT


def _may_be_of(meeting: dict[str, Any], day: Day) -> bool:
    started = parse_instant(meeting.get("createdAt"))
    return started is None or started in day


def _meeting_weight(meeting: dict[str, Any], day: Day) -> int:
    start = instant_ms(meeting.get("createdAt")) or to_ms(day.start)
    end = instant_ms(meeting.get("destroyedAt")) or to_ms(day.end)
    streams = _number(meeting, "maxConcurrentStreams") or _number(meeting, "totalStreams") or 1
    people = _number(meeting, "totalConnections") or 1
    subscribers = _number(meeting, "maxConcurrentSubscribers")
    received = streams * max(people - 1, 0) if subscribers is None else subscribers
    rows = (streams + received) * max(1.0, (end - start) / 1000 / ROW_SECONDS)
    return int((rows + people) * ROW_BYTES)


def _number(meeting: dict[str, Any], name: str) -> float | None:
    """A count of a summary; anything but a number is absent, and what cannot be a count is brought near to one."""
    value = meeting.get(name)
    return min(max(0, value), MOST_OF_ANYTHING) if isinstance(value, int | float) else None
