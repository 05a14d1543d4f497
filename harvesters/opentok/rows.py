"""Statistics rows of OpenTok as measurements in our units: the hot path, one small struct a row."""

import re
import sys
from collections import Counter
from functools import lru_cache
from itertools import groupby
from typing import Annotated

import msgspec

from harvesters.core.day import instant_ms, own_ms
from harvesters.core.digits import rounded
from harvesters.core.tree import Medium, Quality, Row

MOST_CODECS = 8
CLAMPED = ("clamped",)
NO_SIZE = frozenset({None, "", "-", "0*0", "0x0"})
# Well inside what a `float` of Elasticsearch holds; NaN, infinite and larger numbers are unreadable.
Number = Annotated[float, msgspec.Meta(ge=-1e30, le=1e30)]
_SIZE = re.compile(r"([0-9]{1,6})[x*]([0-9]{1,6})", re.IGNORECASE).fullmatch


class Stat(msgspec.Struct, rename="camel", gc=False):
    """One statistics row of a publisher or subscriber, as the vendor names it (reference, 7.1)."""

    created_at: str | None = None
    has_audio: bool | None = None
    has_video: bool | None = None
    subscribe_to_audio: bool | None = None
    subscribe_to_video: bool | None = None
    audio_codec: str | None = None
    audio_latency_ms: Number | None = None
    audio_bitrate_kbps: Number | None = None
    audio_packet_loss: Number | None = None
    video_codec: str | None = None
    video_latency_ms: Number | None = None
    video_bitrate_kbps: Number | None = None
    video_packet_loss: Number | None = None
    video_resolution: str | None = None


class Bitrates(msgspec.Struct, omit_defaults=True, gc=False):
    """The vendor's own numbers; what "Kbps" means there is disputed, so they are kept as they came."""

    audio_bitrate: float | None = None
    video_bitrate: float | None = None


@lru_cache(maxsize=512)
def resolution(text: str | None) -> tuple[int | None, int | None, int | None]:
    """`1280x720` (or with `*`) as width, height and pixels; anything else, zero too, is absent."""
    size = _SIZE(text or "")
    width, height = (int(size[1]), int(size[2])) if size else (0, 0)
    return (width, height, width * height) if width and height else (None, None, None)


def percent(ratio: float | None, oddities: Counter[str]) -> float | None:
    """A loss ratio 0..1 in percent; above 1 it is no ratio and absent. Negative ones are clamped by the caller."""
    if not ratio:
        return ratio
    if ratio > 1:
        oddities["packet loss above 1"] += 1
        return None
    return rounded(ratio * 100) if ratio > 0 else 0.0


def measurements(stats: list[Stat], *, sent: bool, screen: bool, oddities: Counter[str]) -> list[Row]:
    """The rows of one stream in order of time; equal ones count once, those without a time are left out."""
    rows = []
    latest, in_order = -sys.maxsize, True
    for stat in stats:
        written = stat.created_at
        at = own_ms(written) if written else None
        if at is None:
            at, written = instant_ms(written), None
        if at is None:
            oddities["statistics without a time"] += 1
            continue
        in_order = in_order and at > latest
        latest = at
        audio_on = stat.has_audio if sent else stat.subscribe_to_audio
        video_on = stat.has_video if sent else stat.subscribe_to_video
        # A medium that is off has no block, whatever numbers the row carries.
        audio = None if audio_on is False else _audio(stat, oddities)
        picture = None if video_on is False else _picture(stat, oddities)
        quality = Quality(audio, None, picture) if screen else Quality(audio, picture)
        own = Bitrates(stat.audio_bitrate_kbps, stat.video_bitrate_kbps)
        heard, seen = stat.audio_packet_loss, stat.video_packet_loss
        odd = (heard and heard < 0) or (seen and seen < 0)
        rows.append(Row(at, quality, own, _flags(stat, audio, picture) if odd else (), None, None, written))
    return rows if in_order else _ordered(rows)


def _audio(stat: Stat, oddities: Counter[str]) -> Medium | None:
    loss, latency = stat.audio_packet_loss, stat.audio_latency_ms
    if loss:
        loss = percent(loss, oddities)
    nothing = loss is None and latency is None and stat.audio_bitrate_kbps is None
    return None if nothing else Medium(loss, latency)


def _picture(stat: Stat, oddities: Counter[str]) -> Medium | None:
    loss, latency = stat.video_packet_loss, stat.video_latency_ms
    if loss:
        loss = percent(loss, oddities)
    width, height, pixels = resolution(stat.video_resolution)
    if pixels is None and stat.video_resolution not in NO_SIZE:
        oddities["unreadable 'videoResolution'"] += 1
    nothing = loss is None and latency is None and pixels is None and stat.video_bitrate_kbps is None
    return None if nothing else Medium(loss, latency, None, width, height, pixels)


def _flags(stat: Stat, audio: Medium | None, picture: Medium | None) -> tuple[str, ...]:
    """Only what stands in the document can have been clamped."""
    heard = audio is not None and (stat.audio_packet_loss or 0) < 0
    seen = picture is not None and (stat.video_packet_loss or 0) < 0
    return CLAMPED if heard or seen else ()


def _ordered(rows: list[Row]) -> list[Row]:
    """In order of time, without rows that repeat another: a page that came twice is not two measurements."""
    for row in rows:
        row.written = None  # an instant in two forms is the same instant
    kept: list[Row] = []
    for _, twins in groupby(sorted(rows, key=_by_time), key=_by_time):
        different: list[Row] = []
        for row in twins:
            if row not in different:
                different.append(row)
        kept += different
    return kept


def _by_time(row: Row) -> int:
    return row.at


def codecs(stats: list[Stat]) -> list[str]:
    """The codecs that the rows name, in lower case, a handful at most."""
    named = {stat.audio_codec for stat in stats} | {stat.video_codec for stat in stats}
    return sorted({codec.lower() for codec in named if codec})[:MOST_CODECS]


def media_of(stats: list[Stat]) -> tuple[bool, bool]:
    """Whether audio and a picture were measured, for streams whose tracks the vendor does not tell."""
    audio = any(stat.audio_bitrate_kbps is not None or stat.audio_packet_loss is not None for stat in stats)
    picture = any(stat.video_bitrate_kbps is not None or stat.video_packet_loss is not None for stat in stats)
    return audio, picture
