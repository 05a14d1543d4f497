"""`dev init --native` and what follows: the real minimal Elasticsearch from beginning to end, and its failures."""

from __future__ import annotations

import os
import signal
import socket
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from elasticsearch import Elasticsearch

from harvesters.core.day import clock_from
from harvesters.core.errors import HarvestError
from harvesters.stack import java, machine
from harvesters.stack.distribution import NEWEST
from harvesters.stack.java import MissingToolError, NodeUnavailableError, Runner
from harvesters.stack.native import Native
from harvesters.stack.parts import Ports
from harvesters.stack.waiting import Waiting
from tests.elasticsearch_distribution import cache_folder, get_distribution
from tests.shell import Done, Shell
from tests.stack_engine import free_port
from tests.test_elasticsearch_distribution import make_jdk

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder that the node's user can reach, with the program that the tests have already."""
    cache = cache_folder(os.environ, java.find_runner())
    program = get_distribution(cache, NEWEST)
    with tempfile.TemporaryDirectory(prefix="run-", dir=cache, ignore_cleanup_errors=True) as folder:
        made = Path(folder)
        made.chmod(0o755)
        (made / "stack").mkdir()
        (made / "stack" / program.name).symlink_to(program)
        yield made
        if (pid := made / "stack" / "native" / "pid").exists():
            os.killpg(int(pid.read_text()), signal.SIGKILL)


@pytest.fixture
def shell(tmp_path: Path, state: Path) -> Shell:
    return Shell(tmp_path, {"DATA_DIR": str(state)})


def test_the_native_elasticsearch_from_its_first_to_its_last_day(shell: Shell, state: Path) -> None:
    own = state / "stack" / "native"
    found, pid = begun(shell, own)
    begun_again(shell, own, found)

    assert shell("dev", "down").err == "native: ended; the data stay.\n"
    assert not group_exists(pid)
    assert stopped(shell("dev", "status"))
    up = shell("dev", "up")
    assert up.code == 0, up.err
    with client(found) as es:
        assert es.count(index="vconf-conferences")["count"] == 1

    pid = int((own / "pid").read_text())
    os.killpg(pid, signal.SIGKILL)
    wait_for_the_end(pid)
    stale = shell("dev", "status")
    assert (stale.code, "ended by itself, see " in stale.out) == (3, True)
    deleted(shell, own)
    assert (state / "stack" / NEWEST.name).exists()


def begun(shell: Shell, own: Path) -> tuple[dict[str, str], int]:
    """Set up, prepared, secured, and alive after the command: the settings to use, and its number."""
    done = shell("dev", "init", "--native", "--es-port", str(free_port()))
    assert done.code == 0, done.err
    found = dict(line.split("=", 1) for line in done.out.splitlines())
    password = Path(found["ES_PASSWORD_FILE"])
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert password.read_text().strip() not in done.out + done.err
    assert "16 templates loaded" in done.err
    pid = int((own / "pid").read_text())
    # In a session of its own: the end of a terminal does not reach it.
    assert os.getsid(pid) == pid
    with client(found) as es:
        es.index(index="vconf-conferences-2026", id="1", document={"@timestamp": "2026-11-20"}, refresh=True)
        mapping = es.indices.get_mapping(index="vconf-conferences-2026")["vconf-conferences-2026"]["mappings"]
        assert mapping["dynamic"] == "false"
    with Elasticsearch(found["ES_HOST"], basic_auth=("vconf-admin", "wrong")) as nobody:
        assert nobody.options(ignore_status=401).cluster.health().meta.status == 401
    return found, pid


def begun_again(shell: Shell, own: Path, found: dict[str, str]) -> None:
    before = (own / "pid").read_bytes()
    again = shell("dev", "init", "--native")
    assert again.code == 0, again.err
    assert dict(line.split("=", 1) for line in again.out.splitlines()) == found
    assert (own / "pid").read_bytes() == before
    on = shell("dev", "status")
    assert on.code == 0
    assert f"native  Elasticsearch  9.5.2  running, green  {found['ES_HOST']}  1 document, " in on.out


def stopped(done: Done) -> bool:
    return done.code == 3 and "9.5.2  stopped" in done.out


def deleted(shell: Shell, own: Path) -> None:
    unasked = shell("dev", "reset")
    assert unasked.code == 2
    assert f"{own} with the data, log and password" in unasked.err
    assert own.exists()
    gone = shell("dev", "reset", "--yes")
    assert gone.code == 0, gone.err
    assert not own.exists()


def client(found: dict[str, str]) -> Elasticsearch:
    password = Path(found["ES_PASSWORD_FILE"]).read_text().strip()
    return Elasticsearch(found["ES_HOST"], basic_auth=(found["ES_USER"], password))


def group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for_the_end(group: int) -> None:
    deadline = time.monotonic() + 20
    while group_exists(group):
        assert time.monotonic() < deadline
        time.sleep(0.02)


