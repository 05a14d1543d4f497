"""Minutes of quality of generated sessions, as text: put together from pieces, and none is kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from harvesters.core.day import iso_ms
from harvesters.sandbox.world import Level, Measure, measures
from harvesters.sandbox.world.calls import Stretch
from harvesters.sandbox.world.levels import POOL

MINUTE_MS = 60_000
_MEDIA = ("audio", "video", "as")
_FPS = {Level.GOOD: 30, Level.FAIR: 25, Level.FAR: 24, Level.POOR: 15, Level.LOSSY: 12, Level.AWFUL: 5}
_SCREEN, _SCREEN_FPS = (1920, 1080), 5
# A side's measurements begin elsewhere in the pool, or both sides would have the same.
_OUTPUT_SHIFT = 97
_MOST_LOSS, _PEAK = 100.0, 2.5
Flow = tuple[str, Sequence[Stretch]]
"""What flows, `camera`, `mic` or `screen`, and on what line."""


@dataclass(frozen=True, slots=True)
class StayMinutes:
    """The minutes of one session.

    Attributes:
        start: ms since 1970, as `end`.
        sent: what this person sent; `received` what of the others' arrived, of which the worst counts.
        place: where in the pool of measurements the session begins.
        wifi: whether there is a signal's strength.
    """

    start: int
    end: int
    sent: Sequence[Flow]
    received: Sequence[Flow]
    place: int
    wifi: bool

    def __len__(self) -> int:
        return max(1, (self.end - self._first) // MINUTE_MS + 1)

    @property
    def _first(self) -> int:
        """The first full minute."""
        return (self.start // MINUTE_MS + 1) * MINUTE_MS

    def text(self) -> bytes:
        """All minutes as one JSON array."""
        first, number, tail = self._first, len(self), _tail(wifi=self.wifi)
        columns = [*self._columns("input", self.sent, 0), *self._columns("output", self.received, _OUTPUT_SHIFT)]
        usage = _usage()
        texts = [
            f'{{"date_time":"{iso_ms(first + each * MINUTE_MS)[:19]}Z",{",".join(pieces)},'
            f"{usage[(self.place + each) % POOL]},{tail}}}"
            for each, pieces in enumerate(zip(*columns, strict=True))
        ]
        return f"[{','.join(texts[:number])}]".encode()

    def _columns(self, side: str, flows: Iterable[Flow], shift: int) -> list[list[str]]:
        """The pieces of audio, video and screen for each minute."""
        levels = self._levels(flows)
        place = self.place + shift
        return [
            [_pieces(f"{medium}_{side}", level)[(place + each) % POOL] for each, level in enumerate(column)]
            for medium, column in zip(_MEDIA, levels, strict=True)
        ]

    def _levels(self, flows: Iterable[Flow]) -> tuple[bytearray, bytearray, bytearray]:
        """Of audio, video and screen in the middle of each minute: 0 if nothing flows, else the level and one."""
        audio, video, screen = (bytearray(len(self)) for _ in _MEDIA)
        for kind, stretches in flows:
            for stretch in stretches:
                if kind == "screen":
                    self._raise(screen, stretch)
                    continue
                self._raise(audio, stretch)
                if kind == "camera" and stretch.video:
                    self._raise(video, stretch)
        return audio, video, screen

    def _raise(self, column: bytearray, stretch: Stretch) -> None:
        middle = self._first - MINUTE_MS // 2
        begin = max(0, -((middle - stretch.start) // MINUTE_MS))
        stop = min(len(column), -((middle - stretch.end) // MINUTE_MS))
        level = stretch.level + 1
        for each in range(begin, stop):
            column[each] = max(column[each], level)


@lru_cache(maxsize=2 * len(_MEDIA) * (len(Level) + 1))
def _pieces(name: str, level: int) -> tuple[str, ...]:
    """The member `name` of a minute for each measurement of a level; of nothing for 0."""
    if not level:
        return (f'"{name}":{_nothing(picture=not name.startswith("audio"))}',) * POOL
    return tuple(f'"{name}":{_flow(name, Level(level - 1), each)}' for each in measures(Level(level - 1)))


def _nothing(*, picture: bool) -> str:
    more = ',"resolution":"","frame_rate":""' if picture else ""
    return f'{{"bitrate":"","latency":"","jitter":"","avg_loss":"","max_loss":""{more}}}'


def _flow(name: str, level: Level, measure: Measure) -> str:
    if name.startswith("audio"):
        return f"{{{_line(measure, measure.audio_kbps, measure.audio_loss)}}}"
    shared = name.startswith("as")
    kbps = measure.video_kbps / 2 if shared else measure.video_kbps
    width, height = _SCREEN if shared else measure.size
    fps = _SCREEN_FPS if shared else _FPS[level]
    picture = f'"resolution":"{width}*{height}","frame_rate":"{fps} fps"'
    return f"{{{_line(measure, kbps, measure.video_loss)},{picture}}}"


def _line(measure: Measure, kbps: float, loss: float) -> str:
    jitter = round(measure.latency_ms * 0.06 + loss * 100)
    average = round(loss * 100, 2)
    most = round(min(_MOST_LOSS, average * _PEAK), 2)
    values = (f"{kbps:g} kbps", f"{measure.latency_ms:g} ms", f"{jitter} ms", f"{average}%", f"{most}%")
    names = ("bitrate", "latency", "jitter", "avg_loss", "max_loss")
    return ",".join(f'"{name}":"{value}"' for name, value in zip(names, values, strict=True))


@lru_cache(maxsize=1)
def _usage() -> tuple[str, ...]:
    """The processor's load: nothing in the world tells of it, so it follows the pool's latencies."""
    return tuple(
        f'"cpu_usage":{{"zoom_min_cpu_usage":"{each}%","zoom_avg_cpu_usage":"{each + 4}%",'
        f'"zoom_max_cpu_usage":"{each + 9}%","system_max_cpu_usage":"{each + 20}%"}}'
        for each in (int(measure.latency_ms) % 40 for measure in measures(Level.GOOD))
    )


@lru_cache(maxsize=2)
def _tail(*, wifi: bool) -> str:
    """What is the same in every minute: gateways that nobody used, and the signal."""
    gateways = [
        f'"{medium}_device_{way}_{gateway}":{_nothing(picture=medium != "audio")}'
        for gateway in ("crc", "rwg")
        for medium in _MEDIA
        for way in ("from", "to")
    ]
    names = ("system_min_cpu_pressure_level", "system_avg_cpu_pressure_level", "system_max_cpu_pressure_level")
    pressure = ",".join(f'"{name}":"normal"' for name in names)
    signal = ['"wifi_rssi":{"min_rssi":-71,"avg_rssi":-64,"max_rssi":-58,"rssi_unit":"dBm"}'] if wifi else []
    return ",".join([*gateways, f'"cpu_pressure_level":{{{pressure}}}', *signal])
