"""A minute of Zoom's quality: what was sent, what was received, blanks, gateways, and members of any type."""

from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.opentok_records import Made, leaves
from tests.zoom_records import (
    BLANK_FLOW,
    Json,
    directions,
    is_sound,
    joined,
    made,
    measured,
    minute,
    people,
    picture,
    published,
    record,
    samples,
    sound,
)

NO_PICTURE = {**BLANK_FLOW, "resolution": "", "frame_rate": ""}
SIDES = ("audio_input", "audio_output", "video_input", "video_output", "as_input", "as_output")
BARE = {"date_time": "2026-11-20T09:05:00Z"}
few = settings(max_examples=100, deadline=None)


def of_minutes(*minutes: Json) -> Made:
    return made(record(people(joined()), measured(joined(), *minutes)))


def qualities(*minutes: Json) -> tuple[Json, Json]:
    """The one sample's `vconf.quality` of each direction, None where there is none."""
    found = samples(*minutes)
    ((sent,), (received,)) = found["sent"], found["received"]
    return sent["vconf"].get("quality"), received["vconf"].get("quality")


# -- directions and media --------------------------------------------------------------------------------


def test_input_is_sent_output_is_received_and_as_is_the_screen() -> None:
    rates = dict(zip(SIDES, (11, 12, 13, 14, 15, 16), strict=True))
    flows = {side: (sound if "audio" in side else picture)(f"{rate} kbps") for side, rate in rates.items()}
    sent, received = qualities({**BARE, **flows})
    assert {medium: block["bitrate_kbps"] for medium, block in sent.items()} == {"audio": 11, "video": 13, "screen": 15}
    assert {medium: block["bitrate_kbps"] for medium, block in received.items()} == {
        "audio": 12,
        "video": 14,
        "screen": 16,
    }


def test_each_number_lands_in_its_own_field_and_unit() -> None:
    """Zoom's latency is measured there and back, so it is no one-way delay; of the losses the mean is taken."""
    flow = {
        "bitrate": "1.2 mbps",
        "latency": "134 ms",
        "jitter": "6ms",
        "avg_loss": "0.3 %",
        "max_loss": "4.9%",
        "resolution": "640*360",
        "frame_rate": "22 fps",
    }
    _, received = qualities({**BARE, "video_output": flow})
    assert received == {
        "video": {
            "bitrate_kbps": 1200,
            "rtt_ms": 134,
            "jitter_ms": 6,
            "loss_pct": 0.3,
            "width": 640,
            "height": 360,
            "pixels": 230_400,
            "fps": 22,
        }
    }


def test_a_sample_stands_for_a_minute_and_has_the_machine_beside_the_media() -> None:
    found = samples(
        minute(
            cpu_usage={
                "zoom_min_cpu_usage": "8%",
                "zoom_avg_cpu_usage": "12%",
                "zoom_max_cpu_usage": "18%",
                "system_max_cpu_usage": "40%",
            },
            wifi_rssi={"min_rssi": -75, "avg_rssi": -69, "max_rssi": -35, "rssi_unit": "dBm"},
        )
    )
    for direction in ("sent", "received"):
        (sample,) = found[direction]
        assert sample["@timestamp"] == "2026-11-20T09:05:00.000Z"
        assert sample["vconf"]["sample"] == {"interval_s": 60}
        assert sample["vconf"]["cpu"] == {"app_pct": 12, "system_pct": 40}
        assert sample["vconf"]["wifi"] == {"rssi_dbm": -69}


def test_a_machine_of_which_nothing_is_known_has_no_block() -> None:
    blank_cpu = dict.fromkeys(("zoom_min_cpu_usage", "zoom_avg_cpu_usage", "zoom_max_cpu_usage"), "")
    blank_wifi = {"min_rssi": "", "avg_rssi": "", "max_rssi": "", "rssi_unit": ""}
    for odd in ({}, {"cpu_usage": blank_cpu, "wifi_rssi": blank_wifi}, {"cpu_usage": None, "wifi_rssi": None}):
        found = of_minutes(minute(**odd))
        assert found.oddities == {}
        for sample in found.of("sample"):
            assert "cpu" not in sample["vconf"]
            assert "wifi" not in sample["vconf"]


