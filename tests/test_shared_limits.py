"""Limits that several processes and accounts keep together: by a file of moments."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import threading
import time
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.day import Clock
from harvesters.core.limiter import Limiter, shared_files
from harvesters.core.source import Rate
from harvesters.sandbox import Request, Response, Server
from tests.line import Wall
from tests.opentok_client import DAY
from tests.schools import schools
from tests.shell import PROJECT, SECONDS, Shell

if TYPE_CHECKING:
    from pathlib import Path

RATE = Rate(3, 30, "address")
OPENTOK_FILE = "opentok-90-in-30s-address"


def clock(wall: Wall) -> Clock:
    return Clock(wall.now, wall.monotonic, wait=wall.wait)


def moments(path: Path) -> list[float]:
    return [each for each in array("d", path.read_bytes()) if not math.isnan(each)]


def most_within(arrivals: list[float], window: float) -> int:
    return max(sum(start <= each < start + window for each in arrivals) for start in arrivals)


# -- the file ---------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.one_of(st.just(0.0), st.floats(0, 40))), max_size=30))
def test_several_limiters_on_one_file_are_one(
    tmp_path_factory: pytest.TempPathFactory, wishes: list[tuple[int, float]]
) -> None:
    wall, path = Wall(), tmp_path_factory.mktemp("limits") / "file"
    limiters = [Limiter([RATE], clock(wall), {RATE: path}) for _ in range(3)]
    gone: list[float] = []
    for number, pause in wishes:
        wall.seconds += pause
        limiters[number].acquire(wall.wait)
        gone.append(wall.seconds)
        # Nobody waits longer than until the third last has left the window.
        assert len(gone) <= 3 or wall.seconds <= max(gone[-2] + pause, gone[-4] + 30) + 0.003

    assert most_within(gone, 30) <= 3 if gone else not path.exists()


def test_a_limiter_of_another_time_is_remembered(tmp_path: Path) -> None:
    wall, files = Wall(), {RATE: tmp_path / "deep" / "file"}
    for _ in range(3):
        assert Limiter([RATE], clock(wall), files).delay() == 0
    wall.seconds += 10

    assert Limiter([RATE], clock(wall), files).delay() == pytest.approx(20, abs=0.01)
    wall.seconds += 20.01
    assert Limiter([RATE], clock(wall), files).delay() == 0
    assert files[RATE].stat().st_size == 3 * 8
    assert files[RATE].stat().st_mode & 0o777 == 0o600
    assert files[RATE].parent.stat().st_mode & 0o777 == 0o700


def test_after_a_reboot_the_old_moments_lie_in_the_future_and_do_not_count(tmp_path: Path) -> None:
    before, after = Wall(), Wall()
    files = {RATE: tmp_path / "file"}
    for _ in range(3):
        Limiter([RATE], clock(before), files).acquire(before.wait)
    after.seconds = 5.0

    limiter = Limiter([RATE], clock(after), files)
    assert [limiter.delay() for _ in range(3)] == [0, 0, 0]
    assert limiter.delay() == pytest.approx(30, abs=0.01)


@pytest.mark.parametrize(
    "content", [b"", b"half", b"x" * 24, b"\xff" * 24, b"\x00" * 24, b"\x00" * 25, bytes(range(24))]
)
def test_a_file_that_something_destroyed_delays_by_a_window_at_most(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    wall = Wall()
    limiter = Limiter([RATE], clock(wall), {RATE: tmp_path / "file"})
    for _ in range(3):
        limiter.acquire(wall.wait)

    assert sum(wall.waits) <= 30.01
    assert limiter.delay() > 0


def test_where_the_file_cannot_be_the_process_keeps_its_own_limit_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "limits").write_text("a file in the place of the folder")
    wall = Wall()
    limiter = Limiter([RATE], clock(wall), {RATE: tmp_path / "limits" / "file"})

    assert [limiter.delay() for _ in range(3)] == [0, 0, 0]
    assert limiter.delay() > 29
    assert len(caplog.records) == 1
    assert "other runs do not know of this one's requests" in caplog.text


def test_a_rate_per_key_is_each_account_s_own_and_others_are_common(tmp_path: Path) -> None:
    rates = (Rate(90, 30, "key"), Rate(90, 30, "address"), Rate(5, 0.5, "address"))
    one, other = (set(shared_files(tmp_path, "zoom", key, rates).values()) for key in ("a", "b"))

    assert len(one) == len(other) == 3
    assert len(one & other) == 2
    assert not one & set(shared_files(tmp_path, "opentok", "a", rates).values())


def test_accounts_wait_for_their_own_key_s_limit_alone(tmp_path: Path) -> None:
    rates, wall = (Rate(2, 30, "key"), Rate(3, 30, "address")), Wall()
    first, second = (Limiter(rates, clock(wall), shared_files(tmp_path, "v", key, rates)) for key in ("a", "b"))

    assert [first.delay(), first.delay()] == [0, 0]
    assert first.delay() > 0
    assert second.delay() == 0
    # Now the address has had its three, though the second key only one.
    assert second.delay() > 0


# -- processes --------------------------------------------------------------------------------------------

ASKING = """
import sys, time
import requests
from pathlib import Path
from harvesters.core.day import Clock
from harvesters.core.limiter import Limiter, shared_files
from harvesters.core.source import Rate

