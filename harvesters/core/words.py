"""Numbers and lengths of time as people say them."""


def many(number: int, what: str) -> str:
    """`1 call`, `1,200 calls`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def size(number: int) -> str:
    """Bytes as `12 kB` or `1.2 MB`."""
    if number < 1_000_000:  # noqa: PLR2004 - from there on it is megabytes
        return f"{-(-number // 1000):,} kB"
    return f"{number / 1_000_000:,.1f} MB"


def length(seconds: float) -> str:
    """`35 s`, `12 min`, `2.5 h`: as exact as a forecast can be."""
    if seconds < 100:  # noqa: PLR2004 - from there on nobody counts seconds
        return f"{max(1.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"