# -- with a program of ours in its place ------------------------------------------------------------------


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[str]) -> Native:
    """A native stack on a machine with a JDK that is good enough, and nobody else to run it."""
    monkeypatch.setattr(java, "find_runner", Runner)
    jdk = make_jdk(tmp_path / "jdk", "21", "jdk.jdi")
    return Native(tmp_path / "stack", {"ES_JAVA_HOME": str(jdk), "PATH": ""}, told.append)


def put_program(alone: Native, script: str) -> None:
    program = alone.rooms.programs / NEWEST.name
    (program / "bin").mkdir(parents=True)
    (program / "config").mkdir()
    path = program / "bin" / "elasticsearch"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def waiting(limit: float) -> Waiting:
    return Waiting(clock_from(None), limit, lambda _what, _passed: None, pause=0.02)


def test_all_that_is_missing_is_named_at_once(tmp_path: Path, alone: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "JDK_HOMES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    bare = Native(alone.rooms.programs, {"PATH": str(tmp_path)}, print)

    with pytest.raises(MissingToolError, match=r"No JDK 21 or newer.*\n.*comes through Maven, which was not found"):
        bare.set_up(Ports(free_port()))


def test_a_taken_port_is_told(alone: Native) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(HarvestError, match=rf"port {port}, meant for Elasticsearch, is taken: .* with --es-port"):
            alone.set_up(Ports(port))

    assert not alone.is_set_up()


def test_a_node_that_ends_while_starting_shows_its_log_and_leaves_no_number_behind(alone: Native) -> None:
    put_program(alone, "echo out of memory, or so; exit 1")
    alone.set_up(Ports(free_port()))

    with pytest.raises(NodeUnavailableError, match=r"ended while starting(?s:.*)out of memory(?s:.*)console\.log"):
        alone.start(waiting(20))

    assert alone.stop() is False
    assert alone.parts()[0].state == "stopped"


def test_a_node_that_takes_too_long_goes_on_and_can_be_ended(alone: Native) -> None:
    put_program(alone, "exec sleep 60")
    alone.set_up(Ports(free_port()))

    with pytest.raises(HarvestError, match=r"Elasticsearch was not ready after 0 s, and is still starting"):
        alone.start(waiting(0.2))

    assert (alone.parts()[0].state, alone.parts()[0].works) == ("starting", False)
    assert alone.stop() is True


def test_another_port_needs_an_end_first(alone: Native) -> None:
    put_program(alone, "exec sleep 60")
    port = free_port()
    alone.set_up(Ports(port))
    with pytest.raises(HarvestError, match="not ready"):
        alone.start(waiting(0))

    with pytest.raises(HarvestError, match=rf"runs on port {port}: '\./harvest\.py dev down' first"):
        alone.set_up(Ports(free_port()))
    alone.set_up(Ports())

    alone.stop()


def test_a_number_of_another_process_is_no_node_of_ours(alone: Native) -> None:
    put_program(alone, "exec sleep 60")
    alone.set_up(Ports(free_port()))
    (alone.rooms.own / "pid").write_text(f"{os.getpid()}\n")

    assert alone.parts()[0].state == "stopped"
    assert alone.stop() is False


def test_a_folder_out_of_reach_is_told(alone: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "can_reach", lambda _folder, _runner: False)

    with pytest.raises(NodeUnavailableError, match="set DATA_DIR to a folder below which everybody may walk"):
        alone.set_up(Ports(free_port()))


def test_a_password_that_is_lost_means_to_begin_anew(alone: Native) -> None:
    put_program(alone, "exec sleep 60")
    alone.set_up(Ports(free_port()))
    alone.rooms.password.unlink()

    with pytest.raises(HarvestError, match=r"is damaged: begin anew with '\./harvest\.py dev reset --native'"):
        alone.login()

    alone.delete()
    assert not alone.rooms.own.exists()


def test_a_second_set_up_keeps_the_password(alone: Native) -> None:
    put_program(alone, "exec sleep 60")
    alone.set_up(Ports(free_port()))
    before = alone.login()
    alone.set_up(Ports())

    assert alone.login() == before


def test_little_memory_and_few_maps_are_said(alone: Native, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    put_program(alone, "exec sleep 60")
    monkeypatch.setattr(machine, "memory", lambda: 1 << 30)
    monkeypatch.setattr(machine, "maps_hint", lambda: "few maps")
    alone.set_up(Ports(free_port()))

    assert told[0] == "few maps"
    assert "this machine has 1.0 GB of memory; Elasticsearch takes about 0.8 GB of it" in told[1]


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("65530\n", "less than 1,048,576, and many indices would fail"),
        ("262144\n", "less than 1,048,576, which Elasticsearch 9 wants"),
        ("1048576\n", None),
        ("", None),
    ],
)
def test_the_line_to_type_is_said_where_maps_are_few(tmp_path: Path, content: str, hint: str | None) -> None:
    path = tmp_path / "max_map_count"
    path.write_text(content)
    said = machine.maps_hint(path)

    assert (said is None) is (hint is None)
    if hint and said:
        assert hint in said
        assert said.endswith("sudo sysctl -w vm.max_map_count=1048576")
    assert machine.maps_hint(tmp_path / "absent") is None
