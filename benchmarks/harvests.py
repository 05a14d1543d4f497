"""Whole harvests by the command: fetched from the vendor, archived, loaded into the sink, each in its own process."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from processes import ROOT, Used, served, used
from the_day import DAY, MINUTES, PEOPLE, others_settings, settings


@dataclass(frozen=True, slots=True)
class Harvested:
    """What a harvest took, and what its report says."""

    used: Used
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """A vendor with a day, an empty sink and an empty folder: everything that a harvest needs."""

    vendor: str
    node: str
    folder: Path

    name: str = "opentok"

    def harvest(self) -> Harvested:
        """Run the command once.

        Raises:
            RuntimeError: it did not end well.
        """
        command = [sys.executable, str(ROOT / "harvest.py"), "--env-file", str(self.folder / "empty.env")]
        command += [self.name, "--date", str(DAY), "--es-host", self.node, "--setup"]
        report = self.folder / "report.json"
        asked = settings(self.vendor) if self.name == "opentok" else others_settings(self.name, self.vendor)
        done = used([*command, "--report", str(report)], {**asked, "DATA_DIR": str(self.folder)})
        if done.code:
            message = f"the harvest ended with {done.code}: {done.errors}"
            raise RuntimeError(message)
        return Harvested(done, json.loads(report.read_text()))


@contextmanager
def scene(calls: int, people: int = PEOPLE, minutes: int = MINUTES) -> Iterator[Scene]:
    """A day of so many calls, nothing of it harvested yet."""
    shape = str(calls), str(people), str(minutes)
    with TemporaryDirectory() as folder, served("vendor.py", *shape) as vendor, served("sink.py") as node:
        (Path(folder) / "empty.env").touch()
        yield Scene(vendor, node, Path(folder))


@contextmanager
def other_scene(name: str, calls: int) -> Iterator[Scene]:
    """The same of a vendor of `others_day.py`."""
    with TemporaryDirectory() as folder, served("others_day.py", name, str(calls)) as vendor, served("sink.py") as node:
        (Path(folder) / "empty.env").touch()
        yield Scene(vendor, node, Path(folder), name)
