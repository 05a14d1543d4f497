"""Which members of a vendor's answers vanished or appeared since the days before. Pure; of members it knows names."""

from collections.abc import Iterator, Mapping, Sequence

from harvesters.core.anomaly import Anomaly
from harvesters.core.filled import MOST_MEMBERS, ROWS, Filled
from harvesters.core.words import many

DAYS, FEWEST_DAYS = 8, 4
"""How many days are compared with, and how many of them must be known."""
FEWEST_BEFORE = 5
"""Things of a kind that each of those days must have had: of fewer a share means nothing."""
FEWEST_THINGS, FEWEST_RECORDS = 10, 5
"""Things of a kind that the day itself must have, and in how many calls: those of one call are alike."""
USUAL_SHARE = 0.2
"""The share of things from which on a member is one that the vendor usually fills."""
BY_CHANCE = 0.001
"""How likely it may be that a member that is there as often as before is in none of a day's things all the same."""
Seen = Mapping[str, Filled]


def drift(today: Seen, before: Sequence[Seen]) -> Iterator[Anomaly]:
    """What is odd about the members that a day's answers have filled, by kind and name.

    Args:
        today: of the day, by kind.
        before: of the days before it, as far as they are known.
    """
    for kind, seen in sorted(today.items()):
        there = [day[kind] for day in before if kind in day]
        days = [each for each in there if each.things >= FEWEST_BEFORE]
        enough = seen.things >= FEWEST_THINGS and seen.records >= FEWEST_RECORDS
        if enough and len(days) >= FEWEST_DAYS and not any(map(_endless, (seen, *there))):
            yield from _vanished(kind, seen, days)
            yield from _appeared(kind, seen, there)


def _endless(seen: Filled) -> bool:
    """Whether there are so many names that not all were counted: somebody makes them up, and no vendor drops them."""
    return len(seen.members) >= MOST_MEMBERS


def _vanished(kind: str, seen: Filled, days: Sequence[Filled]) -> Iterator[Anomaly]:
    for name in sorted(set().union(*(each.members for each in days)) - set(seen.members)):
        share = min(_share(each, name) for each in days)
        if share >= USUAL_SHARE and (1 - share) ** seen.things < BY_CHANCE:
            usual = "all" if share == 1 else f"{share:.0%} or more"
            text = (
                f"the vendor left {_called(kind, name)} empty or out in all of {many(seen.things, 'answer')}, and "
                f"filled it in {usual} on each of {len(days)} days before: what rests on it is missing in this day's "
                "documents; ask the vendor, and fetch the day with --again once it is back."
            )
            yield Anomaly("member_vanished", _subject(kind, name), text, 0.0, _percent(share))


def _appeared(kind: str, seen: Filled, days: Sequence[Filled]) -> Iterator[Anomaly]:
    for name in sorted(set(seen.members) - set().union(*(each.members for each in days))):
        share = _share(seen, name)
        if share >= USUAL_SHARE:
            text = (
                f"the vendor filled {_called(kind, name)} in {share:.0%} of {many(seen.things, 'answer')}, and on none "
                f"of {len(days)} days before: look into the vendor's changes whether it means something to you."
            )
            yield Anomaly("member_appeared", _subject(kind, name), text, _percent(share), 0.0)


def _share(seen: Filled, name: str) -> float:
    return seen.members.get(name, 0) / seen.things


def _percent(share: float) -> float:
    return round(100 * share, 1)


def _subject(kind: str, name: str) -> str:
    """Such as `meeting.topic`, `meeting[].join_time` of its rows, `meeting[]` for whether there are rows."""
    return f"{kind}{name}" if name == ROWS else f"{kind}.{name}"


def _called(kind: str, name: str) -> str:
    """The same for a sentence: whatever the vendor called it, nothing of it moves a terminal's cursor."""
    subject = _subject(kind, name)
    return subject if subject.isprintable() else ascii(subject)
