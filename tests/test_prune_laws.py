"""What holds of a pruned archive: runs go on as if it were there, and `--again` makes it as it was."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from harvesters.core.errors import Exit
from harvesters.core.manifest import Loaded, write_manifest
from harvesters.core.store import SliceStore
from harvesters.sandbox import Rules
from harvesters.watch.standing import WAITING
from tests import zoom_days
from tests.faults.kills import dies, dying
from tests.nights import Night, Vendor, lake_lines, state, vendor
from tests.opentok_days import session
from tests.pruning import prune
from tests.test_superseded import poorer
from tests.zoom_nights import ZoomNight, zoom

DAY = date(2026, 11, 10)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
UNLIMITED = Rules(rate_limit=None)


def calls() -> list[dict[str, object]]:
    return [
        session(number, day=DAY, start=timedelta(hours=9 + number), people=3, minutes=2, ready=True)
        for number in range(3)
    ]


@pytest.fixture(scope="module")
def source() -> Iterator[Vendor]:
    with vendor(calls(), NOW, rules=UNLIMITED) as found:
        yield found


@pytest.fixture
def night(source: Vendor, tmp_path: Path) -> Night:
    """A machine with one settled day, and yesterday."""
    source.now = NOW
    night = Night(tmp_path / "pruned", NOW, source.url)
    assert night.harvest(DAY, NOW.date() - timedelta(days=1)).exit_code == 0
    return night


def twin(night: Night) -> Night:
    """The same machine, which is not pruned."""
    folder = night.data_dir.with_name("never")
    shutil.copytree(night.data_dir, folder)
    return night.later(data_dir=folder)


def asked(source: Vendor, work: Night, *days: date, again: bool = False) -> tuple[int, Exit, list[str], dict[str, int]]:
    """A run by what it asked, how it ended, which days it took and what it loaded."""
    before, source.now = source.requests, work.now
    ran = work.harvest(*days, again=again)
    loaded = {each.day: sum(load.owed for load in each.destinations.values()) for each in ran.report.slices}
    return source.requests - before, ran.exit_code, ran.days, loaded


def test_a_nightly_run_takes_the_days_that_it_would_have_taken(night: Night, source: Vendor) -> None:
    never = twin(night)
    assert prune(night, "archive").days == [str(DAY)]
    for hours in (0, 24):
        later = NOW + timedelta(hours=hours)
        assert asked(source, night.later(later)) == asked(source, never.later(later))
    assert night.manifest(DAY).expired
    assert not night.store(DAY).archive.exists()


def test_a_named_day_is_not_fetched_and_again_alone_fetches_it(night: Night, source: Vendor) -> None:
    prune(night, "archive")
    before = state(night.data_dir)
    requests, code, days, loaded = asked(source, night, DAY)
    assert (requests, code, days, loaded) == (0, 0, [str(DAY)], {str(DAY): 0})
    assert state(night.data_dir) == before
    # Nobody named the day: that is no wish for it.
    assert str(DAY) not in asked(source, night, again=True)[2]
    assert not night.store(DAY).archive.exists()


@pytest.mark.parametrize("moments", [(NOW,), (NOW, NOW + timedelta(hours=5))])
def test_pruned_and_fetched_again_it_is_as_if_it_had_never_been_pruned(
    night: Night, source: Vendor, moments: tuple[datetime, ...]
) -> None:
    never = twin(night)
    for now in moments:
        prune(night.later(now), "archive")
    later = NOW + timedelta(hours=7)
    assert asked(source, night.later(later), DAY, again=True) == asked(source, never.later(later), DAY, again=True)
    assert state(night.data_dir) == state(never.data_dir)
    assert not night.manifest(DAY).expired


def test_what_the_vendor_corrected_since_comes_in_and_is_loaded(night: Night, tmp_path: Path) -> None:
    never = twin(night)
    prune(night, "archive")
    changed = [*calls()[:2], poorer(calls()[2])]
    later = NOW + timedelta(hours=7)
    with vendor(changed, later, rules=UNLIMITED) as other:
        for each in (night, never):
            ran = each.later(later, vendor_url=other.url).harvest(DAY, again=True)
            assert (ran.exit_code, ran.only.state) == (0, "complete")
    assert state(night.data_dir) == state(never.data_dir)
    assert lake_lines(night.data_dir) != lake_lines(tmp_path / "nothing")


def test_a_call_that_the_vendor_no_longer_has_stays_in_the_lake(night: Night) -> None:
    """Its documents cannot be made any more: the lake's files stay as they are, and the run says so."""
    prune(night, "archive")
    lake = lake_lines(night.data_dir)
    changed = [calls()[0], poorer(calls()[1])]
    later = NOW + timedelta(hours=7)
    with vendor(changed, later, rules=UNLIMITED) as other:
        ran = night.later(later, vendor_url=other.url).harvest(DAY, again=True)
    assert ran.exit_code == 1
    assert "the archive lost what the lake holds (1 of its records); the lake's files stay" in ran.only.reason
    assert lake_lines(night.data_dir) == lake
    records = night.manifest(DAY).records
    assert sorted(each.archived for each in records.values()) == [False, True, True]


def test_less_detail_does_not_take_the_place_of_what_expired(tmp_path: Path) -> None:
    with zoom(zoom_days.everything(), zoom_days.SETTLED) as server:
        night = ZoomNight.at(tmp_path, server)
        assert night.harvest(zoom_days.DAY).exit_code == 0
        lake, levels = lake_lines(tmp_path), night.levels()
        later = night.later(zoom_days.SETTLED + timedelta(days=3))
        assert prune(later, "archive").days == [str(zoom_days.DAY)]
        ran = later.set(ZOOM_QUALITY="no").harvest(zoom_days.DAY, again=True)
    assert any("the new answer has less detail (level 1 after 2)" in each for each in ran.only.warnings)
    assert lake_lines(tmp_path) == lake
    assert night.levels() == levels
    assert night.manifest(zoom_days.DAY).expired


