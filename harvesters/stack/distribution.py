"""Elastic's minimal Elasticsearch, which it publishes for tests: fetched through Maven, checked, unpacked.

Only the standard library is used, as in `java`.
"""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harvesters.stack.java import MissingToolError, NodeUnavailableError

MAVEN_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get"


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


def get_distribution(cache: Path, wanted: Distribution, tell: Callable[[str], object]) -> Path:
    """Return the unpacked Elasticsearch, downloaded if the cache has neither it nor its archive.

    `tell` gets a sentence before the download, which takes its time.

    Raises:
        MissingToolError: it must be downloaded, and there is no Maven.
        NodeUnavailableError: Maven cannot fetch it, or what came is another file.
    """
    program = cache / wanted.name
    archive = cache / f"{wanted.name}.zip"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.is_dir():
            if not archive.is_file():
                maven = find_maven(wanted)
                tell(f"Fetching Elasticsearch {wanted.version} (100 to 130 MB) through Maven, this once.")
                download(maven, archive, wanted)
            verify(archive, wanted.sha256)
            unpack(archive, program)
            archive.unlink()
    return program


def find_maven(wanted: Distribution) -> str:
    """Return the path of Maven.

    Raises:
        MissingToolError: there is none.
    """
    maven = shutil.which("mvn")
    if maven is None:
        msg = (
            f"Elasticsearch {wanted.version} comes through Maven, which was not found: install maven, or start Docker."
        )
        raise MissingToolError(msg)
    return maven


def download(maven: str, archive: Path, wanted: Distribution) -> None:
    """Let Maven fetch the archive, from wherever this machine's Maven gets its artifacts."""
    # A local repository of its own: a broken download must not stay behind and come back for ever.
    with tempfile.TemporaryDirectory(dir=archive.parent) as repository:
        options = ["-B", "-q", "-Dstyle.color=never", f"-Dmaven.repo.local={repository}"]
        command = [maven, *options, MAVEN_GOAL, f"-Dartifact={wanted.artifact}", "-Dtransitive=false"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the user's Maven
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
