from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


def wishes(name: str) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in (PROJECT / name).read_text().splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def pins(name: str) -> dict[str, str]:
    text = (PROJECT / name).read_text().replace("\\\n", " ")
    lines = (line for line in text.splitlines() if line and not line.lstrip().startswith("#"))
    return {re.split(r"[=;\s]", line, maxsplit=1)[0]: line for line in lines}


def test_the_package_depends_on_the_runtime_requirements() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]

    assert project["dependencies"] == wishes("requirements.in")


@pytest.mark.parametrize("extra", ["parquet", "report"])
def test_an_extra_is_what_its_requirements_say(extra: str) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]

    assert project["optional-dependencies"][extra] == wishes(f"requirements-{extra}.in")


@pytest.mark.parametrize("name", ["requirements", "requirements-parquet", "requirements-report", "requirements-dev"])
def test_each_requirement_is_pinned_with_hashes_and_for_any_index(name: str) -> None:
    pinned = pins(f"{name}.txt")

    assert {re.split(r"[<>=]", wish, maxsplit=1)[0] for wish in wishes(f"{name}.in")} <= set(pinned)
    for line in pinned.values():
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+", line.strip())


@pytest.mark.parametrize("name", ["requirements", "requirements-parquet", "requirements-report"])
def test_development_shares_the_versions_of_the_runtime(name: str) -> None:
    runtime, dev = pins(f"{name}.txt"), pins("requirements-dev.txt")
    shared = runtime.keys() & dev.keys()

    assert {name: runtime[name] for name in shared} == {name: dev[name] for name in shared}
