"""Elasticsearch and Kibana in Docker, by the compose file that comes with the program."""

import re
from collections.abc import Callable
from pathlib import Path

from harvesters.core.errors import Exit, HarvestError
from harvesters.core.words import many
from harvesters.stack import env_file, machine
from harvesters.stack.cluster import Figures, figures, is_ready, password_refused
from harvesters.stack.distribution import NEWEST
from harvesters.stack.docker import Container, Docker, containers, logs
from harvesters.stack.parts import Login, Part, Ports
from harvesters.stack.waiting import Waiting

USER = "elastic"
PROJECT = "vconf-harvest"
VOLUMES = (f"{PROJECT}-elasticsearch", f"{PROJECT}-kibana")
IMAGES = ("docker.elastic.co/elasticsearch/elasticsearch", "docker.elastic.co/kibana/kibana")
SERVERS = {"elasticsearch": "Elasticsearch", "kibana": "Kibana"}
LOGIN = "kibana-login"
PULL_LIMIT_S = 24 * 3600
OLDEST_VERSION = (8, 19)
KILLED = 137


class DockerStack:
    """The containers of our compose file, with passwords in a `.env` of theirs."""

    name = "docker"

    def __init__(self, compose_file: Path, folder: Path, tell: Callable[[str], object]) -> None:
        """`folder`: where `.env` is; `tell` gets hints, and what takes time."""
        self._env, self._password = folder / ".env", folder / "password"
        self._tell = tell
        self.docker = Docker(compose_file, self._env)

    def is_set_up(self) -> bool:
        """Whether `init` was here."""
        return self._env.is_file()

    def set_up(self, ports: Ports) -> None:
        """Check Docker and the machine, make passwords, fetch the images.

        Raises:
            NoDockerError: there is no Docker to use.
            HarvestError: too little memory, a taken port, data of an unknown password, no images.
        """
        memory = self._check_docker()
        if not self.is_set_up():
            _refuse_orphans(self.docker, self._env)
        wanted = {"ES_PORT": ports.elasticsearch, "KIBANA_PORT": ports.kibana}
        # A line that somebody took out comes back, or Compose would refuse to say what runs.
        values = env_file.complete(self._env, {}) if self.is_set_up() else {}
        usual = {each.name: each.value for each in env_file.fresh()}
        chosen = {name: str(port) for name, port in wanted.items() if port}
        planned = {**usual, **values, **chosen}
        _check_values(planned, memory, self._env)
        if self.is_set_up():
            self._check_ports(planned, values)
        else:
            _ports_are_free(planned)
        values = env_file.complete(self._env, chosen)
        env_file.write(self._password, values["ELASTIC_PASSWORD"] + "\n")
        self._fetch(values["STACK_VERSION"])

    def _check_docker(self) -> int:
        engine = self.docker.engine()
        compose = self.docker.find_compose()
        memory = f"; its engine has {machine.gigabytes(engine.memory)} of memory" if engine.memory else ""
        self._tell(f"Docker {engine.version} with Compose {compose}{memory}.")
        if engine.podman:
            self._tell("docker is Podman here, with which this was never tried.")
        if hint := machine.maps_hint():
            self._tell(hint)
        return engine.memory

    def _check_ports(self, planned: dict[str, str], before: dict[str, str]) -> None:
        """Those are free that our own containers do not hold."""
        ours = {each.service for each in containers(self.docker) if each.state == "running"}
        held = {name for name, service in PORTS.items() if service in ours and planned[name] == before.get(name)}
        _ports_are_free({name: value for name, value in planned.items() if name not in held})

    def _fetch(self, version: str) -> None:
        images = [f"{image}:{version}" for image in IMAGES]
        missing = [each for each in images if self.docker.run("image", "inspect", each).returncode]
        if missing:
            self._tell(f"Fetching {' and '.join(missing)} (about 1.5 GB), this once.")
            with self.docker.begun("pull", "--quiet") as pull:
                code = pull.process.wait(PULL_LIMIT_S)
                if code:
                    raise HarvestError(self.docker.why("docker compose pull", pull.said()))

    def start(self, waiting: Waiting) -> None:
        """Start what is not running, and wait until both work.

        Raises:
            HarvestError: one of them ends or is not ready in time, or the password is another one.
        """
        waiting.begin()
        # Compose itself waits for Elasticsearch, since Kibana depends on it.
        with self.docker.begun("up", "--detach", "--remove-orphans") as up:
            while up.process.poll() is None:
                waiting.pause(_awaited(containers(self.docker)))
            if up.process.returncode:
                self._refuse_broken()
                raise HarvestError(self.docker.why("docker compose up", up.said()))
        while not _works(found := self._refuse_broken()):
            waiting.pause(_awaited(found))
        while not is_ready(self.login()):
            waiting.pause("Elasticsearch")

    def _refuse_broken(self) -> list[Container]:
        """The containers, after Compose has done its part: what does not run now will not."""
        found = containers(self.docker)
        for each in found:
            if each.service == LOGIN and each.exit_code == Exit.REFUSED:
                raise HarvestError(password_refused(self.login()))
            if why := _broken(each):
                message = f"{why}. The end of its log:\n{logs(self.docker, each.service)}"
                raise HarvestError(message)
        return found

    def stop(self) -> bool:
        """End the containers; the volumes stay."""
        running = bool(containers(self.docker))
        self.docker.must(self.docker.compose("down", "--remove-orphans"), "docker compose down")
        return running

    def parts(self) -> list[Part]:
        """Each server as it is now."""
        values = env_file.read(self._env)
        found = {each.service: each for each in containers(self.docker)}
        held = figures(self.login()) if "elasticsearch" in found else None
        return [_part(service, found.get(service), values, held) for service in SERVERS]

    def login(self) -> Login:
        """How to come to them."""
        values = env_file.read(self._env)
        address, kibana = (f"http://{machine.LOOPBACK}:{values.get(name)}" for name in PORTS)
        return Login(address, USER, values.get("ELASTIC_PASSWORD", ""), self._password, kibana)

    def doomed(self) -> list[str]:
        """What `delete` would take away."""
        return [
            f"the volume {VOLUMES[0]} with all that Elasticsearch holds",
            f"the volume {VOLUMES[1]}, and in the first one what was saved in Kibana",
            f"the passwords in {self._env}",
        ]

    def delete(self) -> None:
        """End the containers, delete their volumes and passwords; the images stay for the next time."""
        # Compose reads its settings also for this, and they may be what was lost.
        env_file.complete(self._env, {})
        self.docker.must(self.docker.compose("down", "--volumes", "--remove-orphans"), "docker compose down")
        for path in (self._env, self._password):
            path.unlink(missing_ok=True)


