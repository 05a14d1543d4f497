"""Sources that break one promise each, and the check of the conformance suite that must reject them.

All are `Rooms` with one thing changed. `REJECTED` names check, class and what the check says of it.
"""

import itertools
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

import msgspec

from harvesters.core.answers import OK, Answer, Api, Auth, Judgement, Verdict
from harvesters.core.day import Day, iso
from harvesters.core.fields import CONFERENCE, KEYWORD, NAME, NOBODY, PARTICIPANT, Field
from harvesters.core.personal import Personal, Persons
from harvesters.core.settings import setting
from harvesters.core.source import Account, Call, Failure, Notice, Part, Rate, Record
from harvesters.core.tree import Conference, Entity, Row, Stream
from tests.rooms_source import Rooms, RoomsSettings

REJECTED: list[tuple[str, type[Rooms], str]] = []
Items = Iterator[Record | Failure | Notice]
Source = type[Rooms]
_count = itertools.count()


def rejected(check: str, says: str) -> Callable[[Source], Source]:
    """The class is rejected by this check, in words that match."""

    def note(source: Source) -> Source:
        REJECTED.append((check, source, says))
        return source

    return note


# -- declarations --------------------------------------------------------------------------------------


@rejected("declarations", "itself halls")
class OtherName(Rooms):
    name = "halls"


@rejected("declarations", "no title")
class Untitled(Rooms):
    title = ""


@rejected("declarations", "revision 0")
class Unrevised(Rooms):
    revision = 0


@rejected("declarations", "can be changed")
class Thawed(Rooms):
    @dataclass
    class Settings:
        token: str = setting("ROOMS_TOKEN", "token of the API", secret=True)


@rejected("declarations", "password is no setting")
class Undeclared(Rooms):
    @dataclass(frozen=True)
    class Settings:
        password: str = "changeme"


@rejected("declarations", "does not begin with the vendor's name")
class ForeignVariable(Rooms):
    @dataclass(frozen=True)
    class Settings:
        token: str = setting("API_TOKEN", "token of the API", secret=True)


@rejected("declarations", "without a help text")
class Unexplained(Rooms):
    @dataclass(frozen=True)
    class Settings:
        token: str = setting("ROOMS_TOKEN", " ", secret=True)


@rejected("declarations", "is not marked as one")
class OpenSecret(Rooms):
    @dataclass(frozen=True)
    class Settings:
        token: str = setting("ROOMS_TOKEN", "token of the API")


@rejected("declarations", "share a variable")
class OneForTwo(Rooms):
    @dataclass(frozen=True)
    class Settings:
        url: str = setting("ROOMS_URL", "address")
        other: str = setting("ROOMS_URL", "another address")


@rejected("declarations", "batches of 0")
class NoBatch(Rooms):
    limits = replace(Rooms.limits, batch=0)


@rejected("declarations", "a rate of 0 requests")
class NoRate(Rooms):
    limits = replace(Rooms.limits, rates=(Rate(0, 30, "key"),))


@rejected("declarations", "forgets a day before it settles")
class Forgetful(Rooms):
    limits = replace(Rooms.limits, retention=timedelta(hours=12))


@rejected("declarations", "does not begin with rooms.")
class ForeignField(Rooms):
    fields = (*Rooms.fields, Field("halls.room", KEYWORD, "name of the room", tells=NOBODY))


@rejected("declarations", "rooms.floor does not say what it tells of people")
class Unsaid(Rooms):
    fields = (*Rooms.fields, Field("rooms.floor", KEYWORD, "floor of the house"))


@rejected("declarations", "rooms.floor does not say what it tells of people")
class Misnamed(Rooms):
    fields = (*Rooms.fields, Field("rooms.floor", KEYWORD, "floor of the house", tells="nothing"))


@rejected("declarations", "stands twice in the field list")
class TwiceInTheList(Rooms):
    fields = (*Rooms.fields, Rooms.fields[0])


@rejected("declarations", "is in no field list")
class UnknownConstant(Rooms):
    constants: ClassVar = {"observer.name": "Rooms"}


@rejected("declarations", "no personal member of held")
class NothingPersonal(Rooms):
    personal: ClassVar = {"held": Personal()}


# -- login and accounts --------------------------------------------------------------------------------


@rejected("login", "over before it is used")
class Expired(Rooms):
    def auth(self) -> Auth:
        return replace(super().auth(), expires=self.api.clock.now())


