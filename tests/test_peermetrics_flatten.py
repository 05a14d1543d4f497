"""What rows of peermetrics mean: worked numbers, all browsers alike, and laws that hold whatever a row says."""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.envelope import Envelope
from harvesters.core.fields import by_name
from harvesters.core.recipe import Recipe
from harvesters.core.source import Part, Record
from harvesters.peermetrics import Peermetrics
from harvesters.sandbox.peermetrics import APP, Person, call, room
from tests.opentok_records import Made, leaves
from tests.peermetrics_days import SETTLED, at

Json = dict[str, Any]
FETCHED_AT = 1_795_251_600_123
"""2026-11-21T09:00:00.123Z"""
START_MS = 1_795_165_200_000
"""2026-11-20T09:00:00Z"""
STARTED = datetime(2026, 11, 20, 9, tzinfo=UTC)
ROOM, ANA, BEN, SFU = "room-1", "person-ana", "person-ben", "person-sfu"
S_ANA, S_BEN, LINK = "session-ana", "session-ben", "link-ana-ben"
FIELDS = by_name(Peermetrics.fields)


def stamp(seconds: float) -> str:
    """As the server writes it: a space, no zone, and no fraction where that is zero."""
    moment = STARTED + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%d %H:%M:%S" + (".%f" if moment.microsecond else ""))


def session(id_: str = S_ANA, person: str = ANA, start: float = 0, end: float | None = 60, **changed: Any) -> Json:
    usual = {
        "id": id_,
        "conference": ROOM,
        "participant": person,
        "created_at": stamp(start),
        "end_time": None if end is None else stamp(end),
        "duration": 0,
        "call_start": None,
        "app_version": "1.4.2",
        "webrtc_sdk": "jitsi",
        "issues": [],
        "session_info": {},
        "metadata": None,
        "platform": {"ua": "Mozilla/5.0", "browser": {"name": "Firefox", "version": "143.0"}, "os": {"name": "Linux"}},
        "devices": [{"kind": "audioinput", "label": "Mic"}, {"kind": "audioinput", "label": "Second"}],
        "geo_ip": {
            "country_code": "es",
            "city": "madrid",
            "region_code": "md",
            "latitude": "40.4",
            "longitude": "-3.7",
        },
    }
    return {**usual, **changed}


def person(id_: str = ANA, name: str | None = "Ana", **changed: Any) -> Json:
    usual = {"id": id_, "app": "app-1", "participant_id": f"u-{id_}", "participant_name": name, "is_sfu": False}
    return {**usual, "created_at": stamp(-1000), **changed}


def event(kind: str, seconds: float, data: object = None, **changed: Any) -> Json:
    usual: Json = {
        "id": f"{kind}-{seconds}",
        "app": "app-1",
        "conference": ROOM,
        "participant": ANA,
        "session": S_ANA,
        "peer": None,
        "connection": None,
        "track": None,
        "type": kind,
        "category": "browser",
        "data": data,
        "created_at": stamp(seconds),
    }
    return {**usual, **changed}


def stats(seconds: float, data: Json, **changed: Any) -> Json:
    more = {"category": "stats", "connection": LINK, "peer": BEN}
    return event("stats", seconds, data, **{"id": f"stats-{seconds}-{changed.get('track')}", **more, **changed})


def issue(code: str, seconds: float, **changed: Any) -> Json:
    usual = {
        "id": f"{code}-{seconds}", "session": S_ANA, "conference": ROOM, "participant": ANA, "connection": None,
        "track": None, "type": "warning", "code": code, "data": None, "created_at": stamp(seconds), "title": "T",
        "explanation": "E",
    }  # fmt: skip
    return {**usual, **changed}


def report(seconds: float, way: str = "inbound-rtp", kind: str = "audio", **figures: Any) -> Json:
    usual = {"id": f"{way}-{kind}", "type": way, "kind": kind, "mimeType": f"{kind}/X", "timestamp": None}
    return {**usual, "timestamp": START_MS + seconds * 1000 - 40.5, "trackIdentifier": f"of-{way}-{kind}", **figures}


def pair(**changed: Any) -> Json:
    local = {"candidateType": "host", "protocol": "udp", "networkType": "wifi"}
    return {"id": "P", "currentRoundTripTime": 0.05, "local": {**local, **changed}}


