"""The official image as a test server; there is no engine here, but a program that behaves like `docker`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harvesters.stack import java
from harvesters.stack.distribution import NEWEST
from harvesters.stack.file_users import Account
from harvesters.stack.java import MissingToolError, NodeUnavailableError
from tests import conftest, elasticsearch_server
from tests import elasticsearch_distribution as distribution
from tests import elasticsearch_docker as docker
from tests.elasticsearch_accounts import ADMIN
from tests.elasticsearch_distribution import OLDEST
from tests.elasticsearch_docker import Container
from tests.elasticsearch_node import Interrupts, own_server
from tests.shell import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE = "docker.elastic.co/elasticsearch/elasticsearch:9.5.2"
WAITING = """
import time
from pathlib import Path
import pytest
from harvesters.stack import distribution, java
from tests.conftest import own_server

java.JDK_HOMES = ()

@pytest.fixture(scope="module")
def node():
    with own_server(distribution.NEWEST) as url:
        yield url

def test_waits(node):
    Path(__file__).with_name("begun").touch()
    time.sleep(60)
"""


@dataclass(frozen=True)
class Engine:
    """The stand-in's state."""

    folder: Path

    def behave(self, how: str) -> None:
        (self.folder / how).touch()

    @property
    def calls(self) -> list[list[str]]:
        calls = self.folder / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [call for call in map(json.loads, lines) if call[0] not in {"serve", "port"}]

    @property
    def containers(self) -> list[str]:
        return [path.name for path in self.folder.glob("container *")]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A machine with Docker alone: neither Maven nor a JDK."""
    found = Engine(tmp_path / "engine")
    found.folder.mkdir()
    command = tmp_path / "bin" / "docker"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program_file()}" "{found.folder}" "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent))
    monkeypatch.setenv("VCONF_TEST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(java, "JDK_HOMES", ())
    for name in ("ES_JAVA_HOME", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    yield found
    for name in found.containers:
        os.kill(json.loads((found.folder / name).read_text())["pid"], signal.SIGKILL)


def program_file() -> str:
    return str(PROJECT / "tests" / "elasticsearch_docker_stand_in.py")


@pytest.fixture
def container(engine: Engine, tmp_path: Path) -> Container:
    assert engine.containers == []
    (tmp_path / "run").mkdir()
    return Container(NEWEST.version, tmp_path / "run")


def get(url: str, login: str | None = None) -> int:
    connection = HTTPConnection(url.removeprefix("http://"), timeout=5)
    connection.request("GET", "/_cluster/health", headers={"Authorization": login} if login else {})
    status = connection.getresponse().status
    connection.close()
    return status


def options(call: list[str], name: str) -> list[str]:
    return [value for option, value in pairwise(call) if option == name]


def test_docker_works_if_its_engine_answers(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert docker.works()
    engine.behave("down")
    assert not docker.works()
    monkeypatch.setenv("PATH", str(engine.folder))
    assert not docker.works()


def test_where_maven_or_a_jdk_is_missing_the_image_runs_on_loopback_until_the_end(engine: Engine) -> None:
    with Interrupts() as interrupts, own_server(interrupts) as url:
        assert get(url) == 200
        assert len(engine.containers) == 1

    assert engine.containers == []
    info, inspect, pull, run, remove = engine.calls
    assert (info, inspect, pull) == (["info"], ["image", "inspect", IMAGE], ["pull", "--quiet", IMAGE])
    assert (run[0], run[1], run[-1]) == ("run", "--rm", IMAGE)
    assert options(run, "--publish") == ["127.0.0.1::9200"]
    assert options(run, "--memory") == ["1500m"]
    assert {"discovery.type=single-node", "xpack.security.enabled=false"} <= set(options(run, "--env"))
    assert options(run, "--volume") == []
    assert remove == ["rm", "--force", "--volumes", *options(run, "--name")]


def test_an_image_that_is_there_is_not_fetched_again(engine: Engine, tmp_path: Path) -> None:
    for wanted in (NEWEST, OLDEST, NEWEST):
        Container(wanted.version, tmp_path).prepare()

    assert [call[-1] for call in engine.calls if call[0] == "pull"] == [IMAGE, IMAGE.replace("9.5.2", "8.19.8")]


def test_with_accounts_the_image_gets_users_and_roles_and_is_waited_for_with_a_login(engine: Engine) -> None:
    reader = Account("reader", "her password", "cluster: [monitor]")

    with Interrupts() as interrupts, own_server(interrupts, NEWEST, [reader]) as url:
        (run,) = (call for call in engine.calls if call[0] == "run")
        mounts = [volume.split(":") for volume in options(run, "--volume")]
        contents = {Path(inside).name: Path(ours).read_text() for ours, inside, _ in mounts}
        modes = {Path(ours).stat().st_mode & 0o777 for ours, _, _ in mounts}
        assert (get(url), get(url, ADMIN.login)) == (401, 200)

    assert "xpack.security.enabled=true" in options(run, "--env")
    assert {(Path(inside).parent, how) for _, inside, how in mounts} == {
        (Path("/usr/share/elasticsearch/config"), "ro")
    }
    assert (modes, set(contents)) == ({0o644}, {"users", "users_roles", "roles.yml"})
    assert contents["users_roles"] == "superuser:admin\nreader:reader\n"
    assert contents["roles.yml"] == "reader:\n  cluster: [monitor]\n"
    assert "her password" not in contents["users"]


def test_an_image_that_cannot_be_fetched_is_a_sentence(engine: Engine, container: Container) -> None:
    engine.behave("unreachable")

    with pytest.raises(NodeUnavailableError, match=r"Docker could not fetch docker\.elastic(?s:.*)no such host"):
        container.prepare()


def test_a_container_that_ends_while_starting_shows_its_log(engine: Engine, container: Container) -> None:
    engine.behave("crash")
    container.prepare()
    container.start()

    with pytest.raises(NodeUnavailableError, match=r"ended while starting(?s:.*)bootstrap checks failed"):
        container.wait_until_ready()


def test_a_container_that_hears_no_signal_is_removed(
    engine: Engine, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.behave("deaf")
    monkeypatch.setattr(elasticsearch_server, "STOP_LIMIT", 0.2)
    container.prepare()
    container.start()
    url = container.wait_until_ready()

    container.stop()

    assert engine.containers == []
    with pytest.raises(ConnectionRefusedError):
        get(url)


def test_without_docker_the_sentence_names_what_is_missing(engine: Engine) -> None:
    engine.behave("down")

    with (
        Interrupts() as interrupts,
        pytest.raises(MissingToolError, match=r"No JDK 21 .* or start Docker\."),
        own_server(interrupts),
    ):
        pass


def test_without_docker_tests_with_a_server_of_their_own_fail_also_where_one_is_named(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.behave("down")
    monkeypatch.setenv("ES_TEST_URL", "http://there.invalid:9200")

    with (
        pytest.raises(pytest.fail.Exception, match=r"No JDK 21 (?s:.*)also where ES_TEST_URL names one"),
        conftest.own_server(NEWEST),
    ):
        pass


def test_docker_is_not_asked_for_what_is_wrong_with_the_distribution(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> Path:
        msg = "elasticsearch-9.5.2.zip was deleted"
        raise NodeUnavailableError(msg)

    monkeypatch.setattr(java, "find_jdk", lambda *_arguments: tmp_path)
    monkeypatch.setattr(distribution, "cache_folder", lambda *_arguments: tmp_path)
    monkeypatch.setattr(distribution, "get_distribution", refuse)

    with (
        Interrupts() as interrupts,
        pytest.raises(NodeUnavailableError, match="was deleted"),
        own_server(interrupts),
    ):
        pass

    assert engine.calls == []


def test_a_signal_to_the_tests_ends_the_server_too(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "test_waiting.py").write_text(WAITING)
    options = ["-p", "no:cacheprovider", "-c", str(PROJECT / "pyproject.toml"), "--rootdir", str(tmp_path)]
    command = [sys.executable, "-m", "pytest", *options, str(tmp_path / "test_waiting.py")]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as tests:
        deadline = time.monotonic() + 30
        while not (tmp_path / "begun").exists():
            assert tests.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert len(engine.containers) == 1

        tests.send_signal(signal.SIGTERM)
        said, _ = tests.communicate(timeout=30)

    assert tests.returncode == 2
    assert "InterruptedRunError" in said
    assert engine.containers == []


def test_the_stand_in_refuses_what_docker_would_not_know(engine: Engine) -> None:
    answer = subprocess.run(["docker", "run", "--port", "9200", IMAGE], capture_output=True, text=True, check=False)

    assert answer.returncode != 0
    assert engine.containers == []
