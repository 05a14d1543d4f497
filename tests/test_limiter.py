"""The limiter: never too many requests in any stretch of time, and never idle without need."""

import random
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvesters.core.day import Clock
from harvesters.core.limiter import Limiter
from harvesters.core.source import Rate
from harvesters.opentok import OpenTok
from tests.line import Together, Wall

RATES = st.lists(
    st.builds(Rate, st.integers(1, 6), st.sampled_from([0.5, 1.0, 7.3, 30.0, 60.0]), st.just("key")),
    min_size=1,
    max_size=3,
)
# Seconds between the wishes of a caller; bursts and pauses, and fractions of milliseconds.
GAPS = st.lists(st.one_of(st.just(0.0), st.floats(0, 0.01), st.floats(0, 40)), max_size=40)


def _clock(time: Wall) -> Clock:
    return Clock(time.now, time.monotonic, wait=time.wait)


def _most_in_any_window(moments: list[float], window: float) -> int:
    """The largest number of moments in a half-open stretch that begins at one of them."""
    return max((sum(start <= each < start + window for each in moments) for start in moments), default=0)


@settings(max_examples=150, deadline=None)
@given(rates=RATES, gaps=GAPS)
@example(rates=[Rate(1, 1.0, "key")], gaps=[0.0009, 0.0])
def test_no_window_ever_holds_more_than_allowed(rates: list[Rate], gaps: list[float]) -> None:
    time, moments = Wall(), []
    limiter = Limiter(rates, _clock(time))
    for gap in gaps:
        time.seconds += gap
        limiter.acquire(time.wait)
        moments.append(time.seconds)

    for rate in rates:
        assert _most_in_any_window(moments, rate.seconds) <= rate.requests


@settings(max_examples=100, deadline=None)
@given(rate=st.builds(Rate, st.integers(1, 6), st.sampled_from([0.5, 7.3, 30.0]), st.just("key")), gaps=GAPS)
def test_nobody_waits_while_there_is_room(rate: Rate, gaps: list[float]) -> None:
    time = Wall()
    limiter = Limiter([rate], _clock(time))
    moments: list[float] = []
    for gap in gaps:
        time.seconds += gap
        wished = time.seconds
        limiter.acquire(time.wait)
        moments.append(time.seconds)
        # The first moment at which the window has room; the limiter counts in milliseconds.
        free = moments[-1 - rate.requests] + rate.seconds if len(moments) > rate.requests else 0.0
        assert time.seconds <= max(wished, free) + 0.005


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 35), min_size=1, max_size=60))
def test_a_look_that_finds_no_room_takes_none(gaps: list[float]) -> None:
    time = Wall()
    limiter = Limiter([Rate(3, 30, "key"), Rate(5, 60, "address")], _clock(time))
    taken: list[float] = []
    for gap in gaps:
        time.seconds += gap
        if limiter.delay() == 0:
            taken.append(time.seconds)
        free = (
            sum(each > time.seconds - 30 for each in taken) < 3 and sum(each > time.seconds - 60 for each in taken) < 5
        )
        if free:
            time.seconds += 0.002
            assert limiter.delay() == 0
            taken.append(time.seconds)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_threads_share_the_windows_and_none_starves(threads: int) -> None:
    allowed, window, each = 5, 30.0, 10
    time = Together(threads)
    limiter = Limiter([Rate(allowed, window, "key")], _clock(time))
    moments: list[float] = []

    def work() -> None:
        for _ in range(each):
            limiter.acquire(time.wait)
            moments.append(time.seconds)

    time.run(threads, work)

    assert len(moments) == threads * each
    moments.sort()
    assert _most_in_any_window(moments, window) == allowed
    # As many as allowed at once, then again as soon as the window lets them.
    assert all(at <= 1000 + number // allowed * (window + 0.01) for number, at in enumerate(moments))


def test_threads_that_come_at_random_times_stay_within_the_limit() -> None:
    dice = random.Random(11)
    threads = 6
    time = Together(threads)
    limiter = Limiter([Rate(4, 10, "key"), Rate(9, 60, "address")], _clock(time))
    pauses = [dice.uniform(0, 5) for _ in range(72)]
    moments: list[float] = []

    def work() -> None:
        for _ in range(12):
            time.wait(pauses.pop())
            limiter.acquire(time.wait)
            moments.append(time.seconds)

    time.run(threads, work)

    assert len(moments) == 72
    assert _most_in_any_window(moments, 10) <= 4
    assert _most_in_any_window(moments, 60) <= 9


def test_the_wait_is_told_and_may_be_refused() -> None:
    time = Wall()
    limiter = Limiter([Rate(1, 30, "key")], _clock(time))
    limiter.acquire(time.wait)
    time.seconds += 10

    def refuse(seconds: float) -> None:
        assert 20 <= seconds <= 20.002
        raise TimeoutError

    with pytest.raises(TimeoutError):
        limiter.acquire(refuse)
    # Who was refused took no place.
    time.seconds += 20.002
    assert limiter.delay() == 0


def test_without_rates_nobody_waits() -> None:
    time = Wall()
    limiter = Limiter([], _clock(time))
    for _ in range(1000):
        limiter.acquire(time.wait)

    assert time.waits == []


def test_opentok_is_asked_fewer_than_a_hundred_times_in_thirty_seconds() -> None:
    time, moments = Wall(), []
    limiter = Limiter(OpenTok.limits.rates, _clock(time))
    for _ in range(400):
        limiter.acquire(time.wait)
        moments.append(time.seconds)

    assert _most_in_any_window(moments, 30) < 100
    assert all(earlier <= later for earlier, later in pairwise(moments))
    assert {rate.per for rate in OpenTok.limits.rates} == {"key", "address"}