def part(kind: str, rows: object, head: object = None) -> Part:
    count = len(rows) if isinstance(rows, list) else 0
    return Part(kind, json.dumps(head or {}).encode(), json.dumps(rows).encode(), count)


def record(*measured: Part, ongoing: bool = False, **kinds: Any) -> Record:
    """Two people of one room; `kinds` are the rows of other kinds, or heads of app and conference."""
    usual: Json = {
        "app": {"id": "app-1", "name": "Sample App"},
        "conference": {"id": ROOM, "conference_id": "weekly", "conference_name": "Weekly", "app": "app-1"},
        "session": [session(), session(S_BEN, BEN, 1, 61)],
        "last": [],
        "participant": [person(), person(BEN, "Ben")],
        "connection": [],
        "issue": [],
        "event": [],
    }
    rows: Json = {**usual, **kinds}
    heads = [part(each, [], rows.pop(each)) for each in ("app", "conference")]
    parts = [*heads, *(part(kind, told) for kind, told in rows.items()), *measured]
    return Record((ROOM, S_ANA), ROOM, STARTED, 2, ongoing, parts)


def of_ana(*rows: Json, kind: str = "stats") -> Part:
    return part(kind, list(rows), {"participant": ANA})


RECIPE = Recipe(
    Peermetrics.flatten,
    Envelope(
        vendor="peermetrics",
        account="app-1",
        account_name="default",
        revision="peermetrics/1.1",
        settings="0" * 12,
        prefix="vconf",
        constants=Peermetrics.constants,
        fields=FIELDS,
    ),
)


def made(of: Record) -> Made:
    """Flatten and encode a record as the engine does."""
    oddities: Counter[str] = Counter()
    return Made(list(RECIPE.documents(of, FETCHED_AT, oddities)), oddities)


def audio(document: Json) -> Json:
    found: Json = document["vconf"]["quality"]["audio"]
    return found


def only(found: Made, kind: str) -> Json:
    (document,) = found.of(kind)
    return document


# -- figures, worked out by hand --------------------------------------------------------------------------


def test_samples_of_one_received_track() -> None:
    """Three reports, 10 and then 12 s apart by the client's clock.

    Lost 4 of 4 + 396; 0 of 600. Bytes 45,000 in 10 s are 8 x 45,000 / 10 / 1000 = 36 kbit/s; 54,000 in 12 s the same.
    Buffer: 19.2 s of 480,000 samples are 0.04 ms; the round trip is the pair's, 0.05 s.
    """
    rows: list[tuple[int, Json]] = [
        (10, {"packetsLost": 0, "packetsReceived": 100, "bytesReceived": 9000, "jitter": 0.004}),
        (20, {"packetsLost": 4, "packetsReceived": 496, "bytesReceived": 54_000, "jitter": 0.006}),
        (32, {"packetsLost": 4, "packetsReceived": 1096, "bytesReceived": 108_000, "jitter": 0.002}),
    ]
    buffer = {"jitterBufferDelay": 1.0, "jitterBufferEmittedCount": 1000}
    later = {"jitterBufferDelay": 20.2, "jitterBufferEmittedCount": 481_000}
    told = [report(seconds) | figures | (later if seconds > 15 else buffer) for seconds, figures in rows]
    found = made(record(of_ana(*(
        stats(seconds, {"connection": pair(), "audio": {"inbound": [each]}})
        for (seconds, _), each in zip(rows, told, strict=True)
    ))))  # fmt: skip
    first, second, third = found.of("sample")
    assert audio(first) == {"rtt_ms": 50.0, "jitter_ms": 4.0}
    assert audio(second) == {
        "loss_pct": 1.0, "bitrate_kbps": 36.0, "rtt_ms": 50.0, "jitter_ms": 6.0, "buffer_ms": 0.04,
    }  # fmt: skip
    assert audio(third) == {"loss_pct": 0.0, "bitrate_kbps": 36.0, "rtt_ms": 50.0, "jitter_ms": 2.0}
    assert [each["vconf"].get("sample") for each in (first, second, third)] == [
        None, {"interval_s": 10.0}, {"interval_s": 12.0},
    ]  # fmt: skip
    stream = only(found, "stream")
    assert stream["@timestamp"] == "2026-11-20T09:00:10.000Z"
    assert stream["vconf"]["stream"]["duration_s"] == 22
    assert stream["vconf"]["stream"]["direction"] == "received"
    assert stream["vconf"]["stream"]["codec"] == ["x"]
    assert stream["peermetrics"]["connection_id"] == LINK
    assert "track_id" not in stream["peermetrics"]
    assert stream["network"] == {"transport": "udp", "type": "wifi"}
    assert stream["vconf"]["network"] == {"relayed": False}


