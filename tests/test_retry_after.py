"""What a `Retry-After` means, and how long to wait where there is none."""

import random
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.retry_after import backoff, wished

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("999999999", 999999999.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 13:00:30 +0100", 30.0),
        ("Friday, 20-Nov-26 12:01:00 GMT", 60.0),
        ("Fri Nov 20 12:01:00 2026", 60.0),
        ("Fri, 20 Nov 2026 11:59:59 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("2026-11-21T00:00:00Z", 43200.0),
        ("2026-11-21T00:00:00", 43200.0),
        ("2026-11-21T01:00:00.250+01:00", 43200.25),
        ("2026-11-19T00:00:00Z", 0.0),
        ("9999-12-31T23:59:59.999999Z", 1e9),
    ],
)
def test_a_wish_is_understood_in_every_form(header: str, seconds: float) -> None:
    assert wished(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    [
        None, "", " ", "soon", "-5", "+5", "1e3", "5s", "1,5", "nan", "inf", "10000000000", "0x10", "2026-11-20",
        "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00",
        "Fri, 32 Nov 2026 12:00:00 GMT", "Fri, 20 Nov 2026 25:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 +99999999999999999999", "\x00", "5\n6",
    ],
)  # fmt: skip
def test_rubbish_is_no_wish(header: str | None) -> None:
    assert wished(header, NOW) is None


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=40),
        st.text("0123456789 :-+.TZ,GMTNovFri", max_size=40),
        st.builds("Fri, 20 Nov {} 12:00:00 {}".format, st.integers(0, 10**6), st.text("+-0123456789", max_size=25)),
    )
)
def test_whatever_a_server_writes_gives_a_wait_or_none(header: str) -> None:
    wait = wished(header, NOW)

    assert wait is None or 0 <= wait <= 1e9


@settings(max_examples=100, deadline=None)
@given(INSTANTS, st.integers(-23 * 60, 23 * 60))
def test_a_moment_is_the_same_wait_in_every_form_and_zone(moment: datetime, minutes: int) -> None:
    moment = moment.replace(microsecond=0)
    there = moment.astimezone(timezone(timedelta(minutes=minutes)))
    seconds = max(0.0, float((moment - NOW) // timedelta(seconds=1)))

    assert wished(there.isoformat(), NOW) == seconds
    assert wished(format_datetime(moment, usegmt=True), NOW) == seconds
    assert wished(format_datetime(there), NOW) == seconds


@pytest.mark.parametrize(
    ("attempt", "ceiling"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (8, 60), (100, 60), (10**6, 60)]
)
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_back_off_lies_between_half_and_full_of_a_doubling_ceiling(attempt: int, ceiling: int, seed: int) -> None:
    assert ceiling / 2 <= backoff(attempt, random.Random(seed)) <= ceiling


class _Highest(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def test_the_ceilings_never_fall_and_end_at_a_minute() -> None:
    ceilings = [backoff(attempt, _Highest()) for attempt in range(1, 40)]

    assert all(earlier <= later for earlier, later in pairwise(ceilings))
    assert (ceilings[0], ceilings[-1]) == (1.0, 60.0)


def test_two_that_fail_together_do_not_come_back_together() -> None:
    waits = {backoff(5, random.Random(seed)) for seed in range(100)}

    assert len(waits) == 100
    assert min(waits) < 9
    assert max(waits) > 15
