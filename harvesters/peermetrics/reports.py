"""Statistics of browsers as the server stores them, and what lies between two of them.

Source: reference, section 6 (W3C's names and units), and "Quality metrics", section 2.
"""

from functools import lru_cache
from typing import Annotated

import msgspec

from harvesters.core.digits import rounded
from harvesters.core.tree import Medium

# Well inside what a `float` of Elasticsearch holds; NaN and infinite numbers are unreadable.
Number = Annotated[float, msgspec.Meta(ge=-1e30, le=1e30)]
Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 16)]
LEAST = 0.001
"""Of what something is divided by: a counter rises by one at least, and clients tell milliseconds."""
SHORTEST_S, LONGEST_S = 5.0, 50.0
"""Half and five times the ten seconds after which clients report: beyond them something is amiss."""


class Track(msgspec.Struct, rename="camel", gc=False):
    """The media source inside a report."""

    track_identifier: str | None = None


class Report(msgspec.Struct, rename="camel", gc=False):
    """One RTP report of the participant's browser, of any kind and direction.

    Members stand as the server's `jsonb` sends them, by length and letters: a decoder that knows which comes next
    need not search.
    """

    id: str | None = None
    emos: Number | None = None
    kind: str | None = None
    type: str | None = None
    track: Track | None = None
    jitter: Number | None = None
    mime_type: str | None = None
    bytes_sent: Number | None = None
    media_type: str | None = None
    timestamp: Number | None = None
    frame_width: Size | None = None
    frames_sent: Number | None = None
    frame_height: Size | None = None
    packets_lost: Number | None = None
    packets_sent: Number | None = None
    bytes_received: Number | None = None
    frames_decoded: Number | None = None
    frames_encoded: Number | None = None
    round_trip_time: Number | None = None
    frames_received: Number | None = None
    frames_per_second: Number | None = None
    packets_received: Number | None = None
    track_identifier: str | None = None
    jitter_buffer_delay: Number | None = None
    total_freezes_duration: Number | None = None
    jitter_buffer_emitted_count: Number | None = None

    @property
    def media(self) -> str | None:
        """`audio` or `video`."""
        return self.kind or self.media_type

    @property
    def identifier(self) -> str | None:
        """The browser's own id of the track."""
        return self.track_identifier or (self.track.track_identifier if self.track else None)


class Heard(msgspec.Struct, rename="camel", gc=False):
    """What the other end says of a track that the participant sent, by the id of his report."""

    jitter: Number | None = None
    local_id: str | None = None
    bytes_sent: Number | None = None
    packets_lost: Number | None = None
    packets_sent: Number | None = None
    bytes_received: Number | None = None
    round_trip_time: Number | None = None
    packets_received: Number | None = None


Counters = Report | Heard
"""What both ends tell of a track, as far as they know it."""


class Ways(msgspec.Struct, gc=False):
    """Reports of one medium by direction."""

    inbound: list[Report] | None = None
    outbound: list[Report] | None = None


class HeardWays(msgspec.Struct, gc=False):
    """The other end's reports of one medium; what it sent itself is its own participant's to tell."""

    inbound: list[Heard] | None = None


class Remote(msgspec.Struct, gc=False):
    """What the other end reported."""

    audio: HeardWays | None = None
    video: HeardWays | None = None


class Candidate(msgspec.Struct, rename="camel", gc=False):
    """One end of the chosen pair."""

    candidate_type: str | None = None
    protocol: str | None = None
    relay_protocol: str | None = None
    network_type: str | None = None


class Pair(msgspec.Struct, rename="camel", gc=False):
    """The chosen candidate pair."""

    current_round_trip_time: Number | None = None
    local: Candidate | None = None


class Data(Report, rename="camel", gc=False):
    """What one statistics event holds: a report of one track, or all that a connection reported."""

    audio: Ways | None = None
    video: Ways | None = None
    remote: Remote | None = None
    connection: Pair | None = None


class Event(msgspec.Struct, gc=False):
    """One statistics event, or a snapshot of a summary."""

    id: str | None = None
    peer: str | None = None
    session: str | None = None
    connection: str | None = None
    track: str | None = None
    data: Data | None = None
    created_at: str | None = None


class Tick(msgspec.Struct, gc=False):
    """One report of a track with what belongs to it.

    Attributes:
        at: when the server had it, ms.
        report: what the participant's browser says.
        remote: of a sent track, what the other end says of it.
        rtt: round trip of the chosen pair, s.
    """

    at: int
    report: Report
    remote: Counters | None = None
    rtt: float | None = None


class Since(msgspec.Struct, gc=False):
    """What lies between two reports of a track whose counters went on.

    Attributes:
        seconds: how long.
        lost: packets lost; of a sent track as the other end says. None where nobody counted.
        packets: what that is a share of: those that should have come, or were sent; likewise.
        clamped: whether a loss below nothing stands as nothing, since some came twice or late.
    """

    seconds: float
    lost: float | None
    packets: float | None
    clamped: bool


