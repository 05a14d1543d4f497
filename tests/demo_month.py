"""A demo month: four accounts of three vendors, harvested from the sandboxes as any other days.

The calls are invented by the sandboxes' world, always the same ones (see `harvesters.sandbox.world`), but for the last
day, which has three meetings of known addresses, of which the vendor gives one only by name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import msgspec
from elasticsearch import Elasticsearch

from harvesters import __version__
from harvesters.commands.build import vendor_workshops
from harvesters.core.day import Day, iso
from harvesters.core.destinations import Counts, Documents, Target
from harvesters.core.destinations.stdout import StdoutDestination
from harvesters.core.notes import note_run
from harvesters.core.options import Options
from harvesters.core.report import RunReport
from harvesters.core.run import finish, run_days
from harvesters.sandbox import Rules, serve_opentok
from harvesters.sandbox.opentok.generated import GeneratedSessions
from harvesters.sandbox.peermetrics.generated import GeneratedRooms
from harvesters.sandbox.world import World
from harvesters.sandbox.zoom import Person, meeting
from harvesters.sandbox.zoom.generated import GeneratedMeetings
from tests import geoip, peermetrics_days, zoom_days
from tests.geoip import LINKOPING, LONDON, MILTON
from tests.nights import Night, _Mute
from tests.opentok_days import SECRET
from tests.peermetrics_nights import PeermetricsNight, peermetrics
from tests.zoom_nights import ZoomNight, zoom

FIRST, DAYS = date(2026, 10, 26), 28
LAST = FIRST + timedelta(days=DAYS)
"""The day of the three meetings."""
START = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
END = datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC) + timedelta(days=1)
CHUNK = 14
BULK = 5000
"""Documents in one request."""
SETTLES = timedelta(days=4, hours=9)
PROJECTS = ("46204972", "46204973")
CALLS = {"46204972": 1, "46204973": 1, "zoom": 2, "peermetrics": 2}
"""Of a working day, by account; on Saturdays and Sundays there is one in each."""
SEEDS = {"46204973": "j"}
"""Of a world without a lecture: its measurements alone would be as many as those of all others."""


@dataclass(frozen=True)
class Account:
    """One account: whose it is, which machine asks it, with which settings."""

    vendor: str
    night: type[Night]
    settings: Mapping[str, str]


def world(account: str) -> World:
    return World(SEEDS.get(account, account), FIRST, DAYS, CALLS[account])


@contextmanager
def served(now: datetime) -> Iterator[list[Account]]:
    """The four accounts, as of an instant."""
    with ExitStack() as stack:
        found = [_project(stack, key, now) for key in PROJECTS]
        # In the first half of the month Zoom's daily report counts more than there was.
        faults = ["wrong-totals"] if now < END - SETTLES else []
        of_zoom = stack.enter_context(zoom(GeneratedMeetings(world("zoom")), now, faults=faults)).server
        found.append(Account("zoom", ZoomNight, {**zoom_days.environment(of_zoom), "ZOOM_SHARING": "yes"}))
        rooms = GeneratedRooms(world("peermetrics"), every=60)
        of_rooms = stack.enter_context(peermetrics(rooms, now)).server
        found.append(Account("peermetrics", PeermetricsNight, peermetrics_days.environment(of_rooms)))
        yield found


def _project(stack: ExitStack, key: str, now: datetime) -> Account:
    sessions, rules = GeneratedSessions(world(key), key), Rules(rate_limit=None)
    server = stack.enter_context(serve_opentok(sessions, key=key, secret=SECRET, now=lambda: now, rules=rules))
    settings = {"OPENTOK_API_KEY": key, "OPENTOK_URL": server.url, "OPENTOK_BITRATE_UNIT": "kbyte"}
    return Account("opentok", Night, settings)


class Gathered(StdoutDestination):
    """Documents, those of runs and slices too, as actions for `_bulk`: one load of all is ten times as fast."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.actions: list[bytes] = []
        super().__init__(BytesIO())

    def write(self, target: Target, records: Iterable[tuple[str, Documents]], counts: Counts) -> None:
        def seen(documents: Documents) -> Documents:
            for each in documents:
                self._keep(each.index, each.id, each.source)
                yield each

        super().write(target, ((record, seen(documents)) for record, documents in records), counts)
        for each in counts.types.values():
            each.created = each.sent

    def note(self, id_: str, document: Mapping[str, object]) -> None:
        self._keep(f"{self.prefix}-runs", id_, msgspec.json.encode(document))

    def note_issues(self, target: Target, documents: Mapping[str, Mapping[str, object]]) -> None:
        for id_, document in documents.items():
            self._keep(f"{self.prefix}-issues-{str(target.day)[:4]}", id_, msgspec.json.encode(document))

    def _keep(self, index: str, id_: str, source: bytes) -> None:
        self.actions += [msgspec.json.encode({"index": {"_index": index, "_id": id_}}), source]


