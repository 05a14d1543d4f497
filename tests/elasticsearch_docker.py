"""Elastic's official image, where Docker is there but Maven or a JDK is not.

The calls of `docker` were tested against a stand-in that answers as the real program is documented to
(`elasticsearch_docker_stand_in.py`), never with a Docker engine.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from typing import TYPE_CHECKING

from harvesters.stack.java import NodeUnavailableError, Runner
from tests.elasticsearch_server import JAVA_OPTIONS, SETTINGS, Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harvesters.stack.file_users import Account

IMAGE = "docker.elastic.co/elasticsearch/elasticsearch"
MEMORY = "1500m"
CONFIG = "/usr/share/elasticsearch/config"
PORT = 9200


def works() -> bool:
    """Tell whether there is a Docker, and its engine answers."""
    try:
        return _docker("info").returncode == 0
    except OSError:
        return False


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


class Container(Server):
    """The official image, as long as its `docker run` in the foreground lasts."""

    def __init__(self, version: str, folder: Path, accounts: Sequence[Account] = ()) -> None:
        super().__init__(folder, accounts)
        self._image = f"{IMAGE}:{version}"
        self._name = f"vconf-test-{secrets.token_hex(4)}"

    def prepare(self) -> None:
        """Get the image, unless it is there, and write the files that go into the container."""
        if _docker("image", "inspect", self._image).returncode:
            sys.stderr.write(f"Fetching {self._image} through Docker, this once\n")
            answer = _docker("pull", "--quiet", self._image)
            if answer.returncode:
                msg = f"Docker could not fetch {self._image}:\n{answer.stderr[-2000:]}"
                raise NodeUnavailableError(msg)
        for name, content in self._config.items():
            path = self._folder / name
            path.write_text(content)
            # Another user reads it in there, and our umask may keep others out.
            path.chmod(0o644)

    def start(self) -> None:
        """Start the container; what it says goes to our log, so that it outlives the container."""
        # A port that Docker chooses: nobody can snatch it in between.
        options = ["--rm", "--name", self._name, "--publish", f"127.0.0.1::{PORT}", "--memory", MEMORY]
        for name, value in self._settings():
            options += ["--env", f"{name}={value}"]
        for name in self._config:
            options += ["--volume", f"{self._folder / name}:{CONFIG}/{name}:ro"]
        self._launch(["docker", "run", *options, self._image], os.environ, Runner())

    def _settings(self) -> Iterator[tuple[str, str]]:
        yield "ES_JAVA_OPTS", JAVA_OPTIONS
        for name, value in SETTINGS.items():
            yield name, str(value).lower()
        yield "discovery.type", "single-node"
        yield "cluster.routing.allocation.disk.threshold_enabled", "false"
        yield "ingest.geoip.downloader.enabled", "false"
        yield "xpack.ml.enabled", "false"
        yield "xpack.security.enabled", "true" if self._config else "false"
        yield "xpack.security.http.ssl.enabled", "false"

    def _address(self) -> str | None:
        answer = _docker("port", self._name, f"{PORT}/tcp")
        return answer.stdout.strip() if answer.returncode == 0 else None

    def stop(self) -> None:
        """End the container, and remove it even where its end was not taken notice of."""
        super().stop()
        if self._process is not None:
            _docker("rm", "--force", "--volumes", self._name)
