"""`dev init`, `up`, `down`, `status`, `reset` in Docker: with a program that behaves like `docker`, as real processes.

A clone of its own for each test, since `docker/.env` lies in it; its Elasticsearch is the real one of the tests.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import sys
import time
from typing import TYPE_CHECKING

import pytest

from harvesters.core.day import clock_from
from harvesters.core.errors import HarvestError
from harvesters.stack.docker_stack import DockerStack
from harvesters.stack.parts import Ports
from harvesters.stack.waiting import Waiting
from tests.shell import PROJECT
from tests.stack_engine import Clone, Engine, free_port, put_on_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elasticsearch import Elasticsearch

    from tests.shell import Done

SECRET = re.compile(r"^(?:ELASTIC_PASSWORD|KIBANA_PASSWORD|KIBANA_ENCRYPTION_KEY)=(.+)$", re.MULTILINE)


@pytest.fixture
def engine(tmp_path: Path, es_url: str) -> Iterator[Engine]:
    found = Engine(tmp_path / "engine")
    found.folder.mkdir()
    found.behave("node", es_url)
    yield found
    if (server := found.folder / "server").exists():
        os.kill(json.loads(server.read_text())["pid"], signal.SIGKILL)


@pytest.fixture
def shell(tmp_path: Path, engine: Engine, prefix: str) -> Clone:
    folder = tmp_path / "clone"
    (folder / "docker").mkdir(parents=True)
    shutil.copy(PROJECT / "harvest.py", folder)
    shutil.copy(PROJECT / "docker" / "docker-compose.yml", folder / "docker")
    for name in ("harvesters", "index_templates"):
        (folder / name).symlink_to(PROJECT / name)
    put_on_path(tmp_path / "bin", engine)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return Clone(folder, {"PATH": path, "INDEX_PREFIX": prefix})


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def stack(shell: Clone, monkeypatch: pytest.MonkeyPatch, told: list[str]) -> DockerStack:
    """The same without the command around it."""
    monkeypatch.setenv("PATH", shell.env["PATH"])
    folder = shell.folder / "docker"
    return DockerStack(folder / "docker-compose.yml", folder, told.append)


def init(shell: Clone, *arguments: str) -> Done:
    return shell("dev", "init", "--es-port", str(free_port()), "--kibana-port", str(free_port()), *arguments)


def port_of(shell: Clone) -> str:
    found = re.search(r"^ES_PORT=(\d+)$", shell.stack_env.read_text(), re.MULTILINE)
    assert found
    return found[1]


# -- it works -------------------------------------------------------------------------------------------


def test_init_makes_passwords_starts_waits_and_loads_the_templates(
    shell: Clone, es: Elasticsearch, prefix: str
) -> None:
    done = init(shell)

    assert done.code == 0, done.err
    port = port_of(shell)
    password_file = shell.folder / "docker" / "password"
    *elastic, kibana = done.out.splitlines()
    assert elastic == [f"ES_HOST=http://127.0.0.1:{port}", "ES_USER=elastic", f"ES_PASSWORD_FILE={password_file}"]
    assert re.fullmatch(r"KIBANA_HOST=http://127\.0\.0\.1:\d+", kibana)
    assert re.search(
        rf"^\d+ objects loaded into Kibana at {kibana.partition('=http://')[2]} \(9\.5\.2\)", done.err, re.MULTILINE
    )
    assert "Fetching docker.elastic.co/elasticsearch/elasticsearch:9.5.2 and docker.elastic.co/kibana/" in done.err
    assert "Waiting for Elasticsearch, up to 300 s." in done.err
    assert f"Elasticsearch answers at http://127.0.0.1:{port}, Kibana at http://127.0.0.1:" in done.err
    assert f"16 templates loaded into Elasticsearch at 127.0.0.1:{port}." in done.err
    assert f"log in as elastic; the password is in {password_file}" in done.err
    assert es.indices.exists_index_template(name=f"{prefix}-conferences")


def test_passwords_are_for_their_owner_alone_and_nowhere_to_be_seen(shell: Clone, engine: Engine) -> None:
    done = init(shell, "-vv")

    text = shell.stack_env.read_text()
    secrets = SECRET.findall(text)
    assert len(set(secrets)) == 3
    assert min(map(len, secrets)) >= 32
    for path in (shell.stack_env, shell.folder / "docker" / "password"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    calls = (engine.folder / "calls").read_text()
    assert not [secret for secret in secrets if secret in done.out + done.err + calls]


def test_what_is_printed_are_the_settings_to_use(shell: Clone) -> None:
    (shell.folder / ".env").write_text("OPENTOK_API_KEY=7")
    first = init(shell, "--write-env")
    written = (shell.folder / ".env").read_text()
    again = shell("dev", "init", "--write-env")
    loaded = shell("setup", "templates")

    assert written == f"OPENTOK_API_KEY=7\n{first.out}"
    assert (shell.folder / ".env").read_text() == written
    assert "has them already" in again.err
    assert (loaded.code, "16 templates loaded" in loaded.err) == (0, True), loaded.err


def test_an_env_that_names_another_elasticsearch_is_left_alone(shell: Clone) -> None:
    (shell.folder / ".env").write_text("ES_HOST=https://es.example.org:9200\n")
    done = init(shell, "--write-env")

    assert done.code == 1
    assert "sets ES_HOST already: put the lines above in their place by hand." in done.err
    assert (shell.folder / ".env").read_text() == "ES_HOST=https://es.example.org:9200\n"


def test_a_second_init_changes_nothing_and_fetches_nothing(shell: Clone, engine: Engine) -> None:
    first = init(shell)
    before = shell.stack_env.read_bytes()
    second = shell("dev", "init")

    assert (second.code, second.out) == (0, first.out), second.err
    assert shell.stack_env.read_bytes() == before
    assert engine.said_to_compose().count("pull") == 1


def test_down_keeps_the_data_and_up_starts_it_again(shell: Clone, engine: Engine) -> None:
    init(shell)
    down = shell("dev", "down")
    off = shell("dev", "status")
    up = shell("dev", "up")
    on = shell("dev", "status")

    assert (down.code, down.err) == (0, "docker: ended; the data stay.\n")
    assert (engine.folder / "volume vconf-harvest-elasticsearch").exists()
    assert off.code == 3
    assert [line.split()[:4] for line in off.out.splitlines()] == [
        ["docker", "Elasticsearch", "9.5.2", "stopped"],
        ["docker", "Kibana", "9.5.2", "stopped"],
    ]
    assert (up.code, on.code) == (0, 0), up.err
    elastic, kibana = on.out.splitlines()
    assert re.search(rf"running, healthy, \w+ +http://127.0.0.1:{port_of(shell)} +[\d,]+ documents, [\d.]+ MB", elastic)
    assert re.search(r"Kibana +9.5.2 +running, healthy +http://127.0.0.1:\d+$", kibana)


def test_the_answer_of_an_older_compose_is_read_too(stack: DockerStack, engine: Engine) -> None:
    engine.behave("old-compose")
    started(stack)

    assert [part.works for part in stack.parts()] == [True, True]


def test_another_port_is_taken_over_and_the_passwords_stay(shell: Clone, stack: DockerStack) -> None:
    started(stack)
    before = SECRET.findall(shell.stack_env.read_text())
    stack.stop()
    port = free_port()
    stack.set_up(Ports(elasticsearch=port))
    stack.start(waiting())

    assert port_of(shell) == str(port)
    assert SECRET.findall(shell.stack_env.read_text()) == before


def test_reset_names_what_it_deletes_and_wants_a_yes(shell: Clone, stack: DockerStack, engine: Engine) -> None:
    started(stack)
    unasked = shell("dev", "reset")
    meant = shell("dev", "reset", "--yes")

    assert unasked.code == 2
    assert "the volume vconf-harvest-elasticsearch with all that Elasticsearch holds" in unasked.err
    assert str(shell.stack_env) in unasked.err
    assert "add --yes if it is meant" in unasked.err
    assert meant.code == 0, meant.err
    assert not list(engine.folder.glob("volume *"))
    assert not shell.stack_env.exists()
    assert not (shell.folder / "docker" / "password").exists()


def test_a_terminal_is_asked_and_only_yes_is_one(shell: Clone, stack: DockerStack) -> None:
    started(stack)
    refused = typed(shell, "y\n", "dev", "reset")
    there = shell.stack_env.exists()
    agreed = typed(shell, "yes\n", "dev", "reset")

    assert (refused[0], there) == (1, True)
    assert "Nothing was deleted." in refused[1]
    assert (agreed[0], shell.stack_env.exists()) == (0, False)


def typed(shell: Clone, text: str, *arguments: str) -> tuple[int, str]:
    """A command whose stdin and stdout are a terminal."""
    pid, terminal = os.forkpty()
    if pid == 0:
        os.chdir(shell.folder)
        os.execve(  # noqa: S606 - our own command
            sys.executable, shell.command(*arguments), shell.environment({})
        )
    os.write(terminal, text.encode())
    said = b""
    while chunk := read_terminal(terminal):
        said += chunk
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode()


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux: the other side is gone
        return b""


def test_a_line_that_was_taken_out_of_the_settings_comes_back(shell: Clone, stack: DockerStack) -> None:
    started(stack)
    before = shell.stack_env.read_text()
    shell.stack_env.write_text(re.sub(r"^KIBANA_MEMORY=.*\n", "", before, flags=re.MULTILINE))
    stack.set_up(Ports())

    assert sorted(shell.stack_env.read_text().splitlines()) == sorted(before.splitlines())


# -- it does not ------------------------------------------------------------------------------------------


def test_without_docker_the_native_way_is_offered(shell: Clone, tmp_path: Path) -> None:
    (tmp_path / "bin" / "docker").unlink()
    nothing = {"PATH": str(tmp_path / "bin"), "JAVA_HOME": str(tmp_path)}
    done = shell("dev", "init", **nothing)

    assert done.code == 1
    assert "Docker was not found: install Docker (https://" in done.err
    assert "or, without Docker and Kibana, './harvest.py dev init --native'" in done.err
    assert "comes through Maven, which was not found: install maven" in done.err
    assert not shell.stack_env.exists()


NOT_REACHED = 'Get "https://docker.elastic.co/v2/": dial tcp: lookup docker.elastic.co: no such host'
ALLOCATED = "driver failed programming external connectivity: Bind for 127.0.0.1:5601 failed: port is already allocated"


@pytest.mark.parametrize(
    ("how", "text", "sentence"),
    [
        ("down", "", "its engine does not run: start Docker Desktop, or 'sudo systemctl start docker'"),
        ("forbidden", "", "this user may not use Docker: add it to the group docker ('sudo usermod -aG docker $USER')"),
        ("no-compose", "", "not its Compose plugin: install the package docker-compose-plugin"),
        ("memory", str(2 << 30), "has 2.0 GB of memory, and Elasticsearch with Kibana may take 3.5 GB: give it more"),
        ("pull-fails", NOT_REACHED, "the images cannot be fetched: docker.elastic.co is not reached from here"),
        ("pull-fails", "toomanyrequests: You have reached your limit.", "how often this address may ask: try again"),
        ("pull-fails", "write /var/lib/x: no space left on device", "there is no room on the disk of Docker's engine"),
        ("pull-fails", "manifest unknown", "there is no image of this version for this machine: set STACK_VERSION in"),
        ("up-fails", ALLOCATED, "choose others with --es-port and --kibana-port"),
        ("up-fails", "something quite new", "'docker compose up' failed. What it said last:\nsomething quite new"),
        ("ends", "78", "Elasticsearch ended with exit code 78. The end of its log:\nwhat elasticsearch said last"),
        ("ends", "137", "Elasticsearch was killed (exit code 137), mostly for lack of memory"),
    ],
)
def test_what_goes_wrong_in_docker_is_a_sentence_with_what_to_do(
    stack: DockerStack, engine: Engine, how: str, text: str, sentence: str
) -> None:
    engine.behave(how, text)

    with pytest.raises(HarvestError) as caught:
        started(stack)

    assert sentence in str(caught.value)


def started(stack: DockerStack) -> None:
    stack.set_up(Ports(free_port(), free_port()))
    stack.start(waiting())


def waiting(limit: float = 60) -> Waiting:
    return Waiting(clock_from(None), limit, lambda _what, _passed: None, pause=0.02)


def test_what_went_wrong_once_does_no_harm_to_the_next_init(shell: Clone, engine: Engine) -> None:
    engine.behave("ends", "137")
    failed = init(shell)
    engine.again("ends")
    again = shell("dev", "init")

    assert (failed.code, failed.out) == (1, "")
    assert again.code == 0, again.err


def test_podman_is_said_to_be_untried(stack: DockerStack, engine: Engine, told: list[str]) -> None:
    engine.behave("podman")
    started(stack)

    assert "docker is Podman here, with which this was never tried." in told


@pytest.mark.parametrize(("option", "what"), [("--es-port", "Elasticsearch"), ("--kibana-port", "Kibana")])
def test_a_taken_port_is_told_with_the_option_for_another(
    shell: Clone, stack: DockerStack, option: str, what: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = Ports(port, free_port()) if what == "Elasticsearch" else Ports(free_port(), port)
        with pytest.raises(HarvestError, match=f"port {port}, meant for {what}, is taken: end .* with {option}"):
            stack.set_up(ports)

    assert not shell.stack_env.exists()


def test_data_without_their_passwords_are_not_locked_up(shell: Clone, stack: DockerStack, engine: Engine) -> None:
    started(stack)
    stack.stop()
    shell.stack_env.unlink()
    done = init(shell)
    reset = shell("dev", "reset", "--docker", "--yes")

    assert done.code == 1
    assert "has the volume vconf-harvest-elasticsearch of an earlier stack, whose passwords are not in" in done.err
    assert not shell.stack_env.exists()
    assert reset.code == 0, reset.err
    assert not list(engine.folder.glob("volume *"))


def test_another_password_than_the_data_s_is_told(shell: Clone, stack: DockerStack) -> None:
    started(stack)
    stack.stop()
    text = shell.stack_env.read_text()
    shell.stack_env.write_text(re.sub(r"^ELASTIC_PASSWORD=.*$", "ELASTIC_PASSWORD=other", text, flags=re.MULTILINE))
    done = shell("dev", "up")

    assert done.code == 1
    assert "refuses the password" in done.err
    assert "dev reset" in done.err


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("STACK_VERSION=8.11.4", "is '8.11.4': Elasticsearch and Kibana 8.19 is the oldest that works here"),
        ("ES_PORT=x", "must be numbers"),
        ("ES_MEMORY=much", "are written as 1500m or 2g"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(shell: Clone, stack: DockerStack, line: str, sentence: str) -> None:
    shell.stack_env.write_text(f"{line}\n")

    with pytest.raises(HarvestError, match=sentence):
        stack.set_up(Ports())


def test_a_kibana_that_takes_its_time_is_named_and_goes_on(shell: Clone, stack: DockerStack, engine: Engine) -> None:
    started(stack)
    engine.behave("slow")
    with pytest.raises(HarvestError, match=r"Kibana was not ready after 1 s, and is still starting: see '.* status'"):
        stack.start(waiting(1))
    status = shell("dev", "status")

    assert status.code == 3
    assert "see: docker logs vconf-harvest-kibana-1" in status.out
    engine.again("slow")
    stack.start(waiting())


def test_ctrl_c_ends_the_waiting_and_says_how_to_go_on(shell: Clone, engine: Engine) -> None:
    engine.behave("hangs")
    with shell.started("dev", "init", "--es-port", str(free_port()), "--kibana-port", str(free_port())) as process:
        wait_for(engine.folder / "hanging")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    before = shell.stack_env.read_bytes()
    engine.again("hangs")
    again = shell("dev", "init")

    assert process.returncode == 130
    assert "interrupted: what was started goes on. './harvest.py dev init' goes on from here" in said
    assert (engine.folder / "ended").exists()
    assert again.code == 0, again.err
    assert shell.stack_env.read_bytes() == before


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_second_command_meanwhile_is_told_to_come_later(shell: Clone, engine: Engine) -> None:
    engine.behave("hangs")
    with shell.started("dev", "init", "--es-port", str(free_port()), "--kibana-port", str(free_port())) as process:
        wait_for(engine.folder / "hanging")
        second = shell("dev", "down")
        process.send_signal(signal.SIGTERM)
        process.wait(20)

    assert second.code == 75
    assert "dev stack is locked by process" in second.err


@pytest.mark.parametrize(
    ("command", "code"), [(["up"], 1), (["down"], 0), (["status"], 3), (["reset", "--yes"], 1)], ids=str
)
def test_before_init_there_is_nothing(shell: Clone, command: list[str], code: int) -> None:
    done = shell("dev", *command)

    assert done.code == code
    assert "othing is set up here; './harvest.py dev init' does it." in done.err


def test_there_is_no_kibana_without_docker(shell: Clone) -> None:
    done = shell("dev", "init", "--native", "--kibana-port", "5601")

    assert (done.code, done.err) == (2, "error: --kibana-port: there is no Kibana with --native.\n")


# -- the README -------------------------------------------------------------------------------------------


def test_every_line_of_the_readme_works(shell: Clone) -> None:
    section = (PROJECT / "README.md").read_text().partition("## Elasticsearch and Kibana on this machine")[2]
    blocks = re.findall(r"```bash\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    lines = [line.split()[1:] for line in "".join(blocks).splitlines()]
    ports = ["--es-port", str(free_port()), "--kibana-port", str(free_port())]
    more = {"init": ports, "reset": ["--yes"]}
    known = [line for line in lines if "--native" not in line]

    assert [line[1] for line in lines] == ["init", "status", "down", "up", "reset", "init"]
    for line in known:
        done = shell(*line, *more.get(line[1], []))
        assert done.code == 0, f"{line}\n{done.err}"
