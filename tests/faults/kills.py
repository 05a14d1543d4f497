"""Kills a harvest at chosen events of its process, and looks whether the next run ends as if nothing had happened."""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from harvesters.core.destinations.elastic import Cluster
from harvesters.core.http import HttpApi
from tests.faults.fetching import expected, serving
from tests.faults.loading import Node, archived, small_bodies
from tests.faults.machine import Documents, Machine
from tests.faults.vendors import MORNING, VENDORS
from tests.faults.verdict import Case


class Dying:
    """Counts events of a process (answers, writes to the disk, renames) and kills it before the k-th."""

    def __init__(self, at: int) -> None:
        self.at, self.seen = at, 0

    def tick(self) -> None:
        self.seen += 1
        if self.seen == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: object, **named: object) -> object:
            self.tick()
            return function(*arguments, **named)

        return counted


@contextmanager
def dying(at: int) -> Iterator[Dying]:
    """The events of this process are counted meanwhile."""
    count = Dying(at)
    patch = pytest.MonkeyPatch()
    patch.setattr(HttpApi, "_exchange", count.before(HttpApi._exchange))
    patch.setattr(os, "fsync", count.before(os.fsync))
    patch.setattr(Path, "replace", count.before(Path.replace))
    patch.setattr(Path, "unlink", count.before(Path.unlink))
    patch.setattr(os, "open", count.before(os.open))
    patch.setattr(Cluster, "bulk", count.before(Cluster.bulk))
    try:
        yield count
    finally:
        patch.undo()


def dies(work: Callable[[], object]) -> bool:
    """Whether a child is killed while it works; one that fails in another way fails the test."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@cache
def events(name: str) -> int:
    """How many events a harvest of a vendor's day has; with several threads a few more or less."""
    with TemporaryDirectory() as folder, serving(VENDORS[name], Path(folder)) as (_, machine), dying(0) as count:
        assert machine.harvest().code == 0
    return count.seen


@dataclass
class Tally:
    """What became of the kills so far."""

    kills: Counter[str] = field(default_factory=Counter)
    of_healing: int = 0
    into_node: int = 0

    @property
    def number(self) -> int:
        """All of them, those of a run that healed among them."""
        return self.kills.total()


def kill(tally: Tally, dice: random.Random, node: Node) -> None:
    """Kill a harvest once or more often, then let it end; what is stored is what an undisturbed machine has."""
    name = dice.choice(list(VENDORS))
    into = dice.choice(["lake", "lake", "lake", "index"])
    with TemporaryDirectory() as folder, small_bodies():
        settings = {"es_url": node.url, "prefix": node.prefix} if into == "index" else {}
        with serving(VENDORS[name], Path(folder), now=MORNING, **settings) as (_, machine):
            if into == "index":
                machine.night.setup()
            for again in range(dice.choice([1, 1, 2, 3])):
                at = dice.randint(1, events(name))
                if dies(lambda: _harvest(machine, at, into)):  # noqa: B023 - used up within the round
                    tally.kills[name] += 1
                    tally.of_healing += again > 0
                    tally.into_node += into == "index"
            _check(machine, into, node)


def _harvest(machine: Machine, at: int, into: str) -> None:
    with dying(at):
        machine.later().harvest(into=[into])


def _check(machine: Machine, into: str, node: Node) -> None:
    """The run after it. The node has what the lake would have."""

    def stored(found: Machine) -> Documents:
        return found.index(node.es) if into == "index" else found.lake()

    wanted = archived(machine.vendor.name)[1] if into == "index" else expected(machine.vendor.name)[0]
    healthy = machine.later()
    try:
        Case((wanted, wanted), into, stored).second(healthy, healthy.harvest(into=[into]))
    finally:
        if into == "index":
            node.clear()
