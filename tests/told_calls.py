"""Stories for tests: a day of every vendor in lake, archive and index, and single calls told from their records."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from harvesters import source_class
from harvesters.commands.build import recipe, vendor_workshops
from harvesters.commands.explaining import Asked, find, tell
from harvesters.commands.simulated import ACCOUNT, KEY, SIMULATED
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day, iso
from harvesters.core.declaration import declared
from harvesters.core.options import Options
from harvesters.core.report import RunReport
from harvesters.core.run import finish, run_days
from harvesters.core.source import Account, Record
from harvesters.finding.calls import Calls, Days, Match
from harvesters.finding.key import Key
from harvesters.sandbox.world import World
from harvesters.story.gathering import Gathering
from harvesters.story.page import page
from harvesters.story.story import Story, as_json, story
from harvesters.story.text import Screen
from tests.nights import Night, _Mute, lake_lines

BEFORE, DAY, NOW = date(2026, 11, 19), date(2026, 11, 20), datetime(2026, 11, 24, 9, tzinfo=UTC)
VENDORS = ("opentok", "zoom", "peermetrics")
STORES = ("lake", "archive", "index")
PLAIN = Screen(80)
Json = dict[str, Any]


@dataclass(frozen=True)
class Town:
    """A machine on which invented days of every vendor were harvested into lake and index."""

    night: Night

    @property
    def place(self) -> Workplace:
        return self.night.place

    @cached_property
    def conferences(self) -> dict[str, list[Json]]:
        """The calls' own documents by vendor."""
        found: dict[str, list[Json]] = {vendor: [] for vendor in VENDORS}
        for line in lake_lines(self.night.data_dir, "conference"):
            document = msgspec.json.decode(line)
            found[document["vconf"]["vendor"]].append(document)
        return found

    def harvest(self, vendor: str, world: World, days: Sequence[date]) -> None:
        simulated = SIMULATED[vendor]
        now = lambda: self.night.now  # noqa: E731 - a clock
        with simulated.serve(simulated.invented(world), now, **simulated.unhurried()) as server:
            known = dict(declared(source_class(vendor).Settings))
            login = {known[name].env: value for name, value in simulated.settings(server).items()}
            place = self.night.later(more=login).place
            options = Options(destinations=("lake", "index"), paced=False)
            shops = vendor_workshops(vendor, place, _Mute(), options)
            with closing(shops[0]):  # they share their destinations
                for shop in shops:
                    report = RunReport("a" * 32, vendor, "0", iso(self.night.now))
                    run_days(shop, [Day(each) for each in days], report, lambda _slice: None)
                    finish(report, self.night.now)
                    assert {each.state for each in report.slices} <= {"complete", "empty"}

    def found(self, vendor: str, key: str, store: str | None, days: Days = None) -> tuple[Calls, list[Match]]:
        return find(self.place, Asked([vendor], store=store, days=days), Key(key))

    def told(self, vendor: str, key: str, store: str | None, streams: int = 5) -> bytes:
        """What `--json` says, as bytes."""
        place, (calls, matches) = self.place, self.found(vendor, key, store)
        (match,) = matches
        gathering = Gathering(streams, key, keep=True)
        told = tell(place, calls, match, Key(key), gathering)
        calls.close()
        return msgspec.json.encode(as_json(told, gathering))


def settle_in(folder: Path, es_url: str, prefix: str) -> Town:
    """A town with the same day of each vendor, and one day more of peermetrics' rooms, which are used again."""
    town = Town(Night(folder, NOW, es_url=es_url, prefix=prefix))
    town.night.setup()
    world = World("demo", BEFORE, 2, 10)
    for vendor in VENDORS:
        town.harvest(vendor, world, [BEFORE, DAY] if vendor == "peermetrics" else [DAY])
    return town


def documents(vendor: str, record: Record, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Type and source of each document of a record, by the usual recipe."""
    account = Account({"opentok": KEY, "zoom": ACCOUNT}[vendor], "default")
    made = recipe(Night(folder, NOW).place, vendor, account)
    for each in made.documents(record, 1_795_600_000_000, Counter()):
        yield each.type, each.source


def told_of(found: Iterator[tuple[str, bytes]], streams: int = 5) -> Story:
    """The story of some documents."""
    gathering = Gathering(streams)
    for type_, source in found:
        gathering.take(type_, source)
    assert gathering.conference
    own = gathering.conference.vconf
    return story(gathering, own.conference, (own.vendor, own.account), None, "")


def lines(told: Story, screen: Screen = PLAIN, people: int = 30) -> list[str]:
    """The page as it is written."""
    return [screen.render(line) for line in page(told, screen.width, people)]
