"""Tests keep their folders in memory only where there is room for all of them."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.in_memory import ROOM, folder_in_memory


@pytest.mark.parametrize(("free", "taken"), [(ROOM, True), (ROOM - 1, False)])
def test_a_folder_with_little_room_is_left_alone(
    *, free: int, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=free))

    assert folder_in_memory(tmp_path) == (tmp_path if taken else None)


def test_a_system_without_such_a_folder_does_without(tmp_path: Path) -> None:
    assert folder_in_memory(tmp_path / "shm") is None
