"""The compose file: right by Compose's own schema, shut to the world, fed by the settings that `dev init` writes."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from harvesters.stack import env_file
from harvesters.stack.docker_stack import IMAGES, VOLUMES
from harvesters.stack.docker_stack import PROJECT as PROJECT_NAME
from tests.shell import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

FILE = PROJECT / "docker" / "docker-compose.yml"
TEXT = FILE.read_text()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(TEXT)
    return loaded


def checked(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_schema_of_compose_finds_nothing_wrong() -> None:
    done = checked(FILE)

    assert (done.returncode, done.stdout.strip()) == (0, "ok -- validation done")


def test_the_schema_of_compose_would_find_it(tmp_path: Path) -> None:
    spoiled = tmp_path / "docker-compose.yml"
    spoiled.write_text(TEXT.replace("    mem_limit:", "    memory_limit:"))

    done = checked(spoiled)

    assert done.returncode == 1
    assert "memory_limit" in done.stdout


def test_every_port_listens_on_this_machine_alone(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:${") for port in ports)


def test_a_login_is_asked_for_and_both_are_of_one_version(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert services["elasticsearch"]["environment"]["xpack.security.enabled"] == "true"
    images = {name: re.sub(r":\?.*?\}", "}", service["image"]) for name, service in services.items()}
    assert images == {
        "elasticsearch": f"{IMAGES[0]}:${{STACK_VERSION}}",
        "kibana-login": f"{IMAGES[0]}:${{STACK_VERSION}}",
        "kibana": f"{IMAGES[1]}:${{STACK_VERSION}}",
    }


def test_data_lie_in_named_volumes_and_both_servers_are_watched_and_held_in_memory(compose: dict[str, Any]) -> None:
    assert compose["name"] == PROJECT_NAME
    assert tuple(volume["name"] for volume in compose["volumes"].values()) == VOLUMES
    for name in ("elasticsearch", "kibana"):
        service = compose["services"][name]
        assert service["volumes"][0].partition(":")[0] in compose["volumes"]
        assert {"test", "interval", "retries"} <= set(service["healthcheck"])
        assert service["mem_limit"].startswith("${")


def test_the_settings_that_it_wants_are_those_that_init_writes() -> None:
    wanted = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))

    assert wanted == {each.name for each in env_file.fresh()}
    # Without one of them nothing is started with an empty password.
    assert wanted == set(re.findall(r"(?<!\$)\$\{(\w+):\?run dev init first\}", TEXT))


def test_the_script_that_sets_kibana_s_password_is_bash_and_shows_no_password(compose: dict[str, Any]) -> None:
    (script,) = compose["services"]["kibana-login"]["command"]
    script = script.replace("$$", "$")
    curl = script[script.index("curl --config -") :].partition(")")[0]

    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    # What stands behind `printf`, which is the shell's own, is seen by nobody; what curl gets is.
    assert "PASSWORD" not in curl
    assert "user/kibana_system/_password" in curl


@pytest.mark.parametrize(("text", "size"), [("1500m", 1500 << 20), ("2g", 2 << 30), ("2G", 2 << 30), ("512", 512)])
def test_sizes_are_read_as_compose_writes_them(text: str, size: int) -> None:
    assert env_file.in_bytes(text) == size


def test_a_setting_of_one_s_own_survives(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("ES_HEAP=3g\nCOMPOSE_HTTP_TIMEOUT=120\nKIBANA_PORT=\n")
    values = env_file.complete(path, {"ES_PORT": "9201"})

    assert {name: values[name] for name in ("ES_HEAP", "COMPOSE_HTTP_TIMEOUT", "KIBANA_PORT", "ES_PORT")} == {
        "ES_HEAP": "3g",
        "COMPOSE_HTTP_TIMEOUT": "120",
        "KIBANA_PORT": "5601",
        "ES_PORT": "9201",
    }
    before = path.read_bytes()
    assert env_file.complete(path, {}) == values
    assert path.read_bytes() == before
