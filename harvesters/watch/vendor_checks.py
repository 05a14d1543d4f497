"""A vendor's part of a check-up: the way there, the login, plan and rights, by the cheapest requests that tell."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from harvesters.core.day import Day
from harvesters.core.source import Call, Failure, Notice, Record, Route, Source
from harvesters.core.words import many
from harvesters.core.workshop import Workshop
from harvesters.watch.checkup import Finding, good, warning
from harvesters.watch.machine import clock_beside
from harvesters.watch.survey import Surveyed

MOST_LISTED = 200
SOON = timedelta(days=7)


def vendor_answers(shop: Workshop, now: datetime, *, real_clock: bool) -> Iterator[Finding]:
    """Whether yesterday can be listed, and its smallest call be read.

    Raises:
        HarvestError: it cannot; the error says why, and what to do.
    """
    about = f"{shop.vendor} {shop.account.id}"
    if shop.stopped:
        raise shop.stopped
    if shop.source is None or shop.port is None:
        return
    day = Day.of(now) + -1
    listed = list(islice(shop.source.list_calls(shop.account, day), MOST_LISTED))
    calls = [each for each in listed if isinstance(each, Call)]
    number = f"{len(calls)} or more" if len(listed) == MOST_LISTED else f"{len(calls):,}"
    yield good(about, f"reached, and logged in: the vendor lists {number} calls of {day}")
    if real_clock:
        yield clock_beside(about, shop.port.date, now)
    for each in listed:
        if isinstance(each, Route) and each.why:
            yield warning(about, f"only the {each.name} can be asked: {each.why}", "see the plan and the rights there")
        elif isinstance(each, Notice):
            yield warning(about, each.text, "see the vendor's own console")
    if calls:
        yield _readable(about, shop.source, shop, min(calls, key=lambda call: call.weight))


def _readable(about: str, source: Source, shop: Workshop, call: Call) -> Finding:
    """Whether everything that is asked of a call may be read."""
    day = Day.of(shop.clock.now()) + -1
    records = 0
    for each in source.fetch(shop.account, [call], day):
        if isinstance(each, Failure):
            return warning(about, f"call {call.key} of {day} cannot be had: {each.reason}", "look at it there")
        if isinstance(each, Record):
            records += 1
            for _ in each.parts:
                pass
    return good(about, f"plan and rights are enough: a call of {day} was read ({many(records, 'conference')})")


def retention(surveyed: Surveyed, now: datetime) -> Finding:
    """Whether something that is missing is about to be forgotten."""
    about = " ".join(filter(None, (surveyed.account.vendor, surveyed.account.id)))
    unwhole = [each for each in surveyed.days if not each.whole]
    endangered = [each for each in unwhole if each.fetchable]
    if not unwhole:
        return good(about, f"every one of {many(len(surveyed.days), 'day')} is whole")
    said = f"{len(unwhole):,} of {many(len(surveyed.days), 'day')} {'is' if len(unwhole) == 1 else 'are'} not whole"
    if endangered:
        first = min(endangered, key=lambda each: each.kept_until)
        said += f"; the vendor forgets {first.day} on {first.kept_until:%Y-%m-%d}"
    soon = endangered and min(each.kept_until for each in endangered) - now < SOON
    repair = "./harvest.py catch-up" + (" today" if soon else "") if any(d.repairable for d in unwhole) else ""
    return warning(about, said, repair or "nothing can be done: the vendor has no more of them")