def test_a_sent_track_has_a_row_of_its_own_and_the_others_word_comes_in_the_connections() -> None:
    """500 packets sent in 10 s, 10 of them lost by the other end: 2 %; video of 30 frames a second by the counters."""
    rows = []
    for number in (1, 2):
        own = report(
            10 * number, "outbound-rtp", "video", packetsSent=500 * number, bytesSent=1_250_000 * number,
            framesEncoded=300 * number, frameWidth=1280, frameHeight=720,
            track={"id": "SV1", "trackIdentifier": "camera-of-ana"},
        )  # fmt: skip
        del own["trackIdentifier"]
        remote = {"localId": own["id"], "packetsLost": 10 * number, "roundTripTime": 0.03, "jitter": 0.001}
        rows += [
            stats(10 * number, own, track="track-1"),
            stats(10 * number + 0.04, {"connection": pair(), "remote": {"video": {"inbound": [remote]}}}),
        ]
    found = made(record(of_ana(*rows)))
    first, second = (each["vconf"]["quality"]["video"] for each in found.of("sample"))
    shared = {"width": 1280, "height": 720, "pixels": 921_600, "rtt_ms": 30.0, "jitter_ms": 1.0}
    assert first == shared
    assert second == {**shared, "loss_pct": 2.0, "bitrate_kbps": 1000.0, "fps": 30.0}
    stream = only(found, "stream")
    assert stream["peermetrics"]["track_id"] == "track-1"
    assert (stream["vconf"]["stream"]["direction"], stream["vconf"]["stream"]["kind"]) == ("sent", "camera")
    people = {each["user"]["full_name"]: each["vconf"]["participant"]["id"] for each in found.of("participant")}
    assert stream["vconf"]["participant"]["id"] == people["Ana"]
    assert stream["vconf"]["stream"]["peer_participant_id"] == people["Ben"]


@pytest.mark.parametrize(
    ("seconds", "flagged"), [(10, False), (4, True), (5, False), (50, False), (51, True), (300, True)]
)
def test_a_tick_that_is_missing_is_a_gap(seconds: float, flagged: bool) -> None:  # noqa: FBT001 - a table
    rows = [
        stats(each, {"connection": pair(), "audio": {"inbound": [report(each, packetsReceived=each, packetsLost=0)]}})
        for each in (10, 10 + seconds)
    ]
    second = made(record(of_ana(*rows))).of("sample")[1]
    assert ("gap" in second["vconf"].get("flags", [])) is flagged


def test_counters_that_begin_anew_give_no_rates_and_go_on_from_there() -> None:
    came = (1000, 2000, 300, 800)
    rows = [
        stats(10 * n, {"audio": {"inbound": [report(10 * n, packetsReceived=each, packetsLost=0, bytesReceived=each)]}})
        for n, each in enumerate(came, 1)
    ]
    found = [audio(each) if "quality" in each["vconf"] else {} for each in made(record(of_ana(*rows))).of("sample")]
    # 8 x 1000 / 10 / 1000 = 0.8, and 8 x 500 / 10 / 1000 = 0.4 kbit/s.
    assert [each.get("bitrate_kbps") for each in found] == [None, 0.8, None, 0.4]


@pytest.mark.parametrize(
    ("local", "relayed", "transport"),
    [
        ({"candidateType": "host", "protocol": "udp"}, False, "udp"),
        ({"candidateType": "relay", "protocol": "udp", "relayProtocol": "tcp"}, True, "tcp"),
        ({"candidateType": "relay", "protocol": "udp", "relayProtocol": "TLS"}, True, "tls"),
        ({"candidateType": "relay", "protocol": "udp"}, True, "udp"),
        ({"candidateType": "srflx", "protocol": "carrier pigeon"}, False, None),
    ],
)
def test_the_way_of_the_media(local: Json, relayed: bool, transport: str | None) -> None:  # noqa: FBT001 - a table
    rows = stats(10, {"connection": {"local": local}, "audio": {"inbound": [report(10)]}})
    stream = only(made(record(of_ana(rows))), "stream")
    assert stream["vconf"]["network"]["relayed"] is relayed
    assert stream["peermetrics"]["candidate_type"] == local["candidateType"]
    assert stream.get("network", {}).get("transport") == transport


