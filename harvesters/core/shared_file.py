"""A few bytes that all processes of a machine share: read and changed while they are locked."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harvesters.core.files import open_private, private_folder

log = logging.getLogger(__name__)


@dataclass(slots=True)
class SharedFile:
    """A small file, or nothing where there is no path, or none that can be used; then this process is on its own."""

    path: Path | None
    _handle: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else looks or writes meanwhile. A process that dies loses its lock with its life."""
        if self.path is None:
            yield
            return
        try:
            private_folder(self.path.parent)
            file = open_private(self.path, "r+b")
        except OSError as error:
            self._give_up(error)
            yield
            return
        with file:
            self._lock(file.fileno())
            yield
        self._handle = None

    def _lock(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._handle = handle
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        log.warning("%s cannot be used (%s): other runs do not know of this one's requests.", self.path, error.strerror)
        self.path = None

    def read(self, blank: bytes) -> bytes | None:
        """What it holds; `blank` is put into one that is new or of another length. None if nothing is shared."""
        if self._handle is None:
            return None
        content = os.pread(self._handle, len(blank) + 1, 0)
        if len(content) == len(blank):
            return content
        os.ftruncate(self._handle, 0)
        self.write(blank)
        return blank

    def write(self, content: bytes, at: int = 0) -> None:
        """Put bytes at a place, if anything is shared."""
        if self._handle is not None:
            os.pwrite(self._handle, content, at)
