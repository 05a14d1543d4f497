"""Judges one record while its tree is walked: measurements, then streams, people, and the conference."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress, pairwise
from operator import attrgetter
from typing import Any

from harvesters.core.quality_fields import MEDIA
from harvesters.core.spans import seconds
from harvesters.core.tree import Conference, Entity, Issue, Medium, Row, Stream
from harvesters.quality import rule_issues, usage
from harvesters.quality.findings import Findings
from harvesters.quality.measured import Taken
from harvesters.quality.rollup import SCORES, Rolled, worst
from harvesters.quality.scoring import POOR, RAMP_UP_MS, UNKNOWN, Judge, Scorer
from harvesters.quality.thresholds import Thresholds
from harvesters.quality.verdict import Happened, verdict
from harvesters.quality.verdicts import verdicts

LONG_ENOUGH_S = 30.0
"""Shorter streams do not speak for the one who had them."""
LONGEST_INTERVALS = 5
"""A measurement stands for no longer than so many of the vendor's usual intervals."""
CAMERAS = (None, "camera")
RECEIVED, DROPPED = "received", "vconf.participant.dropped"
Fields = Mapping[str, Any]


@dataclass(slots=True)
class _Media:
    """The media of one participant, or of all: what was rolled up, and the labels of streams that count."""

    rolled: dict[str, Rolled] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)

    def add(self, medium: str, one: Rolled, *, counts: bool) -> None:
        self.rolled.setdefault(medium, Rolled()).add(one)
        if counts:
            self.labels.setdefault(medium, []).append(one.label)

    def label(self, medium: str) -> str:
        """The worst that counts."""
        return worst(self.labels.get(medium, ()))

    def block(self, medium: str) -> dict[str, Any]:
        """As members of a document."""
        self.rolled[medium].label = self.label(medium)
        return self.rolled[medium].block(SCORES.get(medium))


class _Measured:
    """The measurements of one stream, scored in place."""

    def __init__(self, stream: Stream, rows: Sequence[Row], judge: Judge, nominal_s: float) -> None:
        entity = stream.entity
        self._rows, self._nominal_s = rows, nominal_s
        self._start = None if "start_missing" in entity.flags else entity.at
        codecs = entity.fields.get("vconf.stream.codec") or ()
        camera = entity.fields.get("vconf.stream.kind") in CAMERAS
        Scorer(judge, codecs, camera=camera, ramp_up_ends=(self._start or 0) + RAMP_UP_MS).take(rows)

    def rolled(self, thresholds: Thresholds) -> Iterator[tuple[str, Rolled]]:
        """Each medium that was there."""
        if not (rows := self._rows):
            return
        at = [row.at for row in rows]
        others = at, self._seconds(at), [row.packets for row in rows]
        qualities = [row.quality for row in rows]
        for medium in MEDIA:
            media = list(map(attrgetter(medium), qualities))
            missing = media.count(None)
            if missing == len(media):
                continue
            taken = Taken(media, *others) if not missing else _there(media, *others)
            yield medium, taken.rolled(SCORES.get(medium), thresholds)

    def _seconds(self, at: Sequence[int]) -> list[float]:
        """What each stands for: as told, else since the one before."""
        first = self._nominal_s if self._start is None else (at[0] - self._start) / 1000
        found = [first, *[(end - start) / 1000 for start, end in pairwise(at)]]
        for number, machine in enumerate([row.machine for row in self._rows]):
            if machine is not None and machine.sample and machine.sample.interval_s is not None:
                found[number] = machine.sample.interval_s
        longest = self._nominal_s * LONGEST_INTERVALS
        # Few streams have a gap: to look is quicker than to cut each.
        if min(found) < 0 or max(found) > longest:
            return [min(max(each, 0.0), longest) for each in found]
        return found


def _there(media: Sequence[Medium | None], *others: Sequence[Any]) -> Taken:
    """Those measurements that have the medium."""
    there = [each is not None for each in media]
    return Taken(*(list(compress(each, there)) for each in (media, *others)))


