"""The merge: what a fetch brought against what was there, by the rules of the archive, and never half."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from harvesters.core.archive import Frame, pack
from harvesters.core.manifest import Manifest, fingerprint
from harvesters.core.store import Merged, SliceStore
from tests.records import ACCOUNT, DAY, VENDOR, frame, record, seen, store_in, text_of


def merge(store: SliceStore, *frames: Frame, again: bool = False) -> Merged:
    """A run as the engine does it: make manifest and archive agree, fetch, merge, write the manifest."""
    manifest, damage = store.open()
    assert damage == []
    for each in frames:
        store.append(each)
    merged = store.merge(manifest, again=again)
    store.commit(manifest)
    return merged


def words(store: SliceStore) -> dict[str, tuple[int, int]]:
    """What the archive holds: by key when it was fetched, and how many rows."""
    return {each.key[0]: (each.fetched_at, sum(part.count for part in each.parts)) for each in seen(store.archive)}


# -- which record wins -------------------------------------------------------------------------------------


def test_a_new_record_is_taken_and_the_others_stay(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert merge(store, frame("a", at=1000)) == Merged(taken=1, unchanged=0, warnings=[])
    assert merge(store, frame("b", at=2000)) == Merged(taken=1, unchanged=1, warnings=[])
    assert words(store) == {"a": (1000, 4), "b": (2000, 4)}


def test_the_newest_answer_wins(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    merge(store, frame("a", at=1000, word="old"))
    assert merge(store, frame("a", at=1001, word="new")) == Merged(taken=1, unchanged=0, warnings=[])
    (found,) = seen(store.archive)
    assert (found.fetched_at, b"new" in found.parts[0].head) == (1001, True)


def test_an_answer_that_is_not_newer_changes_nothing(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    merge(store, frame("a", at=1000, word="first"))
    before = store.archive.read_bytes()
    late = [frame("a", at=1000, word="second"), frame("a", at=999, word="third")]
    assert merge(store, *late) == Merged(taken=0, unchanged=1, warnings=[])
    assert store.archive.read_bytes() == before


def test_the_same_answer_keeps_the_older_record(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    frames = [frame(name, at=1000 + number, minute=number) for number, name in enumerate("abc")]
    merge(store, *frames)
    before = store.archive.read_bytes(), store.manifest_path.read_bytes()
    repeated = [frame(name, at=9000 + number, minute=number) for number, name in enumerate("abc")]
    assert merge(store, *repeated) == Merged(taken=0, unchanged=3, warnings=[])
    assert (store.archive.read_bytes(), store.manifest_path.read_bytes()) == before
    assert not store.part.exists()


def test_a_repeated_answer_is_the_same_however_it_was_cut(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    whole = record("a", rows=6)
    merge(store, pack(VENDOR, ACCOUNT, whole, 1000))
    before = store.archive.read_bytes()
    cut = [replace(part, rows=b"[%s]" % row, count=1) for part in whole.parts for row in part.rows[1:-1].split(b",")]
    assert len(cut) == 6
    assert merge(store, pack(VENDOR, ACCOUNT, replace(whole, parts=cut), 2000)).taken == 0
    assert store.archive.read_bytes() == before


@pytest.mark.parametrize("again", [False, True])
def test_less_detail_never_replaces_more(tmp_path: Path, again: bool) -> None:  # noqa: FBT001 - a parameter
    store = store_in(tmp_path)
    merge(store, frame("a", at=1000, level=2, word="rich"))
    merged = merge(store, frame("a", at=2000, level=1, word="poor"), again=again)
    sentence = "a/1: the new answer has less detail (level 1 after 2); the old one is kept."
    assert merged == Merged(taken=0, unchanged=1, warnings=[sentence])
    assert words(store) == {"a": (1000, 4)}


def test_less_detail_replaces_what_was_going_on(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    merge(store, frame("a", at=1000, level=2, ongoing=True, word="still talking"))
    assert merge(store, frame("a", at=2000, level=1, word="over")) == Merged(taken=1, unchanged=0, warnings=[])
    assert [(each.level, each.ongoing) for each in seen(store.archive)] == [(1, False)]


def test_more_detail_replaces_less(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    merge(store, frame("a", rows=4, at=1000, level=1))
    assert merge(store, frame("a", rows=8, at=2000, level=2)).taken == 1
    assert words(store) == {"a": (2000, 8)}


def test_under_half_of_the_rows_is_kept_out_and_said_and_again_takes_it(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    merge(store, frame("a", rows=10, at=1000))
    shrunk = frame("a", rows=4, at=2000)
    sentence = "a/1: shrunk from 10 to 4 rows; the old one is kept, --again takes the new one."
    assert merge(store, shrunk) == Merged(taken=0, unchanged=1, warnings=[sentence])
    assert words(store) == {"a": (1000, 10)}
    assert merge(store, shrunk, again=True) == Merged(taken=1, unchanged=0, warnings=[])
    assert words(store) == {"a": (2000, 4)}


@pytest.mark.parametrize(("before", "after", "taken"), [(10, 5, 1), (11, 5, 0), (1, 0, 0), (0, 0, 1), (0, 3, 1)])
def test_half_of_the_rows_is_enough(tmp_path: Path, before: int, after: int, taken: int) -> None:
    store = store_in(tmp_path)
    merge(store, frame("a", rows=before, at=1000, word="old"))
    assert merge(store, frame("a", rows=after, at=2000, word="new")).taken == taken


def test_of_two_answers_of_one_fetch_the_newer_wins(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    merged = merge(store, frame("a", at=1000, word="one"), frame("a", at=1001, word="two"))
    assert merged == Merged(taken=1, unchanged=0, warnings=[])
    assert words(store) == {"a": (1001, 4)}


# -- what the file looks like ------------------------------------------------------------------------------

SEVERAL = [
    frame("late", at=1, minute=50),
    frame("b", at=5, minute=10),
    frame("a/b", at=2, minute=10),
    frame("a", at=9, minute=10),
    frame("early", at=3, minute=1),
]
IN_ORDER = ["early", "a", "a/b", "b", "late"]


@given(order=st.permutations(SEVERAL), merges=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_records_come_in_any_order_and_lie_by_start_and_key(order: list[Frame], merges: int) -> None:
    with TemporaryDirectory() as folder:
        store = store_in(Path(folder))
        for number in range(merges):
            merge(store, *order[number::merges])
        assert [each.key[0] for each in seen(store.archive)] == IN_ORDER
        assert list(store.open()[0].records) == ["early/1", "a/1", "a%2Fb/1", "b/1", "late/1"]
        content = store.archive.read_bytes()
    assert content == b"".join(each.data for name in IN_ORDER for each in SEVERAL if each.entry.key[0] == name)


def test_the_manifest_tells_where_each_record_lies(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    merge(store, *SEVERAL)
    manifest, _ = store.open()
    content = store.archive.read_bytes()
    for entry in manifest.records.values():
        (packed,) = (each for each in SEVERAL if each.entry.key == entry.key)
        assert content[entry.offset : entry.offset + entry.length] == packed.data
        assert msgspec.structs.replace(entry, offset=0) == packed.entry
    assert (manifest.archive_size, manifest.archive_sha256) == fingerprint(store.archive)


# -- crashes -----------------------------------------------------------------------------------------------


@given(length=st.integers(0, sum(len(each.data) for each in SEVERAL)))
@settings(max_examples=60, deadline=None)
def test_of_a_part_file_cut_at_any_byte_the_whole_records_are_taken(length: int) -> None:
    with TemporaryDirectory() as folder:
        store = store_in(Path(folder))
        merge(store, frame("old", at=1))
        store.append(SEVERAL[0])
        store.part.write_bytes(b"".join(each.data for each in SEVERAL)[:length])
        ends = [sum(len(each.data) for each in SEVERAL[: number + 1]) for number in range(len(SEVERAL))]
        whole = {each.entry.key[0] for each, end in zip(SEVERAL, ends, strict=True) if end <= length}
        merged = merge(store)
        assert (merged.taken, merged.warnings) == (len(whole), [])
        assert {each.key[0] for each in seen(store.archive)} == {"old", *whole}
        # And other programs can read the archive from its beginning to its end.
        assert text_of(store.archive).count(b'"last":true') == 1 + len(whole)


def test_a_record_cut_off_in_the_part_file_does_not_harm_those_after_it(tmp_path: Path) -> None:
    """A full disk: half a record, then room again and other records after it."""
    store = store_in(tmp_path)
    store.append(frame("a", at=1))
    with store.part.open("ab") as file:
        file.write(frame("b", at=2).data[:100])
    assert merge(store, frame("c", at=3)).taken == 2
    assert words(store) == {"a": (1, 4), "c": (3, 4)}


@pytest.mark.parametrize("again", [False, True])
def test_a_crash_between_merge_and_manifest_repeats_the_merge_which_changes_nothing(
    tmp_path: Path,
    again: bool,  # noqa: FBT001 - a parameter
) -> None:
    store = store_in(tmp_path)
    merge(store, frame("a", rows=10, at=1), frame("b", at=1), frame("c", at=1))
    for each in (frame("a", rows=3, at=2), frame("b", at=2), frame("c", at=2, word="new"), frame("d", at=2)):
        store.append(each)
    before, _ = store.open()
    first = store.merge(before, again=again)
    archive, part = store.archive.read_bytes(), store.part.read_bytes()

    found = store_in(tmp_path)
    manifest, damage = found.open()
    second = found.merge(manifest, again=again)
    assert damage == []
    assert (second.taken, second.unchanged, second.warnings) == (0, 4, first.warnings)
    assert len(first.warnings) == (not again)
    assert (found.archive.read_bytes(), found.part.read_bytes()) == (archive, part)
    assert manifest.records == before.records
    found.commit(manifest)
    assert not found.part.exists()
    assert words(found) == {"a": (2, 3) if again else (1, 10), "b": (1, 4), "c": (2, 4), "d": (2, 4)}


def watch_disk(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is brought onto the disk and what is renamed from now on, in order."""
    events: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def synced(handle: int) -> None:
        events.append("sync " + Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        events.append(f"rename {path.name} to {target.name}")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    return events


def test_everything_is_on_the_disk_before_a_name_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_in(tmp_path)
    merge(store, frame("a", at=1))
    events = watch_disk(monkeypatch)
    merge(store, frame("b", at=2))
    assert events == [
        "sync 2026-11-20.part",
        "sync 2026-11-20.ndjson.zst.new",
        "rename 2026-11-20.ndjson.zst.new to 2026-11-20.ndjson.zst",
        "sync 2026",
        "sync 2026-11-20.manifest.json.new",
        "rename 2026-11-20.manifest.json.new to 2026-11-20.manifest.json",
        "sync 2026",
    ]


def test_the_old_archive_stays_until_the_new_one_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path)
    merge(store, frame("a", at=1))
    before = store.archive.read_bytes()
    at_rename: list[tuple[bytes, bytes]] = []

    def refused(path: Path, target: Path) -> Path:
        at_rename.append((path.read_bytes(), Path(target).read_bytes()))
        raise OSError(5, "Input/output error", str(target))

    manifest, _ = store.open()
    store.append(frame("b", at=2))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refused)
        with pytest.raises(OSError, match="Input/output error"):
            store.merge(manifest, again=False)
    assert at_rename == [(frame("a", at=1).data + frame("b", at=2).data, before)]
    assert store.archive.read_bytes() == before
    assert words(store) == {"a": (1, 4)}
    # Nothing lies about, and what was fetched is merged as soon as it can be.
    assert {path.name for path in store.archive.parent.iterdir()} == {
        "2026-11-20.ndjson.zst",
        "2026-11-20.manifest.json",
        "2026-11-20.part",
    }
    assert merge(store_in(tmp_path)).taken == 1
    assert words(store) == {"a": (1, 4), "b": (2, 4)}


