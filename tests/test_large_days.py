"""A day of many calls: what is held of each call, record and document count is little, whatever there are of them."""

import json
import tracemalloc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvesters.core.archive import pack
from harvesters.core.destinations import Counts, Current, Difference, Documents, Expected, Removed, Target
from harvesters.core.entries import Entry
from harvesters.core.errors import ArchiveError, DestinationError
from harvesters.core.filled import Filled
from harvesters.core.ids import readable
from harvesters.core.loading import Loader
from harvesters.core.manifest import (
    LARGE,
    CallState,
    Loaded,
    Manifest,
    Refusal,
    adopt,
    read_manifest,
    write_manifest,
)
from harvesters.core.stamps import Stamp
from tests.nights import Night, vendor
from tests.opentok_days import session
from tests.opentok_records import recipe
from tests.records import ACCOUNT, DAY, VENDOR, record, store_in

MB = 1_000_000
NIGHT = datetime(2026, 11, 21, 9, tzinfo=UTC)
NUMBERS = st.sampled_from([0, 1, 2, 99, 100, 101, 250])
HEX = "0123456789abcdef" * 4


def large(calls: int, records: int, stamps: Mapping[str, int], refused: int = 0) -> Manifest:
    """A manifest with so many calls, records and, by destination, stamps; names as long as a vendor's."""
    manifest = Manifest(VENDOR, ACCOUNT, str(DAY), listed_at="then", warnings=["odd", 'a "quoted" line\n'])
    manifest.filled = {"of": Filled(9, 3, {"records": 9, "calls": 1}), "of[]": Filled()}
    for number in range(calls):
        manifest.calls[f"{HEX}{number}"] = CallState("fetched", level=2, fetched="then", records=(f"{number}/1",))
    for number in range(records):
        key, started = (f"{HEX}{number}", "1"), "2026-11-20T08:00:00.000Z"
        entry = Entry(key, key[0], started, 2, ongoing=False, fetched_at=number, rows=4, digest=HEX, offset=0, length=9)
        manifest.records[f"{HEX}{number}/1"] = entry
    for name, number in stamps.items():
        loaded = {f"{HEX}{each}/1": Stamp(HEX, each, "r", "s", {"sample": each % 9}) for each in range(number)}
        no = {f"no-{each}": Refusal(1, {"too odd": 1}) for each in range(refused)}
        manifest.destinations[name] = Loaded(loaded, no)
    return manifest


def peak(work: Callable[[], object]) -> int:
    """The most memory that was in use meanwhile, in bytes."""
    tracemalloc.start(1)
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# -- the manifest ------------------------------------------------------------------------------------------


