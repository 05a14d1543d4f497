"""The documents that a story is told from, with those members that it needs; whatever else they have is left alone."""

import msgspec

from harvesters.core.day import instant_ms
from harvesters.core.quality_fields import SCORES
from harvesters.story.members import (
    Account,
    Address,
    Agent,
    Blocks,
    Conference,
    Count,
    Event,
    Host,
    Network,
    Program,
    Sides,
    User,
    Verdict,
)


class OfConference(msgspec.Struct):
    """The `vconf` members of a conference's document."""

    vendor: str
    account: Account
    conference: Conference
    flags: tuple[str, ...] = ()
    topology: str | None = None
    host: Host = msgspec.field(default_factory=Host)
    participants: Count = msgspec.field(default_factory=Count)
    verdict: Verdict = msgspec.field(default_factory=Verdict)


class Stay(msgspec.Struct):
    """One join to leave."""

    id: str | None = None
    role: str | None = None
    state: str | None = None
    join_time_s: float | None = None
    leave_reason: str | None = None
    room: str | None = None
    dropped: bool | None = None
    rejoin: bool | None = None
    rejoin_of: str | None = None
    duration_s: float | None = None


class OfParticipant(msgspec.Struct):
    """The `vconf` members of a participant's document."""

    vendor: str
    account: Account
    conference: Conference
    participant: Stay
    flags: tuple[str, ...] = ()
    client: Program = msgspec.field(default_factory=Program)
    quality: Sides = msgspec.field(default_factory=Sides)


class Way(msgspec.Struct):
    """One direction of somebody's media."""

    id: str = ""
    direction: str = ""
    kind: str | None = None
    peer_participant_id: str | None = None
    start: str | None = None
    end: str | None = None
    duration_s: float | None = None


class OfStream(msgspec.Struct):
    """The `vconf` members of a stream's document."""

    conference: Conference
    stream: Way
    participant: Stay = msgspec.field(default_factory=Stay)
    quality: Blocks = msgspec.field(default_factory=Blocks)


class Trouble(msgspec.Struct):
    """What befell somebody, or the call."""

    code: str = ""
    source: str = ""
    severity: str = "info"
    start: str | None = None
    end: str | None = None
    explanation: str = ""


class OfIssue(msgspec.Struct):
    """The `vconf` members of an issue's document."""

    conference: Conference
    issue: Trouble = msgspec.field(default_factory=Trouble)
    participant: Stay = msgspec.field(default_factory=Stay)


class Base(msgspec.Struct, rename={"at": "@timestamp"}):
    """What every document has."""

    at: str
    event: Event


class ConferenceDocument(Base):
    """A call."""

    vconf: OfConference


class ParticipantDocument(Base):
    """One stay of somebody in a call."""

    vconf: OfParticipant
    user: User = msgspec.field(default_factory=User)
    user_agent: Agent = msgspec.field(default_factory=Agent)
    client: Address = msgspec.field(default_factory=Address)
    network: Network = msgspec.field(default_factory=Network)


class StreamDocument(Base):
    """One direction of one person's media."""

    vconf: OfStream
    network: Network = msgspec.field(default_factory=Network)


class IssueDocument(Base):
    """Something that went wrong."""

    vconf: OfIssue


class Values(msgspec.Struct):
    """One medium of one measurement."""

    mos: float | None = None
    score: float | None = None
    loss_pct: float | None = None
    latency_ms: float | None = None
    rtt_ms: float | None = None
    jitter_ms: float | None = None
    buffer_ms: float | None = None
    bitrate_kbps: float | None = None
    fps: float | None = None
    freeze_pct: float | None = None


class Measured(msgspec.Struct):
    """The media of one measurement."""

    audio: Values | None = None
    video: Values | None = None
    screen: Values | None = None


class Cpu(msgspec.Struct):
    """Load of the client's machine."""

    system_pct: float | None = None


class OfSample(msgspec.Struct):
    """The `vconf` members of a measurement."""

    stream: Way
    quality: Measured = msgspec.field(default_factory=Measured)
    cpu: Cpu = msgspec.field(default_factory=Cpu)


class SampleDocument(msgspec.Struct, rename={"at": "@timestamp"}):
    """One measurement."""

    at: str
    vconf: OfSample

    def value(self, medium: str, name: str) -> float | None:
        """A measure of one medium, by its name in the field list; `system_pct` is that of the machine."""
        if name == "system_pct":
            return self.vconf.cpu.system_pct
        values: Values | None = getattr(self.vconf.quality, medium)
        found: float | None = getattr(values, name, None)
        return found


SCORE = {medium: name for medium, (name, _) in SCORES.items()}
"""The name of the score that a medium has; a shared screen has none."""


def ms(text: str | None) -> int | None:
    """Milliseconds since 1970 of an instant in a document."""
    return instant_ms(text)
