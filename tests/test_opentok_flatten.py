"""What a meeting of OpenTok means: people, streams, who receives whom, and what the vendor leaves out or bends."""

import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core import day
from harvesters.core.source import Part, Record
from harvesters.opentok.flatten import decoded_user_agent, flatten
from tests.opentok_records import (
    BEGIN,
    END,
    MEETING,
    SESSION,
    about,
    connection,
    leaves,
    made,
    meeting,
    part,
    publisher,
    received,
    record,
    sent,
    small_call,
    sources,
    subscriber,
)

# -- meetings ------------------------------------------------------------------------------------------


def test_one_meeting_id_that_came_twice_gives_two_conferences() -> None:
    """Everybody left and came back within ten minutes: the id is the same, the start is not (reference, 12.3)."""
    later = "2026-11-20T09:38:00.000Z"
    streams = ("publisher", publisher(), [sent()])
    first, second = made(record(streams)), made(record(streams, head=meeting(createdAt=later)))
    assert first.only("conference")["vconf"]["conference"]["vendor_id"] == MEETING
    assert second.only("conference")["vconf"]["conference"]["vendor_id"] == MEETING
    # The same connection and stream ids, but no document of the one overwrites one of the other.
    assert len({*first.ids, *second.ids}) == len(first.ids) + len(second.ids)


def test_a_meeting_of_nobody_is_a_conference_alone() -> None:
    only = made(record(people=[])).documents
    assert [each["vconf"]["type"] for each in only] == ["conference"]
    assert only[0]["vconf"]["participants"] == {"count": 0}
    assert only[0]["vconf"]["streams"] == {"count": 0}


def test_a_running_meeting_is_ongoing_and_has_no_invented_end() -> None:
    running = record(
        ("publisher", publisher(destroyedAt=None), [sent()]),
        head=meeting(destroyedAt=None),
        people=[connection(destroyedAt=None)],
        ongoing=True,
    )
    found = made(running)
    assert found.only("conference")["vconf"]["flags"] == ["end_missing", "ongoing"]
    for type_ in ("participant", "stream"):
        assert found.only(type_)["vconf"]["flags"] == ["end_missing"]
    for document in found.documents:
        names = dict(leaves(document))
        ends = {"event.end", "event.duration", "vconf.conference.end", "vconf.conference.duration_s", "vconf.presence"}
        assert not ends & set(names)
        assert not [name for name in names if name.endswith("duration_s")]


def test_an_end_missing_in_a_meeting_that_is_over_is_the_meetings_end_and_said_to_be_estimated() -> None:
    over = record(("publisher", publisher(destroyedAt=None), [sent()]), people=[connection(destroyedAt=None)])
    found = made(over)
    for type_ in ("participant", "stream"):
        document = found.only(type_)
        assert document["event"]["end"] == END
        assert document["vconf"]["flags"] == ["end_estimated"]
    assert found.only("participant")["vconf"]["participant"]["duration_s"] == 29 * 60  # 09:01 to 09:30
    assert "flags" not in found.only("conference")["vconf"]


def test_a_missing_start_is_not_invented_but_has_a_place_in_time() -> None:
    """`@timestamp` must stand somewhere: at the conference's start, or where that is missing too at the record's."""
    lost = made(record(("publisher", publisher(createdAt=None), [sent()]), people=[connection(createdAt=None)]))
    for type_ in ("participant", "stream"):
        document = lost.only(type_)
        assert document["@timestamp"] == BEGIN
        assert "start" not in document["event"]
        assert "duration" not in document["event"]
        assert document["vconf"]["flags"] == ["start_missing"]
    assert "presence" not in lost.only("participant")["vconf"]

    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    (nowhere,) = made(record(head=meeting(createdAt=None), people=[], started=midnight)).documents
    assert nowhere["@timestamp"] == "2026-11-20T00:00:00.000Z"
    assert nowhere["vconf"]["flags"] == ["start_missing"]
    assert "start" not in nowhere["vconf"]["conference"]
    assert nowhere["vconf"]["conference"]["end"] == END


def test_an_end_before_the_start_is_the_start_and_said_to_be_clamped() -> None:
    bent = made(record(people=[connection(destroyedAt="2026-11-20T09:00:59.000Z")])).only("participant")
    assert bent["event"]["start"] == bent["event"]["end"] == "2026-11-20T09:01:00.000Z"
    assert (bent["event"]["duration"], bent["vconf"]["participant"]["duration_s"]) == (0, 0)
    assert bent["vconf"]["flags"] == ["clamped"]