@rejected("login", "a header is empty")
class EmptyHanded(Rooms):
    def auth(self) -> Auth:
        return Auth({"authorization": ""})


@rejected("login", "comes twice")
class OneHouseTwice(Rooms):
    def accounts(self) -> Sequence[Account]:
        return (*super().accounts(), Account("north", "the north"))


# -- listing -------------------------------------------------------------------------------------------


@rejected("listing", "a call without a key")
class Keyless(Rooms):
    def list_calls(self, account: Account, day: Day) -> Iterator[Call | Notice]:
        yield from super().list_calls(account, day)
        yield Call("")


@rejected("listing", "not listed: ..n3.")
class FirstPageOnly(Rooms):
    def list_calls(self, account: Account, day: Day) -> Iterator[Call | Notice]:
        return itertools.islice(super().list_calls(account, day), 2)


@rejected("listing", "a repeated listing differs")
class NewsOnly(Rooms):
    def __init__(self, settings: RoomsSettings, api: Api) -> None:
        super().__init__(settings, api)
        self.known: set[str] = set()

    def list_calls(self, account: Account, day: Day) -> Iterator[Call | Notice]:
        for call in super().list_calls(account, day):
            if isinstance(call, Call) and call.key not in self.known:
                self.known.add(call.key)
                yield call


@rejected("listing", "weighs -1")
class Lighter(Rooms):
    def list_calls(self, account: Account, day: Day) -> Iterator[Call | Notice]:
        for call in super().list_calls(account, day):
            yield replace(call, weight=-1) if isinstance(call, Call) else call


# -- fetching ------------------------------------------------------------------------------------------


class Changed(Rooms):
    """Hands on its records changed by `change`."""

    def change(self, record: Record) -> Record:
        return record

    def record(self, call: Call, held: dict[str, Any], path: str) -> Record:
        return self.change(super().record(call, held, path))


class ChangedParts(Rooms):
    """Hands on its parts changed by `change`."""

    def change(self, part: Part) -> Part:
        return part

    def parts(self, held: dict[str, Any], path: str) -> Iterator[Part]:
        return map(self.change, super().parts(held, path))


@rejected("fetching", "a key has an empty part")
class HalfAKey(Changed):
    def change(self, record: Record) -> Record:
        return replace(record, key=(*record.key, ""))


@rejected("fetching", "starts at no aware UTC instant")
class Naive(Changed):
    def change(self, record: Record) -> Record:
        return replace(record, started=record.started.replace(tzinfo=None))


@rejected("fetching", "has level 1")
class Shallow(Changed):
    def change(self, record: Record) -> Record:
        return replace(record, level=1)


@rejected("fetching", "nobody asked for call other")
class ForeignCall(Changed):
    def change(self, record: Record) -> Record:
        return replace(record, call="other")


@rejected("fetching", "conferences of each call")
class FirstOnly(Rooms):
    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Items:
        seen = set()
        for item in super().fetch(account, calls, day):
            if isinstance(item, Record) and item.call not in seen:
                seen.add(item.call)
                yield item


@rejected("fetching", "rows announced")
class Miscounting(ChangedParts):
    def change(self, part: Part) -> Part:
        return replace(part, count=part.count + 1)


@rejected("fetching", "rows are a JSON array")
class WithItsPage(ChangedParts):
    def change(self, part: Part) -> Part:
        return replace(part, rows=b'{"items":%s}' % part.rows)


@rejected("fetching", "a head is a JSON object")
class Headless(ChangedParts):
    def change(self, part: Part) -> Part:
        return replace(part, head=b"[]")


@rejected("fetching", "a part without a kind")
class Kindless(ChangedParts):
    def change(self, part: Part) -> Part:
        return replace(part, kind="")


@rejected("fetching", "larger than 8 MB")
class AllAtOnce(ChangedParts):
    def change(self, part: Part) -> Part:
        return replace(part, head=b'{"blob":"%s"}' % (b"x" * (9 << 20)))


@rejected("laziness", "asked before anything was wanted")
class Eager(Rooms):
    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Items:
        return iter(list(super().fetch(account, calls, day)))


