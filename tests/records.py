"""Invented records for tests of the archive, and strategies for every record that there can be."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import zstandard
from hypothesis import strategies as st

from harvesters.core.archive import Frame, pack, read, scan
from harvesters.core.day import Day
from harvesters.core.source import Part, Record
from harvesters.core.store import SliceStore

VENDOR, ACCOUNT = "opentok", "46204972"
DAY = Day(date(2026, 11, 20))
MORNING = datetime(2026, 11, 20, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing with its measurements, as JSON text."""

    kind: str = "publisher"
    head: bytes = b'{"streamId":"s"}'
    rows: tuple[bytes, ...] = ()


def parts_of(things: Sequence[Thing]) -> list[Part]:
    return [Part(each.kind, each.head, b"[%s]" % b",".join(each.rows), len(each.rows)) for each in things]


def record(  # noqa: PLR0913 - each says what is special about it
    key: str = "a",
    rows: int = 4,
    *,
    word: str = "word",
    level: int = 2,
    ongoing: bool = False,
    minute: int = 0,
) -> Record:
    """A record of two streams; `word` stands in its head, so another one is another answer."""
    head = json.dumps({"streamId": key, "said": word}).encode()
    things = [
        Thing("publisher", head, tuple(b'{"n":%d}' % n for n in range(rows // 2))),
        Thing("subscriber", head, tuple(b'{"n":%d}' % n for n in range(rows - rows // 2))),
    ]
    return Record((key, "1"), f"call-{key}", MORNING + timedelta(minutes=minute), level, ongoing, parts_of(things))


def frame(key: str = "a", rows: int = 4, *, at: int = 1000, **more: Any) -> Frame:
    """A record as it was fetched at an instant (milliseconds)."""
    return pack(VENDOR, ACCOUNT, record(key, rows, **more), at)


def store_in(folder: Path) -> SliceStore:
    return SliceStore(folder, VENDOR, ACCOUNT, DAY)


@dataclass(frozen=True, slots=True)
class Seen:
    """A record read back, every part of it."""

    key: tuple[str, ...]
    call: str
    started: datetime
    level: int
    ongoing: bool
    fetched_at: int
    parts: tuple[Part, ...]


def look_into(path: Path) -> tuple[list[Seen], list[str]]:
    """The whole records of a file in its order, read to their ends, and what there is to complain of."""
    found, complaints = [], []
    with path.open("rb") as file:
        for entry in scan(path):
            if isinstance(entry, str):
                complaints.append(entry)
                continue
            one = read(file, entry)
            parts = tuple(one.parts)
            assert entry.rows == sum(part.count for part in parts)
            found.append(Seen(one.key, one.call, one.started, one.level, one.ongoing, entry.fetched_at, parts))
    return found, complaints


def seen(path: Path) -> list[Seen]:
    """The records of a file without any damage."""
    found, complaints = look_into(path)
    assert complaints == []
    return found


def text_of(path: Path) -> bytes:
    """What `zstdcat` prints; a file that is not zstd from its first byte to its last fails."""
    text, rest = b"", path.read_bytes()
    while rest:
        unpacker = zstandard.ZstdDecompressor().decompressobj()
        text += unpacker.decompress(rest)
        assert unpacker.eof
        rest = unpacker.unused_data
    return text


# -- every record that there can be ----------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.sampled_from(["a/b", "//", "..", "%2F", "ключ", "🎥", "sha256:0", "x" * 700, "\n", '"', "\x00"]),
)
KEYS = st.lists(WORDS, min_size=1, max_size=3).map(tuple)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=4
)
INSTANTS = st.integers(0, 24 * 3600 * 1000 - 1).map(lambda ms: DAY.start + timedelta(milliseconds=ms))


@st.composite
def json_of(draw: st.DrawFn, value: object) -> bytes:
    """A value as JSON in one of its spellings: with line breaks between tokens, escaped or not."""
    indent = draw(st.sampled_from([None, 0, 1, "\t"]))
    text = json.dumps(value, indent=indent, ensure_ascii=draw(st.booleans()))
    spelled = text.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r"])))
    around = draw(st.sampled_from(["", "\n", " "]))
    return f"{around}{spelled}{around}".encode()


@st.composite
def any_part(draw: st.DrawFn) -> Part:
    rows = draw(st.lists(VALUES, max_size=3))
    head = draw(json_of(draw(st.dictionaries(TEXT, VALUES, max_size=2))))
    return Part(draw(st.sampled_from(["meeting", "publisher"])), head, draw(json_of(rows)), len(rows))


@st.composite
def any_record(draw: st.DrawFn) -> Record:
    return Record(
        draw(KEYS),
        draw(WORDS),
        draw(INSTANTS),
        draw(st.integers(0, 2)),
        draw(st.booleans()),
        draw(st.lists(any_part(), max_size=3)),
    )