@pytest.mark.parametrize("end", ["2026-11-20T09:01:00.000Z", "2026-11-20T09:00:00.000Z"])
def test_a_participation_without_length_has_no_presence(end: str) -> None:
    """Elasticsearch refuses a range that holds nothing, and with it the document."""
    document = made(record(people=[connection(destroyedAt=end)])).only("participant")
    assert "presence" not in document["vconf"]
    assert document["vconf"]["participant"]["duration_s"] == 0


# -- nulls ---------------------------------------------------------------------------------------------


def test_null_connections_and_those_without_an_id_are_counted_and_the_others_stay() -> None:
    people = [None, connection("c-1"), connection(None), connection(""), None, "rubbish", connection("c-2")]  # type: ignore[arg-type]
    found = made(record(people=people))
    assert [each["opentok"]["connection_id"] for each in found.of("participant")] == ["c-1", "c-2"]
    assert found.oddities == {"connections that are null or have no id": 5}
    assert found.only("conference")["vconf"]["participants"] == {"count": 2}


def test_null_streams_are_each_counted_and_the_others_stay() -> None:
    found = made(
        record(
            ("publisher", None, []),
            ("publisher", None, []),
            ("publisher", publisher(), [sent()]),
            ("subscriber", None, []),
            ("subscriber", subscriber(), [received()]),
        )
    )
    assert len(found.of("stream")) == 2
    assert found.only("conference")["vconf"]["streams"] == {"count": 2}
    assert found.oddities == {"publishers that are null": 2, "subscribers that are null": 1}


def test_null_rows_are_counted_and_the_others_stay() -> None:
    found = made(record(("publisher", publisher(), [None, sent(0), None, sent(30)])))
    assert len(found.of("sample")) == found.only("stream")["vconf"]["stream"]["samples"] == 2
    assert found.oddities == {"null rows": 2}


def test_a_stream_without_rows_is_a_stream_with_zero_samples() -> None:
    found = made(record(("publisher", publisher(), [])))
    assert found.only("stream")["vconf"]["stream"]["samples"] == 0
    assert found.of("sample") == []


def test_entities_of_which_everything_is_null_lose_nobody() -> None:
    nulls = dict.fromkeys(publisher())
    found = made(
        record(
            ("publisher", nulls, [sent()]),
            head=dict.fromkeys(meeting()),
            people=[dict.fromkeys(connection()) | {"connectionId": "c-1"}],
        )
    )
    participant, stream = found.only("participant"), found.only("stream")
    assert participant["opentok"] == {"connection_id": "c-1"}
    assert "user" not in participant
    assert "client" not in participant
    assert "client" not in participant["vconf"]
    assert "opentok" not in stream
    assert "id" not in stream["vconf"].get("participant", {})
    assert stream["vconf"]["flags"] == ["end_missing", "start_missing"]
    assert len(found.of("sample")) == 1


@pytest.mark.parametrize("empty", [None, ""])
def test_null_and_empty_texts_are_absent(empty: str | None) -> None:
    absent = ("sdkVersion", "browser", "browserVersion", "guid", "userAgent", "country")
    document = made(record(people=[connection(**dict.fromkeys(absent, empty))])).only("participant")
    names = {name for name, _ in leaves(document)}
    assert not [name for name in names if name.startswith(("user", "client.geo", "opentok.user_agent"))]
    assert "vconf.client.sdk.version" not in names
    assert "vconf.extra" not in names


# -- people --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("Mozilla%2F5.0+%28Macintosh%3B+Intel%29", "Mozilla/5.0 (Macintosh; Intel)"),
        ("Mozilla/5.0 (X11; rv:121.0) A+B %41", "Mozilla/5.0 (X11; rv:121.0) A+B %41"),
        ("Mozilla/5.0+%28X11%29", "Mozilla/5.0+%28X11%29"),  # a slash: it is plain already
        ("OpenTok", "OpenTok"),
        ("OpenTok 2.27+ %41", "OpenTok 2.27+ %41"),
        ("a+b", "a b"),
        ("caf%C3%A9", "café"),
        ("100%2525", "100%25"),  # once, not twice
        ("%ZZ", "%ZZ"),
        ("x%ZZ%20y", "x%ZZ y"),
        ("%", "%"),
        ("a%FF%C3b", "a\ufffd\ufffdb"),
    ],
)
def test_a_user_agent_is_decoded_once_if_it_looks_encoded_and_kept_as_it_came(raw: str, plain: str) -> None:
    document = made(record(people=[connection(userAgent=raw)])).only("participant")
    assert document["user_agent"]["original"] == plain
    assert document["opentok"]["user_agent"] == raw