@rejected("laziness", "unread parts harm what follows")
class OneStream(Rooms):
    """Comes to the next call only when the parts before it were read."""

    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Items:
        read: list[Part] = []

        def noted(parts: Iterable[Part]) -> Iterator[Part]:
            for part in parts:
                read.append(part)
                yield part

        for item in super().fetch(account, calls, day):
            before = len(read)
            yield replace(item, parts=noted(item.parts)) if isinstance(item, Record) else item
            if len(read) == before:
                return


@rejected("bad_calls", "named were ..$")
class Silent(Rooms):
    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Items:
        return (item for item in super().fetch(account, calls, day) if isinstance(item, Record))


@rejected("bad_calls", "held")
class Unprepared(Rooms):
    """Takes whatever comes for a call."""

    @staticmethod
    def judge(answer: Answer) -> Judgement:
        return replace(Rooms.judge(answer), verdict=Verdict.OK)


@rejected("bad_calls", "calls beside it are lost")
class GivingUp(Rooms):
    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Items:
        for item in super().fetch(account, calls, day):
            yield item
            if isinstance(item, Failure):
                return


@rejected("bad_calls", "a failure without a reason")
class Tongueless(Rooms):
    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Items:
        for item in super().fetch(account, calls, day):
            yield replace(item, reason=" ") if isinstance(item, Failure) else item


@rejected("bad_calls", "a secret stands in a reason")
class Telltale(Rooms):
    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Items:
        for item in super().fetch(account, calls, day):
            said = f"not found with token {self.settings.token}"
            yield replace(item, reason=said) if isinstance(item, Failure) else item


@rejected("batching", "split as")
class Batched(Rooms):
    """Tells in each record how it was asked for."""

    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Items:
        for item in super().fetch(account, calls, day):
            yield replace(item, key=(*item.key, str(len(calls)))) if isinstance(item, Record) else item


@rejected("sharing", "something else than alone")
class Remembering(Rooms):
    """Gives a call once and no more."""

    def __init__(self, settings: RoomsSettings, api: Api) -> None:
        super().__init__(settings, api)
        self.given: set[str] = set()

    def fetch(self, account: Account, calls: Sequence[Call], day: Day) -> Items:
        fresh = [call for call in calls if call.key not in self.given]
        self.given |= {call.key for call in fresh}
        return super().fetch(account, fresh, day)


# -- judging -------------------------------------------------------------------------------------------


@rejected("judging", "malformed|truncated")
class Hasty(Rooms):
    @staticmethod
    def judge(answer: Answer) -> Judgement:
        return OK if msgspec.json.decode(answer.body) else Judgement(Verdict.RETRY, "nothing")


@rejected("judging", "is taken for an answer")
class Trusting(Rooms):
    @staticmethod
    def judge(answer: Answer) -> Judgement:
        found = Rooms.judge(answer)
        return OK if answer.status == 200 else found


@rejected("judging", "without a reason")
class Speechless(Rooms):
    @staticmethod
    def judge(answer: Answer) -> Judgement:
        return replace(Rooms.judge(answer), why="")


@rejected("judging", "passes by waiting, and is stop")
class Impatient(Rooms):
    @staticmethod
    def judge(answer: Answer) -> Judgement:
        found = Rooms.judge(answer)
        return Judgement(Verdict.STOP, "enough") if answer.status == 429 else found


@rejected("judging", "a reason of")
class Wordy(Rooms):
    @staticmethod
    def judge(answer: Answer) -> Judgement:
        found = Rooms.judge(answer)
        return found if found == OK else replace(found, why=f"it says {answer.body!r}")


@rejected("judging", "judged differently the second time")
class Moody(Rooms):
    @staticmethod
    def judge(answer: Answer) -> Judgement:
        found = Rooms.judge(answer)
        return found if found == OK else replace(found, why=f"answer {next(_count)}")


@rejected("judging", "the vendor's own answer is not taken")
class Suspicious(Rooms):
    @staticmethod
    def judge(answer: Answer) -> Judgement:
        found = Rooms.judge(answer)
        return found if answer.headers.get("retry-after") is None else Judgement(Verdict.RETRY, "later")


# -- flattening ----------------------------------------------------------------------------------------


class ChangedTree(Rooms):
    """Flattens as `Rooms` does, and then changes the tree."""

    @staticmethod
    def change(tree: Conference) -> None:
        """Nothing yet."""

    @classmethod
    def flatten(cls, record: Record) -> Conference:
        tree = Rooms.flatten(record)
        cls.change(tree)
        return tree


