"""Files: private, in their own folder whatever an account is called, and whole also when the disk is full."""

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvesters.core.errors import ArchiveError
from harvesters.core.files import open_private, replacing
from harvesters.core.store import SliceStore
from harvesters.sandbox import Rules
from tests.nights import Night, Vendor, lake_lines, vendor
from tests.opentok_days import session
from tests.records import DAY as SLICE
from tests.records import frame, seen

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
FULL = "No space left on device"


@contextmanager
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


# -- private -----------------------------------------------------------------------------------------------


def test_archive_manifest_part_and_lock_are_for_their_owner_alone(tmp_path: Path) -> None:
    with no_umask(), vendor([session(0, day=DAY, people=2, minutes=2)], NOW) as source:
        night = Night(tmp_path, NOW, source.url)
        assert night.harvest(DAY).exit_code == 0
        night.store(DAY).append(frame("a"))
    files = {path.name: mode(path) for folder in ("archive", "locks") for path in (tmp_path / folder).rglob("*.*")}
    assert files == {
        "2026-11-20.ndjson.zst": 0o600,
        "2026-11-20.manifest.json": 0o600,
        "2026-11-20.part": 0o600,
        "opentok-46204972.lock": 0o600,
    }


@pytest.mark.parametrize("how", ["wb", "ab", "r+b"])
def test_a_new_file_is_private_from_its_first_moment(tmp_path: Path, how: str) -> None:
    with no_umask(), open_private(tmp_path / "file", how) as file:
        assert mode(tmp_path / "file") == 0o600
        file.write(b"secret")
    assert (tmp_path / "file").read_bytes() == b"secret"


@pytest.mark.parametrize(("how", "left"), [("wb", b"new"), ("ab", b"oldernew"), ("r+b", b"newer")])
def test_what_is_there_is_replaced_added_to_or_written_over(tmp_path: Path, how: str, left: bytes) -> None:
    (tmp_path / "file").write_bytes(b"older")
    with open_private(tmp_path / "file", how) as file:
        file.write(b"new")
    assert (tmp_path / "file").read_bytes() == left


# -- names -------------------------------------------------------------------------------------------------

ACCOUNTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


@given(account=ACCOUNTS)
@example("..")
@example(".")
@example("../../x")
@example("/etc/passwd")
@example("a\x00b\n")
@example("ü" * 300)
@example("x" * 5000)
@settings(max_examples=60, deadline=None)
def test_whatever_an_account_is_called_its_archive_is_one_folder_below_the_vendors(account: str) -> None:
    with TemporaryDirectory() as folder:
        store = SliceStore(Path(folder), "opentok", account, SLICE)
        store.append(frame("a"))
        (found,) = (path for path in Path(folder).rglob("*") if path.is_file())
        assert found == store.part
        year, own, vendors, archive = found.resolve().relative_to(Path(folder).resolve()).parents[:-1]
        assert (archive.name, vendors.name, year.name) == ("archive", "opentok", "2026")
        assert len(own.name) <= 200


@given(one=ACCOUNTS, other=ACCOUNTS)
@example("a/b", "a%2Fb")
@example("a.b", "a%2Eb")
@example("x" * 300, "x" * 301)
@example("A", "a")
@settings(max_examples=100, deadline=None)
def test_two_accounts_never_share_a_folder(one: str, other: str) -> None:
    paths = [SliceStore(Path("data"), "opentok", account, SLICE).archive for account in (one, other)]
    assert (paths[0] == paths[1]) is (one == other)


# -- whole or not at all -----------------------------------------------------------------------------------


def test_a_file_takes_its_place_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    with replacing(path) as file:
        file.write(b"first")
        file.flush()
        assert not path.exists()
    with replacing(path) as file:
        file.write(b"second")
        file.flush()
        assert path.read_bytes() == b"first"
    assert path.read_bytes() == b"second"
    assert [each.name for each in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, FULL), KeyboardInterrupt()])
def test_a_file_that_breaks_off_leaves_the_old_one_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def breaks_off() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        breaks_off()
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file", b"old")]


