"""Numbers, days and codes as people read them."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from harvesters.core.day import Day
from harvesters.core.period import Period
from harvesters.overview.counts import Share, Sum

UNTOLD = "not told"
NEAR = 10
REASONS = {
    "loss": "packet loss",
    "jitter": "jitter",
    "rtt": "delay",
    "latency": "delay, one way",
    "bitrate": "low bitrate",
    "fps": "few pictures a second",
    "freeze": "frozen picture",
    "cpu": "busy machine",
    "buffer": "long buffer",
    "mos_drop": "network as a whole",
}
VERDICTS = {
    "fine": "nothing was poor",
    "sender": "trouble at who sent",
    "receiver": "trouble at who received",
    "own_line": "trouble on one person's line",
    "server": "trouble for everybody",
    "unclear_side": "poor, side unknown",
    "mixed": "trouble on several sides",
    "drops": "people were cut off",
    "rejoins": "people left and came back",
    "short_burst": "a short burst",
    "low_bitrate": "a picture of low bitrate",
    "screen_only": "only shared screens measured",
    "no_data": "nothing could be scored",
}
VENDORS = {"opentok": "OpenTok", "zoom": "Zoom", "peermetrics": "peermetrics"}


def number(value: float) -> str:
    """`1,204`."""
    return f"{value:,.0f}"


def percent(share: Share) -> str:
    """`4.3 %`, or that it is not told."""
    return UNTOLD if share.percent is None else f"{share.percent:.1f} %"


def summed(total: Sum) -> str:
    """A sum, or that it is not told."""
    return number(total.total) if total.told else UNTOLD


def seconds(value: float | None) -> str:
    """`2.4 s`, or that it is not told."""
    if value is None:
        return UNTOLD
    return f"{value:.1f} s" if value < NEAR else f"{value:.0f} s"


def reason(code: str) -> str:
    """What a reason for poor quality is called."""
    return REASONS.get(code, code)


def verdict(code: str) -> str:
    """What a verdict is called."""
    return VERDICTS.get(code, code)


def vendor(name: str) -> str:
    """How a vendor writes itself."""
    return VENDORS.get(name, name)


def code(name: str) -> str:
    """A code as words."""
    return name.replace("_", " ").replace("-", " ")


def day(each: Day) -> str:
    """`Mon 23`."""
    return f"{each.date:%a} {each.date.day}"


def whole_day(each: Day) -> str:
    """`Monday, 23 November 2026`."""
    return f"{each.date:%A}, {each.date.day} {each.date:%B %Y}"


def days(period: Period) -> str:
    """`23 to 29 November 2026`."""
    first, last = period.first.date, (period.end + -1).date
    if first == last:
        return whole_day(period.first)
    month = "" if (first.year, first.month) == (last.year, last.month) else f" {first:%B}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day}{month}{year} to {last.day} {last:%B %Y}"


def before(period: Period) -> str:
    """`the week before`."""
    names = {1: "the day before", 7: "the week before"}
    return names.get(len(period), f"the {len(period)} days before")


def instant(at: datetime) -> str:
    """`30 November 2026, 09:00 UTC`."""
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def called(names: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """Accounts, by vendor and id, as people call them: with the id too where their vendor has two of one name."""
    often = Counter((vendor, name) for (vendor, _), name in names.items())
    return {(of, id_): name if often[of, name] == 1 else f"{name} ({id_})" for (of, id_), name in names.items()}
