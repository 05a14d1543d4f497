"""Processes that the benchmarks start: servers that say where they listen, and programs whose use is measured."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """What a program of ours is started with: no setting of whoever runs the benchmarks gets in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", **more}


class Serves(Protocol):
    """A server that runs while its `with` block does."""

    @property
    def url(self) -> str:
        """Where it listens."""


def serve_until_closed(server: Callable[[], AbstractContextManager[Serves]]) -> None:
    """The main part of a server's process: says where it listens, and ends with its standard input."""
    with server() as running:
        print(running.url, flush=True)
        sys.stdin.read()


@contextmanager
def served(script: str, *arguments: str) -> Iterator[str]:
    """Runs a server of this folder in a process of its own; gives its address."""
    command = [sys.executable, str(FOLDER / script), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment({}), cwd=ROOT) as process:
        assert process.stdout
        assert process.stdin
        url = process.stdout.readline().strip()
        if not url:
            message = f"{script} did not start"
            raise RuntimeError(message)
        try:
            yield url
        finally:
            process.stdin.close()


@dataclass(frozen=True, slots=True)
class Used:
    """What a program said on standard error and what it took."""

    code: int
    errors: str
    cpu_s: float
    peak_mb: float


def used(command: Sequence[str], more: Mapping[str, str]) -> Used:
    """Run a program to its end and ask the kernel what it used.

    Its peak begins with that of this process, which therefore has to stay small.
    """
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment(more), cwd=ROOT
    ) as process:
        assert process.stderr
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return Used(process.returncode, errors, usage.ru_utime + usage.ru_stime, peak)
