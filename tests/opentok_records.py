"""Records of OpenTok written by hand, and the documents that become of them."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from harvesters.core.encode import Encoded
from harvesters.core.envelope import Envelope
from harvesters.core.fields import by_name
from harvesters.core.recipe import Recipe
from harvesters.core.source import Part, Record
from harvesters.opentok import OpenTok
from harvesters.quality.units import bitrate_step

Json = Any
SESSION, MEETING = "1_MX4xMjM0NX5", "9d5e7a10-4c1f-4f57-9d7c-0f1f3c5a2b11"
BEGIN, END = "2026-11-20T09:00:00.000Z", "2026-11-20T09:30:00.000Z"
STARTED = datetime(2026, 11, 20, 9, tzinfo=UTC)
FETCHED_AT = 1_795_251_600_123
"""2026-11-21T09:00:00.123Z"""


def meeting(**changed: Json) -> dict[str, Json]:
    """The head of a meeting of half an hour."""
    usual = {
        "sessionId": SESSION,
        "mediaMode": "routed",
        "meetingId": MEETING,
        "createdAt": BEGIN,
        "destroyedAt": END,
    }
    return {**usual, **changed}


def connection(name: str = "c-1", **changed: Json) -> dict[str, Json]:
    """A client that was there from 09:01 to 09:29."""
    usual = {
        "connectionId": name,
        "createdAt": "2026-11-20T09:01:00.000Z",
        "destroyedAt": "2026-11-20T09:29:00.000Z",
        "sdkType": "js",
        "sdkVersion": "2.29.3",
        "browser": "Firefox",
        "browserVersion": "121",
        "guid": f"guid-of-{name}",
        "userAgent": "Mozilla%2F5.0+%28X11%29",
        "country": "AT",
    }
    return {**usual, **changed}


def about(name: str = "s-1", kind: str = "camera", **changed: Json) -> dict[str, Json]:
    """What the vendor says of a stream."""
    return {"streamId": name, "videoType": kind, "hasAudioTrack": True, "hasVideoTrack": True, **changed}


def publisher(connection_id: str = "c-1", stream: Json = None, **changed: Json) -> dict[str, Json]:
    """The head of a publisher from 09:02 to 09:28."""
    usual = {
        "connectionId": connection_id,
        "createdAt": "2026-11-20T09:02:00.000Z",
        "destroyedAt": "2026-11-20T09:28:00.000Z",
        "stream": about() if stream is None else stream,
    }
    return {**usual, **changed}


def subscriber(
    name: str | None = "u-1", connection_id: str = "c-2", stream: Json = None, **changed: Json
) -> dict[str, Json]:
    """The head of a subscriber, from 09:03 to 09:27."""
    usual = {
        "subscriberId": name,
        "connectionId": connection_id,
        "createdAt": "2026-11-20T09:03:00.000Z",
        "destroyedAt": "2026-11-20T09:27:00.000Z",
        "stream": about() if stream is None else stream,
    }
    return {**usual, **changed}


def row(second: int = 0, **changed: Json) -> dict[str, Json]:
    """A statistics row of the minute 09:10 in which everything is known and audio and video are on."""
    usual = {
        "createdAt": f"2026-11-20T09:10:{second:02d}.000Z",
        "audioCodec": "opus",
        "audioLatencyMs": 40,
        "audioBitrateKbps": 30.5,
        "audioPacketLoss": 0.01,
        "videoCodec": "VP8",
        "videoLatencyMs": 45,
        "videoBitrateKbps": 800,
        "videoPacketLoss": 0.002,
        "videoResolution": "1280x720",
    }
    return {**usual, **changed}


def sent(second: int = 0, **changed: Json) -> dict[str, Json]:
    """A row of a publisher, whose latency the vendor does not know."""
    usual = {"hasAudio": True, "hasVideo": True, "audioLatencyMs": None, "videoLatencyMs": None}
    return row(second, **{**usual, **changed})


def received(second: int = 0, **changed: Json) -> dict[str, Json]:
    """A row of a subscriber."""
    return row(second, **{"subscribeToAudio": True, "subscribeToVideo": True, **changed})


def part(kind: str, head: Json, rows: Json = ()) -> Part:
    """A part; `bytes` stand for JSON as the vendor wrote it."""
    whole = rows if isinstance(rows, bytes) else json.dumps(list(rows)).encode()
    return Part(kind, head if isinstance(head, bytes) else json.dumps(head).encode(), whole, 0)


def record(
    *streams: tuple[str, Json, Json],
    head: Json = None,
    people: Json = None,
    started: datetime = STARTED,
    **changed: Any,
) -> Record:
    """A record; without `people` two connections; each stream is kind, head, rows. `changed`: its own fields."""
    head = meeting() if head is None else head
    connections = [connection("c-1"), connection("c-2", sdkType="ios", browser=None)] if people is None else people
    created = head.get("createdAt") if isinstance(head, Mapping) else BEGIN
    usual = Record(
        key=(SESSION, MEETING, str(created)),
        call=SESSION,
        started=started,
        level=2,
        ongoing=False,
        parts=[part("meeting", head, connections), *(part(*each) for each in streams)],
    )
    return replace(usual, **changed)


def small_call() -> Record:
    """Two people: one publishes, the other receives it."""
    return record(
        ("publisher", publisher(), [sent(0), sent(30)]),
        ("subscriber", subscriber(), [received(0), received(30)]),
    )


def recipe(unit: str = "unknown", **changed: Any) -> Recipe:
    """The recipe of the vendor with settings that no machine changes; `changed`: fields of the envelope."""
    step = bitrate_step({"OPENTOK_BITRATE_UNIT": unit})
    envelope = Envelope(
        vendor="opentok",
        account="12345",
        account_name="default",
        revision="opentok/1.1",
        settings="0" * 16,
        prefix="vconf",
        constants=OpenTok.constants,
        fields=by_name(OpenTok.fields),
    )
    return Recipe(OpenTok.flatten, replace(envelope, **changed), (step,) if step else ())


@dataclass
class Made:
    """The documents of a record, decoded, and what was odd in it."""

    encoded: list[Encoded]
    oddities: Counter[str]
    documents: list[dict[str, Json]] = field(init=False)

    def __post_init__(self) -> None:
        self.documents = [json.loads(each.source) for each in self.encoded]

    def of(self, type_: str) -> list[dict[str, Json]]:
        """The documents of one type, in order."""
        return [document for document in self.documents if document["vconf"]["type"] == type_]

    def only(self, type_: str) -> dict[str, Json]:
        """The one document of a type."""
        (found,) = self.of(type_)
        return found

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.encoded]


def made(of: Record, unit: str = "unknown", fetched_at: int = FETCHED_AT, **changed: Any) -> Made:
    """Flatten and encode a record as the engine does."""
    oddities: Counter[str] = Counter()
    return Made(list(recipe(unit, **changed).documents(of, fetched_at, oddities)), oddities)


def sources(of: Record) -> list[bytes]:
    """The bytes of a record's documents."""
    return [each.source for each in made(of).encoded]


def leaves(document: Mapping[str, Json], path: str = "") -> Iterator[tuple[str, Json]]:
    """Dotted names and values; `vconf.extra` and ranges are values of their own."""
    for name, value in document.items():
        dotted = f"{path}{name}"
        if isinstance(value, dict) and dotted not in {"vconf.extra", "vconf.presence"}:
            yield from leaves(value, f"{dotted}.")
        else:
            yield dotted, value


def quality(rows: Iterable[Json], kind: str = "subscriber", head: Json = None, unit: str = "unknown") -> list[Json]:
    """The `vconf.quality` blocks of one stream's rows, {} where there is none."""
    usual = publisher() if kind == "publisher" else subscriber()
    samples = made(record((kind, usual if head is None else head, list(rows))), unit).of("sample")
    return [sample["vconf"].get("quality", {}) for sample in samples]