@pytest.mark.parametrize(
    ("usage", "block"),
    [
        ({"zoom_avg_cpu_usage": "0%"}, {"app_pct": 0}),
        ({"system_max_cpu_usage": "11%"}, {"system_pct": 11}),
        ({"zoom_avg_cpu_usage": "", "system_max_cpu_usage": "0%"}, {"system_pct": 0}),
    ],
)
def test_a_load_of_0_is_a_load_and_a_blank_one_is_none(usage: Json, block: Json) -> None:
    (sample, _) = of_minutes(minute(cpu_usage=usage)).of("sample")
    assert sample["vconf"]["cpu"] == block


# -- blanks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nothing", [BLANK_FLOW, NO_PICTURE, {**NO_PICTURE, "resolution": "0*0"}, dict.fromkeys(NO_PICTURE, "-"), {}, None]
)
def test_a_medium_in_which_nothing_flowed_is_absent_and_the_others_stay(nothing: Json) -> None:
    sent, received = qualities({**dict.fromkeys(SIDES, nothing), **BARE, "audio_output": sound("63 kbps")})
    assert sent is None
    assert list(received) == ["audio"]


@pytest.mark.parametrize("nothing", [NO_PICTURE, {**NO_PICTURE, "resolution": "0*0"}, {}, None])
def test_a_minute_in_which_nothing_flowed_is_a_sample_flagged_as_blank(nothing: Json) -> None:
    found = of_minutes({**dict.fromkeys(SIDES, nothing), **BARE}, minute(6))
    by_direction = directions(found)
    for blank, full in by_direction.values():
        assert blank["vconf"]["flags"] == ["vendor_blank"]
        assert "quality" not in blank["vconf"]
        assert "flags" not in full["vconf"]
    assert found.oddities == {}
    # An average leaves it out, but it is there: the stream has two samples, not one.
    assert [each["vconf"]["stream"]["samples"] for each in found.of("stream")] == [2, 2]


def test_objects_that_are_not_there_are_as_blank_ones() -> None:
    found = samples(BARE)
    for (sample,) in found.values():
        assert sample["vconf"]["flags"] == ["vendor_blank"]
        assert "quality" not in sample["vconf"]


def test_a_0_with_a_unit_is_a_value_and_no_blank() -> None:
    zero = {"bitrate": "0 kbps", "latency": "0 ms", "jitter": "0 ms", "avg_loss": "0.0%", "max_loss": "0.0%"}
    sent, _ = qualities({**BARE, "audio_input": zero})
    assert sent == {"audio": {"bitrate_kbps": 0, "rtt_ms": 0, "jitter_ms": 0, "loss_pct": 0}}


def test_a_medium_that_is_partly_blank_keeps_what_there_is() -> None:
    """The published example of 2021 shares a screen whose size is unknown."""
    shared = {**picture("70 kbps"), "resolution": "0*0", "frame_rate": ""}
    sent, _ = qualities({**BARE, "as_input": shared})
    assert sent == {"screen": {"bitrate_kbps": 70, "rtt_ms": 126, "jitter_ms": 6, "loss_pct": 0.3}}


# -- gateways --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gateway", ["crc", "rwg"])
def test_what_a_gateway_measured_counts_where_the_participants_own_is_blank(gateway: str) -> None:
    """*From* the device is what it sent."""
    blank = dict.fromkeys(SIDES, NO_PICTURE)
    at_gateway = {
        f"audio_device_from_{gateway}": sound("11 kbps"),
        f"audio_device_to_{gateway}": sound("12 kbps"),
        f"video_device_from_{gateway}": picture("13 kbps"),
        f"video_device_to_{gateway}": picture("14 kbps"),
        f"as_device_from_{gateway}": picture("15 kbps"),
        f"as_device_to_{gateway}": picture("16 kbps"),
    }
    for own in ({}, blank):
        found = qualities({**BARE, **own, **at_gateway})
        rates = [{medium: block["bitrate_kbps"] for medium, block in side.items()} for side in found]
        assert rates == [{"audio": 11, "video": 13, "screen": 15}, {"audio": 12, "video": 14, "screen": 16}]


