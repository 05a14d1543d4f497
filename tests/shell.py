"""The command as its user meets it: a process of its own with an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

from harvesters.sandbox import serve_opentok
from tests import forking
from tests.opentok_client import DAY, NOW
from tests.opentok_days import KEY, SECRET, day_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from harvesters.sandbox import Server
    from harvesters.sandbox.server import Intercept

PROJECT = Path(__file__).resolve().parent.parent
SECONDS = 120


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


@dataclass
class Shell:
    """A terminal in a folder of its own, with nothing of this machine's settings.

    `env`: what is set beside PATH and HOME. The clock stands at `NOW` of `opentok_client`.
    """

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def environment(self, more: Mapping[str, str | None]) -> dict[str, str]:
        usual = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "DATA_DIR": str(self.data),
            "VCONF_NOW": NOW.isoformat(),
        }
        both: dict[str, str | None] = {**usual, **self.env, **more}
        return {name: value for name, value in both.items() if value is not None}

    def command(self, *arguments: str) -> list[str]:
        """The whole command; its `.env` is the folder's own, so that a developer's is not read."""
        dotenv = self.folder / ".env"
        dotenv.touch()
        return [sys.executable, str(PROJECT / "harvest.py"), *arguments]

    def __call__(self, *arguments: str, **more: str | None) -> Done:
        """Run a command to its end; `more` is added to the environment, None takes away."""
        done = forking.run(self.command(*arguments), cwd=self.folder, env=self.environment(more), timeout=SECONDS)
        return Done(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *arguments: str, **more: str | None) -> Iterator[subprocess.Popen[str]]:
        """A command that runs meanwhile."""
        with subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, but for the moments at which a vendor was asked: a dry run asks too."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "limits")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def everything_written(folder: Path) -> bytes:
    """All files below a folder, unpacked."""
    return b"".join(unpacked(each) if name.endswith(".zst") else each for name, each in tree(folder).items())


def unpacked(content: bytes) -> bytes:
    """All frames of a packed file, as far as it is whole."""
    with zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True) as reader:
        return reader.read()


def demonstrated(folder: Path, *, days: int, calls: int) -> Shell:
    """A shell that knows of the archive and lake of all vendors' demo: the days before that of the clock."""
    shell = Shell(folder)
    done = shell("dev", "demo", "--vendor", "all", "--days", str(days), "--calls", str(calls))
    assert done.code == 0, done.err
    shell.env["DATA_DIR"] = str(shell.data / "demo")
    return shell


@contextmanager
def vendor(shell: Shell, calls: int = 3, intercept: Intercept | None = None, now: datetime = NOW) -> Iterator[Server]:
    """A simulated OpenTok with some calls of two people on `DAY`, and a shell that knows of it and of the time."""
    sessions = day_of(calls, day=DAY, people=(2,), minutes=5)
    with serve_opentok(sessions, key=KEY, secret=SECRET, now=lambda: now, intercept=intercept) as server:
        shell.env |= {
            "VCONF_NOW": now.isoformat(),
            "OPENTOK_URL": server.url,
            "OPENTOK_API_KEY": KEY,
            "OPENTOK_API_SECRET": SECRET,
        }
        yield server