def test_where_statistics_do_not_tell_the_candidate_the_connections_row_does() -> None:
    connection = {"id": LINK, "session": S_ANA, "type": "relay", "state": "failed"}
    rows = stats(10, {"connection": {"inbound": [], "outbound": []}, "audio": {"inbound": [report(10)]}})
    stream = only(made(record(of_ana(rows), connection=[connection])), "stream")
    assert stream["vconf"]["network"]["relayed"] is True
    assert stream["peermetrics"]["connection_state"] == "failed"


def test_a_shared_screen_is_known_by_its_surface_or_label() -> None:
    tracks = [
        {"id": "by-surface", "label": "", "settings": {"displaySurface": "monitor"}},
        {"id": "by-label", "label": "screen:0:0", "settings": {}},
        {"id": "camera", "label": "HD Camera", "settings": {}},
    ]
    given_ = event("getUserMedia", 1, {"video": tracks})
    rows = [
        stats(10, report(10, "outbound-rtp", "video", id=each["id"], trackIdentifier=each["id"]), track=each["id"])
        for each in tracks
    ]
    found = made(record(of_ana(*rows), event=[given_])).of("stream")
    assert {each["peermetrics"]["track_id"]: each["vconf"]["stream"]["kind"] for each in found} == {
        "by-surface": "screen", "by-label": "screen", "camera": "camera",
    }  # fmt: skip


def test_the_other_end_is_the_session_that_had_begun_and_an_sfu_has_none() -> None:
    again = session("session-ben-2", BEN, 25, 61)
    sessions = [session(), session(S_BEN, BEN, 1, 20), again]
    rows = [
        stats(10, {"audio": {"inbound": [report(10, trackIdentifier="a")]}}),
        stats(40, {"audio": {"inbound": [report(40, trackIdentifier="b")]}}),
        stats(41, {"audio": {"inbound": [report(41, trackIdentifier="c")]}}, peer=SFU, connection="link-sfu"),
    ]
    found = made(record(of_ana(*rows), session=sessions))
    by_start = {each["@timestamp"]: each["vconf"]["participant"]["id"] for each in found.of("participant")}
    peers = [each["vconf"]["stream"].get("peer_participant_id") for each in found.of("stream")]
    assert peers == [by_start["2026-11-20T09:00:01.000Z"], by_start["2026-11-20T09:00:25.000Z"], None]


# -- people -----------------------------------------------------------------------------------------------


def test_a_session_is_a_participant_with_everything_that_its_row_tells() -> None:
    sessions = [session(call_start=stamp(3.5), metadata={"plan": "pro", "seats": 7, "trial": True}, end=60.25)]
    found = made(record(session=sessions))
    someone = only(found, "participant")
    assert someone["@timestamp"] == "2026-11-20T09:00:00.000Z"
    assert someone["event"]["end"] == "2026-11-20T09:01:00.250Z"
    assert someone["user"] == {"id": "u-person-ana", "full_name": "Ana"}
    assert someone["user_agent"] == {
        "original": "Mozilla/5.0", "name": "Firefox", "version": "143.0", "os": {"name": "Linux"},
    }  # fmt: skip
    assert someone["client"] == {"geo": {"country_iso_code": "ES", "city_name": "madrid"}}
    assert someone["vconf"]["client"] == {"kind": "browser", "version": "1.4.2", "sdk": {"version": "jitsi"}}
    assert someone["vconf"]["device"] == {"microphone": "Mic"}
    assert someone["vconf"]["participant"]["join_time_s"] == 3.5
    assert someone["vconf"]["participant"]["duration_s"] == 60.25
    assert someone["vconf"]["extra"]["metadata"] == {"plan": "pro", "seats": "7", "trial": "true"}


