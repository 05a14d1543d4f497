"""A source of an invented vendor whose calls have issues; it asks nobody, its calls stand in a class variable.

A record holds the meeting with its people, then each person's line; a line's head names what was wrong with it, so
the tree's issues are complete only once its streams were walked.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any, ClassVar

import msgspec

from harvesters.core.answers import OK, Answer, Api, Auth, Judgement
from harvesters.core.day import Day, instant_ms, parse_instant
from harvesters.core.fields import ISSUE, KEYWORD, NOBODY, PARTICIPANT, SAMPLE, STREAM, Field
from harvesters.core.lenient import decode_json, decode_object
from harvesters.core.personal import Personal, Persons
from harvesters.core.settings import setting
from harvesters.core.source import Account, Call, Failure, Limits, Notice, Part, Rate, Record
from harvesters.core.tree import Conference, Cpu, Entity, Interval, Issue, Machine, Medium, Quality, Row, Stream
from tests.opentok_days import KEY

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WardsSettings:
    """The settings of the one customer."""

    account: str = setting("WARDS_ACCOUNT", "account", default=KEY)


class Wards:
    """`calls` are what it has: each with `id`, `started`, `ended`, `people`, and `lines` with their issues."""

    name: ClassVar[str] = "wards"
    title: ClassVar[str] = "Wards, an invented vendor"
    revision: ClassVar[int] = 1
    Settings: ClassVar[type[Any]] = WardsSettings
    fields: ClassVar[tuple[Field, ...]] = (
        Field("wards.bed", KEYWORD, "where the person lies", (PARTICIPANT, STREAM, SAMPLE, ISSUE), tells=NOBODY),
    )
    constants: ClassVar[Mapping[str, str]] = {"observer.vendor": "Wards"}
    personal: ClassVar[Mapping[str, Personal]] = {"meeting": Personal(rows=Persons(names=("name",), about=("ip",)))}
    interval_s: ClassVar[float] = 10.0
    limits: ClassVar[Limits] = Limits(timedelta(hours=24), timedelta(days=30), (Rate(50, 1, "key"),), 3, 1_000_000)
    calls: ClassVar[Sequence[Json]] = ()

    def __init__(self, settings: WardsSettings, api: Api) -> None:
        """See `Source`."""
        self.settings, self.api = settings, api

    @classmethod
    def limits_of(cls, settings: WardsSettings) -> Limits:
        """Those of every customer."""
        del settings
        return cls.limits

    def auth(self) -> Auth:
        """Nobody is asked."""
        return Auth({})

    @staticmethod
    def judge(answer: Answer) -> Judgement:
        """Nobody is asked."""
        del answer
        return OK

    def accounts(self) -> Sequence[Account]:
        """The one."""
        return (Account(self.settings.account, self.settings.account),)

    def list_calls(self, account: Account, day: Day) -> Iterator[Call | Notice]:
        """All of them."""
        del account, day
        yield from (Call(each["id"]) for each in self.calls)

    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Iterator[Record | Failure | Notice]:
        """Each is one record."""
        del account, day
        wanted = {each.key for each in calls}
        yield from (record(each) for each in self.calls if each["id"] in wanted)

    @staticmethod
    def flatten(record: Record) -> Conference:
        """The meeting with its people; lines and issues follow as the streams are walked."""
        oddities: Counter[str] = Counter()
        groups = groupby(record.parts, key=lambda part: (part.kind, part.head))
        (_, head), parts = next(groups)
        about = decode_object(head, oddities)
        people = {each.key[0]: each for part in parts for each in map(_person, decode_json(part.rows, oddities))}
        at, end = instant_ms(about["started"]), instant_ms(about["ended"])
        tree = Conference(Entity(record.key, at, end, {}, set()), people, (), [], oddities)
        tree.streams = _lines(groups, tree)
        return tree


def record(call: Json, rows: int = 1000) -> Record:
    """A call as a record; `rows`: how many rows there are in a part."""
    head = msgspec.json.encode({name: call[name] for name in ("id", "started", "ended")})
    parts = list(_cut("meeting", head, call["people"], rows))
    for line in call["lines"]:
        about = {name: value for name, value in line.items() if name != "rows"}
        parts += _cut("line", msgspec.json.encode(about), line["rows"], rows)
    started = parse_instant(call["started"])
    assert started is not None
    return Record((call["id"],), call["id"], started, level=2, ongoing=False, parts=parts)


def _cut(kind: str, head: bytes, things: Sequence[Json], rows: int) -> Iterator[Part]:
    for at in range(0, max(len(things), 1), rows):
        some = things[at : at + rows]
        yield Part(kind, head, msgspec.json.encode(some), len(some))


def _person(person: Json) -> Entity:
    at, end = instant_ms(person["from"]), instant_ms(person["to"])
    fields = {"wards.bed": person["bed"], "user.full_name": person["name"], "client.ip": person["ip"]}
    return Entity((person["id"],), at, end, fields, present=not person.get("waited", False))


def _lines(groups: Any, tree: Conference) -> Iterator[Stream]:  # noqa: ANN401 - itertools' own type
    for (_, head), parts in groups:
        line = decode_object(head, tree.oddities)
        rows = [_row(each) for part in parts for each in decode_json(part.rows, tree.oddities)]
        tree.issues += [_issue(line["person"], each) for each in line["issues"]]
        yield Stream(
            Entity((line["person"],), None, None, {"vconf.stream.direction": "sent"}), line["person"], None, rows
        )


def _row(row: Json) -> Row:
    machine = Machine(Interval(60.0), Cpu(row["cpu"]))
    return Row(instant_ms(row["at"]) or 0, Quality(Medium(rtt_ms=row["rtt"])), machine=machine)


def _issue(person: str, issue: Json) -> Issue:
    fields = {"vconf.issue.code": issue["code"], "vconf.issue.severity": issue["severity"]}
    return Issue(Entity((person, issue["code"]), instant_ms(issue.get("at")), None, fields), person)
