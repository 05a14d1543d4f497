"""The members that documents share: who, where, with what, and what was measured."""

import msgspec

from harvesters.core.quality_fields import MEDIA


class User(msgspec.Struct):
    """Who it was, as far as the document says."""

    id: str | None = None
    full_name: str | None = None
    email: str | None = None
    hash: str | None = None


class Named(msgspec.Struct):
    """Something with a name and a version."""

    name: str | None = None
    version: str | None = None


class Agent(Named):
    """Browser and operating system."""

    os: Named = msgspec.field(default_factory=Named)


class Geo(msgspec.Struct):
    """A place."""

    city_name: str | None = None
    country_iso_code: str | None = None


class Network(msgspec.Struct):
    """What kind of line it was."""

    type: str | None = None
    transport: str | None = None


class As(msgspec.Struct):
    """Whose network it was."""

    organization: Named = msgspec.field(default_factory=Named)


class Address(msgspec.Struct, rename={"as_": "as"}):
    """Where somebody was."""

    geo: Geo = msgspec.field(default_factory=Geo)
    as_: As = msgspec.field(default_factory=As)


class Program(msgspec.Struct):
    """What somebody called with."""

    sdk: Named = msgspec.field(default_factory=Named)
    kind: str | None = None
    version: str | None = None


class Event(msgspec.Struct):
    """`start` and `end` as ISO text."""

    id: str
    start: str | None = None
    end: str | None = None


class Conference(msgspec.Struct):
    """The block that all documents of a call repeat."""

    id: str
    vendor_id: str | None = None
    parent_id: str | None = None
    name: str | None = None
    start: str | None = None
    end: str | None = None
    duration_s: float | None = None


class Account(msgspec.Struct):
    """Whose call it was."""

    id: str
    name: str


class Figure(msgspec.Struct, omit_defaults=True):
    """What a measure comes to: of what is bad when high `p95` and `max`, of scores `p10` and `min`."""

    avg: float | None = None
    p95: float | None = None
    max: float | None = None
    p10: float | None = None
    min: float | None = None


class Block(msgspec.Struct):
    """One medium of a stream, or of all streams of a participant."""

    label: str = "unknown"
    poor_due_to: tuple[str, ...] = ()
    samples: int = 0
    scored_s: float = 0.0
    poor_s: float = 0.0
    poor_pct: float | None = None
    width: int | None = None
    height: int | None = None
    mos: Figure | None = None
    score: Figure | None = None
    loss_pct: Figure | None = None
    latency_ms: Figure | None = None
    rtt_ms: Figure | None = None
    jitter_ms: Figure | None = None
    buffer_ms: Figure | None = None
    bitrate_kbps: Figure | None = None
    fps: Figure | None = None
    freeze_pct: Figure | None = None

    def figure(self, name: str) -> Figure | None:
        """A measure by its name in the field list."""
        found: Figure | None = getattr(self, name)
        return found


class Blocks(msgspec.Struct):
    """One block for each medium that was there."""

    audio: Block | None = None
    video: Block | None = None
    screen: Block | None = None
    profile: str | None = None

    def media(self) -> list[tuple[str, Block]]:
        """Those that are there, by name."""
        found = [(name, getattr(self, name)) for name in MEDIA]
        return [(name, block) for name, block in found if block is not None]


class Sides(msgspec.Struct):
    """What a participant received and sent."""

    received: Blocks = msgspec.field(default_factory=Blocks)
    sent: Blocks = msgspec.field(default_factory=Blocks)


class Count(msgspec.Struct):
    """How many people: joins, persons, and most at once."""

    count: int | None = None
    unique: int | None = None
    peak: int | None = None


class Host(msgspec.Struct):
    """Whose call it was."""

    name: str | None = None
    email: str | None = None


class Verdict(msgspec.Struct):
    """What was wrong; see `quality.verdict`."""

    code: str | None = None
    text: str = ""
    side: str | None = None
    sure: str | None = None
    start: str | None = None
    end: str | None = None
