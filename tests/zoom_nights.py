"""A machine that harvests a simulated Zoom, night after night, in this process or as its user types it.

with zoom([meeting(PLAIN, at(9))], SETTLED) as vendor:
    night = ZoomNight.at(tmp_path, vendor)
    assert night.harvest(DAY).exit_code == 0
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from harvesters import __version__
from harvesters.commands.build import vendor_workshop
from harvesters.commands.workplace import Workplace
from harvesters.core.answers import Answer, Auth
from harvesters.core.answers import Request as Asked
from harvesters.core.day import Clock, Day, iso
from harvesters.core.notes import note_run
from harvesters.core.options import Options
from harvesters.core.report import RunReport
from harvesters.core.run import finish, run_days
from harvesters.core.store import SliceStore
from harvesters.core.wire import Wire
from harvesters.core.workshop import Workshop
from harvesters.sandbox import Request, Response
from harvesters.sandbox.server import Intercept
from harvesters.sandbox.zoom import UNLIMITED, Meeting, ZoomRules, ZoomServer, serve_zoom
from tests.nights import Night, Ran, Time, _Mute, _printing, lake_lines
from tests.shell import Shell
from tests.zoom_days import ACCOUNT, CLIENT, DAY, SECRET, environment

LIFTED = ZoomRules(limits=UNLIMITED)
PRO = ZoomRules(limits=UNLIMITED, plan="pro")
TOKEN = "/oauth/token"
MEETINGS = "/metrics/meetings"
PEOPLE = "/metrics/meetings/{meetingId}/participants"
QUALITY = "/metrics/meetings/{meetingId}/participants/qos"
HOSTS = "/report/users"
OF_HOST = "/report/users/{userId}/meetings"
REPORTED = "/report/meetings/{meetingId}/participants"


@dataclass
class Vendor:
    """A simulated account; its clock stands still until a test sets `now`."""

    now: datetime
    server: ZoomServer = field(init=False)

    @property
    def calls(self) -> dict[str, int]:
        """How many calls passed the limits so far, by endpoint; token requests under `TOKEN`."""
        tokens = len(self.paths(TOKEN))
        return {**dict(self.server.app.calls), **({TOKEN: tokens} if tokens else {})}

    def paths(self, *parts: str) -> list[str]:
        """The paths asked for so far, with their queries, that hold all of these parts."""
        return [each.path for each in self.server.log if all(part in each.path for part in parts)]

    def parameters(self, *parts: str) -> list[dict[str, str]]:
        """The parameters of those."""
        return [{k: v[0] for k, v in parse_qs(urlsplit(each).query).items()} for each in self.paths(*parts)]

    def forget(self) -> None:
        """Count from nothing."""
        self.server.log.clear()
        self.server.app.calls.clear()

    def answer(self, request: Request) -> Response:
        """What it answers on its own, for an `intercept` that changes it."""
        return self.server.app(request)


@contextmanager
def zoom(  # noqa: PLR0913 - each is one independent setting
    meetings: Iterable[Meeting],
    now: datetime,
    *,
    rules: ZoomRules = LIFTED,
    faults: Sequence[str] = (),
    intercept: Intercept | None = None,
    secret: str = SECRET,
) -> Iterator[Vendor]:
    """A vendor that runs meanwhile; for the settings see `serve_zoom`."""
    found = Vendor(now)
    found.server = serve_zoom(
        meetings, account=ACCOUNT, client_id=CLIENT, client_secret=secret,
        now=lambda: found.now, rules=rules, faults=faults, intercept=intercept,
    )  # fmt: skip
    with found.server:
        yield found


@dataclass(frozen=True)
class ZoomNight(Night):
    """A machine with the harvester on it, at one instant; where time `moves`, what is waited passes on its clock."""

    moves: bool = False

    @classmethod
    def at(cls, data_dir: Path, vendor: Vendor, *, moves: bool = False, **settings: str) -> Self:
        """At the vendor's instant, with the vendor's account and these settings."""
        more = {**environment(vendor.server), **settings}
        return cls(data_dir, vendor.now, more=more, moves=moves)

    def set(self, **settings: str) -> Self:
        """The same with other settings."""
        return replace(self, more={**self.more, **settings}, time=Time())

    def later(self, now: datetime | None = None, **changed: Any) -> Self:
        """The same machine at another instant, or with another field changed."""
        return replace(self, now=now or self.now, time=Time(), **changed)

    @property
    def place(self) -> Workplace:
        place = super().place
        if not self.moves:
            return place
        return replace(place, clock=Clock(self.wall, self.time.monotonic, wait=self.time.wait))

    def wall(self) -> datetime:
        """The time of day once waits have passed."""
        return self.now + timedelta(seconds=self.time.seconds - 1000)

    @contextmanager
    def shop(self, into: Sequence[str], stdout: BytesIO | None = None, **options: Any) -> Iterator[Workshop]:
        """The parts of a run; `options` as `Options` has them."""
        shop = vendor_workshop("zoom", self.place, _Mute(), Options(destinations=tuple(into), **options))
        with closing(_printing(shop, stdout)):
            yield shop

    def work(self, shop: Workshop, days: Sequence[date] | None = None) -> Ran:
        """Run a shop to the end; without days the nightly choice."""
        report = RunReport("a" * 32, "zoom", __version__, iso(self.now))
        said = run_days(shop, None if days is None else [Day(each) for each in days], report, lambda _slice: None)
        finish(report, self.now)
        note_run(shop, report)
        return Ran(report, said)

    def store(self, day: date) -> SliceStore:
        """The archive of a day."""
        return SliceStore(self.data_dir, "zoom", ACCOUNT, Day(day))

    def levels(self, day: date = DAY) -> dict[str, int]:
        """The level of each archived record, by the meeting's UUID."""
        return {each.call: each.level for each in self.manifest(day).records.values()}

    def documents(self, type_: str = "conference") -> list[dict[str, Any]]:
        """The lake's documents of a type."""
        return [msgspec.json.decode(each) for each in lake_lines(self.data_dir, type_)]

    def conferences(self) -> dict[str, dict[str, Any]]:
        """The lake's conferences by the meeting's UUID; one that is there twice fails."""
        found = self.documents()
        by_uuid = {str(each["zoom"]["meeting_uuid"]): each for each in found}
        assert len(by_uuid) == len(found)
        return by_uuid


def straight(vendor: Vendor, patch: pytest.MonkeyPatch) -> None:
    """From here on requests reach the vendor without a line between: thousands of them take seconds."""

    def exchange(_wire: Wire, asked: Asked, auth: Auth, _deadline: float) -> Answer:
        place = urlsplit(asked.url)
        headers = {name.lower(): text for name, text in {"host": place.netloc, **asked.headers, **auth.headers}.items()}
        path = f"{place.path}?{place.query}" if place.query else place.path
        request = Request(asked.method, path, headers, asked.body or b"", "")
        vendor.server.log.append(request)
        given = vendor.answer(request)
        return Answer(given.status, {name.lower(): text for name, text in given.headers.items()}, given.body)

    patch.setattr(Wire, "exchange", exchange)


def flags(document: Mapping[str, Any]) -> list[str]:
    """What a document says was guessed, or is missing."""
    found: list[str] = document["vconf"].get("flags", [])
    return found


def terminal(shell: Shell, vendor: Vendor, **settings: str) -> Shell:
    """A shell that knows of the vendor and of its time."""
    shell.env |= {"VCONF_NOW": vendor.now.isoformat(), **environment(vendor.server), **settings}
    return shell
