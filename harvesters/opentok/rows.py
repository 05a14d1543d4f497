"""Statistics rows of OpenTok as measurements in our units: the hot path, one small struct a row."""

from collections import Counter
from functools import lru_cache
from itertools import pairwise

import msgspec

from harvesters.core.day import instant_ms
from harvesters.core.tree import Medium, Quality, Row

MOST_CODECS = 8
CLAMPED = ("clamped",)


class Stat(msgspec.Struct, rename="camel"):
    """One statistics row of a publisher or subscriber, as the vendor names it (reference, 7.1)."""

    created_at: str | None = None
    has_audio: bool | None = None
    has_video: bool | None = None
    subscribe_to_audio: bool | None = None
    subscribe_to_video: bool | None = None
    audio_codec: str | None = None
    audio_latency_ms: float | None = None
    audio_bitrate_kbps: float | None = None
    audio_packet_loss: float | None = None
    video_codec: str | None = None
    video_latency_ms: float | None = None
    video_bitrate_kbps: float | None = None
    video_packet_loss: float | None = None
    video_resolution: str | None = None


class Bitrates(msgspec.Struct, omit_defaults=True):
    """The vendor's own numbers; what "Kbps" means there is disputed, so they are kept as they came."""

    audio_bitrate: float | None = None
    video_bitrate: float | None = None


@lru_cache(maxsize=512)
def resolution(text: str | None) -> tuple[int | None, int | None, int | None]:
    """`1280x720` (or with `*`) as width, height and pixels; anything else, zero too, is absent."""
    width, cross, height = (text or "").lower().replace("*", "x").partition("x")
    if not cross or not (width.isdecimal() and height.isdecimal()) or not int(width) * int(height):
        return None, None, None
    return int(width), int(height), int(width) * int(height)


def percent(ratio: float | None, oddities: Counter[str]) -> float | None:
    """A loss ratio 0..1 in percent; above 1 it is no ratio and absent. Negative ones are clamped by the caller."""
    if not ratio:
        return ratio
    if ratio > 1:
        oddities["packet loss above 1"] += 1
        return None
    return round(ratio * 100, 6) if ratio > 0 else 0.0


def measurements(stats: list[Stat], *, sent: bool, screen: bool, oddities: Counter[str]) -> list[Row]:
    """The rows of one stream in order of time; equal ones count once, those without a time are left out."""
    convert = _sent if sent else _received
    rows = []
    for stat in stats:
        at = instant_ms(stat.created_at)
        if at is None:
            oddities["statistics without a time"] += 1
            continue
        rows.append(convert(at, stat, screen, oddities))
    rows.sort(key=_by_time)
    return _distinct(rows)


def _by_time(row: Row) -> int:
    return row.at


def _distinct(rows: list[Row]) -> list[Row]:
    """Without rows that repeat the one before: a page that came twice is not two measurements."""
    if all(a.at != b.at for a, b in pairwise(rows)):
        return rows
    kept: list[Row] = []
    for row in rows:
        if not any(row == other for other in kept if other.at == row.at):
            kept.append(row)
    return kept


def _sent(at: int, stat: Stat, screen: bool, oddities: Counter[str]) -> Row:  # noqa: FBT001 - the hot path
    return _row(at, stat, (stat.has_audio is not False, stat.has_video is not False, screen), oddities)


def _received(at: int, stat: Stat, screen: bool, oddities: Counter[str]) -> Row:  # noqa: FBT001 - the hot path
    on = stat.subscribe_to_audio is not False, stat.subscribe_to_video is not False, screen
    return _row(at, stat, on, oddities)


def _row(at: int, stat: Stat, on: tuple[bool, bool, bool], oddities: Counter[str]) -> Row:
    """A medium that is off has no block, whatever numbers the row carries."""
    audio_on, video_on, screen = on
    audio = picture = None
    flags: tuple[str, ...] = ()
    audio_loss, video_loss = stat.audio_packet_loss, stat.video_packet_loss
    if (audio_loss is not None and audio_loss < 0) or (video_loss is not None and video_loss < 0):
        flags = CLAMPED
    if audio_on:
        audio = Medium(percent(audio_loss, oddities), stat.audio_latency_ms)
        if audio == _NOTHING:
            audio = None
    if video_on:
        width, height, pixels = resolution(stat.video_resolution)
        loss = percent(video_loss, oddities)
        picture = Medium(loss, stat.video_latency_ms, None, width, height, pixels)
        if picture == _NOTHING:
            picture = None
    quality = Quality(audio, None, picture) if screen else Quality(audio, picture)
    return Row(at, quality, Bitrates(stat.audio_bitrate_kbps, stat.video_bitrate_kbps), flags)


_NOTHING = Medium()


def codecs(stats: list[Stat]) -> list[str]:
    """The codecs that the rows name, in lower case, a handful at most."""
    named = {codec.lower() for stat in stats for codec in (stat.audio_codec, stat.video_codec) if codec}
    return sorted(named)[:MOST_CODECS]


def media_of(stats: list[Stat]) -> tuple[bool, bool]:
    """Whether audio and a picture were measured, for streams whose tracks the vendor does not tell."""
    audio = any(stat.audio_bitrate_kbps is not None or stat.audio_packet_loss is not None for stat in stats)
    picture = any(stat.video_bitrate_kbps is not None or stat.video_packet_loss is not None for stat in stats)
    return audio, picture
