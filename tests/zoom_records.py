"""Records of Zoom written by hand, and the documents that become of them."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harvesters.core.envelope import Envelope
from harvesters.core.fields import by_name
from harvesters.core.recipe import Recipe
from harvesters.core.source import Part, Record
from harvesters.zoom import Zoom
from tests.opentok_records import Made, leaves

Json = Any
SAMPLES = Path(__file__).parent / "data" / "zoom"
UUID, SERIES = "gm8s9L+PTEC+FG3sFbd1Cw==", 93201235621
BEGIN, END = "2026-11-20T09:00:00.000Z", "2026-11-20T09:30:00.000Z"
STARTED = datetime(2026, 11, 20, 9, tzinfo=UTC)
FETCHED_AT = 1_795_251_600_123
"""2026-11-21T09:00:00.123Z"""
FIRST, SECOND = "16778240", "16779264"
FIELDS = by_name(Zoom.fields)
BLANK_FLOW = dict.fromkeys(("bitrate", "latency", "jitter", "avg_loss", "max_loss"), "")


def meeting(**changed: Json) -> dict[str, Json]:
    """The dashboard's row of a meeting of half an hour."""
    usual = {
        "uuid": UUID,
        "id": SERIES,
        "topic": "Handover",
        "host": "Jill Chill",
        "email": "jill@example.com",
        "user_type": "Licensed",
        "start_time": "2026-11-20T09:00:00Z",
        "end_time": "2026-11-20T09:30:00Z",
        "duration": "30:00",
        "participants": 2,
    }
    return {**usual, **changed}


def joined(user_id: Json = FIRST, **changed: Json) -> dict[str, Json]:
    """The dashboard's row of somebody who was there from 09:01 to 09:29."""
    usual = {
        "id": f"account-of-{user_id}",
        "user_id": user_id,
        "participant_uuid": f"UUID-OF-{user_id}",
        "user_name": f"name of {user_id}",
        "email": f"{user_id}@example.com",
        "status": "in_meeting",
        "join_time": "2026-11-20T09:01:00Z",
        "leave_time": "2026-11-20T09:29:00Z",
        "device": "Windows 11",
    }
    return {**usual, **changed}


def reported(user_id: Json = FIRST, **changed: Json) -> dict[str, Json]:
    """The report's row of the same joining: other names, and seconds."""
    usual = {
        "id": f"account-of-{user_id}",
        "user_id": user_id,
        "name": f"name of {user_id}",
        "user_email": f"{user_id}@example.com",
        "status": "in_meeting",
        "join_time": "2026-11-20T09:01:00Z",
        "leave_time": "2026-11-20T09:29:00Z",
        "duration": 28 * 60,
        "failover": False,
    }
    return {**usual, **changed}


def sound(bitrate: str = "27 kbps") -> dict[str, str]:
    """What flowed of a sound."""
    return {"bitrate": bitrate, "latency": "126 ms", "jitter": "6 ms", "avg_loss": "0.3%", "max_loss": "1.9%"}


def picture(bitrate: str = "800 kbps") -> dict[str, str]:
    """What flowed of a picture."""
    return {**sound(bitrate), "resolution": "1280*720", "frame_rate": "25 fps"}


def minute(number: int = 5, **changed: Json) -> dict[str, Json]:
    """The minute 09:05 (or another), in which a sound was sent and received and nothing else flowed."""
    usual = {
        "date_time": f"2026-11-20T09:{number:02d}:00Z",
        "audio_input": sound("27 kbps"),
        "audio_output": sound("63 kbps"),
        "video_input": {**BLANK_FLOW, "resolution": "", "frame_rate": ""},
        "video_output": {**BLANK_FLOW, "resolution": "0*0", "frame_rate": ""},
    }
    return {**usual, **changed}


def rows_of(rows: Iterable[Json]) -> tuple[bytes, int]:
    """Rows as the vendor's JSON, and how many."""
    whole = list(rows)
    return json.dumps(whole).encode(), len(whole)


def people(*rows: Json, kind: str = "meeting", head: Json = None) -> Part:
    """The part with the participants; `head` is what the list knew of the meeting."""
    return Part(kind, json.dumps(meeting() if head is None else head).encode(), *rows_of(rows))


def measured(members: Mapping[str, Json], *minutes: Json) -> Part:
    """The part of one participant's minutes."""
    return Part("qos", json.dumps(members).encode(), *rows_of(minutes))


def shared(*rows: Json) -> Part:
    """The part with what was shared."""
    return Part("sharing", b"{}", *rows_of(rows))


def record(*parts: Part, started: datetime = STARTED, **changed: Json) -> Record:
    """A record of these parts; without any, of one participant with one minute."""
    usual = parts or (people(joined()), measured(joined(), minute()))
    return replace(Record((UUID,), UUID, started, 2, ongoing=False, parts=list(usual)), **changed)


def recipe() -> Recipe:
    """The recipe of the vendor with settings that no machine changes."""
    envelope = Envelope(
        vendor="zoom",
        account="Kx8qf3v7TnmsGvZ1J3xLmA",
        account_name="default",
        revision="zoom/1.1",
        settings="0" * 16,
        prefix="vconf",
        constants=Zoom.constants,
        fields=FIELDS,
    )
    return Recipe(Zoom.flatten, envelope)


def made(of: Record) -> Made:
    """Flatten and encode a record as the engine does."""
    oddities: Counter[str] = Counter()
    return Made(list(recipe().documents(of, FETCHED_AT, oddities)), oddities)


def by_id(of: Record) -> dict[str, bytes]:
    """The bytes of a record's documents by id."""
    return {each.id: each.source for each in made(of).encoded}


def samples(*minutes: Json, members: Mapping[str, Json] | None = None) -> dict[str, list[dict[str, Json]]]:
    """The samples of one participant's minutes, by direction."""
    return directions(made(record(people(joined()), measured(joined() if members is None else members, *minutes))))


def directions(found: Made) -> dict[str, list[dict[str, Json]]]:
    """Samples by direction, in order."""
    by_direction: dict[str, list[dict[str, Json]]] = {"sent": [], "received": []}
    for each in found.of("sample"):
        by_direction[each["vconf"]["stream"]["direction"]].append(each)
    return by_direction


def is_sound(found: Made) -> None:
    """Every document is JSON without NaN, null or nothing, its fields are known and fit, and no id is there twice."""
    assert len(set(found.ids)) == len(found.ids)
    for encoded, document in zip(found.encoded, found.documents, strict=True):
        json.loads(encoded.source, parse_constant=_no_number)
        for name, value in leaves(document):
            field = FIELDS[name]
            assert encoded.type in field.types, name
            assert _fits(field.type, value), (name, value)


def _no_number(word: str) -> None:
    message = f"a document holds {word}"
    raise ValueError(message)


def _fits(type_: str, value: Json) -> bool:
    if type_ in {"keyword", "text", "date", "ip"}:
        texts = value if isinstance(value, list) and type_ == "keyword" else [value]
        return bool(texts) and all(isinstance(each, str) and each for each in texts)
    if type_ == "boolean":
        return isinstance(value, bool)
    if type_ in {"float", "long"}:
        whole = isinstance(value, int) if type_ == "long" else isinstance(value, int | float)
        return whole and not isinstance(value, bool) and abs(value) < 1e30
    return isinstance(value, dict) and bool(value)


def published(name: str) -> Json:
    """A sample's content."""
    return json.loads((SAMPLES / f"{name}.json").read_bytes())