@given(st.text("a+%41é", max_size=20))
@settings(max_examples=100, deadline=None)
def test_a_text_with_a_space_or_a_slash_is_plain_and_never_changes(text: str) -> None:
    for plain in (f"{text} ", f"/{text}"):
        assert decoded_user_agent(plain) == plain


def test_what_was_replaced_in_a_text_is_said_in_the_flags() -> None:
    found = made(record(people=[connection("c-1"), connection("c-2", userAgent="a%FF+b")]))
    flags = {each["opentok"]["connection_id"]: each["vconf"].get("flags") for each in found.of("participant")}
    assert flags == {"c-1": None, "c-2": ["text_repaired"]}


@pytest.mark.parametrize(
    ("sdk", "kind"),
    [("js", "browser"), ("JS", "browser"), ("android", "mobile"), ("ios", "mobile"), ("sip-gateway", None)],
)
def test_any_sdk_passes_and_those_that_are_known_tell_the_kind_of_client(sdk: str, kind: str | None) -> None:
    client = made(record(people=[connection(sdkType=sdk)])).only("participant")["vconf"]["client"]
    assert client["sdk"]["name"] == sdk
    assert client.get("kind") == kind


def test_twins_of_a_connection_count_once() -> None:
    """Pages of a list that still grew can overlap."""
    found = made(record(people=[connection("c-1"), connection("c-1", guid="later"), connection("c-2")]))
    assert [each["user"]["id"] for each in found.of("participant")] == ["guid-of-c-1", "guid-of-c-2"]
    assert found.only("conference")["vconf"]["participants"] == {"count": 2}


# -- streams -------------------------------------------------------------------------------------------


def test_a_subscriber_belongs_to_its_own_connection_and_leads_to_the_publishers() -> None:
    found = made(small_call())
    people = {each["opentok"]["connection_id"]: each["vconf"]["participant"]["id"] for each in found.of("participant")}
    sending, receiving = found.of("stream")
    assert sending["vconf"]["participant"]["id"] == people["c-1"]
    assert "peer_participant_id" not in sending["vconf"]["stream"]
    assert receiving["vconf"]["participant"]["id"] == people["c-2"]
    assert receiving["vconf"]["stream"]["peer_participant_id"] == people["c-1"]
    assert (sending["user"]["id"], receiving["user"]["id"]) == ("guid-of-c-1", "guid-of-c-2")
    of_receiver = [each for each in found.of("sample") if each["vconf"]["stream"]["direction"] == "received"]
    assert len(of_receiver) == 2
    for sample in of_receiver:
        assert sample["vconf"]["participant"]["id"] == people["c-2"]
        assert sample["vconf"]["stream"]["peer_participant_id"] == people["c-1"]


def test_a_subscriber_of_a_stream_that_nobody_published_has_no_peer() -> None:
    lonely = subscriber(stream=about("s-9"))
    found = made(record(("publisher", publisher(), []), ("subscriber", lonely, [received()])))
    _, stream = found.of("stream")
    for document in (stream, found.only("sample")):
        assert "peer_participant_id" not in document["vconf"]["stream"]
    assert stream["opentok"]["stream_id"] == "s-9"


def test_streams_without_an_id_do_not_find_each_other() -> None:
    """Two that lack the same thing are not the same."""
    nameless = about(None)  # type: ignore[arg-type]
    found = made(record(("publisher", publisher(stream=nameless), []), ("subscriber", subscriber(stream=nameless), [])))
    _, receiving = found.of("stream")
    assert "peer_participant_id" not in receiving["vconf"]["stream"]


def test_a_stream_of_an_unknown_connection_keeps_the_vendors_id_and_belongs_to_nobody() -> None:
    stream = made(record(("publisher", publisher("c-9"), [sent()]))).only("stream")
    assert stream["opentok"]["connection_id"] == "c-9"
    assert "participant" not in stream["vconf"]
    assert "user" not in stream


