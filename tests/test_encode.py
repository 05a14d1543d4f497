"""Documents from a tree: the same as built the plain way, complete, in the right index, under the right id."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.nesting import nest
from harvesters.core.splice import Splice
from harvesters.core.tree import Quality, Row
from tests.opentok_records import (
    BEGIN,
    END,
    FETCHED_AT,
    MEETING,
    SESSION,
    STARTED,
    Json,
    about,
    connection,
    leaves,
    made,
    meeting,
    publisher,
    received,
    record,
    sent,
    small_call,
    subscriber,
)

KEY = (SESSION, MEETING, BEGIN)
FETCHED = "2026-11-21T09:00:00.123Z"


def identity(type_: str, *own: str) -> str:
    """An `_id` as the design says it, written anew."""
    parts = ["opentok", "12345", type_, *KEY, *own]
    whole = json.dumps(parts, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.b32encode(hashlib.sha256(whole).digest()[:20]).decode().lower()


# -- a whole document, by hand -------------------------------------------------------------------------

COMMON = {
    "ecs": {"version": "8.17.0"},
    "cloud": {"account": {"id": "12345"}},
    "observer": {"vendor": "Vonage", "product": "Video API", "type": "conference"},
    "service": {"type": "video-conference"},
}
VCONF = {
    "vendor": "opentok",
    "account": {"id": "12345", "name": "default"},
    "schema": "1",
    "harvest": {"fetched_at": FETCHED, "revision": "opentok/1.1", "settings": "0000000000000000"},
    "privacy": "full",
    "conference": {
        "id": identity("conference"),
        "vendor_id": MEETING,
        "parent_id": SESSION,
        "start": BEGIN,
        "end": END,
        "duration_s": 1800,
    },
}
PERSON = {"user": {"id": "guid-of-c-2"}, "client": {"geo": {"country_iso_code": "AT"}}}
READABLE = f"{SESSION}/{MEETING}/{BEGIN}"


def test_a_sample_is_written_out() -> None:
    documents = made(small_call(), "kbyte").documents
    sample = next(each for each in documents if each["event"]["id"].endswith("u-1/2026-11-20T09:10:30.000Z"))
    assert sample == {
        **COMMON,
        **PERSON,
        "@timestamp": "2026-11-20T09:10:30.000Z",
        "event": {
            "kind": "metric",
            "category": ["network"],
            "type": ["info"],
            "module": "opentok",
            "dataset": "opentok.sample",
            "created": FETCHED,
            "id": f"opentok/12345/sample/{READABLE}/u-1/2026-11-20T09:10:30.000Z",
        },
        "user_agent": {"version": "121"},
        "opentok": {"audio_bitrate": 30.5, "video_bitrate": 800},
        "vconf": {
            **VCONF,
            "type": "sample",
            "client": {"sdk": {"name": "ios", "version": "2.29.3"}, "kind": "mobile"},
            "participant": {"id": identity("participant", "c-2")},
            "stream": {
                "id": identity("stream", "u-1"),
                "direction": "received",
                "kind": "camera",
                "media": ["audio", "video"],
                "peer_participant_id": identity("participant", "c-1"),
            },
            "quality": {
                "audio": {"loss_pct": 1, "latency_ms": 40, "bitrate_kbps": 244},
                "video": {
                    "loss_pct": 0.2,
                    "latency_ms": 45,
                    "bitrate_kbps": 6400,
                    "width": 1280,
                    "height": 720,
                    "pixels": 921600,
                },
            },
        },
    }


def test_a_participant_is_written_out() -> None:
    _, participant = made(small_call()).of("participant")
    assert participant == {
        **COMMON,
        **PERSON,
        "@timestamp": "2026-11-20T09:01:00.000Z",
        "event": {
            "kind": "event",
            "category": ["session"],
            "type": ["start", "end"],
            "module": "opentok",
            "dataset": "opentok.participant",
            "created": FETCHED,
            "id": f"opentok/12345/participant/{READABLE}/c-2",
            "start": "2026-11-20T09:01:00.000Z",
            "end": "2026-11-20T09:29:00.000Z",
            "duration": 1_680_000_000_000,
        },
        "user_agent": {"original": "Mozilla/5.0 (X11)", "version": "121"},
        "opentok": {"connection_id": "c-2", "user_agent": "Mozilla%2F5.0+%28X11%29"},
        "vconf": {
            **VCONF,
            "type": "participant",
            "client": {"sdk": {"name": "ios", "version": "2.29.3"}, "kind": "mobile"},
            "participant": {"id": identity("participant", "c-2"), "duration_s": 1680},
            "presence": {"gte": "2026-11-20T09:01:00.000Z", "lt": "2026-11-20T09:29:00.000Z"},
        },
    }


def test_stream_and_conference_are_written_out_as_far_as_they_differ() -> None:
    found = made(small_call())
    _, stream = found.of("stream")
    assert stream["vconf"]["stream"] == {
        "id": identity("stream", "u-1"),
        "direction": "received",
        "kind": "camera",
        "media": ["audio", "video"],
        "codec": ["opus", "vp8"],
        "peer_participant_id": identity("participant", "c-1"),
        "start": "2026-11-20T09:03:00.000Z",
        "end": "2026-11-20T09:27:00.000Z",
        "duration_s": 1440,
        "samples": 2,
    }
    assert stream["opentok"] == {
        "connection_id": "c-2",
        "stream_id": "s-1",
        "subscriber_id": "u-1",
        "video_type": "camera",
    }
    conference = found.only("conference")
    assert conference["vconf"] == {
        **VCONF,
        "type": "conference",
        "topology": "routed",
        "participants": {"count": 2},
        "streams": {"count": 2},
    }
    assert conference["opentok"] == {"session_id": SESSION, "meeting_id": MEETING}
    assert conference["event"]["duration"] == 1_800_000_000_000


# -- spliced samples against samples built the plain way -----------------------------------------------

NUMBERS = st.none() | st.integers(0, 500) | st.floats(0, 500, allow_nan=False).map(lambda each: round(each, 3))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "second": st.integers(0, 59),
            "hasAudio": st.sampled_from([True, False, None]),
            "hasVideo": st.sampled_from([True, False, None]),
            "audioLatencyMs": NUMBERS,
            "videoLatencyMs": NUMBERS,
            "audioBitrateKbps": NUMBERS,
            "videoBitrateKbps": NUMBERS,
            "audioPacketLoss": st.none() | st.integers(-2, 100).map(lambda each: each / 100),
            "videoPacketLoss": st.none() | st.integers(-2, 100).map(lambda each: each / 100),
            "size": st.none() | st.tuples(st.integers(0, 2000), st.integers(0, 2000)),
        }
    ),
    max_size=6,
    unique_by=lambda each: each["second"],
)


def medium_of(row: dict[str, Any], medium: str) -> dict[str, Any]:
    """One medium's block, {} where it is off or nothing is known."""
    if row[f"has{medium.title()}"] is False:
        return {}
    block: dict[str, Any] = {}
    loss = row[f"{medium}PacketLoss"]
    if loss is not None:
        block["loss_pct"] = pytest.approx(max(loss, 0) * 100, abs=1e-6)
    if row[f"{medium}LatencyMs"] is not None:
        block["latency_ms"] = row[f"{medium}LatencyMs"]
    if medium == "video" and row["size"] and all(row["size"]):
        width, height = row["size"]
        block |= {"width": width, "height": height, "pixels": width * height}
    return block


