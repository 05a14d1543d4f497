"""The verdict on a conference: who was affected, by what, when, on whose side, and how sure that is.

The rules are data, see `verdicts.toml`. Sentences have numbers of people, never what tells who they are.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harvesters.core.day import iso_ms
from harvesters.quality.findings import Fact, Findings
from harvesters.quality.sides import EVERYBODY, RECEIVER, SENDER, UNCLEAR, sides
from harvesters.quality.verdicts import Rule, Verdicts

LOW_BITRATE, SHORT_BURST, DROPS, REJOINS = "low_bitrate", "short_burst", "drops", "rejoins"
MIXED = "mixed"
"""The code of the rule that leaves it to the others to say whose side it is."""
TOGETHER = "sides"
"""All trouble that has a side, or might have."""
MOST_REASONS = 2
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Happened:
    """What befell people at instants (ms since 1970): `people` those whom it befell, `of` all who were there."""

    people: frozenset[str]
    of: int
    at: tuple[int, ...]


@dataclass(slots=True)
class Told:
    """What one sentence tells: of whom, of when, and of what.

    Attributes:
        people: who is affected.
        of: how many might have been.
        start: ms since 1970 of the first of it; `end` of the last.
        facts: what it rests on.
    """

    people: set[str] = field(default_factory=set)
    of: int = 0
    start: int | None = None
    end: int | None = None
    facts: Sequence[Fact] = ()

    @property
    def poor_s(self) -> float:
        """Poor seconds of all streams; the order of facts decides nothing."""
        return sum(round(1000 * each.poor_s) for each in self.facts) / 1000

    def words(self, names: Mapping[str, str]) -> dict[str, str]:
        """Everything that a rule's sentence may name; `names` are the words of reasons."""
        media = {each.medium for each in self.facts}
        culprits = len({each.sender for each in self.facts} - {None})
        return {
            "affected": str(len(self.people)),
            "of": f"{self.of} {'participant' if self.of == 1 else 'participants'}",
            "were": "was" if len(self.people) == 1 else "were",
            "had": "received" if any(each.receiver is not None for each in self.facts) else "sent",
            "media": " and ".join(each for each in ("audio", "video") if each in media),
            "culprits": "the one" if culprits == 1 else f"the {culprits}",
            "longest": f"{max((each.poor_s for each in self.facts), default=0.0):.0f}",
            "when": _when(self.start, self.end),
            "why": _why(self.facts, names),
        }


def _when(start: int | None, end: int | None) -> str:
    """By the UTC clock; with the day where it is not one and the same."""
    if start is None or end is None:
        return ""
    first, last = iso_ms(start)[:16].split("T"), iso_ms(end)[:16].split("T")
    if first == last:
        return f" at {first[1]} UTC"
    if first[0] == last[0]:
        return f" from {first[1]} to {last[1]} UTC"
    return f" from {' '.join(first)} to {' '.join(last)} UTC"


def _why(facts: Iterable[Fact], names: Mapping[str, str]) -> str:
    """The reasons that held for longest."""
    held = Counter[str]()
    for fact in facts:
        for name, seconds in fact.reasons:
            held[names.get(name, name)] += round(1000 * seconds)
    most = sorted(held, key=lambda name: (-held[name], name))[:MOST_REASONS]
    return f", by {' and '.join(most)}" if most else ""


def _told(facts: Sequence[Fact], found: Findings) -> Told:
    """Of poor streams: those who received them, or where nobody did, those who sent them."""
    people = {each.receiver for each in facts if each.receiver is not None}
    of = found.receivers
    if not people:
        people, of = {each.person for each in facts}, found.senders
    start, end = min((each.first for each in facts), default=None), max((each.last for each in facts), default=None)
    return Told(people, len(of), start, end, facts)


def _of_happened(happened: Happened) -> Told:
    at = happened.at
    return Told(set(happened.people), happened.of, min(at, default=None), max(at, default=None))


