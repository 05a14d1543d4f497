"""A machine with the harvester on it, for any vendor; it runs as the command does, in this process."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from harvesters.commands.build import vendor_workshops
from harvesters.commands.console import Console
from harvesters.commands.work import Request, run_accounts
from harvesters.core.day import Clock, Day
from harvesters.core.days import manifests
from harvesters.core.errors import Exit
from harvesters.core.manifest import Manifest
from harvesters.core.options import Options
from harvesters.core.workshop import Workshop
from tests.faults.vendors import DAY, MORNING, Vendor
from tests.nights import Night, Time, _printing, lake_lines
from tests.node_door import sources, stored

_ID = re.compile(rb'"_id":"([^"]+)"')
_FETCHED = re.compile(rb'"(created|fetched_at)":"[^"]+"')
Documents = Mapping[str, bytes]
"""Documents by id, without the time of the fetch."""


class _Listening(Console):
    """A console that keeps what is said, and leaves the process's logging alone."""

    def __init__(self) -> None:
        self.progress = self._colour = self._json = self._quiet = False
        self.said: list[str] = []

    def say(self, sentence: str, level: int = 0, **fields: Any) -> None:
        del level, fields
        self.said.append(sentence)


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, its report and what it said."""

    code: Exit
    report: Mapping[str, Any]
    sentences: Sequence[str]

    @property
    def states(self) -> list[str]:
        """Of each slice."""
        return [each["state"] for each in self.report["slices"]]

    @property
    def said(self) -> str:
        """All sentences."""
        return " ".join(self.sentences)

    @property
    def odd(self) -> bool:
        """Whether a warning or a failure is named."""
        return any(each["warnings"] or each["failed"] for each in self.report["slices"])


@dataclass(frozen=True)
class Machine:
    """A vendor's harvester with a state folder, at one instant; waits cost nothing.

    `wall`: a clock on the wall that does not stand still; `report_folder`: where the report goes, if not beside the
    state.
    """

    vendor: Vendor
    folder: Path
    settings: Mapping[str, str]
    now: datetime = MORNING
    es_url: str = ""
    prefix: str = "vconf"
    time: Time = field(default_factory=Time)
    wall: Callable[[], datetime] | None = None
    report_folder: Path | None = None

    @property
    def night(self) -> Night:
        """The same as `Night` knows it."""
        return Night(self.folder, self.now, "", self.es_url, self.prefix, self.settings, self.time)

    def later(self, **changed: Any) -> "Machine":
        """The same machine with something changed."""
        return replace(self, time=Time(), **changed)

    def harvest(self, into: Sequence[str] = ("lake",), stdout: BytesIO | None = None, **options: Any) -> Ended:
        """Harvest the day of every account, as `harvest.py <vendor> --date` does."""
        place, console, report = self.night.place, _Listening(), (self.report_folder or self.folder) / "report.json"
        if self.wall:
            place = replace(place, clock=Clock(self.wall, self.time.monotonic, wait=self.time.wait))
        asked = Options(destinations=tuple(into), **options)

        def opened() -> list[Workshop]:
            return [_printing(each, stdout) for each in vendor_workshops(self.vendor.name, place, console, asked)]

        request = Request(self.vendor.name, (Day(DAY),), report)
        code = run_accounts(lambda: [opened], place, console, request)
        return Ended(code, json.loads(report.read_text()), console.said)

    def manifests(self) -> list[Manifest]:
        """Of the day, one for each account."""
        accounts = sorted((self.folder / "archive" / self.vendor.name).glob("*"))
        found = [each for account in accounts for each in manifests(self.folder, self.vendor.name, account.name)]
        return [each for each in found if each.day == str(DAY)]

    def loaded(self, destination: str) -> Counter[str]:
        """Documents by type of which the manifests say that a destination has them."""
        total: Counter[str] = Counter()
        for manifest in self.manifests():
            for identity, each in manifest.destinations.items():
                if (identity == destination) or (destination == "index" and "/" in identity):
                    for stamp in each.records.values():
                        total.update(stamp.counts)
        return total

    def lake(self) -> Documents:
        """The lake's documents."""
        return by_id(lake_lines(self.folder))

    def index(self, es: Elasticsearch) -> Documents:
        """The node's documents."""
        return {id_: without_time(each) for id_, each in sources(stored(es, self.es_url, self.prefix)).items()}


def without_time(line: bytes) -> bytes:
    """A document without the time of its fetch."""
    return _FETCHED.sub(rb'"\1":""', line)


def by_id(lines: Sequence[bytes]) -> Documents:
    """Lines by id; one that is there twice fails."""
    found: dict[str, bytes] = {}
    for line in lines:
        id_ = _id(line)
        assert id_ not in found, f"{id_} is there twice"
        found[id_] = without_time(line)
    return found


def _id(line: bytes) -> str:
    found = _ID.search(line)
    if found:
        return found[1].decode()
    event: str = json.loads(line)["event"]["id"]
    return event
