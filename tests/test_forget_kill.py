"""`forget` killed at any point: run again, it finishes; and what is called done is done."""

import shutil
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from harvesters.commands.forget_work import Scope, Work
from harvesters.core.errors import Exit
from harvesters.core.forgotten import read_list
from tests.faults.kills import dies, dying
from tests.forgetting import ADDRESS, NAME, key_in, standing, zoom_meetings
from tests.nights import _Mute, lake_lines
from tests.shell import everything_written
from tests.zoom_days import DAY, SETTLED
from tests.zoom_nights import ZoomNight, zoom

TOLD = (ADDRESS, NAME, "ANN-LAPTOP", "k-ann")


def forgotten(night: ZoomNight, values: Sequence[str] = (ADDRESS,)) -> Exit:
    """The command in this process."""
    with closing(Work(night.place, _Quiet(), tuple(values), Scope(None, ()))) as work:
        return work.run(yes=True, report=None)


class _Quiet(_Mute):
    """A console that says nothing."""

    def say(self, *_: object, **__: object) -> None:
        """Nothing."""

    def error(self, sentence: str) -> None:
        """Nothing."""


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_killed_at_every_event_then_run_again(tmp_path: Path) -> None:
    with zoom(zoom_meetings(), SETTLED) as vendor:
        before = ZoomNight.at(tmp_path / "before", vendor, PRIVACY_KEY_FILE=str(key_in(tmp_path)))
        assert before.harvest(DAY).exit_code == 0
    whole = before.later(data_dir=_copy(before, tmp_path / "whole"))
    with dying(0) as count:
        assert forgotten(whole) is Exit.OK
    expected, archive = lake_lines(whole.data_dir), whole.store(DAY).archive.read_bytes()
    assert count.seen > 15
    deaths = 0
    for at in range(1, count.seen + 1):
        night = before.later(data_dir=_copy(before, tmp_path / str(at)))
        deaths += dies(partial(_dying_at, night, at))
        done = [each.done for each in read_list(night.data_dir / "forgotten")]
        assert not all(done) or not done or not _told(night), at
        assert forgotten(night) is Exit.OK, at
        assert not _told(night), at
        assert lake_lines(night.data_dir) == expected, at
        assert night.store(DAY).archive.read_bytes() == archive, at
        assert all(each.done for each in read_list(night.data_dir / "forgotten"))
        shutil.rmtree(night.data_dir)
    assert deaths == count.seen


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_harvest_that_is_killed_leaves_nobody_who_is_forgotten(tmp_path: Path) -> None:
    with zoom(zoom_meetings(), SETTLED) as vendor:
        night = ZoomNight.at(tmp_path / "data", vendor, PRIVACY_KEY_FILE=str(key_in(tmp_path)))
        assert forgotten(night) is Exit.OK
        at, died = 0, True
        while died:
            at += 1
            died = dies(partial(_harvest_dying_at, night, at))
            assert not _told(night), at
        assert at > 5
        assert lake_lines(night.data_dir)


def test_a_harvest_that_waited_while_somebody_was_forgotten_leaves_the_person_out(tmp_path: Path) -> None:
    """What it needs was put together before, when the list was empty."""
    with zoom(zoom_meetings(), SETTLED) as vendor:
        night = ZoomNight.at(tmp_path / "data", vendor, PRIVACY_KEY_FILE=str(key_in(tmp_path)))
        with night.shop(("lake",)) as shop:
            assert forgotten(night) is Exit.OK
            assert night.work(shop, [DAY]).exit_code is Exit.OK
    assert lake_lines(night.data_dir)
    assert not _told(night)


def _told(night: ZoomNight) -> list[str]:
    return standing(everything_written(night.data_dir), TOLD)


def _copy(night: ZoomNight, folder: Path) -> Path:
    shutil.copytree(night.data_dir, folder)
    return folder


def _dying_at(night: ZoomNight, at: int) -> None:
    with dying(at):
        forgotten(night)


def _harvest_dying_at(night: ZoomNight, at: int) -> None:
    with dying(at):
        night.harvest(DAY, concurrency=1)
