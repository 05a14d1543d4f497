"""A forecast of a fetch: by the vendor's limits, by the pace of before, and in words."""

from datetime import timedelta

import pytest

from harvesters.core.entries import Entry
from harvesters.core.forecast import Forecast, forecast, seconds_per_call
from harvesters.core.manifest import Manifest
from harvesters.core.source import Limits, Rate
from harvesters.core.words import length

LIMITS = Limits(timedelta(hours=32), timedelta(days=21), (Rate(90, 30, "key"), Rate(200, 60, "address")), 50, 8_000_000)


def told(*seconds: float) -> Manifest:
    """A manifest whose records came at these seconds."""
    entries = {
        str(number): Entry(
            ("a",),
            "a",
            "2026-11-20T08:00:00.000Z",
            2,
            ongoing=False,
            fetched_at=round(at * 1000),
            rows=1,
            digest="d",
            offset=0,
            length=1,
        )
        for number, at in enumerate(seconds)
    }
    return Manifest("opentok", "1", "2026-11-20", records=entries)


@pytest.mark.parametrize(
    ("requests", "seconds"),
    [
        # 90 pass at once, each further window of 90 waits 30 s; of 200 in 60 s the fourth window is the slower one.
        (0, None), (1, None), (90, None), (91, 30), (180, 30), (181, 60), (271, 90), (601, 180), (901, 300),
    ],
)  # fmt: skip
def test_limits_alone_tell_how_long_it_takes_at_least(requests: int, seconds: float | None) -> None:
    assert forecast(1000, requests, LIMITS, []) == Forecast(1000, requests, seconds)


def test_the_pace_of_before_counts_where_it_is_slower() -> None:
    slow = told(*(2 * number for number in range(20)))
    assert forecast(100, 2, LIMITS, [slow]).seconds == 200
    assert forecast(1, 181, LIMITS, [slow]).seconds == 60
    quick = told(*(0.5 * number for number in range(20)))
    # The newest that tells of one decides.
    assert forecast(100, 2, LIMITS, [quick, slow]).seconds == 50
    assert forecast(100, 2, LIMITS, [told(1, 2, 3), slow]).seconds == 200


@pytest.mark.parametrize(
    ("came", "pace"),
    [
        (told(), None),
        (told(*range(9)), None),
        (told(*[5] * 50), None),
        (told(*range(10)), 1.0),
        # Five more the night after: the pause is no part of the pace.
        (told(*range(11), *(86_400 + number * 7 for number in range(5))), 1.0),
        (told(*range(3), *(1000 + 4 * number for number in range(12))), 4.0),
    ],
)
def test_a_pace_is_told_by_the_longest_stretch_without_a_pause(came: Manifest, pace: float | None) -> None:
    assert seconds_per_call(came) == pace


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (35.4, "35 s"), (99.4, "99 s"), (100, "2 min"), (720, "12 min"), (5999, "100 min"), (9000, "2.5 h")],
)
def test_a_length_is_said_as_exactly_as_a_forecast_can_be(seconds: float, words: str) -> None:
    assert length(seconds) == words


def test_a_forecast_in_words() -> None:
    assert str(Forecast(120, 4, 35.4)) == "about 4 requests and 35 s"
    assert str(Forecast(1, 1, None)) == "about 1 request"
