"""Statistics rows of OpenTok in our units: loss, latency, sizes, bitrates, order, and numbers of any type."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.opentok_records import Json, about, made, publisher, quality, received, record, sent, subscriber


def only_quality(**members: Json) -> Json:
    """The quality block of one received row."""
    (block,) = quality([received(**members)])
    return block


def samples(*rows: Json, kind: str = "publisher") -> list[dict[str, Any]]:
    head = publisher() if kind == "publisher" else subscriber()
    return made(record((kind, head, list(rows)))).of("sample")


# -- loss ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "percent"),
    [(0, 0), (0.0, 0), (0.034, 3.4), (0.01, 1), (0.07, 7), (0.29, 29), (0.5, 50), (1, 100), (1e-9, 0), ("0.25", 25)],
)
def test_loss_is_a_ratio_times_a_hundred(ratio: float | str, percent: float) -> None:
    """0.07 times 100 is 7.000000000000001 in a computer's arithmetic, and 7 in a document."""
    block = only_quality(audioPacketLoss=ratio, videoPacketLoss=ratio)
    assert block["audio"]["loss_pct"] == percent
    assert block["video"]["loss_pct"] == percent


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
@settings(max_examples=60, deadline=None)
def test_loss_keeps_its_order_and_stays_between_0_and_100(ratios: list[float]) -> None:
    ratios.sort()
    rows = [received(second, audioPacketLoss=ratio) for second, ratio in enumerate(ratios)]
    found = [block["audio"]["loss_pct"] for block in quality(rows)]
    assert found == sorted(found)
    assert all(0 <= each <= 100 for each in found)
    assert all(abs(each - 100 * ratio) < 1e-6 for each, ratio in zip(found, ratios, strict=True))


def test_negative_loss_is_clamped_to_zero_and_flagged() -> None:
    (sample,) = samples(sent(audioPacketLoss=-0.01))
    assert sample["vconf"]["quality"]["audio"]["loss_pct"] == 0
    assert sample["vconf"]["flags"] == ["clamped"]


def test_what_does_not_stand_in_the_document_is_not_said_to_be_clamped() -> None:
    (sample,) = samples(sent(hasAudio=False, audioPacketLoss=-0.01))
    assert "flags" not in sample["vconf"]


def test_loss_above_one_is_no_ratio_so_it_is_absent_and_counted() -> None:
    found = made(record(("publisher", publisher(), [sent(audioPacketLoss=1.01, videoPacketLoss=55)])))
    (sample,) = found.of("sample")
    assert sample["vconf"]["quality"] == {"video": {"width": 1280, "height": 720, "pixels": 921600}}
    assert found.oddities == {"packet loss above 1": 2}


# -- latency, and a medium that is off -----------------------------------------------------------------


def test_null_latency_is_absent_and_never_zero() -> None:
    block = only_quality(audioLatencyMs=None, videoLatencyMs=None)
    assert "latency_ms" not in block["audio"]
    assert "latency_ms" not in block["video"]


def test_zero_is_a_value_whole_or_not() -> None:
    zeros = {name: 0 for name in received() if name.endswith(("Ms", "Kbps", "Loss"))}
    (sample,) = samples(received(**zeros), kind="subscriber")
    assert sample["vconf"]["quality"]["audio"] == {"loss_pct": 0, "latency_ms": 0}
    assert sample["opentok"] == {"audio_bitrate": 0, "video_bitrate": 0}


@pytest.mark.parametrize(
    ("kind", "off", "left"),
    [
        ("publisher", {"hasAudio": False}, {"video"}),
        ("publisher", {"hasVideo": False}, {"audio"}),
        ("publisher", {"hasAudio": False, "hasVideo": False}, set()),
        ("subscriber", {"subscribeToAudio": False}, {"video"}),
        ("subscriber", {"subscribeToVideo": False}, {"audio"}),
        # The words of the other kind decide nothing.
        ("publisher", {"subscribeToAudio": False}, {"audio", "video"}),
        ("subscriber", {"hasVideo": False}, {"audio", "video"}),
        # Null is not off.
        ("publisher", {"hasAudio": None}, {"audio", "video"}),
    ],
)
def test_a_medium_that_is_off_has_no_block(kind: str, off: dict[str, Json], left: set[str]) -> None:
    """Rows with audio off and a loss of 0 exist: that 0 is no measurement."""
    usual = sent() if kind == "publisher" else received()
    (sample,) = samples({**usual, **off}, kind=kind)
    assert set(sample["vconf"].get("quality", {})) == left


