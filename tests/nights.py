"""Runs the harvester for tests: sandbox, fetch, archive, load, as the command does, in this process or its own.

with serve_opentok([session(0, day=DAY)], key=KEY, secret=SECRET, now=lambda: NOW) as vendor:
    night = Night(tmp_path, NOW, vendor.url)
    assert night.harvest(DAY, into=["lake"]).exit_code == 0
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import zstandard

from harvesters import __version__
from harvesters.commands.build import destinations, replay_workshop, vendor_workshop
from harvesters.commands.console import Console
from harvesters.commands.workplace import Workplace
from harvesters.core.common_settings import CommonSettings
from harvesters.core.day import Clock, Day, iso
from harvesters.core.days import archived_days
from harvesters.core.destinations.stdout import StdoutDestination
from harvesters.core.errors import Exit
from harvesters.core.keyed import read_key
from harvesters.core.manifest import Manifest
from harvesters.core.notes import note_run
from harvesters.core.options import Options, Selection
from harvesters.core.report import RunReport, SliceReport
from harvesters.core.run import finish, run_days
from harvesters.core.settings import Values, require
from harvesters.core.settings import read as read_settings
from harvesters.core.setup import load_templates
from harvesters.core.source import Account
from harvesters.core.store import SliceStore
from harvesters.core.workshop import Workshop
from harvesters.enrich.enrichment import open_enrichment
from harvesters.sandbox import Request, Response, Server, serve_opentok
from harvesters.sandbox.opentok import Served
from harvesters.sandbox.server import Intercept
from tests import forking
from tests.opentok_days import KEY, SECRET

HOME = Path(__file__).parents[1]
VENDOR = "opentok"
NOBODY = "http://127.0.0.1:9/graphql"
"""An address where nobody answers: a run that needs no vendor proves it by getting through."""


class Time:
    """The time that only moves forward; a wait costs nothing and is written down."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        self.waits.append(seconds)


@dataclass
class Vendor:
    """A simulated OpenTok; its clock stands still until a test sets `now`."""

    now: datetime
    server: Server = field(init=False)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def requests(self) -> int:
        """How many requests came so far."""
        return len(self.server.log)

    def asked(self, since: int = 0) -> list[bytes]:
        """The bodies of the requests, from the one with this number on."""
        return [request.body for request in self.server.log[since:]]

    def answer(self, request: Request) -> Response:
        """What it answers on its own, for an `intercept` that changes it."""
        return self.server._app(request)


@contextmanager
def vendor(sessions: Served, now: datetime, intercept: Intercept | None = None, **more: Any) -> Iterator[Vendor]:
    """A vendor that runs meanwhile; for the settings see `serve_opentok`."""
    found = Vendor(now)
    found.server = serve_opentok(sessions, key=KEY, secret=SECRET, now=lambda: found.now, intercept=intercept, **more)
    with found.server:
        yield found


class _Mute(Console):
    """A console that leaves the process's logging alone."""

    def __init__(self) -> None:
        self.progress = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run gave: its report, and what it said besides."""

    report: RunReport
    said: list[str]

    @property
    def exit_code(self) -> Exit:
        return self.report.exit_code

    @property
    def only(self) -> SliceReport:
        """The one slice that was taken."""
        (found,) = self.report.slices
        return found

    @property
    def days(self) -> list[str]:
        return [each.day for each in self.report.slices]

    def counts(self, destination: str = "index") -> dict[str, int]:
        """What the report says of the one slice's documents, all types together."""
        types: Mapping[str, Mapping[str, int]] = self.only.as_json()["destinations"][destination]
        names = ("sent", "created", "updated", "stale", "rejected")
        return {name: sum(each[name] for each in types.values()) for name in names}


