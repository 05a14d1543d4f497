"""One session of a person in a room: its row, and the events that have no connection."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from harvesters.sandbox.peermetrics.journal import EVENT, INITIALIZE, SESSION, Step
from harvesters.sandbox.peermetrics.rooms import Json, uid
from harvesters.sandbox.peermetrics.stamps import stamp
from harvesters.sandbox.peermetrics.ticks import CHROME, FIREFOX, OLD_CHROME

_DEVICES = (
    {"kind": "audioinput", "label": "Built-in Microphone", "groupId": "g1", "deviceId": "default"},
    {"kind": "videoinput", "label": "HD Camera", "groupId": "g2", "deviceId": "cam1"},
    {"kind": "audiooutput", "label": "Built-in Output", "groupId": "g1", "deviceId": "out1"},
)
_BROWSERS: Mapping[str, tuple[str, str]] = {
    CHROME: ("Chrome", "141"),
    OLD_CHROME: ("Chrome", "108"),
    FIREFOX: ("Firefox", "143"),
}
_SETTINGS: Mapping[str, Json] = {
    "audio": {"deviceId": "default", "sampleRate": 48000, "channelCount": 1},
    "video": {"width": 1280, "height": 720, "deviceId": "cam1", "frameRate": 30},
}
_GEO = {"city": "madrid", "latitude": "40.416775", "longitude": "-3.703790", "region_code": "md", "country_code": "ES"}
_ASKED = {"constraints": {"audio": True, "video": {"width": 1280, "height": 720}}}
_REFUSED = {"error": {"name": "NotAllowedError", "message": "Permission denied"}}


@dataclass(frozen=True, slots=True)
class Person:
    """One joining of a person; two of one name are one person who comes twice.

    Attributes:
        name: for people; the site's own id follows from it.
        joins: seconds after the call's start.
        leaves: likewise; None for the call's end.
        browser: `chrome`, `old-chrome` or `firefox`.
        ends: `unload`, `endCall`, `crash` (nothing), `removed` (its connections, then unload) or `closed` (the
            state of its connections, then nothing).
        media: of camera and microphone is `given`, `refused`, or `none` is asked for.
        connects: whether there are connections.
        ice: ends up `connected` or `failed`.
        relay: whether media go over TURN; `tcp` whether over TCP.
        candidate_errors: how many there are for each connection.
        drops: seconds after the call's start at which connections break, for 1.25 seconds.
        custom: seconds after the call's start, and the data of a custom event: any JSON.
        browser_events: seconds after the call's start, and a type such as `tabFocus`.
        lost: packets lost of 500 in ten seconds, in each audio stream that arrives here.
        emos: the score that the server finds; 4 and more is no issue.
        sdk: whether the page reports; if not, only others' connections tell of the person.
        stats: it reports statistics: `full`, `none`, or `apart`: whoever made the room has their rows.
        late_pair: whether the first statistics know no candidates yet.
        kinds: what it sends: `audio` and `video`.
        row: members of the session's row that are to be otherwise.
    """

    name: str
    joins: float = 0
    leaves: float | None = None
    browser: str = CHROME
    ends: str = "unload"
    media: str = "given"
    connects: bool = True
    ice: str = "connected"
    relay: bool = False
    tcp: bool = False
    candidate_errors: int = 0
    drops: Sequence[float] = ()
    custom: Sequence[tuple[float, object]] = ()
    browser_events: Sequence[tuple[float, str]] = ()
    lost: int = 0
    emos: float | None = None
    sdk: bool = True
    stats: str = "full"
    late_pair: bool = False
    kinds: tuple[str, ...] = ("audio", "video")
    row: Mapping[str, Any] = field(default_factory=dict)


def participant(app: str, name: str, created_at: str, *, sfu: bool = False, told: bool = True) -> Json:
    """The row of somebody, the same id in every room of the app; `told` is whether the name is known."""
    site_id = name if sfu else f"u-{name.lower().replace(' ', '-')}"
    return {
        "id": uid(app, "participant", site_id),
        "participant_id": site_id,
        "participant_name": name if told else None,
        "is_sfu": sfu,
        "app": app,
        "created_at": created_at,
    }


@dataclass(frozen=True, slots=True)
class Stay:
    """A session.

    Attributes:
        room: the conference's row.
        id: of the session.
        person: who it is; `who` is the row.
        call: when the call began, from which the person's seconds count.
        start: of the session; `end` likewise, as the person left.
    """

    room: Json
    id: str
    person: Person
    who: Json
    call: datetime
    start: datetime
    end: datetime

    def after(self, seconds: float) -> datetime:
        """So many seconds after the session's start."""
        return self.start + timedelta(seconds=seconds)

    def at(self, seconds: float) -> datetime:
        """So many seconds after the call's start, a little later for each person."""
        return self.call + timedelta(seconds=seconds, microseconds=self.start.microsecond)

    def track(self, kind: str) -> str:
        """The browser's id of the track of its microphone or camera."""
        return uid(self.id, "media", kind)


