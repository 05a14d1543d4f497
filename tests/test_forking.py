"""A forked command is the same as one that was started."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests import forking
from tests.shell import Done, Shell

KILL = os.kill


def started(shell: Shell, *arguments: str, **more: str) -> Done:
    done = forking.started(shell.command(*arguments), cwd=shell.folder, env=shell.environment(more), timeout=60)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("arguments", "more", "code"),
    [
        (["--help"], {}, 0),
        (["export", "parquet", "--help"], {"COLUMNS": "60"}, 0),
        (["status"], {}, 78),
        (["statsu"], {}, 2),
        (["config", "show", "--origin"], {"ES_HOST": "somewhere:9200", "LANG": "C"}, 78),
        (["replay", "--all", "--destination", "stdout", "-vv"], {"TZ": "Asia/Tokyo"}, 0),
    ],
)
def test_it_says_the_same_and_ends_alike(arguments: list[str], more: dict[str, str], code: int, tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    done = shell(*arguments, **more)

    assert done.code == code, done
    assert done.out + done.err
    assert done == started(shell, *arguments, **more)


def test_files_have_the_mode_that_our_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        for mask in (0o027, 0o002):
            os.umask(mask)
            shell = Shell(tmp_path / str(mask))
            shell.folder.mkdir()
            demo = ("dev", "demo", "--days", "1", "--calls", "1")
            assert shell(*demo).code == 0
            made = next((shell.data / "demo" / "lake").rglob("*.zst"))
            assert started(shell, *demo, DATA_DIR=str(tmp_path / "own")).code == 0
            own = next((tmp_path / "own" / "demo" / "lake").rglob("*.zst"))
            assert made.stat().st_mode == own.stat().st_mode
    finally:
        os.umask(before)


def test_one_that_takes_too_long_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[tuple[int, int]] = []

    def kill(pid: int, number: int) -> None:
        killed.append((pid, number))
        KILL(pid, number)

    monkeypatch.setattr(os, "kill", kill)
    shell = Shell(tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        forking.run(
            shell.command("dev", "sandbox", "--vendor", "opentok"), cwd=tmp_path, env=shell.environment({}), timeout=1
        )

    ((pid, number),) = killed
    assert number == signal.SIGKILL
    assert not Path(f"/proc/{pid}").exists()
