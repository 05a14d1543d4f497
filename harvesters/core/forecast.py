"""How long a fetch will take: by the vendor's limits, and by how quick it was before."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from harvesters.core.manifest import Manifest
from harvesters.core.source import Limits
from harvesters.core.words import length, many

LONGEST_GAP_MS = 60_000
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a fetch would take; `seconds` is None where nothing is known of the vendor's speed."""

    calls: int
    requests: int
    seconds: float | None

    def __str__(self) -> str:
        """`about 4 requests and 35 s`."""
        told = f"about {many(self.requests, 'request')}"
        return told if self.seconds is None else f"{told} and {length(self.seconds)}"


def forecast(calls: int, requests: int, limits: Limits, before: Iterable[Manifest]) -> Forecast:
    """What fetching so many calls in so many requests takes.

    By the vendor's limits (a window is full before a further request has to wait), and by the pace of the first
    manifest of `before` that tells of one, which are the newest ones first; the slower counts.
    """
    rates = [rate for rate in limits.rates if rate.category in {"", limits.category}]
    limited = max((max(0, requests - 1) // rate.requests * rate.seconds for rate in rates), default=0.0)
    pace = next((found for each in before if (found := seconds_per_call(each))), None)
    if pace is None:
        return Forecast(calls, requests, limited or None)
    return Forecast(calls, requests, max(limited, calls * pace))


def seconds_per_call(manifest: Manifest) -> float | None:
    """How long a call took when the day was fetched, from the instants at which its records came.

    Only the longest stretch without a pause counts: a day is often completed on another night. None where too
    few records came to tell.
    """
    came = sorted(entry.fetched_at for entry in manifest.records.values())
    pauses = [number for number, (one, next_) in enumerate(pairwise(came), 1) if next_ - one > LONGEST_GAP_MS]
    edges = [0, *pauses, len(came)]
    start, end = max(pairwise(edges), key=lambda each: each[1] - each[0])
    if end - start < FEWEST or came[end - 1] == came[start]:
        return None
    return (came[end - 1] - came[start]) / 1000 / (end - start - 1)
