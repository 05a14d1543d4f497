"""A source as the contract wants it, of an invented vendor: REST, several accounts, people from two endpoints.

The conformance suite accepts it; `bad_sources.py` breaks it in one way at a time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any, ClassVar

import msgspec

from harvesters.core.answers import OK, Answer, Api, Auth, Judgement, Request, Verdict
from harvesters.core.day import Day, instant_ms, parse_instant
from harvesters.core.fields import CONFERENCE, FLOAT, KEYWORD, NAME, NOBODY, PARTICIPANT, SAMPLE, Field
from harvesters.core.lenient import RowDecoder, decode_json, decode_object
from harvesters.core.paging import pages
from harvesters.core.personal import Personal, Persons
from harvesters.core.settings import http_url, setting
from harvesters.core.source import Account, Call, Failure, Limits, Notice, Part, Rate, Record
from harvesters.core.tree import Conference, Entity, Medium, Quality, Row, Stream

BAD_CALL = frozenset({Verdict.BAD_CALL})
BUSY, UNAUTHORIZED, UNKNOWN, WRONG = 429, 401, 404, 400
EMPTY = b"{}"


@dataclass(frozen=True, slots=True)
class RoomsSettings:
    """The settings of one customer."""

    token: str = setting("ROOMS_TOKEN", "token of the API", required=True, secret=True)
    url: str = setting("ROOMS_URL", "address of the API", parse=http_url, required=True)
    houses: str = setting("ROOMS_HOUSES", "the houses to ask, with commas", default="north")


class Measure(msgspec.Struct):
    """One measurement of a person's line."""

    at: str | None = None
    loss: float | None = None
    shake: float | None = None


class Own(msgspec.Struct, omit_defaults=True):
    """The vendor's own number."""

    shake: float | None = None


_measures = RowDecoder(Measure)


