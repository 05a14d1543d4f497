"""The vendor with its day of invented calls; as a script in a process of its own: `vendor.py CALLS`."""

import sys

from processes import serve_until_closed
from the_day import DAY, KEY, MINUTES, NOW, PEOPLE, SECRET

from harvesters.sandbox import Server, serve_opentok
from tests.opentok_days import day_of


def vendor(calls: int) -> Server:
    """The vendor with so many calls on the day."""
    day = day_of(calls, day=DAY, people=(PEOPLE,), minutes=MINUTES, key=KEY)
    return serve_opentok(day, key=KEY, secret=SECRET, now=lambda: NOW)


if __name__ == "__main__":
    serve_until_closed(lambda: vendor(int(sys.argv[1])))
