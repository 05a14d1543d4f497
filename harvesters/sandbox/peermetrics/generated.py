"""A world's calls as the rooms of a peermetrics server: each made when it is asked for, events kept for a few alone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zlib import crc32

from harvesters.sandbox.peermetrics.builder import BuiltRoom
from harvesters.sandbox.peermetrics.generated_call import HELD, room_of, since
from harvesters.sandbox.peermetrics.generated_ids import Place, place_of, uuid_of
from harvesters.sandbox.peermetrics.generated_stats import LateRows, Line, Measured
from harvesters.sandbox.peermetrics.rooms import Json, Rooms, Rows, Wanted, app_row, uid
from harvesters.sandbox.peermetrics.stamps import stamp
from harvesters.sandbox.world import Call, Kind, World

_CALLS_KEPT, _DAYS_KEPT = 16, 31
_DAY = timedelta(days=1)
# No call of a world lasts so long, so what a day began is over by then.
_OVER = timedelta(days=1, hours=4)
_APPS = {"Praxis": (Kind.CLINIC, Kind.SUPPORT), "Campus": (Kind.MEETING, Kind.STANDUP)}


class GeneratedRooms(Rooms):
    """The rooms of a world in two apps, `Praxis` and `Campus`; a team's stand-up has one room for all of its days.

    Classes and webinars are held elsewhere, see `HELD`.
    """

    def __init__(self, world: World, every: int = 10) -> None:
        """`every`: seconds from one tick of statistics to the next, the server's STATS_INTERVAL_MS."""
        self.world, self.every = world, every
        created = f"{world.first - timedelta(days=400)} 08:00:00.488743"
        self._apps = {kind: app_row(uid(world.seed, name), name, created) for name in _APPS for kind in _APPS[name]}
        self._full = lru_cache(_CALLS_KEPT)(self._make)
        self._over = lru_cache(_DAYS_KEPT)(self._light)

    def apps(self) -> Sequence[Json]:
        """The two."""
        return list({each["id"]: each for each in self._apps.values()}.values())

    def call(self, day: date, number: int) -> Call:
        """The call of a room, with the truth of what went wrong."""
        return self.world.day(day)[number]

    def id_of(self, day: date, number: int) -> str:
        """The id of the room in which a call is held."""
        return uuid_of(self.world.seed, self._place(day, number))

    def _place(self, day: date, number: int) -> Place:
        return Place(None, number) if number < self.world.day(day).standups else Place(day, number)

    def held(self, day: date) -> Iterator[int]:
        """The numbers of a day's calls that are held here."""
        plan = self.world.day(day)
        return (number for number, each in enumerate(plan) if each.kind in HELD)

    # -- what is asked for -----------------------------------------------------------------------------

    def rooms(self, wanted: Wanted) -> Iterator[Rows]:
        """Whole rooms without their events, but where one is asked for."""
        if wanted.conference is not None:
            found = list(self._of(wanted.conference, wanted))
            yield from [_whole(found)] if found else ()
            return
        teams: dict[str, list[Rows]] = {}
        for day in self._days(wanted):
            for each in self._on(day, wanted.now):
                teams.setdefault(each.conference["id"], []).append(each)
        # A team's room is as old as its first day, so it has to be whole.
        for identity, parts in teams.items():
            place = place_of(self.world.seed, identity)
            team = place is not None and place.day is None
            yield _whole(list(self._of(identity, Wanted(wanted.now))) if team else parts)

    def parts(self, wanted: Wanted) -> Iterator[Rows]:
        """Calls; with their events where one room is asked for, or one person."""
        if wanted.conference is not None:
            yield from self._of(wanted.conference, wanted)
            return
        for day in self._days(wanted):
            for each in self._on(day, wanted.now):
                if wanted.participant is None:
                    yield each
                elif any(who["id"] == wanted.participant for who in each.participants):
                    place = place_of(self.world.seed, each.conference["id"])
                    yield from self._begun(day, place.number, wanted.now) if place else ()

    def _of(self, conference: str, wanted: Wanted) -> Iterator[Rows]:
        """The calls of a room, those of the days that are wanted."""
        place = place_of(self.world.seed, conference)
        if place is None:
            return
        days = self._days(wanted) if place.day is None else [place.day]
        for day in days:
            plan = self.world.day(day)
            fits = place.number < (plan.standups if place.day is None else len(plan))
            if fits and self._place(day, place.number) == place and plan[place.number].kind in HELD:
                yield from self._begun(day, place.number, wanted.now)

    def _begun(self, day: date, number: int, now: datetime) -> Iterator[Rows]:
        room, stats = self._full(day, number)
        rows = room.at(now)
        if rows.sessions or rows.participants:
            until = stamp(now)
            told = LateRows(lambda: [each for each in stats if each["created_at"] <= until])
            yield replace(rows, stats=told)

    def _days(self, wanted: Wanted) -> list[date]:
        """The days of the world by now on which something may have begun that has rows between two stamps."""
        first = date.fromisoformat(wanted.first[:10]) - _DAY if wanted.first else self.world.first
        last = date.fromisoformat(wanted.last[:10]) if wanted.last else wanted.now.date()
        first, last = (
            max(first, self.world.first),
            min(last, wanted.now.date(), self.world.first + self.world.days * _DAY),
        )
        return [first + number * _DAY for number in range((last - first).days + 1)]

    # -- what is made ----------------------------------------------------------------------------------

    def _on(self, day: date, now: datetime) -> Iterable[Rows]:
        """The calls of a day without their events."""
        over = datetime(day.year, day.month, day.day, tzinfo=UTC) + _OVER <= now
        return self._over(day, None) if over else self._light(day, now)

    def _light(self, day: date, now: datetime | None) -> list[Rows]:
        until = now or datetime.max.replace(tzinfo=UTC)
        made = (self._room(day, number).at(until) for number in self.held(day))
        return [replace(each, events=[], stats=[]) for each in made if each.participants]

    def _room(self, day: date, number: int) -> BuiltRoom:
        made = self.call(day, number)
        app = self._apps[made.kind]
        built = room_of(made, app, {}, self.id_of(day, number))
        built.number = day.toordinal()
        built.since = since(made.people[0], self.world.first)
        if made.kind is Kind.STANDUP and self._first_of(number) < day:
            built.before = {each.who["id"] for each in built.stays(0)}
        return built

    def _first_of(self, team: int) -> date:
        """The first day on which a team met."""
        return next(plan.day for plan in self.world if team < plan.standups)

    def _make(self, day: date, number: int) -> tuple[BuiltRoom, LateRows]:
        room, made = self._room(day, number), self.call(day, number)
        return room, LateRows(lambda: _statistics(room, made, self.every))


