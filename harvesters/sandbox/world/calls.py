"""What a call consists of: people who stay, what they send and receive, and what was wrong."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from harvesters.sandbox.world.levels import Level
from harvesters.sandbox.world.people import Person


class Kind(StrEnum):
    """What a call is for."""

    CLINIC = "clinic"
    MEETING = "meeting"
    STANDUP = "standup"
    SUPPORT = "support"
    LESSON = "class"
    WEBINAR = "webinar"


@dataclass(frozen=True, slots=True)
class Trouble:
    """The truth: something that was wrong, for tests of what a harvester makes of it.

    Attributes:
        what: `sender_loss`, `receiver_loss`, `drop`, `far` or `weak_line`.
        person: place of the one whose line it was, among the call's people.
        start: ms since 1970; `end` likewise.
        level: how bad.
    """

    what: str
    person: int
    start: int
    end: int
    level: Level


@dataclass(frozen=True, slots=True)
class Stretch:
    """A line's level for some time (ms since 1970, half-open)."""

    start: int
    end: int
    level: Level
    video: bool = True


@dataclass(frozen=True, slots=True)
class Stay:
    """One person connected once, from join to leave; `why` is left, dropped or over."""

    person: int
    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Publication:
    """What one stay sends: `kind` is camera, mic or screen."""

    stay: int
    kind: str
    start: int
    end: int
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Reception:
    """What one stay receives of a publication."""

    stay: int
    publication: int
    start: int
    end: int
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call.

    Attributes:
        room: the same for every call of a room that is used again (a team's stand-up).
        number: of the day, from 0.
        people: those who took part; stays and troubles name them by their place.
        troubles: the truth.
    """

    kind: Kind
    room: str
    number: int
    start: int
    end: int
    people: tuple[Person, ...]
    stays: list[Stay] = field(default_factory=list)
    publications: list[Publication] = field(default_factory=list)
    receptions: list[Reception] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


def blended(start: int, end: int, *lines: Iterable[Stretch]) -> Iterator[Stretch]:
    """The worst of several lines from `start` to `end`; where none is told of, it is good."""
    told = [each for line in lines for each in line if each.start < end and each.end > start]
    cuts = sorted({start, end, *(t for each in told for t in (each.start, each.end) if start < t < end)})
    for first, last in pairwise(cuts):
        here = [each for each in told if each.start <= first < each.end]
        level = max((each.level for each in here), default=Level.GOOD)
        yield Stretch(first, last, level, all(each.video for each in here))
