"""How good a line is at a time, and what is measured on it."""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from random import Random

POOL = 256


class Level(IntEnum):
    """A line from good to awful; of two lines in a row the worse one counts."""

    GOOD = 0
    FAIR = 1
    FAR = 2
    POOR = 3
    LOSSY = 4
    AWFUL = 5


@dataclass(frozen=True, slots=True)
class Measure:
    """One measurement of audio and video on a line.

    Attributes:
        audio_loss: share of packets lost, 0 to 1; `video_loss` likewise.
        latency_ms: one way.
        audio_kbps: in 1000 bit/s; `video_kbps` likewise.
        size: width and height of the picture.
    """

    audio_loss: float
    video_loss: float
    latency_ms: float
    audio_kbps: float
    video_kbps: float
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Line:
    """What a level is like: share of measurements without any loss, mean loss of the others, ..."""

    clean: float
    loss: float
    latency: tuple[int, int]
    video: tuple[int, int]
    size: tuple[int, int]


_LINES = {
    Level.GOOD: _Line(0.85, 0.003, (15, 70), (600, 1200), (1280, 720)),
    Level.FAIR: _Line(0.5, 0.01, (50, 130), (450, 900), (1280, 720)),
    Level.FAR: _Line(0.6, 0.008, (280, 420), (400, 800), (1280, 720)),
    Level.POOR: _Line(0.1, 0.03, (120, 260), (200, 450), (640, 480)),
    Level.LOSSY: _Line(0.0, 0.13, (150, 350), (120, 350), (640, 480)),
    Level.AWFUL: _Line(0.0, 0.3, (300, 700), (40, 150), (320, 240)),
}
_LEAST_BURST, _MOST_LOSS = 0.06, 0.6


@lru_cache(maxsize=len(Level))
def measures(level: Level) -> tuple[Measure, ...]:
    """What is measured on a line of that level, one after the other; the same in every world."""
    random = Random(f"measures/{level.name}")
    return tuple(_measure(random, level) for _ in range(POOL))


def _measure(random: Random, level: Level) -> Measure:
    line = _LINES[level]
    audio = _loss(random, line, level)
    video = min(_MOST_LOSS, audio * random.uniform(0.8, 1.5))
    return Measure(
        audio_loss=round(audio, 4),
        video_loss=round(video, 4),
        latency_ms=float(random.randint(*line.latency)),
        audio_kbps=round(random.uniform(24, 40), 1),
        video_kbps=float(random.randint(*line.video)),
        size=line.size,
    )


def _loss(random: Random, line: _Line, level: Level) -> float:
    if random.random() < line.clean:
        return 0.0
    least = _LEAST_BURST if level >= Level.LOSSY else 0.0
    return min(_MOST_LOSS, max(least, random.expovariate(1 / line.loss)))
