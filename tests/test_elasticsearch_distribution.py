from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harvesters.stack import java
from harvesters.stack.distribution import NEWEST, unpack
from harvesters.stack.java import MissingToolError, NodeUnavailableError, Runner
from tests import elasticsearch_distribution as distribution
from tests.elasticsearch_distribution import OLDEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvesters.stack.distribution import Distribution

SOMEBODY = Runner(uid=65534, gid=65534, groups=())


def make_jdk(home: Path, version: str, *modules: str) -> Path:
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    lines = "\n".join(f"echo {name}@{version}" for name in ("java.base", *modules))
    java.write_text(f"#!/bin/sh\n{lines}\n")
    java.chmod(0o755)
    return home


def make_archive(path: Path) -> Path:
    folder = NEWEST.name
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir(folder)
        for name, mode in (("bin/elasticsearch", 0o755), ("config/jvm.options", 0o644)):
            entry = zipfile.ZipInfo(f"{folder}/{name}")
            entry.external_attr = mode << 16
            archive.writestr(entry, name)
    return path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def private_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_the_jdks_are_tried_in_the_order_of_the_user_wish(tmp_path: Path) -> None:
    on_path = make_jdk(tmp_path / "path", "17")
    debian = make_jdk(tmp_path / "usr/lib/jvm/java-21", "21")
    mac = make_jdk(tmp_path / "Library/Java/JavaVirtualMachines/21.jdk/Contents/Home", "21")
    environ = {"JAVA_HOME": "/second", "ES_JAVA_HOME": "/first", "PATH": str(on_path / "bin")}

    found = [str(home) for home in java.jdk_candidates(environ, root=tmp_path)]

    assert found == ["/first", "/second", str(on_path.resolve()), str(debian), str(mac)]


def test_java_on_the_path_is_followed_to_its_home(tmp_path: Path) -> None:
    home = make_jdk(tmp_path / "jdk", "21")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")

    found = list(java.jdk_candidates({"PATH": str(tmp_path / "bin")}, root=tmp_path))

    assert found == [home.resolve()]


@pytest.mark.parametrize(
    ("version", "modules", "suitable"),
    [
        ("21", ["jdk.jdi"], True),
        ("25.0.3", ["jdk.jdi"], True),
        ("26-ea", ["jdk.jdi"], True),
        ("17.0.15", ["jdk.jdi"], False),
        ("9.0.4", ["jdk.jdi"], False),
        ("25.0.3", [], False),
    ],
)
def test_a_jdk_must_be_young_and_whole(tmp_path: Path, version: str, modules: list[str], *, suitable: bool) -> None:
    home = make_jdk(tmp_path / "jdk", version, *modules)

    assert java.is_suitable(home, Runner()) is suitable


def test_a_java_that_knows_no_modules_is_not_suitable(tmp_path: Path) -> None:
    home = make_jdk(tmp_path / "jdk", "25")
    (home / "bin" / "java").write_text("#!/bin/sh\necho Unrecognized option: --list-modules >&2\nexit 1\n")

    assert not java.is_suitable(home, Runner())


def test_a_jdk_that_the_runner_cannot_reach_is_not_suitable(tmp_path: Path) -> None:
    home = make_jdk(tmp_path / "private" / "jdk", "25", "jdk.jdi")
    home.parent.chmod(0o700)
    we_are_root = os.geteuid() == 0

    assert java.is_suitable(home, java.find_runner()) is not we_are_root


def test_the_first_suitable_jdk_is_taken(tmp_path: Path) -> None:
    homes = [tmp_path / "absent"]
    homes += [make_jdk(tmp_path / version, version, "jdk.jdi") for version in ("17", "21", "25")]

    assert java.find_jdk(homes, Runner()) == tmp_path / "21"


def test_without_a_jdk_the_sentence_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match=r"No JDK 21 or newer .* ES_JAVA_HOME .* or start Docker"):
        java.find_jdk([tmp_path], Runner())


