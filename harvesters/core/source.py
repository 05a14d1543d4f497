"""The contract of a source: what a vendor's module answers, and nothing else.

A source knows one vendor and answers three questions: which calls were there on this day
(`list_calls`), everything you know about these calls (`fetch`), and what does that mean (`flatten`,
pure). It has no `try`, no `sleep`, no HTTP library, no environment and no state: the engine owns those.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, Protocol, runtime_checkable

from harvesters.core.answers import Answer, Api, Auth, Judgement
from harvesters.core.day import Day
from harvesters.core.fields import USAGE, Field
from harvesters.core.lenient import decode_object
from harvesters.core.personal import Personal
from harvesters.core.tree import Conference, Entity

NO_CALL = ""
"""The call of a record that tells of none: the vendor's own totals."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account at the vendor: `id` is the vendor's own, `name` the profile's, for people."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `requests` in any stretch of `seconds`, for each `per` (`key`, `address`).

    `category`: of the vendor's labels the one that it holds for, "" for every request.
    """

    requests: int
    seconds: float
    per: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a UTC day allows an account: `share` is ours, `whole` is all that the vendor gives to everybody there.

    `categories`: the vendor's labels that count together; `setting`: which one decides the share, for people.
    """

    share: int
    whole: int
    categories: frozenset[str]
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Hours (UTC) in which the vendor's data may be missing; `weekday` None is every day, 6 Sunday."""

    start: time
    end: time
    weekday: int | None = None

    def covers(self, instant: datetime) -> bool:
        """Whether an aware UTC instant lies in these hours."""
        same_day = self.weekday is None or instant.weekday() == self.weekday
        return same_day and self.start <= instant.time() < self.end


@dataclass(frozen=True, slots=True)
class Limits:
    """What the vendor allows and how late its data is.

    Attributes:
        settle: after a day's end, the time until its data no longer changes.
        retention: how long the vendor keeps a day, counted from its start.
        rates: requests allowed; a test proves that retries pay too.
        quotas: requests allowed in a UTC day.
        batch: calls per `fetch` at most.
        batch_bytes: answer bytes per `fetch` at most, by the calls' `weight`.
        level: the level that a record is asked for at (see `Record`).
        maintenance: hours in which a listing does not count as final.
        per_batch: requests that one `fetch` takes, about; `category`: their label.
        totals: after a day's end, the time until the vendor's own totals of it are there; it settles no earlier.
    """

    settle: timedelta
    retention: timedelta
    rates: tuple[Rate, ...]
    batch: int
    batch_bytes: int
    level: int = 2
    maintenance: tuple[Maintenance, ...] = ()
    quotas: tuple[Quota, ...] = ()
    per_batch: int = 1
    category: str = ""
    totals: timedelta = timedelta(0)

    def in_maintenance(self, instant: datetime) -> bool:
        """Whether the vendor's data may be incomplete at this instant."""
        return any(hours.covers(instant) for hours in self.maintenance)

    def oldest_kept(self, now: datetime) -> Day:
        """The oldest day that the vendor still has as a whole."""
        edge = now - self.retention
        day = Day.of(edge)
        return day if day.start >= edge else day + 1


