"""Zoom's texts as numbers: tables of the reference's section 12, and laws for whatever else may come."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvesters.zoom import texts
from tests.zoom_records import joined, made, measured, minute, people, picture, record, sound

Read = Callable[[Any], float | None]
READERS: tuple[Read, ...] = (texts.bitrate, texts.milliseconds, texts.percent, texts.frames)
NUMBERS = st.integers(0, 99_999_999).map(lambda hundredths: f"{hundredths / 100:.2f}")
BLANKS = st.sampled_from(["", " ", "  ", "\t", "\u00a0"])
few = settings(max_examples=150, deadline=None)


@pytest.mark.parametrize(
    ("text", "kbps"),
    [
        ("27.15 kbps", 27.15),
        ("27.15kbps", 27.15),
        ("70 kbps", 70),
        ("0 kbps", 0),
        ("1.2 mbps", 1200),
        ("1.2mbps", 1200),
        ("1.2 Mbps", 1200),
        ("2 gbps", 2_000_000),
        ("900 bps", 0.9),
        ("64 kb/s", 64),
        ("3 Mb/s", 3000),
        (" 1055 kbps ", 1055),
        ("23", 23),
        (23, 23),
        (23.5, 23.5),
        (0, 0),
    ],
)
def test_a_bitrate_is_in_thousands_of_bits_a_second(text: str | float, kbps: float) -> None:
    assert texts.bitrate(text) == kbps


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("126 ms", 126),
        ("0 ms", 0),
        ("0ms", 0),
        ("8 ms", 8),
        ("10 ms", 10),
        ("3.5 ms", 3.5),
        ("1.5 s", 1500),
        ("7", 7),
        (7, 7),
    ],
)
def test_a_latency_or_jitter_is_in_milliseconds(text: str | float, ms: float) -> None:
    assert texts.milliseconds(text) == ms


@pytest.mark.parametrize(
    ("text", "pct"),
    [
        ("0.03%", 0.03),
        ("0.0%", 0),
        ("1.9%", 1.9),
        ("1.2 %", 1.2),
        ("0.5%", 0.5),
        ("0.5 %", 0.5),
        ("11%", 11),
        ("0%", 0),
        ("100%", 100),
        ("0.5", 0.5),
        (0.5, 0.5),
        (100, 100),
    ],
)
def test_a_loss_or_load_is_in_percent_and_not_a_fraction(text: str | float, pct: float) -> None:
    assert texts.percent(text) == pct


@pytest.mark.parametrize(("text", "fps"), [("12 fps", 12), ("30fps", 30), ("29.97 fps", 29.97), ("25", 25), (25, 25)])
def test_a_frame_rate_is_in_pictures_a_second(text: str | float, fps: float) -> None:
    assert texts.frames(text) == fps


@pytest.mark.parametrize(
    ("text", "dbm"), [(-69, -69), ("-69", -69), ("-69 dBm", -69), ("-69.5dBm", -69.5), (0, 0), ("0", 0)]
)
def test_the_strength_of_a_signal_is_in_dbm_and_may_be_negative(text: str | float, dbm: float) -> None:
    assert texts.strength(text) == dbm


@pytest.mark.parametrize("blank", [None, "", "-", " ", "  ", " - ", "\t", "\n", "\u00a0"])
def test_a_blank_is_absent_and_neither_0_nor_unreadable(blank: str | None) -> None:
    for read in READERS:
        assert read(blank) is None
    assert texts.strength(blank) is None
    assert texts.size(blank) == (None, None, None)
    assert texts.length_s(blank) is None


UNREADABLE = (
    "fast",
    "12 furlongs",
    "12 ms kbps",
    "kbps",
    "%",
    "--",
    "1,2",
    "1.2.3",
    "1e3",
    "+5",
    "-5",
    "0x10",
    "nan",
    "inf",
    "null",
    "true",
    "\u0662\u0667",  # digits of another script
    "9" * 400,
)


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_number_is_unreadable_and_neither_absent_nor_a_guess(text: str) -> None:
    for read in READERS:
        found = read(text)
        assert found is not None
        assert math.isnan(found)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (texts.bitrate, "12 ms"),
        (texts.bitrate, "12 kbyte"),
        (texts.bitrate, "12 %"),
        (texts.milliseconds, "12 kbps"),
        (texts.milliseconds, "12 min"),
        (texts.percent, "12 ms"),
        (texts.percent, "100.01%"),
        (texts.percent, "250 %"),
        (texts.frames, "12 ms"),
        (texts.frames, "12 hz"),
        (texts.strength, "-69 db"),
        (texts.strength, "loud"),
        (texts.strength, "nan"),
        (texts.strength, "-inf"),
        (texts.strength, "1e40"),
        (texts.strength, 1e40),
        (texts.strength, "--69"),
    ],
)
def test_a_unit_of_something_else_and_a_value_beyond_its_bounds_are_unreadable(read: Read, text: str | float) -> None:
    found = read(text)
    assert found is not None
    assert math.isnan(found)


@pytest.mark.parametrize("number", [-1, -0.5, 1e13, 1e300, math.inf, -math.inf, math.nan])
def test_a_json_number_that_measures_nothing_is_unreadable(number: float) -> None:
    for read in READERS:
        found = read(number)
        assert found is not None
        assert math.isnan(found)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1280*720", (1280, 720, 921_600)),
        ("640*480", (640, 480, 307_200)),
        ("640x480", (640, 480, 307_200)),
        ("640X480", (640, 480, 307_200)),
        ("640 * 360", (640, 360, 230_400)),
        ("1*1", (1, 1, 1)),
        ("0*0", (None, None, None)),
        ("0x0", (None, None, None)),
        ("0*720", (None, None, None)),
        ("640*0", (None, None, None)),
        ("720p", None),
        ("640", None),
        (640, None),
        ("-640*480", None),
        ("640*480*2", None),
        ("640.5*480", None),
        ("9999999*1", None),
        ("\u0666\u0664\u0660*480", None),
    ],
)
def test_a_resolution_is_two_whole_numbers(text: str | float, size: object) -> None:
    assert texts.size(text) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("02:21", 141),  # the published meeting from 10:15:14 to 10:17:35
        ("16:08", 968),
        ("00:56", 56),
        ("59:03", 3543),
        ("61:15", 3675),
        ("02:03", 123),
        ("01:02:03", 3723),
        ("1:02:03", 3723),
        ("23:59:59", 86_399),
        ("24:00:00", 86_400),
        ("100:00:00", 360_000),
        ("00:00", 0),
        ("00:00:00", 0),
        (" 02:21 ", 141),
    ],
)
def test_a_dashboards_duration_of_two_parts_is_minutes_and_seconds(text: str, seconds: int) -> None:
    assert texts.length_s(text) == seconds


@pytest.mark.parametrize(
    "nonsense",
    [
        *("4 mins", "4", "00:60", "01:60:00", "01:00:60", "1:2:3:4", ":30", "30:", "12:3", "-1:00", "1.5:00", "aa:bb"),
        *("\u0660\u0661:\u0660\u0662", "9999999:00:00", 4, 4.0, 240, None, True, [], {}, ["02:21"]),
    ],
)
def test_any_other_duration_is_none_a_reports_minutes_among_them(nonsense: object) -> None:
    assert texts.length_s(nonsense) is None


# -- laws ------------------------------------------------------------------------------------------------


@given(NUMBERS, BLANKS, BLANKS, st.sampled_from([("kbps", 1), ("Kbps", 1), ("mbps", 1000), ("", 1), ("bps", 0.001)]))
@few
def test_a_bitrate_is_read_as_it_was_written(number: str, gap: str, edge: str, unit: tuple[str, float]) -> None:
    found = texts.bitrate(f"{edge}{number}{gap}{unit[0]}{edge}")
    assert found == pytest.approx(float(number) * unit[1], abs=1e-6)


@given(NUMBERS, BLANKS, st.sampled_from([(texts.milliseconds, "ms"), (texts.frames, "fps")]))
@few
def test_a_number_with_and_without_its_unit_is_the_same(number: str, gap: str, kind: tuple[Read, str]) -> None:
    read, unit = kind
    assert read(f"{number}{gap}{unit}") == read(number) == read(float(number)) == float(number)


@given(NUMBERS, BLANKS)
@example("100.00", "")
@example("100.01", "")
@few
def test_a_percentage_lies_between_0_and_100_or_is_unreadable(number: str, gap: str) -> None:
    found = texts.percent(f"{number}{gap}%")
    assert found is not None
    assert found == float(number) if float(number) <= 100 else math.isnan(found)


@given(st.integers(0, 999_999), st.integers(0, 59), st.integers(0, 59))
@few
def test_a_length_is_read_as_it_was_written(hours: int, minutes: int, seconds: int) -> None:
    assert texts.length_s(f"{hours:02d}:{minutes:02d}:{seconds:02d}") == hours * 3600 + minutes * 60 + seconds
    assert texts.length_s(f"{minutes:02d}:{seconds:02d}") == minutes * 60 + seconds


@given(st.integers(1, 99_999), st.integers(1, 99_999), st.sampled_from("*xX"), BLANKS)
@few
def test_a_size_is_read_as_it_was_written(width: int, height: int, sign: str, gap: str) -> None:
    assert texts.size(f"{width}{gap}{sign}{gap}{height}") == (width, height, width * height)


ANY_TEXT = st.one_of(
    st.text(max_size=12),
    st.text("0123456789.,-+ ex*:%kmbpsfd/", max_size=12),
    st.from_regex(r"[0-9]{1,20}(\.[0-9]{1,20})? ?(kbps|mbps|ms|s|%|fps|dBm)?", fullmatch=True),
)


@given(st.one_of(st.none(), st.floats(), st.integers(), ANY_TEXT))
@settings(max_examples=400, deadline=None)
def test_nothing_is_ever_negative_infinite_or_an_error(value: str | float | None) -> None:
    for read in READERS:
        found = read(value)
        assert found is None or math.isnan(found) or 0 <= found < 1e30
    share = texts.percent(value)
    assert share is None or math.isnan(share) or share <= 100
    signal = texts.strength(value)
    assert signal is None or math.isnan(signal) or -1000 < signal < 1000
    size = texts.size(value)
    assert size is None or all(each is None or each > 0 for each in size)
    length = texts.length_s(value)
    assert length is None or length >= 0


# -- what is said of them --------------------------------------------------------------------------------


def test_what_cannot_be_read_is_absent_and_counted_by_the_name_of_its_field() -> None:
    strange = {**picture("12 parsecs"), "latency": "soon", "resolution": "720p", "frame_rate": "often"}
    odd = minute(
        audio_input={**sound(), "jitter": "4 min", "avg_loss": "120%"},
        video_input=strange,
        cpu_usage={"zoom_avg_cpu_usage": "much", "system_max_cpu_usage": "40%"},
        wifi_rssi={"avg_rssi": "weak"},
    )
    found = made(record(people(joined()), measured(joined(), odd)))
    assert found.oddities == {
        "unreadable 'bitrate'": 1,
        "unreadable 'latency'": 1,
        "unreadable 'jitter'": 1,
        "unreadable 'avg_loss'": 1,
        "unreadable 'resolution'": 1,
        "unreadable 'frame_rate'": 1,
        "unreadable 'zoom_avg_cpu_usage'": 1,
        "unreadable 'avg_rssi'": 1,
    }
    (sent, _) = found.of("sample")
    assert sent["vconf"]["quality"] == {
        "audio": {"bitrate_kbps": 27, "rtt_ms": 126},
        "video": {"jitter_ms": 6, "loss_pct": 0.3},
    }
    assert sent["vconf"]["cpu"] == {"system_pct": 40}
    assert "wifi" not in sent["vconf"]
