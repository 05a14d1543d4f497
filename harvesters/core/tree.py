"""The tree that `flatten` makes of a record: entities, and streams with their measurements.

Entities carry flat names from the field list (`vconf.participant.role`); the encoder nests them. Rows are
95 % of all documents and have no dictionary of their own: they are small typed structs.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec


class Medium(msgspec.Struct, omit_defaults=True, gc=False):
    """One medium of one measurement, in the document model's units; what is unknown is absent.

    `loss_pct` 0..100, `latency_ms` one way, `bitrate_kbps` in 1000 bit/s, sizes in pixels, `rtt_ms` there and
    back, `fps` pictures in a second, `buffer_ms` in the jitter buffer, `freeze_pct` of the time 0..100.

    From `mos` on it is our own judgement, which no vendor's module fills in: `mos` and `score` 1..5, `label`,
    `poor_due_to` the reasons, `inputs` what the score was made from.
    """

    loss_pct: float | None = None
    latency_ms: float | None = None
    bitrate_kbps: float | None = None
    width: int | None = None
    height: int | None = None
    pixels: int | None = None
    rtt_ms: float | None = None
    jitter_ms: float | None = None
    fps: float | None = None
    buffer_ms: float | None = None
    freeze_pct: float | None = None
    mos: float | None = None
    score: float | None = None
    label: str | None = None
    poor_due_to: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


class Quality(msgspec.Struct, omit_defaults=True, gc=False):
    """The `vconf.quality` block of one measurement."""

    audio: Medium | None = None
    video: Medium | None = None
    screen: Medium | None = None


class Interval(msgspec.Struct, omit_defaults=True, gc=False):
    """The `vconf.sample` block: `interval_s` is the time in s that the measurement stands for."""

    interval_s: float | None = None


class Cpu(msgspec.Struct, omit_defaults=True, gc=False):
    """The `vconf.cpu` block: load in percent, 0..100, of the client and of its whole machine."""

    app_pct: float | None = None
    system_pct: float | None = None


class Wifi(msgspec.Struct, omit_defaults=True, gc=False):
    """The `vconf.wifi` block: `rssi_dbm` is the strength of the signal in dBm, a negative number."""

    rssi_dbm: float | None = None


class Machine(msgspec.Struct, omit_defaults=True, gc=False):
    """What a measurement tells beside the media: members of `vconf` that no stream has as a whole."""

    sample: Interval | None = None
    cpu: Cpu | None = None
    wifi: Wifi | None = None


class Row(msgspec.Struct, gc=False):
    """One measurement of one stream.

    Attributes:
        at: milliseconds since 1970.
        quality: what was measured, in our units.
        own: the vendor's own numbers, written under the vendor's name as they came.
        flags: what was clamped or guessed.
        machine: the interval, and what was measured of the client's machine.
        packets: how many the loss is a share of, where they were counted.
        written: `at` as the vendor wrote it, where that is what `iso_ms` would write.
    """

    at: int
    quality: Quality
    own: msgspec.Struct | None = None
    flags: tuple[str, ...] = ()
    machine: Machine | None = None
    packets: float | None = None
    written: str | None = None


@dataclass(slots=True)
class Entity:
    """A conference, participant, stream, issue or usage.

    Attributes:
        key: the vendor's own parts of its key; a child's without its conference's.
        at: milliseconds since 1970 of its start, None if unknown.
        end: likewise of its end.
        fields: flat names of the field list to values; None means absent.
        flags: what is missing, guessed or repaired.
        extra: members that `flatten` could not place.
        present: False for a participant who never was in the conference (the waiting room): without a presence,
            and not counted.
    """

    key: tuple[str, ...]
    at: int | None
    end: int | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    extra: dict[str, Any] = field(default_factory=dict)
    present: bool = True


@dataclass(slots=True)
class Stream:
    """One direction of one medium bundle with its measurements.

    Attributes:
        entity: the stream itself.
        participant: key of the participant it belongs to, None if the vendor did not say.
        peer: key of the participant at the other end.
        rows: measurements in order of time, read once.
        summary: likewise measurements of which the vendor keeps but a summary: they count, and are no documents.
    """

    entity: Entity
    participant: str | None
    peer: str | None
    rows: Iterable[Row]
    summary: Iterable[Row] = ()


@dataclass(slots=True)
class Issue:
    """Something that went wrong, or that somebody should know: the vendor's word, or ours.

    Attributes:
        entity: the issue itself; its `end` is absent where it has none.
        participant: key of the participant whom it befell, None where it is the conference's.
    """

    entity: Entity
    participant: str | None = None


@dataclass(slots=True)
class Conference:
    """One record's tree.

    `conference` is None where a record tells of none: its documents then have no conference but its id. `usage`: the
    vendor's own totals of some stretch of time, of which such a record tells; each has its start and end.
    `streams` may be a one-pass iterator that reads the record's parts as it goes. `issues` and `oddities`
    are complete once `streams` was walked to its end; `oddities` counts what the vendor sent and nobody
    expected (null items, strange members).
    """

    conference: Entity | None
    participants: dict[str, Entity]
    streams: Iterable[Stream]
    issues: list[Issue] = field(default_factory=list)
    oddities: Counter[str] = field(default_factory=Counter)
    usage: list[Entity] = field(default_factory=list)
