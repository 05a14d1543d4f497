"""The instants of statistics rows: some 30 s apart, on no grid, as in real answers (reference, section 7.1)."""

from collections.abc import Iterator
from functools import lru_cache
from random import Random

from harvesters.core.day import iso_ms

STEP_MS = 30_000
_POOL = 1024
_MINUTE_MS = 60_000


def row_instants(begin: int, place: int, numbers: range) -> Iterator[str]:
    """ISO texts of the rows with these numbers, of a stream that begins at `begin` (ms since 1970).

    `place`: which irregularities it has.
    """
    jitter, seconds = _jitter(), _seconds()
    for number in numbers:
        whole, rest = divmod(begin + number * STEP_MS + jitter[(place + number) % _POOL], _MINUTE_MS)
        yield _minute(whole) + seconds[rest]


@lru_cache(maxsize=4096)
def _minute(minutes: int) -> str:
    return iso_ms(minutes * _MINUTE_MS)[:17]


@lru_cache(maxsize=1)
def _seconds() -> tuple[str, ...]:
    return tuple(f"{ms // 1000:02d}.{ms % 1000:03d}Z" for ms in range(_MINUTE_MS))


@lru_cache(maxsize=1)
def _jitter() -> tuple[int, ...]:
    random = Random("jitter")
    return tuple(random.randrange(2_000, STEP_MS // 2) for _ in range(_POOL))
