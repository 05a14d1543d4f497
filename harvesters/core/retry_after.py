"""How long to wait before asking again: the server's wish in all its forms, else jittered back-off."""

import random
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from harvesters.core.day import parse_instant

FIRST, LONGEST = 1.0, 60.0
MOST = 1e9
_SECONDS = re.compile(r"\d{1,9}(\.\d+)?")


def wished(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` asks for.

    Understands seconds, an HTTP date (RFC 9110, 10.2.3) and the ISO instant that Zoom sends. A moment
    in the past is 0, one beyond 30 years is cut, rubbish or nothing is None.
    """
    if value is None:
        return None
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    instant = parse_instant(text) or _http_date(text)
    return None if instant is None else min(max(0.0, (instant - now).total_seconds()), MOST)


def _http_date(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def backoff(attempt: int, dice: random.Random) -> float:
    """Seconds before try number `attempt` + 1: doubling from 1 s to 60 s, half of it by chance."""
    ceiling = min(LONGEST, FIRST * float(2 ** min(attempt - 1, 10)))
    half: float = ceiling / 2
    return half + dice.uniform(0, half)