@pytest.mark.parametrize("unit", ["unknown", "kbit"])
def test_a_shared_screen_that_is_off_has_no_block(unit: str) -> None:
    screen = publisher(stream=about(kind="screen"))
    (block,) = quality([sent(hasVideo=False)], "publisher", screen, unit)
    assert set(block) == {"audio"}


def test_a_medium_of_which_nothing_is_known_has_no_block() -> None:
    """The real sample of a blog has a video bitrate and nothing else, and its unit is not known."""
    bare = {"createdAt": "2026-11-20T09:10:00.000Z", "videoBitrateKbps": 6.61}
    (sample,) = samples(bare)
    assert "quality" not in sample["vconf"]
    assert sample["opentok"] == {"video_bitrate": 6.61}
    assert quality([bare], "publisher", unit="kbit") == [{"video": {"bitrate_kbps": 6.61}}]
    (empty,) = samples({"createdAt": "2026-11-20T09:10:00.000Z"})
    assert "quality" not in empty["vconf"]
    assert "opentok" not in empty


# -- sizes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1280x720", (1280, 720, 921_600)),
        ("640*480", (640, 480, 307_200)),
        ("640X480", (640, 480, 307_200)),
        ("1x1", (1, 1, 1)),
        ("0*0", None),
        ("0x720", None),
        ("640x0", None),
        ("", None),
        (None, None),
        ("-", None),
        ("x", None),
        ("720p", None),
        ("-640x480", None),
        ("640x480x2", None),
        ("640.0x480", None),
        ("\u0666\u0664\u0660x480", None),  # digits of another script
        ("9" * 5000 + "x1", None),  # a computer refuses to read such a number
        ("99999999999999999999x1", None),  # and Elasticsearch this one
    ],
)
def test_a_resolution_is_two_whole_numbers_or_absent(text: str | None, size: tuple[int, int, int] | None) -> None:
    video = only_quality(videoResolution=text)["video"]
    assert (video.get("width"), video.get("height"), video.get("pixels")) == (size or (None, None, None))
    assert video["loss_pct"] == 0.2


def test_sizes_that_cannot_be_read_are_counted_and_those_that_say_nothing_are_not() -> None:
    nothing = ["0*0", "0x0", "", "-", None, "1280x720"]
    rows = [sent(second, videoResolution=text) for second, text in enumerate([*nothing, "720p", "wide", "0x720"])]
    found = made(record(("publisher", publisher(), rows)))
    assert found.oddities == {"unreadable 'videoResolution'": 3}


# -- bitrates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "factor"), [("kbit", 1), ("kbyte", 8), ("unknown", None)])
@pytest.mark.parametrize("kind", ["camera", "screen"])
def test_bitrates_are_kept_as_they_came_and_converted_only_if_the_operator_says_how(
    unit: str, factor: int | None, kind: str
) -> None:
    rows = [sent(audioBitrateKbps=1.88, videoBitrateKbps=8.25)]
    found = made(record(("publisher", publisher(stream=about(kind=kind)), rows)), unit)
    (sample,) = found.of("sample")
    assert sample["opentok"] == {"audio_bitrate": 1.88, "video_bitrate": 8.25}
    block = sample["vconf"]["quality"]
    picture = block["screen" if kind == "screen" else "video"]
    expected = (None, None) if factor is None else (round(1.88 * factor, 6), 8.25 * factor)
    assert (block["audio"].get("bitrate_kbps"), picture.get("bitrate_kbps")) == expected


# -- numbers of any type -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "found"),
    [("40", 40), ("40.5", 40.5), (" 40", None), ("", None), (True, None), ("fast", None), ([40], None), ({}, None)],
)
def test_numbers_that_come_as_text_are_read_and_what_is_none_is_absent_and_counted(given_: Json, found: Json) -> None:
    made_of = made(record(("subscriber", subscriber(), [received(0), received(30, audioLatencyMs=given_)])))
    first, second = made_of.of("sample")
    assert first["vconf"]["quality"]["audio"]["latency_ms"] == 40
    assert second["vconf"]["quality"]["audio"].get("latency_ms") == found
    assert second["vconf"]["quality"]["video"]["latency_ms"] == 45
    assert made_of.oddities == ({} if found is not None else {"unreadable 'audioLatencyMs'": 1})