class Rooms:
    """A house has rooms, a call can be held several times, each time it is one conference."""

    name: ClassVar[str] = "rooms"
    title: ClassVar[str] = "Rooms, an invented vendor"
    revision: ClassVar[int] = 1
    Settings: ClassVar[type[Any]] = RoomsSettings
    fields: ClassVar[tuple[Field, ...]] = (
        Field("rooms.room", KEYWORD, "name of the room", (CONFERENCE,), tells=NOBODY),
        Field("rooms.name", KEYWORD, "name of the person", (PARTICIPANT,), tells=NAME),
        Field("rooms.shake", FLOAT, "how much the line shook", (SAMPLE,)),
    )
    constants: ClassVar[Mapping[str, str]] = {"observer.vendor": "Rooms"}
    personal: ClassVar[Mapping[str, Personal]] = {
        "held": Personal(rows=Persons(names=("name",), about=("country",), links={"id": "person"})),
    }
    interval_s: ClassVar[float] = 10.0
    limits: ClassVar[Limits] = Limits(timedelta(hours=24), timedelta(days=30), (Rate(50, 1, "key"),), 3, 1_000_000)

    def __init__(self, settings: RoomsSettings, api: Api) -> None:
        """See `Source`."""
        self.settings, self.api = settings, api

    @classmethod
    def limits_of(cls, settings: RoomsSettings) -> Limits:
        """Those of every customer."""
        del settings
        return cls.limits

    def auth(self) -> Auth:
        """The token, which never ends."""
        return Auth({"authorization": f"Bearer {self.settings.token}"})

    @staticmethod
    def judge(answer: Answer) -> Judgement:
        """By the status, then by the form of the body."""
        if answer.status == BUSY or answer.status >= 500:
            return Judgement(Verdict.RETRY, f"status {answer.status}")
        if answer.status == UNAUTHORIZED:
            return Judgement(Verdict.REFUSED, "the token was refused: check ROOMS_TOKEN")
        if answer.status == UNKNOWN:
            return Judgement(Verdict.BAD_CALL, "the vendor does not know it (404)")
        if answer.status >= WRONG:
            return Judgement(Verdict.STOP, f"status {answer.status}: check ROOMS_URL")
        whole = answer.body.startswith(b"{") and answer.body.endswith(b"}\n")
        return OK if whole else Judgement(Verdict.RETRY, f"{answer.status} with half an answer")

    def accounts(self) -> Sequence[Account]:
        """The houses."""
        return tuple(Account(each, each) for each in self.settings.houses.split(","))

    def list_calls(self, account: Account, day: Day) -> Iterator[Call | Notice]:
        """Page by page."""

        def ask(cursor: str | None) -> Any:  # noqa: ANN401 - any JSON
            return self.ask(f"{account.id}/calls?day={day}&page={cursor or 0}")

        for page in pages(ask, lambda page: page["next"], "the list of calls"):
            for call in page["calls"]:
                yield Call(call["id"], msgspec.json.encode(call), call["people"] * 100)

    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Iterator[Record | Failure | Notice]:
        """One call after the other."""
        del day
        for call in calls:
            path = f"{account.id}/calls/{call.key}"
            answer = self.api.send(self.request(path, BAD_CALL))
            if answer.judgement.verdict in BAD_CALL:
                yield Failure(call.key, answer.judgement.why, permanent=True)
                continue
            for number, held in enumerate(msgspec.json.decode(answer.body)["held"]):
                yield self.record(call, held, f"{path}/{number}")

    def record(self, call: Call, held: dict[str, Any], path: str) -> Record:
        """One conference."""
        started = parse_instant(held["started"])
        assert started is not None
        return Record((call.key, held["started"]), call.key, started, 2, held["ended"] is None, self.parts(held, path))

    def parts(self, held: dict[str, Any], path: str) -> Iterator[Part]:
        """Members, then guests, then everybody's line."""
        head = msgspec.json.encode(held)
        for endpoint in ("members", "guests"):
            items = self.ask(f"{path}/{endpoint}")["items"]
            yield Part("held", head, msgspec.json.encode(items), len(items))
        for line in self.ask(f"{path}/lines")["items"]:
            rows = line.pop("measures")
            yield Part("line", msgspec.json.encode(line), msgspec.json.encode(rows), len(rows))

    def ask(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        """A whole answer."""
        return msgspec.json.decode(self.api.send(self.request(path)).body)

    def request(self, path: str, takes: frozenset[Verdict] = frozenset()) -> Request:
        """A question."""
        return Request("GET", f"{self.settings.url}/{path}", takes=takes)

    @staticmethod
    def flatten(record: Record) -> Conference:
        """Held once, with people and their lines."""
        oddities: Counter[str] = Counter()
        groups = groupby(record.parts, key=lambda part: (part.kind, part.head))
        (_, head), parts = next(groups)
        people = {each.key[0]: each for part in parts for each in _people(part, oddities)}
        return Conference(_held(record, decode_object(head, oddities)), people, _lines(groups, oddities), [], oddities)


def _held(record: Record, held: dict[str, Any]) -> Entity:
    fields = {"vconf.conference.vendor_id": record.call, "rooms.room": held.pop("room")}
    start, end = instant_ms(held.pop("started")), instant_ms(held.pop("ended"))
    return Entity(record.key, start, end, fields, set(), held)


def _people(part: Part, oddities: Counter[str]) -> Iterator[Entity]:
    for person in decode_json(part.rows, oddities):
        if person is None:
            oddities["people that are null"] += 1
            continue
        key = (person.pop("id"),)
        start, end = instant_ms(person.pop("from")), instant_ms(person.pop("to"))
        fields = {"rooms.name": person.pop("name"), "client.geo.country_iso_code": person.pop("country")}
        yield Entity(key, start, end, fields, set(), person)


def _lines(groups: Any, oddities: Counter[str]) -> Iterator[Stream]:  # noqa: ANN401 - itertools' own type
    for (_, head), parts in groups:
        line = decode_object(head, oddities)
        person, way = line.pop("person"), line.pop("way")
        rows = [row for part in parts for row in _rows(part, oddities)]
        entity = Entity((person, way), None, None, {"vconf.stream.direction": way}, set(), line)
        yield Stream(entity, person, None, sorted(rows, key=lambda row: row.at))


def _rows(part: Part, oddities: Counter[str]) -> Iterator[Row]:
    for measure in _measures.decode(part.rows, oddities):
        yield Row(instant_ms(measure.at) or 0, Quality(Medium(measure.loss)), Own(measure.shake))