def set_up(data_dir: Path, es_url: str, prefix: str) -> None:
    """Load the index templates."""
    Night(data_dir, END, es_url=es_url, prefix=prefix).setup()


def harvest(data_dir: Path, es: Elasticsearch, prefix: str) -> list[RunReport]:
    """The whole month into an index; the report of each run. OpenTok forgets after 21 days, so it is taken in parts."""
    gathered = Gathered(prefix)
    reports: list[RunReport] = []
    days = [FIRST + timedelta(days=each) for each in range(DAYS)]
    for begin in range(0, DAYS, CHUNK):
        chunk = days[begin : begin + CHUNK]
        now = datetime(chunk[-1].year, chunk[-1].month, chunk[-1].day, tzinfo=UTC) + SETTLES
        with served(now) as accounts:
            for number, account in enumerate(accounts):
                more = {**account.settings, **geoip.FILES, "TOTALS": "yes"}
                night = account.night(data_dir / str(number), now, prefix=prefix, more=more)
                reports.append(_run(account.vendor, night, chunk, gathered))
    reports.append(_last_day(data_dir, prefix, gathered))
    for begin in range(0, len(gathered.actions), 2 * BULK):
        lines = gathered.actions[begin : begin + 2 * BULK]
        assert not es.bulk(operations=cast("Any", b"\n".join([*lines, b""])), filter_path="errors")["errors"]
    es.indices.refresh(index=f"{prefix}-*")
    return reports


def _run(vendor: str, night: Night, days: Sequence[date], gathered: Gathered) -> RunReport:
    """One run, with its own document, of every account that the settings give access to."""
    report = RunReport(f"{vendor}{len(gathered.actions)}", vendor, __version__, iso(night.now))
    shops = vendor_workshops(vendor, night.place, _Mute(), Options(destinations=("stdout",)))
    with ExitStack() as stack:
        for shop in shops:
            stack.enter_context(closing(shop))
            shop.destinations = [gathered]
            run_days(shop, [Day(each) for each in days], report, lambda _slice: None)
        finish(report, night.now + timedelta(minutes=2))
        note_run(shops[0], report)
    return report


def _last_day(data_dir: Path, prefix: str, gathered: Gathered) -> RunReport:
    """Two meetings, and one of which the list alone tells."""
    nine = datetime(LAST.year, LAST.month, LAST.day, 9, tzinfo=UTC)
    greta, london, milton = (
        Person(name, email=f"{name}@example.com".lower(), row={"ip_address": address})
        for name, address in (("Greta", LINKOPING), ("Leonard", LONDON), ("Mildred", MILTON))
    )
    held = [
        meeting("dL1o37VTaiN3IhHInJ0GAx==", nine, 10, people=2, number=85443586136),
        meeting("gm8s9L+PTEC+FG3sFbd1Cw==", nine, 30, people=[greta, london], number=85443586134),
        meeting("c1/VhQWoSQmUs6ZOwFD4kw==", nine + timedelta(hours=2), 20, people=[greta, milton], number=85443586135),
    ]
    with zoom(held, END + timedelta(hours=9), faults=[f"missing={held[0].uuid}"]) as vendor:
        more = {**zoom_days.environment(vendor.server), **geoip.FILES}
        night = ZoomNight(data_dir / "2", vendor.now, prefix=prefix, more=more)
        return _run("zoom", night, [LAST], gathered)