def plainly(rows: list[dict[str, Any]], *, screen: bool, person: bool) -> Iterator[dict[str, Any]]:
    """The samples of one publisher, slowly: one dictionary for each, from the wording of the design."""
    for row in sorted(rows, key=lambda each: each["second"]):
        at = f"2026-11-20T09:10:{row['second']:02d}.000Z"
        quality = {"audio": medium_of(row, "audio"), "screen" if screen else "video": medium_of(row, "video")}
        quality = {name: block for name, block in quality.items() if block}
        on = [medium for medium in ("audio", "video") if row[f"has{medium.title()}"] is not False]
        clamped = any((row[f"{medium}PacketLoss"] or 0) < 0 for medium in on)
        own = {f"{m}_bitrate": row[f"{m}BitrateKbps"] for m in ("audio", "video")}
        own = {name: value for name, value in own.items() if value is not None}
        stream = {"id": identity("stream", "s-1"), "direction": "sent", "kind": "screen" if screen else "camera"}
        vconf = {**VCONF, "type": "sample", "stream": {**stream, "media": ["audio", "screen" if screen else "video"]}}
        document: dict[str, Any] = {**COMMON, "@timestamp": at}
        if person:
            document |= {"user": {"id": "guid-of-c-1"}, "client": PERSON["client"]}
            document["user_agent"] = {"name": "Firefox", "version": "121"}
            vconf["participant"] = {"id": identity("participant", "c-1")}
            vconf["client"] = {"sdk": {"name": "js", "version": "2.29.3"}, "kind": "browser"}
        document["event"] = {
            "kind": "metric",
            "category": ["network"],
            "type": ["info"],
            "module": "opentok",
            "dataset": "opentok.sample",
            "created": FETCHED,
            "id": f"opentok/12345/sample/{READABLE}/s-1/{at}",
        }
        document |= {"opentok": own} if own else {}
        vconf |= {"quality": quality} if quality else {}
        vconf |= {"flags": ["clamped"]} if clamped else {}
        yield {**document, "vconf": vconf}


