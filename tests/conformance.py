"""The conformance suite: what every source must hold, whoever the vendor is.

A vendor plugs in with a `Case`: its name, a function that serves the simulated vendor, and what that has on one
day. The checks know nothing else of it: `conformance_rules.py` reads declarations and texts, `conformance_calls.py`
lists, fetches and judges, `conformance_trees.py` flattens, `conformance_runs.py` runs the whole engine. A check is
a function of a `Bench`. `test_conformance.py` runs every source through all of them, and shows for each check
sources that it rejects.
"""

import builtins
import random
import secrets
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harvesters import source_class
from harvesters.commands.build import destinations, recipe, replay_workshop, vendor_workshop
from harvesters.commands.console import Console
from harvesters.commands.workplace import Workplace
from harvesters.core.common_settings import CommonSettings
from harvesters.core.day import Clock, Day, iso
from harvesters.core.declaration import logins as logins_of
from harvesters.core.digest import Digest
from harvesters.core.errors import BadCallError, Exit, TooBigError
from harvesters.core.fetching import batches
from harvesters.core.options import Options
from harvesters.core.report import RunReport
from harvesters.core.run import finish, run_days
from harvesters.core.settings import Values, public, require
from harvesters.core.settings import read as read_settings
from harvesters.core.source import Call, Failure, Notice, Part, Record, Source
from harvesters.core.tree import Conference, Entity, Row
from harvesters.core.workshop import Workshop
from tests.nights import Time

Item = Record | Failure | Notice
Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Case:
    """What the suite must be told of a vendor.

    Attributes:
        name: its key in `SOURCES`.
        serve: runs the simulated vendor meanwhile, by the clock that it gets and without a limit of requests in
            real time, and gives the settings as a shell would set them.
        now: the instant of the harvest, when the day has settled.
        day: the day that is harvested.
        calls: for each call of the simulated vendor how many of its conferences started on the day, whatever
            the account. Together they show all that the vendor's own fields are there for.
        gone: key of a call that the vendor says it does not have.
        title: tells cases of one vendor apart.
        elsewhere: own fields, and kinds of parts with personal members, that another case of the vendor shows; such a
            member (`kind.member`) that no simulated answer has.
    """

    name: str
    serve: Callable[[Now], AbstractContextManager[Mapping[str, str]]]
    now: datetime
    day: date
    calls: Mapping[str, int]
    gone: str
    title: str = ""
    elsewhere: frozenset[str] = frozenset()


class _Mute(Console):
    """A console that leaves the process's logging alone."""

    def __init__(self) -> None:
        self.progress = False


@dataclass
class Bench:
    """A machine with the harvester on it, and the simulated vendor of a case within reach; both have its `now`."""

    case: Case
    folder: Path
    now: datetime
    environment: Mapping[str, str] = field(default_factory=dict)
    time: Time = field(default_factory=Time)

    @property
    def source(self) -> type[Source]:
        return source_class(self.case.name)

    @property
    def day(self) -> Day:
        return Day(self.case.day)

    @property
    def place(self) -> Workplace:
        environ = {**self.environment, "DATA_DIR": str(self.folder), "VCONF_NOW": iso(self.now)}
        values = Values({}, environ, {}, None, self.folder)
        problems: list[str] = []
        common = require(read_settings(CommonSettings, values, problems), problems)
        clock = Clock(lambda: self.now, self.time.monotonic, wait=self.time.wait)
        return Workplace(values, common, clock, self.folder, ())

    @contextmanager
    def shops(self, **options: Any) -> Iterator[list[Workshop]]:
        """A fresh source and the parts of a run into the lake, once for each account."""
        place = self.place
        with closing(
            vendor_workshop(self.case.name, place, _Mute(), Options(destinations=("lake",), **options))
        ) as shop:
            accounts = source_of(shop).accounts()
            assert accounts, "no account"
            yield [
                replace(shop, account=each, recipe=recipe(place, self.case.name, each), opened=set(shop.opened))
                for each in accounts
            ]

    def harvest(self, **options: Any) -> list[RunReport]:
        """Harvest the day of every account."""
        with self.shops(**options) as shops:
            return [self.run(shop) for shop in shops]

    def run(self, shop: Workshop) -> RunReport:
        report = RunReport("a" * 32, self.case.name, "0", iso(self.now))
        run_days(shop, [self.day], report, lambda _slice: None)
        finish(report, self.now)
        return report

    def replay(self) -> None:
        """Load every account's archive again."""
        with self.shops() as shops:
            accounts = [shop.account for shop in shops]
        for account in accounts:
            targets = destinations(self.place, ["lake"], self.time.seconds + 7200)
            with closing(replay_workshop(self.case.name, account, self.place, _Mute(), targets)) as shop:
                assert self.run(shop).exit_code is Exit.OK


Check = Callable[[Bench], None]


def run_check(check: Check, case: Case, folder: Path) -> None:
    """One check of one case, with the simulated vendor running."""
    bench = Bench(case, folder, case.now)
    with case.serve(lambda: bench.now) as bench.environment:
        check(bench)


def source_of(shop: Workshop) -> Source:
    """The source of a run that asks the vendor."""
    assert shop.source is not None
    return shop.source


