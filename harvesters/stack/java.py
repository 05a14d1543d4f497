"""Who runs an Elasticsearch of ours, and on which JDK.

Only the standard library is used, so that a bare machine can ask for its JDK before anything is installed.
"""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harvesters.core.errors import HarvestError

OLDEST_JAVA = 21
JDK_HOMES = ("usr/lib/jvm/*", "Library/Java/JavaVirtualMachines/*/Contents/Home")


class NodeUnavailableError(HarvestError):
    """No Elasticsearch can be had; the message says what to do about it."""


class MissingToolError(NodeUnavailableError):
    """Maven or a JDK is not there; Docker would do as well."""


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
    msg = "Elasticsearch does not run as root: run this as another user."
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
        answer = subprocess.run(  # noqa: S603 - the user's own java
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
    """Return the first suitable JDK.

    Raises:
        MissingToolError: there is none.
    """
    tried = list(dict.fromkeys(candidates))
    for home in tried:
        if is_suitable(home, runner):
            return home
    found = ", ".join(_described(home, runner) for home in tried if (home / "bin" / "java").exists())
    msg = (
        f"No JDK {OLDEST_JAVA} or newer was found for Elasticsearch{f' (but {found})' if found else ''}: install one "
        "(openjdk-21-jdk-headless, say), point ES_JAVA_HOME to one that every user may run, or start Docker."
    )
    raise MissingToolError(msg)


def _described(home: Path, runner: Runner) -> str:
    """What is wrong with a Java: its age, or what it lacks."""
    version = _modules(home, runner).get("java.base", "one that does not run")
    return f"{version} in {home}"


def can_reach(folder: Path, runner: Runner) -> bool:
    """Tell whether the runner can walk down to a folder, as far as it exists."""
    steps = (step for step in (folder, *folder.parents) if step.exists())
    return runner.uid is None or all(step.stat().st_mode & 0o001 for step in steps)
