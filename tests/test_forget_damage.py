"""`forget` where something beside the archive is not as it should be: it is named, and the rest is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forgetting import ADDRESS, CASES, Scene, key_in, scene
from tests.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ZOOM = CASES[1]


def _flip(path: Path) -> None:
    """Turn one byte in the middle of a file over."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _without_archive(work: Scene) -> dict[str, Path]:
    """Harvest, and lose the archive; returns the lake's files by type."""
    work.harvest()
    next((work.shell.data / "archive").rglob("*.ndjson.zst")).unlink()
    return {path.parts[-4]: path for path in (work.shell.data / "lake").rglob("*.ndjson.zst")}


@pytest.mark.parametrize("more", [(), ("--yes",)])
@pytest.mark.parametrize("damage", [_flip, lambda path: path.write_bytes(path.read_bytes()[:-9])], ids=["flip", "cut"])
def test_a_damaged_file_of_the_lake_is_named_and_the_others_are_looked_through(
    tmp_path: Path, damage: Callable[[Path], object], more: tuple[str, ...]
) -> None:
    with scene(ZOOM, tmp_path) as work:
        files = _without_archive(work)
        damage(files["participant"])
        said = work.forget(*more, code=3)
    name = files["participant"].relative_to(work.shell.data)
    assert f"{name} cannot be read, so nobody knows whom it tells of, and the archive does not have that day:" in said
    assert "lake/stream/vendor=zoom/" in said


@pytest.mark.parametrize("under", ["", "/data"], ids=["a file", "under a file"])
def test_a_state_folder_that_cannot_be_one_is_said(tmp_path: Path, under: str) -> None:
    (tmp_path / "taken").write_text("a file of yours\n")
    place = f"{tmp_path / 'taken'}{under}"
    shell = Shell(tmp_path, {"PRIVACY_KEY_FILE": str(key_in(tmp_path)), "DATA_DIR": place})
    done = shell("forget", "--person", ADDRESS, "--yes")
    assert (done.code, done.out) == (1, "")
    assert f"DATA_DIR {place} cannot be written: " in done.err
    assert done.err.count("\n") == 1