@given(
    calls=NUMBERS,
    records=NUMBERS,
    stamps=st.dictionaries(st.sampled_from(["lake", 'a/"b"', "index"]), NUMBERS, max_size=3),
    refused=st.integers(0, 2),
)
@settings(max_examples=40, deadline=None)
def test_written_in_pieces_it_is_what_the_library_writes_at_once(
    tmp_path_factory: pytest.TempPathFactory, calls: int, records: int, stamps: dict[str, int], refused: int
) -> None:
    manifest = large(calls, records, stamps, refused)
    path = tmp_path_factory.mktemp("m") / "m"
    assert write_manifest(path, manifest)
    assert path.read_bytes() == msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    assert read_manifest(path) == manifest
    assert not write_manifest(path, manifest)


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content + b"\n", lambda _: b""])
def test_a_file_that_only_begins_alike_is_written_anew(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    manifest = large(3, 3, {"lake": 3})
    path = tmp_path / "m"
    write_manifest(path, manifest)
    whole = path.read_bytes()
    path.write_bytes(change(whole))
    assert write_manifest(path, manifest)
    assert path.read_bytes() == whole


def test_writing_it_and_finding_it_unchanged_takes_no_memory_to_speak_of(tmp_path: Path) -> None:
    manifest = large(3000, 3000, {"index": 3000, "lake": 3000})
    path = tmp_path / "m"
    assert peak(lambda: write_manifest(path, manifest)) < MB
    assert path.stat().st_size > 3 * MB
    assert peak(lambda: write_manifest(path, manifest)) < MB
    manifest.destinations["lake"].records.popitem()
    assert peak(lambda: write_manifest(path, manifest)) < MB


def as_text(manifest: Manifest, **layout: Any) -> bytes:
    """The same manifest as another program writes it."""
    return json.dumps(json.loads(msgspec.json.encode(manifest)), **layout).encode()


LAYOUTS: list[dict[str, Any]] = [{"indent": 1}, {"indent": 2}, {"indent": 0}, {"indent": "\t"}, {}]


@given(
    number=st.integers(0, 3),
    reason=st.text(max_size=5),
    name=st.text(max_size=5),
    layout=st.sampled_from([None, *LAYOUTS]),
)
@example(number=2, reason='\n "records": {\n', name=' "calls": {\n', layout=None)
@settings(max_examples=80, deadline=None)
def test_read_in_pieces_it_is_the_same_whatever_its_layout(
    tmp_path_factory: pytest.TempPathFactory, number: int, reason: str, name: str, layout: dict[str, Any] | None
) -> None:
    manifest = large(number, number, {name: number, "lake": 1}, refused=1)
    manifest.calls[name] = CallState("failed", reason=reason, records=(name, "x"))
    path = tmp_path_factory.mktemp("m") / "m"
    write_manifest(path, manifest)
    if layout is not None:
        path.write_bytes(as_text(manifest, **layout))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harvesters.core.manifest.LARGE", 0)
        assert read_manifest(path) == manifest


@pytest.mark.parametrize("change", [lambda content: content[:-3], lambda content: content.replace(b"{", b"[", 3)])
def test_a_damaged_large_one_is_none(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "m"
    write_manifest(path, large(4000, 4000, {"lake": 4000}))
    path.write_bytes(change(path.read_bytes()))
    assert path.stat().st_size > LARGE
    assert read_manifest(path) is None


def test_a_large_one_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write_manifest(path, large(4000, 4000, {"lake": 4000}))
    path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(ArchiveError, match="another version"):
        read_manifest(path)


def test_reading_a_large_one_holds_each_text_once(tmp_path: Path) -> None:
    """Some 3.7 MB of text."""
    path = tmp_path / "m"
    write_manifest(path, large(4000, 4000, {"index": 4000}))
    found: list[Manifest | None] = []
    assert peak(lambda: found.append(read_manifest(path))) < path.stat().st_size * 1.6
    (manifest,) = found
    assert manifest
    ((call, state), (name, entry)) = next(iter(manifest.calls.items())), next(iter(manifest.records.items()))
    stamps = manifest.destinations["index"].records
    assert (entry.call, entry.key[0], state.fetched) == (call, call, "then")
    assert next(iter(stamps)) is name
    assert stamps[name].digest == entry.digest
    assert stamps[name].counts is list(stamps.values())[9].counts


# -- the merge ---------------------------------------------------------------------------------------------


def test_after_a_merge_the_name_of_a_record_is_there_once(tmp_path: Path) -> None:
    """What the fetch knew is shared too."""
    store = store_in(tmp_path)
    manifest, _ = store.open()
    names: list[str] = []
    for number in range(3):
        one = replace(record(minute=number), key=(f"{HEX}{number}", "1"), call=f"{HEX}{number}")
        store.append(pack(VENDOR, ACCOUNT, one, 1000))
        names.append(store.once(readable(one.key)))
    store.merge(manifest, again=False)
    adopt(manifest)
    for name, known, call in zip(manifest.records, names, manifest.calls.values(), strict=True):
        assert call.records[0] is name is known


# -- the load ----------------------------------------------------------------------------------------------


def test_records_of_equal_numbers_share_them() -> None:
    counts = Counts()
    for name in "ab":
        counts.accept(name, {"sample": 70, "stream": 2})
        counts.accept(name, {"sample": 7})
    counts.accept("c", {"sample": 77})
    assert counts.accepted == {"a": {"sample": 77, "stream": 2}, "b": {"sample": 77, "stream": 2}, "c": {"sample": 77}}
    assert counts.accepted["a"] is counts.accepted["b"]


class Leaky:
    """Takes everything, loses it, and goes away in the middle of the next load."""

    name, identity, takes_whole_slices = "leaky", "leaky/1", False

    def __init__(self) -> None:
        self.loads = 0

    def open(self) -> None:
        """There at once."""

    def write(self, target: Target, records: Iterable[tuple[str, Documents]], counts: Counts) -> None:
        del target
        self.loads += 1
        for name, documents in records:
            for document in documents:
                counts.accept(name, {document.type: 1})
                if self.loads == 2:
                    message = "gone"
                    raise DestinationError(message)
            counts.whole.append(name)

    def check(self, target: Target, expected: Iterable[Expected]) -> list[Difference]:
        del target
        return [Difference(each.record, type_, number, 0) for each in expected for type_, number in each.counts.items()]

    def remove_superseded(self, loaded: Sequence[Current]) -> Removed:
        del loaded
        return Removed()

    def note(self, id_: str, document: Mapping[str, object]) -> None:
        """No place for it."""

    def close(self) -> None:
        """Nothing to let go."""


def test_a_record_of_which_the_second_load_broke_off_stays_owed(tmp_path: Path) -> None:
    """It was whole in the first load, which says nothing of the second."""
    day = date(2026, 11, 20)
    with vendor([session(0, day=day, people=2, minutes=2)], NIGHT) as source:
        night = Night(tmp_path, NIGHT, source.url)
        assert night.harvest(day, into=["lake"]).exit_code == 0
    store = night.store(day)
    manifest, _ = store.open()
    leaky = Leaky()
    load = Loader(recipe(), store, manifest, leaky, Target(VENDOR, ACCOUNT, DAY)).run()
    assert (leaky.loads, str(load.error)) == (2, "gone")
    assert manifest.destinations["leaky/1"].records == {}
