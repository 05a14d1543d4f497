"""An interrupted step leaves its threads behind: one of them may wait minutes for somebody else's answer."""

from collections.abc import Iterable
from concurrent.futures import Future, wait

GRACE = 2.0
"""Seconds for what is on its way to come in after all."""


def leave(futures: Iterable[Future[None]]) -> None:
    """Cancel what has not begun, and give what has a moment to end. Whoever calls lets none of it count afterwards."""
    wait([each for each in futures if not each.cancel()], timeout=GRACE)
