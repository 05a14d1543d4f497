from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from harvesters.stack.java import NodeUnavailableError, Runner
from tests.conftest import remove_all
from tests.elasticsearch_node import InterruptedRunError, Interrupts, Node
from tests.elasticsearch_server import is_healthy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from elasticsearch import Elasticsearch

COMMAND = [sys.executable, "-m", "tests.elasticsearch_node", "run", "--"]
HERE = {**os.environ, "ES_TEST_URL": "http://there.invalid:9200"}


def run(*command: str, env: dict[str, str] = HERE) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *command], env=env, capture_output=True, text=True, check=False)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Callable[[str], Node]]:
    nodes = []

    def make(script: str) -> Node:
        """Make a node whose program is a script of ours."""
        program = tmp_path / "program" / "bin" / "elasticsearch"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        (tmp_path / "program" / "config").mkdir()
        (tmp_path / "run").mkdir()
        nodes.append(Node(tmp_path / "program", tmp_path / "jdk", Runner(), tmp_path / "run"))
        return nodes[-1]

    yield make
    for made in nodes:
        made.stop()


def test_the_node_is_healthy(es: Elasticsearch, es_url: str) -> None:
    assert es.cluster.health()["status"] in {"green", "yellow"}
    assert is_healthy(es_url.removeprefix("http://"))


def test_an_older_record_never_overwrites_a_newer_one(es: Elasticsearch, prefix: str) -> None:
    def load(version: int) -> int:
        action = {"_index": f"{prefix}-calls", "_id": "1", "version": version, "version_type": "external_gte"}
        answer = es.bulk(
            operations=[{"index": action}, {"version": version}], filter_path="items.*.error,items.*.status"
        )
        status: int = answer["items"][0]["index"]["status"]
        return status

    assert [load(7), load(7), load(6), load(8)] == [201, 200, 409, 200]
    assert es.get(index=f"{prefix}-calls", id="1")["_source"] == {"version": 8}


def test_a_prefix_is_removed_with_everything(es: Elasticsearch, prefix: str) -> None:
    es.cluster.put_component_template(name=f"{prefix}-common", template={"settings": {"number_of_shards": 1}})
    es.indices.put_index_template(
        name=f"{prefix}-calls", index_patterns=[f"{prefix}-calls-*"], composed_of=[f"{prefix}-common"]
    )
    es.indices.create(index=f"{prefix}-calls-2026", settings={"hidden": True})
    es.indices.create(index=f"{prefix}2-calls")

    remove_all(es, prefix)

    assert not es.indices.exists(index=f"{prefix}-calls-2026")
    assert not es.indices.exists_index_template(name=f"{prefix}-calls")
    assert not es.cluster.exists_component_template(name=f"{prefix}-common")
    assert es.indices.exists(index=f"{prefix}2-calls")
    es.indices.delete(index=f"{prefix}2-calls")


def test_without_an_elasticsearch_the_tests_fail() -> None:
    without = {name: value for name, value in os.environ.items() if name != "ES_TEST_URL"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", __file__, "-k", "node_is_healthy"]

    answer = subprocess.run(command, env=without, capture_output=True, text=True, check=False)

    assert answer.returncode == 1
    assert "run make test" in answer.stdout


def test_a_given_elasticsearch_is_used_as_it_is() -> None:
    answer = run("sh", "-c", "echo $ES_TEST_URL")

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "http://there.invalid:9200\n", "")


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -KILL $$", 137)])
def test_the_exit_code_is_that_of_the_command(script: str, code: int) -> None:
    assert run("sh", "-c", script).returncode == code


def test_an_unknown_command_starts_no_node() -> None:
    answer = run("no-such-command")

    assert answer.returncode == 2
    assert "no-such-command: there is no such command" in answer.stderr


def test_where_none_can_be_had_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    bare = {"PATH": str(tmp_path), "TMPDIR": str(tmp_path), "VCONF_TEST_CACHE": str(tmp_path)}

    answer = run("/bin/true", env=bare)

    assert answer.returncode == 2
    assert "Or set ES_TEST_URL to an Elasticsearch" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_command_and_shows_in_the_exit_code(tmp_path: Path, signum: signal.Signals) -> None:
    script = "trap 'touch $0/told; exit' INT TERM HUP; touch $0/begun; while :; do sleep 0.1; done"
    command = [*COMMAND, "sh", "-c", script, str(tmp_path)]
    process = subprocess.Popen(command, env=HERE, start_new_session=True)
    wait_for((tmp_path / "begun").exists)

    # As a terminal does it: to all in the group.
    os.killpg(process.pid, signum)

    assert process.wait(10) == 128 + signum
    assert (tmp_path / "told").exists()


def test_a_node_that_ends_while_starting_shows_its_log(node: Callable[[str], Node]) -> None:
    broken = node("echo out of memory, or so; exit 1")
    broken.prepare()
    broken.start()

    with pytest.raises(NodeUnavailableError, match=r"ended while starting(?s:.*)out of memory, or so"):
        broken.wait_until_ready()


def test_a_node_that_is_never_ready_shows_its_log(node: Callable[[str], Node]) -> None:
    slow = node("echo 127.0.0.1:1 > logs/http.ports; echo not yet; exec sleep 60")
    slow.prepare()
    slow.start()

    with pytest.raises(NodeUnavailableError, match=r"not ready after 1 s(?s:.*)not yet"):
        slow.wait_until_ready(limit=1)


def test_a_node_takes_its_children_with_it(tmp_path: Path, node: Callable[[str], Node]) -> None:
    children = tmp_path / "run" / "child"
    stubborn = node("(trap '' TERM; echo > child; exec sleep 60) & wait")
    stubborn.prepare()
    stubborn.start()
    wait_for(children.exists)
    group = stubborn._process.pid if stubborn._process else 0

    stubborn.stop()

    wait_for(lambda: not group_exists(group))


def group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_node_keeps_everything_to_itself(tmp_path: Path, node: Callable[[str], Node]) -> None:
    made = node("exec sleep 60")

    made.prepare()

    settings = json.loads((tmp_path / "run" / "config" / "elasticsearch.yml").read_text())
    assert settings["http.host"] == settings["transport.host"] == "127.0.0.1"
    assert settings["path.data"] == str(tmp_path / "run" / "data")
    assert settings["xpack.security.enabled"] is False
    assert not (tmp_path / "run" / "config" / "users").exists()


def test_a_held_signal_comes_after_the_release() -> None:
    with Interrupts() as interrupts:
        interrupts.hold()
        signal.raise_signal(signal.SIGTERM)

        with pytest.raises(InterruptedRunError, match="SIGTERM"):
            interrupts.release()


def test_only_the_first_signal_interrupts() -> None:
    before = signal.getsignal(signal.SIGINT)

    with Interrupts():
        with pytest.raises(InterruptedRunError, match="SIGINT"):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    assert signal.getsignal(signal.SIGINT) is before
