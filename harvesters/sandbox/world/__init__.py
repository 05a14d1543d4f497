"""A believable world of calls, whoever the vendor is: seeded, streamed, with the truth of what went wrong.

`World(seed, first, days, calls)` gives days, a `DayPlan` gives calls one by one, each a function of the seed,
the day and its number alone. A vendor's sandbox turns them into its own shapes.
"""

from harvesters.sandbox.world.calls import Call, Kind, Publication, Reception, Stay, Trouble
from harvesters.sandbox.world.days import DayPlan, World
from harvesters.sandbox.world.levels import Level, Measure, measures
from harvesters.sandbox.world.people import Client, Person

__all__ = [
    "Call",
    "Client",
    "DayPlan",
    "Kind",
    "Level",
    "Measure",
    "Person",
    "Publication",
    "Reception",
    "Stay",
    "Trouble",
    "World",
    "measures",
]
