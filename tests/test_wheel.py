"""The package as `pipx install .` installs it: outside the tree, with a state folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.shell import PROJECT, SECONDS
from tests.stack_engine import Engine, free_port, put_on_path

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, timeout=SECONDS)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in an environment that has the package and, by a path, its requirements: no network."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=SECONDS)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(venv / "bin" / "python")]
    options = ["install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, *options, str(wheel)], check=True, timeout=SECONDS)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    requirements = venv / "lib" / version / "site-packages" / "requirements.pth"
    requirements.write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return venv / "bin" / "vconf-harvest"


def run(installed: Path, home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The command in an empty home folder, and nothing of this machine's settings."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **more}
    return subprocess.run(
        [installed, *arguments],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_the_wheel_carries_what_the_command_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    templates = {f"harvesters/{path.relative_to(PROJECT)}" for path in (PROJECT / "index_templates").glob("*.json")}
    beside = {
        str(path.relative_to(PROJECT))
        for ending in ("*.py", "*.graphql", "*.json", "*.toml", "*.html", "*.css")
        for path in (PROJECT / "harvesters").rglob(ending)
    }
    assert len(templates) > 5
    carried = {"harvesters/docker/docker-compose.yml", "harvesters/kibana/vconf.ndjson"}
    assert templates | beside | carried <= names
    assert not any(name.startswith(("tests/", "docs/", "benchmarks/", "data/")) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_command_is_the_installed_package(installed: Path, tmp_path: Path) -> None:
    code = "import harvesters; print(harvesters.__file__)"
    command = [str(installed.parent / "python"), "-c", code]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    assert Path(found).is_relative_to(installed.parents[1])


def test_the_installed_command_helps_under_its_own_name(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: vconf-harvest" in done.stdout
    assert "vconf-harvest dev demo" in done.stdout
    assert "harvest.py" not in done.stdout


def test_the_installed_command_sets_a_cluster_up(
    installed: Path, tmp_path: Path, es: Elasticsearch, es_url: str, prefix: str
) -> None:
    done = run(installed, tmp_path, "setup", "templates", ES_HOST=es_url, INDEX_PREFIX=prefix)

    assert done.returncode == 0, done.stderr
    loaded = es.indices.get_index_template(name=f"{prefix}-*")["index_templates"]
    assert {each["name"].removeprefix(prefix) for each in loaded} == {
        "-conferences",
        "-participants",
        "-streams",
        "-usage",
        "-samples",
        "-issues",
        "-runs",
    }


def test_the_installed_command_shows_the_demo_in_an_empty_home(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "dev", "demo")

    assert done.returncode == 0, done.stderr
    assert "10 documents (2 conferences, 1 participant, 2 streams, 5 samples)" in done.stdout
    assert "harvest.py" not in done.stdout + done.stderr
    lake = tmp_path / ".local" / "state" / "vconf-harvest" / "demo" / "lake"
    assert len(list(lake.glob("*/*/*/*.ndjson.zst"))) == 4


def test_the_installed_command_finds_its_compose_file_and_keeps_passwords_with_its_state(
    installed: Path, tmp_path: Path, es_url: str, prefix: str
) -> None:
    engine = Engine(tmp_path / "engine")
    engine.folder.mkdir()
    engine.behave("node", es_url)
    put_on_path(tmp_path / "bin", engine)
    env = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "INDEX_PREFIX": prefix}
    done = run(
        installed, tmp_path, "dev", "init", "--es-port", str(free_port()), "--kibana-port", str(free_port()), **env
    )
    reset = run(installed, tmp_path, "dev", "reset", "--yes", **env)

    assert done.returncode == 0, done.stderr
    assert f"ES_PASSWORD_FILE={tmp_path}/.local/state/vconf-harvest/stack/password" in done.stdout
    assert reset.returncode == 0, reset.stderr
    assert "'vconf-harvest dev init' begins anew" in reset.stderr


def test_the_state_folder_may_be_elsewhere(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "dev", "demo", XDG_STATE_HOME=str(tmp_path / "state"))

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "state" / "vconf-harvest" / "demo" / "archive").is_dir()
    assert not (tmp_path / ".local").exists()
