"""`forget` where something beside the archive is not as it should be: it is named, and the rest is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.forgetting import ADDRESS, CASES, Scene, key_in, scene
from tests.nights import lake_lines
from tests.shell import Shell, tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


@pytest.fixture
def put_back(tmp_path: Path) -> Iterator[Scene]:
    """A day's archive of before is back in its place, and the manifest is that of after."""
    with scene(ZOOM, tmp_path) as work:
        work.harvest()
        archive = next((work.shell.data / "archive").rglob("*.ndjson.zst"))
        old = archive.read_bytes()
        work.forget("--yes")
        archive.write_bytes(old)
        assert work.told_in()["files"]
        work.said.clear()
        yield work


@pytest.mark.parametrize(
    ("command", "code"),
    [(("replay", "zoom", "--all", "--destination", "lake"), 0), (("zoom", "--date", "2026-11-20"), 77)],
    ids=["replay", "a harvest that the vendor refuses"],
)
def test_an_archive_that_was_put_back_by_hand_brings_nobody_back(
    put_back: Scene, command: tuple[str, ...], code: int
) -> None:
    documents = len(lake_lines(put_back.shell.data))
    put_back.run(*command, "--report", "report.json", code=code, ZOOM_CLIENT_SECRET="another")
    (told,) = json.loads((put_back.shell.folder / "report.json").read_text())["slices"]
    assert told["warnings"] == [
        "the archive is not the one that the last run left: forgotten people were blanked in 2 records of it."
    ]
    assert put_back.told_in() == {"files": [], "index": [], "said": []}
    assert len(lake_lines(put_back.shell.data)) == documents


def test_such_an_archive_is_not_loaded_without_the_key(put_back: Scene) -> None:
    before = tree(put_back.shell.data / "lake")
    said = put_back.run("replay", "zoom", "--all", "--destination", "lake", code=78, PRIVACY_KEY_FILE=None)
    assert "PRIVACY_KEY_FILE must name the file of that key, or these people would come back" in said
    assert tree(put_back.shell.data / "lake") == before
