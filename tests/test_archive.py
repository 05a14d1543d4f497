"""The archive file: what was put in comes out, readable by others, and damage costs the record that it hit."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvesters.core import archive
from harvesters.core.archive import pack, read, scan
from harvesters.core.entries import Entry
from harvesters.core.errors import ArchiveError
from harvesters.core.source import Part, Record
from tests.records import (
    ACCOUNT,
    VENDOR,
    Seen,
    Thing,
    any_record,
    frame,
    look_into,
    parts_of,
    record,
    seen,
    store_in,
    text_of,
)

MEMBERS = [
    "vendor",
    "account",
    "key",
    "call",
    "started",
    "level",
    "ongoing",
    "fetched_at",
    "part",
    "last",
    "kind",
    "count",
    "head",
    "rows",
    "crc32",
    "digest",
]


# -- round trip ------------------------------------------------------------------------------------------


def flat(text: bytes) -> bytes:
    """The same JSON with the line breaks between its tokens as spaces."""
    return text.translate(bytes.maketrans(b"\r\n", b"  ")).strip()


@given(records=st.lists(any_record(), min_size=1, max_size=3), at=st.integers(0, 2**53))
@settings(max_examples=60, deadline=None)
def test_any_record_comes_back_as_it_was(records: list[Record], at: int) -> None:
    with TemporaryDirectory() as folder:
        store = store_in(Path(folder))
        for number, each in enumerate(records):
            store.append(pack(VENDOR, ACCOUNT, each, at + number))
        found = seen(store.part)
        lines = text_of(store.part).splitlines()
    assert found == [
        Seen(
            each.key,
            each.call,
            each.started,
            each.level,
            each.ongoing,
            at + number,
            tuple(Part(part.kind, flat(part.head), flat(part.rows), part.count) for part in each.parts),
        )
        for number, each in enumerate(records)
    ]
    given_parts = [part for each in records for part in each.parts]
    read_back = [line for line in map(json.loads, lines) if not line["last"]]
    assert [line["head"] for line in read_back] == [json.loads(part.head) for part in given_parts]
    assert [line["rows"] for line in read_back] == [json.loads(part.rows) for part in given_parts]


def test_the_file_is_one_stream_of_json_lines_for_other_programs(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.append(frame("a", rows=3, at=1_700_000_000_000))
    store.append(frame("b", rows=0, at=1_700_000_000_001, minute=90, level=1, ongoing=True))
    lines = [json.loads(line) for line in text_of(store.part).splitlines()]

    assert [list(line) for line in lines] == [MEMBERS] * 6
    shared: dict[str, Any] = {"vendor": "opentok", "account": "46204972", "key": ["a", "1"], "call": "call-a"}
    shared |= {"started": "2026-11-20T08:00:00.000Z", "level": 2, "ongoing": False, "fetched_at": 1_700_000_000_000}
    head = {"streamId": "a", "said": "word"}
    first = {**shared, "part": 1, "last": False, "kind": "publisher", "count": 1, "head": head, "rows": [{"n": 0}]}
    # Of the head's bytes and then the rows': worked out with gzip, whose files end with it.
    assert lines[0] == {**first, "crc32": "3239fc6d", "digest": ""}
    assert (lines[1]["part"], lines[1]["kind"], lines[1]["rows"]) == (2, "subscriber", [{"n": 0}, {"n": 1}])
    assert {name: lines[2][name] for name in shared} == shared
    assert (lines[2]["part"], lines[2]["last"], lines[2]["rows"], len(lines[2]["digest"])) == (3, True, [], 32)
    assert [lines[2][name] for name in ("kind", "count", "crc32", "head")] == ["", 0, "", {}]
    assert [(line["key"], line["last"], line["level"], line["ongoing"]) for line in lines[3:]] == [
        (["b", "1"], False, 1, True),
        (["b", "1"], False, 1, True),
        (["b", "1"], True, 1, True),
    ]


def test_an_instant_finer_than_a_millisecond_is_cut(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    fine = datetime(2026, 11, 20, 8, 0, 0, 123_999, tzinfo=UTC)
    store.append(pack(VENDOR, ACCOUNT, replace(record(), started=fine), 1))
    assert [each.started for each in seen(store.part)] == [datetime(2026, 11, 20, 8, 0, 0, 123_000, tzinfo=UTC)]


def test_the_entry_of_a_packed_record_is_the_one_that_a_scan_finds(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    frames = [frame("a", rows=5), frame("b", rows=2, minute=1)]
    for each in frames:
        store.append(each)
    first, second = (each.entry for each in frames)
    length = len(frames[0].data)
    assert list(scan(store.part)) == [
        first,
        Entry(
            key=("b", "1"),
            call="call-b",
            started="2026-11-20T08:01:00.000Z",
            level=2,
            ongoing=False,
            fetched_at=1000,
            rows=2,
            digest=second.digest,
            offset=length,
            length=len(frames[1].data),
        ),
    ]


# -- digest ----------------------------------------------------------------------------------------------

THINGS = st.lists(
    st.builds(
        Thing,
        st.sampled_from(["a", "b"]),
        st.sampled_from([b"{}", b'{"a":1}']),
        st.lists(st.sampled_from([b"1", b"2", b"[1,2]", b"null"]), max_size=4).map(tuple),
    ),
    max_size=4,
)


def digest_of(parts: list[Part]) -> str:
    return pack(VENDOR, ACCOUNT, replace(record(), parts=parts), 1).entry.digest


def joined(things: list[Thing]) -> list[Thing]:
    """Neighbours of one kind and head are one thing whose rows were cut."""
    whole: list[Thing] = []
    for each in things:
        if whole and (whole[-1].kind, whole[-1].head) == (each.kind, each.head):
            each = Thing(each.kind, each.head, whole.pop().rows + each.rows)  # noqa: PLW2901 - what it grew into
        whole.append(each)
    return whole


@given(things=THINGS, data=st.data())
@settings(max_examples=80, deadline=None)
def test_the_digest_does_not_see_where_parts_were_cut(things: list[Thing], data: st.DataObject) -> None:
    cut: list[Thing] = []
    for each in things:
        at = data.draw(st.integers(0, len(each.rows)))
        cut += [Thing(each.kind, each.head, each.rows[:at]), Thing(each.kind, each.head, each.rows[at:])]
    assert digest_of(parts_of(cut)) == digest_of(parts_of(things))


@given(one=THINGS, other=THINGS)
@example([Thing(rows=(b"1", b"2"))], [Thing(rows=(b"2", b"1"))])
@example([Thing("a", b"{}", (b"1",)), Thing("b", b"{}", (b"2",))], [Thing("a", b"{}", (b"1", b"2"))])
@example([Thing("a"), Thing("b")], [Thing("b"), Thing("a")])
@example([Thing(rows=(b"[1", b"2]"))], [Thing(rows=(b"[1,2]",))])
@settings(max_examples=150, deadline=None)
def test_the_digest_sees_every_change_of_rows_heads_and_kinds(one: list[Thing], other: list[Thing]) -> None:
    same = [(each.kind, each.head, b",".join(each.rows)) for each in joined(one)] == [
        (each.kind, each.head, b",".join(each.rows)) for each in joined(other)
    ]
    assert (digest_of(parts_of(one)) == digest_of(parts_of(other))) is same


def test_the_digest_is_of_the_answer_alone() -> None:
    early = frame("a", at=1, level=1, ongoing=True, minute=0).entry.digest
    assert frame("a", at=2, level=2, ongoing=False, minute=5).entry.digest == early


# -- damage ----------------------------------------------------------------------------------------------

FRAMES = [frame(name, rows=6, at=number, minute=number) for number, name in enumerate("abc")]
WHOLE = b"".join(each.data for each in FRAMES)
ENDS = [sum(len(each.data) for each in FRAMES[: number + 1]) for number in range(len(FRAMES))]


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[Seen]:
    path = tmp_path_factory.mktemp("whole") / "file"
    path.write_bytes(WHOLE)
    found = seen(path)
    assert [each.key[0] for each in found] == list("abc")
    return found


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage") / "2026-11-20.ndjson.zst"


def touched(start: int, end: int) -> set[str]:
    """The records of which a byte lies in this stretch."""
    spans = zip([0, *ENDS], ENDS, "abc", strict=False)
    return {name for first, past, name in spans if first < end and start < past}


def check_damage(path: Path, content: bytes, originals: list[Seen], hit: set[str]) -> set[str]:
    """Scan a damaged file: what it has is right, what it lacks was hit. Returns what it lacks."""
    path.write_bytes(content)
    found, complaints = look_into(path)
    assert [each for each in originals if each in found] == found, "a wrong record, or a strange order"
    lost = {each.key[0] for each in originals if each not in found}
    assert lost <= hit
    assert all(each.startswith("2026-11-20.ndjson.zst: ") for each in complaints)
    assert complaints or not lost or all(FRAMES["abc".index(name)].data not in content for name in lost)
    return lost


@given(position=st.integers(0, len(WHOLE) - 1), change=st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_a_changed_byte_costs_no_more_than_its_record(
    originals: list[Seen], scratch: Path, position: int, change: int
) -> None:
    content = bytearray(WHOLE)
    content[position] ^= change
    check_damage(scratch, bytes(content), originals, touched(position, position + 1))


def test_wherever_a_byte_changes_the_other_records_come_whole(originals: list[Seen], scratch: Path) -> None:
    lost = 0
    for position in range(len(WHOLE)):
        content = bytearray(WHOLE)
        content[position] ^= 0xFF
        lost += len(check_damage(scratch, bytes(content), originals, touched(position, position + 1)))
    # Some bits of a frame tell nothing, such as the size of its window; all others are watched.
    assert lost > 0.95 * len(WHOLE)


def test_the_next_record_is_found_wherever_a_piece_of_the_file_ends(
    originals: list[Seen], scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = WHOLE[: ENDS[0] + 60] + b"\xff" * 5 + WHOLE[ENDS[0] + 65 :]
    for step in range(1, 80):
        monkeypatch.setattr(archive, "STEP", step)
        assert check_damage(scratch, content, originals, {"b"}) == {"b"}, step


@given(start=st.integers(0, len(WHOLE)), length=st.integers(1, 700), filling=st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_a_stretch_torn_out_or_overwritten_costs_no_more_than_its_records(
    originals: list[Seen], scratch: Path, start: int, length: int, filling: bytes
) -> None:
    content = WHOLE[:start] + filling + WHOLE[start + length :]
    hit = touched(start, start + length)
    if filling:
        # What stands before the first byte of a record does not touch it, but within one it does.
        hit |= touched(start, start + 1) if start not in (0, *ENDS) else set()
    assert check_damage(scratch, content, originals, hit) == hit - unharmed(content, hit)


def unharmed(content: bytes, hit: set[str]) -> set[str]:
    """Records that stand in the file byte for byte after all: the filling was the same bytes."""
    return {name for name, each in zip("abc", FRAMES, strict=True) if name in hit and each.data in content}


def test_of_a_file_cut_at_any_byte_the_whole_records_are_left(originals: list[Seen], scratch: Path) -> None:
    for length in range(len(WHOLE)):
        whole = sum(end <= length for end in ENDS)
        scratch.write_bytes(WHOLE[:length])
        found, complaints = look_into(scratch)
        assert found == originals[:whole], length
        assert len(complaints) == (length not in (0, *ENDS)), length


def test_an_empty_file_has_no_records_and_no_damage(scratch: Path) -> None:
    scratch.write_bytes(b"")
    assert list(scan(scratch)) == []


def test_a_record_that_lost_its_last_line_is_not_whole(tmp_path: Path) -> None:
    """As a crash between two writes would leave it, were records written line by line."""
    path = tmp_path / "file"
    path.write_bytes(repacked(lambda lines: lines[:-1]))
    assert list(scan(path)) == ["file: the record at byte 0 is not whole"]


def test_a_record_that_lost_a_line_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(repacked(lambda lines: lines[1:]))
    assert list(scan(path)) == ["file: the record at byte 0 is not whole"]


def test_a_line_that_does_not_fit_its_checksum_is_named_with_its_record(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(repacked(lambda lines: [lines[0].replace(b'{"n":0}', b'{"n":9}'), *lines[1:]]))
    assert list(scan(path)) == ["file: a line of record a/1 is damaged (checksum)"]


def test_records_that_another_program_packed_together_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(repacked(lambda lines: lines * 2))
    (said,) = scan(path)
    assert said == "file: the frame at byte 0 holds several records: it was packed by another program"


@pytest.mark.parametrize("line", [b"{}", b"[]", b"null", b"\xff", b'{"vendor":1}', b"{"])
def test_a_line_that_is_no_part_is_damage(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(repacked(lambda lines: [line, *lines]) + FRAMES[0].data)
    damage, whole = scan(path)
    assert isinstance(damage, str)
    assert damage.startswith("file: damaged at byte 0: ")
    assert isinstance(whole, Entry)


ODD_HEADS = [
    b'{"a":1,"rows":[1],"crc32":"x"}',
    b'{"a":{"b":[],"rows":[]}}',
    b'{"rows":[],"crc32":""}',
    b'{"a":",\\"rows\\":"}',
]
"""Heads that have what stands around the rows."""


@pytest.mark.parametrize("head", ODD_HEADS)
@pytest.mark.parametrize("rows", [b'[{"a":1,"crc32":"y"}]', b'[{"rows":[],"crc32":""},{"a":1,"rows":[[]]}]', b"[]"])
def test_rows_are_found_whatever_stands_around_and_in_them(tmp_path: Path, head: bytes, rows: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(pack(VENDOR, ACCOUNT, replace(record("a"), parts=[Part("thing", head, rows, 1)]), 1).data)
    (entry,) = scan(path)
    assert isinstance(entry, Entry)
    with path.open("rb") as file:
        assert list(read(file, entry).parts) == [Part("thing", head, rows, 1)]


def test_lines_that_another_program_wrote_are_read_too(tmp_path: Path) -> None:
    """With blanks, and in another order: the checksums are over the vendor's bytes, which stay as they are."""

    def written(line: bytes) -> bytes:
        members = sorted(msgspec.json.decode(line, type=dict[str, msgspec.Raw]).items())
        return b"{ %s }" % b" , ".join(b'"%s": %s' % (name.encode(), value) for name, value in members)

    path = tmp_path / "file"
    path.write_bytes(repacked(lambda lines: [written(line) for line in lines]))
    (entry,) = scan(path)
    assert isinstance(entry, Entry)
    with path.open("rb") as file:
        assert [part.rows for part in read(file, entry).parts] == [b'[{"n":0},{"n":1}]'] * 2


