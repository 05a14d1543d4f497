"""Which rooms were used on a day: by the sessions, the connections and the rooms themselves that began on it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from harvesters.core.answers import Verdict
from harvesters.core.day import Day, to_ms
from harvesters.core.source import Call, Notice
from harvesters.peermetrics.client import Client, Place, Short, checked
from harvesters.peermetrics.rows import Row, of_day, row, single

NOT_THERE = frozenset({Verdict.BAD_CALL})
PUBLIC = ("id", "name", "domain", "organization", "interval")
SUMMARY = b'{"app":%s,"conference":%s}'
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
AT_ONCE = 90
"""Ids in one request, whose line the server cuts off at 4,094 bytes."""


def list_day(client: Client, app: str, day: Day) -> Iterator[Call | Notice]:
    """Every room in which a session or a connection began on the day, and every room that was made on it."""
    told = client.ask(f"/apps/{app}", {}, NOT_THERE)
    if told.judgement.verdict in NOT_THERE:
        yield Notice(f"app {app} was removed at the server: passed over.")
        return
    lister = _Lister(client, app, day)
    yield from lister.described(list(dict.fromkeys(lister.rooms())), _public(single(told.body)))
    if missing := lister.short.missing:
        yield Notice(f"the lists of the day: the server counts {missing} rows more than it gives.", harm=True)


@dataclass(frozen=True, slots=True)
class _Lister:
    """The lists of one day."""

    client: Client
    app: str
    day: Day
    short: Short = field(default_factory=Short)

    def rooms(self) -> Iterator[str]:
        """The ids of the rooms, some of them several times."""
        start, end = to_ms(self.day.start), to_ms(self.day.end)
        sessions = Place("/sessions", {"appId": self.app}, "the list of sessions")
        for found in self._own(sessions, self.client.between(sessions, start, end, self.short)):
            yield from (found.conference,) if found.conference else ()
        connections = Place("/connections", {"appId": self.app}, "the list of connections")
        for found in self._own(connections, self.client.windowed(connections, start, end)):
            yield from (found.conference,) if found.conference else ()
        made = Place("/conferences", {"appId": self.app, **of_day(self.day)}, "the list of conferences")
        for found in self._own(made, self.client.rows(made, short=self.short)):
            yield from (found.id,) if found.id else ()

    def _own(self, place: Place, rows: Iterable[bytes]) -> Iterator[Row]:
        """The rows of a list, each of the app that was asked for."""
        return map(row, checked(rows, place.what, app=self.app))

    def described(self, rooms: Sequence[str], app: bytes) -> Iterator[Call]:
        """The rooms with their rows and their app's, some at a time; one that the list no longer has comes without."""
        for start in range(0, len(rooms), AT_ONCE):
            some = rooms[start : start + AT_ONCE]
            place = Place("/conferences", {"conference_ids": ",".join(some)}, "the list of conferences by id")
            told = {row(each).id: each for each in self.client.rows(place, short=self.short)}
            yield from (Call(room, SUMMARY % (app, told.get(room, b"{}"))) for room in some)


def _public(app: bytes) -> bytes:
    """An app without its key, which is secret."""
    return msgspec.json.encode({name: each for name, each in _members.decode(app).items() if name in PUBLIC})