def event(stay: Stay, kind: str, category: str, at: datetime, data: object = None) -> Step:
    """An event without a connection."""
    written = stamp(at)
    row = {
        "id": uid(stay.id, kind, written),
        "conference": stay.room["id"],
        "participant": stay.who["id"],
        "peer": None,
        "session": stay.id,
        "connection": None,
        "track": None,
        "app": stay.room["app"],
        "type": kind,
        "category": category,
        "data": data,
        "created_at": written,
    }
    return Step(written, EVENT, row)


def track_data(kind: str, track: str, *, own: bool) -> Json:
    """A track as the browser describes it: somebody's `own` device, or one that arrives."""
    label = ("Built-in Microphone" if kind == "audio" else "HD Camera") if own else track
    return {
        "id": track,
        "kind": kind,
        "label": label,
        "muted": not own,
        **({"_track": {}} if own else {}),
        "enabled": True,
        "settings": _SETTINGS[kind] if own else {},
        "readyState": "live",
        "constraints": {},
        "contentHint": "",
        "capabilities": {"groupId": "g1", "deviceId": "default"} if own else {},
        "constructorName": "MediaStreamTrack",
    }


def session_row(stay: Stay, created_at: str) -> Json:
    """The row, without issues."""
    name, version = _BROWSERS[stay.person.browser]
    return {
        "id": stay.id,
        "conference": stay.room["id"],
        "participant": stay.who["id"],
        "devices": list(_DEVICES),
        "platform": {
            "os": {"name": "Mac OS", "version": "10.15.7"},
            "ua": f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {name}/{version}.0.0.0",
            "cpu": {},
            "device": {"model": "Macintosh", "vendor": "Apple"},
            "engine": {"name": "Gecko" if name == "Firefox" else "Blink", "version": f"{version}.0.0.0"},
            "browser": {"name": name, "major": version, "version": f"{version}.0.0.0"},
        },
        "metadata": {"plan": "pro", "region": "eu-1"},
        "geo_ip": dict(_GEO),
        "app_version": "1.4.2",
        "webrtc_sdk": None,
        "session_info": {},
        "duration": 0,
        "end_time": None,
        "call_start": None,
        "created_at": created_at,
        **stay.person.row,
    }


def steps(stay: Stay) -> Iterator[Step]:
    """What the session tells, but for its connections: 50 ms after the start is its row's stamp."""
    person, begun = stay.person, stamp(stay.after(0.05))
    yield Step(stamp(stay.start), INITIALIZE, stay.who)
    yield Step(begun, SESSION, session_row(stay, begun))
    yield from _media(stay)
    for seconds, data in person.custom:
        yield event(stay, "custom", "browser", stay.at(seconds), data)
    for seconds, kind in person.browser_events:
        yield event(stay, kind, "browser", stay.at(seconds))
    if person.ends in {"unload", "removed"}:
        yield event(stay, "beforeunload", "browser", stay.end - timedelta(milliseconds=80))
        yield event(stay, "unload", "browser", stay.end)
    elif person.ends == "endCall":
        yield event(stay, "endCall", "browser", stay.end)


def _media(stay: Stay) -> Iterator[Step]:
    """Asked after 0.1 seconds, answered after 0.6."""
    if stay.person.media == "none":
        return
    yield event(stay, "getUserMedia", "getUserMedia", stay.after(0.1), _ASKED)
    given = {kind: [track_data(kind, stay.track(kind), own=True)] for kind in stay.person.kinds}
    answer = _REFUSED if stay.person.media == "refused" else given
    yield event(stay, "getUserMedia", "getUserMedia", stay.after(0.6), answer)