@given(rows=ROWS, screen=st.booleans(), person=st.booleans())
@settings(max_examples=100, deadline=None)
def test_spliced_samples_are_those_that_one_would_build_the_plain_way(
    *, rows: list[dict[str, Any]], screen: bool, person: bool
) -> None:
    told = [
        {
            **{name: value for name, value in row.items() if name not in {"second", "size"}},
            "createdAt": f"2026-11-20T09:10:{row['second']:02d}.000Z",
            "videoResolution": row["size"] and "{}x{}".format(*row["size"]),
        }
        for row in rows
    ]
    head = publisher(stream=about(kind="screen" if screen else "camera"))
    found = made(record(("publisher", head, told), people=[connection("c-1")] if person else []))
    assert found.of("sample") == list(plainly(rows, screen=screen, person=person))


# -- ids and indices -----------------------------------------------------------------------------------


def test_ids_follow_from_the_keys_and_a_samples_begins_with_its_streams() -> None:
    found = made(small_call())
    assert [(each.type, each.id) for each in found.encoded if each.type != "sample"] == [
        ("stream", identity("stream", "s-1")),
        ("stream", identity("stream", "u-1")),
        ("participant", identity("participant", "c-1")),
        ("participant", identity("participant", "c-2")),
        ("conference", identity("conference")),
    ]
    for document, encoded in zip(found.documents, found.encoded, strict=True):
        if encoded.type == "sample":
            assert encoded.id.startswith(document["vconf"]["stream"]["id"] + "-")
    assert len(set(found.ids)) == len(found.ids) == 9


@pytest.mark.parametrize(
    ("started", "month"),
    [
        (datetime(2026, 11, 20, 9, tzinfo=UTC), "2026.11"),
        (datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC), "2026.11"),
        (datetime(2026, 12, 1, tzinfo=UTC), "2026.12"),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "2026.12"),
        (datetime(2027, 1, 1, tzinfo=UTC), "2027.01"),
        (datetime(2027, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2026.12"),
        (datetime(2026, 12, 31, 19, 30, tzinfo=timezone(timedelta(hours=-5))), "2027.01"),
    ],
)
def test_the_index_is_that_of_the_conferences_start_in_utc_for_all_of_its_documents(
    started: datetime, month: str
) -> None:
    """The times inside the record are of another month, and do not decide."""
    call = record(("publisher", publisher(), [sent()]), people=[connection()], started=started)
    year = month[:4]
    assert [(each.type, each.index) for each in made(call, prefix="school").encoded] == [
        ("sample", f"school-samples-{month}"),
        ("stream", f"school-streams-{year}"),
        ("participant", f"school-participants-{year}"),
        ("conference", f"school-conferences-{year}"),
    ]


def test_long_keys_are_hashed_and_short_enough() -> None:
    """A readable key of 512 bytes at most, the time of a sample included."""
    for length in range(330, 480, 7):
        long = "s" * length
        found = made(record(("publisher", publisher(stream=about(long)), [sent(), sent(audioBitrateKbps=1)])))
        for document in found.documents:
            assert len(document["event"]["id"].encode()) <= 512
        assert len({document["event"]["id"] for document in found.documents}) == len(found.documents)
        assert found.only("stream")["opentok"]["stream_id"] == long


# -- the envelope --------------------------------------------------------------------------------------


def test_every_document_carries_the_common_fields() -> None:
    for document in made(small_call()).documents:
        for name, block in COMMON.items():
            assert document[name] == block
        for name, value in VCONF.items():
            assert document["vconf"][name] == value
        assert document["event"]["created"] == document["vconf"]["harvest"]["fetched_at"] == FETCHED
        assert document["event"]["module"] == "opentok"
        assert document["event"]["dataset"] == f"opentok.{document['vconf']['type']}"