@pytest.mark.parametrize("nameless", [None, ""])
def test_publishers_without_a_stream_id_are_told_apart_by_connection_and_start(nameless: str | None) -> None:
    def head(connection_id: str, created: str) -> dict[str, Any]:
        return publisher(connection_id, stream=about(nameless), createdAt=created)  # type: ignore[arg-type]

    one, two = "2026-11-20T09:02:00.000Z", "2026-11-20T09:05:00.000Z"
    heads = [head("c-1", one), head("c-1", two), head("c-2", one)]
    streams = made(record(*(("publisher", each, [sent()]) for each in heads))).of("stream")
    assert len({each["vconf"]["stream"]["id"] for each in streams}) == 3
    assert all("stream_id" not in each["opentok"] for each in streams)


def test_who_unsubscribed_and_came_back_has_two_streams() -> None:
    """Without an id of its own a subscriber is told by connection, stream and start (`documents.md`)."""
    one = subscriber(None)
    two = subscriber(None, createdAt="2026-11-20T09:20:00.000Z")
    other = subscriber(None, stream=about("s-2"))
    streams = made(record(*(("subscriber", each, []) for each in (one, two, other)))).of("stream")
    assert len({each["vconf"]["stream"]["id"] for each in streams}) == 3


def test_a_stream_that_came_twice_counts_once() -> None:
    again = publisher("c-1", destroyedAt="2026-11-20T09:28:30.000Z")
    found = made(record(("publisher", publisher("c-1"), [sent()]), ("publisher", again, [sent()])))
    assert len(found.of("stream")) == len(found.of("sample")) == 1
    assert found.only("conference")["vconf"]["streams"] == {"count": 1}
    assert found.oddities == {"streams that came twice": 1}


@pytest.mark.parametrize(
    ("told", "kind", "media"),
    [
        (about(), "camera", ["audio", "video"]),
        (about(kind="SCREEN"), "screen", ["audio", "screen"]),
        (about(kind="screen", hasAudioTrack=False), "screen", ["screen"]),
        (about(kind="custom"), "other", ["audio", "video"]),
        (about(kind="hologram"), "other", ["audio", "video"]),
        (about(hasVideoTrack=False), "mic", ["audio"]),
        (about(hasVideoTrack=False, hasAudioTrack=False), "other", None),
        ({"streamId": "s-1"}, None, ["audio", "video"]),
    ],
)
def test_what_a_stream_carries(told: dict[str, Any], kind: str | None, media: list[str] | None) -> None:
    stream = made(record(("publisher", publisher(stream=told), [sent()]))).only("stream")["vconf"]["stream"]
    assert (stream.get("kind"), stream.get("media")) == (kind, media)


def test_where_the_vendor_tells_of_no_tracks_the_measurements_do() -> None:
    only_video = sent(audioBitrateKbps=None, audioPacketLoss=None)
    stream = made(record(("publisher", publisher(stream={"streamId": "s-1"}), [only_video]))).only("stream")
    assert stream["vconf"]["stream"]["media"] == ["video"]


def test_a_screen_beside_a_camera_is_a_stream_of_its_own_with_a_block_of_its_own() -> None:
    screen = publisher(stream=about("s-2", kind="screen"))
    found = made(record(("publisher", publisher(), [sent()]), ("publisher", screen, [sent(videoPacketLoss=0.5)])))
    camera, shared = (each["vconf"] for each in found.of("sample"))
    assert camera["participant"] == shared["participant"]
    assert set(camera["quality"]) == {"audio", "video"}
    assert set(shared["quality"]) == {"audio", "screen"}
    assert shared["quality"]["screen"] == {"loss_pct": 50, "width": 1280, "height": 720, "pixels": 921600}
    assert (camera["stream"]["kind"], shared["stream"]["kind"]) == ("camera", "screen")


# -- what has no field ---------------------------------------------------------------------------------


def test_unknown_members_of_entities_are_kept_under_extra() -> None:
    found = made(
        record(
            ("publisher", publisher(stream=about(mood="good"), region="eu"), [sent()]),
            head=meeting(publisherMinutes=0, sfu={"rack": 7}),
            people=[connection(ip=None, tags=["a", 1, True])],
        )
    )
    assert found.only("conference")["vconf"]["extra"] == {"publisherMinutes": "0", "sfu": {"rack": "7"}}
    assert found.only("participant")["vconf"]["extra"] == {"tags": ["a", "1", "true"]}
    assert found.only("stream")["vconf"]["extra"] == {"region": "eu", "stream.mood": "good"}
    assert "extra" not in found.only("sample")["vconf"]