def test_what_a_gateway_measured_never_replaces_the_participants_own() -> None:
    """In the published examples all of them are filled."""
    own = {
        **dict.fromkeys(("audio_input", "audio_output"), sound("27 kbps")),
        **dict.fromkeys(("video_input", "video_output", "as_input", "as_output"), picture("28 kbps")),
    }
    gateways = {
        f"{medium}_device_{way}_{gateway}": picture("99 kbps")
        for medium in ("audio", "video", "as")
        for way in ("from", "to")
        for gateway in ("crc", "rwg")
    }
    assert qualities({**BARE, **own, **gateways}) == qualities({**BARE, **own})


def test_of_two_gateways_the_room_systems_goes_first_and_a_blank_one_yields() -> None:
    both = {"audio_device_from_crc": sound("11 kbps"), "audio_device_from_rwg": sound("12 kbps")}
    assert qualities({**BARE, **both})[0]["audio"]["bitrate_kbps"] == 11
    assert qualities({**BARE, **both, "audio_device_from_crc": BLANK_FLOW})[0]["audio"]["bitrate_kbps"] == 12


def test_one_minute_of_a_gateway_does_not_fill_another_one() -> None:
    found = samples(
        {"date_time": "2026-11-20T09:05:00Z", "audio_device_from_crc": sound("11 kbps")},
        {"date_time": "2026-11-20T09:06:00Z"},
    )
    assert [each["vconf"].get("flags") for each in found["sent"]] == [None, ["vendor_blank"]]


# -- time ------------------------------------------------------------------------------------------------


def test_minutes_come_in_order_of_time_and_one_that_came_twice_counts_once() -> None:
    found = of_minutes(minute(7), minute(5), minute(6), minute(5), minute(7))
    for each in directions(found).values():
        assert [sample["@timestamp"][14:16] for sample in each] == ["05", "06", "07"]
    assert [each["vconf"]["stream"]["samples"] for each in found.of("stream")] == [3, 3]


def test_of_a_minute_that_came_twice_the_first_counts_and_what_is_odd_in_it_once() -> None:
    odd = minute(5, audio_input=sound("12 parsecs"))
    found = of_minutes(odd, odd, minute(5, audio_input=sound("99 kbps")))
    assert found.oddities == {"unreadable 'bitrate'": 1}
    (sent,) = directions(found)["sent"]
    assert "bitrate_kbps" not in sent["vconf"]["quality"]["audio"]


@given(st.lists(st.integers(0, 8), max_size=12), st.integers(0, 12), st.randoms(use_true_random=False))
@few
def test_any_order_repetition_and_cut_of_the_minutes_gives_the_same(told: list[int], cut: int, random: Random) -> None:
    def number(each: int) -> Json:
        return minute(each, audio_input=sound(f"{each} kbps"))

    plain = [number(each) for each in sorted(set(told))]
    shuffled = [*plain, *map(number, told)]
    random.shuffle(shuffled)
    cut_up = (measured(joined(), *shuffled[:cut]), measured(joined(), *shuffled[cut:]))
    found, expected = made(record(people(joined()), *cut_up)), of_minutes(*plain)
    assert [each.source for each in found.encoded] == [each.source for each in expected.encoded]
    assert found.ids == expected.ids


@pytest.mark.parametrize("time", [None, "", "soon", "09:05", 1_795_251_600, True, [], {}, "2026-11-31T09:05:00Z"])
def test_a_minute_without_a_time_is_left_out_and_counted(time: Json) -> None:
    found = of_minutes(minute(5), {**minute(6), "date_time": time}, minute(7))
    assert [each["vconf"]["stream"]["samples"] for each in found.of("stream")] == [2, 2]
    assert found.oddities["minutes without a time"] == 1


def test_null_minutes_and_those_that_are_no_object_are_counted_and_the_others_stay() -> None:
    found = of_minutes(None, minute(5), "rubbish", 7, minute(6))
    assert [each["vconf"]["stream"]["samples"] for each in found.of("stream")] == [2, 2]
    assert found.oddities == {"null rows": 3}


def test_milliseconds_of_a_minute_are_kept() -> None:
    (sample, _) = of_minutes({**minute(), "date_time": "2026-11-20T09:05:00.837Z"}).of("sample")
    assert sample["@timestamp"] == "2026-11-20T09:05:00.837Z"


# -- members of any type ---------------------------------------------------------------------------------

