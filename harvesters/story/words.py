"""What stands in documents as a code, in words."""

from collections.abc import Iterable
from datetime import UTC, datetime

from harvesters.quality.verdicts import verdicts

FLAGS = {
    "end_missing": "its end is not known",
    "end_estimated": "its end was not told and is taken from the call",
    "start_missing": "its start was not told and is taken from the call",
    "clamped": "its end lay before its start and was corrected",
    "ongoing": "it was still going on when the vendor was asked",
    "summary_only": "the vendor keeps no more than a summary of its measurements",
    "details_missing": "the vendor gave no details of people and streams",
    "duration_computed": "its length was computed, since the vendor tells none",
    "text_repaired": "a text of the vendor's was damaged and repaired",
    "gap": "measurements are missing in between",
    "short": "it was very short",
    "vendor_blank": "the vendor left fields blank",
}
MEASURES = {
    "loss_pct": ("loss", "%"), "latency_ms": ("delay", "ms"), "rtt_ms": ("round trip", "ms"),
    "jitter_ms": ("jitter", "ms"), "buffer_ms": ("buffer", "ms"), "bitrate_kbps": ("bitrate", "kbit/s"),
    "fps": ("pictures", "fps"), "freeze_pct": ("frozen", "%"), "mos": ("MOS", ""), "score": ("score", ""),
    "system_pct": ("CPU", "%"),
}  # fmt: skip
"""Name and unit of each measure."""
COLOURS = {"poor": "red", "fair": "yellow", "good": "green", "error": "red", "warning": "yellow"}
NO_VERDICT = frozenset({None, "no_data", "screen_only"})


def flags(found: Iterable[str]) -> list[str]:
    """What is missing or guessed; a flag without words as it is."""
    return [FLAGS.get(each, each) for each in found]


def reasons(names: Iterable[str]) -> list[str]:
    """Reasons as a verdict names them."""
    known = verdicts().words
    return list(dict.fromkeys(known.get(each, each) for each in names))


def long(seconds: float) -> str:
    """`8 s`, `26 min 19 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def clock(at: int, *, seconds: bool = True) -> str:
    """The time of day of ms since 1970, in UTC."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%H:%M:%S" if seconds else "%H:%M")


def date(at: int) -> str:
    """`Sunday, 29 November 2026`, in UTC."""
    found = datetime.fromtimestamp(at // 1000, UTC)
    return f"{found:%A}, {found.day} {found:%B %Y}"


def amount(value: float | None, measure: str) -> str:
    """A measure with its unit: as many digits as one would say."""
    unit = MEASURES[measure][1]
    if value is None:
        return "unknown"
    digits = 1 if measure in {"mos", "score"} or (unit == "%" and value < 10) else 0  # noqa: PLR2004
    text = f"{value:.{digits}f}"
    return f"{text} {unit}" if unit else text


def code(text: str) -> str:
    """`poor_audio_received` as words."""
    return text.replace("_", " ")
