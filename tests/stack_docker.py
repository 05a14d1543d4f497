"""Behaves as `docker` and its Compose do, as far as `dev init` and its like call them; there is no engine here.

What it says when there is no engine, no right or no Compose was taken down from the real client (28.2); the rest is
what the real ones are known to say. Its Elasticsearch is `stack_server`. What goes wrong follows from files in its
folder, see `Engine`. It is called often, so it starts quickly: it needs nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

STATE = Path(sys.argv[1])
VOLUMES = {"elasticsearch": "vconf-harvest-elasticsearch", "kibana": "vconf-harvest-kibana"}
NO_ENGINE = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
NO_RIGHT = (
    "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: "
    'Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.50/info": dial unix /var/run/docker.sock: connect: permission denied'
)
NO_COMPOSE = "unknown flag: --short\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\nRun 'docker --help' for more"


def fail(said: str, code: int = 1) -> NoReturn:
    sys.stderr.write(f"{said}\n")
    sys.exit(code)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def told(name: str) -> str | None:
    path = STATE / name
    return path.read_text() if path.exists() else None


def read_containers() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(told("containers") or "{}")
    return found


def write_containers(found: dict[str, dict[str, object]]) -> None:
    fresh = STATE / f"containers.{os.getpid()}"
    fresh.write_text(json.dumps(found))
    fresh.rename(STATE / "containers")


def set_container(service: str, state: str, health: str = "", code: int = 0) -> None:
    write_containers({**read_containers(), service: {"State": state, "Health": health, "ExitCode": code}})


# -- docker ---------------------------------------------------------------------------------------------


def docker(arguments: list[str]) -> None:
    if arguments == ["--version"]:
        say("podman version 5.4.2" if told("podman") is not None else "Docker version 28.2.2, build e6534b4")
        return
    if arguments[0] == "compose":
        compose(arguments[1:])
        return
    if told("down") is not None:
        fail(NO_ENGINE)
    if told("forbidden") is not None:
        fail(NO_RIGHT)
    {"info": info, "image": image, "volume": volume}[arguments[0]](arguments[1:])


def info(arguments: list[str]) -> None:
    assert arguments == ["--format", "{{json .}}"]
    if told("podman") is not None:
        say(json.dumps({"host": {"memTotal": 8 << 30}, "version": {"Version": "5.4.2"}}))
        return
    say(json.dumps({"ServerVersion": "28.2.2", "MemTotal": int(told("memory") or 8 << 30), "ServerErrors": None}))


def image(arguments: list[str]) -> None:
    inspect, name = arguments
    if inspect != "inspect" or name not in (told("images") or ""):
        fail(f"Error response from daemon: No such image: {name}")


def volume(arguments: list[str]) -> None:
    inspect, name = arguments
    if inspect != "inspect" or told(f"volume {name}") is None:
        fail(f"Error response from daemon: get {name}: no such volume")


# -- compose --------------------------------------------------------------------------------------------


def compose(arguments: list[str]) -> None:
    if arguments == ["version", "--short"]:
        if told("no-compose") is not None:
            fail(NO_COMPOSE, 125)
        say("2.36.2")
        return
    option, file, env_option, env, command, *rest = arguments
    assert (option, env_option) == ("--file", "--env-file")
    lines = [line for line in Path(env).read_text().splitlines() if not line.startswith("#")]
    values = dict(line.split("=", 1) for line in lines)
    for name in re.findall(r"\$\{(\w+):\?", Path(file).read_text()):
        if not values.get(name):
            fail(f"error while interpolating: required variable {name} is missing a value: run dev init first")
    {"pull": pull, "up": up, "ps": ps, "down": down, "logs": logs}[command](rest, values)


def pull(rest: list[str], values: dict[str, str]) -> None:
    assert rest == ["--quiet"]
    if said := told("pull-fails"):
        fail(said)
    version = values["STACK_VERSION"]
    names = ("elasticsearch/elasticsearch", "kibana/kibana")
    (STATE / "images").write_text("".join(f"docker.elastic.co/{name}:{version}\n" for name in names))


def up(rest: list[str], values: dict[str, str]) -> None:
    assert rest == ["--detach", "--remove-orphans"]
    if said := told("up-fails"):
        fail(said)
    password = volume_of(values)
    if code := told("ends"):
        set_container("elasticsearch", "exited", code=int(code))
        fail(f"dependency failed to start: container vconf-harvest-elasticsearch-1 exited ({code})")
    set_container("elasticsearch", "running", "starting")
    if told("hangs") is not None:
        hang()
    if "pid" not in (told("server") or ""):
        serve_in_the_background(values["ES_PORT"], values["KIBANA_PORT"], password)
    set_container("elasticsearch", "running", "healthy")
    if values["ELASTIC_PASSWORD"] != password:
        set_container("kibana-login", "exited", code=77)
        fail('service "kibana-login" didn\'t complete successfully: exit 77')
    set_container("kibana-login", "exited")
    set_container("kibana", "running", "starting" if told("slow") is not None else "healthy")


def volume_of(values: dict[str, str]) -> str:
    """The password of the first start holds, whatever the settings say later."""
    for name in VOLUMES.values():
        if told(f"volume {name}") is None:
            (STATE / f"volume {name}").write_text(values["ELASTIC_PASSWORD"])
    return told(f"volume {VOLUMES['elasticsearch']}") or ""


def hang() -> NoReturn:
    def ended(_signum: int, _frame: object) -> NoReturn:
        (STATE / "ended").touch()
        sys.exit(130)

    signal.signal(signal.SIGTERM, ended)
    (STATE / "hanging").touch()
    time.sleep(60)
    sys.exit(1)


def ps(rest: list[str], _values: dict[str, str]) -> None:
    assert rest == ["--all", "--format", "json"]
    if told("down") is not None:
        fail(NO_ENGINE)
    rows = [{"Service": name, "Image": "x", "Publishers": [], **each} for name, each in read_containers().items()]
    if told("old-compose") is not None:
        say(json.dumps(rows))
    else:
        say("\n".join(map(json.dumps, rows)))


def down(rest: list[str], _values: dict[str, str]) -> None:
    assert rest[-1] == "--remove-orphans"
    end_server()
    (STATE / "containers").unlink(missing_ok=True)
    if "--volumes" in rest:
        for name in VOLUMES.values():
            (STATE / f"volume {name}").unlink(missing_ok=True)


def logs(rest: list[str], _values: dict[str, str]) -> None:
    assert rest[:4] == ["--no-color", "--no-log-prefix", "--tail", "12"]
    say(f"what {rest[4]} said last")


# -- the server behind the published port -----------------------------------------------------------------


def serve_in_the_background(port: str, kibana_port: str, password: str) -> None:
    command = [os.environ["STAND_IN_PYTHON"], "-m", "tests.stack_server", str(STATE), port, kibana_port, password]
    project, quiet = Path(__file__).parents[1], subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=project, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    while not (STATE / "serving").exists():
        time.sleep(0.02)
    (STATE / "server").write_text(json.dumps({"pid": process.pid}))
    process.returncode = 0


def end_server() -> None:
    if server := told("server"):
        with suppress(ProcessLookupError):
            os.kill(json.loads(server)["pid"], signal.SIGKILL)
        for name in ("server", "serving"):
            (STATE / name).unlink(missing_ok=True)


if __name__ == "__main__":
    with (STATE / "calls").open("a") as calls:
        calls.write(json.dumps(sys.argv[2:]) + "\n")
    docker(sys.argv[2:])
