"""The program `docker`, called as a user would, and what its failures mean.

Never tried with a Docker engine: the tests have a stand-in that says what the real program is known to say.
"""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import msgspec

from harvesters.core.errors import HarvestError
from harvesters.stack.docker_says import LAST_LINES, meaning

PATIENCE_S = 60
OLDEST_COMPOSE = 2
INSTALL = "install Docker (https://docs.docker.com/get-started/get-docker/)"


class NoDockerError(HarvestError):
    """There is no Docker that could be used; Elasticsearch alone would do without."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What docker runs on: its version and bytes of memory (0: it does not say); `podman`: it is another program."""

    version: str
    memory: int
    podman: bool


class Container(msgspec.Struct, rename="pascal", frozen=True):
    """A line of `docker compose ps`."""

    service: str
    state: str
    health: str = ""
    exit_code: int = 0
    image: str = ""


class Docker:
    """`docker`, and `docker compose` on one file."""

    def __init__(self, compose_file: Path, env_file: Path) -> None:
        """`env_file`: where the compose file's settings are."""
        self._compose_file, self.env_file = compose_file, env_file
        self._compose: list[str] = []

    def engine(self) -> Engine:
        """The engine.

        Raises:
            NoDockerError: there is none, or it is not ours to use.
        """
        answer = self.run("info", "--format", "{{json .}}")
        try:
            told = msgspec.json.decode(answer.stdout or "{}", type=dict[str, object])
        except msgspec.MsgspecError:
            told = {}
        if answer.returncode or told.get("ServerErrors"):
            said = f"{answer.stderr}{answer.stdout}"
            raise NoDockerError(self.why("docker info", said))
        named = self.run("--version").stdout
        memory = told.get("MemTotal")
        return Engine(
            str(told.get("ServerVersion") or ""), memory if isinstance(memory, int) else 0, "podman" in named.lower()
        )

    def find_compose(self) -> str:
        """The version of Compose, as a plugin or as a program of its own.

        Raises:
            NoDockerError: there is none, or it is the first one.
        """
        _must_be_there()
        oldest = ""
        for command in (["docker", "compose"], ["docker-compose"]):
            if shutil.which(command[0]) is None:
                continue
            answer = _call([*command, "version", "--short"])
            version = answer.stdout.strip().removeprefix("v")
            if answer.returncode == 0 and version[:1].isdigit():
                if int(version.split(".")[0]) >= OLDEST_COMPOSE:
                    self._compose = command
                    return version
                oldest = f" (docker-compose {version} is too old)"
        message = (
            f"Docker is there, but not its Compose plugin{oldest}: install the package docker-compose-plugin "
            "(https://docs.docker.com/compose/install/)."
        )
        raise NoDockerError(message)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call docker.

        Raises:
            NoDockerError: there is no such program, or it does not answer.
        """
        _must_be_there()
        return _call(["docker", *arguments])

    def compose(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call compose on our file."""
        return _call(self._line(*arguments))

    def _line(self, *arguments: str) -> list[str]:
        if not self._compose:
            self.find_compose()
        where = ["--file", str(self._compose_file), "--env-file", str(self.env_file)]
        return [*self._compose, *where, *arguments]

    def must(self, answer: subprocess.CompletedProcess[str], what: str) -> str:
        """What a call printed.

        Raises:
            HarvestError: it failed; says why and what to do.
        """
        if answer.returncode:
            raise HarvestError(self.why(what, answer.stderr or answer.stdout))
        return answer.stdout

    def why(self, what: str, said: str) -> str:
        """Why a call failed, and what to do."""
        return meaning(what, said, str(self.env_file))

    @contextmanager
    def begun(self, *arguments: str) -> "Iterator[Begun]":
        """A call of compose that takes its time; it ends with this context, with Ctrl-C too."""
        with TemporaryFile() as said, _started(self._line(*arguments), said) as process:
            try:
                yield Begun(process, said)
            finally:
                process.terminate()
                process.wait()


def _must_be_there() -> None:
    if shutil.which("docker") is None:
        message = f"Docker was not found: {INSTALL}."
        raise NoDockerError(message)


@dataclass(frozen=True)
class Begun:
    """A call under way."""

    process: subprocess.Popen[bytes]
    _file: IO[bytes]

    def said(self) -> str:
        """What it printed so far."""
        self._file.seek(0)
        return self._file.read().decode(errors="replace")


def _started(command: Sequence[str], said: IO[bytes]) -> subprocess.Popen[bytes]:
    # In a session of its own: Ctrl-C is for us alone, who then end it in order.
    return subprocess.Popen(  # noqa: S603 - docker, as the user has it
        command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
    )


def _call(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - docker, as the user has it
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        message = f"'{' '.join(command[:2])}' did not answer within {PATIENCE_S} s: restart Docker, then try again."
        raise NoDockerError(message) from error


def containers(docker: Docker) -> list[Container]:
    """The containers of our file, those that ended among them."""
    return parse_containers(docker.must(docker.compose("ps", "--all", "--format", "json"), "docker compose ps"))


def logs(docker: Docker, service: str) -> str:
    """The last lines of a container."""
    answer = docker.compose("logs", "--no-color", "--no-log-prefix", "--tail", str(LAST_LINES), service)
    return answer.stdout.strip() or answer.stderr.strip()


def parse_containers(text: str) -> list[Container]:
    """The answer of `docker compose ps`: an array up to 2.20, from then on an object a line."""
    if text.lstrip().startswith("["):
        return msgspec.json.decode(text, type=list[Container])
    return [msgspec.json.decode(line, type=Container) for line in text.splitlines() if line.strip()]
