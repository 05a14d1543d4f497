"""Faults of the machine that the harvester runs on: its disk, its locks, its zone, its clock."""

import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from harvesters.core.errors import Exit, HarvestError
from harvesters.core.locks import held
from tests.faults.fetching import expected, serving
from tests.faults.loading import archived
from tests.faults.machine import Machine
from tests.faults.vendors import MORNING, SETTLED, VENDORS
from tests.faults.verdict import WHOLE, Case, Gave, named

SIZES = (0, 60, 500, 2000, 4000, 8000)
"""Bytes after which a file has no more room."""
NOBODY = 65534
ZONES = (
    "UTC", "Pacific/Kiritimati", "Etc/GMT+12", "America/St_Johns", "Asia/Kathmandu", "Europe/Berlin",
    "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Chatham",
)  # fmt: skip
JUMPS = (0, 25, -25, 10, -10, 0, 20)
"""Seconds by which the clock on the wall is wrong, a step further with each look at it."""


def in_child(work: Callable[[], Exit]) -> int:
    """The exit code of work that is done in a process of its own; one that is killed has the signal, negative."""
    child = os.fork()
    if child == 0:
        _end_with(work)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _end_with(work: Callable[[], Exit]) -> NoReturn:
    code = 99
    try:
        code = int(work())
    except HarvestError as error:
        code = int(error.exit_code)
    finally:
        os._exit(code)


def _case(name: str) -> Case:
    return Case(expected(name), "lake", Machine.lake)


def _healed(name: str, folder: Path, gave: Gave) -> Gave:
    with serving(VENDORS[name], folder, now=SETTLED) as (_, machine):
        _case(name).second(machine, machine.harvest())
    return gave


def _whole_or_nothing(name: str, machine: Machine) -> bool:
    """Whether the lake is whole; if not, nothing of the day is in it."""
    found = machine.lake()
    whole = found == expected(name)[0]
    # Apps of peermetrics are slices of their own.
    assert whole or not found or set(found) < set(expected(name)[0])
    return whole


def full_disk(name: str, folder: Path) -> Gave:
    """Files may not grow beyond a size, a larger one with each run: the kernel refuses to write more."""
    failed = False
    with serving(VENDORS[name], folder) as (_, machine):
        for size in SIZES:
            code = in_child(lambda: _limited(machine, size))  # noqa: B023 - used up within the round
            assert (code == 0) is (_whole_or_nothing(name, machine) and code != 1), (size, code)
            assert code in {0, 1}, (size, code)
            failed |= code == 1
    assert failed
    return _healed(name, folder, Gave(named(Exit.FAILED)))


def _limited(machine: Machine, size: int) -> Exit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    return machine.harvest().code


def read_only(name: str, folder: Path) -> Gave:
    """The state folder may not be written."""
    expected(name)
    folder.chmod(0o555)
    with TemporaryDirectory() as place, serving(VENDORS[name], folder, report_folder=Path(place)) as (_, machine):
        Path(place).chmod(0o777)
        code = in_child(lambda: _as_nobody(machine))
        assert json.loads((Path(place) / "report.json").read_text())["run"]["exit_code"] == code
    folder.chmod(0o755)
    assert code == Exit.FAILED, code
    assert not list(folder.iterdir())
    return _healed(name, folder, Gave(named(Exit(code))))


def _as_nobody(machine: Machine) -> Exit:
    """Root may write everywhere."""
    if os.geteuid() == 0:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    return machine.harvest().code


def _accounts(name: str) -> list[str]:
    source, _ = archived(name)
    return [each.name for each in (Path(source.name) / "archive" / name).iterdir()]


def lock_held(name: str, folder: Path) -> Gave:
    """Another run works on every account."""
    with ExitStack() as stack, serving(VENDORS[name], folder) as (_, machine):
        for account in _accounts(name):
            stack.enter_context(held(folder, name, account, MORNING - timedelta(hours=1)))
        ended = machine.harvest()
        assert f"is locked by process {os.getpid()} since 2026-11-21T08:00:00.000Z" in ended.said
        gave = _case(name).first(machine, ended)
    return _healed(name, folder, gave)


def dead_lock(name: str, folder: Path) -> Gave:
    """The lock's file of a run that died, with the name of a process that is gone."""
    (folder / "locks").mkdir()
    for account in _accounts(name):
        (folder / "locks" / f"{name}-{account}.lock").write_text("process 4711 since 2026-11-20T09:00:00.000Z\n")
    with serving(VENDORS[name], folder) as (_, machine):
        return _case(name).first(machine, machine.harvest())


def two_at_once(name: str, folder: Path) -> Gave:
    """Two runs begin together: one works, the other ends with 75, or comes after it."""
    with serving(VENDORS[name], folder) as (_, machine):
        first = os.fork()
        if first == 0:
            _end_with(lambda: machine.harvest().code)
        second = in_child(lambda: machine.later().harvest().code)
        codes = {os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]), second}
        assert codes in ({0}, {0, int(Exit.DEFERRED)}), codes
        ended = machine.later().harvest()
        assert machine.lake() == expected(name)[0]
        return _case(name).first(machine, ended)


@contextmanager
def zone(name: str) -> Iterator[None]:
    """The machine is in this zone meanwhile."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        os.environ.update({"TZ": before} if before else {})
        time.tzset()


def zones(name: str, folder: Path) -> Gave:
    """The same day on machines of ten zones."""
    expected(name)
    words = set()
    for number, place in enumerate(ZONES):
        (folder / str(number)).mkdir()
        with zone(place), serving(VENDORS[name], folder / str(number)) as (_, machine):
            words.add(_case(name).first(machine, machine.harvest()).words)
    return Gave(WHOLE if words == {WHOLE} else ", ".join(sorted(words)))


def clock_jumps(name: str, folder: Path) -> Gave:
    """The clock on the wall goes back and forth while the day is harvested."""
    steps = cycle(JUMPS)

    def wall() -> datetime:
        return MORNING + timedelta(seconds=next(steps))

    with serving(VENDORS[name], folder, wall=wall) as (_, machine):
        return _case(name).first(machine, machine.harvest())


HERE: dict[str, tuple[int, Callable[[str, Path], Gave]]] = {
    "disk full": (13, full_disk),
    "read-only folder": (13, read_only),
    "lock held by another run": (15, lock_held),
    "lock of a dead process": (15, dead_lock),
    "two runs at once": (15, two_at_once),
    "ten time zones": (16, zones),
    "clock jumps": (17, clock_jumps),
}
"""By name, with the number of the fault in the list above the table."""