@dataclass(frozen=True, slots=True)
class Call:
    """What the vendor lets one fetch: an OpenTok session, a Zoom meeting.

    Attributes:
        key: the vendor's own id, never empty.
        summary: what the list said of it, as the vendor's JSON.
        weight: bytes that its answer will have, estimated from the summary.
        level: the best that its records can have on the way that is taken; None: what `limits` asks for.
        listed_in: which of the vendor's lists named it, where there are several.
    """

    key: str
    summary: bytes = b"{}"
    weight: int = 0
    level: int | None = None
    listed_in: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one thing, as received, without the page wrapper.

    Attributes:
        kind: the vendor's word for the thing (`meeting`, `publisher`).
        head: the thing itself as a JSON object, unrenamed, without the list of its rows.
        rows: a JSON array of its rows, verbatim.
        count: number of rows, null ones among them.

    Consecutive parts of one kind and head are one thing whose rows were cut.
    """

    kind: str
    head: bytes
    rows: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Record:
    """One conference as the vendor told it.

    Attributes:
        key: the conference's key of the document model, each part the vendor's own text.
        call: key of the call that it belongs to; `NO_CALL` of the vendor's own totals.
        started: aware UTC; decides the day and the index.
        level: 0 list row only, 1 people, 2 measurements.
        ongoing: it had no end when it was fetched, so it is fetched again.
        parts: one-pass iterator from `fetch`; read again from disk for `flatten`.
    """

    key: tuple[str, ...]
    call: str
    started: datetime
    level: int
    ongoing: bool
    parts: Iterable[Part]


@dataclass(frozen=True, slots=True)
class Failure:
    """This call could not be had, or not wholly.

    `permanent`: the vendor says that there is nothing. `later`: it may be there when the others are fetched.
    """

    call: str
    reason: str
    permanent: bool = False
    later: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Which of a vendor's ways to a day is taken, and why not the better one."""

    name: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something odd that the operator must hear of; `harm` makes the day partial."""

    text: str
    harm: bool = False


class Source(Protocol):
    """One vendor.

    `list_calls` yields every call that may have a conference which *started* on the day; the engine
    drops repeats and records of other days, so asking for a little too much is right and too little is
    a lost call. Example: a session reused for weeks is listed on each of its days, and its record of
    yesterday must not be stored again today.

    `fetch` gets up to `limits.batch` calls. A call for which it gives neither record nor failure has no
    conference on the day. It raises only for the whole batch: `TooBigError` and `BadCallError` make the
    engine halve it down to one call; login, limit and transport errors end the slice. The parts of a
    record are consumed before the next item is asked for.

    `flatten` is pure: no network, no clock, no settings, the same output for the same record for ever.

    `limits` are the vendor's as its documents state them; `limits_of` those of one account, whose plan and settings
    may allow more or ask for less.

    `interval_s` is how often the vendor measures a stream, in s, where a measurement does not say it.

    `fields` are the vendor's own fields in the field list, `constants` fields with the same value in all
    documents (`observer.vendor`), `personal` the raw members that tell of people, by kind of part.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    revision: ClassVar[int]
    Settings: ClassVar[type[Any]]
    fields: ClassVar[tuple[Field, ...]]
    constants: ClassVar[Mapping[str, str]]
    limits: ClassVar[Limits]
    interval_s: ClassVar[float]
    personal: ClassVar[Mapping[str, Personal]]

    def __init__(self, settings: Any, api: Api) -> None:  # noqa: ANN401 - each vendor has a dataclass of its own
        """`settings`: an instance of `Settings`; `api`: the only way to the network."""

    @classmethod
    def limits_of(cls, settings: Any) -> Limits:  # noqa: ANN401 - each vendor has a dataclass of its own
        """The limits that hold with these settings; `limits` where they decide nothing."""

    def auth(self) -> Auth:
        """The headers of a request; asked for again when they are about to end or were refused.

        It may ask the vendor for them, by requests with `logs_in`.
        """

    @staticmethod
    def judge(answer: Answer) -> Judgement:
        """What an answer means; pure, tested as a table."""

    def accounts(self) -> Sequence[Account]:
        """The accounts that the settings give access to."""

    def list_calls(self, account: Account, day: Day) -> Iterator[Call | Notice | Route]:
        """Every call that may have a conference which started on the day."""

    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Iterator[Record | Failure | Notice]:
        """Everything the vendor knows about these calls on this day."""

    @staticmethod
    def flatten(record: Record) -> Conference:
        """What a record means; its parts are read once, in order."""


def own_totals(key: str, started: datetime, level: int, raw: bytes) -> Record:
    """The record of one of the vendor's own totals, verbatim; `key`: of which interval it is."""
    return Record((USAGE, key), NO_CALL, started, level, ongoing=False, parts=(Part(USAGE, raw, b"[]", 0),))


def told_totals(record: Record, usage: Callable[[dict[str, Any]], Entity]) -> Conference:
    """The tree of such a record: no conference, but what the vendor's object is as `usage` reads it."""
    oddities: Counter[str] = Counter()
    found = [usage(decode_object(part.head, oddities)) for part in record.parts]
    return Conference(None, {}, (), oddities=oddities, usage=found)


@runtime_checkable
class Totalling(Protocol):
    """A source whose vendor tells totals of its own, which one that has none leaves out."""

    def usage(self, account: Account, day: Day) -> Iterator[Record | Notice]:
        """The vendor's own totals of the day, as records of `NO_CALL` with keys that no conference has.

        Asked for when the calls were fetched, in a request or two that are asked `once`. Whatever it raises, and every
        notice, is a warning and no more: the day is as whole as its calls. Nothing where the vendor has none yet.
        """
