"""The demo's end: a page on its days, where the packages for it are there."""

from collections.abc import Sequence

from harvesters.commands.demo_summary import near
from harvesters.commands.report import PACKAGES
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day
from harvesters.core.errors import SettingsError
from harvesters.core.extras import need
from harvesters.core.period import Period

WEEK = 7


def made(place: Workplace, vendors: Sequence[str], days: Sequence[Day]) -> str:
    """Write a page on the last week of the days; the sentence has its path, or the command that makes it possible."""
    try:
        need("A report of these days", "jinja2", "pygal", packages=PACKAGES)
    except SettingsError as missing:
        return str(missing)
    from harvesters.commands.reporting import Asked, page, write

    period = Period(days[-WEEK:][0], days[-1] + 1)
    path = place.data_dir / "report.html"
    write(path, page(place, Asked(vendors, period, store="lake")))
    return f"A report of the last {len(period)} days, to mail and to print: {near(path)}"
