"""Where the tests keep their Elasticsearch, and the oldest one that they know."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from harvesters.stack import distribution
from harvesters.stack.distribution import Distribution
from harvesters.stack.java import NodeUnavailableError, Runner, can_reach

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).resolve().parent.parent
OLDEST = Distribution("8.19.8", "8d943e94cef02cbceb6e39cd00175bb04e5f882fa32783a473880b8691a54376")
"""The first version that the README promises to load into; the last is the one that `dev init` starts."""


def get_distribution(cache: Path, wanted: Distribution) -> Path:
    """Return the unpacked Elasticsearch; a download is said."""
    return distribution.get_distribution(cache, wanted, lambda sentence: sys.stderr.write(f"{sentence}\n"))


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
