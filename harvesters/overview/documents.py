"""The documents that the numbers are made from, with the few members that they need."""

import msgspec

from harvesters.core.fields import CONFERENCE, ISSUE, PARTICIPANT, STREAM

WORST_FIRST = ("poor", "fair", "good")
UNKNOWN = "unknown"

MEMBERS = {
    CONFERENCE: ("@timestamp", "vconf"),
    PARTICIPANT: ("@timestamp", "vconf.vendor", "vconf.account", "vconf.conference", "vconf.participant",
                  "vconf.presence"),
    STREAM: ("@timestamp", "vconf.vendor", "vconf.account", "vconf.conference", "vconf.network", "vconf.client",
             "vconf.quality.*.label", "vconf.quality.*.poor_due_to", "user_agent", "client", "network"),
    ISSUE: ("@timestamp", "vconf.vendor", "vconf.account", "vconf.conference", "vconf.participant", "vconf.issue"),
}  # fmt: skip
"""What of a document is read."""


class Account(msgspec.Struct):
    """Whose it is."""

    id: str = ""
    name: str = ""


class Conference(msgspec.Struct):
    """The call; `start` is ISO and absent where it is unknown."""

    id: str = ""
    start: str | None = None
    name: str | None = None
    duration_s: float | None = None


class People(msgspec.Struct):
    """Who was in a call: joins, people, and how many at once."""

    count: int | None = None
    unique: int | None = None
    peak: int | None = None


class Minutes(msgspec.Struct):
    """Of all participants of a call."""

    participant: float | None = None


class Participant(msgspec.Struct):
    """One stay."""

    id: str = ""
    dropped: bool | None = None
    rejoin: bool | None = None
    join_time_s: float | None = None


class Span(msgspec.Struct):
    """From an instant to another, the end not included; ISO."""

    gte: str
    lt: str


class Medium(msgspec.Struct):
    """One medium of a stream, or of all that a call's people received."""

    label: str = UNKNOWN
    poor_due_to: tuple[str, ...] = ()
    poor_s: float = 0.0
    scored_s: float = 0.0


class Media(msgspec.Struct):
    """What was heard and seen."""

    audio: Medium = msgspec.field(default_factory=Medium)
    video: Medium = msgspec.field(default_factory=Medium)


class Quality(Media):
    """A stream has media, a call or a person what all its streams have: received ones are what people lived with."""

    received: Media = msgspec.field(default_factory=Media)


class Verdict(msgspec.Struct):
    """What was wrong with a call."""

    code: str = ""
    text: str = ""
    affected: int | None = None
    of: int | None = None


class Issue(msgspec.Struct):
    """Something that went wrong."""

    code: str = ""
    source: str = ""
    severity: str = ""
    subject: str = ""


class Named(msgspec.Struct):
    """Something with a name."""

    name: str | None = None


class Program(msgspec.Struct):
    """The vendor's software that somebody used."""

    sdk: Named = msgspec.field(default_factory=Named)
    kind: str | None = None


class Path(msgspec.Struct):
    """Whether media went by way of a relay."""

    relayed: bool | None = None


class Vconf(msgspec.Struct):
    """The members of our own."""

    vendor: str
    account: Account
    conference: Conference = msgspec.field(default_factory=Conference)
    privacy: str = ""
    participants: People = msgspec.field(default_factory=People)
    minutes: Minutes = msgspec.field(default_factory=Minutes)
    participant: Participant = msgspec.field(default_factory=Participant)
    presence: Span | None = None
    quality: Quality = msgspec.field(default_factory=Quality)
    verdict: Verdict = msgspec.field(default_factory=Verdict)
    issue: Issue = msgspec.field(default_factory=Issue)
    client: Program = msgspec.field(default_factory=Program)
    network: Path = msgspec.field(default_factory=Path)


class Agent(Named):
    """A browser and the system below it."""

    os: Named = msgspec.field(default_factory=Named)


class Geo(msgspec.Struct):
    """About where."""

    country_iso_code: str | None = None


class Organization(msgspec.Struct):
    """Whose network it is."""

    organization: Named = msgspec.field(default_factory=Named)


class Client(msgspec.Struct, rename={"network": "as"}):
    """From where."""

    geo: Geo = msgspec.field(default_factory=Geo)
    network: Organization = msgspec.field(default_factory=Organization)


class Network(msgspec.Struct):
    """By what."""

    type: str | None = None
    transport: str | None = None


class Document(msgspec.Struct, rename={"at": "@timestamp"}):
    """A document of any type; what another type has, this one lacks."""

    at: str
    vconf: Vconf
    user_agent: Agent = msgspec.field(default_factory=Agent)
    client: Client = msgspec.field(default_factory=Client)
    network: Network = msgspec.field(default_factory=Network)

    @property
    def began(self) -> str:
        """When its call began, ISO; its own time where that is not known."""
        return self.vconf.conference.start or self.at

    @property
    def label(self) -> str:
        """The worse label of a stream's audio and video; unknown if neither could be judged."""
        found = {self.vconf.quality.audio.label, self.vconf.quality.video.label}
        return next((label for label in WORST_FIRST if label in found), UNKNOWN)

    @property
    def reasons(self) -> set[str]:
        """What made a poor stream poor."""
        media = self.vconf.quality.audio, self.vconf.quality.video
        return {reason for each in media if each.label == "poor" for reason in each.poor_due_to}


decode = msgspec.json.Decoder(Document).decode
