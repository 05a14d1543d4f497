"""Which streams were worst, medium by medium."""

from dataclasses import dataclass, field
from functools import cached_property

from harvesters.quality.thresholds import DEFAULT, Thresholds, profiles, thresholds
from harvesters.story.documents import SCORE, StreamDocument
from harvesters.story.members import Block

Rank = tuple[int, float, float, float, str, str]
LEAST = "score"
MEASURES = {
    "loss": "loss_pct", "latency": "latency_ms", "rtt": "rtt_ms", "rtt_max": "rtt_ms", "jitter": "jitter_ms",
    "buffer": "buffer_ms", "bitrate": "bitrate_kbps", "fps": "fps", "freeze": "freeze_pct", "cpu": "system_pct",
}  # fmt: skip
"""The measure that a reason is about; what is not here is about the score."""
LOW_IS_BAD = frozenset({"mos", "score", "fps", "bitrate_kbps"})
TROUBLED = 2
"""The last class of those that are worth a look."""


@dataclass
class Ranked:
    """One medium of one stream, with what was measured where it is worth a chart."""

    document: StreamDocument
    medium: str
    block: Block
    points: list[tuple[int, float]] = field(default_factory=list)

    @cached_property
    def rank(self) -> Rank:
        """The least is the worst; two are never equal."""
        block = self.block
        score = block.figure(SCORE[self.medium]) if self.medium in SCORE else None
        loss = (block.loss_pct.avg if block.loss_pct else None) or 0.0
        mean = score.avg if score and score.avg is not None else 9.0
        return (self.kind, -block.poor_s, mean, -loss, self.document.event.id, self.medium)

    @property
    def kind(self) -> int:
        """0 poor, 1 poor for some time, 2 with a reason, 3 fair, 4 not judged, 5 good."""
        block = self.block
        if block.label == "poor":
            return 0
        if block.poor_s:
            return 1
        if block.poor_due_to:
            return 2
        return {"fair": 3, "good": 5}.get(block.label, 4)

    @property
    def troubled(self) -> bool:
        """Whether it is worth a look."""
        return self.kind <= TROUBLED

    @property
    def measure(self) -> str:
        """What to draw: the measure of the first reason, else the score, else the loss."""
        for reason in self.block.poor_due_to:
            if reason in MEASURES:
                return MEASURES[reason]
        return SCORE.get(self.medium, "loss_pct")

    @property
    def limit(self) -> float | None:
        """From where on that measure is poor, where the model has such a limit."""
        model = model_of(self.document)
        if self.measure in SCORE.values():
            return model.fair
        return _limits(model, self.medium).get(self.measure)


def ranked(document: StreamDocument) -> list[Ranked]:
    """Every medium of a stream."""
    return [Ranked(document, medium, block) for medium, block in document.vconf.quality.media()]


def model_of(document: StreamDocument) -> Thresholds:
    """The limits that a stream was judged by; the usual ones where its profile is not known here."""
    profile = document.vconf.quality.profile
    return thresholds(profile if profile in profiles() else DEFAULT)


def _limits(model: Thresholds, medium: str) -> dict[str, float]:
    poor = model.media[medium].poor
    return {
        "loss_pct": poor.loss, "latency_ms": poor.latency, "rtt_ms": poor.rtt, "jitter_ms": poor.jitter,
        "fps": poor.fps, "freeze_pct": poor.freeze, "system_pct": poor.cpu,
    }  # fmt: skip