WHOLE: dict[str, Any] = published("metrics-participant-qos.published-2026.response")["user_qos"][0]
"""A minute with all objects filled, gateways and pressure among them."""
BLANK: dict[str, Any] = {
    name: dict.fromkeys(value, "") if isinstance(value, dict) else value for name, value in WHOLE.items()
}
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        NUMBERS,
        st.text(max_size=8),
        st.sampled_from(["", "nan", "null", "-inf", "1e40", "0", "27.15 kbps", "5%", 1e40, 2**80, -(2**80)]),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
PLACES = [(name, None) for name in WHOLE] + [
    (name, member) for name, value in WHOLE.items() if isinstance(value, dict) for member in value
]


def changed(minute_: dict[str, Any], place: tuple[str, str | None], value: Json) -> dict[str, Any]:
    """The same minute with one member replaced."""
    copy = deepcopy(minute_)
    name, member = place
    if member is None:
        copy[name] = value
    else:
        copy[name][member] = value
    return copy


def test_a_whole_minute_has_nothing_unknown() -> None:
    assert of_minutes(WHOLE).oddities == {}
    assert of_minutes(BLANK).oddities == {}


@given(st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_members_of_any_type_anywhere_are_no_error_and_every_document_stays_sound(
    changes: list[tuple[tuple[str, str | None], Json]],
) -> None:
    odd = WHOLE
    for (name, member), value in changes:
        place = (name, member if isinstance(odd[name], dict) else None)
        odd = changed(odd, place, value)
    found = of_minutes(minute(5), odd, minute(7))
    is_sound(found)
    # The minutes on both sides are whole, whatever stands between them.
    for each in directions(found).values():
        assert each[0]["vconf"]["quality"] or each[-1]["vconf"]["quality"]
        assert {"2026-11-20T09:05:00.000Z", "2026-11-20T09:07:00.000Z"} <= {sample["@timestamp"] for sample in each}


NEVER_A_NUMBER = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["", " ", "-", "nan", "null", "false", "fast"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@given(st.sampled_from(PLACES), NEVER_A_NUMBER)
@settings(max_examples=200, deadline=None)
def test_what_is_no_number_never_becomes_one(place: tuple[str, str | None], value: Json) -> None:
    """Of a minute that is blank otherwise; above all no 0, which would pull averages down."""
    odd = changed(BLANK, place, value)
    for sample in of_minutes(odd).of("sample"):
        names = {name for name, _ in leaves(sample)}
        measures = ("vconf.quality.", "vconf.cpu.", "vconf.wifi.")
        assert [name for name in names if name.startswith(measures)] == []
        assert sample["vconf"]["flags"] == ["vendor_blank"]


@given(st.sampled_from([place for place in PLACES if place != ("date_time", None)]), ANYTHING)
@settings(max_examples=200, deadline=None)
def test_a_bad_member_spoils_its_own_object_alone(place: tuple[str, str | None], value: Json) -> None:
    """Of the plain objects, that is: those of the gateways count only where these are blank."""
    own = {name: WHOLE[name] for name in (*SIDES, "cpu_usage", "wifi_rssi", "date_time")}
    untouched = ("audio", "video", "screen")
    before, after = (directions(of_minutes(each)) for each in (own, changed(WHOLE, place, value)))
    hit = {"audio": "audio_", "video": "video_", "screen": "as_"}
    for direction, side in (("sent", "_input"), ("received", "_output")):
        old, new = before[direction][0]["vconf"]["quality"], after[direction][0]["vconf"].get("quality", {})
        for medium in untouched:
            if place[0] != hit[medium] + side[1:]:
                assert new.get(medium) == old[medium]


def test_a_member_that_nobody_knows_is_named() -> None:
    found = of_minutes({**minute(), "brand_new": {"deep": 1}})
    assert found.oddities == {"unknown member 'brand_new'": 1}


def test_a_text_that_is_no_utf_8_or_half_a_character_costs_no_minute() -> None:
    plain = measured(joined(), minute(5), minute(6))
    for bad in (b"\\ud83d", b"\xff"):
        odd = replace(plain, rows=plain.rows.replace(b"27 kbps", b"27 kbps" + bad, 1))
        found = made(record(people(joined()), odd))
        assert [each["vconf"]["stream"]["samples"] for each in found.of("stream")] == [2, 2]
        assert found.oddities["unreadable 'bitrate'"] == 1
        is_sound(found)
