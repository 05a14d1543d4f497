"""Calls of which it is known what was wrong, made of a world's parts and told in a vendor's shapes."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from harvesters.core.day import to_ms
from harvesters.core.source import Part, Record
from harvesters.core.spans import settle
from harvesters.core.tree import Conference, Issue
from harvesters.opentok import OpenTok
from harvesters.quality.assessment import QualityAssessment
from harvesters.quality.scoring import Judge
from harvesters.quality.thresholds import thresholds
from harvesters.quality.units import bitrate_step
from harvesters.sandbox.opentok import generated_meeting as opentok
from harvesters.sandbox.world import Call, Kind, Level, Publication, Reception, Stay
from harvesters.sandbox.world.calls import Stretch, blended
from harvesters.sandbox.world.lines import MINUTE, SECOND
from harvesters.sandbox.world.people import person
from harvesters.sandbox.zoom import generated_meeting as zoom
from harvesters.zoom import Zoom

JUDGE = Judge(thresholds())
NINE = to_ms(datetime(2026, 11, 20, 9, tzinfo=UTC))
BAD = (Level.LOSSY, Level.AWFUL)
UNITS = ("kbyte", "unknown")
Json = dict[str, Any]
Lines = dict[int, list[Stretch]]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is expected of a call: the verdict's code, and how many are affected."""

    code: str
    affected: int


@dataclass(frozen=True, slots=True)
class Known:
    """A call and its truth; `change` gets each stream's place among the publications and its rows as OpenTok has them.

    Attributes:
        change: what else is done to the rows.
    """

    call: Call
    truth: Truth
    change: Callable[[int, list[Json]], list[Json]] = lambda _, rows: rows


# -- making calls -----------------------------------------------------------------------------------------


def empty(random: Random, least: int = 2, most: int = 5) -> Call:
    """Some people with good lines, from about the start to about the end of a quarter of an hour or more."""
    start = NINE + random.randrange(60) * MINUTE
    end = start + random.randint(15, 25) * MINUTE
    names = [f"meeting host {random.random()}" for _ in range(random.randint(least, most))]
    people = tuple(replace(person("verdict", name), line=Level.GOOD) for name in names)
    call = Call(Kind.MEETING, "room", 0, start, end, people)
    for place in range(len(people)):
        call.stays.append(Stay(place, start + random.randrange(30_000), end - random.randrange(1, 30) * SECOND, "over"))
    return call


def connected(call: Call, up: Lines, down: Lines, kind: str = "camera") -> Call:
    """Everybody sends and receives all others, on lines that are good but for what is said."""
    for number, stay in enumerate(call.stays):
        start = stay.start + SECOND
        told = tuple(blended(start, stay.end, up.get(stay.person, [])))
        call.publications.append(Publication(number, kind, start, stay.end, told))
    for number, sent in enumerate(call.publications):
        for place, stay in enumerate(call.stays):
            start, end = max(sent.start, stay.start) + 500, min(sent.end, stay.end)
            if stay.person != call.stays[sent.stay].person and start + 3 * SECOND < end:
                line = tuple(blended(start, end, sent.stretches, down.get(stay.person, [])))
                call.receptions.append(Reception(place, number, start, end, line))
    return call


def long_trouble(random: Random, call: Call) -> Stretch:
    """Eight to ten minutes of a bad line."""
    lasting = random.randint(8, 10) * MINUTE
    start = call.start + random.randrange(MINUTE, call.end - call.start - lasting - MINUTE)
    return Stretch(start, start + lasting, random.choice(BAD))


def sender(random: Random) -> Known:
    """One person's line is bad on the way up."""
    call = empty(random)
    who = random.randrange(len(call.people))
    return Known(connected(call, {who: [long_trouble(random, call)]}, {}), Truth("sender", len(call.people) - 1))


def receiver(random: Random) -> Known:
    """One person's line is bad on the way down."""
    call = empty(random)
    who = random.randrange(len(call.people))
    return Known(connected(call, {}, {who: [long_trouble(random, call)]}), Truth("receiver", 1))