def _all_told(found: Findings, drops: Happened, rejoins: Happened) -> dict[str, Told]:
    """By what a rule may be about."""
    noticed = [each for each in found.facts if each.noticed]
    low = [each for each in noticed if each.low_bitrate]
    by_side = sides((each for each in noticed if not each.low_bitrate), found)
    together = [each for side in (SENDER, RECEIVER, UNCLEAR) for each in by_side.get(side, ())]
    groups = {
        **{side: by_side.get(side, ()) for side in (EVERYBODY, SENDER, RECEIVER, UNCLEAR)},
        TOGETHER: together,
        LOW_BITRATE: low,
        SHORT_BURST: [each for each in found.facts if not each.noticed],
    }
    told = {name: _told(facts, found) for name, facts in groups.items()}
    return {**told, DROPS: _of_happened(drops), REJOINS: _of_happened(rejoins)}


def _measures(told: Mapping[str, Told], found: Findings) -> dict[str, float]:
    """Numbers that rules have conditions on."""
    people = {name: len(each.people) for name, each in told.items()}
    coincide = sum(people[side] > 0 for side in (SENDER, RECEIVER, UNCLEAR))
    own_line = people[TOGETHER] if _is_own_line(told) else 0
    return {**people, "own_line": own_line, "sides": coincide, "judged": found.judged, "screens": found.screens}


def _is_own_line(told: Mapping[str, Told]) -> bool:
    """Whether all of it is due to one person, who both sends and receives poorly."""
    senders = {each.sender for each in told[SENDER].facts} - {None}
    receivers = {each.receiver for each in told[RECEIVER].facts}
    return (
        len(senders) == 1
        and senders == receivers
        and all(senders & {each.sender, each.receiver} for each in told[UNCLEAR].facts)
    )


def _held(rules: Verdicts, told: Mapping[str, Told], found: Findings) -> Iterator[Rule]:
    """The rule that decides, then the others that hold, the longest trouble first."""
    measures = _measures(told, found)
    first, *rest = [rule for rule in rules.rules if rule.holds(measures)]
    yield first
    others = [rule for rule in rest if not rule.alone and rule.code not in first.instead]
    yield from sorted(others, key=lambda rule: -told[rule.about].poor_s if rule.about in told else 0.0)


def verdict(found: Findings, drops: Happened, rejoins: Happened, rules: Verdicts) -> Fields:
    """Members of `vconf.verdict` by flat names; there is always a code."""
    told = _all_told(found, drops, rejoins)
    nothing = Told(of=len(found.receivers or found.senders))
    decided, *others = _held(rules, told, found)
    about = told.get(decided.about, nothing)
    sure = next(each for each in rules.sure if _is_sure(found, each.streams, each.measured_pct))
    sentences = [rule.text.format_map(told.get(rule.about, nothing).words(rules.words)) for rule in (decided, *others)]
    leading = others[0] if decided.code == MIXED and others else decided
    return {
        "vconf.verdict.code": decided.code,
        "vconf.verdict.also": [rule.code for rule in others] or None,
        "vconf.verdict.text": " ".join([*sentences, _how_sure(sure.name, found)]),
        "vconf.verdict.side": leading.side,
        "vconf.verdict.affected": len(about.people),
        "vconf.verdict.of": about.of,
        "vconf.verdict.sure": sure.name,
        "vconf.verdict.start": None if about.start is None else iso_ms(about.start),
        "vconf.verdict.end": None if about.end is None else iso_ms(about.end),
    }


def _is_sure(found: Findings, streams: int, measured_pct: float) -> bool:
    return found.judged >= streams and found.measured_pct >= measured_pct


def _how_sure(name: str, found: Findings) -> str:
    share = f", {found.measured_pct:.0f} % of their time measured" if found.judged else ""
    return f"How sure: {name} ({found.judged} {'stream' if found.judged == 1 else 'streams'} judged{share})."
