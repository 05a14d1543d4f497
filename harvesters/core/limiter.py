"""Keeps a vendor's rate limits, retries included: every request asks here first.

Of each rate the last moments are kept, as many as it allows requests: there is room if the oldest of them lies
outside the window. With a file the moments are shared by all processes that use the same file. They are on the
monotonic clock, which all processes of a machine share and nobody sets; what seems to lie in the future is from
before a reboot and does not count.
"""

import fcntl
import logging
import math
import os
import struct
import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harvesters.core.day import Clock
from harvesters.core.files import open_private
from harvesters.core.source import Rate

log = logging.getLogger(__name__)

NEVER = math.nan
GRAIN = 0.001
"""Seconds waited beyond what is needed, so that no rounding asks twice."""
_MOMENT = struct.Struct("=d")


@dataclass(slots=True)
class _Window:
    """The last moments of one rate, in memory, or in a file that is read anew while it is locked."""

    rate: Rate
    path: Path | None = None
    moments: "array[float]" = field(init=False)
    file: int | None = None

    def __post_init__(self) -> None:
        self.moments = array("d", [NEVER]) * self.rate.requests

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else looks or takes meanwhile. A process that dies loses its lock with its life."""
        with ExitStack() as stack:
            if self.path:
                self._open(self.path, stack)
            yield
        self.file = None

    def _open(self, path: Path, stack: ExitStack) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = stack.enter_context(open_private(path, "r+b"))
            fcntl.flock(file, fcntl.LOCK_EX)
            self._read(file.fileno())
        except OSError as error:
            log.warning("%s cannot be used (%s): other runs do not know of this one's requests.", path, error.strerror)
            self.path = None

    def _read(self, file: int) -> None:
        length = len(self.moments) * _MOMENT.size
        content = os.pread(file, length + 1, 0)
        if len(content) != length:
            content = (array("d", [NEVER]) * self.rate.requests).tobytes()
            os.ftruncate(file, 0)
            os.pwrite(file, content, 0)
        self.moments = array("d", content)
        self.file = file

    def wait(self, now: float) -> float:
        """Seconds until there is room."""
        oldest = self.moments[self._oldest(now)]
        rest = oldest + self.rate.seconds - now
        return rest + GRAIN if oldest <= now and rest > 0 else 0.0

    def take(self, now: float) -> None:
        """A request goes now, in the place of the oldest one."""
        place = self._oldest(now)
        self.moments[place] = now
        if self.file is not None:
            os.pwrite(self.file, _MOMENT.pack(now), place * _MOMENT.size)

    def _oldest(self, now: float) -> int:
        """The place of the moment that counts least; one that is none, or not yet, does not count at all."""
        return min(range(len(self.moments)), key=lambda place: _counted(self.moments[place], now))


def _counted(moment: float, now: float) -> float:
    return moment if moment <= now else -math.inf


class Limiter:
    """Lets requests through at the vendor's rates; shared by all threads of a run."""

    def __init__(self, rates: Sequence[Rate], clock: Clock, shared: Mapping[Rate, Path] | None = None) -> None:
        """`rates`: a request must fit into all of them; `shared`: the files of those that processes share."""
        self._clock = clock
        self._lock = threading.Lock()
        files = shared or {}
        # Locked in one order by everybody, so that no two wait for each other.
        self._windows = sorted((_Window(rate, files.get(rate)) for rate in rates), key=lambda each: str(each.path))

    def delay(self) -> float:
        """Take a place now and return 0, or say how many seconds until one is free."""
        with self._lock, ExitStack() as stack:
            for window in self._windows:
                stack.enter_context(window.held())
            # Read behind the locks, or another process's last moment would lie in the future.
            now = self._clock.monotonic()
            seconds = max((window.wait(now) for window in self._windows), default=0.0)
            if not seconds:
                for window in self._windows:
                    window.take(now)
            return seconds

    def acquire(self, waiting: Callable[[float], None]) -> None:
        """Wait for a place; `waiting(seconds)` does the wait and may refuse it by raising."""
        while seconds := self.delay():
            waiting(seconds)


def shared_files(folder: Path, vendor: str, key: str, rates: Sequence[Rate]) -> dict[Rate, Path]:
    """Where the moments of a vendor's rates lie: those per key apart for each key, others common to all accounts."""
    return {
        rate: folder
        / f"{vendor}-{rate.requests}-in-{rate.seconds:g}s-{rate.per}{f'-{key}' if rate.per == 'key' else ''}"
        for rate in rates
    }
