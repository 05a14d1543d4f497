"""Elasticsearch alone, as a process that outlives our command: Elastic's minimal distribution, no Docker, no Kibana."""

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harvesters.core.errors import HarvestError
from harvesters.core.words import many
from harvesters.stack import env_file, file_users, java, machine
from harvesters.stack.cluster import figures, is_ready
from harvesters.stack.daemon import Daemon
from harvesters.stack.distribution import NEWEST, find_maven, get_distribution
from harvesters.stack.java import MissingToolError, NodeUnavailableError, Runner
from harvesters.stack.node import Node, log_tail
from harvesters.stack.parts import Login, Part, Ports
from harvesters.stack.waiting import Waiting

USER = "vconf-admin"
NODE = "Elasticsearch"
PORT = 9200


class Chosen(msgspec.Struct, frozen=True):
    """What was decided when it was set up."""

    version: str
    port: int
    jdk: str


@dataclass(frozen=True)
class Rooms:
    """Where things lie: programs, which may be shared, and what belongs to our one node."""

    programs: Path

    @property
    def own(self) -> Path:
        """The folder that `reset` deletes."""
        return self.programs / "native"

    @property
    def node(self) -> Path:
        """What the node itself writes."""
        return self.own / "node"

    @property
    def password(self) -> Path:
        """The password of the one user."""
        return self.own / "password"

    @property
    def chosen(self) -> Path:
        """What was decided; it is there as soon as the node is set up."""
        return self.own / "chosen.json"

    def read(self) -> tuple[Chosen, str]:
        """What was decided, and the password.

        Raises:
            HarvestError: it was lost.
        """
        try:
            chosen = msgspec.json.decode(self.chosen.read_bytes(), type=Chosen)
            return chosen, self.password.read_text().strip()
        except (OSError, msgspec.MsgspecError) as error:
            message = f"{self.own} is damaged: begin anew with './harvest.py dev reset --native'."
            raise HarvestError(message) from error

    def keep(self, chosen: Chosen) -> str:
        """Write down what was decided; the password, which is made once."""
        if not self.password.is_file():
            env_file.write(self.password, secrets.token_urlsafe(env_file.PASSWORD_BYTES) + "\n")
        env_file.write(self.chosen, msgspec.json.encode(chosen).decode() + "\n")
        return self.read()[1]


