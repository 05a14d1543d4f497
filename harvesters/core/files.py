"""Files that only their owner may read, and writes that survive a crash and a power cut."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

FLAGS = {
    "wb": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    "ab": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "r+b": os.O_RDWR | os.O_CREAT,
}


def private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone."""
    for each in reversed([folder for folder in (path, *path.parents) if not folder.exists()]):
        each.mkdir(mode=0o700, exist_ok=True)


def open_private(path: Path, mode: str) -> IO[bytes]:
    """Open a file of mode 0600 for `wb`, `ab` or `r+b`; made if it is not there."""
    file: IO[Any] = os.fdopen(os.open(path, FLAGS[mode] | os.O_CLOEXEC, 0o600), mode)
    return file


def sync(file: IO[bytes]) -> None:
    """Bring a file's bytes onto the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring a folder's names onto the disk, so that a rename survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path` once it is whole and on the disk.

    A reader sees the old one or the new one, also after a power cut; after an error there is the old one alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    try:
        with open_private(fresh, "wb") as file:
            yield file
            sync(file)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