def of_conference(tree: Conference) -> Entity:
    assert tree.conference is not None
    return tree.conference


@rejected("purity", "flattened differently")
@rejected("replaying", "a replay gives other documents")
class Counting(ChangedTree):
    @staticmethod
    def change(tree: Conference) -> None:
        of_conference(tree).extra["number"] = next(_count)


@rejected("purity", "looks at the world")
class Punctual(ChangedTree):
    @staticmethod
    def change(tree: Conference) -> None:
        of_conference(tree).extra["made"] = time.time() // 86_400


@rejected("purity", "were changed")
class Emptying(Rooms):
    @staticmethod
    def flatten(record: Record) -> Conference:
        tree = Rooms.flatten(record)
        tree.streams = list(tree.streams)
        if isinstance(record.parts, list):
            record.parts.clear()
        return tree


@rejected("purity", "read twice")
class Rereading(Rooms):
    @staticmethod
    def flatten(record: Record) -> Conference:
        assert any(part.kind == "held" for part in record.parts)
        return Rooms.flatten(record)


@rejected("purity", "not all parts were read")
class Skimming(ChangedTree):
    @staticmethod
    def change(tree: Conference) -> None:
        tree.streams = itertools.islice(tree.streams, 1)


@rejected("purity", "changed while the streams were walked")
class Belated(ChangedTree):
    @staticmethod
    def change(tree: Conference) -> None:
        people = dict(tree.participants)
        tree.participants.clear()

        def walk(streams: Sequence[Stream]) -> Iterator[Stream]:
            yield from streams
            tree.participants.update(people)

        tree.streams = walk(list(tree.streams))


@rejected("cuts", "means something else")
class ByPart(Rooms):
    """Takes each part for a thing of its own."""

    @staticmethod
    def flatten(record: Record) -> Conference:
        parts = list(record.parts)
        tree = Rooms.flatten(replace(record, parts=parts))
        of_conference(tree).extra["lines"] = sum(part.kind == "line" for part in parts)
        return tree


@rejected("nulls", "is not counted")
class Tolerant(ChangedTree):
    @staticmethod
    def change(tree: Conference) -> None:
        tree.streams = list(tree.streams)
        tree.oddities.clear()


@rejected("nulls", "has no len|NoneType")
class Fragile(Rooms):
    @staticmethod
    def flatten(record: Record) -> Conference:
        parts = list(record.parts)
        assert all(len(row) for part in parts for row in msgspec.json.decode(part.rows))
        return Rooms.flatten(replace(record, parts=parts))


@rejected("strangers", "a new member in the head of a held vanishes")
class Tidy(ChangedTree):
    @staticmethod
    def change(tree: Conference) -> None:
        of_conference(tree).extra.clear()


@rejected("strangers", "a new member in the rows of a line vanishes")
class Blinkered(ChangedTree):
    @staticmethod
    def change(tree: Conference) -> None:
        tree.streams = list(tree.streams)
        for name in [name for name in tree.oddities if name.startswith("unknown")]:
            del tree.oddities[name]


class ChangedStreams(ChangedTree):
    """Flattens as `Rooms` does, and then changes each stream."""

    @staticmethod
    def each(stream: Stream) -> None:
        """Nothing yet."""

    @classmethod
    def flatten(cls, record: Record) -> Conference:
        tree = Rooms.flatten(record)
        tree.streams = list(tree.streams)
        for stream in tree.streams:
            cls.each(stream)
        return tree


@rejected("keys", "streams of .* share a key")
class Twins(ChangedStreams):
    @staticmethod
    def each(stream: Stream) -> None:
        stream.entity.key = ("line",)


@rejected("keys", "a key among the streams of .* has an empty part")
class Blank(ChangedStreams):
    @staticmethod
    def each(stream: Stream) -> None:
        stream.entity.key = (*stream.entity.key, "")


@rejected("keys", "not in order of time")
class Backwards(ChangedStreams):
    @staticmethod
    def each(stream: Stream) -> None:
        stream.rows = list(stream.rows)[::-1]


@rejected("emitted", "vconf.mood is in no field list")
class Inventive(ChangedTree):
    @staticmethod
    def change(tree: Conference) -> None:
        of_conference(tree).fields["vconf.mood"] = "good"


@rejected("emitted", "is keyword and gets 12")
class Numeric(ChangedTree):
    @staticmethod
    def change(tree: Conference) -> None:
        of_conference(tree).fields["rooms.room"] = 12


