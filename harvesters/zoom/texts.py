"""Zoom's texts as numbers in our units: `"27.15 kbps"`, `"126 ms"`, `"0.03%"`, `"1280*720"`, `"61:15"`.

A blank text means that nothing flowed and is absent, never 0; a number without unit is in the field's usual one; an
unknown unit or form is unreadable, which callers count (reference, section 12).
"""

import math
import re
from functools import lru_cache

Text = str | float | None
UNREADABLE = math.nan
MOST = 1e12
BITS = {"": 1.0, "bps": 0.001, "kbps": 1.0, "kb/s": 1.0, "mbps": 1000.0, "mb/s": 1000.0, "gbps": 1_000_000.0}
TIME = {"": 1.0, "ms": 1.0, "s": 1000.0}
PERCENT = {"": 1.0, "%": 1.0}
RATE = {"": 1.0, "fps": 1.0}
NO_SIZE = frozenset({"0*0", "0x0"})
BLANK = frozenset({"", "-"})
NUMBER = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([a-z/%]*)")
USUAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})? kbps").fullmatch
SIGNAL = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,15})?")
SIZE = re.compile(r"([0-9]{1,6})\s*[x*]\s*([0-9]{1,6})")
LENGTH = re.compile(r"(?:([0-9]{1,6}):)?([0-9]{1,3}):([0-9]{2})")
Size = tuple[int | None, int | None, int | None]
NO_PIXELS: Size = (None, None, None)
MINUTE = 60


def _number(value: Text, units: dict[str, float]) -> float | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return float(value) if 0 <= value <= MOST else UNREADABLE
    text = value.strip().lower()
    if text in BLANK:
        return None
    found = NUMBER.fullmatch(text)
    factor = units.get(found[2]) if found else None
    return UNREADABLE if found is None or factor is None else round(float(found[1]) * factor, 6)


def bitrate(value: Text) -> float | None:
    """In 1000 bit/s; NaN if it cannot be read. No two minutes have the same one, so the usual form has a short way."""
    if isinstance(value, str) and USUAL(value):
        return float(value[:-5])
    return _number(value, BITS)


@lru_cache(maxsize=4096)
def milliseconds(value: Text) -> float | None:
    """In ms; NaN if it cannot be read."""
    return _number(value, TIME)


@lru_cache(maxsize=4096)
def percent(value: Text) -> float | None:
    """In percent, 0 to 100; NaN if it cannot be read."""
    found = _number(value, PERCENT)
    return found if found is None or found <= 100 else UNREADABLE  # noqa: PLR2004 - a hundred percent


@lru_cache(maxsize=512)
def frames(value: Text) -> float | None:
    """In frames a second; NaN if it cannot be read."""
    return _number(value, RATE)


@lru_cache(maxsize=512)
def strength(value: Text) -> float | None:
    """Of a signal, in dBm; NaN if it cannot be read."""
    text = value.strip().lower().removesuffix("dbm").strip() if isinstance(value, str) else value
    if text is None or text in BLANK:
        return None
    found = SIGNAL.fullmatch(str(text))
    return float(found[0]) if found else UNREADABLE


@lru_cache(maxsize=512)
def size(value: Text) -> Size | None:
    """Width, height and pixels; all absent for a blank or zero one, None if it cannot be read."""
    text = "" if value is None else str(value).strip().lower()
    if text in BLANK or text in NO_SIZE:
        return NO_PIXELS
    found = SIZE.fullmatch(text)
    if found is None:
        return None
    width, height = int(found[1]), int(found[2])
    return (width, height, width * height) if width and height else NO_PIXELS


def length_s(value: object) -> int | None:
    """A dashboard's duration in s: two parts are minutes and seconds, never hours and minutes; else None."""
    found = LENGTH.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    hours, minutes, seconds = int(found[1] or 0), int(found[2]), int(found[3])
    fits = seconds < MINUTE and (minutes < MINUTE or found[1] is None)
    return hours * 3600 + minutes * 60 + seconds if fits else None
