"""Rooms written by hand, short enough for a test: what is not told has a sensible value.

A room is made of calls, a call of people. What they do is played to the server's own bookkeeping
(`journal.py`) up to the moment at which a room is looked at, so all rows agree, and a call goes on while the
sandbox's clock stands inside it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from harvesters.sandbox.peermetrics import links, stays
from harvesters.sandbox.peermetrics.journal import INITIALIZE, JOB, Journal, Step
from harvesters.sandbox.peermetrics.links import Link
from harvesters.sandbox.peermetrics.rooms import Json, Rows, Stored, app_row, uid
from harvesters.sandbox.peermetrics.stamps import stamp
from harvesters.sandbox.peermetrics.stays import Person, Stay, participant

APP = app_row("3c07a2ea-f6c0-49e0-b892-96605900f58c", "Sample App")
"""The app of rooms for which none is told."""
NAMES = ("Ana", "Ben", "Chloé", "Dmitri", "Erin", "Faruk", "Grete", "Heidi", "Ivan", "Jörg")
# So far apart are people who join or leave at the same time, lest stamps are equal.
_APART = timedelta(microseconds=1009)
_AFTER_JOIN = timedelta(seconds=1)
SFU = "sfu-1"


@dataclass(frozen=True, slots=True)
class Call:
    """One call in a room.

    Attributes:
        start: aware.
        minutes: length.
        people: who joins.
        sfu: whether everybody has one connection to an SFU, not one to each of the others.
        stale_job: hours after the call's start at which a clean-up closes the room, if it is ongoing; None for none.
    """

    start: datetime
    minutes: float
    people: Sequence[Person]
    sfu: bool = False
    stale_job: float | None = None


def call(
    start: datetime,
    minutes: float = 2,
    people: int | Iterable[str | Person] = 2,
    *,
    sfu: bool = False,
    stale_job: float | None = None,
) -> Call:
    """A call; `people` is how many, or their names, or who they are."""
    given: Iterable[str | Person] = NAMES[:people] if isinstance(people, int) else people
    told = [each if isinstance(each, Person) else Person(each) for each in given]
    return Call(start, minutes, told, sfu, stale_job)


class BuiltRoom:
    """A room and its calls.

    Attributes:
        row: of the conference as of its first moment.
        number: of the first of these calls in the room, where others have the calls before.
        before: ids of those who had sessions before.
        since: stamp at which the app first saw everybody; None for the start of their sessions.
    """

    number: int = 0
    before: Collection[str] = ()
    since: str | None = None

    def __init__(self, name: str, calls: Iterable[Call], app: Json, row: Json) -> None:
        """For the arguments see `room`."""
        self.calls = list(calls)
        first = min((each.start + timedelta(seconds=p.joins) for each in self.calls for p in each.people), default=None)
        self.row: Json = {
            "id": uid(app["id"], "conference", name),
            "conference_id": name,
            "conference_name": name.capitalize(),
            "conference_info": {},
            "start_time": None,
            "call_start": None,
            "end_time": None,
            "ongoing": False,
            "duration": 0,
            "app": app["id"],
            "created_at": stamp(first) if first else None,
            **row,
        }
        self._kept: tuple[int, Rows] | None = None

    @property
    def id(self) -> str:
        """The conference's UUID."""
        return str(self.row["id"])

    @cached_property
    def _steps(self) -> list[Step]:
        found = [step for number in range(len(self.calls)) for step in self._of(number)]
        return sorted(found, key=lambda each: each.at)

    def at(self, now: datetime) -> Rows:
        """The rows as they stood at an instant."""
        until = stamp(now)
        steps = [each for each in self._steps if each.at <= until]
        if self._kept is None or self._kept[0] != len(steps):
            journal = Journal(self.row, self._emos, before=self.before)
            for each in steps:
                journal.take(each)
            self._kept = len(steps), journal.written()
        return self._kept[1]

    @property
    def _emos(self) -> dict[str, float]:
        found = [each for number in range(len(self.calls)) for each in self.stays(number)]
        return {each.id: each.person.emos for each in found if each.person.emos is not None}

    def stays(self, number: int) -> list[Stay]:
        """The sessions of a call, those of people whose page does not report among them."""
        held = self.calls[number]
        return [self._stay(number, place, person) for place, person in enumerate(held.people)]

    def _stay(self, number: int, place: int, person: Person) -> Stay:
        held, shift = self.calls[number], place * _APART
        start = held.start + timedelta(seconds=person.joins) + shift
        length = held.minutes * 60 if person.leaves is None else person.leaves
        who = participant(self.row["app"], person.name, self._seen(start))
        identity = uid(self.id, "session", self.number + number, place)
        return Stay(self.row, identity, person, who, held.start, start, held.start + timedelta(seconds=length) + shift)

    def sfu(self, held: Call) -> Step | None:
        """The SFU of a call that has one, as it is first seen."""
        at = held.start + _AFTER_JOIN
        row = participant(self.row["app"], SFU, self._seen(at), sfu=True)
        return Step(stamp(at), INITIALIZE, row) if held.sfu else None

    def _seen(self, start: datetime) -> str:
        """When the app first saw somebody who comes then."""
        return self.since or stamp(start + timedelta(milliseconds=20))

    def _of(self, number: int) -> Iterator[Step]:
        """All steps of a call."""
        held, everybody = self.calls[number], self.stays(number)
        seen = self.sfu(held)
        sfu = seen.row if seen else None
        if seen:
            yield seen
        for each in everybody:
            if not each.person.sdk:
                row = {**each.who, "participant_name": None}
                yield Step(stamp(each.start + _AFTER_JOIN), INITIALIZE, row)
                continue
            yield from stays.steps(each)
            for link in self.links(each, everybody, sfu):
                yield from links.steps(link)
        if held.stale_job is not None:
            yield Step(stamp(held.start + timedelta(hours=held.stale_job)), JOB)

    def links(self, stay: Stay, everybody: Sequence[Stay], sfu: Json | None) -> Iterator[Link]:
        """The connections of a session: to an SFU, or to each who is there at the same time."""
        others = [each for each in everybody if each is not stay and each.who["id"] != stay.who["id"]]
        there = [each for each in others if each.start < stay.end and stay.start < each.end and each.person.connects]
        if not stay.person.connects:
            return
        if sfu is not None:
            yield Link(stay, sfu, there, stay.start + _AFTER_JOIN)
            return
        mine = everybody.index(stay)
        for each in there:
            gone = each.end if each.end < stay.end - _AFTER_JOIN else None
            apart = timedelta(microseconds=37 * mine + 31 * everybody.index(each))
            yield Link(stay, each.who, [each], max(stay.start, each.start) + _AFTER_JOIN + apart, gone)


def room(name: str, calls: Iterable[Call] = (), *, app: Json = APP, **row: object) -> BuiltRoom:
    """A room; `row` are members of the conference's row that are to be otherwise.

    A room without calls needs its `created_at`.
    """
    return BuiltRoom(name, calls, app, row)


def world(*rooms: BuiltRoom | Rows, apps: Iterable[Json] = (APP,), deleted: Iterable[str] = ()) -> Stored:
    """What a server stores that has these rooms; `deleted` are ids of apps."""
    return Stored(list(rooms), apps, frozenset(deleted))
