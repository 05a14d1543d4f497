"""What the days before a day were like, from their manifests: a few short reads, for comparison alone."""

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import msgspec

from harvesters.core.day import Day, parse_instant
from harvesters.core.days import archived_days
from harvesters.core.drift import DAYS
from harvesters.core.filled import Filled
from harvesters.core.manifest import FORMAT
from harvesters.core.report import WHOLE
from harvesters.core.store import SliceStore
from harvesters.core.usual import WEEKS

MOST_READ = 24
"""Manifests that are read to find `DAYS` days with answers: two weeks of holidays may lie between."""
REMEMBERED = 256
"""Manifests in brief, some kB each."""


class _Call(msgspec.Struct, gc=False):
    """What is read of a call; see `CallState`."""

    records: tuple[str, ...] = ()


class _Manifest(msgspec.Struct):
    """What is read of a manifest; see `Manifest`."""

    format: int = FORMAT
    state: str = ""
    listed_at: str = ""
    filled: dict[str, Filled] = msgspec.field(default_factory=dict)
    calls: dict[str, _Call] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Past:
    """A manifest in brief: its state, when the day was listed, what answers had, and how many conferences there are."""

    state: str
    listed_at: str
    filled: dict[str, Filled]
    conferences: int


_decode = msgspec.json.Decoder(_Manifest).decode


def counts_before(data_dir: Path, vendor: str, account: str, day: Day) -> list[int]:
    """The conferences of the same weekdays before a day, of those that are archived and whole."""
    weekdays = (day + -7 * week for week in range(1, WEEKS + 1))
    known = ((each, _read(data_dir, vendor, account, each)) for each in weekdays)
    return [past.conferences for each, past in known if past and is_whole(past.state, past.listed_at, each)]


def filled_before(data_dir: Path, vendor: str, account: str, day: Day) -> list[dict[str, Filled]]:
    """What the answers of the newest days before a day had in them, the newest first; of days that had any."""
    days = (each for each in archived_days(data_dir, vendor, account, newest_first=True) if each < day)
    found = (_read(data_dir, vendor, account, each) for each in islice(days, MOST_READ))
    return list(islice((past.filled for past in found if past and past.filled), DAYS))


def is_whole(state: str, listed_at: str, day: Day) -> bool:
    """Whether nothing of a day is missing: all was harvested, and it was listed after its end."""
    listed = parse_instant(listed_at)
    return state in WHOLE and listed is not None and listed >= day.end


def _read(data_dir: Path, vendor: str, account: str, day: Day) -> Past | None:
    """A manifest; None where there is none that can be read, which its own slice will say."""
    path = SliceStore(data_dir, vendor, account, day).manifest_path
    with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
        stat = path.stat()
        return _brief(path, (stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return None


@lru_cache(maxsize=REMEMBERED)
def _brief(path: Path, version: tuple[int, int, int]) -> Past | None:
    """A manifest as the file is now: the days of a run look back at nearly the same ones."""
    del version
    found = _decode(path.read_bytes())
    if found.format != FORMAT:
        return None
    return Past(found.state, found.listed_at, found.filled, sum(len(each.records) for each in found.calls.values()))