@pytest.mark.parametrize("text", ['"nan"', '"inf"', '"-Infinity"', '"1e31"', "1e31", "-1e31", "9" * 40])
def test_numbers_that_a_float_does_not_hold_are_absent_and_counted(text: str) -> None:
    """Not 0 and not null: Elasticsearch would refuse the one and the other would be a lie."""
    row = json.dumps(received(audioPacketLoss="?", audioBitrateKbps="?")).replace('"?"', text)
    found = made(record(("subscriber", subscriber(), f"[{row}]".encode())))
    (sample,) = found.of("sample")
    assert sample["vconf"]["quality"]["audio"] == {"latency_ms": 40}
    assert sample["opentok"] == {"video_bitrate": 800}
    assert found.oddities == {"unreadable 'audioPacketLoss'": 1, "unreadable 'audioBitrateKbps'": 1}


@pytest.mark.parametrize("text", ["1e400", "NaN", "Infinity", "9" * 5000])
def test_numbers_without_end_are_absent(text: str) -> None:
    row = json.dumps(received(audioPacketLoss="?")).replace('"?"', text)
    (sample,) = made(record(("subscriber", subscriber(), f"[{row}]".encode()))).of("sample")
    assert sample["vconf"]["quality"]["audio"] == {"latency_ms": 40}


def test_a_bool_written_as_text_or_number_is_understood() -> None:
    """`"false"` is not a reason to take audio for on."""
    (off,) = quality([sent(hasAudio="false", hasVideo=0)], "publisher")
    assert off == {}


def test_a_name_of_a_codec_is_in_lower_case_and_once() -> None:
    rows = [sent(0), sent(1, videoCodec="vp8"), sent(2, videoCodec="H264", audioCodec=None), sent(3, videoCodec="")]
    stream = made(record(("publisher", publisher(), rows))).only("stream")
    assert stream["vconf"]["stream"]["codec"] == ["h264", "opus", "vp8"]


# -- order ---------------------------------------------------------------------------------------------


def test_rows_out_of_order_are_put_in_order() -> None:
    found = samples(sent(30), sent(0), sent(15))
    assert [each["@timestamp"][17:19] for each in found] == ["00", "15", "30"]


def test_rows_that_came_twice_count_once_and_equal_instants_get_an_ordinal() -> None:
    """A page that overlaps is not two measurements; two measurements of one instant are."""
    rows = [sent(0), sent(5, audioBitrateKbps=1), sent(5, audioBitrateKbps=2), sent(0), sent(5, audioBitrateKbps=1)]
    found = made(record(("publisher", publisher(), rows)))
    assert [each["opentok"]["audio_bitrate"] for each in found.of("sample")] == [30.5, 1, 2]
    assert found.only("stream")["vconf"]["stream"]["samples"] == 3
    stream = found.only("stream")["vconf"]["stream"]["id"]
    # 2026-11-20T09:10:00Z is 1,795,165,800,000 ms, in hex 1a1f8384640; 5,000 ms are 1388.
    assert found.ids[:3] == [f"{stream}-1a1f8384640", f"{stream}-1a1f83859c8", f"{stream}-1a1f83859c8.1"]
    tails = [each["event"]["id"].rsplit("s-1/", 1)[1] for each in found.of("sample")]
    assert tails == ["2026-11-20T09:10:00.000Z", "2026-11-20T09:10:05.000Z", "2026-11-20T09:10:05.000Z/1"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_order_and_repetition_of_rows_at_different_instants_gives_the_same(
    told: list[tuple[int, int]], random: Random
) -> None:
    one_each = {second: sent(second, audioBitrateKbps=bitrate) for second, bitrate in told}
    plain = [one_each[second] for second in sorted(one_each)]
    shuffled = plain + [one_each[second] for second, _ in told]
    random.shuffle(shuffled)
    assert samples(*shuffled) == samples(*plain)


@pytest.mark.parametrize("time", [None, "", "yesterday", 1732093320, "2026-11-31T00:00:00.000Z"])
def test_rows_without_a_time_are_left_out_and_counted(time: Json) -> None:
    found = made(record(("publisher", publisher(), [sent(0), {**sent(), "createdAt": time}, sent(30)])))
    assert len(found.of("sample")) == found.only("stream")["vconf"]["stream"]["samples"] == 2
    assert found.oddities["statistics without a time"] == 1


@pytest.mark.parametrize(
    ("time", "same"),
    [
        ("2026-11-20T09:10:00Z", "2026-11-20T09:10:00.000Z"),
        ("2026-11-20T10:10:00.5+01:00", "2026-11-20T09:10:00.500Z"),
        ("2026-11-20T09:10:00.123456Z", "2026-11-20T09:10:00.123Z"),
    ],
)
def test_other_forms_of_an_instant_are_read(time: str, same: str) -> None:
    (sample,) = samples({**sent(), "createdAt": time})
    assert sample["@timestamp"] == same