ECS_KINDS = {"alert", "asset", "enrichment", "event", "metric", "state", "pipeline_error", "signal"}
ECS_TYPES = {
    "session": {"start", "end", "info"},
    "network": {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"},
}
"""The types that ECS 8 expects for these two of its categories."""


def test_kind_category_and_type_are_words_that_ecs_allows() -> None:
    found = made(small_call())
    for document in found.documents:
        event = document["event"]
        assert event["kind"] in ECS_KINDS
        (category,) = event["category"]
        assert event["type"]
        assert set(event["type"]) <= ECS_TYPES[category]
    kinds = {document["vconf"]["type"]: document["event"]["kind"] for document in found.documents}
    assert kinds == {"conference": "event", "participant": "event", "stream": "event", "sample": "metric"}


def test_nothing_of_the_run_is_in_the_bytes() -> None:
    """The prefix decides where a document goes, not what it says; the version is when the vendor was asked."""
    first, second = made(small_call()), made(small_call(), prefix="elsewhere")
    assert [each.source for each in first.encoded] == [each.source for each in second.encoded]
    assert {each.version for each in first.encoded} == {FETCHED_AT}
    later = made(small_call(), fetched_at=FETCHED_AT + 1)
    assert {each.version for each in later.encoded} == {FETCHED_AT + 1}
    replaced = [each.source.replace(b"09:00:00.123Z", b"09:00:00.124Z") for each in first.encoded]
    assert [each.source for each in later.encoded] == replaced
    assert later.ids == first.ids


def test_null_and_empty_values_are_nowhere() -> None:
    bare = record(
        ("publisher", publisher(destroyedAt=None, stream={"streamId": "s-1"}), [{"createdAt": BEGIN}]),
        ("subscriber", subscriber(None, stream={}), [received(), {"createdAt": BEGIN, "audioBitrateKbps": 3}]),
        head={"createdAt": BEGIN, "odd": None, "empty": ""},
        people=[{"connectionId": "c-1"}],
    )

    def empties(value: Json) -> Iterator[Json]:
        if value is None or value in ("", [], {}):
            yield value
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from empties(each)

    for encoded, document in zip(made(bare).encoded, made(bare).documents, strict=True):
        assert list(empties(document)) == []
        assert b"null" not in encoded.source


@given(st.dictionaries(st.from_regex(r"[a-c](\.[x-z]){1,3}", fullmatch=True), st.integers() | st.none(), max_size=8))
@settings(max_examples=100, deadline=None)
def test_nesting_keeps_every_value_under_its_dotted_name(flat: dict[str, int | None]) -> None:
    for name in list(flat):  # a name that is another's parent would be both an object and a value
        if any(other.startswith(f"{name}.") for other in flat):
            del flat[name]
    assert dict(leaves(nest(flat))) == {name: value for name, value in flat.items() if value is not None}


def test_nesting_leaves_out_what_is_absent_and_keeps_zero_and_false() -> None:
    flat: dict[str, Any] = {"a.b": 0, "a.c": False, "a.d": 0.0, "e": None, "f.g": "", "h": [], "i.j": {}, "k": [0]}
    assert nest(flat) == {"a": {"b": 0, "c": False, "d": 0.0}, "k": [0]}


def test_a_readable_key_quotes_what_would_make_it_ambiguous() -> None:
    odd = "a/b c%2Fé"
    document = made(record(("publisher", publisher(stream=about(odd)), []))).only("stream")
    assert document["event"]["id"] == f"opentok/12345/stream/{READABLE}/{quote(odd, safe='')}"
    assert document["opentok"]["stream_id"] == odd


def test_the_conferences_block_is_the_same_in_all_of_its_documents() -> None:
    halves = record(
        ("publisher", publisher(), [sent()]), head=meeting(createdAt="rubbish", destroyedAt=None), started=STARTED
    )
    blocks = [document["vconf"]["conference"] for document in made(halves).documents]
    assert all(block == blocks[0] for block in blocks)
    assert set(blocks[0]) == {"id", "vendor_id", "parent_id"}


class _Own(msgspec.Struct, omit_defaults=True):
    heard: float | None = None


def test_what_rows_and_their_stream_tell_under_the_vendors_name_stands_together() -> None:
    splice = Splice(
        {"event": {"kind": "metric"}, "vconf": {"type": "sample"}, "zoom": {"user_id": "1"}}, "key", "zoom", {}
    )
    for own, expected in (
        (_Own(2.0), {"user_id": "1", "heard": 2.0}),
        (_Own(), {"user_id": "1"}),
        (None, {"user_id": "1"}),
    ):
        source = splice.document(Row(0, Quality(), own), 0)
        names = [name for name, _ in json.loads(source, object_pairs_hook=list)]
        assert len(names) == len(set(names)), source
        assert json.loads(source)["zoom"] == expected
