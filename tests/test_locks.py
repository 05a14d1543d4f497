"""One run at a time for each account; a lock ends with its process, however that ends."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier, Event

import pytest

from harvesters.core.errors import ArchiveError, Exit, LockedError
from harvesters.core.locks import held
from tests.nights import HOME, Night, vendor
from tests.opentok_days import session

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
OWNER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from harvesters.core.locks import held
with held(Path(sys.argv[1]), "opentok", "46204972", datetime(2026, 11, 22, 8, 30, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir)], cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process


def take(data_dir: Path, account: str = "46204972", vendor_name: str = "opentok") -> None:
    with held(data_dir, vendor_name, account, NOW):
        pass


def path_of(data_dir: Path) -> Path:
    return data_dir / "locks" / "opentok-46204972.lock"


def test_a_second_process_is_told_who_holds_the_lock_and_since_when(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        with pytest.raises(LockedError) as caught:
            take(tmp_path)
        said = f"opentok 46204972 is locked by process {process.pid} since 2026-11-22T08:30:00.000Z: "
        assert str(caught.value) == said + "try again when it has ended."
        assert caught.value.exit_code is Exit.DEFERRED
        # Nor did asking free it, or take the owner's name away.
        with pytest.raises(LockedError, match=f"locked by process {process.pid} "):
            take(tmp_path)
    take(tmp_path)


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        process.kill()
        process.wait()
        assert path_of(tmp_path).read_text().startswith(f"process {process.pid} since")
        with held(tmp_path, "opentok", "46204972", NOW):
            assert path_of(tmp_path).read_text() == f"process {os.getpid()} since 2026-11-22T09:00:00.000Z\n"


def test_accounts_and_vendors_do_not_block_one_another(tmp_path: Path) -> None:
    with held(tmp_path, "opentok", "46204972", NOW):
        take(tmp_path, account="46204973")
        take(tmp_path, account="../46204972")
        take(tmp_path, account="4620/4972")
        take(tmp_path, vendor_name="zoom")
        with pytest.raises(LockedError):
            take(tmp_path)
    assert {path.parent for path in tmp_path.rglob("*.lock")} == {tmp_path / "locks"}


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    class OddError(Exception):
        pass

    with pytest.raises(OddError), held(tmp_path, "opentok", "46204972", NOW):
        raise OddError
    take(tmp_path)


def test_nobody_is_named_once_the_lock_is_free(tmp_path: Path) -> None:
    take(tmp_path)
    assert path_of(tmp_path).read_bytes() == b""


def test_a_longer_name_of_a_dead_owner_is_overwritten_whole(tmp_path: Path) -> None:
    path_of(tmp_path).parent.mkdir(parents=True)
    path_of(tmp_path).write_bytes(b"x" * 500)
    with held(tmp_path, "opentok", "46204972", NOW):
        assert path_of(tmp_path).read_text() == f"process {os.getpid()} since 2026-11-22T09:00:00.000Z\n"


@pytest.mark.parametrize(("written", "named"), [(b"", "another run"), (b"\xff\n", "\ufffd")])
def test_an_owner_that_has_not_said_its_name_is_another_run(tmp_path: Path, written: bytes, named: str) -> None:
    path_of(tmp_path).parent.mkdir(parents=True)
    path_of(tmp_path).write_bytes(written)
    with path_of(tmp_path).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LockedError, match=f"is locked by {named}: "):
            take(tmp_path)


def test_of_many_at_once_one_gets_it(tmp_path: Path) -> None:
    start, tried = Barrier(8), Event()
    refused: list[int] = []

    def attempt(number: int) -> bool:
        start.wait()
        try:
            with held(tmp_path, "opentok", "46204972", NOW):
                return tried.wait(10)
        except LockedError:
            refused.append(number)
            if len(refused) == 7:
                tried.set()
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert len(refused) == 7


def test_a_place_that_cannot_hold_a_lock_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file where the folder should be")
    with pytest.raises(ArchiveError, match=r"the lock .*opentok-46204972.lock cannot be taken: File exists\."):
        take(tmp_path)


def test_what_goes_wrong_within_is_not_blamed_on_the_lock(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="of another kind"), held(tmp_path, "opentok", "46204972", NOW):
        raise OSError(5, "of another kind")


def test_a_second_run_leaves_everything_alone_and_one_that_only_looks_needs_no_lock(tmp_path: Path) -> None:
    with vendor([session(0, day=DAY, people=2, minutes=2)], NOW) as source:
        night = Night(tmp_path, NOW, source.url)
        with another_process(tmp_path):
            with pytest.raises(LockedError, match="opentok 46204972 is locked by process"):
                night.harvest(DAY)
            assert source.requests == 0
            assert [path.name for path in tmp_path.iterdir()] == ["locks"]
            looked = night.harvest(DAY, dry_run=True)
            assert (looked.exit_code, looked.only.state) == (0, "planned")
            assert night.store(DAY).peek() is None
        assert night.harvest(DAY).exit_code == 0
