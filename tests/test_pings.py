"""`--ping-url` and `--splay`: a watchdog hears of every run, and what goes wrong with that changes nothing."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.commands import interrupts
from harvesters.commands.console import Console
from harvesters.commands.cron import splay
from harvesters.commands.main import main
from harvesters.core.day import Clock
from harvesters.core.errors import Exit
from harvesters.core.locks import held
from harvesters.core.report import RunReport, SliceReport
from harvesters.sandbox import Response
from harvesters.watch import pings
from harvesters.watch.pings import Pinger, address, body
from tests.nights import Time
from tests.opentok_client import NOW
from tests.opentok_days import KEY, SECRET
from tests.shell import Shell, tree, vendor
from tests.watchdog import SECRET_PATH, bodies, events, watchdog

if TYPE_CHECKING:
    from pathlib import Path

    from harvesters.sandbox.server import Request

LINE = ("opentok", "--date", "2026-11-18")
WRONG = "a-secret-that-the-vendor-does-not-know"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


# -- what is told ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [LINE, ("all", "--date", "2026-11-18"), ("catch-up", "--last", "2d")])
def test_a_run_that_goes_well_is_told_at_its_start_and_its_end(shell: Shell, command: tuple[str, ...]) -> None:
    with vendor(shell), watchdog() as dog:
        done = shell(*command, PING_URL=dog.url)
    assert done.code == 0, done.err
    assert events(dog) == ["/start", ""]
    start, end = bodies(dog)
    assert start == f"{command[0]} began at 2026-11-20T08:00:00.000Z"
    summary = next(line for line in done.err.splitlines() if line.endswith("exit 0."))
    assert end.splitlines()[:2] == [summary, f"opentok {KEY} 2026-11-18 complete: 3 of 3 calls"]
    assert {each.method for each in dog.log} == {"POST"}


def test_the_option_wins_over_the_environment(shell: Shell) -> None:
    with vendor(shell), watchdog() as one, watchdog() as other:
        shell(*LINE, "--ping-url", one.url, PING_URL=other.url)
    assert (events(one), events(other)) == (["/start", ""], [])


@pytest.mark.parametrize(
    ("arguments", "more", "code"),
    [
        (LINE, {"OPENTOK_API_SECRET": WRONG}, 77),
        (LINE, {"OPENTOK_API_SECRET": ""}, 78),
        ((*LINE, "--session-id", "2_nobody"), {}, 3),
        ((*LINE, "--es-host", "127.0.0.1:9"), {}, 1),
        ((*LINE, "--report", "/dev/full"), {}, 1),
    ],
)
def test_a_run_that_does_not_go_well_is_told_as_failed(
    shell: Shell, arguments: tuple[str, ...], more: dict[str, str], code: int
) -> None:
    with vendor(shell), watchdog() as dog:
        done = shell(*arguments, PING_URL=dog.url, **more)
    assert done.code == code, done.err
    assert events(dog) == ["/start", "/fail"]
    assert f"exit {code}." in bodies(dog)[1]


def test_a_locked_run_and_an_interrupted_one_are_told_as_failed(shell: Shell) -> None:
    begun = threading.Event()

    def intercept(number: int, request: Request) -> None:
        del number, request
        begun.set()
        process.send_signal(signal.SIGTERM)

    with vendor(shell, intercept=intercept), watchdog() as dog:
        with held(shell.data, "opentok", KEY, NOW):
            assert shell(*LINE, PING_URL=dog.url).code == 75
        assert events(dog) == ["/start", "/fail"]
        with shell.started(*LINE, PING_URL=dog.url) as process:
            assert process.wait(60) == 130
    assert begun.is_set()
    assert events(dog)[2:] == ["/start", "/fail"]


def test_a_dry_run_and_a_look_are_told_to_nobody(shell: Shell) -> None:
    with vendor(shell), watchdog() as dog:
        for line in ((*LINE, "--dry-run"), ("catch-up", "--last", "2d", "--dry-run"), ("status",)):
            shell(*line, PING_URL=dog.url)
    assert events(dog) == []


# -- what goes wrong with it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (Response(404), "it answers with status 404"),
        (Response(500), "it answers with status 500"),
        (Response(302, {"Location": "https://portal.test/login"}), "redirects to portal.test"),
        (Response(200, {}, b"O" * 100, cut=10), "the answer was cut off or damaged"),
    ],
)
def test_a_watchdog_that_does_not_take_it_is_said_and_changes_nothing(
    shell: Shell, response: Response, said: str
) -> None:
    with vendor(shell), watchdog(response) as dog:
        done = shell("-q", "-vv", *LINE, PING_URL=dog.url)
    assert done.code == 0
    assert done.err.count(f"the ping to 127.0.0.1 was not taken: {said}") == 2
    assert SECRET_PATH not in done.err


def test_a_watchdog_that_is_not_there_is_said_and_changes_nothing(shell: Shell) -> None:
    with vendor(shell):
        done = shell(*LINE, PING_URL=f"http://127.0.0.1:9{SECRET_PATH}")
    assert done.code == 0
    assert done.err.count("the ping to 127.0.0.1 was not taken: the connection failed") == 2
    assert SECRET_PATH not in done.err


def test_a_silent_one_is_waited_for_only_so_long(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pings, "SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}{SECRET_PATH}"
        Pinger(url, Clock(lambda: NOW), None).began(_report())
    assert "the ping to 127.0.0.1 was not taken: no answer in time" in caplog.text
    assert SECRET_PATH not in caplog.text


def test_a_silent_one_does_not_swallow_the_end_of_an_interrupted_run(shell: Shell) -> None:
    """Interrupted while a watchdog is told of the start, which it never takes: report, metrics and a sentence stay."""
    with vendor(shell), socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}{SECRET_PATH}"
        line = (*LINE, "--ping-url", url, "--metrics-file", "vconf.prom", "--report", "report.json")
        with shell.started(*line) as process:
            silent.settimeout(60)
            kept = silent.accept()[0]
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            _, said = process.communicate(timeout=60)
            seconds = time.monotonic() - began
            kept.close()
    assert (process.returncode, seconds < interrupts.LIMIT) == (130, True), (seconds, said)
    assert "error: stopped: what was fetched is kept, and the next run goes on from there." in said
    assert "the ping to 127.0.0.1 was not taken: no answer in time" in said
    assert 'vconf_run_exit_code{command="opentok"} 130' in (shell.folder / "vconf.prom").read_text()
    assert json.loads((shell.folder / "report.json").read_text())["run"]["exit_code"] == 130


def test_the_summary_is_said_before_a_slow_watchdog_is_told(shell: Shell) -> None:
    told = threading.Event()

    def intercept(number: int, request: Request) -> None:
        del request
        if number == 2:
            told.set()
            over.wait(60)

    over = threading.Event()
    with vendor(shell), watchdog() as dog:
        dog._intercept = intercept
        with shell.started(*LINE, PING_URL=dog.url) as process:
            assert process.stderr
            assert told.wait(60)
            lines = [process.stderr.readline() for _ in range(2)]
            over.set()
            assert process.wait(60) == 0
    assert lines[1].endswith("exit 0.\n")


def test_a_line_that_breaks_once_is_tried_again(shell: Shell) -> None:
    with vendor(shell), watchdog() as dog:
        dog._intercept = lambda number, _request: Response(200, {}, b"OK", cut=0) if number == 1 else None
        done = shell(*LINE, PING_URL=dog.url)
    assert events(dog) == ["/start", "/start", ""]
    assert "ping" not in done.err


def test_the_address_is_a_secret_and_a_wrong_one_a_problem_of_the_settings(shell: Shell) -> None:
    url = f"https://watch.test{SECRET_PATH}"
    secrets = {"OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET}
    shown = shell("config", "show", PING_URL=url, **secrets)
    assert "PING_URL = set" in shown.out
    assert SECRET_PATH not in shown.out
    (shell.folder / "ping").write_text("not an address")
    wrong = shell(*LINE, PING_URL_FILE="ping", **secrets)
    assert wrong.code == 78
    assert "PING_URL" in wrong.err
    absent = shell(*LINE, PING_URL_FILE="absent", **secrets)
    assert absent.code == 78
    assert "names" in absent.err


def test_neither_the_address_nor_a_secret_is_left_anywhere(shell: Shell) -> None:
    with vendor(shell), watchdog() as dog:
        done = shell("-vv", "--log-format", "json", *LINE, "--report", "report.json", PING_URL=dog.url)
    everything = done.err + "".join(map(str, tree(shell.folder).values()))
    assert SECRET_PATH not in everything
    assert SECRET not in "".join(bodies(dog))


# -- pure parts -----------------------------------------------------------------------------------------


def _report(*slices: SliceReport, code: Exit = Exit.OK) -> RunReport:
    return RunReport("id", "opentok", "1", "2026-11-20T08:00:00.000Z", exit_code=code, slices=list(slices))


@pytest.mark.parametrize(
    ("url", "start", "fail", "end"),
    [
        ("https://hc.test/ping/id", "https://hc.test/ping/id/start", "https://hc.test/ping/id/fail", None),
        (
            "https://hc.test/ping/id/",
            "https://hc.test/ping/id/start",
            "https://hc.test/ping/id/fail",
            "https://hc.test/ping/id",
        ),
        ("https://hc.test/id?create=1", "https://hc.test/id/start?create=1", "https://hc.test/id/fail?create=1", None),
    ],
)
def test_the_event_stands_behind_the_path(url: str, start: str, fail: str, end: str | None) -> None:
    assert (address(url, "/start"), address(url, "/fail"), address(url, "")) == (start, fail, end or url)


def test_of_a_day_only_its_numbers_are_told() -> None:
    """A reason may quote what the vendor says of a person."""
    failed = [{"key": "ann@example.com", "reason": "ann@example.com has no meeting"}]
    day = SliceReport(
        "zoom", "a1", "2026-11-18", "partial", listed=1200, harvested=1199, failed=failed, reason="ann@example.com",
        warnings=["ann@example.com"], exit_code=Exit.PARTIAL,
    )  # fmt: skip
    assert body(_report(day, code=Exit.PARTIAL)).decode() == (
        "1 day (1 partial), 1,199 calls, 0 requests, exit 3.\n"
        "zoom a1 2026-11-18 partial: 1,199 of 1,200 calls, 1 missing"
    )


@given(number=st.integers(0, 1000), account=st.text(min_size=1, max_size=40))
def test_the_body_is_never_longer_than_a_watchdog_takes(number: int, account: str) -> None:
    account = account.encode("utf-8", "replace").decode()
    text = body(_report(*(SliceReport("zoom", account, "2026-11-18", "complete") for _ in range(number))))
    assert len(text) <= 10_000
    assert text.startswith(f"{number:,} day".encode())
    if text.decode().splitlines()[-1].startswith("and "):
        assert len(text) > 9_000


# -- the wait before it ---------------------------------------------------------------------------------


def test_a_splay_waits_at_random_and_no_longer_than_asked() -> None:
    console = Console(quiet=True, verbose=0, log_format="text", progress=False, colour=False)
    waits = []
    for _ in range(50):
        time = Time()
        splay(Clock(lambda: NOW, time.monotonic, wait=time.wait), "10m", console)
        waits += time.waits
    assert len(waits) == 50
    assert all(0 <= each <= timedelta(minutes=10).total_seconds() for each in waits)
    assert len(set(waits)) > 40
    assert max(waits) > 300 > min(waits)


def test_without_a_splay_nothing_is_waited_for() -> None:
    console = Console(quiet=True, verbose=0, log_format="text", progress=False, colour=False)
    time = Time()
    splay(Clock(lambda: NOW, time.monotonic, wait=time.wait), None, console)
    assert time.waits == []


@pytest.mark.parametrize("command", ["opentok", "all", "catch-up"])
def test_a_splay_that_is_no_length_of_time_is_wrong_usage(shell: Shell, command: str) -> None:
    done = shell(command, "--splay", "often", OPENTOK_API_KEY=KEY, OPENTOK_API_SECRET=SECRET)
    assert (done.code, done.out) == (2, "")
    assert "'often' is not a length of time" in done.err


@pytest.mark.parametrize("command", ["opentok", "catch-up"])
def test_the_run_comes_after_the_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    order: list[str] = []
    module = "harvest" if command == "opentok" else "catch_up"
    monkeypatch.setattr(f"harvesters.commands.{module}.splay", lambda _clock, span, _console: order.append(span))
    monkeypatch.setattr(Pinger, "began", lambda _self, _report: order.append("began"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"DATA_DIR={tmp_path}/data\nPING_URL=http://127.0.0.1:9/\n")
    with pytest.raises(SystemExit):
        main([command, "--splay", "10m"])
    assert order == ["10m", "began"]