class Native:
    """One node in a folder of ours, with a user of its own."""

    name = "native"

    def __init__(self, folder: Path, environ: Mapping[str, str], tell: Callable[[str], object]) -> None:
        """`folder`: the state folder of the stack; `tell` gets hints, and what takes time."""
        self.rooms = Rooms(folder)
        self._environ, self._tell = environ, tell
        self._daemon = Daemon(self.rooms.own / "pid")

    def is_set_up(self) -> bool:
        """Whether `init` was here."""
        return self.rooms.chosen.is_file()

    def set_up(self, ports: Ports) -> None:
        """Look for a JDK and Maven, fetch the distribution, make the password and write the configuration.

        Raises:
            HarvestError: something is missing, the port is taken, or the folder is out of reach.
        """
        before = self.rooms.read()[0].port if self.is_set_up() else PORT
        port = ports.elasticsearch or before
        if self._daemon.is_running():
            _same_port(before, port)
            return
        machine.check_port(port, "--es-port", NODE)
        runner = _runner(self.rooms.own)
        if missing := lacks(self.rooms, self._environ, runner):
            raise MissingToolError("\n".join(missing))
        for hint in (machine.maps_hint(), machine.memory_hint(machine.memory())):
            if hint:
                self._tell(hint)
        jdk = java.find_jdk(java.jdk_candidates(self._environ), runner)
        program = get_distribution(self.rooms.programs, NEWEST, self._tell)
        password = self.rooms.keep(Chosen(NEWEST.version, port, str(jdk)))
        _configure(Node(program, jdk, runner, self.rooms.node), port, password)

    def start(self, waiting: Waiting) -> None:
        """Start it unless it runs, and wait until it works; it goes on when our command and its terminal end.

        Raises:
            HarvestError: it ends while starting, or is not ready in time.
        """
        node, login = self._node(), self.login()
        waiting.begin()
        if not self._daemon.is_running():
            machine.check_port(self.rooms.read()[0].port, "--es-port of './harvest.py dev init --native'", NODE)
            self._daemon.start(node)
        while not is_ready(login):
            if not self._daemon.is_running():
                message = f"Elasticsearch ended while starting. {log_tail(node.log)}\nAll of it: {node.log}"
                raise NodeUnavailableError(message)
            waiting.pause(NODE)

    def _node(self) -> Node:
        chosen, _ = self.rooms.read()
        program = self.rooms.programs / f"elasticsearch-{chosen.version}"
        return Node(program, Path(chosen.jdk), java.find_runner(), self.rooms.node)

    def stop(self) -> bool:
        """End it; the data stay."""
        return self._daemon.stop()

    def parts(self) -> list[Part]:
        """The node, as it is now."""
        (chosen, _), login = self.rooms.read(), self.login()
        size = f"{_size(self.rooms.node / 'data')} of data"
        if not self._daemon.is_running():
            ended = f"ended by itself, see {self._node().log}; " if self._daemon.ended_by_itself() else ""
            return [Part(NODE, "stopped", chosen.version, login.address, ended + size)]
        found = figures(login)
        if found is None:
            return [Part(NODE, "starting", chosen.version, login.address, f"see {self._node().log}")]
        note = f"{many(found.documents, 'document')}, {size}"
        return [Part(NODE, f"running, {found.health}", found.version, login.address, note, works=True)]

    def login(self) -> Login:
        """How to come to it."""
        chosen, password = self.rooms.read()
        return Login(f"http://{machine.LOOPBACK}:{chosen.port}", USER, password, self.rooms.password)

    def doomed(self) -> list[str]:
        """What `delete` would take away."""
        return [f"{self.rooms.own} with the data, log and password of the native {NODE} ({_size(self.rooms.own)})"]

    def delete(self) -> None:
        """End it and delete its folder; the program stays for the next time."""
        self.stop()
        shutil.rmtree(self.rooms.own)


def lacks(rooms: Rooms, environ: Mapping[str, str], runner: Runner) -> list[str]:
    """What must be installed before a native Elasticsearch can be had, in sentences."""
    found: list[str] = []
    with _collected(found):
        java.find_jdk(java.jdk_candidates(environ), runner)
    with _collected(found):
        if not (rooms.programs / NEWEST.name).is_dir():
            find_maven(NEWEST)
    return found


@contextmanager
def _collected(found: list[str]) -> Iterator[None]:
    try:
        yield
    except MissingToolError as error:
        found.append(str(error))


def _same_port(running: int, wanted: int) -> None:
    if running != wanted:
        message = f"{NODE} runs on port {running}: './harvest.py dev down' first, then choose another one."
        raise HarvestError(message)


def _runner(folder: Path) -> Runner:
    """Who runs the node, and can reach its folder."""
    runner = java.find_runner()
    folder.mkdir(parents=True, exist_ok=True)
    if not java.can_reach(folder, runner):
        message = (
            f"Elasticsearch does not run as root, and whom we would run it as cannot reach {folder}: "
            "run this as another user, or set DATA_DIR to a folder below which everybody may walk."
        )
        raise NodeUnavailableError(message)
    return runner


def _configure(node: Node, port: int, password: str) -> None:
    settings = {"cluster.name": "vconf-harvest", "http.port": port, "xpack.security.enabled": True}
    node.folder.mkdir(exist_ok=True)
    node.prepare(settings, file_users.files([file_users.Account(USER, password)]))


def _size(folder: Path) -> str:
    """What the files take, as a node changes them."""
    size = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            size += path.lstat().st_size
    return f"{size / (1 << 20):.1f} MB"
