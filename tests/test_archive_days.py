"""`ARCHIVE_DAYS`: nightly runs end with the archives that are old enough, whole and settled."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from harvesters.core.manifest import read_manifest
from tests.opentok_client import NOW
from tests.shell import Shell, tree, vendor

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2026-11-18"
SETTLED, DUE, LATER = (NOW + timedelta(days=days) for days in (2, 31, 32))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A day of long ago, settled, and a vendor at that time."""
    found = Shell(tmp_path)
    with vendor(found, now=SETTLED):
        assert found("opentok", "--date", DAY).code == 0
        assert found("opentok", "--date", "2026-11-19").code == 0
    return found


def archives(shell: Shell) -> set[str]:
    return {name.rpartition("/")[2][:10] for name in tree(shell.data) if name.startswith("archive") and "zst" in name}


def test_a_nightly_run_ends_with_them_and_says_so_in_one_line(shell: Shell) -> None:
    shell.env["ARCHIVE_DAYS"] = "30"
    with vendor(shell, now=DUE):
        dry = shell("opentok", "--dry-run")
        named = shell("opentok", "--date", "2026-12-20")
        assert (dry.code, named.code, archives(shell)) == (0, 0, {DAY}), dry.err + named.err
        night = shell("opentok")
        again = shell("opentok")

    assert night.code == 0, night.err
    (said,) = (line for line in night.err.splitlines() if "expired" in line)
    assert re.fullmatch(r"opentok 46204972: the archive of 1 day expired \(\d kB\)\.", said)
    assert archives(shell) == set()
    assert "expired" not in again.err
    (path,) = shell.data.glob(f"archive/*/*/*/{DAY}.manifest.json")
    manifest = read_manifest(path)
    assert manifest is not None
    assert (manifest.state, manifest.settled, manifest.expired[:10]) == ("complete", True, "2026-12-21")
    status = json.loads(shell("status", "--last", "40d", "--json", VCONF_NOW=DUE.isoformat()).out)
    assert {day["day"]: day["expired"] for day in status["accounts"][0]["days"] if day["expired"]} == {
        DAY: manifest.expired
    }


def test_without_the_setting_archives_are_kept(shell: Shell) -> None:
    with vendor(shell, now=LATER):
        assert shell("opentok").code == 0
    assert archives(shell) == {DAY}


def test_a_day_that_is_not_whole_stays_and_is_counted(shell: Shell) -> None:
    (path,) = shell.data.glob(f"archive/*/*/*/{DAY}.manifest.json")
    manifest = json.loads(path.read_text())
    manifest["state"] = "partial"
    path.write_text(json.dumps(manifest))
    with vendor(shell, now=DUE):
        night = shell("opentok", ARCHIVE_DAYS="30")
    assert "the archive of 0 days expired (0 kB), of 1 older day it stays: " in night.err
    assert "prune archive --older-than 30d' says why." in night.err
    assert (night.code, archives(shell)) == (0, {DAY})


@pytest.mark.parametrize("text", ["29", "0", "-90", "90d", "ninety", "٣٠٠"])
def test_another_number_is_refused(tmp_path: Path, text: str) -> None:
    done = Shell(tmp_path)("status", ARCHIVE_DAYS=text)
    assert done.code == 78
    assert "ARCHIVE_DAYS" in done.err
    assert "write a number of days, 30 at least, or leave it empty to keep them." in done.err
