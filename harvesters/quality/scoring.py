"""Scores, labels and reasons of single measurements: the hot path."""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from harvesters.core.tree import Medium, Row
from harvesters.quality.scores import delay_ms, mos, r_factor, video_score
from harvesters.quality.thresholds import NOT_GIVEN, OTHER, Codec, Limits, Thresholds

GOOD, FAIR, POOR, UNKNOWN = "good", "fair", "poor", "unknown"
RAMP_UP_MS = 10_000
"""So long a camera's picture grows, and its bitrate says nothing."""
VIDEO_INPUTS = ("bitrate", "size")
VIDEO_CODECS = frozenset({"vp8", "vp9", "h264", "h265", "hevc", "av1", "rtx", "ulpfec", "flexfec-03"})
REMEMBERED = 4096
"""Most of a day's audio measurements are alike: no loss, and whole milliseconds."""
_DELAYS, _BUFFERS = ((), ("latency",), ("rtt",)), ((), ("buffer",), ("jitter",))
INPUTS = tuple(tuple(("loss", *delay, *buffer) for buffer in _BUFFERS) for delay in _DELAYS)
"""Which inputs a MOS had, by what told of the delay and what of the buffer."""
Number = float | None


class Heard(NamedTuple):
    """What is said of one audio measurement."""

    mos: float | None
    label: str
    inputs: tuple[str, ...]
    due_to: tuple[str, ...]


Listener = Callable[[Number, Number, Number, Number, Number], Heard]


class Judge:
    """Scores by one profile; one for a whole run, since it remembers what it heard."""

    def __init__(self, thresholds: Thresholds) -> None:
        """`thresholds`: the profile's."""
        self.thresholds = thresholds
        self._listeners: dict[Codec, Listener] = {}

    def listener(self, names: Collection[str]) -> Listener:
        """For loss, latency, rtt, jitter and buffer of audio in the codec that a stream's document names."""
        used = codec(self.thresholds, names)
        if used not in self._listeners:
            self._listeners[used] = _listener(self.thresholds, used)
        return self._listeners[used]


class Scorer:
    """Scores the measurements of one stream, in place."""

    def __init__(self, judge: Judge, codecs: Collection[str], *, camera: bool, ramp_up_ends: int) -> None:
        """`codecs`: as the stream's document names them; `camera`: whether its video is one; `ramp_up_ends`: in ms."""
        self._thresholds = judge.thresholds
        self._camera, self._ramp_up_ends = camera, ramp_up_ends
        self._hear = judge.listener(codecs)
        self._video, self._screen = (judge.thresholds.media[name].poor for name in ("video", "screen"))

    def take(self, rows: Sequence[Row]) -> None:
        """Give each medium of each row its score, label and reasons; medium by medium, which is quicker."""
        self._listen([row.quality.audio for row in rows])
        self._watch(rows)
        for screen in [row.quality.screen for row in rows]:
            if screen is not None:
                screen.label, screen.poor_due_to = UNKNOWN, reasons(screen, self._screen)
        for row in rows:
            if row.machine is not None and row.machine.cpu is not None:
                self._blame(row, row.machine.cpu.system_pct or 0.0)

    def _listen(self, media: Sequence[Medium | None]) -> None:
        hear = self._hear
        for audio in media:
            if audio is not None:
                audio.mos, audio.label, audio.inputs, audio.poor_due_to = hear(
                    audio.loss_pct, audio.latency_ms, audio.rtt_ms, audio.jitter_ms, audio.buffer_ms
                )

    def _watch(self, rows: Sequence[Row]) -> None:
        limits, camera = self._video, self._camera
        for row in rows:
            if (video := row.quality.video) is not None:
                video.label, video.poor_due_to = UNKNOWN, reasons(video, limits)
                bitrate, pixels = video.bitrate_kbps, video.pixels
                if bitrate is not None and pixels and camera and not self._ramps_up(row):
                    self._see(video, bitrate, pixels)

    def _see(self, medium: Medium, bitrate: float, pixels: int) -> None:
        """A camera's picture."""
        score = video_score(bitrate, pixels)
        low = bitrate < self._thresholds.for_pixels(pixels).acceptable
        if score is not None:
            medium.score, medium.inputs = round(score, 4), VIDEO_INPUTS
            medium.label = label_of(medium.score, self._thresholds)
            low = low or (medium.label == POOR and not medium.poor_due_to)
        if low:
            medium.poor_due_to = ("bitrate", *medium.poor_due_to)

    def _ramps_up(self, row: Row) -> bool:
        """Whether all that a row stands for lies in the first ten seconds."""
        if row.at >= self._ramp_up_ends:
            return False
        sample = row.machine.sample if row.machine else None
        return sample is None or (sample.interval_s or 0.0) * 1000 <= RAMP_UP_MS

    def _blame(self, row: Row, cpu: float) -> None:
        """A busy machine is a reason for everything that it plays."""
        quality = row.quality
        for name, medium in (("audio", quality.audio), ("video", quality.video), ("screen", quality.screen)):
            if medium is not None and cpu > self._thresholds.media[name].poor.cpu:
                medium.poor_due_to = (*medium.poor_due_to, "cpu")


