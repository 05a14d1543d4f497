"""A machine that harvests a simulated peermetrics, night after night, in this process or as its user types it.

with peermetrics([room("weekly", [call(at(9))])]) as vendor:
    night = PeermetricsNight.at(tmp_path, vendor)
    assert night.harvest(DAY).exit_code == 0
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import msgspec

from harvesters import __version__
from harvesters.commands.build import vendor_workshops
from harvesters.commands.workplace import Workplace
from harvesters.core.archive import read
from harvesters.core.day import Clock, Day, iso
from harvesters.core.options import Options
from harvesters.core.report import RunReport, SliceReport
from harvesters.core.run import finish, run_days
from harvesters.core.source import Call, Notice
from harvesters.core.store import SliceStore
from harvesters.core.workshop import Workshop
from harvesters.peermetrics import Peermetrics
from harvesters.sandbox import Request, Response
from harvesters.sandbox.peermetrics import (
    APP,
    BuiltRoom,
    PeermetricsRules,
    PeermetricsServer,
    Rooms,
    Rows,
    serve_peermetrics,
    world,
)
from harvesters.sandbox.server import Intercept
from tests.nights import Night, Ran, Time, _Mute, _printing, lake_lines
from tests.peermetrics_days import DAY, SETTLED, environment
from tests.shell import Shell

UNHURRIED = PeermetricsRules(requests_per_minute=None, worker_requests=None)
APP_ID = str(APP["id"])
Json = dict[str, Any]


@dataclass
class Vendor:
    """A simulated server; its clock stands still until a test sets `now`."""

    now: datetime
    server: PeermetricsServer = field(init=False)

    @property
    def calls(self) -> dict[str, int]:
        """How many calls there were so far, by endpoint."""
        return dict(self.server.app.calls)

    def paths(self, *parts: str) -> list[str]:
        """The paths asked for so far, with their queries, that hold all of these parts."""
        return [each.path for each in self.server.log if all(part in each.path for part in parts)]

    def parameters(self, *parts: str) -> list[dict[str, str]]:
        """The parameters of those."""
        return [{k: v[0] for k, v in parse_qs(urlsplit(each).query).items()} for each in self.paths(*parts)]

    def answer(self, request: Request) -> Response:
        """What it answers on its own, for an `intercept` that changes it."""
        return self.server.app(request)


@contextmanager
def peermetrics(  # noqa: PLR0913 - each is one independent setting
    rooms: Rooms | Iterable[BuiltRoom | Rows],
    now: datetime = SETTLED,
    *,
    rules: PeermetricsRules = UNHURRIED,
    faults: Sequence[str] = (),
    intercept: Intercept | None = None,
    prefix: str = "",
) -> Iterator[Vendor]:
    """A vendor that runs meanwhile; for the settings see `serve_peermetrics`."""
    found = Vendor(now)
    stored = rooms if isinstance(rooms, Rooms) else world(*rooms)
    found.server = serve_peermetrics(
        stored, now=lambda: found.now, rules=rules, faults=faults, intercept=intercept, prefix=prefix
    )
    with found.server:
        yield found


def rewriting(vendor: Vendor, change: Callable[[Request, Json], None], *parts: str) -> None:
    """From here on `change` is done to each answer to a path that holds all of these parts."""

    def intercept(_number: int, request: Request) -> Response | None:
        if not all(part in request.path for part in parts):
            return None
        answer = vendor.answer(request)
        body = msgspec.json.decode(answer.body)
        change(request, body)
        return replace(answer, body=msgspec.json.encode(body))

    vendor.server._intercept = intercept


def deaf(vendor: Vendor, *names: str, path: str = "") -> None:
    """From here on the server does not know these parameters, where a path holds `path`, and ignores them."""

    def intercept(_number: int, request: Request) -> Response | None:
        place, _, query = request.path.partition("?")
        if path not in place:
            return None
        left = [(name, value) for name, value in parse_qsl(query) if name not in names]
        return vendor.answer(replace(request, path=f"{place}?{urlencode(left)}" if left else place))

    vendor.server._intercept = intercept


@dataclass(frozen=True)
class PeermetricsNight(Night):
    """A machine with the harvester on it, at one instant; waits pass on its clock."""

    @classmethod
    def at(cls, data_dir: Path, vendor: Vendor, **settings: str) -> Self:
        """At the vendor's instant, with these settings."""
        return cls(data_dir, vendor.now, more={**environment(vendor.server), **settings})

    def set(self, **settings: str) -> Self:
        """The same with other settings."""
        return replace(self, more={**self.more, **settings}, time=Time())

    def later(self, now: datetime | None = None, **changed: Any) -> Self:
        """The same machine at another instant, or with another field changed."""
        return replace(self, now=now or self.now, time=Time(), **changed)

    @property
    def place(self) -> Workplace:
        return replace(super().place, clock=Clock(self.wall, self.time.monotonic, wait=self.time.wait))

    def wall(self) -> datetime:
        """The time of day once waits have passed."""
        return self.now + timedelta(seconds=self.time.seconds - 1000)

    def harvest(
        self, *days: date, into: Sequence[str] = ("lake",), stdout: BytesIO | None = None, **options: Any
    ) -> Ran:
        """Harvest these days of every app; without any, the nightly run."""
        report = RunReport("a" * 32, "peermetrics", __version__, iso(self.now))
        said: list[str] = []
        asked = Options(destinations=tuple(into), nightly=not days, **options)
        for shop in vendor_workshops("peermetrics", self.place, _Mute(), asked):
            with closing(_printing(shop, stdout)):
                chosen = [Day(each) for each in days] or None
                said += run_days(shop, chosen, report, lambda _slice: None)
        finish(report, self.now)
        return Ran(report, said)

    def shops(self) -> list[Workshop]:
        """The parts of a run into the lake, for each app."""
        return vendor_workshops("peermetrics", self.place, _Mute(), Options(destinations=("lake",)))

    def listed(self, day: date = DAY) -> list[Call | Notice]:
        """What is listed of a day of the first app."""
        shop = self.shops()[0]
        with closing(shop):
            assert isinstance(shop.source, Peermetrics)
            return list(shop.source.list_calls(shop.account, Day(day)))

    def store(self, day: date) -> SliceStore:
        """The archive of a day of the usual app."""
        return SliceStore(self.data_dir, "peermetrics", APP_ID, Day(day))

    def documents(self, type_: str = "conference") -> list[Json]:
        """The lake's documents of a type."""
        return [msgspec.json.decode(each) for each in lake_lines(self.data_dir, type_)]

    def conferences(self) -> dict[tuple[str, str], Json]:
        """The lake's conferences by room and start; one that is there twice fails."""
        found = self.documents()
        by_start = {(str(each["peermetrics"]["room"]), str(each["@timestamp"])): each for each in found}
        assert len(by_start) == len(found)
        return by_start


def rows(night: PeermetricsNight, day: date = DAY) -> dict[tuple[str, ...], dict[str, list[Json]]]:
    """The archive's rows by record and kind; of a part without rows its head."""
    store = night.store(day)
    found: dict[tuple[str, ...], dict[str, list[Json]]] = {}
    with store.archive.open("rb") as file:
        for entry in night.manifest(day).records.values():
            kinds = found.setdefault(entry.key, {})
            for part in read(file, entry).parts:
                told = msgspec.json.decode(part.rows)
                kinds.setdefault(part.kind, []).extend(told or [msgspec.json.decode(part.head)])
    return found


def flags(document: Mapping[str, Any]) -> list[str]:
    """What a document says was guessed, or is missing."""
    found: list[str] = document["vconf"].get("flags", [])
    return found


def slice_of(ran: Ran, app: str = APP_ID) -> SliceReport:
    """The slice of an app."""
    (found,) = [each for each in ran.report.slices if each.account == app]
    return found


def terminal(shell: Shell, vendor: Vendor, **settings: str) -> Shell:
    """A shell that knows of the vendor and of its time."""
    shell.env |= {"VCONF_NOW": vendor.now.isoformat(), **environment(vendor.server), **settings}
    return shell
