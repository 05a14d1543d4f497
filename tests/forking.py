"""The command in a process that is forked, not started: to start Python and import costs more than most commands do.

Two parents take turns, since each hands its seed of hashes on: two commands in a row would not agree on an order that
only a set gave them.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.forking_parent import SCRIPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SCRIPT_HERE = [sys.executable, str(SCRIPT)]
OF_THE_START = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")
"""What Python reads when it starts and never again; of the rest all begins with `PYTHON`."""


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, forked if it is this project's script; else, or where Python must start anew, not."""
    if [*command[:2]] != SCRIPT_HERE or sys.platform != "linux" or any(name.startswith("PYTHON") for name in env):
        return started(command, cwd=cwd, env=env, timeout=timeout)
    parent = next(_parents(tuple(env.get(name, "") for name in OF_THE_START)))
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        request = {"arguments": command[2:], "cwd": str(cwd), "env": dict(env), "umask": _umask()}
        code = _forked(parent, json.dumps(request), (out, err), timeout)
        return subprocess.CompletedProcess(command, code, _text(out), _text(err))


def started(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """The same in a Python of its own."""
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=timeout)


@cache
def _parents(start: tuple[str, ...]) -> Iterator[socket.socket]:
    """The ways to two parents, in turn; they end with this process."""
    return cycle([_parent(start), _parent(start)])


def _parent(start: tuple[str, ...]) -> socket.socket:
    ours, theirs = socket.socketpair()
    settings = {name: value for name, value in zip(OF_THE_START, start, strict=True) if value}
    command = [sys.executable, "-m", "tests.forking_parent", str(theirs.fileno())]
    quiet = subprocess.DEVNULL
    with theirs:
        process = subprocess.Popen(
            command, cwd=SCRIPT.parent, env={"PATH": os.environ["PATH"], **settings},
            pass_fds=[theirs.fileno()], stdin=quiet, stdout=quiet, stderr=quiet,
        )  # fmt: skip
    # The last first: it ends when it hears that nobody will ask any more.
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def _forked(parent: socket.socket, request: str, streams: tuple[IO[bytes], IO[bytes]], timeout: float) -> int:
    """Have the parent fork, and wait for the exit code."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            socket.send_fds(parent, [b"."], [theirs.fileno(), *(each.fileno() for each in streams)])
        ours.sendall(request.encode() + b"\n")
        with ours.makefile("r") as told:
            pid = int(told.readline())
            ours.settimeout(timeout)
            try:
                return int(told.readline())
            except BaseException as problem:  # also where the test itself is interrupted
                os.kill(pid, signal.SIGKILL)
                ours.settimeout(None)
                ours.recv(64)
                if isinstance(problem, TimeoutError):
                    raise subprocess.TimeoutExpired(request, timeout) from None
                raise


def _text(stream: IO[bytes]) -> str:
    """What was written, with the newlines of a text as `subprocess` has them."""
    stream.seek(0)
    return stream.read().decode().replace("\r\n", "\n").replace("\r", "\n")


def _umask() -> int:
    """Ours, without the moment of another one that asking `os.umask` needs."""
    (mask,) = re.findall(r"^Umask:\s*(\d+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(mask, 8)