def since(now: Tick, before: Tick, seconds: float) -> Since | None:
    """What lies between two reports that are so far apart; None after a restart."""
    one, other = now.report, before.report
    if restarted(one, other):
        return None
    if one.packets_received is None:
        packets = rose(one.packets_sent, other.packets_sent)
        lost, clamped = _lost(now.remote, before.remote) if now.remote and before.remote else (None, False)
        return Since(seconds, lost, packets, clamped)
    lost, clamped = _lost(one, other)
    came = rose(one.packets_received, other.packets_received)
    return Since(seconds, lost, None if lost is None or came is None else lost + came, clamped)


def _lost(now: Counters, before: Counters) -> tuple[float | None, bool]:
    """Packets lost between two reports, and whether that was below nothing."""
    one, other = now.packets_lost, before.packets_lost
    if one is None or other is None:
        return None, False
    if one >= other:
        return one - other, False
    return (None, False) if restarted(now, before) else (0.0, True)


def rose(now: float | None, before: float | None) -> float | None:
    """By how much a counter rose; absent where it fell, which is a restart, or where it is unknown."""
    if now is None or before is None or now < before:
        return None
    return now - before


def ratio(part: float | None, whole: float | None, factor: float = 1.0) -> float | None:
    """A share, absent where there is nothing to share; that of nothing is common, and need not be rounded."""
    if part is None or whole is None or whole < LEAST:
        return None
    return rounded(factor * part / whole) if part else 0.0


def restarted(now: Counters, before: Counters) -> bool:
    """Whether a counter went down: then nothing can be said of the time between."""
    # A track is received or sent, so most of it is told with two looks for each pair.
    return (
        ((one := now.packets_received) is not None and (other := before.packets_received) is not None and one < other)
        or ((one := now.bytes_received) is not None and (other := before.bytes_received) is not None and one < other)
        or ((one := now.packets_sent) is not None and (other := before.packets_sent) is not None and one < other)
        or ((one := now.bytes_sent) is not None and (other := before.bytes_sent) is not None and one < other)
    )


def seconds_between(now: Tick, before: Tick) -> float:
    """By the client's own clock, where it tells both."""
    one, other = now.report.timestamp, before.report.timestamp
    by_client = (one - other) / 1000 if one is not None and other is not None else 0.0
    return by_client if by_client >= LEAST else (now.at - before.at) / 1000


def medium(now: Tick, before: Tick | None = None, between: Since | None = None) -> Medium:
    """One measurement in our units; rates need the report before it, and what lies between."""
    report = now.report
    heard = now.remote or report
    trip = now.rtt if heard.round_trip_time is None else heard.round_trip_time
    width, height, jitter = report.frame_width or None, report.frame_height or None, heard.jitter
    found = Medium(
        None,
        None,
        None,
        width,
        height,
        width * height if width and height else None,
        _milliseconds(trip) if trip else trip,
        _milliseconds(jitter) if jitter else jitter,
        report.frames_per_second,
    )
    if before is not None and between is not None:
        _rates(found, report, before.report, between.seconds)
        loss = ratio(between.lost, between.packets, 100)
        found.loss_pct = min(100.0, loss) if loss else loss
    return found


@lru_cache(maxsize=4096)
def _milliseconds(seconds: float) -> float | None:
    """Of a time in s, below 0 there is none. Browsers tell few different ones, again and again.

    Not asked for 0: to the cache 0.0 and -0.0 are the same.
    """
    return None if seconds < 0 else round(seconds * 1000, 3)


def _rates(found: Medium, now: Report, before: Report, seconds: float) -> None:
    size, had = now.bytes_received, before.bytes_received
    if size is None:
        size, had = now.bytes_sent, before.bytes_sent
    if size is not None and had is not None and size >= had:
        found.bitrate_kbps = rounded((size - had) / seconds / 125)
    if found.fps is None and now.media != "audio" and (frames := _frames(now, before)) is not None:
        found.fps = rounded(frames / seconds)
    if now.jitter_buffer_emitted_count is not None:
        emitted = rose(now.jitter_buffer_emitted_count, before.jitter_buffer_emitted_count)
        found.buffer_ms = ratio(rose(now.jitter_buffer_delay, before.jitter_buffer_delay), emitted, 1000)
    if now.total_freezes_duration is not None:
        frozen = rose(now.total_freezes_duration, before.total_freezes_duration)
        # Most pictures never stand still.
        found.freeze_pct = min(100.0, rounded(100 * frozen / seconds)) if frozen else frozen


def _frames(now: Report, before: Report) -> float | None:
    pairs = (
        (now.frames_decoded, before.frames_decoded),
        (now.frames_received, before.frames_received),
        (now.frames_encoded, before.frames_encoded),
        (now.frames_sent, before.frames_sent),
    )
    return next((found for one, other in pairs if (found := rose(one, other)) is not None), None)
