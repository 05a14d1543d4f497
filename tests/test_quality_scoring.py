"""Labels, reasons and inputs of single measurements (reference "Quality metrics", sections 3 to 6)."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.core.common_settings import CommonSettings
from harvesters.core.tree import Cpu, Interval, Machine, Medium, Quality, Row
from harvesters.quality.scoring import Judge, Scorer, codec, label_of
from harvesters.quality.thresholds import Codec, profiles, thresholds

START = 1_000_000_000_000
DEFAULT, CQD = Judge(thresholds("default")), Judge(thresholds("cqd"))


def scored(  # noqa: PLR0913 - each is one independent circumstance
    quality: Quality,
    *,
    judge: Judge = DEFAULT,
    codecs: tuple[str, ...] = ("opus",),
    camera: bool = True,
    after_s: float = 60,
    machine: Machine | None = None,
) -> Quality:
    row = Row(START + round(after_s * 1000), quality, machine=machine)
    Scorer(judge, codecs, camera=camera, ramp_up_ends=START + 10_000).take([row])
    return row.quality


def heard(judge: Judge = DEFAULT, codecs: tuple[str, ...] = ("opus",), **known: Any) -> Medium:
    found = scored(Quality(audio=Medium(**known)), judge=judge, codecs=codecs).audio
    assert found
    return found


def seen(*, camera: bool = True, after_s: float = 60, machine: Machine | None = None, **known: Any) -> Medium:
    found = scored(Quality(video=Medium(**known)), camera=camera, after_s=after_s, machine=machine).video
    assert found
    return found


HD: dict[str, Any] = {"width": 1280, "height": 720, "pixels": 921_600}


@pytest.mark.parametrize(("score", "label"), [(4.0, "good"), (3.9999, "fair"), (3.0, "fair"), (2.9999, "poor")])
def test_the_edges_of_the_labels(score: float, label: str) -> None:
    assert label_of(score, DEFAULT.thresholds) == label


def test_without_loss_there_is_no_mos() -> None:
    """A15."""
    found = heard(rtt_ms=100, jitter_ms=10)
    assert (found.mos, found.label, found.inputs) == (None, "unknown", ())


@pytest.mark.parametrize(
    ("known", "inputs"),
    [
        ({}, ("loss",)),
        ({"latency_ms": 20.0}, ("loss", "latency")),
        ({"rtt_ms": 20.0, "jitter_ms": 1.0}, ("loss", "rtt", "jitter")),
        ({"latency_ms": 20.0, "rtt_ms": 90.0, "jitter_ms": 1.0, "buffer_ms": 40.0}, ("loss", "latency", "buffer")),
    ],
)
def test_the_inputs_are_named_that_were_real(known: dict[str, Any], inputs: tuple[str, ...]) -> None:
    assert heard(loss_pct=0, **known).inputs == inputs


def test_a16_loss_alone() -> None:
    assert heard(loss_pct=0).mos == pytest.approx(4.3998, abs=0.0005)


def test_silence_is_not_bad_quality() -> None:
    assert heard(loss_pct=0, bitrate_kbps=1.88) == Medium(
        loss_pct=0, bitrate_kbps=1.88, mos=4.3998, label="good", inputs=("loss",)
    )


@pytest.mark.parametrize(
    ("known", "due"),
    [
        ({"loss_pct": 5.0}, ()),
        ({"loss_pct": 5.01}, ("loss",)),
        ({"loss_pct": 0.0, "jitter_ms": 30.0}, ()),
        ({"loss_pct": 0.0, "jitter_ms": 30.1}, ("jitter",)),
        ({"loss_pct": 0.0, "rtt_ms": 500.1, "jitter_ms": 31.0}, ("rtt", "jitter")),
        ({"loss_pct": 0.0, "latency_ms": 300.0}, ()),
        ({"loss_pct": 0.0, "latency_ms": 400.1}, ("latency",)),
    ],
)
def test_reasons_of_audio_are_values_beyond_their_limits(known: dict[str, Any], due: tuple[str, ...]) -> None:
    assert heard(**known).poor_due_to == due


@pytest.mark.parametrize(
    ("known", "due"),
    [
        ({"loss_pct": 3.0}, ()),
        ({"loss_pct": 3.1}, ("loss",)),
        ({"fps": 7.0}, ()),
        ({"fps": 6.9}, ("fps",)),
        ({"freeze_pct": 5.1}, ("freeze",)),
        ({"bitrate_kbps": 350.0, **HD}, ()),
        ({"bitrate_kbps": 349.0, **HD}, ("bitrate",)),
        # 960x540 goes by 640x480; below 320x240 half of its row.
        ({"bitrate_kbps": 249.0, "pixels": 960 * 540}, ("bitrate",)),
        ({"bitrate_kbps": 76.0, "pixels": 160 * 120}, ()),
        ({"bitrate_kbps": 74.0, "pixels": 160 * 120}, ("bitrate",)),
    ],
)
def test_reasons_of_video(known: dict[str, Any], due: tuple[str, ...]) -> None:
    assert seen(**known).poor_due_to == due


def test_a_busy_machine_is_a_reason() -> None:
    assert seen(machine=Machine(cpu=Cpu(system_pct=90.0))).poor_due_to == ()
    assert seen(loss_pct=4, machine=Machine(cpu=Cpu(system_pct=91.0))).poor_due_to == ("loss", "cpu")


def test_a_cameras_picture_has_a_score() -> None:
    found = seen(bitrate_kbps=500, **HD)
    assert (found.score, found.label, found.inputs) == (3.6522, "fair", ("bitrate", "size"))


@pytest.mark.parametrize(
    "known",
    [{"camera": False, "bitrate_kbps": 40}, {"after_s": 9.9, "bitrate_kbps": 40}, {}],
    ids=["no camera", "ramping up", "no bitrate"],
)
def test_what_has_no_score_is_unknown_and_blames_no_bitrate(known: dict[str, Any]) -> None:
    found = seen(**{"loss_pct": 0, **HD, **known})
    assert (found.score, found.label, found.poor_due_to) == (None, "unknown", ())


def test_a_whole_minute_from_the_start_on_is_no_ramp_up() -> None:
    minute = Machine(sample=Interval(60.0))
    assert seen(after_s=0, machine=minute, bitrate_kbps=500, **HD).label == "fair"


def test_a_shared_screen_has_reasons_and_no_score() -> None:
    found = scored(Quality(screen=Medium(bitrate_kbps=3.0, fps=1.0, **HD))).screen
    assert found
    assert (found.score, found.label, found.poor_due_to) == (None, "unknown", ("fps",))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), Codec(0, 20)),
        (("vp8",), Codec(0, 20)),
        (("vp8", "OPUS"), Codec(0, 20)),
        (("pcmu",), Codec(0, 25.1)),
        (("g722",), Codec(0, 10)),
        (("g729",), Codec(11, 19)),
    ],
)
def test_the_codec_that_a_stream_names(names: tuple[str, ...], expected: Codec) -> None:
    assert codec(DEFAULT.thresholds, names) == expected


def test_another_profile_draws_other_lines() -> None:
    lossy: dict[str, Any] = {"loss_pct": 8.0, "rtt_ms": 20.0}
    assert heard(**lossy).poor_due_to == ("loss",)
    assert heard(CQD, **lossy).poor_due_to == ("mos_drop",)
    assert heard(CQD, loss_pct=11).poor_due_to == ("loss", "mos_drop")
    assert CQD.thresholds.profile == "cqd"


def test_the_setting_allows_the_profiles_that_there_are() -> None:
    (declared,) = [each for each in dataclasses.fields(CommonSettings) if each.name == "quality_profile"]
    for profile in profiles():
        assert declared.metadata["setting"].parse(profile) == profile
    with pytest.raises(ValueError, match="default"):
        declared.metadata["setting"].parse("strict")


NUMBERS = st.none() | st.floats(0, 2_000)


@given(st.floats(0, 100), NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["opus", "g722", "g729", "g723", "x"]))
def test_poor_audio_is_never_without_a_reason(  # noqa: PLR0913, PLR0917 - each may be unknown
    loss: float, latency: float | None, rtt: float | None, jitter: float | None, buffer: float | None, name: str
) -> None:
    audio = Medium(loss_pct=loss, latency_ms=latency, rtt_ms=rtt, jitter_ms=jitter, buffer_ms=buffer)
    found = scored(Quality(audio=audio), codecs=(name,)).audio
    assert found
    assert found.label in {"good", "fair", "poor"}
    assert found.poor_due_to or found.label != "poor"


@given(NUMBERS, st.none() | st.integers(1, 1 << 24), st.none() | st.floats(0, 100), st.booleans())
def test_labels_are_total_and_poor_video_is_never_without_a_reason(
    bitrate: float | None,
    pixels: int | None,
    loss: float | None,
    camera: bool,  # noqa: FBT001
) -> None:
    found = scored(Quality(video=Medium(bitrate_kbps=bitrate, pixels=pixels, loss_pct=loss)), camera=camera).video
    assert found
    assert (found.label == "unknown") == (found.score is None)
    assert found.label in {"good", "fair", "poor", "unknown"}
    assert found.poor_due_to or found.label != "poor"