def test_an_archive_that_is_put_back_is_one_again(night: Night, source: Vendor, tmp_path: Path) -> None:
    before = state(night.data_dir)
    backup = tmp_path / "backup"
    shutil.copyfile(night.store(DAY).archive, backup)
    prune(night, "archive")
    shutil.copyfile(backup, night.store(DAY).archive)
    assert asked(source, night, DAY) == (0, 0, [str(DAY)], {str(DAY): 0})
    assert state(night.data_dir) == before


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_run_that_is_killed_while_it_fetches_anew_is_finished_by_the_next(night: Night, source: Vendor) -> None:
    never = twin(night)
    assert asked(source, never.later(NOW + timedelta(hours=7)), DAY, again=True)[1] == 0
    prune(night, "archive")
    later = night.later(NOW + timedelta(hours=7))

    source.now = later.now
    at, died = 0, True
    while died:
        at += 3
        died = dies(partial(_again_dying_at, later, at))
        # Whatever is half done, no day of itself fetches what expired.
        before = source.requests
        later.harvest(DAY)
        assert source.requests == before, at
    assert at > 9
    assert later.harvest(DAY, again=True).exit_code == 0
    assert lake_lines(night.data_dir) == lake_lines(never.data_dir)
    assert night.store(DAY).archive.read_bytes() == never.store(DAY).archive.read_bytes()


def _again_dying_at(night: Night, at: int) -> None:
    with dying(at):
        night.harvest(DAY, again=True, concurrency=1)


# -- what is still needed ---------------------------------------------------------------------------------


def test_a_day_that_a_destination_is_owed_stays_and_the_others_go(night: Night, source: Vendor) -> None:
    other = DAY + timedelta(days=1)
    assert night.harvest(other).exit_code == 0
    with vendor([session(0, day=other, people=2, minutes=1)], NOW, rules=UNLIMITED) as more:
        assert night.later(vendor_url=more.url).harvest(other, again=True).exit_code == 0
    manifest = night.manifest(DAY)
    manifest.destinations["unreached:index"] = Loaded()
    write_manifest(night.store(DAY).manifest_path, manifest)
    before = state(night.data_dir)
    looked = prune(night, "archive", yes=False)
    assert state(night.data_dir) == before
    done = prune(night, "archive")

    for each in (looked, done):
        assert (each.code, each.days) == (3, [str(other)])
        assert each.kept == {str(DAY): "index could not be reached and lacks 3 records"}
        assert f"error: opentok {night.store(DAY).account} {DAY} stays: {each.kept[str(DAY)]}." in each.said
    assert night.store(DAY).archive.exists()
    assert not night.store(other).archive.exists()
    assert prune(night, "archive", even_unloaded=True).code == 0
    assert not night.store(DAY).archive.exists()
    # Nothing can be loaded from it any more, so no night tries.
    assert str(DAY) not in asked(source, night)[2]


def test_a_day_that_has_not_settled_stays_while_the_vendor_has_it(source: Vendor, tmp_path: Path) -> None:
    source.now = datetime(2026, 11, 11, 4, tzinfo=UTC)
    night = Night(tmp_path, source.now, source.url)
    assert night.harvest(DAY).exit_code == 0
    later = night.later(NOW)
    assert prune(later, "archive").kept == {str(DAY): "it has not settled, and the vendor still has it"}
    # From then on it can never settle, and nothing that anybody does makes it more whole.
    forgotten = night.later(datetime(2026, 12, 10, tzinfo=UTC))
    assert prune(forgotten, "archive").days == [str(DAY)]


def test_answers_that_wait_to_be_merged_stay(night: Night) -> None:
    night.store(DAY).part.write_bytes(night.store(DAY).archive.read_bytes())
    assert prune(night, "archive").kept == {str(DAY): WAITING}
    assert night.harvest(DAY).exit_code == 0
    assert prune(night, "archive").days == [str(DAY)]


def test_a_day_whose_manifest_cannot_be_read_stays(night: Night) -> None:
    night.store(DAY).manifest_path.write_bytes(b"{")
    done = prune(night, "archive")
    assert (done.code, list(done.kept)) == (3, [str(DAY)])
    assert done.kept[str(DAY)].startswith("its manifest is gone or cannot be read")
    assert prune(night, "archive", even_unloaded=True).days == [str(DAY)]
    assert night.manifest(DAY).expired


def test_copies_of_damaged_archives_and_half_written_files_go_too(night: Night) -> None:
    store = night.store(DAY)
    for name in (f"{DAY}.ndjson.damaged-1", f"{DAY}.ndjson.zst.new"):
        store.archive.with_name(name).write_bytes(b"raw")
    assert prune(night, "archive").results[0].files == 3
    assert sorted(path.name for path in store.archive.parent.glob(f"{DAY}.*")) == [f"{DAY}.manifest.json"]


def test_a_folder_that_may_not_be_written_is_named(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refused)
    done = prune(night, "archive")
    assert done.code == 1
    assert f"error: {night.store(DAY).archive} cannot be removed or written: Permission denied." in done.said
    monkeypatch.undo()
    assert prune(night, "archive").days == [str(DAY)]


def test_one_that_is_interrupted_says_so_and_is_finished_by_the_next(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SliceStore, "commit", interrupted)
    done = prune(night, "archive")
    assert (done.code, done.days) == (130, [])
    assert done.said[0] == "error: interrupted: what was removed is removed, the rest is there; run the same again."
    monkeypatch.undo()
    assert prune(night, "archive").days == [str(DAY)]
