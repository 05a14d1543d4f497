"""The part of the field list that tells of quality: of single measurements, and of what they come to."""

from collections.abc import Iterator

from harvesters.core.field import CONFERENCE, FLOAT, KEYWORD, LONG, NOBODY, PARTICIPANT, SAMPLE, STREAM, Field

MEDIA = ("audio", "video", "screen")
SIDES = ("received", "sent")
METRICS = {
    "loss_pct": "packet loss in percent, 0 to 100",
    "latency_ms": "one-way delay in ms",
    "rtt_ms": "delay there and back in ms",
    "jitter_ms": "jitter in ms",
    "buffer_ms": "time in the jitter buffer in ms",
    "bitrate_kbps": "bitrate in 1000 bit/s",
    "fps": "pictures in a second",
    "freeze_pct": "share of the time in which the picture stood still in percent, 0 to 100",
}
SIZE = {
    "width": "picture width in pixels",
    "height": "picture height in pixels",
    "pixels": "width times height",
}
SCORES = {"audio": ("mos", "mean opinion score, 1 to 4.5"), "video": ("score", "score of a camera's picture, 1 to 5")}
SCORED = {
    "samples": (LONG, "measurements that have a score"),
    "scored_s": (FLOAT, "seconds that have a score"),
    "poor_s": (FLOAT, "seconds with a poor score"),
    "poor_pct": (FLOAT, "share of the scored seconds that was poor, in percent"),
}
LABEL, DUE_TO = "good, fair, poor or unknown", "which measures are beyond their limits"
INPUTS = "what the score was made from"
NOT_OF = {
    "audio": frozenset({"fps", "freeze_pct"}),
    "video": frozenset[str](),
    # What is received is not told apart from a camera's by anybody who measures these.
    "screen": frozenset({"buffer_ms", "freeze_pct"}),
}
NOT_SENT = frozenset({"buffer_ms", "freeze_pct"})
"""What only the one who receives can measure."""
MEASURED = (SAMPLE, STREAM)
JUDGED = (SAMPLE, STREAM, PARTICIPANT, CONFERENCE)
TOGETHER = (PARTICIPANT, CONFERENCE)


def _metrics(medium: str) -> dict[str, str]:
    return {name: help_ for name, help_ in METRICS.items() if name not in NOT_OF[medium]}


def _of_samples(medium: str) -> Iterator[Field]:
    """Single values, of one measurement."""
    prefix = f"vconf.quality.{medium}"
    for name, help_ in _metrics(medium).items():
        yield Field(f"{prefix}.{name}", FLOAT, f"{medium}: {help_}", (SAMPLE,))
    if medium in SCORES:
        name, help_ = SCORES[medium]
        yield Field(f"{prefix}.{name}", FLOAT, f"{medium}: {help_}", (SAMPLE,))


def _of_both(medium: str) -> Iterator[Field]:
    """What a measurement and its stream have by the same name."""
    prefix = f"vconf.quality.{medium}"
    if medium != "audio":
        for name, help_ in SIZE.items():
            text = f"{medium}: {help_}; of a stream, of the picture that was there longest"
            yield Field(f"{prefix}.{name}", LONG, text, MEASURED)
    yield Field(f"{prefix}.label", KEYWORD, f"{medium}: {LABEL}", MEASURED, tells=NOBODY)
    yield Field(f"{prefix}.poor_due_to", KEYWORD, f"{medium}: {DUE_TO}", MEASURED, tells=NOBODY)
    if medium in SCORES:
        yield Field(f"{prefix}.inputs", KEYWORD, f"{medium}: {INPUTS}", MEASURED, tells=NOBODY)


def _of_streams(medium: str) -> Iterator[Field]:
    """What the measurements of a stream come to, weighted by seconds."""
    prefix = f"vconf.quality.{medium}"
    for name, help_ in _metrics(medium).items():
        for what, said in (("avg", "mean"), ("p95", "not exceeded for 95 % of the time"), ("max", "largest")):
            yield Field(f"{prefix}.{name}.{what}", FLOAT, f"{medium}, {said}: {help_}", (STREAM,))
    if medium in SCORES:
        name, help_ = SCORES[medium]
        for what, said in (("avg", "mean"), ("p10", "not exceeded for 10 % of the time"), ("min", "least")):
            yield Field(f"{prefix}.{name}.{what}", FLOAT, f"{medium}, {said}: {help_}", (STREAM,))
        for name, (type_, help_) in SCORED.items():
            yield Field(f"{prefix}.{name}", type_, f"{medium}: {help_}", (STREAM,))


def _of_people(side: str, medium: str) -> Iterator[Field]:
    """What streams come to; without percentiles, which are never averaged."""
    prefix, about = f"vconf.quality.{side}.{medium}", f"{medium} {side}"
    for name, help_ in _metrics(medium).items():
        if side != "sent" or name not in NOT_SENT:
            for what, said in (("avg", "mean"), ("max", "largest")):
                yield Field(f"{prefix}.{name}.{what}", FLOAT, f"{about}, {said}: {help_}", TOGETHER)
    yield Field(
        f"{prefix}.label",
        KEYWORD,
        f"{about}, the worst of streams of 30 s and more: {LABEL}",
        (PARTICIPANT,),
        tells=NOBODY,
    )
    yield Field(f"{prefix}.poor_due_to", KEYWORD, f"{about}: {DUE_TO}", (PARTICIPANT,), tells=NOBODY)
    if medium in SCORES:
        name, help_ = SCORES[medium]
        for what, said in (("avg", "mean"), ("min", "least")):
            yield Field(f"{prefix}.{name}.{what}", FLOAT, f"{about}, {said}: {help_}", TOGETHER)
        for name, (type_, help_) in SCORED.items():
            yield Field(f"{prefix}.{name}", type_, f"{about}: {help_}", TOGETHER)
        yield Field(f"{prefix}.inputs", KEYWORD, f"{about}: {INPUTS}", TOGETHER, tells=NOBODY)


QUALITY = (
    Field("vconf.quality.model", KEYWORD, "name of the formulas and limits", JUDGED, tells=NOBODY),
    Field("vconf.quality.profile", KEYWORD, "which of their limits hold", JUDGED, tells=NOBODY),
    *(field for medium in MEDIA for field in _of_samples(medium)),
    *(field for medium in MEDIA for field in _of_both(medium)),
    *(field for medium in MEDIA for field in _of_streams(medium)),
    *(field for side in SIDES for medium in MEDIA for field in _of_people(side, medium)),
    Field(
        "vconf.poor_participants_pct",
        FLOAT,
        "share of participants whose received audio or video is poor, of those whose can be judged, in percent",
        (CONFERENCE,),
    ),
    Field("vconf.quality.vendor.mos", FLOAT, "the vendor's own score of audio, 1 to 5", (STREAM,)),
    Field("vconf.sample.interval_s", FLOAT, "time that the measurement stands for in s", (SAMPLE,)),
    Field("vconf.cpu.app_pct", FLOAT, "load by the vendor's program in percent, 0 to 100", (SAMPLE,)),
    Field("vconf.cpu.system_pct", FLOAT, "load of the whole machine in percent, 0 to 100", (SAMPLE,)),
    Field("vconf.wifi.rssi_dbm", FLOAT, "strength of the Wi-Fi signal in dBm", (SAMPLE,)),
)
