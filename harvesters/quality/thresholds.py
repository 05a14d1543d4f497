"""The quality model's constants, read from `thresholds.toml` beside this file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import inf
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("thresholds.toml")
DEFAULT = "default"
NOT_GIVEN, OTHER = "", "other"


@dataclass(frozen=True, slots=True)
class Limits:
    """The values beyond which one medium is bad; infinite where nothing is said.

    `loss`, `freeze` and `cpu` in percent, `jitter`, `rtt` and `latency` in ms, `fps` a least number of pictures in a
    second, `mos_drop` in points of the MOS.
    """

    loss: float = inf
    jitter: float = inf
    rtt: float = inf
    latency: float = inf
    freeze: float = inf
    cpu: float = inf
    mos_drop: float = inf
    fps: float = -inf


@dataclass(frozen=True, slots=True)
class Both:
    """Of one medium: beyond `warn` somebody may notice, beyond `poor` everybody does."""

    warn: Limits
    poor: Limits


@dataclass(frozen=True, slots=True)
class Codec:
    """How much an audio codec suffers: `ie` without loss, `bpl` the robustness against it (ITU-T G.107)."""

    ie: float
    bpl: float


@dataclass(frozen=True, slots=True)
class Bitrates:
    """From which bitrate on, in kbit/s, a camera's picture of at least so many pixels is excellent or acceptable."""

    pixels: int
    excellent: float
    acceptable: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """One profile of the model.

    Attributes:
        model: its name, such as `vq-1`.
        profile: such as `default`.
        good: least score of that label.
        fair: likewise; below it is poor.
        media: limits by medium: audio, video, screen.
        codecs: audio codecs by name; `NOT_GIVEN` and `OTHER` are among them.
        bitrates: of cameras, the largest picture first.
    """

    model: str
    profile: str
    good: float
    fair: float
    media: Mapping[str, Both]
    codecs: Mapping[str, Codec]
    bitrates: tuple[Bitrates, ...] = field(default=())

    def for_pixels(self, pixels: int) -> Bitrates:
        """The row of the largest size that is no larger."""
        return next(each for each in self.bitrates if each.pixels <= pixels)


def profiles() -> tuple[str, ...]:
    """The names of those that there are."""
    return tuple(_data()["profiles"])


@cache
def thresholds(profile: str = DEFAULT) -> Thresholds:
    """A profile by name, one of `profiles()`."""
    data = _data()
    usual, own = data["profiles"][DEFAULT], data["profiles"][profile]
    return Thresholds(
        model=data["model"],
        profile=profile,
        **data["labels"],
        media={medium: _both(limits | own.get(medium, {})) for medium, limits in usual.items()},
        codecs={name: Codec(*numbers) for name, numbers in data["codecs"].items()},
        bitrates=tuple(Bitrates(int(pixels), *rates) for pixels, rates in data["bitrates"].items()),
    )


def _both(limits: Mapping[str, tuple[float, float]]) -> Both:
    warn, poor = ({name: pair[number] for name, pair in limits.items()} for number in (0, 1))
    return Both(Limits(**warn), Limits(**poor))


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))