def repacked(change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """A record's lines, changed, in a frame that zstd finds no fault with."""
    lines = zstandard.ZstdDecompressor().decompressobj().decompress(frame("a").data).splitlines()
    return zstandard.ZstdCompressor(write_checksum=True).compress(b"".join(line + b"\n" for line in change(lines)))


@pytest.mark.parametrize("left", [0.3, 0.9])
def test_a_record_cut_since_it_was_found_is_an_error_when_it_is_read(tmp_path: Path, left: float) -> None:
    path = tmp_path / "file"
    path.write_bytes(FRAMES[0].data)
    (entry,) = scan(path)
    assert isinstance(entry, Entry)
    path.write_bytes(FRAMES[0].data[: int(len(FRAMES[0].data) * left)])
    with path.open("rb") as file, pytest.raises(ArchiveError):
        list(read(file, entry).parts)


# -- memory ----------------------------------------------------------------------------------------------

MB = 1 << 20
DIGITS = b"0123456789"


def long_call(megabytes: int) -> Iterator[Part]:
    """A part of a megabyte at a time, that packs about as well as statistics do."""
    rows = [b'{"time":"2026-11-20T08:%02d:00.000Z","loss":"%d"}' % (n % 60, n * n * n) for n in range(20_000)]
    text = b"[%s]" % b",".join(rows)
    for number in range(megabytes):
        # Other digits, so that a part is not packed as a copy of the one before it.
        turned = DIGITS[number % 10 :] + DIGITS[: number % 10]
        yield Part("publisher", b"{}", text.translate(bytes.maketrans(DIGITS, turned)), len(rows))


def peak(work: Callable[[], object]) -> int:
    """The most memory that was in use meanwhile, in bytes."""
    tracemalloc.start(1)
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_huge_record_is_packed_scanned_and_read_part_by_part(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    found: list[Entry | str] = []
    raw: list[int] = []

    def put_in() -> None:
        store.append(pack(VENDOR, ACCOUNT, replace(record(), parts=long_call(60)), 1))

    def take_out() -> None:
        (entry,) = found
        assert isinstance(entry, Entry)
        with store.part.open("rb") as file:
            raw.extend(len(part.rows) for part in read(file, entry).parts)

    peaks = peak(put_in), peak(lambda: found.extend(scan(store.part))), peak(take_out)
    assert sum(raw) > 60 * MB
    assert max(peaks) < 25 * MB
