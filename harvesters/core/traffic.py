"""What the line to a vendor costs: requests, retries, bytes, and the time in which somebody waited."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Traffic:
    """Counters that several threads share.

    Attributes:
        requests: sent, retries among them.
        retried: those that were retries.
        repeated: those that read a list again from its start.
        waited_s: seconds in which at least one thread waited for a limit or a retry.
        bytes_in: received, inflated.
    """

    requests: int = 0
    retried: int = 0
    repeated: int = 0
    waited_s: float = 0.0
    bytes_in: int = 0
    monotonic: Callable[[], float] = time.monotonic
    lock: threading.Lock = field(default_factory=threading.Lock)
    _waits: dict[int, tuple[float, str]] = field(default_factory=dict)
    _since: float = 0.0

    def add(self, *, requests: int = 0, retried: int = 0, repeated: int = 0, bytes_in: int = 0) -> None:
        """Count."""
        with self.lock:
            self.requests += requests
            self.retried += retried
            self.repeated += repeated
            self.bytes_in += bytes_in

    @property
    def waiting_for(self) -> str:
        """`12 s for the vendor's rate limit`: the longest wait of those under way; "" if nobody waits."""
        with self.lock:
            until, what = max(self._waits.values(), default=(0.0, ""))
        return f"{max(0.0, until - self.monotonic()):.0f} s for {what}" if what else ""

    @contextmanager
    def waiting(self, seconds: float, what: str) -> Iterator[None]:
        """Somebody waits meanwhile; the same second of several threads counts once."""
        me, now = threading.get_ident(), self.monotonic()
        with self.lock:
            self._since = self._since if self._waits else now
            self._waits[me] = now + seconds, what
        try:
            yield
        finally:
            with self.lock:
                del self._waits[me]
                if not self._waits:
                    self.waited_s += self.monotonic() - self._since
