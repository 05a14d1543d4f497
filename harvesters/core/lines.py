"""The lines of a record's frame: one for each part, read back as they are asked for."""

import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import IO

import msgspec
import zstandard

from harvesters.core.errors import ArchiveError

PIECE = 1 << 18
"""Bytes that are unpacked at a time: few enough to be put where the piece before was. Larger ones are new memory each
(see `core.allocator`), which a participant's statistics of peermetrics have thousands of."""
ROWS, AFTER_ROWS = b',"rows":', b',"crc32":"'


class Line(msgspec.Struct):
    """One line of the archive: a part and whose it is; `head` and `rows` are the vendor's, verbatim.

    The line with `last` ends a record and carries its digest; without it the record is not whole.
    """

    vendor: str
    account: str
    key: tuple[str, ...]
    call: str
    started: str
    level: int
    ongoing: bool
    fetched_at: int
    part: int
    last: bool
    kind: str = ""
    count: int = 0
    head: msgspec.Raw = msgspec.Raw(b"{}")
    rows: msgspec.Raw = msgspec.Raw(b"[]")
    crc32: str = ""
    digest: str = ""


def checksum(head: bytes | msgspec.Raw, rows: bytes | msgspec.Raw) -> str:
    """CRC-32 over both, in hex."""
    return f"{zlib.crc32(rows, zlib.crc32(head)):08x}"


_decoder = msgspec.json.Decoder(Line)


def unpack(file: IO[bytes], offset: int, length: int) -> Iterator[tuple[Line, bytes]]:
    """The lines of one frame and the rows of each, unpacked as they are asked for.

    Raises:
        ArchiveError: the frame is damaged, or its record is not whole.
    """
    file.seek(offset)
    return parts(_pieces(file.read(length)), offset)


def parts(pieces: Iterable[bytes], offset: int) -> Iterator[tuple[Line, bytes]]:
    """The same of a frame's unpacked bytes; `offset`: where it begins, to name it by."""
    line: Line | None = None
    try:
        for text in _split(pieces):
            line, rows = _line(text)
            if not line.last and checksum(line.head, rows) != line.crc32:
                message = f"a line of record {'/'.join(line.key)} is damaged (checksum)"
                raise ArchiveError(message)
            yield line, rows
    except (zstandard.ZstdError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"damaged at byte {offset}: {type(error).__name__}"
        raise ArchiveError(message) from error
    if line is None or not line.last:
        raise not_whole(offset)


def _line(text: bytes) -> tuple[Line, bytes]:
    """A line and its rows, which are most of it and are not parsed: their checksum tells whether they are whole.

    What looks like the rows within a head leaves a brace without its other half. Such a line is read as a whole, and
    so is one that another program wrote.
    """
    start, end = text.find(ROWS) + len(ROWS), text.rfind(AFTER_ROWS)
    if len(ROWS) <= start < end:
        with suppress(msgspec.DecodeError):
            return _decoder.decode(text[:start] + b"[]" + text[end:]), text[start:end]
    line = _decoder.decode(text)
    return line, bytes(line.rows)


def not_whole(offset: int) -> ArchiveError:
    """A record without its end."""
    return ArchiveError(f"the record at byte {offset} is not whole")


def texts(frame: bytes) -> Iterator[bytes]:
    """The lines of one frame as they are written, unpacked as they are asked for.

    Raises:
        zstandard.ZstdError: the frame is damaged.
    """
    return _split(_pieces(frame))


def _pieces(frame: bytes) -> Iterator[bytes]:
    return zstandard.ZstdDecompressor().read_to_iter(frame, read_size=PIECE, write_size=PIECE)


def _split(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, wherever the pieces were cut."""
    begun: list[bytes] = []
    for piece in pieces:
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            begun.append(piece[start:end])
            yield b"".join(begun)
            begun, start = [], end + 1
        begun.append(piece[start:])  # of a long line the piece itself: to split it would copy it
    if any(begun):
        message = "cut"
        raise zstandard.ZstdError(message)
