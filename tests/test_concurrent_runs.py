"""Several runs at once: one works on an account and the others end at once; without the lock nothing is lost either."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harvesters.core import run
from harvesters.core.options import Selection
from harvesters.sandbox import Request, Server, serve_opentok
from tests.nights import Night, lake_lines, vendor
from tests.opentok_days import KEY, SECRET, session, session_id
from tests.opentok_faults import UNLIMITED, listed_day

DAY = date(2026, 11, 18)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LINE = ("opentok", "--date", str(DAY))
SECONDS = 60


def calls(key: str = KEY) -> list[Any]:
    start = timedelta(hours=9)
    return [session(number, day=DAY, start=start, people=2, minutes=1, key=key) for number in range(4)]


class Gate:
    """An intercept that holds up the vendor's first answer."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, number: int, request: Request) -> None:
        del request
        if number == 1:
            self.reached.set()
            assert self.opened.wait(SECONDS)


@contextmanager
def held_up() -> Iterator[tuple[Server, Gate]]:
    gate = Gate()
    with vendor(calls(), NOW, gate, rules=UNLIMITED) as server:
        try:
            yield server.server, gate
        finally:
            gate.opened.set()


@pytest.mark.parametrize("others", [1, 3])
def test_one_run_works_and_the_others_end_at_once_with_75(tmp_path: Path, others: int) -> None:
    """They end while the one that works still waits for its first answer."""
    with held_up() as (server, gate), ThreadPoolExecutor(1 + others) as pool:
        night = Night(tmp_path, NOW, server.url)
        runs = [pool.submit(night.command, *LINE) for _ in range(1 + others)]
        ended = as_completed(runs, timeout=SECONDS)
        first = [next(ended).result() for _ in range(others)]
        assert [done.returncode for done in first] == [75] * others
        assert all("is locked by process" in done.stderr for done in first)
        assert gate.reached.wait(SECONDS)
        assert server.requests == 1
        gate.opened.set()
        (last,) = (each.result() for each in ended)
    assert last.returncode == 0, last.stderr
    assert len(lake_lines(tmp_path, "conference")) == 4


def test_runs_of_different_accounts_do_not_wait_for_each_other(tmp_path: Path) -> None:
    other = "47110815"
    with (
        held_up() as (server, gate),
        serve_opentok(calls(other), key=other, secret=SECRET, now=lambda: NOW) as second,
        ThreadPoolExecutor(1) as pool,
    ):
        ours = pool.submit(Night(tmp_path, NOW, server.url).command, *LINE)
        assert gate.reached.wait(SECONDS)
        theirs = Night(tmp_path, NOW, second.url, more={"OPENTOK_API_KEY": other}).command(*LINE)
        assert theirs.returncode == 0, theirs.stderr
        assert not ours.done()
        gate.opened.set()
        assert ours.result().returncode == 0
    assert len(lake_lines(tmp_path, "conference")) == 2 * 4
    locks = sorted(path.name for path in (tmp_path / "locks").iterdir())
    assert locks == [f"opentok-{KEY}.lock", f"opentok-{other}.lock"]


def test_a_lock_of_a_run_that_died_is_taken_over(tmp_path: Path) -> None:
    """The file of the lock stays; the lock itself went with its process."""
    locks = tmp_path / "locks"
    locks.mkdir()
    (locks / f"opentok-{KEY}.lock").write_text("process 4711 since 2026-11-19T09:00:00.000Z\n")
    with vendor(calls(), NOW, rules=UNLIMITED) as server:
        assert Night(tmp_path, NOW, server.url).harvest(DAY).exit_code == 0


class Together:
    """An intercept: all runs have listed the day before one goes on, and then they go on one by one."""

    def __init__(self, runs: int) -> None:
        self._listed, self._turns = threading.Barrier(runs), threading.Semaphore(0)
        self.over = False

    def __call__(self, number: int, request: Request) -> None:
        del number
        if self.over:
            return
        if listed_day(request.body):
            self._listed.wait(SECONDS)
        else:
            assert self._turns.acquire(timeout=SECONDS)

    def end(self, children: list[int]) -> None:
        """Let one run go on to its end, then the next."""
        left = set(children)
        while left:
            self._turns.release()
            left.remove(_ended(left))
        self.over = True


def _ended(children: set[int]) -> int:
    """The first of them to end; other children of this process, which earlier tests may have left, do not count."""
    while True:
        for child in children:
            if os.waitpid(child, os.WNOHANG)[0]:
                return child
        time.sleep(0.005)


ONE_EACH = [Selection(calls=frozenset([session_id(number, DAY)])) for number in range(4)]
EVERYTHING = [Selection()] * 4


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("wanted", [EVERYTHING[:2], EVERYTHING, ONE_EACH], ids=["two", "four", "each its own call"])
@pytest.mark.parametrize("before", [False, True], ids=["fresh", "harvested before"])
def test_even_without_the_lock_one_more_run_makes_everything_right(
    tmp_path: Path, wanted: list[Selection], *, before: bool
) -> None:
    """Each of them knows of the day what was there before the others fetched, merged and loaded."""
    together = Together(len(wanted))
    together.over = True
    with vendor(calls(), NOW, together, rules=UNLIMITED) as server:
        reference = Night(tmp_path / "reference", NOW, server.url)
        reference.harvest(DAY)
        night = Night(tmp_path / "shared", NOW, server.url)
        if before:
            night.harvest(DAY)
        together.over = False
        together.end([
            _forked(lambda each=each: night.later().harvest(DAY, again=True, selection=each))  # type: ignore[misc]
            for each in wanted
        ])  # fmt: skip
        last = night.later().harvest(DAY)
    assert (last.exit_code, last.only.state, last.only.harvested) == (0, "complete", 4)
    assert lake_lines(night.data_dir) == lake_lines(reference.data_dir)


def _forked(work: Callable[[], object]) -> int:
    """The id of a child that works without the lock."""
    child = os.fork()
    if child:
        return child
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run, "held", lambda *_: nullcontext())
            work()
    finally:
        os._exit(0)