def own_line(random: Random) -> Known:
    """One person's line is bad both ways."""
    call = empty(random, least=3)
    bad = {random.randrange(len(call.people)): [long_trouble(random, call)]}
    return Known(connected(call, bad, bad), Truth("own_line", len(call.people)))


def server(random: Random) -> Known:
    """Everything is sent well and arrives badly."""
    call = empty(random, least=3)
    bad = [long_trouble(random, call)]
    whole = connected(call, {}, dict.fromkeys(range(len(call.people)), bad))
    return Known(whole, Truth("server", len(call.people)))


def burst(random: Random) -> Known:
    """One person hears half a minute badly."""
    call = empty(random)
    who, start = random.randrange(len(call.people)), call.start + random.randrange(2 * MINUTE, 10 * MINUTE)
    bad = Stretch(start, start + 30 * SECOND, Level.AWFUL)
    return Known(connected(call, {}, {who: [bad]}), Truth("short_burst", 1))


def fine(random: Random) -> Known:
    """Good lines, and some that are fair."""
    call = empty(random)
    fair = [Stretch(call.start, call.end, Level.FAIR)]
    some = {place: fair for place in range(len(call.people)) if random.random() < 0.3}
    return Known(connected(call, some, some), Truth("fine", 0))


def no_data(random: Random) -> Known:
    """Nobody measured."""
    return Known(connected(empty(random), {}, {}), Truth("no_data", 0), lambda _, __: [])


def away(random: Random, why: str) -> Call:
    """One person is gone for a while in the middle."""
    call = empty(random)
    who = random.randrange(len(call.people))
    stay = call.stays[who]
    leaves = stay.start + random.randint(4, 8) * MINUTE
    call.stays[who] = replace(stay, end=leaves, why=why)
    call.stays.append(replace(stay, start=leaves + random.randint(15, 200) * SECOND))
    return call


def rejoins(random: Random) -> Known:
    """One person leaves and comes back."""
    return Known(connected(away(random, "left"), {}, {}), Truth("rejoins", 1))


def drop(random: Random) -> Known:
    """One person is cut off after half a minute of a bad line, and comes back."""
    call = away(random, "dropped")
    (cut,) = [each for each in call.stays if each.why == "dropped"]
    bad = {cut.person: [Stretch(cut.end - 30 * SECOND, cut.end, Level.AWFUL)]}
    return Known(connected(call, bad, bad), Truth("drops", 1))


def low_bitrate(random: Random) -> Known:
    """One person sends a picture of next to nothing over a good line."""
    call = empty(random)
    who, kbytes = random.randrange(len(call.people)), random.uniform(4, 9)

    def narrow(publication: int, rows: list[Json]) -> list[Json]:
        if publication != who:
            return rows
        still = {"videoBitrateKbps": kbytes, "videoResolution": "640x480", "videoPacketLoss": 0}
        return [{**row, **still} for row in rows]

    return Known(connected(call, {}, {}), Truth("low_bitrate", len(call.people) - 1), narrow)


def screen_only(random: Random) -> Known:
    """Nobody speaks."""
    return Known(connected(empty(random), {}, {}, "screen"), Truth("screen_only", 0))


KINDS = {
    "sender bad": sender,
    "receiver bad": receiver,
    "line bad both ways": own_line,
    "server bad": server,
    "one short burst": burst,
    "all fine": fine,
    "no data": no_data,
    "rejoins": rejoins,
    "low bitrate by choice": low_bitrate,
    "screen share only": screen_only,
}
BY_ZOOM = {"sender bad": sender, "receiver bad": receiver, "server bad": server, "all fine": fine,
           "rejoins": rejoins, "drop": drop}  # fmt: skip


# -- telling them -----------------------------------------------------------------------------------------


