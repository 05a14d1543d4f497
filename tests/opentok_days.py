"""Invented OpenTok sessions for tests and benchmarks: the same arguments always give the same data.

`session` builds one, `day_of` a whole day of them that are built when asked for. A session has the flat
shape: meetings with connections, publishers and subscribers beside each other. With `ready=True` the
statistics are rows of text that are made when they are served; otherwise plain lists, free to be changed.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from random import Random
from typing import TypedDict, Unpack
from uuid import UUID

from harvesters.core.day import iso_ms, to_ms
from harvesters.sandbox.opentok.instants import STEP_MS, row_instants
from harvesters.sandbox.opentok.rows import Record, TextRows

KEY = "46204972"
SECRET = "1f2e3d4c5b6a79880112233445566778899aabbc"
_POOL = 1024
_MINUTE_MS = 60_000
_STREAMS = {"publisher": ("hasAudio", "hasVideo"), "subscriber": ("subscribeToAudio", "subscribeToVideo")}
_CLIENTS = (
    ("js", "2.17.0", "Chrome", "83"),
    ("js", "2.29.3", "Firefox", "121"),
    ("js", "2.29.3", "Safari", "17"),
    ("ios", "2.27.1", None, None),
    ("android", "2.27.1", None, None),
)
_COUNTRIES = ("DE", "AT", "CH", "FR", None)


@dataclass(frozen=True, slots=True)
class Call:
    """What a call is like.

    Attributes:
        people: connections, each with one camera.
        minutes: length of each meeting.
        meetings: meetings of the session, one after the other.
        gap: minutes between two meetings; below 10 they share their id, as in the real API.
        screens: how many of the people also share a screen.
        key: the project.
        ready: see the module.
    """

    people: int = 4
    minutes: float = 30
    meetings: int = 1
    gap: float = 15
    screens: int = 0
    key: str = KEY
    ready: bool = False


class CallFields(TypedDict, total=False):
    """All fields of `Call` but `people`."""

    minutes: float
    meetings: int
    gap: float
    screens: int
    key: str
    ready: bool


def session(
    index: int, *, day: date, start: timedelta | None = None, people: int = 4, **call: Unpack[CallFields]
) -> Record:
    """One session in flat shape.

    Args:
        index: tells sessions of a day apart.
        day: UTC day on which the first meeting starts.
        start: time of that day; without it one between 00:00 and 24:00 that depends on the index.
        people: see `Call`, as the other fields.
        call: fields of `Call`.
    """
    return _session(index, day, start, Call(people, **call))


def day_of(calls: int, *, day: date, people: Sequence[int] = (4,), **call: Unpack[CallFields]) -> "LazyDay":
    """A day of sessions by id, with `people` in turn and the other fields of `Call` (`ready` by default)."""
    kinds = [replace(Call(count, ready=True), **call) for count in people]
    return LazyDay(calls, day, kinds)


class LazyDay(Mapping[str, Record]):
    """Sessions by id, each built when it is asked for; some are kept."""

    def __init__(self, calls: int, day: date, kinds: Sequence[Call], kept: int = 1024) -> None:
        self._ids = {session_id(index, day, kinds[0].key): index for index in range(calls)}
        self._built = lru_cache(kept)(self._build)
        self._day, self._kinds = day, kinds

    def _build(self, index: int) -> Record:
        return _session(index, self._day, None, self._kinds[index % len(self._kinds)])

    def __getitem__(self, session_id: str) -> Record:
        return self._built(self._ids[session_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def session_id(index: int, day: date, key: str = KEY) -> str:
    """The id as OpenTok makes them: it holds the key and the instant of its making."""
    tail = f"{Random(f'id {day} {index}').getrandbits(96):024x}"
    text = f"1~{key}~~{_midnight(day) + index}~{tail}~~"
    return "2_" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def nested(flat: Record) -> Record:
    """The same session in the shape of the seed's answer: streams below connections, no times of meetings."""
    meetings = [_nested_meeting(meeting) for meeting in flat["meetings"]["resources"]]
    return {**flat, "meetings": {"resources": meetings}}


def _nested_meeting(meeting: Record) -> Record:
    connections = [
        {**connection, **{name: _of(meeting[name], connection) for name in ("publishers", "subscribers")}}
        for connection in meeting["connections"]["resources"]
    ]
    return {"meetingId": meeting["meetingId"], "connections": {"resources": connections}}


def _of(streams: Record, connection: Record) -> Record:
    own = [s for s in streams["resources"] if s["connectionId"] == connection["connectionId"]]
    return {"resources": own}


def _midnight(day: date) -> int:
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _session(index: int, day: date, start: timedelta | None, call: Call) -> Record:
    random = Random(f"{day} {index}")
    offset = timedelta(minutes=random.randrange(24 * 60)) if start is None else start
    begin = _midnight(day) + offset // timedelta(milliseconds=1)
    step = round((call.minutes + call.gap) * _MINUTE_MS)
    meeting_id = _uuid(random)
    meetings = []
    for number in range(call.meetings):
        meetings.append(_meeting(random, meeting_id, begin + number * step, call))
        meeting_id = meeting_id if call.gap < 10 else _uuid(random)
    whole = {
        "sessionId": session_id(index, day, call.key),
        "mediaMode": "routed",
        "meetings": {"resources": meetings},
    }
    return whole if call.ready else {name: _plain(part) for name, part in whole.items()}


