"""What a listener or a viewer would say, 1 to 5: `vq-1`, an estimate from what the network did.

Audio: the E-model of ITU-T G.107 with its defaults (Ro - Is = 93.2) and Cole & Rosenbluth's straight lines for the
delay. Video: the bitrate against the one that a camera's picture of that size normally gets, after
wobbals/opentok-mos-estimator. Worked numbers of both: tests/test_quality_scores.py.
"""

from functools import lru_cache
from math import log, log10

from harvesters.quality.thresholds import Codec

PACKETISATION_MS = 20.0
"""One frame of audio."""
BEST_R, BEST_MOS = 100.0, 4.5
KNEE_MS = 177.3
"""From here on delay hurts conversation more."""
LEAST_KBPS = 30.0
SMALLEST_PIXELS = 2800
"""The size whose target is the least bitrate: nothing below can be told from a bad picture."""


def delay_ms(one_way: float | None, rtt: float | None, buffer: float | None, jitter: float | None) -> float:
    """From mouth to ear in ms.

    Where nobody says one way, it is half of the way there and back; where nobody says how long the buffer holds, twice
    the jitter. What is unknown counts nothing.
    """
    way = one_way if one_way is not None else (rtt or 0.0) / 2
    return PACKETISATION_MS + way + (buffer if buffer is not None else 2 * (jitter or 0.0))


def r_factor(loss_pct: float, delay: float, codec: Codec) -> float:
    """R of the E-model, 93.2 at best: `loss_pct` in percent, `delay` in ms from mouth to ear."""
    impaired = codec.ie + (95.0 - codec.ie) * loss_pct / (loss_pct + codec.bpl)
    delayed = 0.024 * delay + (0.11 * (delay - KNEE_MS) if delay > KNEE_MS else 0.0)
    return 93.2 - delayed - impaired


def mos(r: float) -> float:
    """The mean opinion score of an R, 1 to 4.5; the cubic would dip below 1 for R under 6.5."""
    if r <= 0:
        return 1.0
    if r >= BEST_R:
        return BEST_MOS
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


@lru_cache(maxsize=1024)
def target_kbps(pixels: int) -> float:
    """The bitrate in kbit/s that a camera's picture of so many pixels normally gets."""
    return float(10 ** (2.069924867 * log10(pixels) ** 0.6250223771)) / 1000


def video_score(bitrate_kbps: float, pixels: int) -> float | None:
    """1 to 5 of a camera's picture; None where it is too small to tell."""
    if pixels < SMALLEST_PIXELS:
        return None
    if bitrate_kbps <= LEAST_KBPS:
        return 1.0
    target = target_kbps(pixels)
    return 1 + 4 * log(min(bitrate_kbps, target) / LEAST_KBPS) / log(target / LEAST_KBPS)