def _statistics(room: BuiltRoom, made: Call, every: int) -> list[Json]:
    """All statistics of a call."""
    held, everybody = room.calls[0], room.stays(0)
    seen = room.sfu(held)
    sfu = seen.row if seen else None
    sent = {each.stay: each for each in made.publications if each.kind != "screen"}
    got: dict[int, dict[str, Line]] = {}
    for each in made.receptions:
        publication = made.publications[each.publication]
        if publication.kind != "screen":
            source = everybody[publication.stay].id
            got.setdefault(each.stay, {})[source] = Line(each.stretches, _place(source, each.stay))
    rows: list[Json] = []
    for number, stay in enumerate(everybody):
        mine = sent.get(number)
        line = Line(mine.stretches, _place(stay.id, number)) if mine else None
        for link in room.links(stay, everybody, sfu):
            rows.extend(Measured(link, got.get(number, {}), line, every).rows())
    return rows


def _place(identity: str, number: int) -> int:
    """Where in the pool of measurements a line begins."""
    return crc32(f"{identity}/{number}".encode())


def _whole(parts: Sequence[Rows]) -> Rows:
    """A room from its calls, in order."""
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return first
    rows = [each.conference for each in parts]
    starts = [each["start_time"] for each in rows if each["start_time"]]
    calls = [each["call_start"] for each in rows if each["call_start"]]
    ends = [each["end_time"] for each in rows if each["end_time"]]
    row = {
        **first.conference,
        "conference_name": last.conference["conference_name"],
        "start_time": min(starts, default=None),
        "call_start": min(calls, default=None),
        "end_time": max(ends, default=None),
        "ongoing": any(each["ongoing"] for each in rows),
        "duration": sum(each["duration"] for each in rows),
    }
    people = {who["id"]: who for each in parts for who in each.participants}
    return Rows(
        row,
        list(people.values()),
        [row for each in parts for row in each.sessions],
        [row for each in parts for row in each.connections],
        [row for each in parts for row in each.issues],
        LateRows(lambda: [row for each in parts for row in each.events]),
        LateRows(lambda: [row for each in parts for row in each.stats]),
        sorted(each for part in parts for each in part.builds),
    )