@dataclass(frozen=True, slots=True)
class _Life:
    """From when to when, in milliseconds since 1970."""

    start: int
    end: int

    def within(self, other: "_Life", delay: int) -> "_Life":
        return _Life(max(self.start, other.start) + delay, min(self.end, other.end))

    @property
    def times(self) -> Record:
        return {"createdAt": iso_ms(self.start), "destroyedAt": iso_ms(self.end)}


def _meeting(random: Random, meeting_id: str, begin: int, call: Call) -> Record:
    length = round(call.minutes * _MINUTE_MS)
    lives = [
        _Life(begin + (place and random.randrange(1, max(2, length // 20))), begin + length - place * 10)
        for place in range(call.people)
    ]
    connections = [_connection(random, life) for life in lives]
    ids = [connection["connectionId"] for connection in connections]
    streams = [(place, "camera") for place in range(call.people)]
    streams += [(place, "screen") for place in range(call.screens)]
    publishers, subscribers = [], []
    for place, kind in streams:
        life = lives[place].within(lives[place], random.randrange(200, 900))
        stream = {"streamId": _uuid(random), "videoType": kind, "hasAudioTrack": True, "hasVideoTrack": True}
        publishers.append(_stream(random, "publisher", life, {"connectionId": ids[place], "stream": stream}))
        for other in range(call.people):
            if other != place:
                own = {"subscriberId": _uuid(random), "connectionId": ids[other], "stream": stream}
                subscribers.append(_stream(random, "subscriber", life.within(lives[other], 150), own))
    return {
        "meetingId": meeting_id,
        **_Life(begin, begin + length).times,
        "connections": {"resources": connections},
        "publishers": {"resources": publishers},
        "subscribers": {"resources": subscribers},
    }


def _connection(random: Random, life: _Life) -> Record:
    sdk, version, browser, browser_version = random.choice(_CLIENTS)
    agent = (
        "Mozilla%2F5.0+%28Macintosh%3B+Intel+Mac+OS+X+10_14_6%29+AppleWebKit%2F537.36+"
        f"%28KHTML%2C+like+Gecko%29+{browser or sdk}%2F{browser_version or version}"
    )
    return {
        "connectionId": _uuid(random),
        **life.times,
        "sdkType": sdk,
        "sdkVersion": version,
        "browser": browser,
        "browserVersion": browser_version,
        "guid": _uuid(random) if browser else None,
        "userAgent": agent,
        "country": random.choice(_COUNTRIES),
    }


def _stream(random: Random, kind: str, life: _Life, own: Record) -> Record:
    count = max(1, (life.end - life.start) // STEP_MS)
    make = partial(_texts, _tails(kind), life.start, random.randrange(_POOL))
    rows = TextRows(("createdAt", *_fields(kind)), make, 0, count)
    return {**own, **life.times, "streamStatsCollection": {"resources": rows}}


def _texts(tails: Sequence[str], begin: int, at: int, start: int, stop: int) -> list[str]:
    """Rows some 30 s apart: the instants of real ones keep no grid either."""
    numbers = range(start, stop)
    return [
        f'{{"createdAt":"{instant}",{tails[(at + number) % _POOL]}}}'
        for number, instant in zip(numbers, row_instants(begin, at, numbers), strict=True)
    ]


def _fields(kind: str) -> tuple[str, ...]:
    measures = ("Codec", "LatencyMs", "BitrateKbps", "PacketLoss")
    media = [f"{medium}{measure}" for medium in ("audio", "video") for measure in measures]
    return (*_STREAMS[kind], *media, "videoResolution")


@lru_cache(maxsize=2)
def _tails(kind: str) -> tuple[str, ...]:
    random = Random(kind)
    return tuple(_tail(random, kind) for _ in range(_POOL))


def _tail(random: Random, kind: str) -> str:
    """Everything of a row behind its instant, with whole numbers as JavaScript writes them."""
    video = random.random() > 0.1
    values: list[str] = ["true", "true" if video else "false"]
    for codec, most in (('"opus"', 40.0), ('"VP8"' if video else "null", 1200.0 if video else 0.0)):
        latency = "null" if kind == "publisher" else _number(random, 250.0)
        loss = "0" if random.random() < 0.7 else _number(random, 0.2)
        values += [codec, latency, _number(random, most), loss]
    values.append('"1280x720"' if video else "null")
    return ",".join(f'"{name}":{value}' for name, value in zip(_fields(kind), values, strict=True))


def _number(random: Random, most: float) -> str:
    return f"{round(random.uniform(0, most), random.choice((0, 2, 3))):g}"


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _plain(value: object) -> object:
    if isinstance(value, TextRows):
        return list(value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value