def test_what_was_fetched_stays_until_it_was_merged(tmp_path: Path) -> None:
    """A run that only loads writes the manifest too; the part file of the run that was cut off is not its own."""
    store = store_in(tmp_path)
    merge(store, frame("a", at=1))
    store.append(frame("b", at=2))

    loading = store_in(tmp_path)
    manifest, _ = loading.open()
    manifest.state = "complete"
    loading.commit(manifest)
    assert loading.part.read_bytes() == frame("b", at=2).data
    assert merge(store_in(tmp_path)).taken == 1


def test_what_was_fetched_after_a_merge_stays_until_the_next(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    manifest, _ = store.open()
    store.append(frame("a", at=1))
    store.merge(manifest, again=False)
    store.append(frame("b", at=2))
    store.commit(manifest)
    assert merge(store_in(tmp_path)).taken == 1
    assert words(store) == {"a": (1, 4), "b": (2, 4)}


# -- a model of it -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A record as the model knows it; `word` and `rows` make its bytes."""

    at: int
    word: str
    rows: int
    level: int
    ongoing: bool

    def frame(self, key: str) -> Frame:
        minute = 10 * "xyz".index(key)
        return frame(key, self.rows, at=self.at, word=self.word, level=self.level, ongoing=self.ongoing, minute=minute)


def wins(old: Known, new: Known, *, again: bool) -> bool:
    """The rules of the archive, read off the design."""
    same_bytes = (old.word, old.rows) == (new.word, new.rows)
    poorer = new.level < old.level and not old.ongoing
    shrunk = 2 * new.rows < old.rows
    return new.at > old.at and not same_bytes and not poorer and (again or not shrunk)


def survivors(there: dict[str, Known], came: Iterable[tuple[str, Known]], *, again: bool) -> dict[str, Known]:
    found = dict(there)
    for key, new in came:
        if key not in found or wins(found[key], new, again=again):
            found[key] = new
    return found


class ArchiveMachine(RuleBasedStateMachine):
    """Fetches, merges, crashes and repeats in any order, on a real folder, beside the model."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.store = store_in(Path(self.folder.name))
        self.manifest = Manifest(VENDOR, ACCOUNT, str(DAY))
        self.clock = 1000
        self.archived: dict[str, Known] = {}
        self.pending: list[tuple[str, Known]] = []
        self.run()

    def run(self) -> None:
        """The next run finds the folder as it is."""
        self.store = store_in(Path(self.folder.name))
        self.manifest, damage = self.store.open()
        assert damage == []

    @rule(
        key=st.sampled_from("xyz"),
        word=st.sampled_from(["one", "two"]),
        rows=st.integers(0, 6),
        level=st.integers(1, 2),
        ongoing=st.booleans(),
        later=st.integers(0, 3),
    )
    def fetch(self, later: int, key: str, **answer: Any) -> None:
        self.clock += later
        new = Known(self.clock, **answer)
        self.store.append(new.frame(key))
        self.pending.append((key, new))

    @rule(again=st.booleans(), cut=st.integers(1, 400), dies=st.booleans())
    def merge(self, again: bool, cut: int, dies: bool) -> None:  # noqa: FBT001 - drawn
        expected = survivors(self.archived, self.pending, again=again)
        merged = self.store.merge(self.manifest, again=again)
        changed = sum(expected[key] != self.archived.get(key) for key in expected)
        assert merged.taken == changed
        assert merged.unchanged == len(expected) - changed
        self.archived = expected
        if dies and self.pending:
            # The manifest is not written. What the dying run was about to write is cut off.
            with self.store.part.open("ab") as file:
                file.write(Known(self.clock, "cut", 6, 2, ongoing=False).frame("x").data[:cut][:-1])
        else:
            self.store.commit(self.manifest)
            self.pending = []
        self.run()

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """The vendor says the same once more: not a byte changes."""
        if self.pending:
            return
        before = fingerprint(self.store.archive)
        self.clock += 1
        for key in data.draw(st.permutations(sorted(self.archived))):
            self.store.append(replace(self.archived[key], at=self.clock).frame(key))
        assert self.store.merge(self.manifest, again=data.draw(st.booleans())).taken == 0
        self.store.commit(self.manifest)
        assert fingerprint(self.store.archive) == before
        self.run()

    @invariant()
    def archive_and_manifest_are_the_model(self) -> None:
        path = self.store.archive
        found = seen(path) if path.exists() else []
        assert [(each.key[0], each.fetched_at) for each in found] == [
            (key, self.archived[key].at) for key in sorted(self.archived)
        ]
        content = path.read_bytes() if path.exists() else b""
        assert content == b"".join(self.archived[key].frame(key).data for key in sorted(self.archived))
        assert {name: entry.fetched_at for name, entry in self.manifest.records.items()} == {
            f"{key}/1": known.at for key, known in self.archived.items()
        }

    def teardown(self) -> None:
        self.folder.cleanup()


def test_any_course_of_fetches_merges_and_crashes_ends_as_the_rules_say() -> None:
    run_state_machine_as_test(
        ArchiveMachine,
        settings=settings(max_examples=25, stateful_step_count=12, deadline=None),
    )