url, folder, key, number = sys.argv[1:]
rates = (Rate(20, 1, "key"), Rate(10, 1, "address"))
limiter = Limiter(rates, Clock(None), shared_files(Path(folder), "vendor", key, rates))
with requests.Session() as session:
    session.post(url)
    for _ in range(int(number)):
        limiter.acquire(time.sleep)
        session.post(url + "/counted")
"""


def asking(url: str, folder: Path, key: str, number: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", ASKING, url, str(folder), key, str(number)], cwd=PROJECT)


def test_processes_and_accounts_together_never_ask_more_than_allowed_as_the_server_sees_it(tmp_path: Path) -> None:
    arrivals: list[float] = []
    lock = threading.Lock()

    def app(request: Request) -> Response:
        if request.path.endswith("counted"):
            with lock:
                arrivals.append(time.monotonic())
        return Response(200)

    with Server(app) as server:
        running = [asking(server.url, tmp_path, key, 11) for key in ("a", "b", "a")]
        assert [each.wait(SECONDS) for each in running] == [0, 0, 0]
    arrivals.sort()

    assert len(arrivals) == 33
    # On the way some time passes; 33 requests in portions of 10 need three whole windows.
    assert most_within(arrivals, 1 - 0.3) <= 10
    assert arrivals[-1] - arrivals[0] >= 3 - 0.3
    (shared,) = tmp_path.glob("*address")
    assert len(moments(shared)) == 10


def test_a_process_that_is_killed_holds_nobody_up(tmp_path: Path) -> None:
    with Server(lambda _request: Response(200)) as server:
        killed = asking(server.url, tmp_path, "a", 10_000)
        end = time.monotonic() + 30
        while not list(tmp_path.glob("*address")) and time.monotonic() < end:
            assert killed.poll() is None
        killed.send_signal(signal.SIGKILL)
        killed.wait(30)
        assert asking(server.url, tmp_path, "b", 3).wait(SECONDS) == 0


def _nearly_full(shell: Shell, free: int) -> None:
    """The address has just had all of its requests but so many."""
    path = shell.data / "limits" / OPENTOK_FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(array("d", [time.monotonic()] * (90 - free) + [math.nan] * free).tobytes())


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_two_runs_of_several_accounts_share_what_is_left_of_the_address_s_limit(
    tmp_path: Path, dry: tuple[str, ...]
) -> None:
    shell, other = Shell(tmp_path), Shell(tmp_path)
    with schools(shell, {"default": "111", "a": "222", "b": "333", "c": "444"}) as servers:
        other.env = shell.env
        _nearly_full(shell, 3)
        words = ("all", "--date", str(DAY), "--deadline", "5s", *dry)
        first, second = ("--account", "default", "--account", "a"), ("--account", "b", "--account", "c")
        with shell.started(*words, *first) as one, other.started(*words, *second) as two:
            said = [each.communicate(timeout=SECONDS)[1] for each in (one, two)]
        asked = sum(server.requests for server in servers.values())

    assert asked == 3
    assert 75 in {one.returncode, two.returncode}
    assert "for the vendor's rate limit, beyond the deadline; come back after" in said[0] + said[1]


def test_a_dry_run_pays_for_its_requests(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with schools(shell, {"default": "111", "a": "222"}) as servers:
        assert shell("all", "--date", str(DAY), "--dry-run").code == 0
        asked = sum(server.requests for server in servers.values())

    assert asked == len(moments(shell.data / "limits" / OPENTOK_FILE)) == 2
