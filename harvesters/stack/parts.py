"""What a stack tells of itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harvesters.stack.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Part:
    """One server of a stack as it is now; `address` is where one would look for it."""

    name: str
    state: str
    version: str = ""
    address: str = ""
    note: str = ""
    works: bool = False


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that the user chose; None is the one of before, or the usual one."""

    elasticsearch: int | None = None
    kibana: int | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """How to come to an Elasticsearch; the password stands in a file that its owner alone may read."""

    address: str
    user: str
    password: str
    password_file: Path
    kibana: str = ""

    def settings(self) -> dict[str, str]:
        """The same as settings of the harvester."""
        found = {"ES_HOST": self.address, "ES_USER": self.user, "ES_PASSWORD_FILE": str(self.password_file)}
        return {**found, "KIBANA_HOST": self.kibana} if self.kibana else found


class Stack(Protocol):
    """Elasticsearch, perhaps with Kibana, on this machine. Each method may raise `HarvestError` with what to do."""

    name: str

    def is_set_up(self) -> bool:
        """Whether `init` was here."""

    def set_up(self, ports: Ports) -> None:
        """Check the machine, make passwords, get the programs; done twice, nothing changes."""

    def start(self, waiting: Waiting) -> None:
        """Start what is not running, and wait until it works."""

    def stop(self) -> bool:
        """End it, the data stay; whether there was something to end."""

    def parts(self) -> list[Part]:
        """The state of each server."""

    def login(self) -> Login:
        """How to come to it."""

    def doomed(self) -> list[str]:
        """What `delete` would take away, for people."""

    def delete(self) -> None:
        """End it and delete its data."""
