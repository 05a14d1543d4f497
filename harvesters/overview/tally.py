"""What the documents of some days come to, counted as they come: nothing is kept but numbers and the worst calls."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter

import msgspec

from harvesters.core.day import Day, instant_ms
from harvesters.core.errors import DestinationError
from harvesters.core.fields import CONFERENCE, ISSUE, PARTICIPANT, STREAM
from harvesters.core.period import Period
from harvesters.overview.counts import Labels, Share, Spread, Sum, Truth
from harvesters.overview.documents import Document, decode
from harvesters.overview.groups import Groups
from harvesters.overview.words import called
from harvesters.overview.worst import Worst

MINUTE, HOUR, DAY_HOURS, WEEKDAYS = 60_000, 3_600_000, 24, 7
LONGEST = WEEKDAYS * DAY_HOURS
"""Hours of one stay that are looked at: who seems to be there for longer than a week has a wrong clock."""
EPOCH_WEEKDAY = date(1970, 1, 1).weekday()
TCP = frozenset({"tcp", "tls"})
Read = Callable[[str], Iterable[bytes]]


@dataclass(slots=True)
class Usage:
    """Calls and people of one vendor's account, or of all; `name`: what the account is called."""

    name: str = ""
    conferences: int = 0
    people: Sum = field(default_factory=Sum)
    joins: int = 0
    minutes: Sum = field(default_factory=Sum)
    labels: Labels = field(default_factory=Labels)

    def add(self, document: Document) -> None:
        """Count a call."""
        self.conferences += 1
        self.people.add(document.vconf.participants.unique)
        self.minutes.add(document.vconf.minutes.participant)


@dataclass(slots=True)
class Reliability:
    """Whether people got in and stayed."""

    dropped: Truth = field(default_factory=Truth)
    rejoined: Truth = field(default_factory=Truth)
    join_s: Spread = field(default_factory=Spread)
    relayed: Truth = field(default_factory=Truth)
    tcp: Truth = field(default_factory=Truth)
    tells: set[str] = field(default_factory=set)
    troubled: set[str] = field(default_factory=set)
    joins: Counter[str] = field(default_factory=Counter)

    @property
    def trouble(self) -> Share:
        """Joins with an error on their connection, of those of vendors that tell of any issue."""
        return Share(len(self.troubled), sum(self.joins[vendor] for vendor in self.tells))


@dataclass(slots=True)
class Tally:
    """What some days come to; `accounts` are names, none means all; `by_account`: by vendor and id."""

    period: Period
    accounts: Collection[str] = ()
    all: Usage = field(default_factory=Usage)
    by_account: dict[tuple[str, str], Usage] = field(default_factory=dict)
    calls_of: Counter[Day] = field(default_factory=Counter)
    minutes_of: dict[Day, dict[str, Sum]] = field(default_factory=dict)
    labels_of: dict[Day, Labels] = field(default_factory=dict)
    hours: Counter[tuple[int, int]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    issues: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    groups: Groups = field(default_factory=Groups)
    reliability: Reliability = field(default_factory=Reliability)
    worst: Worst = field(default_factory=Worst)

    @property
    def accounts_called(self) -> list[tuple[str, str, Usage]]:
        """Vendor, what the account is called, and what it comes to, in this order."""
        names = called({key: usage.name for key, usage in self.by_account.items()})
        return sorted(((key[0], names[key], usage) for key, usage in self.by_account.items()), key=itemgetter(0, 1))

    def read(self, read: Read) -> None:
        """Count everything; `read` gives the documents of a type.

        Raises:
            DestinationError: a document is not one of ours.
        """
        for type_, take in self._takers().items():
            for day, document in self._own(read(type_)):
                take(day, document)

    def _takers(self) -> Mapping[str, Callable[[Day, Document], None]]:
        return {
            CONFERENCE: self._conference,
            PARTICIPANT: self._participant,
            STREAM: self._stream,
            ISSUE: self._issue,
        }

    def _own(self, sources: Iterable[bytes]) -> Iterator[tuple[Day, Document]]:
        """The documents of these days and accounts."""
        for source in sources:
            try:
                document = decode(source)
                day = Day(date.fromisoformat(document.began[:10]))
            except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
                message = f"a document is not one of ours ({error}): load its day again with './harvest.py replay'."
                raise DestinationError(message) from error
            if day in self.period and (not self.accounts or document.vconf.account.name in self.accounts):
                yield day, document

    def _usages(self, document: Document) -> tuple[Usage, Usage]:
        account = document.vconf.account
        key = document.vconf.vendor, account.id or account.name
        return self.all, self.by_account.setdefault(key, Usage(account.name))

    def _conference(self, day: Day, document: Document) -> None:
        for each in self._usages(document):
            each.add(document)
        self.calls_of[day] += 1
        minutes = self.minutes_of.setdefault(day, {}).setdefault(document.vconf.vendor, Sum())
        minutes.add(document.vconf.minutes.participant)
        if document.vconf.verdict.code:
            self.verdicts[document.vconf.verdict.code] += 1
        self.worst.add(document)

    def _participant(self, day: Day, document: Document) -> None:
        del day
        for each in self._usages(document):
            each.joins += 1
        stay = document.vconf.participant
        self.reliability.joins[document.vconf.vendor] += 1
        self.reliability.dropped.add(stay.dropped)
        self.reliability.rejoined.add(stay.rejoin)
        if stay.join_time_s is not None:
            self.reliability.join_s.add(stay.join_time_s)
        if document.vconf.presence:
            for weekday, hour, milliseconds in hours(document.vconf.presence.gte, document.vconf.presence.lt):
                self.hours[weekday, hour] += milliseconds

    def _stream(self, day: Day, document: Document) -> None:
        label = document.label
        for each in self._usages(document):
            each.labels.add(label)
        self.labels_of.setdefault(day, Labels()).add(label)
        self.reliability.relayed.add(document.vconf.network.relayed)
        transport = document.network.transport
        self.reliability.tcp.add(None if transport is None else transport in TCP)
        if label != "unknown":
            self.groups.add(document, label)
        self.reasons.update(document.reasons)

    def _issue(self, day: Day, document: Document) -> None:
        del day
        issue = document.vconf.issue
        self.issues[issue.source, issue.code, issue.severity] += 1
        if issue.source == "vendor":
            self.reliability.tells.add(document.vconf.vendor)
            if issue.severity == "error" and issue.subject == "connection" and document.vconf.participant.id:
                self.reliability.troubled.add(document.vconf.participant.id)


def hours(start: str, end: str) -> Iterator[tuple[int, int, int]]:
    """The hours of a stay as weekday (Monday is 0), hour and milliseconds in it; UTC."""
    at, stop = instant_ms(start) or 0, instant_ms(end) or 0
    for _ in range(LONGEST):
        if at >= stop:
            return
        number = at // HOUR
        until = min(stop, (number + 1) * HOUR)
        yield (number // DAY_HOURS + EPOCH_WEEKDAY) % WEEKDAYS, number % DAY_HOURS, until - at
        at = until