@dataclass(frozen=True)
class Night:
    """A machine with the harvester on it, at one instant; another night is `later` on the same state folder."""

    data_dir: Path
    now: datetime
    vendor_url: str = NOBODY
    es_url: str = ""
    prefix: str = "vconf"
    more: Mapping[str, str] = field(default_factory=dict)
    time: Time = field(default_factory=Time)

    def later(self, now: datetime | None = None, **changed: Any) -> "Night":
        """The same machine at another instant, or with another field changed."""
        return replace(self, now=now or self.now, time=Time(), **changed)

    @property
    def environment(self) -> dict[str, str]:
        """The settings, as a shell would set them."""
        return {
            "OPENTOK_API_KEY": KEY,
            "OPENTOK_API_SECRET": SECRET,
            "OPENTOK_URL": self.vendor_url,
            "DATA_DIR": str(self.data_dir),
            "INDEX_PREFIX": self.prefix,
            "VCONF_NOW": iso(self.now),
            # Most tests are about calls, and count requests and documents; those of totals ask for them.
            "TOTALS": "no",
            **({"ES_HOST": self.es_url} if self.es_url else {}),
            **self.more,
        }

    @property
    def place(self) -> Workplace:
        values = Values({}, self.environment, {}, None, self.data_dir)
        problems: list[str] = []
        common = require(read_settings(CommonSettings, values, problems), problems)
        clock = Clock(lambda: self.now, self.time.monotonic, wait=self.time.wait)
        enrichment = open_enrichment(common, problems)
        key = read_key(common.privacy_key_file, problems)
        return Workplace(values, common, clock, self.data_dir, tuple(problems), enrichment=enrichment, key=key)

    def setup(self) -> list[str]:
        """Load the index templates."""
        result = load_templates(self.place.common, self.place.clock)
        return [*result.done, *result.stuck]

    @contextmanager
    def shop(self, into: Sequence[str], stdout: BytesIO | None = None, **options: Any) -> Iterator[Workshop]:
        """The parts of a run, for tests that change one of them; `options` as `Options` has them."""
        asked = Options(destinations=tuple(into), **options)
        shop = vendor_workshop(VENDOR, self.place, _Mute(), asked)
        with closing(_printing(shop, stdout)):
            yield shop

    def harvest(
        self, *days: date, into: Sequence[str] = ("lake",), stdout: BytesIO | None = None, **options: Any
    ) -> Ran:
        """Harvest these days; without any, the nightly run."""
        with self.shop(into, stdout, nightly=not days, **options) as shop:
            return self.work(shop, days or None)

    def work(self, shop: Workshop, days: Sequence[date] | None = None) -> Ran:
        """Run a shop to the end, its own documents included; without days the nightly choice."""
        report = RunReport("a" * 32, VENDOR, __version__, iso(self.now))
        chosen = None if days is None else [Day(each) for each in days]
        said = run_days(shop, chosen, report, lambda _slice: None)
        finish(report, self.now)
        note_run(shop, report)
        return Ran(report, said)

    def replay(
        self,
        *days: date,
        into: Sequence[str] = ("lake",),
        stdout: BytesIO | None = None,
        keys: Sequence[str] = (),
        **options: Any,
    ) -> Ran:
        """Load archived days again; without any, all of them. The vendor is not asked. `options`: dry_run, diff."""
        place = self.place
        reading = options.get("diff", False)
        targets = destinations(place, into, place.clock.monotonic() + 7200, for_reading=reading)
        shop = replay_workshop(VENDOR, Account(KEY, "default"), place, _Mute(), targets)
        shop.options = Options(selection=Selection(records=frozenset(keys)), **options)
        chosen = days or tuple(each.date for each in archived_days(self.data_dir, VENDOR, KEY))
        with closing(_printing(shop, stdout)):
            return self.work(shop, chosen)

    def command(self, *arguments: str, timeout: float = 120, memory_counts: bool = False) -> CompletedProcess[str]:
        """`harvest.py` in a process of its own, in an empty folder, with our settings and no others.

        `memory_counts`: nothing is in its memory that it did not import itself, which takes its time.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        # The working folder's `.env` hides the one that a developer may have in the clone.
        (self.data_dir / ".env").touch()
        run = forking.started if memory_counts else forking.run
        command = [*forking.SCRIPT_HERE, *arguments]
        return run(command, env={**_neutral(), **self.environment}, cwd=self.data_dir, timeout=timeout)

    def store(self, day: date) -> SliceStore:
        """The archive of a day."""
        return SliceStore(self.data_dir, VENDOR, KEY, Day(day))

    def manifest(self, day: date) -> Manifest:
        """What is written down of a day."""
        found = self.store(day).peek()
        assert found is not None
        return found


def _printing(shop: Workshop, stdout: BytesIO | None) -> Workshop:
    """The same shop; what it would print goes into a buffer."""
    if stdout is not None:
        shop.destinations = [StdoutDestination(stdout) if each.name == "stdout" else each for each in shop.destinations]
    return shop


def _neutral() -> dict[str, str]:
    """This process's environment without anything that the harvester would read."""
    ours = ("PYTHON", "OPENTOK_", "ES_", "INDEX_PREFIX", "DATA_DIR", "VCONF_", "VENDOR_", "TOTALS")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


_HEAD = re.compile(rb'\{"_index":"([^"]+)","_id":"([^"]+)",')


@dataclass(frozen=True, slots=True)
class Printed:
    """One line of the stdout destination; `source` is what is left without index and id."""

    index: str
    source: bytes


def printed(stdout: BytesIO) -> dict[str, Printed]:
    """What was printed, by id; a line that came twice fails."""
    found: dict[str, Printed] = {}
    for line in stdout.getvalue().splitlines():
        head = _HEAD.match(line)
        assert head, line[:200]
        index, id_ = head[1].decode(), head[2].decode()
        assert id_ not in found
        found[id_] = Printed(index, b"{" + line[head.end() :])
    return found


def lake_lines(data_dir: Path, type_: str = "*") -> list[bytes]:
    """The lines of the lake's files."""
    lines: list[bytes] = []
    for path in sorted((data_dir / "lake").glob(f"{type_}/*/*/*.ndjson.zst")):
        with path.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as file:
            lines += file.read().splitlines()
    return lines


def state(data_dir: Path) -> dict[str, bytes]:
    """Every file of a state folder with its bytes, but for what the limits note of each request."""
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    names = {str(path.relative_to(data_dir)): path for path in files}
    return {name: path.read_bytes() for name, path in names.items() if not name.startswith("limits/")}
