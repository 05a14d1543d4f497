"""The days before a day, from their manifests: each is read once, and once more when it has changed."""

from datetime import date
from pathlib import Path

import pytest

from harvesters.core import past
from harvesters.core.day import Day
from harvesters.core.filled import Filled
from harvesters.core.manifest import CallState, Manifest, write_manifest
from harvesters.core.store import SliceStore

ACCOUNT = ("opentok", "46204972")
WEDNESDAY = Day(date(2026, 11, 18))
BEFORE = WEDNESDAY + -7


def write(folder: Path, day: Day, conferences: int) -> None:
    path = SliceStore(folder, *ACCOUNT, day).manifest_path
    path.parent.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(*ACCOUNT, str(day), state="complete", listed_at=f"{day + 2}T09:00:00.000Z")
    manifest.calls = {f"call-{number}": CallState("fetched", records=("r",)) for number in range(conferences)}
    manifest.filled = {"meeting": Filled(conferences)}
    write_manifest(path, manifest)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read."""
    names: list[str] = []
    read = Path.read_bytes

    def noted(path: Path) -> bytes:
        names.append(path.name)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    return names


def test_a_manifest_is_read_once_for_all_days_of_a_run(tmp_path: Path, reads: list[str]) -> None:
    write(tmp_path, BEFORE, 3)
    for day in (WEDNESDAY, WEDNESDAY + 7, WEDNESDAY):
        assert past.counts_before(tmp_path, *ACCOUNT, day) == [3]
        assert past.filled_before(tmp_path, *ACCOUNT, day) == [{"meeting": Filled(3)}]
    assert reads == [f"{BEFORE}.manifest.json"]


def test_what_another_run_wrote_meanwhile_is_seen(tmp_path: Path) -> None:
    write(tmp_path, BEFORE, 3)
    assert past.counts_before(tmp_path, *ACCOUNT, WEDNESDAY) == [3]
    write(tmp_path, BEFORE, 5)
    assert past.counts_before(tmp_path, *ACCOUNT, WEDNESDAY) == [5]
    SliceStore(tmp_path, *ACCOUNT, BEFORE).manifest_path.write_bytes(b'{"format"')
    assert past.counts_before(tmp_path, *ACCOUNT, WEDNESDAY) == []