@pytest.mark.parametrize("geo", [None, {}, dict.fromkeys(("country_code", "city", "latitude")), "madrid"])
@pytest.mark.parametrize("devices", [None, {}, [], [None], "none", {"audio": [], "video": []}])
@pytest.mark.parametrize("platform", [None, {}, {"browser": None, "os": []}])
def test_what_a_session_does_not_tell_is_absent(geo: Any, devices: Any, platform: Any) -> None:  # noqa: ANN401 - any JSON
    found = made(record(session=[session(geo_ip=geo, devices=devices, platform=platform)]))
    someone = only(found, "participant")
    assert not {"client", "user_agent"} & set(someone)
    assert "device" not in someone["vconf"]
    assert found.oddities == Counter()


def test_coordinates_may_be_numbers_and_devices_one_object() -> None:
    """The latter in data of the server's own demo."""
    geo = {"country_code": "DE", "city": "berlin", "latitude": 52.5, "longitude": 13.4, "region_code": "be"}
    device = {"kind": "videoinput", "label": "Plactronics", "deviceId": "Y38"}
    someone = only(made(record(session=[session(geo_ip=geo, devices=device)])), "participant")
    assert someone["client"]["geo"] == {"country_iso_code": "DE", "city_name": "berlin"}
    assert someone["vconf"]["device"] == {"camera": "Plactronics"}


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        ({"eventName": "mute", "n": 1}, [{"eventName": "mute", "n": "1"}]),
        (7, ["7"]),
        (0, ["0"]),
        (False, ["false"]),
        ("text", ["text"]),
        ([1, "two", None], None),
        ([[{"deep": [1]}]], None),
    ],
)
def test_custom_data_of_any_type_is_kept(data: object, kept: list[Any] | None) -> None:
    someone = next(
        each
        for each in made(record(event=[event("custom", 5, data)])).of("participant")
        if each["user"]["full_name"] == "Ana"
    )
    assert "custom" in someone["vconf"]["extra"]
    if kept is not None:
        assert someone["vconf"]["extra"]["custom"] == kept


def test_custom_data_is_bounded() -> None:
    many = [event("custom", 5 + n / 1000, {"text": "x" * 2000, "n": n}) for n in range(3000)]
    found = made(record(event=many))
    assert max(len(each.source) for each in found.encoded) < 50_000


@pytest.mark.parametrize(
    ("last", "ongoing", "end", "told"),
    [
        ([], False, None, ["end_missing"]),
        ([event("onicecandidate", 42.5)], False, "2026-11-20T09:00:42.500Z", ["end_estimated"]),
        ([event("stats", 42.5)], True, None, ["end_missing", "ongoing"]),
    ],
)
def test_an_end_that_nobody_told(last: list[Json], ongoing: bool, end: str | None, told: list[str]) -> None:  # noqa: FBT001 - a table
    found = made(record(session=[session(end=None)], last=last, ongoing=ongoing))
    for kind in ("participant", "conference"):
        document = only(found, kind)
        assert document["event"].get("end") == end
        assert document["vconf"]["flags"] == told


def test_an_end_that_was_told_wins_over_what_was_heard() -> None:
    found = made(record(last=[event("stats", 3000)]))
    assert only(found, "conference")["event"]["end"] == "2026-11-20T09:01:01.000Z"
    assert "flags" not in only(found, "conference")["vconf"]


# -- issues -----------------------------------------------------------------------------------------------

CODES = {
    "no_media_access": "error", "ice_failed": "error", "no_connection": "error", "connection_failed": "error",
    "very_low_emos": "error", "low_emos": "warning", "getusermedia_error": "warning", "icecandidateerror": "warning",
    "connection_disconnected": "warning", "multiple_rejoins": "warning", "tcp_used": "warning", "turn_used": "warning",
}  # fmt: skip


def test_the_twelve_codes_with_and_without_a_conference() -> None:
    told = [
        issue(code, 10 + n, type=severity, conference=None if code in {"icecandidateerror", "turn_used"} else ROOM)
        for n, (code, severity) in enumerate(CODES.items())
    ]
    found = made(record(issue=told)).of("issue")
    assert {each["vconf"]["issue"]["code"]: each["vconf"]["issue"]["severity"] for each in found} == CODES
    ana = {each["user"]["full_name"] for each in found}
    assert ana == {"Ana"}
    times = {each["vconf"]["issue"]["code"]: each["@timestamp"] for each in found}
    assert times["turn_used"] == "2026-11-20T09:00:21.000Z"
    assert {each["vconf"]["issue"]["source"] for each in found} == {"vendor"}
    assert {each["vconf"]["issue"]["explanation"] for each in found} == {"E"}


