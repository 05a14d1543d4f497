"""OpenTok's disputed bitrates: what "Kbps" means there is a setting (`documents.md`, section 3).

Real answers show 6.6 to 8.3 for 720p video, and a Vonage engineer multiplies by 8. The vendor's number is
always kept under its own name; `bitrate_kbps` is derived from it only where the operator says how.
"""

from collections.abc import Callable, Mapping
from typing import Any

from harvesters.core.digits import rounded
from harvesters.core.tree import Row

FACTORS = {"kbit": 1.0, "kbyte": 8.0}


def bitrate_step(shapes: Mapping[str, Any]) -> Callable[[Row], Row] | None:
    """The step that derives `bitrate_kbps` from the vendor's numbers, None where their unit is unknown.

    `shapes`: the settings that shape documents, by variable name.
    """
    units = [value for name, value in shapes.items() if name.endswith("_BITRATE_UNIT")]
    factor = FACTORS.get(units[0]) if units else None
    if factor is None:
        return None

    def derive(row: Row) -> Row:
        _scale(row, factor)
        return row

    return derive


def _scale(row: Row, factor: float) -> None:
    """A medium that is off has no block, and so no bitrate either."""
    quality = row.quality
    audio, video = getattr(row.own, "audio_bitrate", None), getattr(row.own, "video_bitrate", None)
    if quality.audio is not None and audio is not None:
        quality.audio.bitrate_kbps = rounded(audio * factor)
    picture = quality.screen if quality.video is None else quality.video
    if picture is not None and video is not None:
        picture.bitrate_kbps = rounded(video * factor)
