"""Whether a day has as many conferences as is usual on its weekday. Pure.

A weekday is compared with the same weekdays before it, by their median and by the median of the distances from it
(MAD): both are what they are even if three of eight weekdays were holidays.
"""

import math
from collections.abc import Sequence
from statistics import median

from harvesters.core.anomaly import Anomaly
from harvesters.core.day import Day
from harvesters.core.words import many

SUBJECT = "conferences"
WEEKS = 8
"""How many of the same weekdays are looked at."""
FEWEST = 4
"""How many of them must be known. Among three a single odd one already decides how far the others may be off."""
MOST_OFF = 3.5
"""How many deviations are still usual: the limit of Iglewicz and Hoaglin (1993) for modified z-scores."""
MAD_TO_DEVIATION = 1.4826
"""What makes of a MAD the standard deviation of numbers that scatter normally."""
WHAT_TO_DO = "compare it with the vendor's own console, and if that shows others, see docs/troubleshooting.md"


def odd_count(day: Day, count: int, before: Sequence[int]) -> Anomaly | None:
    """What is odd about a day's number of conferences, None if it is usual or if too little is known.

    Args:
        day: the day.
        count: its conferences.
        before: those of the same weekdays before it, as far as they are known, in any order.
    """
    with_calls = [each for each in before if each]
    known = with_calls or before
    if len(known) < FEWEST:
        return None
    if count == 0:
        return _no_calls(day, before) if len(with_calls) == len(before) else None
    least, most = usual_range(known)
    if least <= count <= most:
        return None
    code, limit = ("few_calls", least) if count < least else ("many_calls", most)
    usual = f"{least:,} to {most:,} are" if with_calls else "none is"
    text = f"{many(count, 'conference')}, and {usual} usual on a {day.date:%A} (by {_known(day, known)}): {WHAT_TO_DO}."
    return Anomaly(code, SUBJECT, text, count, limit)


def usual_range(known: Sequence[int]) -> tuple[int, int]:
    """The least and the most that is usual where these numbers were there before.

    However alike they were, numbers of calls scatter by about their root (as Poisson's do); the one more keeps days of
    a few calls quiet.
    """
    middle = median(known)
    off = MAD_TO_DEVIATION * median(abs(each - middle) for each in known)
    reach = MOST_OFF * max(off, math.sqrt(middle) + 1)
    return max(0, math.ceil(middle - reach)), math.floor(middle + reach)


def _no_calls(day: Day, before: Sequence[int]) -> Anomaly:
    least = min(before)
    text = f"no conference at all, and never less than {least:,} on {_known(day, before)}: {WHAT_TO_DO}."
    return Anomaly("no_calls", SUBJECT, text, 0, least)


def _known(day: Day, known: Sequence[int]) -> str:
    """The weekdays that a range rests on, in words."""
    return f"{len(known)} {day.date:%A}s of the {WEEKS} weeks before"
