"""`/report/daily`: the sums of each day of a month that has begun; dates are UTC here, webinars are no meetings."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from harvesters.sandbox.zoom.asking import Asked
from harvesters.sandbox.zoom.meetings import Json, Window
from harvesters.sandbox.zoom.refusals import OLD_RANGE, RefusedError, bad_parameter

_DAY = timedelta(days=1)


def daily(asked: Asked) -> Json:
    """The days of a month up to now; `new_users` are none.

    Raises:
        RefusedError: year or month make no sense, or are too long ago.
    """
    first, days = _month(asked)
    begins = [first + number * _DAY for number in range(days)]
    dates = [_row(asked, start) for start in begins if start <= asked.now]
    return {"year": first.year, "month": first.month, "dates": dates}


def _month(asked: Asked) -> tuple[datetime, int]:
    """The month's first day, and how many it has."""
    try:
        first = datetime(int(asked.params["year"]), int(asked.params["month"]), 1, tzinfo=UTC)
    except (KeyError, ValueError) as error:
        raise bad_parameter(name="month") from error
    days = monthrange(first.year, first.month)[1]
    if first + days * _DAY < asked.now - timedelta(days=asked.rules.retention_days):
        raise RefusedError(400, 300, OLD_RANGE)
    return first, days


def _row(asked: Asked, start: datetime) -> Json:
    ended = asked.now - asked.rules.lag
    window = Window(start, start + _DAY, "start_time", asked.now, "past", "any", webinar=False, ended=ended)
    sums = asked.meetings.sums(window)
    return {
        "date": str(start.date()),
        "new_users": 0,
        "meetings": sums.meetings,
        "participants": sums.participants,
        "meeting_minutes": sums.minutes,
    }
