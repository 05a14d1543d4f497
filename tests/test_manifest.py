"""The manifest: the one truth of a slice, written whole; where it and the archive differ, the archive wins."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.errors import ArchiveError
from harvesters.core.manifest import (
    CallState,
    Loaded,
    Manifest,
    Refusal,
    fingerprint,
    read_manifest,
    write_manifest,
)
from harvesters.core.stamps import Stamp
from harvesters.core.store import SliceStore
from harvesters.sandbox import Rules
from tests.nights import NOBODY, Night, Vendor, lake_lines, vendor
from tests.opentok_days import session
from tests.records import ACCOUNT, DAY, TEXT, VENDOR, WORDS, frame, look_into, seen, store_in

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
OWED = "record {}/1 is no longer in the archive and is owed again."


def full_manifest() -> Manifest:
    """One in which every member says something."""
    return Manifest(
        vendor=VENDOR,
        account=ACCOUNT,
        day=str(DAY),
        state="partial",
        reason="the disk is full",
        listed_at="2026-11-22T09:00:00.000Z",
        settled=True,
        attempts=3,
        warnings=["odd"],
        calls={
            "call-a": CallState("fetched", level=2, fetched="2026-11-22T09:00:00.000Z", records=("a/1",)),
            "call-b": CallState("lost", listed=False, tries=4, since="s", tried="t", reason="gone", permanent=True),
        },
        records={"a/1": frame("a", rows=7, at=5, level=1, ongoing=True).entry},
        destinations={
            "lake": Loaded(
                records={"a/1": Stamp("digest", 5, "opentok/1.1", "settings", {"sample": 7})},
                refused={"b/1": Refusal(2, {"too odd": 2})},
            )
        },
        archive_size=10,
        archive_sha256="ab",
    )


# -- the file ----------------------------------------------------------------------------------------------


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    assert write_manifest(path, full_manifest())
    assert read_manifest(path) == full_manifest()


@given(names=st.dictionaries(WORDS, st.tuples(WORDS, TEXT), max_size=4))
@settings(max_examples=50, deadline=None)
def test_whatever_calls_and_reasons_are_called_they_come_back(names: dict[str, tuple[str, str]]) -> None:
    manifest = full_manifest()
    manifest.calls = {key: CallState("failed", reason=why, records=(record,)) for key, (record, why) in names.items()}
    with TemporaryDirectory() as folder:
        write_manifest(Path(folder) / "m", manifest)
        assert read_manifest(Path(folder) / "m") == manifest


def test_people_and_programs_can_read_it(tmp_path: Path) -> None:
    write_manifest(tmp_path / "m", full_manifest())
    text = (tmp_path / "m").read_text()
    assert len(text.splitlines()) > 40
    found = json.loads(text)
    assert (found["vendor"], found["account"], found["day"], found["format"]) == (VENDOR, ACCOUNT, "2026-11-20", 1)
    assert (found["state"], found["settled"], found["archive_size"], found["archive_sha256"]) == (
        "partial",
        True,
        10,
        "ab",
    )
    assert found["calls"]["call-b"] == {
        "state": "lost",
        "listed": False,
        "tries": 4,
        "since": "s",
        "tried": "t",
        "reason": "gone",
        "permanent": True,
    }
    record = found["records"]["a/1"]
    assert {name: record[name] for name in ("key", "started", "fetched_at", "level", "rows", "ongoing")} == {
        "key": ["a", "1"],
        "started": "2026-11-20T08:00:00.000Z",
        "fetched_at": 5,
        "level": 1,
        "rows": 7,
        "ongoing": True,
    }
    assert found["destinations"]["lake"] == {
        "records": {
            "a/1": {
                "digest": "digest",
                "fetched_at": 5,
                "revision": "opentok/1.1",
                "settings": "settings",
                "counts": {"sample": 7},
            }
        },
        "refused": {"b/1": {"count": 2, "reasons": {"too odd": 2}}},
    }


def test_it_is_not_written_again_when_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "m"
    assert write_manifest(path, full_manifest())
    before = path.stat()
    assert not write_manifest(path, full_manifest())
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    changed = full_manifest()
    changed.attempts = 4
    assert write_manifest(path, changed)
    assert read_manifest(path) == changed


def test_the_old_one_stays_until_the_new_one_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m"
    write_manifest(path, full_manifest())
    at_rename: list[Manifest | None] = []

    def refused(fresh: Path, target: Path) -> Path:
        at_rename.extend([read_manifest(fresh), read_manifest(target)])
        raise OSError(5, "Input/output error")

    changed = full_manifest()
    changed.state = "complete"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refused)
        with pytest.raises(OSError, match="Input/output error"):
            write_manifest(path, changed)
    assert at_rename == [changed, full_manifest()]
    assert read_manifest(path) == full_manifest()
    assert [each.name for each in tmp_path.iterdir()] == ["m"]


def test_a_slice_of_which_nothing_is_known_has_no_manifest(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    manifest, said = store.open()
    store.merge(manifest, again=False)
    store.commit(manifest)
    assert (said, manifest) == ([], Manifest(VENDOR, ACCOUNT, "2026-11-20"))
    assert list(tmp_path.iterdir()) == []


# -- made to agree with the archive ------------------------------------------------------------------------

NAMES = "abc"
STAMPS = {f"{name}/1": frame(name).entry.digest for name in NAMES}


def written(folder: Path) -> SliceStore:
    """Three records with their calls, settled and loaded, and a call without a record."""
    store = store_in(folder)
    manifest, _ = store.open()
    for number, name in enumerate(NAMES):
        store.append(frame(name, at=1000, minute=number))
    store.merge(manifest, again=False)
    manifest.settled, manifest.state = True, "complete"
    for name in NAMES:
        manifest.calls[f"call-{name}"] = CallState("fetched", level=2, fetched="then", records=(f"{name}/1",))
    manifest.calls["call-none"] = CallState("none", fetched="then")
    manifest.calls["call-lost"] = CallState("lost", reason="gone", permanent=True)
    stamps = {name: Stamp(digest, 1000, "r", "s") for name, digest in STAMPS.items()}
    manifest.destinations["lake"] = Loaded(records=stamps)
    store.commit(manifest)
    return store_in(folder)


def stretch(store: SliceStore, name: str) -> slice:
    manifest = store.peek()
    assert manifest is not None
    entry = manifest.records[f"{name}/1"]
    return slice(entry.offset, entry.offset + entry.length)


def test_where_they_agree_nothing_is_said_or_changed(tmp_path: Path) -> None:
    store = written(tmp_path)
    manifest, said = store.open()
    assert said == []
    assert manifest == store.peek()
    assert manifest.settled
    before = store.manifest_path.stat()
    store.commit(manifest)
    assert store.manifest_path.stat() == before


def test_a_missing_manifest_is_made_from_the_archive(tmp_path: Path) -> None:
    store = written(tmp_path)
    known = store.peek()
    assert known is not None
    store.manifest_path.unlink()
    manifest, said = store.open()
    assert said == []
    assert manifest.records == known.records
    assert list(manifest.records) == ["a/1", "b/1", "c/1"]
    assert (manifest.archive_size, manifest.archive_sha256) == fingerprint(store.archive)
    # Nothing is final, and nothing is taken to be loaded.
    assert not manifest.settled
    assert manifest.destinations == {}
    assert manifest.calls == {
        f"call-{name}": CallState("fetched", level=2, fetched="", records=(f"{name}/1",)) for name in NAMES
    }


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"null", b'{"vendor":1}', b"{}", b"cut"])
def test_a_damaged_manifest_is_made_anew_and_named(tmp_path: Path, content: bytes) -> None:
    store = written(tmp_path)
    whole = store.manifest_path.read_bytes()
    store.manifest_path.write_bytes(whole[: len(whole) // 2] if content == b"cut" else content)
    assert store.peek() is None
    manifest, said = store.open()
    (sentence,) = said
    assert sentence.startswith("2026-11-20.manifest.json is damaged and is made anew from the archive: ")
    assert list(manifest.records) == ["a/1", "b/1", "c/1"]
    assert (manifest.settled, manifest.destinations) == (False, {})
    store.commit(manifest)
    assert store_in(tmp_path).open() == (manifest, [])


def test_an_archive_that_is_gone_makes_its_calls_owed_again_by_name(tmp_path: Path) -> None:
    store = written(tmp_path)
    store.archive.unlink()
    manifest, said = store.open()
    assert said == [OWED.format(name) for name in NAMES]
    assert (manifest.records, manifest.archive_size, manifest.archive_sha256) == ({}, 0, "")
    assert not manifest.settled
    reason = "its archived record was damaged or removed"
    assert manifest.calls == {
        **{f"call-{name}": CallState("failed", level=2, reason=reason) for name in NAMES},
        "call-none": CallState("none"),
        "call-lost": CallState("lost", reason="gone", permanent=True),
    }


def test_a_record_whose_call_was_never_listed_is_named_too(tmp_path: Path) -> None:
    """Left over from a run that was cut off before its manifest, and merged by one that could not list."""
    store = store_in(tmp_path)
    store.append(frame("a"))
    manifest, _ = store.open()
    store.merge(manifest, again=False)
    store.commit(manifest)
    assert manifest.calls == {}
    store.archive.unlink()
    manifest, said = store_in(tmp_path).open()
    assert said == [OWED.format("a")]
    assert manifest.calls["call-a"].state == "failed"


@given(position=st.integers(0, 10**9), change=st.integers(1, 255))
@settings(max_examples=40, deadline=None)
def test_of_a_damaged_archive_the_rest_is_kept_and_what_is_lost_is_named(position: int, change: int) -> None:
    with TemporaryDirectory() as folder:
        store = written(Path(folder))
        before, known = store.archive.read_bytes(), store.peek()
        assert known is not None
        spoiled = bytearray(before)
        spoiled[position % len(before)] ^= change
        store.archive.write_bytes(spoiled)
        manifest, said = store.open()
        lost = [name for name in known.records if name not in manifest.records]
        assert len(lost) <= 1
        assert [each for each in said if "owed again" in each] == [OWED.format(name[0]) for name in lost]
        assert all(manifest.records[name].digest == STAMPS[name] for name in manifest.records)
        assert {call for call, state in manifest.calls.items() if state.state == "failed"} == {
            f"call-{name[0]}" for name in lost
        }
        assert not any(state.fetched for state in manifest.calls.values())
        assert not manifest.settled
        # What a destination has is still known.
        assert manifest.destinations == known.destinations
        aside = [path.read_bytes() for path in store.archive.parent.glob("*.damaged-*")]
        assert aside == [bytes(spoiled)] * any(each.endswith("keeps the damaged file.") for each in said)
        assert aside or not lost
        # Fetched once more, everything is as it was, and the damaged file is still there to be looked at.
        for number, name in enumerate(NAMES):
            store.append(frame(name, at=1000, minute=number))
        store.merge(manifest, again=False)
        store.commit(manifest)
        assert [each.key[0] for each in look_into(store.archive)[0]] == list(NAMES)
        assert [path.read_bytes() for path in store.archive.parent.glob("*.damaged-*")] == aside


def test_a_damaged_file_is_named_and_set_aside_each_time(tmp_path: Path) -> None:
    store = written(tmp_path)
    spoiled: list[bytes] = []
    for number, name in enumerate("ab", 1):
        content = bytearray(store.archive.read_bytes())
        where = stretch(store, name)
        content[where.start + 20] ^= 0xFF
        store.archive.write_bytes(content)
        spoiled.append(bytes(content))
        manifest, said = store.open()
        assert said == [
            f"2026-11-20.ndjson.zst: damaged or cut off at byte {where.start}",
            f"2026-11-20.ndjson.damaged-{number} keeps the damaged file.",
            OWED.format(name),
        ]
        store.append(frame(name, at=2000))
        store.merge(manifest, again=False)
        store.commit(manifest)
    assert [store.archive.with_suffix(f".damaged-{number}").read_bytes() for number in (1, 2)] == spoiled
    assert sorted(each.key[0] for each in seen(store.archive)) == list(NAMES)


def test_an_older_archive_put_back_is_believed(tmp_path: Path) -> None:
    store = written(tmp_path)
    older = store.archive.read_bytes()
    manifest, _ = store.open()
    store.append(frame("a", at=2000, word="new"))
    store.append(frame("d", at=2000, minute=9))
    store.merge(manifest, again=False)
    manifest.calls["call-d"] = CallState("fetched", level=2, records=("d/1",))
    store.commit(manifest)
    store.archive.write_bytes(older)
    manifest, said = store_in(tmp_path).open()
    assert said == [OWED.format("d")]
    assert {name: entry.fetched_at for name, entry in manifest.records.items()} == dict.fromkeys(STAMPS, 1000)
    assert manifest.calls["call-d"].state == "failed"


def test_an_archive_that_is_newer_than_the_manifest_is_believed(tmp_path: Path) -> None:
    """A crash after the merge."""
    store = written(tmp_path)
    manifest, _ = store.open()
    store.append(frame("d", at=2000, minute=9))
    store.merge(manifest, again=False)
    manifest, said = store_in(tmp_path).open()
    assert said == []
    assert list(manifest.records) == ["a/1", "b/1", "c/1", "d/1"]
    assert manifest.calls["call-d"] == CallState("fetched", level=2, records=("d/1",))
    assert not manifest.settled


# -- another format ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"records": ["in", "another", "form"], "vendor": 7}])
def test_a_manifest_of_another_format_is_refused(tmp_path: Path, more: dict[str, Any]) -> None:
    path = tmp_path / "m"
    write_manifest(path, full_manifest())
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2} | more))
    with pytest.raises(ArchiveError, match=r"m was written by another version of this program \(format 2\)"):
        read_manifest(path)


def test_of_a_slice_that_could_not_be_opened_nothing_is_written(tmp_path: Path) -> None:
    store = written(tmp_path)
    store.append(frame("d"))
    foreign = store.manifest_path.read_bytes().replace(b'"format": 1', b'"format": 2')
    store.manifest_path.write_bytes(foreign)
    with pytest.raises(ArchiveError, match="another version"):
        store.open()
    store.commit(Manifest(VENDOR, ACCOUNT, "2026-11-20"))
    assert store.manifest_path.read_bytes() == foreign
    assert store.part.exists()


# -- through the engine ------------------------------------------------------------------------------------


@pytest.fixture
def opentok() -> Iterator[Vendor]:
    calls = [session(number, day=DAY.date, start=timedelta(hours=9 + number), people=2, minutes=2) for number in (0, 1)]
    with vendor(calls, NOW, rules=Rules(rate_limit=100_000)) as server:
        yield server


@pytest.fixture
def night(opentok: Vendor, tmp_path: Path) -> Night:
    """The day was harvested once."""
    night = Night(tmp_path, NOW, opentok.url)
    assert night.harvest(DAY.date).exit_code == 0
    return night.later()


def sent(night: Night) -> int:
    """How many documents a replay into the lake sends."""
    ran = night.replay(DAY.date)
    assert ran.exit_code == 0
    return ran.counts("lake")["sent"]


def test_a_manifest_of_another_format_is_a_sentence_and_nothing_is_touched(night: Night) -> None:
    store = night.store(DAY.date)
    store.append(frame("a"))
    found = json.loads(store.manifest_path.read_text())
    store.manifest_path.write_text(json.dumps(found | {"format": 2}))
    before = {path: path.read_bytes() for path in night.data_dir.rglob("*.*") if path.is_file()}
    for ran in (night.harvest(DAY.date), night.replay(DAY.date)):
        assert (ran.exit_code, ran.only.state) == (1, "failed")
        assert "was written by another version of this program (format 2)" in ran.only.reason
    assert {path: path.read_bytes() for path in night.data_dir.rglob("*.*") if path.is_file()} == before


def test_without_its_manifest_a_day_is_loaded_as_a_whole(night: Night) -> None:
    assert sent(night) == 0
    lines = lake_lines(night.data_dir)
    night.store(DAY.date).manifest_path.unlink()
    assert sent(night.later(vendor_url=NOBODY)) == len(lines) > 0
    assert lake_lines(night.data_dir) == lines
    assert sent(night) == 0


def test_what_is_loaded_is_still_known_when_the_archive_was_packed_anew(night: Night) -> None:
    """Another file of the same records: other bytes on the disk, but the same digests."""
    store = night.store(DAY.date)
    packed = store.archive.read_bytes()
    anew = b""
    for entry in night.manifest(DAY.date).records.values():
        text = zstandard.ZstdDecompressor().decompressobj().decompress(packed[entry.offset :])
        anew += zstandard.ZstdCompressor(level=19, write_checksum=True).compress(text)
    assert anew != packed
    store.archive.write_bytes(anew)
    assert sent(night) == 0
    assert night.manifest(DAY.date).archive_size == len(anew)


def test_a_damaged_record_is_named_fetched_again_and_the_day_is_whole_the_night_after(night: Night) -> None:
    lines = lake_lines(night.data_dir)
    store = night.store(DAY.date)
    first, second = night.manifest(DAY.date).records
    content = bytearray(store.archive.read_bytes())
    content[night.manifest(DAY.date).records[second].offset + 50] ^= 0xFF
    store.archive.write_bytes(content)

    ran = night.harvest(DAY.date)
    assert (ran.exit_code, ran.only.state) == (3, "partial")
    assert f"record {second} is no longer in the archive and is owed again." in ran.only.warnings
    assert not any(first in each for each in ran.only.warnings)
    assert list(night.manifest(DAY.date).records) == [first, second]
    again = night.later().harvest(DAY.date)
    assert (again.exit_code, again.only.state, again.only.warnings) == (0, "complete", [])
    assert lake_lines(night.data_dir) == lines


def test_a_damaged_record_that_the_vendor_no_longer_has_leaves_the_others_and_the_lake(night: Night) -> None:
    lines = lake_lines(night.data_dir)
    store = night.store(DAY.date)
    first, second = night.manifest(DAY.date).records
    content = bytearray(store.archive.read_bytes())
    content[50] ^= 0xFF
    store.archive.write_bytes(content)
    ran = night.later(vendor_url=NOBODY).harvest(DAY.date)
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert f"record {first} is no longer in the archive and is owed again." in ran.only.warnings
    assert list(night.manifest(DAY.date).records) == [second]
    assert lake_lines(night.data_dir) == lines
    # It is still owed when nobody speaks of it any more.
    replayed = night.replay(DAY.date)
    assert replayed.exit_code != 0
    assert [each["reason"] for each in replayed.only.failed] == ["its archived record was damaged or removed"]


def test_a_damaged_manifest_is_said_once(night: Night) -> None:
    night.store(DAY.date).manifest_path.write_bytes(b"\x00" * 100)
    ran = night.harvest(DAY.date)
    assert (ran.exit_code, ran.only.state) == (3, "partial")
    assert ran.only.warnings[0].startswith("2026-11-20.manifest.json is damaged and is made anew from the archive")
    assert night.later().harvest(DAY.date).exit_code == 0


def test_a_repeated_harvest_does_not_write_the_archive_or_ask_for_what_is_final(night: Night, opentok: Vendor) -> None:
    late = datetime.combine(date(2026, 11, 23), NOW.timetz())
    opentok.now = late
    night = night.later(late)
    assert night.harvest(DAY.date).only.settled
    store = night.store(DAY.date)
    before = store.archive.stat(), store.manifest_path.stat()
    asked = opentok.requests
    assert night.later().harvest(DAY.date).exit_code == 0
    assert opentok.requests == asked
    assert (store.archive.stat(), store.manifest_path.stat()) == before


@pytest.mark.parametrize("content", [None, b"{", b'{"format": 99}'])
def test_a_replay_of_all_days_takes_one_without_a_readable_manifest_and_the_others(
    night: Night, content: bytes | None
) -> None:
    """A day must never drop out of sight, and one of another format must not stop the others."""
    other = DAY.date + timedelta(days=-1)
    night.harvest(other)
    night.harvest(DAY.date)
    path = night.store(DAY.date).manifest_path
    path.unlink() if content is None else path.write_bytes(content)
    done = night.later(vendor_url=NOBODY).command("replay", VENDOR, "--all", "--destination", "stdout")
    assert f"{VENDOR} {ACCOUNT} {other} empty" in done.stderr
    assert str(DAY) in done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = {line["vconf"]["conference"]["start"][:10] for line in lines if line["vconf"]["type"] == "conference"}
    assert (str(DAY) in found) is (content != b'{"format": 99}')
    assert done.returncode == {None: 0, b"{": 3, b'{"format": 99}': 1}[content]


def test_a_nightly_run_goes_on_when_one_day_is_of_another_format(night: Night) -> None:
    night.harvest(DAY.date)
    night.store(DAY.date).manifest_path.write_bytes(b'{"format": 99}')
    ran = night.harvest()
    states = {each.day: each.state for each in ran.report.slices}
    assert states.pop(str(DAY)) == "failed"
    assert set(states.values()) == {"empty"}
    assert len(states) == 6


def test_what_a_file_leaves_out_is_nothing(tmp_path: Path) -> None:
    """Files of every version of our format are read by the next: what they leave out must go on meaning the same."""
    path = tmp_path / "m"
    path.write_text('{"vendor": "v", "account": "a", "day": "2026-11-20", "calls": {"c": {"state": "none"}}}')
    manifest = read_manifest(path)
    assert manifest
    assert (manifest.format, manifest.level) == (1, 2)
    assert (manifest.attempts, manifest.archive_size) == (0, 0)
    assert (manifest.state, manifest.listed_at, manifest.route, manifest.archive_sha256) == ("", "", "", "")
    assert not manifest.settled
    assert (manifest.warnings, dict(manifest.records), manifest.destinations) == ([], {}, {})
    call = manifest.calls["c"]
    assert (call.level, call.tries, call.records) == (0, 0, ())
    assert (call.fetched, call.since, call.tried, call.reason) == ("", "", "", "")
    assert (call.listed, call.permanent) == (True, False)
