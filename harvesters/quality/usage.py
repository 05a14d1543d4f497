"""Who was there with whom, how often and for how long; see "Quality metrics", section 8. Pure, in ms since 1970."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from harvesters.core.tree import Entity

REJOIN_MS = 5 * 60 * 1000
"""Who comes back within so long, comes back to the same talk (ours)."""
MINUTE_MS = 60_000
SIZES = ((1, "alone"), (2, "pair"), (6, "small"), (20, "medium"), (100, "large"))
HUGE = "huge"
PERSON = ("user.hash", "user.id", "user.email")


@dataclass(frozen=True, slots=True)
class Stay:
    """One join to leave, half-open.

    Attributes:
        key: of the participant in its tree.
        person: whoever it was; the same for all stays of one.
        start: of the stay.
        end: None if unknown; such a stay counts in no minutes and at no instant.
        room: the breakout room, "" for the main one.
    """

    key: str
    person: str
    start: int
    end: int | None
    room: str = ""


@dataclass(slots=True)
class Returns:
    """Which stays are one's coming back.

    `rejoin_of`: by key the stay that ended shortly before; `overlap`: those that began while another was on.
    """

    rejoin_of: dict[str, str] = field(default_factory=dict)
    overlap: set[str] = field(default_factory=set)


def person_of(key: str, fields: Mapping[str, Any]) -> str:
    """What tells a person: never the name; where nothing does, each participation is a person of its own."""
    told = next((str(fields[name]) for name in PERSON if fields.get(name)), None)
    return f"person {told}" if told else f"stay {key}"


def stays(participants: Mapping[str, Entity], persons: Mapping[str, str]) -> list[Stay]:
    """Of those who were in the conference, their spans settled."""
    return [
        Stay(key, persons[key], each.at, each.end, str(each.fields.get("vconf.participant.room") or ""))
        for key, each in participants.items()
        if each.present and each.at is not None
    ]


def peak(found: Iterable[Stay]) -> int:
    """Most stays at one instant; at one instant leaves come before joins."""
    steps = [(at, step) for each in found if each.end is not None for at, step in ((each.start, 1), (each.end, -1))]
    here = most = 0
    for _, step in sorted(steps):
        here += step
        most = max(most, here)
    return most


def minutes(found: Iterable[Stay]) -> float:
    """All stays together; two devices count twice."""
    return _minutes(sum(each.end - each.start for each in found if each.end is not None))


def attendance(found: Iterable[Stay]) -> float:
    """The union of each person's stays: each person once."""
    return _minutes(sum(_union(own) for own in _by_person(found).values()))


def _minutes(ms: float) -> float:
    return round(ms / MINUTE_MS, 4)


def _union(own: Iterable[Stay]) -> int:
    total, reached = 0, None
    for each in sorted(own, key=lambda stay: stay.start):
        if each.end is None:
            continue
        begin = each.start if reached is None else max(each.start, reached)
        total += max(0, each.end - begin)
        reached = each.end if reached is None else max(reached, each.end)
    return total


def _by_person(found: Iterable[Stay]) -> dict[str, list[Stay]]:
    people: dict[str, list[Stay]] = {}
    for each in found:
        people.setdefault(each.person, []).append(each)
    return people


def returns(found: Iterable[Stay]) -> Returns:
    """Who came back soon, or was there twice; a move between main and breakout room is neither."""
    seen = Returns()
    for own in _by_person(found).values():
        ordered = sorted(own, key=lambda stay: (stay.start, stay.end or stay.start, stay.key))
        for number, (_, each) in enumerate(pairwise(ordered), 1):
            _compare(ordered[:number], each, seen)
    return seen


def _compare(earlier: Sequence[Stay], each: Stay, seen: Returns) -> None:
    alike = [other for other in earlier if other.room == each.room and other.end is not None]
    if any((other.end or 0) > each.start for other in alike):
        seen.overlap.add(each.key)
        return
    last = max(earlier, key=lambda other: other.end or 0)
    if last in alike and each.start - (last.end or 0) <= REJOIN_MS:
        seen.rejoin_of[each.key] = last.key


def size_class(most: int) -> str | None:
    """By the most people at once; None where nobody was there for any time."""
    return next((name for up_to, name in SIZES if most <= up_to), HUGE) if most else None