def test_a_score_is_told_once_each_other_issue_each_time() -> None:
    told = [
        issue("very_low_emos", 70, data={"average": 2.5}),
        issue("very_low_emos", 80, data={"average": 2.5}),
        issue("very_low_emos", 81, data={"average": 2.1}, participant=BEN, session=S_BEN),
        issue("connection_disconnected", 20, connection=LINK),
        issue("connection_disconnected", 21, connection=LINK),
        issue("icecandidateerror", 22, connection=LINK, data={"errorCode": 701}, conference=None),
    ]
    found = made(record(issue=[*told, *told])).of("issue")
    assert len(found) == 5
    scores = [each["vconf"]["issue"] for each in found if each["vconf"]["issue"]["code"] == "very_low_emos"]
    assert [(each["value"], each["limit"], each["subject"]) for each in scores] == [
        (2.5, 3.0, "participant"), (2.1, 3.0, "participant"),
    ]  # fmt: skip
    errors = next(each for each in found if each["vconf"]["issue"]["code"] == "icecandidateerror")
    assert errors["vconf"]["extra"] == {"data": {"errorCode": "701"}}
    assert (errors["vconf"]["issue"]["subject"], errors["peermetrics"]["connection_id"]) == ("connection", LINK)


def test_an_issue_with_ids_that_are_none_upsets_nothing() -> None:
    told = [
        issue("low_emos", 5, participant=["a"]),
        issue("tcp_used", 6, id={"a": 1}),
        issue("tcp_used", 7, session=[]),
    ]
    found = made(record(issue=told))
    assert len(found.of("issue")) == 3
    assert [("user" in each) for each in found.of("issue")] == [True, True, False]


def test_a_row_that_comes_twice_is_told_once() -> None:
    """As when a list is read again because its count did not fit."""
    custom = event("custom", 5, {"eventName": "mute"})
    twice = record(event=[custom, event("unload", 60), custom], connection=[{"id": LINK}, {"id": LINK}])
    ana = next(each for each in made(twice).of("participant") if each["user"]["full_name"] == "Ana")
    assert ana["vconf"]["extra"]["custom"] == [{"eventName": "mute"}]


# -- summaries --------------------------------------------------------------------------------------------


def test_a_summary_gives_streams_with_the_servers_score_and_no_samples() -> None:
    """The mean of 4.0, 3.0 and 2.6 is 3.2."""
    rows = [
        stats(10 * n, {
            "connection": {"id": "P"},
            "audio": {"inbound": [{"id": "IT1", "mediaType": "audio", "emos": score}], "outbound": []},
            "video": {"inbound": [], "outbound": [{"id": "OT1", "mediaType": "video"}]},
        })
        for n, score in enumerate((4.0, 3.0, 2.6), 1)
    ]  # fmt: skip
    found = made(record(of_ana(*rows, kind="summary")))
    assert found.of("sample") == []
    streams = {each["vconf"]["stream"]["direction"]: each for each in found.of("stream")}
    assert {name: each["vconf"]["flags"] for name, each in streams.items()} == {
        "received": ["summary_only"], "sent": ["summary_only"],
    }  # fmt: skip
    assert streams["received"]["vconf"]["quality"]["vendor"] == {"mos": 3.2}
    assert streams["received"]["vconf"]["stream"]["duration_s"] == 20
    assert "quality" not in streams["sent"]["vconf"]


# -- browsers ---------------------------------------------------------------------------------------------

FIGURES = ("loss_pct", "bitrate_kbps", "fps", "width", "height", "jitter_ms")


