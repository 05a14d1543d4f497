"""Runs a real Elasticsearch for the tests: `python -m tests.elasticsearch_node run -- COMMAND...`.

`ES_TEST_URL`, when set, is used as it is; else a node of the minimal distribution is started on loopback, or,
where Maven or a JDK is missing and Docker is there, the official image.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from harvesters.stack import java, node
from harvesters.stack.distribution import NEWEST
from harvesters.stack.java import MissingToolError, NodeUnavailableError, Runner
from tests import elasticsearch_distribution as distribution
from tests import elasticsearch_docker as docker
from tests.elasticsearch_docker import Container
from tests.elasticsearch_server import JAVA_OPTIONS, SETTINGS, STOP_LIMIT, Server
from tests.in_memory import folder_in_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType, TracebackType
    from typing import Self

    from harvesters.stack.distribution import Distribution
    from harvesters.stack.file_users import Account

OTHERWISE = "Or set ES_TEST_URL to an Elasticsearch that the tests may write to."


class InterruptedRunError(KeyboardInterrupt):
    """We were told to end, by this signal; inside pytest it ends the whole run, fixtures tidied up."""

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


class Node(Server):
    """A node of the minimal distribution, with everything it writes in one folder."""

    def __init__(
        self, program: Path, jdk: Path, runner: Runner, folder: Path, accounts: Sequence[Account] = ()
    ) -> None:
        super().__init__(folder, accounts)
        self._node = node.Node(program, jdk, runner, folder)

    def prepare(self) -> None:
        """Write the configuration, and give the folder to the runner."""
        settings = {**SETTINGS, "cluster.name": "vconf-test", "xpack.security.enabled": bool(self._config)}
        self._node.prepare(settings, self._config)

    def start(self) -> None:
        """Start the process."""
        self._launch(self._node.command, self._node.environment(JAVA_OPTIONS), self._node.runner)

    def _address(self) -> str | None:
        return self._node.address()


@contextmanager
def node_url(interrupts: Interrupts) -> Iterator[str]:
    """Give the URL of an Elasticsearch: the one of ES_TEST_URL, or one that runs as long as this context."""
    if url := os.environ.get("ES_TEST_URL"):
        yield url
        return
    with own_server(interrupts) as url:
        yield url


@contextmanager
def own_server(
    interrupts: Interrupts, wanted: Distribution = NEWEST, accounts: Sequence[Account] = ()
) -> Iterator[str]:
    """Give the URL of an Elasticsearch of our own, of this version; with accounts it has security."""
    with ExitStack() as tidying:
        server = _new_server(tidying, wanted, accounts)
        server.prepare()
        tidying.callback(server.stop)
        tidying.callback(interrupts.hold)
        interrupts.hold()
        server.start()
        interrupts.release()
        yield server.wait_until_ready()


def _new_server(tidying: ExitStack, wanted: Distribution, accounts: Sequence[Account]) -> Server:
    try:
        return _new_node(tidying, wanted, accounts)
    except MissingToolError:
        if not docker.works():
            raise
    click.echo(f"Elasticsearch {wanted.version} in Docker", err=True)
    cache = distribution.cache_folder(os.environ, Runner())
    return Container(wanted.version, _new_folder(tidying, cache), accounts)


def _new_node(tidying: ExitStack, wanted: Distribution, accounts: Sequence[Account]) -> Node:
    runner = java.find_runner()
    jdk = java.find_jdk(java.jdk_candidates(os.environ), runner)
    program = distribution.get_distribution(distribution.cache_folder(os.environ, runner), wanted)
    click.echo(f"Elasticsearch {wanted.version} on the JDK in {jdk}", err=True)
    return Node(program, jdk, runner, _new_folder(tidying, folder_in_memory() or program.parent), accounts)


def _new_folder(tidying: ExitStack, cache: Path) -> Path:
    # In memory or beside the program: where the runner can come and where there is room, as /tmp need not have.
    folder = tempfile.TemporaryDirectory(prefix="run-", dir=cache, ignore_cleanup_errors=True)
    return Path(tidying.enter_context(folder))


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
        click.echo(f"{problem}\n{OTHERWISE}", err=True)
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
