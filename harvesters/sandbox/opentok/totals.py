"""The project's totals by days of Vonage's own, reckoned from the sessions; refreshed nightly, so they come late."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from harvesters.core.day import Day, days_between, iso, parse_instant
from harvesters.sandbox.opentok import figures
from harvesters.sandbox.opentok.rows import Record
from harvesters.sandbox.opentok.shapes import linked, present
from harvesters.sandbox.opentok.view import View, Windowed

INTERVAL = timedelta(days=1)


def metrics(view: View, start: str, end: str | None) -> list[Record]:
    """One `Metric` for each interval that begins in `[start, end)` and is known by now; none for one without data."""
    known = (_metric(view, begin) for begin in _begins(view, start, end or iso(view.now)))
    return [metric for metric in known if metric]


def _begins(view: View, start: str, end: str) -> Iterator[datetime]:
    """When the intervals of the range begin, if they are old enough."""
    first, last = parse_instant(start), parse_instant(end)
    if first is None or last is None:
        return
    at = Day.of(first).start + view.rules.totals_begin
    while at < last:
        if at >= first and at + INTERVAL + view.rules.totals_delay <= view.now:
            yield at
        at += INTERVAL


def _metric(view: View, begin: datetime) -> Record | None:
    meetings = list(_meetings(view, begin, begin + INTERVAL))
    if not meetings:
        return None
    people, sent, received = (
        [each for meeting in meetings for each in present(meeting, name)]
        for name in ("connections", "publishers", "subscribers")
    )
    return {
        "intervalStart": iso(begin),
        "intervalEnd": iso(begin + INTERVAL),
        "usage": {
            "streamedPublishedMinutes": figures.minutes(sent),
            "streamedSubscribedMinutes": figures.minutes(received),
        },
        "errors": {
            "connect": {"attempts": len(people), "failures": 0},
            "publish": {"attempts": len(sent), "failures": 0},
            "subscribe": {"attempts": len(received), "failures": 0},
        },
    }


def _meetings(view: View, begin: datetime, end: datetime) -> Iterator[Record]:
    """The meetings that were created in `[begin, end)`."""
    since, until = iso(begin), iso(end)
    for session_id in _sessions(view, begin, end):
        for meeting in present(linked(view.sessions[session_id]), "meetings"):
            if since <= (meeting["createdAt"] or "") < until:
                yield meeting


def _sessions(view: View, begin: datetime, end: datetime) -> Iterator[str]:
    """The ids of sessions that may have such a meeting, each once; without making all that there are."""
    seen: set[str] = set()
    for day in days_between(Day.of(begin), Day.of(end - timedelta(microseconds=1)) + 1):
        for session_id in _of_day(view, day):
            if session_id not in seen:
                seen.add(session_id)
                yield session_id


def _of_day(view: View, day: Day) -> Iterator[str]:
    found = view.sessions.started_in(iso(day.start), iso(day.end)) if isinstance(view.sessions, Windowed) else None
    yield from view.sessions if found is None else found
