"""Runs a real Elasticsearch for the tests: `python -m tests.elasticsearch_node run -- COMMAND...`.

`ES_TEST_URL`, when set, is used as it is; else a node of the minimal distribution is started on loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from tests import elasticsearch_distribution as distribution
from tests.elasticsearch_distribution import NodeUnavailableError, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType
    from typing import Self

START_LIMIT = 120.0
STOP_LIMIT = 15.0
LOG_TAIL = 30
HEAP = "512m"


class InterruptedRunError(Exception):
    """We were told to end, by this signal."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


class Interrupts:
    """Turns the first signal to end into an exception; later ones would only disturb the tidying."""

    def __init__(self) -> None:
        self._held = False
        self._pending: int | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[signum] = signal.signal(signum, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)

    def _note(self, signum: int, _frame: FrameType | None) -> None:
        if self._pending is None:
            self._pending = signum
            if not self._held:
                raise InterruptedRunError(signum)

    def hold(self) -> None:
        """Keep a signal back, while something begins or ends that must not be left half done."""
        self._held = True

    def release(self) -> None:
        """Let signals through again, the one that came meanwhile at once."""
        self._held = False
        if self._pending is not None:
            raise InterruptedRunError(self._pending)


class Node:
    """One Elasticsearch process, with everything it writes in one folder."""

    def __init__(self, program: Path, jdk: Path, runner: Runner, folder: Path) -> None:
        self._program = program
        self._jdk = jdk
        self._runner = runner
        self._folder = folder
        self._log = folder / "console.log"
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Write the configuration, and give the folder to the runner."""
        shutil.copytree(self._program / "config", self._folder / "config")
        for name in ("data", "logs", "tmp"):
            (self._folder / name).mkdir()
        # JSON is YAML.
        (self._folder / "config" / "elasticsearch.yml").write_text(json.dumps(self._settings()))
        if self._runner.uid is not None and self._runner.gid is not None:
            for path in (self._folder, *self._folder.rglob("*")):
                os.chown(path, self._runner.uid, self._runner.gid)

    def _settings(self) -> dict[str, object]:
        return {
            "cluster.name": "vconf-test",
            "discovery.type": "single-node",
            "http.host": "127.0.0.1",
            "transport.host": "127.0.0.1",
            # The node takes free ports itself and writes them down: nobody can snatch them in between.
            "http.port": 0,
            "transport.port": 0,
            "node.portsfile": True,
            "path.data": str(self._folder / "data"),
            "path.logs": str(self._folder / "logs"),
            "xpack.security.enabled": False,
            # A laptop whose disk is nearly full can run the tests all the same.
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }

    def start(self) -> None:
        """Start the process, in a group of its own."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [self._program / "bin" / "elasticsearch"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment(),
                start_new_session=True,
                user=self._runner.uid,
                group=self._runner.gid,
                extra_groups=self._runner.groups,
            )

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "ES_JAVA_HOME": str(self._jdk),
            "ES_JAVA_OPTS": f"-Xms{HEAP} -Xmx{HEAP}",
            "ES_PATH_CONF": str(self._folder / "config"),
            "ES_TMPDIR": str(self._folder / "tmp"),
        }

    def wait_until_ready(self, limit: float = START_LIMIT) -> str:
        """Return the node's URL as soon as it does its work."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                msg = f"Elasticsearch ended while starting. {self._log_tail()}"
                raise NodeUnavailableError(msg)
            address = self._address()
            if address and is_healthy(address):
                return f"http://{address}"
            time.sleep(0.1)
        msg = f"Elasticsearch was not ready after {limit:.0f} s. {self._log_tail()}"
        raise NodeUnavailableError(msg)

    def _address(self) -> str | None:
        ports = self._folder / "logs" / "http.ports"
        return ports.read_text().strip() if ports.is_file() else None

    def _log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-LOG_TAIL:]
        return "\n".join(["The end of its log:", *lines])

    def stop(self) -> None:
        """End the process and all that it started."""
        if self._process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_LIMIT)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def is_healthy(address: str) -> bool:
    """Ask the node at `host:port` itself, past any proxy: it answers other requests before it can work."""
    connection = HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def node_url(interrupts: Interrupts) -> Iterator[str]:
    """Give the URL of an Elasticsearch: the one of ES_TEST_URL, or one that runs as long as this context."""
    if url := os.environ.get("ES_TEST_URL"):
        yield url
        return
    with ExitStack() as tidying:
        node = _new_node(tidying)
        tidying.callback(node.stop)
        tidying.callback(interrupts.hold)
        interrupts.hold()
        node.start()
        interrupts.release()
        yield node.wait_until_ready()


def _new_node(tidying: ExitStack) -> Node:
    runner = distribution.find_runner()
    jdk = distribution.find_jdk(distribution.jdk_candidates(os.environ), runner)
    click.echo(f"Elasticsearch {distribution.VERSION} on the JDK in {jdk}", err=True)
    program = distribution.get_distribution(distribution.cache_folder(os.environ, runner))
    # Beside the program, where the runner can come and where there is room: /tmp may be in memory.
    folder = tempfile.TemporaryDirectory(prefix="run-", dir=program.parent, ignore_cleanup_errors=True)
    node = Node(program, jdk, runner, Path(tidying.enter_context(folder)))
    node.prepare()
    return node


def run_command(command: tuple[str, ...], url: str) -> int:
    """Run a command with ES_TEST_URL set and return its exit code as a shell would."""
    child = subprocess.Popen(command, env=os.environ | {"ES_TEST_URL": url})
    try:
        code = child.wait()
    except InterruptedRunError as interrupted:
        _end_child(child, interrupted.signum)
        raise
    return code if code >= 0 else 128 - code


def _end_child(child: subprocess.Popen[bytes], signum: int) -> None:
    # Ctrl-C reaches the child from the terminal; a second SIGINT would cut its own tidying short.
    if signum != signal.SIGINT:
        child.send_signal(signum)
    try:
        child.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _supervise(action: Callable[[str], int]) -> NoReturn:
    try:
        with Interrupts() as interrupts, node_url(interrupts) as url:
            code = action(url)
    except NodeUnavailableError as problem:
        click.echo(problem, err=True)
        code = 2
    except InterruptedRunError as interrupted:
        code = 128 + interrupted.signum
    sys.exit(code)


def _wait_for_the_end(url: str) -> int:
    click.echo(url)
    signal.pause()
    return 0


@click.group()
def main() -> None:
    """A real Elasticsearch for the tests."""


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command: tuple[str, ...]) -> None:
    """Run COMMAND with the node's URL as ES_TEST_URL, then stop the node."""
    if shutil.which(command[0]) is None:
        msg = f"{command[0]}: there is no such command"
        raise click.UsageError(msg)
    _supervise(lambda url: run_command(command, url))


@main.command()
def start_only() -> None:
    """Print the URL of a node that runs until you press Ctrl-C."""
    _supervise(_wait_for_the_end)


if __name__ == "__main__":
    main()
