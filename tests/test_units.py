"""The disputed bitrates: converted only where the operator says how."""

import pytest

from harvesters.core.tree import Medium, Quality, Row
from harvesters.opentok.rows import Bitrates
from harvesters.quality.units import bitrate_step


def row(quality: Quality, audio: float | None = 1.88, video: float | None = 8.25) -> Row:
    return Row(0, quality, Bitrates(audio, video))


@pytest.mark.parametrize("shapes", [{}, {"OPENTOK_BITRATE_UNIT": "unknown"}, {"ZOOM_REGION": "kbit"}])
def test_without_a_unit_there_is_no_step(shapes: dict[str, str]) -> None:
    assert bitrate_step(shapes) is None


@pytest.mark.parametrize(("unit", "audio", "video"), [("kbit", 1.88, 8.25), ("kbyte", 15.04, 66)])
def test_a_unit_gives_kilobits_and_leaves_the_vendors_number(unit: str, audio: float, video: float) -> None:
    step = bitrate_step({"OPENTOK_BITRATE_UNIT": unit})
    assert step
    found = step(row(Quality(Medium(loss_pct=1), Medium(pixels=4))))
    assert found.quality == Quality(Medium(1, None, audio), Medium(None, None, video, None, None, 4))
    assert found.own == Bitrates(1.88, 8.25)


def test_a_shared_screens_bitrate_is_the_screens() -> None:
    step = bitrate_step({"OPENTOK_BITRATE_UNIT": "kbyte"})
    assert step
    assert step(row(Quality(screen=Medium()))).quality == Quality(screen=Medium(bitrate_kbps=66))


def test_a_medium_that_is_off_has_no_bitrate_and_an_unknown_one_stays_unknown() -> None:
    step = bitrate_step({"OPENTOK_BITRATE_UNIT": "kbit"})
    assert step
    assert step(row(Quality())).quality == Quality()
    assert step(row(Quality(Medium(), Medium()), None, None)).quality == Quality(Medium(), Medium())
    assert step(Row(0, Quality(Medium(), Medium()))).quality == Quality(Medium(), Medium())


def test_zero_is_a_bitrate() -> None:
    step = bitrate_step({"OPENTOK_BITRATE_UNIT": "kbyte"})
    assert step
    assert step(row(Quality(Medium(), Medium()), 0, 0)).quality == Quality(
        Medium(bitrate_kbps=0), Medium(bitrate_kbps=0)
    )
