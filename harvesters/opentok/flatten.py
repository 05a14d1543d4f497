"""What a record of OpenTok means: conference, participants, streams and their measurements. Pure."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from urllib.parse import unquote_plus

from harvesters.core.day import instant_ms
from harvesters.core.lenient import RowDecoder, decode_json, decode_object
from harvesters.core.source import NO_CALL, Part, Record, told_totals
from harvesters.core.tree import Conference, Entity, Stream
from harvesters.opentok.raw import is_null
from harvesters.opentok.rows import Stat, codecs, measurements, media_of
from harvesters.opentok.totals import usage

MEETING, CONNECTION, STREAM = (
    frozenset({"sessionId", "mediaMode", "meetingId", "createdAt", "destroyedAt"}),
    frozenset({
        "connectionId", "createdAt", "destroyedAt", "sdkType", "sdkVersion", "browser", "browserVersion", "guid",
        "userAgent", "country",
    }),
    frozenset({"subscriberId", "connectionId", "createdAt", "destroyedAt", "stream"}),
)  # fmt: skip
CLIENT_KIND = {"js": "browser", "android": "mobile", "ios": "mobile"}
STREAM_KIND = {"camera": "camera", "screen": "screen", "custom": "other"}
_rows = RowDecoder(Stat)


def flatten(record: Record) -> Conference:
    """The tree of one meeting; the record's parts are read once, in order, a stream at a time."""
    if record.call == NO_CALL:
        return told_totals(record, usage)
    oddities: Counter[str] = Counter()
    groups = groupby(record.parts, key=lambda part: (part.kind, part.head))
    (_, head), parts = next(groups, (("meeting", b"{}"), iter(())))
    meeting = decode_object(head, oddities)
    people = _people(parts, oddities)
    streams = _streams(groups, oddities)
    return Conference(_conference(record, meeting), people, streams, oddities=oddities)


def _conference(record: Record, meeting: dict[str, Any]) -> Entity:
    session = text(meeting.get("sessionId"))
    vendor_id = text(meeting.get("meetingId"))
    fields = {
        "vconf.conference.vendor_id": vendor_id,
        "vconf.conference.parent_id": session,
        "vconf.topology": text(meeting.get("mediaMode")),
        "opentok.session_id": session,
        "opentok.meeting_id": vendor_id,
    }
    entity = _entity(record.key, meeting, fields, MEETING)
    if record.ongoing:
        entity.flags.add("ongoing")
    return entity


def _entity(key: tuple[str, ...], members: dict[str, Any], fields: dict[str, Any], known: frozenset[str]) -> Entity:
    extra = {name: value for name, value in members.items() if name not in known or not _placed(name, value)}
    at, end = instant_ms(members.get("createdAt")), instant_ms(members.get("destroyedAt"))
    return Entity(key, at, end, fields, set(), extra)


def _placed(name: str, value: object) -> bool:
    """Whether a known member is of a type that its field can hold; null and empty need no place."""
    if value is None or value == "":
        return True
    if name in {"createdAt", "destroyedAt"}:
        return instant_ms(value) is not None
    if name in {"hasAudioTrack", "hasVideoTrack"}:
        return isinstance(value, bool)
    return isinstance(value, dict) if name == "stream" else text(value) is not None


def _people(parts: Iterator[Part], oddities: Counter[str]) -> dict[str, Entity]:
    """The connections by id; those without one are counted, twins keep the first."""
    people: dict[str, Entity] = {}
    for part in parts:
        for connection in decode_json(part.rows, oddities):
            key = text(connection.get("connectionId")) if isinstance(connection, dict) else None
            if key is None:
                oddities["connections that are null or have no id"] += 1
            elif key not in people:
                people[key] = _participant(key, connection)
    return people


def _participant(key: str, connection: dict[str, Any]) -> Entity:
    raw = text(connection.get("userAgent"))
    sdk = text(connection.get("sdkType"))
    fields = {
        "opentok.connection_id": key,
        "opentok.user_agent": raw,
        "user.id": text(connection.get("guid")),
        "client.geo.country_iso_code": text(connection.get("country")),
        "user_agent.original": decoded_user_agent(raw) if raw else None,
        "user_agent.name": text(connection.get("browser")),
        "user_agent.version": text(connection.get("browserVersion")),
        "vconf.client.sdk.name": sdk,
        "vconf.client.sdk.version": text(connection.get("sdkVersion")),
        "vconf.client.kind": CLIENT_KIND.get(sdk.lower()) if sdk else None,
    }
    return _entity((key,), connection, fields, CONNECTION)


