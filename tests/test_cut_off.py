"""Cut off or out of space in the middle: what was fetched and what was known stay on the disk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harvesters.core import store
from harvesters.core.store import SliceStore
from tests.nights import Night, Ran, Vendor, lake_lines, state, vendor
from tests.opentok_days import session, session_id
from tests.opentok_faults import UNLIMITED

DAY = date(2026, 11, 18)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
"""The day has settled."""


def calls(minutes: float) -> dict[str, Any]:
    start = timedelta(hours=9)
    made = [session(number, day=DAY, start=start, people=2, minutes=minutes) for number in range(3)]
    return {each["sessionId"]: each for each in made}


@pytest.fixture
def opentok() -> Iterator[tuple[Vendor, dict[str, Any]]]:
    """A vendor whose sessions a test may exchange."""
    sessions = calls(2)
    with vendor(sessions, NOW, rules=UNLIMITED) as server:
        yield server, sessions


def raising(error: BaseException) -> Any:  # noqa: ANN401 - any function
    def cut_off(*_: object, **__: object) -> None:
        raise error

    return cut_off


@dataclass(frozen=True)
class Cut:
    """What happens to a run while it merges, and how the run ends then."""

    error: BaseException
    code: int
    state: str

    def of(self, work: Callable[[], Ran]) -> None:
        """Cut this work off."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "write_merged", raising(self.error))
            ran = work()
        assert (ran.exit_code, ran.only.state) == (self.code, self.state)


CUTS = [
    pytest.param(Cut(KeyboardInterrupt(), 130, "partial"), id="Ctrl-C"),
    pytest.param(Cut(OSError(28, "No space left on device"), 1, "failed"), id="the disk is full"),
]


@pytest.mark.parametrize("cut", CUTS)
def test_what_was_fetched_is_there_for_the_next_run_though_it_was_not_merged(
    opentok: tuple[Vendor, dict[str, Any]], tmp_path: Path, cut: Cut
) -> None:
    """The next run finds nobody to ask: all that it has is what the first one left."""
    server, _ = opentok
    night = Night(tmp_path, NOW, server.url)
    cut.of(lambda: night.harvest(DAY))
    assert night.store(DAY).part.exists()

    alone = Night(tmp_path, NOW)
    assert alone.harvest(DAY).exit_code == 1, "the vendor could not be asked"
    assert not night.store(DAY).part.exists()
    calls_of = {each.call for each in night.manifest(DAY).records.values()}
    assert calls_of == set(night.manifest(DAY).calls) == {session_id(number, DAY) for number in range(3)}
    assert len(lake_lines(tmp_path, "conference")) == 3

    # And the run after that makes the day whole, with nothing twice.
    whole = Night(tmp_path, NOW, server.url).harvest(DAY)
    assert (whole.exit_code, whole.only.state, whole.only.harvested) == (0, "complete", 3)
    assert len(lake_lines(tmp_path, "conference")) == 3


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("how", ["nightly", "replay"])
def test_newer_answers_that_were_not_merged_reach_the_lake_without_the_vendor(
    opentok: tuple[Vendor, dict[str, Any]], tmp_path: Path, cut: Cut, how: str
) -> None:
    """A settled day, asked for again and cut off: no run would ask for it a third time."""
    server, sessions = opentok
    night = Night(tmp_path, NOW, server.url)
    night.harvest(DAY)
    before = night.store(DAY).manifest_path.read_bytes()
    sessions |= calls(3)
    cut.of(lambda: night.later().harvest(DAY, again=True))
    assert night.store(DAY).manifest_path.read_bytes() == before

    alone = Night(tmp_path, NOW)
    healed = alone.replay(DAY) if how == "replay" else alone.harvest(DAY)
    assert (healed.exit_code, healed.only.state, healed.only.requests) == (0, "complete", 0)
    assert not night.store(DAY).part.exists()
    reference = Night(tmp_path / "reference", NOW, server.url)
    reference.harvest(DAY)
    later = b'"2026-11-20T09:00:00.001Z"'
    assert any(later in line for line in lake_lines(tmp_path)), "the newer record is later than the older one"
    ours = [line.replace(later, b'"2026-11-20T09:00:00.000Z"') for line in lake_lines(tmp_path)]
    assert ours == lake_lines(tmp_path / "reference")


def test_what_a_newer_version_wrote_is_left_alone(opentok: tuple[Vendor, dict[str, Any]], tmp_path: Path) -> None:
    server, _ = opentok
    night = Night(tmp_path, NOW, server.url)
    night.harvest(DAY)
    manifest = night.manifest(DAY)
    manifest.format = 99
    night.store(DAY).manifest_path.write_bytes(msgspec.json.encode(manifest))
    before, asked = state(tmp_path), server.requests
    ran = night.later().harvest(DAY)
    assert (ran.exit_code, ran.only.state, server.requests) == (1, "failed", asked)
    assert "format 99" in ran.only.reason
    assert state(tmp_path) == before


def test_an_archive_that_cannot_be_read_leaves_what_is_known_of_it_alone(
    opentok: tuple[Vendor, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = opentok
    night = Night(tmp_path, NOW, server.url)
    night.harvest(DAY)
    before = state(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(SliceStore, "open", raising(PermissionError(13, "Permission denied", "the archive")))
        ran = night.later().harvest(DAY)
    assert (ran.exit_code, ran.only.reason) == (1, "the archive cannot be read or written: Permission denied")
    assert state(tmp_path) == before
    assert night.later().harvest(DAY).exit_code == 0
