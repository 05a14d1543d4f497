"""What a record's streams tell of trouble, gathered while they are walked: a small fact of each poor one, else counts.

A *link* is what one person receives of another; an *upload* is what was measured where a person sends it, before it
went to anybody. A sent stream that names its receiver is a link too, seen from the other end.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from harvesters.core.tree import Stream
from harvesters.quality.rollup import NOTICED_PCT, SCORES, Rolled
from harvesters.quality.scoring import POOR, UNKNOWN
from harvesters.quality.verdicts import Patterns

BITRATE = frozenset({"bitrate"})
DELAYS = frozenset({"latency", "rtt", "jitter", "buffer", "mos_drop"})
"""Reasons that a sender may not be able to measure."""
TIMED = frozenset({"latency", "rtt", "rtt_max"})
NOBODY = ""
"""Whoever a stream belongs to that names none of the participants."""
SENT = "sent"


@dataclass(frozen=True, slots=True)
class Fact:
    """One medium of one stream that was poor for some time.

    Attributes:
        key: the stream's.
        participant: key in the tree of whoever sent or received it, None if unknown.
        person: who that is.
        peer: the person at the other end, None if unknown.
        sent: the direction.
        medium: audio or video.
        label: of the stream's medium as a whole.
        score: its mean.
        poor_s: seconds that were poor; `scored_s` those that have a score.
        first: ms since 1970 where the first poor measurement begins; `last` where the last one ends.
        reasons: seconds of the poor ones by reason.
        noticed: whether it was poor for long.
    """

    key: tuple[str, ...]
    participant: str | None
    person: str
    peer: str | None
    sent: bool
    medium: str
    label: str
    score: float
    poor_s: float
    scored_s: float
    first: int
    last: int
    reasons: tuple[tuple[str, float], ...]
    noticed: bool

    @property
    def upload(self) -> bool:
        """Whether it was measured where it was sent, on its way to everybody."""
        return self.sent and self.peer is None

    @property
    def sender(self) -> str | None:
        """The person who sent it, if known."""
        return self.person if self.sent else self.peer

    @property
    def receiver(self) -> str | None:
        """The person who received it; None of an upload."""
        return self.peer if self.sent else self.person

    @property
    def low_bitrate(self) -> bool:
        """Whether a picture was poor by its bitrate alone."""
        return self.medium == "video" and self._held() == BITRATE

    @property
    def by_delay(self) -> bool:
        """Whether it was poor by nothing but delay."""
        return self._held() <= DELAYS

    def _held(self) -> set[str]:
        return {name for name, s in self.reasons if 100 * s >= NOTICED_PCT * self.poor_s}

    def meets(self, other: "Fact") -> bool:
        """Whether both were poor at the same time."""
        return self.first <= other.last and other.first <= self.last


@dataclass(slots=True)
class Findings:
    """Of one record.

    Attributes:
        patterns: what is noticed.
        persons: who each participant of the tree is.
        facts: of what was poor.
        into: judged media that a person received, by person and medium; `out` likewise what others received of one.
        uploads: judged media that a person sent, as measured there; `good_uploads` those that were
            not poor, and had no reason for it but a low bitrate for long.
        timed: those at whose end a delay was measured of what they sent.
        judged: streams that could be judged.
        screens: streams of which nothing but a screen was measured.
        measured_ms: measured time of the judged streams, of `length_ms`.
    """

    patterns: Patterns
    persons: Mapping[str, str]
    facts: list[Fact] = field(default_factory=list)
    into: Counter[tuple[str, str]] = field(default_factory=Counter)
    out: Counter[tuple[str, str]] = field(default_factory=Counter)
    uploads: Counter[tuple[str, str]] = field(default_factory=Counter)
    good_uploads: Counter[tuple[str, str]] = field(default_factory=Counter)
    timed: set[str] = field(default_factory=set)
    judged: int = 0
    screens: int = 0
    measured_ms: int = 0
    length_ms: int = 0

    def take(self, stream: Stream, media: Mapping[str, Rolled], length_s: float | None) -> None:
        """A stream that lasted long enough to count; `length_s` is its length if known."""
        judged = {name: one for name, one in media.items() if name in SCORES and one.label != UNKNOWN}
        self.screens += set(media) == {"screen"}
        if not judged:
            return
        scored = max(one.scored_s for one in judged.values())
        self.judged += 1
        # In whole ms, that sums do not depend on their order.
        self.measured_ms += round(1000 * scored)
        self.length_ms += round(1000 * max(length_s or 0.0, scored))
        for medium, one in judged.items():
            self._count(stream, medium, one)
            if one.span is not None:
                self.facts.append(self._fact(stream, medium, one, *one.span))

    def _is_good(self, one: Rolled) -> bool:
        longest = max((s for name, s in one.reasons.items() if name not in BITRATE), default=0.0)
        return one.label != POOR and longest < self.patterns.stream_s

    def _who(self, participant: str | None) -> str:
        return self.persons.get(participant or "", participant or NOBODY)

    def _ends(self, stream: Stream) -> tuple[str, str | None, bool]:
        """Whose stream it is, who is at the other end, and whether it was sent."""
        peer = self._who(stream.peer) if stream.peer else None
        return self._who(stream.participant), peer, stream.entity.fields.get("vconf.stream.direction") == SENT

    def _count(self, stream: Stream, medium: str, one: Rolled) -> None:
        person, peer, sent = self._ends(stream)
        if sent and peer is None:
            self.uploads[person, medium] += 1
            self.good_uploads[person, medium] += self._is_good(one)
            if one.inputs & TIMED:
                self.timed.add(person)
            return
        sender, receiver = (person, peer) if sent else (peer, person)
        self.into[str(receiver), medium] += 1
        if sender is not None:
            self.out[sender, medium] += 1

    def _fact(self, stream: Stream, medium: str, one: Rolled, first: int, last: int) -> Fact:
        person, peer, sent = self._ends(stream)
        return Fact(
            key=stream.entity.key,
            participant=stream.participant,
            person=person,
            peer=peer,
            sent=sent,
            medium=medium,
            label=one.label,
            score=one.score.mean if one.score else 0.0,
            poor_s=one.poor_s,
            scored_s=one.scored_s,
            first=first,
            last=last,
            reasons=tuple(sorted(one.poor_reasons.items())),
            noticed=one.label == POOR or one.poor_s >= self.patterns.stream_s,
        )

    @property
    def receivers(self) -> set[str]:
        """Those who received something that could be judged."""
        return {person for person, _ in self.into}

    @property
    def senders(self) -> set[str]:
        """Those whose sending could be judged, there or where it was received."""
        return {person for person, _ in (*self.out, *self.uploads)}

    @property
    def measured_pct(self) -> float:
        """Share of the judged streams' time that was measured."""
        return 100 * self.measured_ms / self.length_ms if self.length_ms else 0.0
