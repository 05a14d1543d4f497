"""The options and the calls of invented days, for the demo and for a simulated vendor that stays."""

from typing import Any

import click

from harvesters.commands.simulated import Simulated
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day
from harvesters.core.errors import UsageError
from harvesters.core.words import many

MOST_DAYS, CALLS, SEED = 31, 20, "demo"
WORLD: tuple[Any, ...] = (
    click.option(
        "--days",
        type=click.IntRange(1, MOST_DAYS),
        metavar="N",
        help=f"Invented, believable calls of the N days before today (up to {MOST_DAYS}) instead of the real answers.",
    ),
    click.option(
        "--calls",
        type=click.IntRange(1, 100_000),
        metavar="N",
        help=f"With --days: calls of a working day. Default: {CALLS}.",
    ),
    click.option(
        "--seed", metavar="TEXT", help=f"With --days: another text, other calls; the same, the same. Default: {SEED}."
    ),
)


def days_before(place: Workplace, number: int) -> tuple[Day, ...]:
    """So many days that end with yesterday."""
    today = Day.of(place.clock.now())
    return tuple(today + -back for back in range(number, 0, -1))


def served(
    place: Workplace, simulated: Simulated, days: int | None, calls: int | None, seed: str | None
) -> tuple[Any, str]:
    """What the sandbox serves, and what that is in words.

    Raises:
        UsageError: an option of invented days without them.
    """
    from harvesters.sandbox.world import World

    if days is None and (calls or seed):
        message = "--calls and --seed are for invented days: add --days, such as --days 14."
        raise UsageError(message)
    first = days_before(place, days or 1)[0]
    if days is None:
        real = simulated.load(None)
        return simulated.moved(real, first.date), f"{simulated.number(real)} real calls moved to {first}"
    world = World(seed or SEED, first.date, days, calls or CALLS)
    number = sum(map(len, world))
    return simulated.invented(world), f"{many(number, 'invented call')} of {many(days, 'day')}"