def test_a_java_that_will_not_do_is_named(tmp_path: Path) -> None:
    old = make_jdk(tmp_path / "old", "17.0.15", "jdk.jdi")

    with pytest.raises(MissingToolError, match=rf"No JDK 21 or newer .* \(but 17\.0\.15 in {old}\): install one"):
        java.find_jdk([tmp_path / "absent", old, old], Runner())


def test_without_maven_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingToolError, match=r"Elasticsearch 8\.19\.8 .* install maven, or start Docker"):
        distribution.get_distribution(tmp_path, OLDEST)


def test_a_failing_maven_is_quoted_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text("#!/bin/sh\necho no such host\nexit 1\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", str(maven.parent), prepend=os.pathsep)
    cache = tmp_path / "cache"
    cache.mkdir()

    with pytest.raises(NodeUnavailableError, match=r"could not fetch org\.elasticsearch(?s:.*)no such host"):
        distribution.get_distribution(cache, NEWEST)

    assert [path.name for path in cache.iterdir()] == ["lock"]


@pytest.mark.parametrize(("wanted", "sha256"), [(NEWEST, "de3d9c88"), (OLDEST, "8d943e94")])
def test_a_wrong_archive_is_deleted_and_not_unpacked(tmp_path: Path, wanted: Distribution, sha256: str) -> None:
    archive = make_archive(tmp_path / f"{wanted.name}.zip")

    with pytest.raises(NodeUnavailableError, match=rf"was deleted: its SHA-256 is [0-9a-f]{{64}}, not {sha256}"):
        distribution.get_distribution(tmp_path, wanted)

    assert not archive.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


@pytest.mark.usefixtures("private_umask")
def test_everybody_can_run_what_is_unpacked(tmp_path: Path) -> None:
    target = tmp_path / NEWEST.name

    unpack(make_archive(tmp_path / "archive.zip"), target)

    assert mode(target) == 0o755
    assert mode(target / "bin" / "elasticsearch") == 0o755
    assert mode(target / "config" / "jvm.options") == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive.zip", target.name]


def test_what_is_unpacked_is_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    unpacked = {wanted: tmp_path / f"elasticsearch-{wanted.version}" for wanted in (NEWEST, OLDEST)}
    for target in unpacked.values():
        target.mkdir()

    assert {wanted: distribution.get_distribution(tmp_path, wanted) for wanted in unpacked} == unpacked


def test_the_cache_lies_with_the_project_or_where_the_user_wants_it(tmp_path: Path) -> None:
    wanted = {"VCONF_TEST_CACHE": str(tmp_path / "elsewhere")}

    assert distribution.cache_folder({}, Runner(), tmp_path) == tmp_path / ".cache" / "elasticsearch"
    assert distribution.cache_folder(wanted, Runner(), tmp_path) == tmp_path / "elsewhere" / "elasticsearch"


def test_below_a_private_folder_the_system_has_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(shared))
    monkeypatch.setattr(distribution, "can_reach", lambda folder, _runner: folder.is_relative_to(shared))

    folder = distribution.cache_folder({}, SOMEBODY, tmp_path / "home")

    assert folder == shared / f"vconf-harvest-elasticsearch-{os.geteuid()}"
    assert mode(folder) == 0o755


def test_a_shared_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tmp_path.chmod(0o700)
    (tmp_path / "trap").mkdir()
    (tmp_path / f"vconf-harvest-elasticsearch-{os.geteuid()}").symlink_to(tmp_path / "trap")

    with pytest.raises(NodeUnavailableError, match=r"is not ours: remove it"):
        distribution.cache_folder({}, SOMEBODY, tmp_path)


def test_nowhere_to_go_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tmp_path.chmod(0o700)

    with pytest.raises(NodeUnavailableError, match=r"set VCONF_TEST_CACHE to a folder open to all"):
        distribution.cache_folder({}, SOMEBODY, tmp_path)


def test_only_a_folder_with_private_parents_is_out_of_reach(tmp_path: Path) -> None:
    open_folder = tmp_path / "private" / "open"
    open_folder.mkdir(parents=True)
    open_folder.parent.chmod(0o700)

    assert not java.can_reach(open_folder, SOMEBODY)
    assert java.can_reach(open_folder, Runner())
    assert java.can_reach(Path("/"), SOMEBODY)
