"""A run that is told to end does so within five seconds, whoever keeps it waiting; told twice, it ends at once."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from harvesters.sandbox import Request, Response
from tests.node_door import Door, Forward, refuse_all, stored
from tests.shell import PROJECT, Shell, vendor

LINE = ("opentok", "--date", "2026-11-18", "--report", "report.json")
PROMISED, AT_ONCE, LONG = 5.0, 1.5, 60.0


class Silence:
    """Whoever is asked from the n-th request on says nothing until the test ends."""

    def __init__(self, first: int) -> None:
        self.first, self.reached, self.over = first, threading.Event(), threading.Event()

    def __call__(self, number: int, request: Request) -> None:
        del request
        if number >= self.first:
            self.keep()

    def keep(self) -> None:
        self.reached.set()
        self.over.wait(LONG)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@contextmanager
def silent(shell: Shell, first: int) -> Iterator[subprocess.Popen[str]]:
    """A harvest of 60 calls whose vendor no longer answers."""
    silence = Silence(first)
    with vendor(shell, calls=60, intercept=silence), shell.started(*LINE) as process:
        try:
            assert silence.reached.wait(LONG)
            yield process
        finally:
            silence.over.set()


def ended(process: subprocess.Popen[str]) -> tuple[float, str]:
    """How long it took to end, and what it said."""
    began = time.monotonic()
    _, said = process.communicate(timeout=LONG)
    return time.monotonic() - began, said


def report(shell: Shell) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shell.folder / "report.json").read_text())
    return found


@pytest.mark.parametrize(
    ("first", "number"),
    [
        pytest.param(1, signal.SIGTERM, id="the list"),
        pytest.param(2, signal.SIGINT, id="the first batch"),
        pytest.param(3, signal.SIGTERM, id="the second batch"),
        pytest.param(4, signal.SIGINT, id="the totals"),
    ],
)
def test_a_vendor_that_never_answers_is_not_waited_for(shell: Shell, first: int, number: int) -> None:
    with silent(shell, first) as process:
        process.send_signal(number)
        seconds, said = ended(process)
    assert (process.returncode, seconds < PROMISED) == (130, True), (seconds, said)
    assert "Traceback" not in said
    (only,) = report(shell)["slices"]
    assert (report(shell)["run"]["exit_code"], only["state"]) == (130, "partial")
    assert "the next run goes on from there" in only["reason"]
    # What came before is written down, what never came is not. Two batches are asked for at once: either comes first.
    assert only["harvested"] in {3: {50, 10}, 4: {60}}.get(first, {0})
    with vendor(shell, calls=60) as server:
        assert shell(*LINE).code == 0
        assert server.requests == {3: 3, 4: 2}.get(first, 4)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_at_once(shell: Shell, number: int) -> None:
    with silent(shell, 2) as process:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(number)
        seconds, said = ended(process)
    assert (process.returncode, seconds < AT_ONCE) == (130, True), (seconds, said)
    assert "Traceback" not in said
    with vendor(shell, calls=60):
        assert shell(*LINE).code == 0


STUBBORN = """
import time
from harvesters.commands import interrupts
interrupts.LIMIT = 1
interrupts.listen()
try:
    print("ready", flush=True)
    time.sleep(60)
finally:
    time.sleep(60)
"""


def test_what_does_not_end_in_an_orderly_way_is_ended() -> None:
    command = [sys.executable, "-c", STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        seconds, said = ended(process)
    assert (process.returncode, seconds < PROMISED, said) == (130, True, "")


def drained(terminal: int, shown: bytearray) -> None:
    """Read what a terminal shows until nobody writes any more."""
    with suppress(OSError):
        while piece := os.read(terminal, 4096):
            shown.extend(piece)


def test_a_terminal_has_its_cursor_again_after_a_second_signal(shell: Shell) -> None:
    ours, theirs = pty.openpty()
    shown, silence = bytearray(), Silence(3)
    reader = threading.Thread(target=drained, args=(ours, shown))
    with vendor(shell, calls=60, intercept=silence):
        environment = {**shell.environment({}), "TERM": "xterm"}
        process = subprocess.Popen(
            shell.command(*LINE), cwd=shell.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        reader.start()
        assert silence.reached.wait(LONG)
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(LONG) == 130
        silence.over.set()
    reader.join()
    os.close(ours)
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")


def test_a_signal_that_the_shell_ignores_stays_ignored(shell: Shell) -> None:
    """As under nohup, or in the background of a script."""
    silence = Silence(2)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with vendor(shell, intercept=silence), shell.started(*LINE) as process:
            assert silence.reached.wait(LONG)
            process.send_signal(signal.SIGINT)
            silence.over.set()
            ended(process)
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("how", "number"),
    [("never answers", signal.SIGTERM), ("is always busy", signal.SIGINT), ("dies", signal.SIGTERM)],
)
def test_an_elasticsearch_that_keeps_it_waiting_is_left(  # noqa: PLR0913, PLR0917 - fixtures
    shell: Shell, es: Elasticsearch, es_url: str, prefix: str, how: str, number: int
) -> None:
    silence = Silence(1)

    def fault(body: bytes, forward: Forward) -> Response:
        if how == "dies":
            forward(body)
            silence.keep()
            raise ConnectionResetError
        if how == "never answers":
            silence.keep()
        silence.reached.set()
        return refuse_all(503)(body, forward)

    door = Door(es_url, [fault] * 1000)
    with door.serve() as node, vendor(shell, calls=8):
        cluster = {"ES_HOST": node.url, "INDEX_PREFIX": prefix}
        assert shell("setup", "templates", **cluster).code == 0
        with shell.started(*LINE, **cluster) as process:
            assert silence.reached.wait(LONG)
            process.send_signal(number)
            seconds, said = ended(process)
            silence.over.set()
        assert (process.returncode, seconds < PROMISED) == (130, True), (seconds, said)
        (only,) = report(shell)["slices"]
        assert (only["state"], only["harvested"]) == ("partial", 8)
        # Nothing is owed to the vendor, everything to the node.
        again = shell(*LINE, **{**cluster, "ES_HOST": es_url})
        assert again.code == 0, again.err
    (whole,) = report(shell)["slices"]
    assert (whole["state"], whole["harvested"]) == ("complete", 8)
    lines = sum(each["sent"] for each in whole["destinations"]["index"].values())
    assert len(stored(es, es_url, prefix)) == lines > 8