def decoded_user_agent(raw: str) -> str:
    """A form-encoded user agent as plain text, decoded once; plain text stays as it is (reference, 12.6)."""
    encoded = " " not in raw and "/" not in raw and ("%" in raw or "+" in raw)
    return unquote_plus(raw, errors="replace") if encoded else raw


def _streams(groups: Any, oddities: Counter[str]) -> Iterator[Stream]:  # noqa: ANN401 - itertools' own type
    """Publishers first, as they come in the record: they tell who is at the other end of a subscriber."""
    publishers: dict[str, str] = {}
    for (kind, head), parts in groups:
        members = decode_object(head, oddities) if not is_null(head) else {}
        if not members:
            oddities[f"{kind}s that are null"] += sum(1 for _ in parts)
            continue
        stats: list[Stat] = []
        for part in parts:
            stats += _rows.decode(part.rows, oddities)
        yield _stream(kind, members, stats, publishers, oddities)


def _stream(
    kind: str, members: dict[str, Any], stats: list[Stat], publishers: dict[str, str], oddities: Counter[str]
) -> Stream:
    of_stream = members.get("stream")
    about: dict[str, Any] = of_stream if isinstance(of_stream, dict) else {}
    sent = kind == "publisher"
    connection, stream_id = text(members.get("connectionId")), text(about.get("streamId"))
    video_type = text(about.get("videoType"))
    shape = _kind(video_type, about)
    rows = measurements(stats, sent=sent, screen=shape == "screen", oddities=oddities)
    fields = {
        "vconf.stream.direction": "sent" if sent else "received",
        "vconf.stream.kind": shape,
        "vconf.stream.media": _media(about, stats, shape),
        "vconf.stream.codec": codecs(stats),
        "opentok.connection_id": connection,
        "opentok.stream_id": stream_id,
        "opentok.subscriber_id": text(members.get("subscriberId")),
        "opentok.video_type": video_type,
    }
    entity = _entity(_stream_key(members, connection, stream_id, sent=sent), members, fields, STREAM)
    strange = {name: value for name, value in about.items() if name not in _ABOUT or not _placed(name, value)}
    entity.extra |= {f"stream.{name}": value for name, value in strange.items()}
    if sent and stream_id and connection:
        publishers[stream_id] = connection
    peer = None if sent else publishers.get(stream_id or "")
    return Stream(entity, connection, peer, rows)


_ABOUT = frozenset({"streamId", "videoType", "hasAudioTrack", "hasVideoTrack"})


def _stream_key(
    members: dict[str, Any], connection: str | None, stream_id: str | None, *, sent: bool
) -> tuple[str, ...]:
    """`documents.md`: publisher by stream id, subscriber by its own id, else by connection and start."""
    own = stream_id if sent else text(members.get("subscriberId"))
    if own:
        return (own,)
    start = text(members.get("createdAt")) or "none"
    return (connection or "none", start) if sent else (connection or "none", stream_id or "none", start)


def _kind(video_type: str | None, about: dict[str, Any]) -> str | None:
    if about.get("hasVideoTrack") is False:
        return "mic" if about.get("hasAudioTrack") else "other"
    return STREAM_KIND.get(video_type.lower(), "other") if video_type else None


def _media(about: dict[str, Any], stats: list[Stat], shape: str | None) -> list[str]:
    """What the stream carries: by its tracks if the vendor tells of them, else by what was measured."""
    tracks: list[Any] = [about.get("hasAudioTrack"), about.get("hasVideoTrack")]
    if not all(isinstance(told, bool) for told in tracks):
        measured = media_of(stats)
        tracks = [told if isinstance(told, bool) else seen for told, seen in zip(tracks, measured, strict=True)]
    names = "audio", "screen" if shape == "screen" else "video"
    return [name for name, there in zip(names, tracks, strict=True) if there]


def text(value: object) -> str | None:
    """A vendor's text; empty is absent, numbers become text, anything else is absent."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
