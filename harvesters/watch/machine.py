"""The machine's part of a check-up: the state folder, its disk, and the clock."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from harvesters.core.words import many
from harvesters.watch.checkup import Finding, failure, good, warning

GIB = 1 << 30
LEAST_FREE, FEW_FREE = GIB // 2, 5 * GIB
SLOW, WRONG = timedelta(seconds=30), timedelta(minutes=4)
"""A clock that is off by more is worth a word; by more than the other, tokens that last five minutes are refused."""
MONTH, YEAR = 30, 365


def state_folder(data_dir: Path) -> Iterator[Finding]:
    """Whether we may write our state, and nobody else may read it."""
    about = "state folder"
    there = data_dir
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK):
        yield failure(about, f"{there} cannot be written by this user", "let this user own it, or set DATA_DIR")
        return
    if data_dir.exists() and data_dir.stat().st_mode & stat.S_IRWXO:
        yield warning(about, f"{data_dir} can be entered by every user of this machine", f"chmod o= {data_dir}")
    else:
        yield good(about, f"{data_dir} {'is ours' if data_dir.exists() else 'will be made by the first run'}")
    yield from _room(there, data_dir)


def _room(there: Path, data_dir: Path) -> Iterator[Finding]:
    """Whether the archive has room, and for how long at the pace of the last month."""
    about = "archive disk"
    free = shutil.disk_usage(there).free
    grown = _grown(data_dir)
    left = int(free / grown * MONTH) if grown else None
    days = "" if left is None else "more than a year" if left > YEAR else f"about {many(left, 'day')}"
    pace = f", for {days} at the pace of the last {many(MONTH, 'day')}" if days else ""
    said = f"{free / GIB:,.1f} GB free{pace}"
    repair = "give it a larger disk, or move DATA_DIR"
    if free < LEAST_FREE:
        yield failure(about, said, repair)
    elif free < FEW_FREE or (left is not None and left < MONTH):
        yield warning(about, said, repair)
    else:
        yield good(about, said)


def _grown(data_dir: Path) -> int:
    """Bytes of the archives and lake files of the last `MONTH` archived days."""
    sizes: dict[str, int] = {}
    for path in data_dir.glob("*/**/*.ndjson.zst"):
        day = path.name.partition(".")[0]
        sizes[day] = sizes.get(day, 0) + path.stat().st_size
    return sum(size for _, size in sorted(sizes.items())[-MONTH:])


def clock_beside(about: str, date: str, now: datetime) -> Finding:
    """Our clock beside the `Date` of an answer."""
    try:
        there = parsedate_to_datetime(date)
    except ValueError:
        return good(about, "the clock cannot be compared: the vendor does not say what time it is there")
    off = now - (there if there.tzinfo else there.replace(tzinfo=UTC))
    way = "ahead of" if off > timedelta(0) else "behind"
    said = f"our clock is {abs(off.total_seconds()):.0f} s {way} theirs"
    if abs(off) > WRONG:
        return failure(about, said, "set the clock by NTP: tokens of another time are refused")
    return warning(about, said, "set the clock by NTP") if abs(off) > SLOW else good(about, said)