def as_opentok(known: Known, seed: str) -> Record:
    """The record of a call as the vendor would tell it."""
    made = opentok.meeting(seed, known.call)
    lists = {name: made.pop(name)["resources"] for name in ("connections", "publishers", "subscribers")}
    head = {"sessionId": "session", "mediaMode": "routed", **made}
    streams = [each["stream"]["streamId"] for each in lists["publishers"]]
    parts = [_part("meeting", head, lists["connections"])]
    for kind in ("publisher", "subscriber"):
        for each in lists[f"{kind}s"]:
            rows = list(each.pop("streamStatsCollection")["resources"])
            parts.append(_part(kind, each, known.change(streams.index(each["stream"]["streamId"]), rows)))
    key = ("session", made["meetingId"], made["createdAt"])
    return Record(key, "session", _started(known.call), 2, ongoing=False, parts=parts)


def as_zoom(known: Known, seed: str) -> Record:
    """Likewise of the dashboard."""
    made = zoom.meeting(zoom.Named(f"{seed}==", 93_000_000_000, alone=False), known.call)
    parts = [_part("meeting", made.row, [each.row for each in made.sessions])]
    parts += (
        Part("qos", json.dumps(each.row).encode(), each.minutes.text(), 0)
        for each in made.sessions
        if each.minutes is not None and not isinstance(each.minutes, Sequence)
    )
    return Record((made.uuid,), made.uuid, made.start, 2, ongoing=False, parts=parts)


def _part(kind: str, head: Mapping[str, Any], rows: Sequence[Any]) -> Part:
    return Part(kind, json.dumps(head).encode(), json.dumps(rows).encode(), len(rows))


def _started(call: Call) -> datetime:
    return datetime.fromtimestamp(call.start / 1000, UTC)


# -- judging them -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a record's tree: the conference's fields, the issues, and the tree."""

    fields: Mapping[str, Any]
    issues: Sequence[Issue]
    tree: Conference

    @property
    def truth(self) -> Truth:
        """Code and affected people, as `Known` has them."""
        return Truth(self.fields["vconf.verdict.code"], self.fields["vconf.verdict.affected"])

    @property
    def text(self) -> str:
        """The verdict's sentences."""
        return str(self.fields["vconf.verdict.text"])


def judged(tree: Conference, nominal_s: float = 30.0) -> Judged:
    """Walk a tree as the encoder does."""
    for each in (*((tree.conference,) if tree.conference else ()), *tree.participants.values()):
        settle(each, tree.conference, NINE)
    assessment = QualityAssessment(tree, JUDGE, nominal_s)
    assessment.shared()
    for stream in tree.streams:
        settle(stream.entity, tree.conference, NINE)
        for _ in assessment.rows(stream):
            pass
        assessment.stream(stream)
    for key in tree.participants:
        assessment.participant(key)
    issues = list(assessment.issues())
    return Judged(assessment.conference(), issues, tree)


def by_opentok(known: Known, seed: str, unit: str) -> Judged:
    """A call by way of OpenTok's shapes."""
    tree = OpenTok.flatten(as_opentok(known, seed))
    if (step := bitrate_step({"OPENTOK_BITRATE_UNIT": unit})) is not None:
        streams = list(tree.streams)
        for each in streams:
            each.rows = map(step, each.rows)
        tree.streams = streams
    return judged(tree, OpenTok.interval_s)


def by_zoom(known: Known, seed: str) -> Judged:
    """A call by way of Zoom's shapes."""
    return judged(Zoom.flatten(as_zoom(known, seed)), Zoom.interval_s)


def misses(kind: str, count: int = 100) -> Iterator[str]:
    """Where the verdict is not the truth, of so many calls of a kind by way of OpenTok."""
    for number in range(count):
        seed = f"{kind}/{number}"
        known = KINDS[kind](Random(seed))
        unit = UNITS[0] if kind == "low bitrate by choice" else UNITS[number % 2]
        yield from _differs(seed, known.truth, by_opentok(known, seed, unit))


def zoom_misses(kind: str, count: int = 100) -> Iterator[str]:
    """Likewise by way of Zoom."""
    for number in range(count):
        seed = f"zoom {kind}/{number}"
        known = BY_ZOOM[kind](Random(seed))
        yield from _differs(seed, known.truth, by_zoom(known, seed))


def _differs(seed: str, truth: Truth, found: Judged) -> Iterator[str]:
    if found.truth != truth:
        yield f"{seed}: expected {truth}, found {found.truth}: {found.text}"