PORTS = {"ES_PORT": "elasticsearch", "KIBANA_PORT": "kibana"}
OPTIONS = {"ES_PORT": "--es-port", "KIBANA_PORT": "--kibana-port"}


def _ports_are_free(values: dict[str, str]) -> None:
    for name, service in PORTS.items():
        if name in values:
            machine.check_port(int(values[name]), OPTIONS[name], SERVERS[service])


def _refuse_orphans(docker: Docker, env: Path) -> None:
    """Data without their passwords: new ones would not fit."""
    if docker.run("volume", "inspect", VOLUMES[0]).returncode == 0:
        message = (
            f"Docker has the volume {VOLUMES[0]} of an earlier stack, whose passwords are not in {env}: put that file "
            "back (another clone may have it), or delete the data with './harvest.py dev reset --docker'."
        )
        raise HarvestError(message)


def _check_values(values: dict[str, str], memory: int, env: Path) -> None:
    """Refuse settings that cannot work, and an engine with too little memory for them; 0 is not known."""
    if not all(re.fullmatch(r"[0-9]{1,5}", values[name]) for name in PORTS):
        message = f"ES_PORT and KIBANA_PORT in {env} must be numbers."
        raise HarvestError(message)
    _check_version(values["STACK_VERSION"], env)
    try:
        needed = sum(env_file.in_bytes(values[name]) for name in ("ES_MEMORY", "KIBANA_MEMORY"))
    except ValueError as error:
        message = f"ES_MEMORY and KIBANA_MEMORY in {env} are written as 1500m or 2g."
        raise HarvestError(message) from error
    if 0 < memory < needed:
        message = (
            f"Docker's engine has {machine.gigabytes(memory)} of memory, and Elasticsearch with Kibana may take "
            f"{machine.gigabytes(needed)}: give it more (Docker Desktop: Settings, Resources), or take the native "
            "Elasticsearch without Kibana: './harvest.py dev init --native'."
        )
        raise HarvestError(message)


def _check_version(version: str, env: Path) -> None:
    numbers = re.match(r"(\d+)\.(\d+)\.", version)
    if numbers is None or tuple(map(int, numbers.groups())) < OLDEST_VERSION:
        message = (
            f"STACK_VERSION in {env} is '{version}': Elasticsearch and Kibana 8.19 is the oldest that works here, "
            f"{NEWEST.version} the one that comes with this program."
        )
        raise HarvestError(message)


def _works(found: list[Container]) -> bool:
    healthy = {each.service for each in found if each.health == "healthy"}
    return healthy >= set(SERVERS)


def _awaited(found: list[Container]) -> str:
    healthy = {each.service for each in found if each.health == "healthy"}
    return next((title for service, title in SERVERS.items() if service not in healthy), "Kibana")


def _broken(container: Container) -> str:
    """Why a container will not work any more; nothing where it does or may."""
    title = SERVERS.get(container.service, "the container that gives Kibana its password")
    if container.service == LOGIN and container.exit_code == 0:
        return ""
    if container.exit_code == KILLED:
        return f"{title} was killed (exit code {KILLED}), mostly for lack of memory: see ES_MEMORY and KIBANA_MEMORY"
    if container.state in {"exited", "dead"}:
        return f"{title} ended with exit code {container.exit_code}"
    return f"{title} runs, but is not well" if container.health == "unhealthy" else ""


def _part(service: str, container: Container | None, values: dict[str, str], held: Figures | None) -> Part:
    title, version = SERVERS[service], values.get("STACK_VERSION", "")
    port = next(name for name, of in PORTS.items() if of == service)
    address = f"http://{machine.LOOPBACK}:{values.get(port)}"
    if container is None:
        return Part(title, "stopped", version, address)
    works = container.health == "healthy"
    state = ", ".join(each for each in (container.state, container.health) if each)
    if service != "elasticsearch" or held is None:
        return Part(
            title, state, version, address, "" if works else f"see: docker logs {PROJECT}-{service}-1", works=works
        )
    note = f"{many(held.documents, 'document')}, {held.size / (1 << 20):.1f} MB of data"
    return Part(title, f"{state}, {held.health}", held.version, address, note, works=works)