@rejected("emitted", "rooms.room is not a field of a participant")
class Displaced(ChangedTree):
    @staticmethod
    def change(tree: Conference) -> None:
        for person in tree.participants.values():
            person.fields["rooms.room"] = "blue"


@rejected("emitted", "nobody emits .'rooms.floor'.")
class Idle(Rooms):
    fields = (
        *Rooms.fields,
        Field("rooms.floor", KEYWORD, "floor of the house", (CONFERENCE, PARTICIPANT), tells=NOBODY),
    )


@rejected("personal", "in no answer: ..'held', 'phone'")
class Overcautious(Rooms):
    personal: ClassVar = {"held": Personal(rows=Persons(names=("name",), about=("country", "phone")))}


@rejected("measured", "a measurement tells of people: ..rooms.shake")
class Traced(Rooms):
    fields = tuple(replace(each, tells=NAME) if each.name == "rooms.shake" else each for each in Rooms.fields)


@rejected("personal", "'client.geo.country_iso_code'. tell of a person")
class Indiscreet(Rooms):
    personal: ClassVar = {"held": Personal(rows=Persons(names=("name",)))}


@rejected("forgetting", "Ada still stands in .*'line'")
class SaidTwice(ChangedParts):
    """Has the names once more, in members of other parts that are not declared."""

    def change(self, part: Part) -> Part:
        named = part.head.replace(b'"person":"p-', b'"who":"Ada","person":"p-')
        return replace(part, head=named) if part.kind == "line" else part


@rejected("forgetting", "somebody who is not found in the record's declared members")
class Unaskable(Rooms):
    personal: ClassVar = {"held": Personal(rows=Persons(about=("name", "country"), links={"id": "person"}))}


@rejected("forgetting", "still tell of somebody")
class HalfForgetful(Rooms):
    fields = (
        *Rooms.fields,
        Field("rooms.house", KEYWORD, "where the person lives", (PARTICIPANT,), tells=NAME),
    )

    @staticmethod
    def flatten(record: Record) -> Conference:
        tree = Rooms.flatten(record)
        for person in tree.participants.values():
            person.fields["rooms.house"] = "blue house"
            person.fields["user.id"] = person.fields["rooms.name"]
        return tree


@rejected("forgetting", "documents came or went")
class KeyedByPerson(Rooms):
    """Takes for personal what documents are called by."""

    personal: ClassVar = {"held": Personal(rows=Persons({"id": "person"}, names=("name",), about=("country",)))}


# -- documents and runs --------------------------------------------------------------------------------


@rejected("ids", "ids stand for several documents")
class ByRoom(Changed):
    """Takes the name of a room for a call's."""

    def change(self, record: Record) -> Record:
        return replace(record, key=("blue",))


@rejected("ids", "ids stand for several documents")
class Shuffled(ChangedStreams):
    """Two measurements of one instant that do not stand together get the same id."""

    @staticmethod
    def each(stream: Stream) -> None:
        rows: list[Row] = list(stream.rows)
        stream.rows = [*rows, rows[0]]


@rejected("replaying", "the archive gives other documents than the vendor's answer")
class TwoFaced(Rooms):
    """Means something else as long as the answer is in memory."""

    @staticmethod
    def flatten(record: Record) -> Conference:
        tree = Rooms.flatten(record)
        if isinstance(record.parts, list):
            of_conference(tree).extra["fresh"] = "yes"
        return tree


@rejected("repeating", "0 of 4 records are unchanged")
class Stamped(Rooms):
    """Writes into the answer when it was asked for."""

    def record(self, call: Call, held: dict[str, Any], path: str) -> Record:
        return super().record(call, {**held, "asked": iso(self.api.clock.now())}, path)


@rejected("secrecy", "a secret stands in archive/rooms/north/2026/2026-11-20.ndjson.zst")
class Leaking(Rooms):
    """Writes into the answer how it was asked for."""

    def record(self, call: Call, held: dict[str, Any], path: str) -> Record:
        return super().record(call, {**held, "asked": f"{path}?token={self.settings.token}"}, path)


@rejected("secrecy", "a secret stands in the logs")
class Chatty(Rooms):
    def auth(self) -> Auth:
        auth = super().auth()
        logging.getLogger(__name__).debug("login with %s", auth.headers)
        return auth