def call_of(*people: Person) -> Record:
    """A call of half a minute, in the sandbox's own shapes."""
    held = room("weekly", [call(at(9), 0.5, people)]).at(SETTLED)
    measured = [
        part("stats", [each for each in held.stats if each["participant"] == who["id"]], {"participant": who["id"]})
        for who in held.participants
    ]
    rows: Json = {"session": held.sessions, "participant": held.participants, "connection": held.connections}
    rows |= {"event": list(held.events), "issue": held.issues, "conference": held.conference}
    return replace(record(*measured, **rows, app={"id": APP["id"], "name": "A"}), key=(ROOM, held.sessions[0]["id"]))


def call_in(browser: str) -> Record:
    """Two people with one browser; Ana loses 2 %."""
    return call_of(Person("Ana", browser=browser, lost=10), Person("Ben", browser=browser))


def figures(found: Made) -> Counter[tuple[Any, ...]]:
    """Each sample: who, which way, what, when, and what was measured."""
    rows: Counter[tuple[Any, ...]] = Counter()
    for each in found.of("sample"):
        ((medium, told),) = each["vconf"]["quality"].items()
        place = (each["user"]["full_name"], each["vconf"]["stream"]["direction"], medium, each["@timestamp"][:19])
        rows[(*place, *(told.get(name) for name in FIGURES))] += 1
    return rows


def test_every_browser_gives_the_same_streams_and_figures() -> None:
    """500 packets of 45,000 bytes in 10 s are 36 kbit/s, 10 of them lost are 2 %; 1,600,000 bytes are 1280 kbit/s."""
    found = {browser: figures(made(call_in(browser))) for browser in ("chrome", "old-chrome", "firefox")}
    assert found["chrome"] == found["old-chrome"] == found["firefox"]
    assert sum(found["chrome"].values()) == 2 * 4 * 2, "two people, four tracks, ticks after 12.05 and 22.05 s"
    second = {row[:3]: row[4:] for row in found["chrome"] if row[3] == "2026-11-20T09:00:22"}
    assert second["Ana", "received", "audio"] == (2.0, 36.0, None, None, None, 5.0)
    assert second["Ben", "received", "audio"] == (0.0, 36.0, None, None, None, 5.0)
    assert second["Ana", "sent", "audio"] == (0.0, 36.0, None, None, None, 5.0)
    assert second["Ben", "received", "video"] == (0.0, 1280.0, 30.0, 1280, 720, 5.0)


# -- laws -------------------------------------------------------------------------------------------------

BASE = call_of(
    Person("Ana", relay=True, tcp=True, emos=2.5, drops=[20], candidate_errors=1, custom=[(5, {"a": 1}), (6, 7)]),
    Person("Ben", browser="firefox", media="refused"),
)


def rows_of(of: Record) -> list[tuple[str, bytes, list[Any]]]:
    return [(each.kind, each.head, json.loads(each.rows)) for each in of.parts]


def rebuilt(parts: list[tuple[str, bytes, list[Any]]]) -> Record:
    told = [Part(kind, head, json.dumps(rows).encode(), len(rows)) for kind, head, rows in parts]
    return replace(BASE, parts=told)


def documents(of: Record) -> dict[str, bytes]:
    return {each.id: each.source for each in made(of).encoded}


EXPECTED = documents(BASE)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_neither_the_order_of_rows_nor_cuts_nor_repeats_change_a_document(data: st.DataObject) -> None:
    parts = []
    for kind, head, rows in rows_of(BASE):
        told = data.draw(st.permutations(rows)) if kind != "session" else list(rows)
        if rows:
            told += data.draw(st.lists(st.sampled_from(rows), max_size=4))
        cut = data.draw(st.integers(0, len(told)))
        parts += [(kind, head, told[:cut]), (kind, head, told[cut:])]
    assert documents(rebuilt(parts)) == EXPECTED


EXTREME: dict[str, tuple[Json, Json]] = {
    "no time between": ({"timestamp": 0}, {"timestamp": 1e-300, "bytesReceived": 1e30, "framesDecoded": 1e30}),
    "hardly any time": ({"timestamp": 1e12}, {"timestamp": 1e12 + 0.0002, "bytesReceived": 1e30}),
    "all time": ({"timestamp": -1e30}, {"timestamp": 1e30, "totalFreezesDuration": 1e30}),
    "hardly any samples": ({"jitterBufferDelay": 0}, {"jitterBufferDelay": 1e30, "jitterBufferEmittedCount": 1e-300}),
    "hardly any packets": ({"packetsLost": 0}, {"packetsLost": 1e30, "packetsReceived": 1e-300}),
    "a huge picture": ({"frameWidth": 10**18, "frameHeight": 10**18}, {"frameWidth": 10**400}),
    "no picture": ({"frameWidth": -5, "frameHeight": 0}, {"framesPerSecond": -1}),
    "endless numbers": ({"jitter": 10**400, "bytesReceived": 1e300}, {"jitter": 1e29, "roundTripTime": -1}),
}


