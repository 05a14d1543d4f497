"""The vendor with its day of invented calls; as a process of its own: `vendor.py CALLS [PEOPLE MINUTES]`."""

import sys

from processes import serve_until_closed
from the_day import DAY, KEY, MINUTES, NOW, PEOPLE, SECRET

from harvesters.sandbox import Server, serve_opentok
from tests.opentok_days import day_of


def vendor(calls: int, people: int = PEOPLE, minutes: int = MINUTES) -> Server:
    """The vendor with so many calls on the day, each of so many people and minutes."""
    day = day_of(calls, day=DAY, people=(people,), minutes=minutes, key=KEY)
    return serve_opentok(day, key=KEY, secret=SECRET, now=lambda: NOW)


if __name__ == "__main__":
    serve_until_closed(lambda: vendor(*map(int, sys.argv[1:])))
