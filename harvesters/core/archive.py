"""The raw archive: one zstd frame per record, one JSON line per part, readable with `zstdcat | jq`.

A record is written as one frame, so that merging copies frames without unpacking them, a single record
is found by its offset, and damage is confined to the record that it hit. Lines carry a checksum of their
own; frames carry zstd's.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec
import zstandard
from msgspec.structs import replace

from harvesters.core.day import iso, parse_instant
from harvesters.core.digest import Digest
from harvesters.core.entries import Entries, Entry
from harvesters.core.errors import ArchiveError
from harvesters.core.files import replacing
from harvesters.core.lines import Line, checksum, not_whole, parts, unpack
from harvesters.core.source import Part, Record

MAGIC = b"\x28\xb5\x2f\xfd"
LEVEL = 3
STEP = 1 << 13
"""Packed bytes that are looked at together where a frame's end is not known: they unpack to twenty times as many."""


def _one_line(json: bytes) -> bytes:
    """The same JSON without line breaks; between tokens they mean nothing, within text they cannot stand.

    Without blanks around it too: whoever reads the line back does not see them.
    """
    json = json.strip()
    return json.replace(b"\r", b" ").replace(b"\n", b" ") if b"\n" in json or b"\r" in json else json


@dataclass(frozen=True, slots=True)
class Frame:
    """One record, packed, with its entry (offset 0)."""

    entry: Entry
    data: bytes


def pack(vendor: str, account: str, record: Record, fetched_at: int) -> Frame:
    """Consume a record's parts and pack them into one frame.

    Only the packed bytes are held: a conference of 100 MB is some 5 MB here.
    """
    packer = _compressor().compressobj()
    digest, packed, rows = Digest(), [], 0
    line = Line(
        vendor=vendor,
        account=account,
        key=record.key,
        call=record.call,
        started=iso(record.started),
        level=record.level,
        ongoing=record.ongoing,
        fetched_at=fetched_at,
        part=0,
        last=False,
    )
    for part in record.parts:
        _fill(line, part)
        digest.add(part.kind, bytes(line.head), bytes(line.rows))
        rows += part.count
        packed.append(packer.compress(msgspec.json.encode(line) + b"\n"))
    line.part, line.last, line.digest = line.part + 1, True, digest.hexdigest()
    line.kind, line.count, line.crc32 = "", 0, ""
    line.head, line.rows = msgspec.Raw(b"{}"), msgspec.Raw(b"[]")
    packed += [packer.compress(msgspec.json.encode(line) + b"\n"), packer.flush()]
    data = b"".join(packed)
    return Frame(_entry_of(line, rows, 0, len(data)), data)


_of_thread = threading.local()


def _compressor() -> zstandard.ZstdCompressor:
    """The thread's own one: it has 4 MB, which are not to be sought anew, and somewhere else, for each record."""
    if not hasattr(_of_thread, "compressor"):
        _of_thread.compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    compressor: zstandard.ZstdCompressor = _of_thread.compressor
    return compressor


def _fill(line: Line, part: Part) -> None:
    """Make a record's line the line of its next part."""
    head, rows = _one_line(part.head), _one_line(part.rows)
    line.part, line.kind, line.count = line.part + 1, part.kind, part.count
    line.head, line.rows, line.crc32 = msgspec.Raw(head), msgspec.Raw(rows), checksum(head, rows)


def _entry_of(last: Line, rows: int, offset: int, length: int) -> Entry:
    known = last.call, last.started, last.level, last.ongoing, last.fetched_at
    return Entry(last.key, *known, rows, last.digest, offset, length)


def read(file: IO[bytes], entry: Entry) -> Record:
    """The record of an entry; its parts are unpacked as they are asked for."""
    started = parse_instant(entry.started)
    if started is None:
        message = f"record {'/'.join(entry.key)} has no instant"
        raise ArchiveError(message)
    parts = _parts(file, entry)
    return Record(entry.key, entry.call, started, entry.level, entry.ongoing, parts)


def _parts(file: IO[bytes], entry: Entry) -> Iterator[Part]:
    for line, rows in unpack(file, entry.offset, entry.length):
        if not line.last:
            yield Part(line.kind, bytes(line.head), rows, line.count)


