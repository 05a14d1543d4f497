"""A process that outlives our command, known by a file that it holds locked as long as it lives."""

import fcntl
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from harvesters.core.files import open_private
from harvesters.stack.node import Node, launch

POLL = 0.1
SIGNALS = ((signal.SIGTERM, 30.0), (signal.SIGKILL, 2.0))
"""What ends it, and how many seconds it gets for that."""


class Daemon:
    """One node in the background, and the file with its number.

    The node inherits that file locked. The number alone proves nothing: it may be another process's by now.
    """

    def __init__(self, pid_file: Path, sleep: Callable[[float], object] = time.sleep) -> None:
        self._file, self._sleep = pid_file, sleep

    def start(self, node: Node) -> None:
        """Start it; it goes on when our command and its terminal end."""
        with open_private(self._file, "r+b") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            process = launch(node.command, node.log, node.environment(), node.runner, keep=[held.fileno()])
            held.truncate()
            held.write(f"{process.pid}\n".encode())
        # It is not ours to wait for.
        process.returncode = 0

    def is_running(self) -> bool:
        """Whether it lives."""
        if not self._file.is_file():
            return False
        with self._file.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def ended_by_itself(self) -> bool:
        """Whether it was started, lives no more, and we did not end it."""
        return self._file.is_file() and not self.is_running()

    def stop(self) -> bool:
        """End it and all that it started; whether there was something to end."""
        running = self.is_running()
        if running:
            group = int(self._file.read_text())
            for signum, seconds in SIGNALS:
                self._end(group, signum, seconds)
        self._file.unlink(missing_ok=True)
        return running

    def _end(self, group: int, signum: int, seconds: float) -> None:
        with suppress(ProcessLookupError):
            os.killpg(group, signum)
            # Until the whole group is gone: the node itself is a child of what we started.
            for _ in range(int(seconds / POLL)):
                with suppress(ChildProcessError):
                    os.waitpid(group, os.WNOHANG)
                os.killpg(group, 0)
                self._sleep(POLL)
