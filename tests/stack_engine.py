"""A machine on which `docker` is the stand-in of `stack_docker`, and a clone of the project on it."""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.shell import PROJECT, Shell

if TYPE_CHECKING:
    from pathlib import Path


class Clone(Shell):
    """A terminal in a clone of the project."""

    def command(self, *arguments: str) -> list[str]:
        (self.folder / ".env").touch()
        return [sys.executable, str(self.folder / "harvest.py"), *arguments]

    @property
    def stack_env(self) -> Path:
        return self.folder / "docker" / ".env"


@dataclass(frozen=True)
class Engine:
    """The folder of the stand-in: files there make it fail, see `behave`."""

    folder: Path

    def behave(self, how: str, text: str = "") -> None:
        (self.folder / how).write_text(text)

    def again(self, how: str) -> None:
        (self.folder / how).unlink()

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    def said_to_compose(self) -> list[str]:
        return [call[5] for call in self.calls if call[:2] == ["compose", "--file"]]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def put_on_path(folder: Path, engine: Engine) -> None:
    folder.mkdir()
    script = folder / "docker"
    python, program = sys.executable, PROJECT / "tests" / "stack_docker.py"
    script.write_text(
        f'#!/bin/sh\nSTAND_IN_PYTHON="{python}" exec "{python}" -I -S "{program}" "{engine.folder}" "$@"\n'
    )
    script.chmod(0o755)