# -- reading as the engine does ------------------------------------------------------------------------


def listed(bench: Bench, shop: Workshop) -> list[Call]:
    """The calls of the day, without repeats."""
    found = source_of(shop).list_calls(shop.account, bench.day)
    return list({each.key: each for each in found if isinstance(each, Call)}.values())


def fetched(bench: Bench, shop: Workshop, calls: Sequence[Call], *, read: bool = True) -> list[Item]:
    """What one batch gives, its parts read as they come or not at all; halved where the source says that it must be."""
    items: list[Item] = []
    try:
        for item in source_of(shop).fetch(shop.account, calls, bench.day):
            items += [replace(item, parts=list(item.parts)) if read and isinstance(item, Record) else item]
    except (TooBigError, BadCallError) as error:
        if len(calls) == 1:
            return [Failure(calls[0].key, str(error))]
        middle = len(calls) // 2
        halves = calls[:middle], calls[middle:]
        return [item for half in halves for item in fetched(bench, shop, half, read=read)]
    return items


def records_of(bench: Bench, items: Sequence[Item]) -> list[Record]:
    """The records of the day, as the engine keeps them."""
    return [each for each in items if isinstance(each, Record) and each.started in bench.day]


def whole_day(bench: Bench, shop: Workshop) -> list[Record]:
    """All records of the day and account."""
    found: list[Record] = []
    for batch in batches(listed(bench, shop), bench.source.limits):
        found += records_of(bench, fetched(bench, shop, batch))
    return found


def all_records(bench: Bench) -> list[Record]:
    """All records of the day, whatever the account; never none, for nothing would be checked."""
    with bench.shops() as shops:
        found = [record for shop in shops for record in whole_day(bench, shop)]
    assert found, "no record to look at"
    return found


def is_key(value: object) -> bool:
    """Whether this is a tuple of texts, none of them empty."""
    return isinstance(value, tuple) and bool(value) and all(isinstance(part, str) and part for part in value)


def outline(records: Sequence[Record]) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """What makes records equal, whatever the cuts between parts."""
    return {each.key: (each.call, each.started, each.level, each.ongoing, _digest(each)) for each in records}


def _digest(record: Record) -> str:
    digest = Digest()
    for part in record.parts:
        digest.add(part.kind, part.head, part.rows)
    return digest.hexdigest()


# -- flattening ----------------------------------------------------------------------------------------


@contextmanager
def no_world() -> Iterator[None]:
    """Meanwhile there is no network, no clock, no file and no chance."""

    def refuse(*_: object, **__: object) -> object:
        message = "it looks at the world"
        raise AssertionError(message)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("socket", "create_connection", "getaddrinfo"):
            patch.setattr(socket, name, refuse)
        for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep"):
            patch.setattr(time, name, refuse)
        patch.setattr(builtins, "open", refuse)
        patch.setattr(random, "random", refuse)
        patch.setattr(uuid, "uuid4", refuse)
        patch.setattr(secrets, "token_bytes", refuse)
        yield


class OnePass:
    """Parts as the archive gives them: once, in order."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts, self.given = parts, -1

    def __iter__(self) -> Iterator[Part]:
        assert self.given < 0, "the parts were read twice"
        for number, part in enumerate(self.parts):
            self.given = number
            yield part


@dataclass(frozen=True, slots=True)
class Picture:
    """A tree walked to its end: everything in it as JSON, and the oddities."""

    whole: bytes
    oddities: Counter[str]
    tree: Conference
    streams: Sequence[Entity]
    rows: Sequence[Sequence[Row]]


def _json(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def picture(bench: Bench, record: Record, parts: Sequence[Part] | None = None) -> Picture:
    """Flatten a record without a world, and walk the tree as the encoder does."""
    reading = OnePass(list(record.parts) if parts is None else parts)
    with no_world():
        tree = bench.source.flatten(replace(record, parts=reading))
        before = _json([tree.conference, tree.participants])
        walked = [(each.entity, each.participant, each.peer, list(each.rows)) for each in tree.streams]
        after = _json([tree.conference, tree.participants])
    assert before == after, "people or conference changed while the streams were walked"
    assert reading.given == len(reading.parts) - 1, "not all parts were read"
    whole = _json([tree.conference, tree.participants, walked, tree.issues])
    return Picture(whole, tree.oddities, tree, [each[0] for each in walked], [each[3] for each in walked])


# -- secrets -------------------------------------------------------------------------------------------


def no_secret(bench: Bench, text: bytes, where: str, logins: Sequence[bytes] = ()) -> None:
    """Neither a secret of the settings nor a login stands in a text."""
    fields = dict(public(bench.source.Settings))
    # Of several ways to log in the case takes one.
    ways = logins_of(bench.source.Settings)
    others = [way for way in ways if not any(fields[name].env in bench.environment for name in way)]
    settings = [each.env for name, each in fields.items() if each.secret and not any(name in way for way in others)]
    known = [bench.environment[env].encode() for env in settings if env in bench.environment]
    assert len(known) == len(settings), "the case sets every secret"
    assert not any(secret in text for secret in (*known, *logins)), f"a secret stands in {where}"
