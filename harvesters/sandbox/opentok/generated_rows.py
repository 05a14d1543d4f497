"""Statistics rows of generated streams, as text: some hundred thousand a second, and none is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from harvesters.sandbox.opentok.instants import STEP_MS, row_instants
from harvesters.sandbox.opentok.rows import TextRows
from harvesters.sandbox.world import Level, Measure, measures
from harvesters.sandbox.world.calls import Stretch
from harvesters.sandbox.world.levels import POOL

_SWITCHES = {"publisher": ("hasAudio", "hasVideo"), "subscriber": ("subscribeToAudio", "subscribeToVideo")}
_MEASURES = ("Codec", "LatencyMs", "BitrateKbps", "PacketLoss")
_SCREEN_SIZE = (1920, 1080)
# What the vendor calls Kbps looks like kilobytes in published answers (reference, section 12).
_BITS = 8


def rows_of(role: str, kind: str, stretches: Sequence[Stretch], place: int) -> TextRows:
    """The rows of a stream.

    Args:
        role: publisher or subscriber.
        kind: camera, mic or screen.
        stretches: the line, from the stream's start to its end without a gap.
        place: where in the pool of measurements the stream begins.
    """
    series = _Series(role, kind, tuple(stretches), place)
    count = max(1, (stretches[-1].end - stretches[0].start) // STEP_MS)
    return TextRows(_fields(role), series.texts, 0, count)


@dataclass(frozen=True, slots=True)
class _Series:
    """The rows of one stream, see `rows_of`."""

    role: str
    kind: str
    stretches: tuple[Stretch, ...]
    place: int

    def texts(self, start: int, stop: int) -> list[str]:
        """Rows number `start` to `stop`, exclusive."""
        begin, place = self.stretches[0].start, self.place
        firsts = [-(-(each.start - begin) // STEP_MS) for each in self.stretches]
        texts: list[str] = []
        for stretch, first, last in zip(self.stretches, firsts, [*firsts[1:], stop], strict=True):
            numbers = range(max(first, start), min(last, stop))
            tails = _tails(self.role, self.kind, stretch.level, stretch.video)
            instants = row_instants(begin, place, numbers)
            texts += [
                f'{{"createdAt":"{instant}",{tails[(place + number) % POOL]}}}'
                for number, instant in zip(numbers, instants, strict=True)
            ]
        return texts


@lru_cache(maxsize=2)
def _fields(role: str) -> tuple[str, ...]:
    media = [f"{medium}{measure}" for medium in ("audio", "video") for measure in _MEASURES]
    return ("createdAt", *_SWITCHES[role], *media, "videoResolution")


@lru_cache(maxsize=2 * 3 * 2 * len(Level))
def _tails(role: str, kind: str, level: Level, video: bool) -> tuple[str, ...]:  # noqa: FBT001 - a cache's key
    return tuple(_tail(role, kind, each, video=video and kind != "mic") for each in measures(level))


def _tail(role: str, kind: str, measure: Measure, *, video: bool) -> str:
    """Everything of a row behind its instant, with whole numbers as JavaScript writes them."""
    audio = kind != "screen"
    # A subscriber goes on asking for a picture that the publisher has switched off.
    wanted = video or (role == "subscriber" and kind == "camera")
    latency = "null" if role == "publisher" else f"{measure.latency_ms:g}"
    size = _SCREEN_SIZE if kind == "screen" else measure.size
    values = [
        _bool(audio), _bool(wanted),
        *_medium("opus", latency, measure.audio_kbps, measure.audio_loss, there=audio),
        *_medium("VP8", latency, measure.video_kbps, measure.video_loss, there=video),
        f'"{size[0]}x{size[1]}"' if video else "null",
    ]  # fmt: skip
    return ",".join(f'"{name}":{value}' for name, value in zip(_fields(role)[1:], values, strict=True))


def _medium(codec: str, latency: str, kbps: float, loss: float, *, there: bool) -> tuple[str, ...]:
    if not there:
        return "null", "null", "0", "0"
    return f'"{codec}"', latency, f"{round(kbps / _BITS, 2):g}", f"{loss:g}"


def _bool(value: bool) -> str:  # noqa: FBT001 - what is written is a truth value
    return "true" if value else "false"