def dated(vendor: str, account: str, frame: Frame, fetched_at: int) -> Frame:
    """The same record as if it had been fetched at another time (ms)."""
    return pack(vendor, account, read(BytesIO(frame.data), frame.entry), fetched_at)


def scan(path: Path) -> Iterator[Entry | str]:
    """Every whole record of a file, and a sentence for each stretch that is damaged or cut off.

    Frames are found by their magic number, so that one damaged frame costs one record and no more.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        offset = 0
        while offset < size:
            frame = _Begun(file, offset)
            found = _found(frame)
            end = frame.end()
            if end is None:
                yield f"{path.name}: damaged or cut off at byte {offset}"
                offset = _next_magic(file, offset + 1, size)
                continue
            yield found if isinstance(found, Entry) else f"{path.name}: {found}"
            offset = end


class _Begun:
    """The unpacked bytes of a frame that begins at `offset`, of which nobody knows yet where it ends."""

    def __init__(self, file: IO[bytes], offset: int) -> None:
        file.seek(offset)
        self.offset = offset
        self._file, self._at, self._damaged = file, offset, False
        self._unpacker = zstandard.ZstdDecompressor().decompressobj()

    def __iter__(self) -> Iterator[bytes]:
        while not (self._damaged or self._unpacker.eof) and (packed := self._file.read(STEP)):
            self._at += len(packed)
            try:
                yield self._unpacker.decompress(packed)
            except zstandard.ZstdError:
                self._damaged = True
                raise

    def end(self) -> int | None:
        """Where it ends, which takes what is left of it; None if it is damaged or cut, be it in its checksum alone."""
        with suppress(zstandard.ZstdError):
            for _ in self:
                pass
        return self._at - len(self._unpacker.unused_data) if self._unpacker.eof and not self._damaged else None


def _found(frame: _Begun) -> Entry | str:
    """A frame's record, or what is wrong with it."""
    try:
        return _entry(frame)
    except ArchiveError as error:
        return str(error)


def _next_magic(file: IO[bytes], offset: int, size: int) -> int:
    """Where the next frame begins, the file's end if there is none."""
    file.seek(offset)
    before = b""
    while piece := file.read(STEP):
        found = (before + piece).find(MAGIC)
        if found >= 0:
            return offset - len(before) + found
        before, offset = (before + piece)[-3:], offset + len(piece)
    return size


def _entry(frame: _Begun) -> Entry:
    """Unpack a frame to know its record."""
    digest, count = Digest(), 0
    last: Line | None = None
    for line, rows in parts(frame, frame.offset):
        if last:
            message = f"the frame at byte {frame.offset} holds several records: it was packed by another program"
            raise ArchiveError(message)
        if line.last:
            last = line
        else:
            digest.add(line.kind, bytes(line.head), rows)
            count += line.count
    end = frame.end()
    if last is None or end is None or last.digest != digest.hexdigest():
        raise not_whole(frame.offset)
    return _entry_of(last, count, frame.offset, end - frame.offset)


def write_merged(path: Path, chosen: Iterable[tuple[str, Path, Entry]]) -> Entries:
    """Write records, in the order given, into a new file and put it in the place of `path`."""
    with ExitStack() as stack:
        files: dict[Path, IO[bytes]] = {}

        def copied() -> Iterator[tuple[str, Frame]]:
            for name, origin, entry in chosen:
                if origin not in files:
                    files[origin] = stack.enter_context(origin.open("rb"))
                yield name, frame_of(files[origin], entry)

        return write_frames(path, copied())


def frame_of(file: IO[bytes], entry: Entry) -> Frame:
    """A record as it lies in a file."""
    file.seek(entry.offset)
    return Frame(replace(entry, offset=0), file.read(entry.length))


def write_frames(path: Path, frames: Iterable[tuple[str, Frame]]) -> Entries:
    """The same of records that are packed already; one at a time is held."""
    entries = Entries()
    with replacing(path) as target:
        for name, frame in frames:
            entries[name] = replace(frame.entry, offset=target.tell())
            target.write(frame.data)
    return entries
