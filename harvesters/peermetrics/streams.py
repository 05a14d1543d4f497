"""The tracks of one participant as streams, put together from all of the participant's statistics."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter

import msgspec

from harvesters.core.lenient import RowDecoder
from harvesters.core.source import Part
from harvesters.core.tree import Interval, Machine, Medium, Quality, Row
from harvesters.peermetrics.reports import (
    LONGEST_S,
    SHORTEST_S,
    Candidate,
    Event,
    Heard,
    Report,
    Tick,
    Ways,
    medium,
    seconds_between,
    since,
)
from harvesters.peermetrics.rows import stamp

MEDIA = ("audio", "video")
GAP: tuple[str, ...] = ("gap",)
CLAMPED: tuple[str, ...] = ("clamped",)
Key = tuple[str, ...]


class Known(msgspec.Struct, gc=False):
    """The members of an event that all of a record have in common, and that nobody reads."""

    app: str | None = None
    conference: str | None = None
    participant: str | None = None
    type: str | None = None
    category: str | None = None


events = RowDecoder(Event, Known, deep=True)
_order = itemgetter(0, 1)


@dataclass(slots=True)
class Track:
    """One track, in one direction, over one connection.

    Attributes:
        key: its key within its conference.
        event: the first event that had it.
        sent: its direction.
        seen: its reports.
    """

    key: Key
    event: Event
    sent: bool
    seen: list[Tick] = field(default_factory=list)


@dataclass(slots=True)
class Tracks:
    """The tracks of one participant.

    `pairs`: of each connection this end of the pair that was chosen last; `oddities` counts what could not be placed.
    """

    oddities: Counter[str]
    found: dict[Key, Track] = field(default_factory=dict)
    pairs: dict[str | None, Candidate] = field(default_factory=dict)
    _waiting: dict[str | None, list[Tick]] = field(default_factory=dict)

    def take(self, parts: Iterable[Part]) -> None:
        """Read all statistics, in order of time."""
        timed: dict[str | None, tuple[int, str, Event]] = {}
        for part in parts:
            for event in events.decode(part.rows, self.oddities):
                at = stamp(event.created_at)
                if at is None or event.data is None:
                    self.oddities["statistics without a time or content"] += 1
                else:
                    timed.setdefault(event.id, (at, event.id or "", event))
        for at, _, event in sorted(timed.values(), key=_order):
            self._event(at, event)

    def _event(self, at: int, event: Event) -> None:
        """A row of one track waits for its connection's, which has the rest and comes a little later."""
        data = event.data
        if data is None:
            return
        if event.track is not None:
            seen = self._report(at, event, data, sent=data.type != "inbound-rtp")
            if seen:
                self._waiting.setdefault(event.connection, []).append(seen)
            return
        fresh = [*self._waiting.pop(event.connection, ()), *self._inline(at, event)]
        rtt = data.connection.current_round_trip_time if data.connection else None
        told = _remote(event)
        for seen in fresh:
            seen.rtt, seen.remote = rtt, told.get(seen.report.id)
        if data.connection and data.connection.local:
            self.pairs[event.connection] = data.connection.local

    def _inline(self, at: int, event: Event) -> Iterator[Tick]:
        """The reports that stand in the connection's own row."""
        data = event.data
        for media in MEDIA:
            ways: Ways | None = getattr(data, media)
            for sent, reports in ((False, ways.inbound), (True, ways.outbound)) if ways else ():
                for report in reports or ():
                    report.kind = report.kind or report.media_type or media
                    if seen := self._report(at, event, report, sent=sent):
                        yield seen

    def _report(self, at: int, event: Event, report: Report, *, sent: bool) -> Tick | None:
        """Put a report with its track."""
        report.kind = report.kind or report.media_type
        if report.kind not in MEDIA:
            self.oddities["reports of no medium"] += 1
            return None
        key = (event.track,) if event.track else _key(event, report, sent=sent)
        track = self.found.get(key)
        if track is None:
            track = self.found[key] = Track(key, event, sent)
        seen = Tick(at, report)
        track.seen.append(seen)
        return seen


def _key(event: Event, report: Report, *, sent: bool) -> Key:
    """Of a track without an id of its own: connection, direction and the browser's id of track or report."""
    own = report.identifier or report.id or report.media or "none"
    return (event.connection or "none", "outbound" if sent else "inbound", own)


def _remote(event: Event) -> dict[str | None, Heard]:
    """What the other end says, by the id of the report that it is about."""
    remote = event.data.remote if event.data else None
    ways = (remote.audio, remote.video) if remote else ()
    return {each.local_id: each for way in ways if way for each in way.inbound or () if each.local_id}


def measurements(track: Track, *, screen: bool) -> list[Row]:
    """A track's measurements; the first has no rates, nor has one after a restart of the counters."""
    rows: list[Row] = []
    before: Tick | None = None
    for tick in track.seen:
        if before is None or tick.at != before.at:
            rows.append(_row(tick, before, screen=screen))
            before = tick
    return rows


def _row(tick: Tick, before: Tick | None, *, screen: bool) -> Row:
    report = tick.report
    if before is None:
        return Row(tick.at, _quality(report, medium(tick), screen=screen))
    seconds = seconds_between(tick, before)
    flags = () if SHORTEST_S <= seconds <= LONGEST_S else GAP
    between = since(tick, before, seconds)
    if between is not None and between.clamped:
        flags += CLAMPED
    quality = _quality(report, medium(tick, before, between), screen=screen)
    packets = between.packets if between else None
    return Row(tick.at, quality, None, flags, _interval(round(seconds * 1000)), packets)


@lru_cache(maxsize=1024)
def _interval(ms: int) -> Machine:
    """What a measurement that stands for so long tells of the machine: clients report every ten seconds, about."""
    return Machine(Interval(ms / 1000))


def _quality(report: Report, found: Medium, *, screen: bool) -> Quality:
    if report.kind == "audio":
        return Quality(found)
    return Quality(screen=found) if screen else Quality(None, found)