def _listener(thresholds: Thresholds, used: Codec) -> Listener:
    """What tells of audio in one codec."""
    warn, poor = thresholds.media["audio"].warn, thresholds.media["audio"].poor
    unhurt = mos(r_factor(0.0, delay_ms(None, None, None, None), used))

    @lru_cache(maxsize=REMEMBERED)
    def hear(loss: Number, latency: Number, rtt: Number, jitter: Number, buffer: Number) -> Heard:
        medium = Medium(loss_pct=loss, latency_ms=latency, rtt_ms=rtt, jitter_ms=jitter, buffer_ms=buffer)
        due = reasons(medium, poor)
        if loss is None:
            return Heard(None, UNKNOWN, (), due)
        score = round(mos(r_factor(loss, delay_ms(latency, rtt, buffer, jitter), used)), 4)
        label = label_of(score, thresholds)
        if unhurt - score > poor.mos_drop:
            due = (*due, "mos_drop")
        if label == POOR:  # never without a reason; a buffer has no limit of its own
            due = due or reasons(medium, warn) or ("buffer",)
        delay_by = 1 if latency is not None else 2 if rtt is not None else 0
        buffer_by = 1 if buffer is not None else 2 if jitter is not None else 0
        return Heard(score, label, INPUTS[delay_by][buffer_by], due)

    return hear


def label_of(score: float, thresholds: Thresholds) -> str:
    """Good, fair or poor."""
    return GOOD if score >= thresholds.good else FAIR if score >= thresholds.fair else POOR


def codec(thresholds: Thresholds, names: Collection[str]) -> Codec:
    """The constants of a stream's audio codec; those of one that is not told, or not known, where that is so."""
    audio = [name.lower() for name in names if name.lower() not in VIDEO_CODECS]
    known = [name for name in audio if name in thresholds.codecs]
    return thresholds.codecs[known[0] if known else OTHER if audio else NOT_GIVEN]


def reasons(medium: Medium, limits: Limits) -> tuple[str, ...]:
    """Which values of a measurement are beyond their limits."""
    loss, latency, rtt, jitter = medium.loss_pct, medium.latency_ms, medium.rtt_ms, medium.jitter_ms
    fps, freeze = medium.fps, medium.freeze_pct
    # Most are beyond none: that is told with as few steps as can be.
    if (
        (loss is None or loss <= limits.loss)
        and (latency is None or latency <= limits.latency)
        and (rtt is None or rtt <= limits.rtt)
        and (jitter is None or jitter <= limits.jitter)
        and (fps is None or fps >= limits.fps)
        and (freeze is None or freeze <= limits.freeze)
    ):
        return ()
    beyond = {
        "loss": loss is not None and loss > limits.loss,
        "latency": latency is not None and latency > limits.latency,
        "rtt": rtt is not None and rtt > limits.rtt,
        "jitter": jitter is not None and jitter > limits.jitter,
        "fps": fps is not None and fps < limits.fps,
        "freeze": freeze is not None and freeze > limits.freeze,
    }
    return tuple(name for name, bad in beyond.items() if bad)