class QualityAssessment:
    """See `core.assessment.Assessment`."""

    def __init__(self, tree: Conference, judge: Judge, nominal_s: float) -> None:
        """`nominal_s`: how often the vendor measures, in s.

        Who is who is looked at now, before anybody makes people unknown.
        """
        self._tree, self._judge, self._nominal_s = tree, judge, nominal_s
        self._persons = {key: usage.person_of(key, each.fields) for key, each in tree.participants.items()}
        self._people: dict[str, dict[str, _Media]] = {}
        self._whole: dict[str, _Media] = {}
        self._streams = StreamTotals()
        self._rules = verdicts()
        self._findings = Findings(self._rules.patterns, self._persons)
        self._taken: _Measured | None = None
        self.constants: Mapping[str, str] = {"model": judge.thresholds.model, "profile": judge.thresholds.profile}

    @cached_property
    def _stays(self) -> list[usage.Stay]:
        """Once spans are settled."""
        return usage.stays(self._tree.participants, self._persons)

    @cached_property
    def _returns(self) -> usage.Returns:
        return usage.returns(self._stays)

    @cached_property
    def _peak(self) -> int:
        return usage.peak(self._stays)

    def shared(self) -> Fields:
        """How large the conference was, by the most people at once."""
        return {"vconf.conference.size_class": usage.size_class(self._peak)}

    def rows(self, stream: Stream) -> Sequence[Row]:
        """Scored in place; what is but a summary counts and is not given."""
        rows = list(stream.rows)
        self._taken = _Measured(stream, [*stream.summary, *rows], self._judge, self._nominal_s)
        return rows

    def stream(self, stream: Stream) -> Fields:
        """The roll-up of each medium; it counts for its participant and for the conference too."""
        self._streams.take(stream.entity)
        taken, self._taken = self._taken, None
        media = dict(taken.rolled(self._judge.thresholds)) if taken else {}
        if not media:
            return {}
        length = seconds(stream.entity)
        counts = (max(one.seconds for one in media.values()) if length is None else length) >= LONG_ENOUGH_S
        for medium, one in media.items():
            self._count(stream, medium, one, counts=counts)
        if counts:
            self._findings.take(stream, media, length)
        blocks = {f"vconf.quality.{medium}": one.block(SCORES.get(medium)) for medium, one in media.items()}
        return {**blocks, **self._model()}

    def _count(self, stream: Stream, medium: str, one: Rolled, *, counts: bool) -> None:
        direction = str(stream.entity.fields.get("vconf.stream.direction"))
        self._whole.setdefault(direction, _Media()).add(medium, one, counts=counts)
        if stream.participant in self._tree.participants:
            own = self._people.setdefault(stream.participant or "", {})
            own.setdefault(direction, _Media()).add(medium, one, counts=counts)

    def _model(self) -> Fields:
        return {f"vconf.quality.{name}": value for name, value in self.constants.items()}

    def participant(self, key: str) -> Fields:
        """What was sent and received, and whether it was a coming back."""
        sides = self._people.get(key, {})
        back: dict[str, Any] = {}
        if self._tree.participants[key].present:
            overlap, rejoin = key in self._returns.overlap, key in self._returns.rejoin_of
            back = {"vconf.participant.rejoin": rejoin, "vconf.participant.overlap": overlap}
        return {**_both_sides(sides), **(self._model() if sides else {}), **back}

    def rejoin_of(self, key: str) -> str | None:
        """The stay that ended shortly before."""
        return self._returns.rejoin_of.get(key)

    def issues(self) -> Iterable[Issue]:
        """What was poor for long, and who was cut off."""
        yield from (rule_issues.of_stream(each, self._rules) for each in self._findings.facts if each.noticed)
        yield from (rule_issues.dropped(key, self._tree.participants[key]) for key in self._dropped())

    def conference(self) -> Fields:
        """People, minutes, and what all streams come to."""
        found, people = self._stays, self._tree.participants.values()
        known = "details_missing" not in (self._tree.conference.flags if self._tree.conference else ())
        told_of_drops = any(each.present and each.fields.get(DROPPED) is not None for each in people)
        told = {
            "vconf.participants.unique": len({each.person for each in found}),
            "vconf.participants.peak": self._peak,
            "vconf.minutes.participant": usage.minutes(found),
            "vconf.minutes.attendance": usage.attendance(found),
            "vconf.rejoins": len(self._returns.rejoin_of),
            "vconf.drops": len(self._dropped()) if told_of_drops else None,
        }
        return {
            **(told if known else {}),
            **self._streams.fields(),
            **_both_sides(self._whole, without=("label", "poor_due_to")),  # of people, not of conferences
            **(self._model() if self._whole else {}),
            "vconf.poor_participants_pct": self._poor_participants(),
            **verdict(self._findings, self._drops(), self._rejoins(), self._rules),
        }

    def _dropped(self) -> list[str]:
        """The stays that were cut off."""
        return [key for key, each in self._tree.participants.items() if each.present and each.fields.get(DROPPED)]

    def _drops(self) -> Happened:
        """Who was cut off, and when."""
        people, found = self._tree.participants, self._dropped()
        ends = tuple(end for key in found if (end := people[key].end) is not None)
        return Happened(frozenset(self._persons[key] for key in found), self._came(), ends)

    def _rejoins(self) -> Happened:
        """Who came back soon, and when."""
        found = [each for each in self._stays if each.key in self._returns.rejoin_of]
        return Happened(frozenset(each.person for each in found), self._came(), tuple(each.start for each in found))

    def _came(self) -> int:
        return len({each.person for each in self._stays})

    def _poor_participants(self) -> float | None:
        """Of those who received something that could be judged."""
        labels = [
            {sides[RECEIVED].label(medium) for medium in SCORES} - {UNKNOWN}
            for sides in self._people.values()
            if RECEIVED in sides
        ]
        judged = [each for each in labels if each]
        return round(100 * sum(POOR in each for each in judged) / len(judged), 4) if judged else None


