"""What a real Elasticsearch needs before it can start: its files, a JDK, and a user who is not root.

Only the standard library is used, so that a bare machine can ask for its JDK before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAVEN_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get"
OLDEST_JAVA = 21
JDK_HOMES = ("usr/lib/jvm/*", "Library/Java/JavaVirtualMachines/*/Contents/Home")
PROJECT = Path(__file__).resolve().parent.parent


class NodeUnavailableError(Exception):
    """No Elasticsearch can be had; the message says what to do about it."""


class MissingToolError(NodeUnavailableError):
    """Maven or a JDK is not there; Docker would do as well."""


@dataclass(frozen=True)
class Distribution:
    """A version that Elastic publishes for tests, and the archive that we know it by."""

    version: str
    sha256: str

    @property
    def name(self) -> str:
        """What its folder is called, and its archive without the ending."""
        return f"elasticsearch-{self.version}"

    @property
    def artifact(self) -> str:
        """Where it lies in Maven's repositories."""
        return f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{self.version}:zip"


NEWEST = Distribution("9.5.2", "de3d9c88b5f993d9b1f937a1da8d7bfa3e881f83bf3a0dab3e49a8d557934618")
OLDEST = Distribution("8.19.8", "8d943e94cef02cbceb6e39cd00175bb04e5f882fa32783a473880b8691a54376")
"""The first and the last version that the README promises to load into."""


@dataclass(frozen=True)
class Runner:
    """The user who runs the node; None throughout is whoever we are."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[()] | None = None


def find_runner() -> Runner:
    """Return somebody without rights when we are root, whom Elasticsearch refuses to serve."""
    if os.geteuid() != 0:
        return Runner()
    for name in ("nobody", "daemon"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Runner(entry.pw_uid, entry.pw_gid, ())
    msg = "Elasticsearch does not run as root: run the tests as another user."
    raise NodeUnavailableError(msg)


def jdk_candidates(environ: Mapping[str, str], root: Path = Path("/")) -> Iterator[Path]:
    """Yield the places where a JDK may be, the one that the user chose first."""
    for name in ("ES_JAVA_HOME", "JAVA_HOME"):
        if home := environ.get(name):
            yield Path(home)
    if java := shutil.which("java", path=environ.get("PATH", os.defpath)):
        yield Path(java).resolve().parent.parent
    for homes in JDK_HOMES:
        yield from sorted(root.glob(homes))


def is_suitable(home: Path, runner: Runner) -> bool:
    """Tell whether this is a JDK that Elasticsearch boots on, when started by the runner."""
    modules = _modules(home, runner)
    major = re.match(r"\d+", modules.get("java.base", ""))
    # Trimmed run-time images lack jdk.jdi, and Elasticsearch does not boot on them.
    return major is not None and int(major[0]) >= OLDEST_JAVA and "jdk.jdi" in modules


def _modules(home: Path, runner: Runner) -> dict[str, str]:
    try:
        answer = subprocess.run(
            [home / "bin" / "java", "--list-modules"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            user=runner.uid,
            group=runner.gid,
            extra_groups=runner.groups,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(line.split("@", 1) for line in answer.stdout.splitlines() if "@" in line)


def find_jdk(candidates: Iterable[Path], runner: Runner) -> Path:
    """Return the first suitable JDK."""
    for home in candidates:
        if is_suitable(home, runner):
            return home
    msg = (
        f"No JDK {OLDEST_JAVA} or newer was found for Elasticsearch: install one (openjdk-21-jdk-headless, say), "
        "point ES_JAVA_HOME to one that every user may run, or start Docker."
    )
    raise MissingToolError(msg)


def can_reach(folder: Path, runner: Runner) -> bool:
    """Tell whether the runner can walk down to a folder, as far as it exists."""
    steps = (step for step in (folder, *folder.parents) if step.exists())
    return runner.uid is None or all(step.stat().st_mode & 0o001 for step in steps)


def cache_folder(environ: Mapping[str, str], runner: Runner, project: Path = PROJECT) -> Path:
    """Return where Elasticsearch is kept: with the project, or where the runner can reach it."""
    chosen = Path(environ.get("VCONF_TEST_CACHE") or project / ".cache").resolve() / "elasticsearch"
    chosen.mkdir(parents=True, exist_ok=True)
    if can_reach(chosen, runner):
        return chosen
    shared = _shared_folder()
    if can_reach(shared, runner):
        return shared
    msg = f"Only we can reach {chosen} and {shared}: set VCONF_TEST_CACHE to a folder open to all."
    raise NodeUnavailableError(msg)


def _shared_folder() -> Path:
    folder = Path(tempfile.gettempdir()).resolve() / f"vconf-harvest-elasticsearch-{os.geteuid()}"
    folder.mkdir(exist_ok=True)
    # Anybody may make a folder of this name there, and we are about to run programs from it.
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        msg = f"{folder} is not ours: remove it."
        raise NodeUnavailableError(msg)
    folder.chmod(0o755)
    return folder


def get_distribution(cache: Path, wanted: Distribution) -> Path:
    """Return the unpacked Elasticsearch, downloaded if the cache has neither it nor its archive."""
    program = cache / wanted.name
    archive = cache / f"{wanted.name}.zip"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.is_dir():
            if not archive.is_file():
                download(archive, wanted)
            verify(archive, wanted.sha256)
            unpack(archive, program)
            archive.unlink()
    return program


def download(archive: Path, wanted: Distribution) -> None:
    """Let Maven fetch the archive, from wherever this machine's Maven gets its artifacts."""
    maven = shutil.which("mvn")
    if maven is None:
        msg = (
            f"Elasticsearch {wanted.version} comes through Maven, which was not found: install maven, or start Docker."
        )
        raise MissingToolError(msg)
    sys.stderr.write(f"Fetching Elasticsearch {wanted.version} (100 to 130 MB) through Maven, this once\n")
    # A local repository of its own: a broken download must not stay behind and come back for ever.
    with tempfile.TemporaryDirectory(dir=archive.parent) as repository:
        options = ["-B", "-q", "-Dstyle.color=never", f"-Dmaven.repo.local={repository}"]
        command = [maven, *options, MAVEN_GOAL, f"-Dartifact={wanted.artifact}", "-Dtransitive=false"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode:
            msg = f"Maven could not fetch {wanted.artifact}:\n{answer.stdout[-2000:]}"
            raise NodeUnavailableError(msg)
        next(Path(repository).rglob(archive.name)).replace(archive)


def verify(archive: Path, expected: str) -> None:
    """Refuse, and delete, an archive that is not the one we know."""
    with archive.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != expected:
        archive.unlink()
        msg = f"{archive.name} was deleted: its SHA-256 is {found}, not {expected}. Try again."
        raise NodeUnavailableError(msg)


def unpack(archive: Path, target: Path) -> None:
    """Unpack the archive's one folder as `target`, all at once, readable by everybody."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder, zipfile.ZipFile(archive) as content:
        for entry in content.infolist():
            path = Path(content.extract(entry, folder))
            # zipfile forgets the modes, and our umask may keep others out.
            runnable = entry.is_dir() or entry.external_attr >> 16 & 0o100
            path.chmod(0o755 if runnable else 0o644)
        (Path(folder) / target.name).rename(target)
