"""The lines of a file of the lake, unpacked as they are asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import zstandard

from harvesters.core.errors import DestinationError

PIECE = 1 << 16


def damaged(path: Path) -> DestinationError:
    """The sentence for a file that cannot be read, which no run looks at again by itself once its day is settled."""
    vendor, day = path.parent.parent.name.removeprefix("vendor="), path.name.partition(".")[0]
    command = f"./harvest.py replay {vendor} --date {day} --destination lake"
    return DestinationError(f"{path} is damaged: delete it, and '{command}' makes it anew.")


def unpacked(path: Path) -> Iterator[bytes]:
    """The lines of a file that is opened for it; see `unpacked_from`."""
    with path.open("rb") as file:
        yield from unpacked_from(file, path)


def unpacked_from(file: IO[bytes], path: Path) -> Iterator[bytes]:
    """The lines of an open file, from its start; `path` is for the sentence.

    Raises:
        DestinationError: it is damaged, or not whole.
    """
    file.seek(0)
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    rest = b""
    try:
        while not unpacker.eof and (piece := file.read(PIECE)):
            *lines, rest = (rest + unpacker.decompress(piece)).split(b"\n")
            yield from lines
    except zstandard.ZstdError as error:
        raise damaged(path) from error
    if rest or not unpacker.eof:
        raise damaged(path)
