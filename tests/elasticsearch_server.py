"""A real Elasticsearch as a process of ours: started in a folder, waited for, ended with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from harvesters.stack.java import NodeUnavailableError, Runner
from harvesters.stack.node import MEMORY, launch, log_tail
from tests.elasticsearch_accounts import ADMIN, files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harvesters.stack.file_users import Account

START_LIMIT = 120.0
STOP_LIMIT = 15.0
# Little memory, and only the quick compiler: the best code would cost a third of the start and never pay for itself.
# Likewise the collector that does without threads beside the work: a tenth less in all.
JAVA_OPTIONS = f"{MEMORY} -XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC"
# Requests are refused by what is in use, not by what lies about: with this collector the node does not tidy up before
# it refuses, and refused requests make no garbage that would have the collector begin.
SETTINGS: Mapping[str, object] = {"indices.breaker.total.use_real_memory": False}


class Server(ABC):
    """One process that serves Elasticsearch on loopback; with accounts it has security."""

    def __init__(self, folder: Path, accounts: Sequence[Account] = ()) -> None:
        """`folder`: where everything goes that it writes."""
        self._folder = folder
        self._config = files(accounts) if accounts else {}
        self._log = folder / "console.log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Make everything ready that does not have to be undone; this may take its time."""

    @abstractmethod
    def start(self) -> None:
        """Start the process."""

    @abstractmethod
    def _address(self) -> str | None:
        """Where it listens, as `host:port`, as soon as that is known."""

    def _launch(self, command: Sequence[str], env: Mapping[str, str], runner: Runner) -> None:
        self._process = launch(command, self._log, env, runner)

    def wait_until_ready(self, limit: float = START_LIMIT) -> str:
        """Return the server's URL as soon as it does its work."""
        deadline = time.monotonic() + limit
        login = ADMIN.login if self._config else None
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                msg = f"Elasticsearch ended while starting. {log_tail(self._log)}"
                raise NodeUnavailableError(msg)
            address = self._address()
            if address and is_healthy(address, login):
                return f"http://{address}"
            time.sleep(0.1)
        msg = f"Elasticsearch was not ready after {limit:.0f} s. {log_tail(self._log)}"
        raise NodeUnavailableError(msg)

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


def is_healthy(address: str, login: str | None = None) -> bool:
    """Ask the node at `host:port` itself, past any proxy: it answers other requests before it can work."""
    connection = HTTPConnection(address, timeout=5)
    headers = {"Authorization": login} if login else {}
    try:
        connection.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s", headers=headers)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
