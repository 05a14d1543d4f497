"""The lines of the people of a call: what goes wrong with them, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from harvesters.sandbox.world.calls import Stretch, Trouble
from harvesters.sandbox.world.levels import Level
from harvesters.sandbox.world.people import Person

SECOND, MINUTE = 1_000, 60_000
_SHORTEST = 4 * MINUTE
_CHANCES = {"sender_loss": 0.03, "receiver_loss": 0.04, "drop": 0.015}
_OF_LINES = {Level.FAR: "far", Level.POOR: "weak_line"}


@dataclass(slots=True)
class Lines:
    """What is known of each person's line, by place: up and down, and when it broke (`drops`)."""

    up: list[list[Stretch]]
    down: list[list[Stretch]]
    drops: dict[int, int] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)


def lines_of(random: Random, people: Sequence[Person], start: int, end: int) -> Lines:
    """Draw what goes wrong in a call."""
    lines = Lines([[] for _ in people], [[] for _ in people])
    for place, person in enumerate(people):
        if person.line is not Level.GOOD:
            _both(lines, place, Stretch(start, end, person.line))
        if what := _OF_LINES.get(person.line):
            lines.troubles.append(Trouble(what, place, start, end, person.line))
        for what, chance in _CHANCES.items():
            if random.random() < chance and end - start > _SHORTEST:
                _happens(random, lines, Trouble(what, place, start, end, Level.LOSSY))
    return lines


def _both(lines: Lines, place: int, stretch: Stretch) -> None:
    lines.up[place].append(stretch)
    lines.down[place].append(stretch)


def _happens(random: Random, lines: Lines, somewhere: Trouble) -> None:
    """Put a trouble at some time of the call."""
    length = somewhere.end - somewhere.start
    at = somewhere.start + round(length * random.uniform(0.15, 0.7))
    if somewhere.what == "drop":
        bad = Stretch(at - random.randint(30, 75) * SECOND, at, Level.AWFUL)
        _both(lines, somewhere.person, bad)
        lines.drops[somewhere.person] = at
    else:
        lasting = round(length * random.uniform(0.1, 0.25))
        bad = Stretch(at, at + max(lasting, 90 * SECOND), random.choice((Level.LOSSY, Level.LOSSY, Level.AWFUL)))
        side = lines.up if somewhere.what == "sender_loss" else lines.down
        side[somewhere.person].append(bad)
    found = Trouble(somewhere.what, somewhere.person, bad.start, min(bad.end, somewhere.end), bad.level)
    lines.troubles.append(found)
