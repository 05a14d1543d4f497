"""The long sweeps: random kills, a node that is killed and started again, replies cut at many bytes."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from elasticsearch import Elasticsearch

from harvesters.sandbox import Request, Response
from harvesters.stack.distribution import NEWEST
from tests import elasticsearch_node
from tests.elasticsearch_server import Server as NodeProcess
from tests.faults import loading
from tests.faults.fetching import Once, expected, serving
from tests.faults.kills import Tally, kill
from tests.faults.loading import Node, Trouble
from tests.faults.machine import Machine
from tests.faults.vendors import SETTLED, VENDORS
from tests.faults.verdict import WHOLE, Case
from tests.node_door import Door, Fault, Forward

Say = Callable[[str], None]
PREFIX = "vconf-tsoak"
OFFSET = 5


def kills(number: int, seed: int, node: Node, say: Say) -> str:
    """So many random kills; the same for the same seed."""
    dice, tally, began = random.Random(seed), Tally(), time.monotonic()
    while tally.number < number:
        before = tally.number // 50
        kill(tally, dice, node)
        if tally.number // 50 > before:
            say(f"{tally.number} kills")
    minutes = (time.monotonic() - began) / 60
    each = ", ".join(f"{vendor} {count}" for vendor, count in sorted(tally.kills.items()))
    return (
        f"**{tally.number} kills** with SIGKILL at a random event (seed {seed}, {minutes:.0f} minutes): {each}; "
        f"{tally.of_healing} of them hit a run that was mending an earlier kill, {tally.into_node} one that loaded "
        "Elasticsearch. After each the next run ended with 0 and the documents of an undisturbed machine: "
        "**0 silent losses, 0 twins**."
    )


def cut_replies(node: Node, say: Say) -> str:
    """Every reply of a load is cut, at every fifth byte."""
    cuts = 0
    for offset in range(0, loading.STEP, OFFSET):
        places = range(offset, loading.LONGEST_REPLY, loading.STEP)
        trouble = Trouble(lambda _most, places=places: map(loading.cut_at, places))  # type: ignore[misc]
        for vendor in VENDORS:
            with TemporaryDirectory() as folder:
                assert loading.load(trouble, vendor, Path(folder), node).words == WHOLE, (offset, vendor)
            cuts += len(places)
        say(f"{cuts} cuts of replies")
    return (
        f"**{cuts} replies of Elasticsearch cut**, at every {OFFSET}th byte of 2,400, for each vendor: all loads whole."
    )


def cut_answers(rounds: int, seed: int, say: Say) -> str:
    """Every answer of the vendors is cut once, at a random byte."""
    dice, cuts = random.Random(seed), 0

    def spoil(true: Response, _now: object) -> Response:
        return replace(true, cut=dice.randrange(max(1, len(true.body))))

    for number in range(rounds):
        for vendor in VENDORS.values():
            case = Case(expected(vendor.name), "lake", Machine.lake)
            with TemporaryDirectory() as folder, serving(vendor, Path(folder)) as (server, machine):
                server._intercept = once = Once(spoil, server, spares_login=False)
                assert case.first(machine, machine.harvest(concurrency=1)).words == WHOLE, (vendor.name, number, seed)
                cuts += len(once.seen)
    say(f"{cuts} cuts of answers")
    return f"**{cuts} answers of the vendors cut**, each once at a random byte (seed {seed}): all days whole."


@dataclass
class Restarting:
    """A node of our own that is killed with -9 while it takes documents, and started again."""

    process: NodeProcess
    door: Door
    kills: int = 0

    def fault(self, body: bytes, forward: Forward) -> Response:
        """The node takes the documents, dies, and comes back; nobody hears of it."""
        forward(body)
        self._restart()
        raise ConnectionResetError

    def _restart(self) -> None:
        running = self.process._process
        assert running
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        self.kills += 1
        self.process.start()
        self.door.node = self.process.wait_until_ready()


class Waiting(Door):
    """A door that is shut while the node behind it is not there."""

    def __init__(self, node: str) -> None:
        """`faults` are set by a test."""
        super().__init__(node)
        self._turn = threading.Lock()

    def meets(self, faults: Sequence[Fault]) -> None:
        self._faults = iter(faults)

    def _answer(self, request: Request) -> Response:
        with self._turn:
            try:
                return super()._answer(request)
            except requests.RequestException as error:
                raise ConnectionResetError from error


def _own_node(stack: ExitStack) -> NodeProcess:
    """A node that may be killed, started; the stack ends it."""
    process = elasticsearch_node._new_server(stack, NEWEST, ())
    process.prepare()
    stack.callback(process.stop)
    process.start()
    return process


def node_killed(rounds: int, say: Say) -> str:
    """Elasticsearch dies in the middle of each load."""
    with ExitStack() as stack:
        process = _own_node(stack)
        door = Waiting(process.wait_until_ready())
        restarting = Restarting(process, door)
        stack.enter_context(loading.small_bodies())
        front = stack.enter_context(door.serve())
        for number in range(rounds):
            for name in VENDORS:
                before = restarting.kills
                door.meets([lambda body, forward: forward(body)] * number + [restarting.fault])
                _load_whole(name, front.url, f"{PREFIX}{number}")
                assert restarting.kills == before + 1
                say(f"{restarting.kills} kills of the node")
    return (
        f"**{restarting.kills} kills of Elasticsearch** with SIGKILL in the middle of a load, after it had taken the "
        "documents and before anybody heard of it, and started again: all loads whole."
    )


def _load_whole(name: str, url: str, prefix: str) -> None:
    source, wanted = loading.archived(name)
    with Elasticsearch(url, request_timeout=120) as es, TemporaryDirectory() as folder:
        copied = Path(folder) / "data"
        loading.copy(Path(source.name), copied)
        with serving(VENDORS[name], copied, now=SETTLED, es_url=url, prefix=f"{prefix}-{name}") as (_, machine):
            node = Node(es, url, machine.prefix)
            machine.night.setup()
            case = Case((wanted, wanted), "index", lambda found: found.index(es))
            assert case.first(machine, machine.harvest(into=["index"])).words == WHOLE
            node.clear()
