"""From counters to rates: worked numbers, restarts, and laws."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.tree import Medium
from harvesters.peermetrics.reports import Report, Since, Tick, medium, restarted, seconds_between, since

START = 1_795_165_200_000


def tick(seconds: float, report: Report, *, remote: Report | None = None, rtt: float | None = None) -> Tick:
    at = START + round(seconds * 1000)
    report.kind, report.timestamp = report.kind or "audio", float(at)
    return Tick(at, report, remote, rtt)


def between(now: Tick, before: Tick) -> Since | None:
    return since(now, before, seconds_between(now, before))


def measured(now: Tick, before: Tick) -> Medium:
    return medium(now, before, between(now, before))


def received(lost: float, came: float, size: float = 0) -> Report:
    return Report(packets_lost=lost, packets_received=came, bytes_received=size)


def sent(packets: float, size: float) -> Report:
    return Report(packets_sent=packets, bytes_sent=size)


def test_loss_is_what_was_lost_of_what_should_have_come() -> None:
    assert measured(tick(10, received(14, 1396)), tick(0, received(10, 1000))).loss_pct == 1.0


def test_a_loss_is_a_share_of_so_many_packets() -> None:
    assert between(tick(10, received(14, 1396)), tick(0, received(10, 1000))) == Since(10, 4, 4 + 396, clamped=False)
    assert between(tick(10, sent(900, 0)), tick(0, sent(500, 0))) == Since(10, None, 400, clamped=False)
    assert between(tick(10, Report()), tick(0, Report())) == Since(10, None, None, clamped=False)


def test_nothing_sent_is_no_loss_of_nothing() -> None:
    assert measured(tick(10, received(3, 100)), tick(0, received(3, 100))).loss_pct is None


def test_packets_that_came_twice_are_no_negative_loss() -> None:
    before, now = tick(0, received(10, 1000)), tick(10, received(7, 1500))
    assert measured(now, before).loss_pct == 0.0
    assert between(now, before) == Since(10, 0, 500, clamped=True)
    assert between(tick(10, received(12, 1500)), before) == Since(10, 2, 502, clamped=False)
    # That one is a restart.
    assert between(tick(10, received(0, 20)), before) is None


def test_bitrate_is_eight_bits_a_byte_and_a_thousand_bits_a_kilobit() -> None:
    assert measured(tick(10, received(0, 600, 225_000)), tick(0, received(0, 100, 100_000))).bitrate_kbps == 100.0


def test_a_first_report_has_no_rates_but_what_it_tells_itself() -> None:
    report = Report(jitter=0.01933, packets_lost=3, packets_received=500, bytes_received=45_000)
    assert medium(tick(0, report, rtt=0.02)) == Medium(rtt_ms=20.0, jitter_ms=19.33)


def test_a_counter_that_went_down_is_a_restart() -> None:
    assert restarted(received(0, 20, 1800), received(0, 1000, 90_000))
    assert not restarted(received(0, 1000, 90_000), received(0, 1000, 90_000))


def test_a_sent_stream_is_judged_by_what_the_other_end_lost() -> None:
    before = tick(0, sent(500, 44_000), remote=Report(packets_lost=0))
    told = Report(packets_lost=5, jitter=0.002417, round_trip_time=0.02)
    found = measured(tick(10, sent(1000, 88_000), remote=told, rtt=0.5), before)
    assert (found.loss_pct, found.jitter_ms, found.rtt_ms, found.bitrate_kbps) == (1.0, 2.417, 20.0, 35.2)


def test_without_the_other_ends_word_a_sent_stream_has_no_loss() -> None:
    found = measured(tick(10, sent(1000, 88_000), rtt=0.03), tick(0, sent(500, 44_000)))
    assert (found.loss_pct, found.rtt_ms) == (None, 30.0)


def test_frames_are_told_or_counted() -> None:
    before = tick(0, Report(kind="video", frames_decoded=100))
    assert measured(tick(10, Report(kind="video", frames_decoded=300)), before).fps == 20.0
    assert measured(tick(10, Report(kind="video", frames_decoded=300, frames_per_second=30)), before).fps == 30.0


def test_a_picture_that_stood_still_and_a_full_buffer() -> None:
    before = tick(0, Report(total_freezes_duration=1.0, jitter_buffer_delay=100, jitter_buffer_emitted_count=1000))
    now = tick(10, Report(total_freezes_duration=1.5, jitter_buffer_delay=148, jitter_buffer_emitted_count=2200))
    found = measured(now, before)
    assert (found.freeze_pct, found.buffer_ms) == (5.0, 40.0)


def test_the_clients_own_clock_tells_the_time_between() -> None:
    one, other = tick(0, Report()), tick(12, Report())
    other.report.timestamp = float(START + 10_000)
    assert seconds_between(other, one) == 10.0
    other.report.timestamp = None
    assert seconds_between(other, one) == 12.0
    # A clock that was set back tells nothing.
    other.report.timestamp = float(START - 5000)
    assert seconds_between(other, one) == 12.0


def counted(told: list[float | None]) -> Report:
    lost, came, size, frames, delay, packets = told
    return Report(
        packets_lost=lost,
        packets_received=came,
        bytes_received=size,
        frames_decoded=frames,
        jitter_buffer_delay=delay,
        packets_sent=packets,
    )


COUNTS = st.lists(st.one_of(st.none(), st.integers(-5, 10_000_000).map(float)), min_size=6, max_size=6)


@settings(max_examples=300, deadline=None)
@given(COUNTS, COUNTS, st.floats(0.001, 1e6))
def test_whatever_the_counters_say_rates_are_possible_ones(
    one: list[float | None], other: list[float | None], seconds: float
) -> None:
    found = measured(tick(seconds, counted(other)), tick(0, counted(one)))
    assert found.loss_pct is None or 0 <= found.loss_pct <= 100
    assert found.bitrate_kbps is None or found.bitrate_kbps >= 0
    assert found.fps is None or found.fps >= 0


@pytest.mark.parametrize("lost", [1, 10, 300])
def test_more_loss_is_more(lost: int) -> None:
    before = tick(0, received(0, 1000))
    less, worse = (measured(tick(10, received(each, 1500)), before).loss_pct or 0 for each in (lost, lost + 1))
    assert 0 < less < worse
