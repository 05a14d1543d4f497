"""`prune` killed at any point: run again it ends as if nothing had happened, and no run in between fetches or fills."""

import shutil
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from harvesters.core.errors import Exit
from tests.faults.kills import dies, dying
from tests.forgetting import zoom_meetings
from tests.nights import state
from tests.pruning import prune
from tests.zoom_days import DAY, SETTLED
from tests.zoom_nights import ZoomNight, zoom


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(("place", "least"), [("archive", 6), ("lake", 12), ("dead-letters", 3)])
def test_killed_at_every_event_then_run_again(tmp_path: Path, place: str, least: int) -> None:
    with zoom(zoom_meetings(), SETTLED + timedelta(days=1)) as vendor:
        before = ZoomNight.at(tmp_path / "before", vendor)
        assert before.harvest(DAY).exit_code == 0
        _more(before)
        whole = _copy(before, tmp_path / "whole")
        with dying(0) as count:
            assert prune(whole, place).code is Exit.OK
        assert count.seen >= least
        expected = state(whole.data_dir)
        assert expected != state(before.data_dir)
        vendor.forget()
        for at in range(1, count.seen + 1):
            night = _copy(before, tmp_path / str(at))
            assert dies(partial(_dying_at, night, place, at)), at
            _runs_in_between(night, tmp_path / "between")
            assert prune(night, place).code is Exit.OK
            assert state(night.data_dir) == expected, at
            shutil.rmtree(night.data_dir)
        assert vendor.calls == {}


def _more(night: ZoomNight) -> None:
    """What else there may be of a day: a copy of a damaged archive, dead letters."""
    store = night.store(DAY)
    store.archive.with_name(f"{DAY}.ndjson.damaged-1").write_bytes(b"raw")
    letters = night.data_dir / "dead-letter" / "zoom" / store.account
    letters.mkdir(parents=True)
    (letters / f"{DAY}.index.ndjson").write_bytes(b"{}\n")


def _copy(night: ZoomNight, folder: Path) -> ZoomNight:
    shutil.copytree(night.data_dir, folder)
    return night.later(data_dir=folder)


def _dying_at(night: ZoomNight, place: str, at: int) -> None:
    with dying(at):
        prune(night, place)


def _runs_in_between(night: ZoomNight, folder: Path) -> None:
    """A run that names the day, on a copy: it asks nobody, is complete, and what it sees is no loss."""
    other = _copy(night, folder)
    ran = other.harvest(DAY)
    assert (ran.exit_code, ran.only.state, ran.only.requests) == (0, "complete", 0)
    shutil.rmtree(folder)