def test_known_members_of_the_wrong_type_are_kept_under_extra_too() -> None:
    found = made(
        record(
            ("publisher", publisher(stream="s-1", createdAt=1732093320), []),
            ("subscriber", subscriber(stream=about(hasVideoTrack="false")), []),
            head=meeting(mediaMode={"p2p": True}),
            people=[connection(guid=["g-1"], destroyedAt="yesterday", browserVersion=121)],
        )
    )
    assert found.only("conference")["vconf"]["extra"] == {"mediaMode": {"p2p": "true"}}
    participant = found.only("participant")
    assert participant["vconf"]["extra"] == {"guid": ["g-1"], "destroyedAt": "yesterday"}
    assert participant["vconf"]["flags"] == ["end_estimated"]
    assert participant["user_agent"]["version"] == "121"  # a number is a text well enough
    sending, receiving = found.of("stream")
    assert sending["vconf"]["extra"] == {"stream": "s-1", "createdAt": "1732093320"}
    assert receiving["vconf"]["extra"] == {"stream.hasVideoTrack": "false"}
    assert receiving["vconf"]["stream"]["media"] == ["audio"]


def test_unknown_members_of_rows_are_named_as_oddities() -> None:
    found = made(record(("publisher", publisher(), [sent(jitterMs=3), sent(30, jitterMs=4)])))
    assert found.oddities == {"unknown member 'jitterMs'": 1}


# -- purity --------------------------------------------------------------------------------------------


def _forbidden(*_: object, **__: object) -> NoReturn:
    message = "flatten is pure"
    raise AssertionError(message)


class _NoClock(datetime):
    """A calendar without a clock."""

    now = utcnow = today = _forbidden


def test_flatten_and_encode_ask_neither_network_nor_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, _forbidden)
    for name in ("time", "time_ns", "monotonic", "sleep"):
        monkeypatch.setattr(time, name, _forbidden)
    monkeypatch.setattr(day, "datetime", _NoClock)
    count = len(sources(small_call()))
    monkeypatch.undo()
    assert count == 9


def test_flatten_leaves_its_input_alone_and_gives_the_same_twice() -> None:
    call, untouched = small_call(), small_call()
    first = sources(call)
    assert call == untouched
    assert sources(call) == first


def test_one_stream_is_held_at_a_time() -> None:
    """Of the next stream only its first part has been read when a stream is given out: that shows its end."""
    read: list[str] = []

    def parts() -> Iterator[Part]:
        yield part("meeting", meeting(), [connection()])
        for number in range(20):
            for second in (0, 1, 2):
                read.append(f"{number}.{second}")
                yield part("publisher", publisher(stream=about(f"s-{number}")), [sent(second)])

    call = record()
    tree = flatten(Record(call.key, call.call, call.started, 2, ongoing=False, parts=parts()))
    assert read in ([], ["0.0"])
    for number, stream in enumerate(tree.streams):
        assert len(read) == min(3 * (number + 1) + 1, 60)
        assert stream.entity.key == (f"s-{number}",)


ROWS = [None, *(sent(second) for second in (3, 7, 7, 12)), sent(12, audioPacketLoss=0.4), sent(5), sent(3)]


def _cut(kind: str, head: dict[str, Any], rows: list[Any], at: list[int]) -> list[Part]:
    edges = [0, *sorted(each % (len(rows) + 1) for each in at), len(rows)]
    return [part(kind, head, rows[start:end]) for start, end in pairwise(edges)]


@given(st.lists(st.integers(0, 99), max_size=6), st.lists(st.integers(0, 99), max_size=6))
@settings(max_examples=60, deadline=None)
def test_where_an_answer_was_cut_into_parts_does_not_matter(people_at: list[int], rows_at: list[int]) -> None:
    people = [connection("c-1"), None, connection("c-2", guid="\ufffd"), connection("c-1"), connection("c-3")]
    rows = [*ROWS, {**sent(40), "audioBitrateKbps": "12.5", "videoCodec": 7}]
    streams = [("publisher", publisher()), ("publisher", publisher("c-2", stream=about("s-2")))]
    whole = record(*((kind, head, rows) for kind, head in streams), people=people)
    cut = [*_cut("meeting", meeting(), people, people_at)]
    for kind, head in streams:
        cut += _cut(kind, head, rows, rows_at)
    assert sources(record(parts=cut)) == sources(whole)


def test_a_record_of_no_parts_is_still_a_conference() -> None:
    (only,) = made(record(parts=[])).documents
    assert only["vconf"]["flags"] == ["end_missing", "start_missing"]
    assert only["event"]["id"].endswith(f"/{SESSION}/{MEETING}/{BEGIN}")
    assert json.dumps(only)
