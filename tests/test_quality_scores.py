"""The formulas on their worked numbers (reference "Quality metrics", sections 3 and 4), and their laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.quality.scores import delay_ms, mos, r_factor, target_kbps, video_score
from harvesters.quality.thresholds import Codec

OPUS = Codec(0, 20)
LOSSES = st.floats(0, 100)
TIMES = st.floats(0, 5_000)
CODECS = st.sampled_from([OPUS, Codec(0, 10), Codec(0, 25.1), Codec(11, 19), Codec(15, 16.1)])


@pytest.mark.parametrize(
    ("loss", "rtt", "jitter", "codec", "delay", "r", "expected"),
    [
        pytest.param(0, 0, 0, OPUS, 20, 92.7200, 4.3998, id="A1"),
        pytest.param(0, 60, 5, OPUS, 60, 91.7600, 4.3797, id="A2"),
        pytest.param(0.5, 80, 10, OPUS, 80, 88.9629, 4.3128, id="A3"),
        pytest.param(1, 100, 10, OPUS, 90, 86.5162, 4.2446, id="A4"),
        pytest.param(3, 150, 20, OPUS, 135, 77.5687, 3.9289, id="A5"),
        pytest.param(5, 200, 30, OPUS, 180, 69.5830, 3.5774, id="A6"),
        pytest.param(10, 100, 30, OPUS, 130, 58.4133, 3.0175, id="A7"),
        pytest.param(20, 300, 50, OPUS, 270, 29.0230, 1.5691, id="A8"),
        pytest.param(100, 100, 10, OPUS, 90, 11.8733, 1.0631, id="A9"),
        pytest.param(0, 600, 10, OPUS, 340, 67.1430, 3.4603, id="A10"),
        pytest.param(5, 200, 30, Codec(0, 10), 180, 56.9163, 2.9391, id="A12"),
        pytest.param(5, 200, 30, Codec(0, 25.1), 180, 72.8023, 3.7255, id="A13"),
        pytest.param(1, 100, 10, Codec(11, 19), 90, 75.8400, 3.8576, id="A14"),
    ],
)
def test_worked_examples_of_audio(  # noqa: PLR0913, PLR0917 - a row of the table
    loss: float, rtt: float, jitter: float, codec: Codec, delay: float, r: float, expected: float
) -> None:
    heard = delay_ms(None, rtt, None, jitter)
    assert heard == delay
    assert r_factor(loss, heard, codec) == pytest.approx(r, abs=0.0005)
    assert mos(r_factor(loss, heard, codec)) == pytest.approx(expected, abs=0.0005)


def test_what_the_vendor_says_of_one_way_and_buffer_goes_before_what_is_guessed() -> None:
    """A11: latency 120, buffer 60; the round trip and the jitter are not asked then."""
    assert delay_ms(120, 999, 60, 999) == 200
    assert mos(r_factor(2, 200, OPUS)) == pytest.approx(3.9166, abs=0.0005)
    assert delay_ms(None, None, None, None) == 20


@pytest.mark.parametrize(
    ("r", "expected"),
    [
        (-5, 1), (0, 1), (3, 1), (10, 1.0350), (50, 2.5750), (60, 3.1000), (70, 3.5970), (80, 4.0240), (90, 4.3390),
        (93.2, 4.4093), (100, 4.5), (120, 4.5),
    ],
)  # fmt: skip
def test_from_r_to_mos(r: float, expected: float) -> None:
    assert mos(r) == pytest.approx(expected, abs=0.0005)


def test_loss_is_a_percentage() -> None:
    """As a ratio, which a peer takes it for, ten per cent would hardly be heard."""
    assert mos(r_factor(10, delay_ms(None, 100, 40, None), OPUS)) < 3.2


def test_delay_has_no_step_at_its_knee() -> None:
    before, after = (93.2 - r_factor(0, 177.3 + step, OPUS) for step in (-1e-9, 1e-9))
    assert before == pytest.approx(4.2552, abs=1e-6)
    assert after == pytest.approx(4.2552, abs=1e-6)


@given(LOSSES, LOSSES, TIMES, TIMES, CODECS)
def test_mos_stays_on_its_scale_and_never_rises_with_loss_or_delay(
    loss: float, more: float, delay: float, longer: float, codec: Codec
) -> None:
    score = mos(r_factor(min(loss, more), min(delay, longer), codec))
    worse = mos(r_factor(max(loss, more), max(delay, longer), codec))
    assert 1 <= worse <= score <= 4.5


@given(TIMES, TIMES, TIMES, TIMES)
def test_longer_ways_and_more_jitter_are_never_less_delay(
    rtt: float, longer: float, jitter: float, more: float
) -> None:
    short = delay_ms(None, min(rtt, longer), None, min(jitter, more))
    assert short <= delay_ms(None, max(rtt, longer), None, max(jitter, more))


@pytest.mark.parametrize(
    ("kbps", "width", "height", "expected"),
    [
        pytest.param(2200, 1280, 720, 5.0000, id="V1"),
        pytest.param(1000, 1280, 720, 4.3057, id="V2"),
        pytest.param(500, 1280, 720, 3.6522, id="V3"),
        pytest.param(350, 1280, 720, 3.3160, id="V4"),
        pytest.param(600, 640, 480, 4.4196, id="V5"),
        pytest.param(250, 640, 480, 3.4203, id="V6"),
        pytest.param(300, 320, 240, 4.6313, id="V7"),
        pytest.param(150, 320, 240, 3.5381, id="V8"),
        pytest.param(3500, 1920, 1080, 4.9874, id="V9"),
        pytest.param(8.25, 1280, 720, 1.0000, id="V10"),
    ],
)
def test_worked_examples_of_video(kbps: float, width: int, height: int, expected: float) -> None:
    assert video_score(kbps, width * height) == pytest.approx(expected, abs=0.0005)


@pytest.mark.parametrize(
    ("width", "height", "kbps"),
    [
        (320, 180, 308), (320, 240, 379), (352, 288, 462), (640, 360, 819), (640, 480, 998), (960, 540, 1423),
        (1280, 720, 2089), (1920, 1080, 3553),
    ],
)  # fmt: skip
def test_targets_of_usual_sizes(width: int, height: int, kbps: float) -> None:
    assert target_kbps(width * height) == pytest.approx(kbps, abs=0.5)


def test_a_picture_that_is_too_small_has_no_score() -> None:
    assert video_score(100, 2799) is None
    assert video_score(100, 2800) == 5.0


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(2800, 1 << 25))
def test_video_stays_on_its_scale_and_more_bitrate_is_never_worse(kbps: float, more: float, pixels: int) -> None:
    less, best = video_score(min(kbps, more), pixels), video_score(max(kbps, more), pixels)
    assert less is not None
    assert best is not None
    assert 1 <= less <= best <= 5