@pytest.mark.parametrize("case", EXTREME)
def test_numbers_beyond_everything_make_no_document_that_would_be_refused(case: str) -> None:
    zero = dict.fromkeys(("bytesReceived", "packetsReceived", "framesDecoded", "totalFreezesDuration"), 0)
    rows = [
        stats(10 * n, {"connection": pair(), "video": {"inbound": [report(10, kind="video") | zero | told]}})
        for n, told in enumerate(({"jitterBufferEmittedCount": 0} | EXTREME[case][0], EXTREME[case][1]), 1)
    ]
    found = made(record(of_ana(*rows), issue=[issue("low_emos", 5, data={"average": 10**400})]))
    is_sound(found)
    assert len(found.of("sample")) == 2
    assert "value" not in only(found, "issue")["vconf"]["issue"]


def test_a_report_with_a_bad_member_loses_that_and_nothing_else() -> None:
    """Also numbers that came as text are read."""
    bad = report(20, packetsReceived="600", packetsLost=None, bytesReceived="many", jitter="0.005")
    rows = [
        stats(10, {"connection": pair(), "audio": {"inbound": [report(10, packetsReceived=100, bytesReceived=0)]}}),
        stats(20, {"connection": pair(), "audio": {"inbound": [bad, None, 7]}, "video": "none"}),
    ]
    found = made(record(of_ana(*rows)))
    assert [audio(each) for each in found.of("sample")] == [{"rtt_ms": 50.0}, {"rtt_ms": 50.0, "jitter_ms": 5.0}]
    assert found.oddities == {"unreadable 'bytesReceived'": 1, "unreadable 'inbound'": 2, "unreadable 'video'": 1}


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.integers(-5, 10**6)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["0.5", "2026-11-20 09:00:10", "relay", "", "audio", "\x00", "x" * 3000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        found += places(each, (*path, name))
    return found


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:  # noqa: ANN401 - any JSON
    told = deepcopy(value)
    inside = told
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = new
    return told


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_member_of_any_row_upsets_it_whatever_json_it_is(data: st.DataObject) -> None:
    """One document with a bad member, not a lost record; and every document fits the field list."""
    parts = rows_of(BASE)
    number = data.draw(st.sampled_from([n for n, (_, _, rows) in enumerate(parts) if rows] * 3 + [0, 1]))
    kind, head, rows = parts[number]
    new = data.draw(ANY)
    if rows:
        rows = changed(rows, data.draw(st.sampled_from(places(rows[:6]))), new)
    else:
        told = json.loads(head)
        head = json.dumps(changed(told, data.draw(st.sampled_from(places(told))), new)).encode()
    parts[number] = (kind, head, rows)
    found = made(rebuilt(parts))
    is_sound(found)
    assert len(found.of("conference")) == 1


def is_sound(found: Made) -> None:
    """Every document is JSON without NaN, its fields are known and fit, and no id is there twice."""
    assert len(set(found.ids)) == len(found.ids)
    for encoded, document in zip(found.encoded, found.documents, strict=True):
        json.loads(encoded.source, parse_constant=_no_number)
        for name, value in leaves(document):
            known = FIELDS[name]
            assert encoded.type in known.types, name
            assert _fits(known.type, value), (name, value)


def _no_number(word: str) -> None:
    message = f"a document holds {word}"
    raise ValueError(message)


def _fits(type_: str, value: Any) -> bool:  # noqa: ANN401 - any JSON
    if type_ in {"keyword", "text", "date", "ip"}:
        texts = value if isinstance(value, list) and type_ == "keyword" else [value]
        return bool(texts) and all(isinstance(each, str) and each for each in texts)
    if type_ == "boolean":
        return isinstance(value, bool)
    if type_ == "long":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    if type_ == "float":
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 3.4e38
    return isinstance(value, dict) and bool(value)
