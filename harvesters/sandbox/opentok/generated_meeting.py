"""One call of a world as an OpenTok meeting: connections, publishers and subscribers beside each other."""

from datetime import date
from random import Random
from urllib.parse import quote_plus

from harvesters.core.day import iso_ms
from harvesters.sandbox.opentok.generated_rows import rows_of
from harvesters.sandbox.opentok.rows import Record
from harvesters.sandbox.opentok.shapes import collection
from harvesters.sandbox.world import Call, Client, Person, Publication, Reception, Stay
from harvesters.sandbox.world.people import uuid

_MOBILE = frozenset({"ios", "android"})
_FIRST_SDK = date(2020, 5, 19)
_SDK_DAYS, _SDK_MINOR, _SDK_PATCHES = 45, 17, 4
_VIDEO_TYPES = {"camera": "camera", "screen": "screen", "mic": None}


def meeting(seed: str, call: Call) -> Record:
    """The meeting; its ids follow from the seed, its rows are made when they are served."""
    random = Random(f"{seed}/opentok")
    meeting_id = uuid(random)
    connections = [_connection(random, call, stay) for stay in call.stays]
    ids = [connection["connectionId"] for connection in connections]
    streams = [_stream(random, sent) for sent in call.publications]
    publishers = [
        _publisher(random, sent, ids[sent.stay], stream)
        for sent, stream in zip(call.publications, streams, strict=True)
    ]
    subscribers = [
        _subscriber(random, received, ids[received.stay], streams[received.publication]) for received in call.receptions
    ]
    return {
        "meetingId": meeting_id,
        **_times(min(stay.start for stay in call.stays), max(stay.end for stay in call.stays)),
        "connections": collection(connections),
        "publishers": collection(publishers),
        "subscribers": collection(subscribers),
    }


def _times(start: int, end: int) -> Record:
    return {"createdAt": iso_ms(start), "destroyedAt": iso_ms(end)}


def _connection(random: Random, call: Call, stay: Stay) -> Record:
    person: Person = call.people[stay.person]
    client = person.client(date.fromisoformat(iso_ms(call.start)[:10]))
    mobile = client.platform in _MOBILE
    return {
        "connectionId": uuid(random),
        **_times(stay.start, stay.end),
        "sdkType": client.platform if mobile else "js",
        "sdkVersion": _sdk_version(client),
        "browser": client.browser,
        "browserVersion": client.version,
        "guid": person.id,
        "userAgent": quote_plus(client.user_agent),
        "country": person.country,
    }


def _sdk_version(client: Client) -> str:
    """A release of OpenTok's SDK, the newer the later the client was updated."""
    minor, patch = divmod((client.app_day - _FIRST_SDK).days // _SDK_DAYS, _SDK_PATCHES)
    return f"2.{_SDK_MINOR + minor}.{patch}"


def _stream(random: Random, sent: Publication) -> Record:
    return {
        "streamId": uuid(random),
        "videoType": _VIDEO_TYPES[sent.kind],
        "hasAudioTrack": sent.kind != "screen",
        "hasVideoTrack": sent.kind != "mic",
    }


def _publisher(random: Random, sent: Publication, connection_id: str, stream: Record) -> Record:
    rows = rows_of("publisher", sent.kind, sent.stretches, random.randrange(1 << 16))
    return {
        "connectionId": connection_id,
        "stream": stream,
        **_times(sent.start, sent.end),
        "streamStatsCollection": collection(rows),
    }


def _subscriber(random: Random, received: Reception, connection_id: str, stream: Record) -> Record:
    kind = "mic" if not stream["hasVideoTrack"] else str(stream["videoType"])
    rows = rows_of("subscriber", kind, received.stretches, random.randrange(1 << 16))
    return {
        "subscriberId": uuid(random),
        "connectionId": connection_id,
        "stream": stream,
        **_times(received.start, received.end),
        "streamStatsCollection": collection(rows),
    }
