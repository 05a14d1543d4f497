"""Keeps a vendor's rate limits, retries included: every request asks here first.

The windows are pyrate-limiter's; the clock and the wait are ours, so that a wait can be measured,
shown, interrupted and tested.
"""

import threading
from collections.abc import Callable, Sequence

from pyrate_limiter import InMemoryBucket, RateItem
from pyrate_limiter import Rate as Window

from harvesters.core.day import Clock
from harvesters.core.source import Rate


class Limiter:
    """Lets requests through at the vendor's rates; shared by all threads of a run."""

    def __init__(self, rates: Sequence[Rate], clock: Clock) -> None:
        """`rates`: each is a window of its own; a request must fit into all of them."""
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets = [InMemoryBucket([Window(rate.requests, int(rate.seconds * 1000))]) for rate in rates]

    def delay(self) -> float:
        """Take a place now and return 0, or say how many seconds until one is free."""
        with self._lock:
            now = int(self._clock.monotonic() * 1000)
            item = RateItem("request", now)
            waits = [self._wait(bucket, item) for bucket in self._buckets]
            if not any(waits):
                for bucket in self._buckets:
                    bucket.put(item)
            return max(waits, default=0) / 1000

    def acquire(self, waiting: Callable[[float], None]) -> None:
        """Wait for a place; `waiting(seconds)` does the wait and may refuse it by raising."""
        while seconds := self.delay():
            waiting(seconds)

    @staticmethod
    def _wait(bucket: InMemoryBucket, item: RateItem) -> int:
        """Milliseconds until the bucket has room; looks without taking."""
        bucket.leak(item.timestamp)
        rate = bucket.rates[0]
        if bucket.count() < rate.limit:
            return 0
        oldest = bucket.peek(rate.limit - 1)
        return 0 if oldest is None else max(1, oldest.timestamp + rate.interval - item.timestamp + 1)
