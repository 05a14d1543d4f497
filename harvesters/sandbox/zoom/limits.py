"""The account's rate limits, and how an answer tells of them (reference, section 4)."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime

from harvesters.core.day import Day
from harvesters.sandbox.server import Response
from harvesters.sandbox.zoom.refusals import PER_DAY, PER_SECOND, refusal
from harvesters.sandbox.zoom.rules import Category, ZoomRules

_DAILY = frozenset({Category.HEAVY, Category.INTENSIVE})


@dataclass(frozen=True, slots=True)
class Passed:
    """What an account may still do, of the bound that comes first; None where nothing bounds it."""

    limit: int | None
    remaining: int | None
    refused: str = ""


class Buckets:
    """Counts the calls of an account by category; those that are refused do not count.

    Args:
        rules: the limits.
        now: the sandbox's clock, whose UTC days the daily limit goes by.
        ticks: seconds that only go forward, for the others.
    """

    def __init__(self, rules: ZoomRules, now: Callable[[], datetime], ticks: Callable[[], float]) -> None:
        self._limits, self._now, self._ticks = rules.account_limits, now, ticks
        self._seen: defaultdict[Category, deque[float]] = defaultdict(deque)
        self._days: defaultdict[date, int] = defaultdict(int)
        self._lock = threading.Lock()

    def take(self, category: Category) -> Passed:
        """Count one call, if it may pass; `refused` is `Daily-limit` or `QPS` if not."""
        with self._lock:
            today, daily = self._now().date(), self._limits.daily
            if category in _DAILY and daily is not None and self._days[today] >= daily:
                return Passed(daily, 0, "Daily-limit")
            limit, window = self._limits.of(category)
            seen, now = self._seen[category], self._ticks()
            while seen and seen[0] <= now - window:
                seen.popleft()
            if limit is not None and len(seen) >= limit:
                return Passed(limit, 0, "QPS")
            if limit is not None:
                seen.append(now)
            self._days[today] += category in _DAILY
            return Passed(limit, None if limit is None else limit - len(seen))


def headers(category: Category, passed: Passed, rules: ZoomRules, now: datetime) -> dict[str, str]:
    """The headers that tell of the limits, as the rules have them."""
    told = {"X-RateLimit-Category": str(category)}
    if passed.limit is not None:
        told |= {"X-RateLimit-Limit": str(passed.limit), "X-RateLimit-Remaining": str(passed.remaining)}
    if passed.refused and rules.limit_headers != "no-type":
        told["X-RateLimit-Type"] = passed.refused
    if passed.refused and rules.limit_headers == "reset":
        told["X-RateLimit-Reset"] = str(int(next_midnight(now).timestamp()))
    if rules.limit_headers == "none":
        told = {}
    if passed.refused == "Daily-limit":
        told |= retry_after(rules.retry_after, now)
    return {name.lower(): value for name, value in told.items()} if rules.limit_headers == "lower" else told


def next_midnight(now: datetime) -> datetime:
    """When the daily count begins anew."""
    return Day.of(now).end


def retry_after(form: str, now: datetime) -> dict[str, str]:
    """The header of the daily limit in one of the forms of `ZoomRules.retry_after`, if it has one."""
    until = next_midnight(now)
    forms = {
        "iso": f"{until:%Y-%m-%dT%H:%M:%SZ}",
        "seconds": str(-int((now - until) // timedelta(seconds=1))),
        "date": format_datetime(until.astimezone(UTC), usegmt=True),
        "rubbish": "tomorrow",
        "past": f"{datetime.combine(now.date(), time(), UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    return {"Retry-After": forms[form]} if form in forms else {}


def too_many(category: Category, passed: Passed, rules: ZoomRules, now: datetime) -> Response:
    """The answer over a limit."""
    text = PER_DAY if passed.refused == "Daily-limit" else PER_SECOND
    return refusal(429, 429, text, headers(category, passed, rules, now))