def test_the_rest_of_a_run_that_was_killed_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file.new").write_bytes(b"much longer than what comes")
    with replacing(tmp_path / "file") as file:
        file.write(b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file", b"new")]


# -- a full disk -------------------------------------------------------------------------------------------

PLACES = {
    "part": "2026-11-20.part",
    "archive": "2026-11-20.ndjson.zst.new",
    "manifest": "2026-11-20.manifest.json.new",
}


def full_for(name: str) -> Callable[..., int]:
    """`os.open` on a disk that has no room for files of this name."""
    real = os.open

    def opened(path: Path | str, flags: int, *more: int) -> int:
        return real("/dev/full", os.O_RDWR) if Path(path).name == name else real(path, flags, *more)

    return opened


def unsynced(name: str) -> Callable[[int], None]:
    """`os.fsync` on a disk that finds out late that it has no room."""
    real = os.fsync

    def synced(handle: int) -> None:
        if Path(f"/proc/self/fd/{handle}").readlink().name == name:
            raise OSError(errno.ENOSPC, FULL)
        real(handle)

    return synced


Sessions = dict[str, Mapping[str, Any]]


@pytest.fixture
def sessions() -> Sessions:
    """What the vendor has: one call at first."""
    return {each["sessionId"]: each for each in [session(0, day=DAY, people=2, minutes=2)]}


@pytest.fixture
def source(sessions: Sessions) -> Iterator[Vendor]:
    with vendor(sessions, NOW, rules=Rules(rate_limit=100_000)) as found:
        yield found


@pytest.fixture
def night(tmp_path: Path, source: Vendor, sessions: Sessions) -> Night:
    """A night with something to fetch: the first call is there already, the vendor has another one now."""
    night = Night(tmp_path / "data", NOW, source.url)
    assert night.harvest(DAY, into=["lake"]).exit_code == 0
    more = session(1, day=DAY, people=2, minutes=2)
    sessions[more["sessionId"]] = more
    source.now = datetime(2026, 11, 21, 10, tzinfo=UTC)
    return night.later(source.now)


@pytest.fixture
def whole(tmp_path: Path, source: Vendor, night: Night) -> list[bytes]:
    """The documents of a machine that had room all the time."""
    other = Night(tmp_path / "other", night.now, source.url)
    assert other.harvest(DAY).exit_code == 0
    return [without_fetch_time(line) for line in lake_lines(tmp_path / "other")]


def without_fetch_time(line: bytes) -> bytes:
    return line.replace(b"2026-11-21T10:", b"2026-11-21T09:")


def zipped(data_dir: Path) -> dict[str, bytes]:
    """The archive and the lake."""
    return {str(path.relative_to(data_dir)): path.read_bytes() for path in data_dir.rglob("*.zst")}


@pytest.mark.parametrize("broken", ["open", "fsync"])
@pytest.mark.parametrize("place", PLACES)
def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(
    night: Night, whole: list[bytes], monkeypatch: pytest.MonkeyPatch, place: str, broken: str
) -> None:
    before, known = zipped(night.data_dir), set(night.manifest(DAY).records)
    with monkeypatch.context() as patch:
        patch.setattr(os, broken, {"open": full_for, "fsync": unsynced}[broken](PLACES[place]))
        ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert FULL in ran.only.reason
    after = zipped(night.data_dir)
    if place == "manifest":
        # The archive came first, and is whole; the lake waits until it is written down what it will lose.
        assert len(seen(night.store(DAY).archive)) == 2
        archive = "archive/opentok/46204972/2026/2026-11-20.ndjson.zst"
        del before[archive], after[archive]
    assert after == before
    assert set(night.manifest(DAY).records) == known
    assert night.later().harvest(DAY).exit_code == 0
    assert [without_fetch_time(line) for line in lake_lines(night.data_dir)] == whole


@pytest.mark.parametrize("place", ["archive", "manifest"])
def test_what_was_fetched_for_a_full_disk_is_not_lost(
    night: Night, whole: list[bytes], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", full_for(PLACES[place]))
        assert night.harvest(DAY).exit_code == 1
    assert night.store(DAY).part.exists()
    # The vendor is gone since; what it had said is loaded all the same.
    alone = night.later(vendor_url="http://127.0.0.1:9/graphql").harvest(DAY)
    assert alone.exit_code == 1
    assert "127.0.0.1" in alone.only.reason
    assert [without_fetch_time(line) for line in lake_lines(night.data_dir)] == whole


def test_no_room_for_the_lock_is_a_sentence(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    before = zipped(night.data_dir)
    real = os.open

    def full(path: Path | str, flags: int, *more: int) -> int:
        if Path(path).suffix == ".lock":
            raise OSError(errno.ENOSPC, FULL)
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(ArchiveError, match=f"opentok-46204972.lock cannot be taken: {FULL}"):
        night.harvest(DAY)
    assert zipped(night.data_dir) == before
