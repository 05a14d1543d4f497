"""UTC days as half-open windows, the clock that is passed in, and instants as text."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from functools import lru_cache

from harvesters.core.errors import STOPPED, InterruptedRunError, UsageError

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SPAN = re.compile(r"([0-9]{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
LONGEST_SPAN = 36500 * 86400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH, MILLISECOND = EPOCH.replace(tzinfo=None), timedelta(milliseconds=1)


@dataclass(frozen=True, order=True, slots=True)
class Day:
    """One UTC day, the window `[start, end)`."""

    date: date

    @property
    def start(self) -> datetime:
        """First instant of the day."""
        return datetime(self.date.year, self.date.month, self.date.day, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """First instant of the next day."""
        return self.start + timedelta(days=1)

    def __contains__(self, instant: datetime) -> bool:
        """Whether an aware instant lies in the day."""
        return self.start <= instant < self.end

    def __add__(self, days: int) -> "Day":
        """The day that many days later."""
        return Day(self.date + timedelta(days=days))

    def __str__(self) -> str:
        """`2026-11-20`."""
        return self.date.isoformat()

    @classmethod
    def of(cls, instant: datetime) -> "Day":
        """The UTC day of an aware instant."""
        return cls(instant.astimezone(UTC).date())

    @classmethod
    def parse(cls, text: str, now: datetime) -> "Day":
        """`2026-11-20`, `today` or `yesterday` (UTC).

        Raises:
            UsageError: anything else, `2026-8-20` and `2026-02-30` among it.
        """
        words = {"today": 0, "yesterday": -1}
        if text in words:
            return cls.of(now) + words[text]
        with suppress(ValueError):
            # The calendar's last year has days whose end, or the end of their retention, is no date.
            if _DATE.fullmatch(text) and (found := date.fromisoformat(text)).year < MAXYEAR:
                return cls(found)
        message = f"'{text}' is not a date: write YYYY-MM-DD, 'yesterday' or 'today' (UTC days)."
        raise UsageError(message)


def days_between(first: Day, end: Day) -> Iterator[Day]:
    """The days of the half-open window `[first, end)`, oldest first."""
    while first < end:
        yield first
        first += 1


def parse_span(text: str) -> timedelta:
    """`90s`, `30m`, `2h`, `7d` or `2w` as a length of time.

    Raises:
        UsageError: anything else.
    """
    match = _SPAN.fullmatch(text.strip())
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= LONGEST_SPAN:
        message = f"'{text}' is not a length of time: write a number and s, m, h, d or w, such as 2h or 7d."
        raise UsageError(message)
    return timedelta(seconds=seconds)


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`; finer parts are cut."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


_SECOND_TEXTS = tuple(f"{second:02d}." for second in range(60))
_MILLI_TEXTS = tuple(f"{ms:03d}Z" for ms in range(1000))


@lru_cache(maxsize=4096)
def _minute_text(minute: int) -> str:
    return iso(EPOCH + timedelta(minutes=minute))[:17]


def iso_ms(ms: int) -> str:
    """`iso` of milliseconds since 1970, put together from pieces: it stands twice in every sample."""
    minute, rest = divmod(ms, 60_000)
    return _minute_text(minute) + _SECOND_TEXTS[rest // 1000] + _MILLI_TEXTS[rest % 1000]


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970 of an aware instant, finer parts cut."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


def parse_instant(text: object) -> datetime | None:
    """A vendor's ISO instant as aware UTC; naive ones are UTC; None for anything else."""
    if not isinstance(text, str) or "T" not in text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: year 0 or 10000 in UTC
        return None


_MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:").fullmatch
_SECONDS_MS = {text: second * 1000 for second, text in enumerate(_SECOND_TEXTS)}
_MILLIS = {text: ms for ms, text in enumerate(_MILLI_TEXTS)}


@lru_cache(maxsize=4096)
def _minute_ms(minute: str) -> int:
    """Milliseconds of `2026-11-20T08:15:`; raises ValueError for anything else."""
    if not _MINUTE(minute):
        raise ValueError
    return to_ms(datetime.fromisoformat(minute[:16]).replace(tzinfo=UTC))


def own_ms(text: str) -> int | None:
    """Milliseconds since 1970 of an instant as `iso_ms` writes it, None for any other form.

    It is cut apart and looked up instead of parsed: it stands in every statistics row.
    """
    try:
        return _minute_ms(text[:17]) + _SECONDS_MS[text[17:20]] + _MILLIS[text[20:]]
    except (KeyError, ValueError):
        return None


def instant_ms(text: object) -> int | None:
    """Milliseconds since 1970 of a vendor's ISO instant, None for anything else."""
    if isinstance(text, str) and (found := own_ms(text)) is not None:
        return found
    instant = parse_instant(text)
    return None if instant is None else to_ms(instant)


def naive_ms(text: str) -> int | None:
    """Milliseconds since 1970 of an ISO instant without an offset, which is UTC; None for anything else."""
    try:
        return (datetime.fromisoformat(text) - NAIVE_EPOCH) // MILLISECOND
    except (ValueError, TypeError):  # the latter: it has an offset
        return None


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of day, the time that only moves forward, and the way to wait.

    `now` stands still under `VCONF_NOW`; waits are real all the same, so they use `monotonic`.
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    stop: threading.Event = field(default_factory=threading.Event)
    wait: Callable[[float], object] | None = None

    def sleep(self, seconds: float) -> None:
        """Wait, unless the run is being stopped.

        Raises:
            InterruptedRunError: the run was asked to stop before or during the wait.
        """
        (self.wait or self.stop.wait)(max(0.0, seconds))
        self.check()

    def check(self) -> None:
        """Raise `InterruptedRunError` if the run was asked to stop."""
        if self.stop.is_set():
            raise InterruptedRunError(STOPPED)


def clock_from(text: str | None) -> Clock:
    """The system's clock, or one that stands at the instant given by `VCONF_NOW`.

    Raises:
        ValueError: the text is no ISO instant.
    """
    if not text:
        return Clock(now=lambda: datetime.now(UTC))
    instant = parse_instant(text)
    if instant is None:
        message = f"VCONF_NOW is '{text}': write an instant such as 2026-11-21T08:00:00Z."
        raise ValueError(message)
    return Clock(now=lambda: instant)