def _both_sides(sides: Mapping[str, _Media], *, without: Collection[str] = ()) -> dict[str, Any]:
    """What was received and what was sent, medium by medium."""
    fields: dict[str, Any] = {}
    for direction, media in sides.items():
        for medium in media.rolled:
            block = media.block(medium)
            fields[f"vconf.quality.{direction}.{medium}"] = {
                name: value for name, value in block.items() if name not in without
            }
    return fields


@dataclass(slots=True)
class StreamTotals:
    """How long was sent and received, and over which ways."""

    seconds: Counter[str] = field(default_factory=Counter)
    transports: Counter[str] = field(default_factory=Counter)
    relayed: Counter[str] = field(default_factory=Counter)

    def take(self, entity: Entity) -> None:
        """Count a stream, its span settled."""
        length = seconds(entity)
        if length is not None:
            self.seconds[str(entity.fields.get("vconf.stream.direction"))] += length  # type: ignore[assignment]
        if transport := entity.fields.get("network.transport"):
            self.transports[transport] += 1
        if (relayed := entity.fields.get("vconf.network.relayed")) is not None:
            self.relayed["relayed" if relayed else "direct"] += 1

    def fields(self) -> dict[str, Any]:
        """Minutes, and shares in percent of the streams of which it is known."""
        return {
            "vconf.minutes.published": self._minutes("sent"),
            "vconf.minutes.subscribed": self._minutes(RECEIVED),
            "vconf.streams.relayed_pct": _share(self.relayed, "relayed"),
            "vconf.streams.tcp_pct": _share(self.transports, "tcp"),
        }

    def _minutes(self, direction: str) -> float | None:
        return round(self.seconds[direction] / 60, 4) if direction in self.seconds else None


def _share(counted: Counter[str], what: str) -> float | None:
    return round(100 * counted[what] / counted.total(), 4) if counted else None
