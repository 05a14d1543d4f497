"""Statistics of generated calls: rows whose data are made when they are sent, none of them kept."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, overload

import msgspec

from harvesters.sandbox.peermetrics.links import Link
from harvesters.sandbox.peermetrics.reports import Flow, Stream
from harvesters.sandbox.peermetrics.rooms import Json, uid
from harvesters.sandbox.peermetrics.stamps import stamp
from harvesters.sandbox.peermetrics.ticks import Sided, Tick, apart, main
from harvesters.sandbox.world import measures
from harvesters.sandbox.world.calls import Stretch
from harvesters.sandbox.world.levels import POOL

_AUDIO_PACKETS_S, _PACKET_BYTES, _FPS = 50.0, 1_000, 24
_OCTETS = 1000 / 8


class Late:
    """A row's data, made when they are sent."""

    def __init__(self, make: Callable[[], Json]) -> None:
        self.make = make

    def text(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self.make())


@dataclass(frozen=True, slots=True)
class Line:
    """What comes over a line for some time.

    Attributes:
        stretches: of it, in ms since 1970.
        place: where in the pool of measurements it begins.
    """

    stretches: Sequence[Stretch]
    place: int

    def flow(self, kind: str, begin: float, ms: float, every: int) -> Flow:
        """What has flowed since `begin`; `every` is how many seconds before the tick before was."""
        packets, octets, lost, frames = self._total(kind, ms)
        before = self._total(kind, ms - every * 1000)
        measure = measures(self._at(ms).level)[self.place % POOL]
        seconds = (ms - begin) / 1000
        rate = ((octets - before[1]) * 8 / every, (packets - before[0]) / every) if seconds > every else None
        jitter = round(measure.latency_ms / 1000 * 0.06, 6)
        rtt = measure.latency_ms * 2 / 1000
        return Flow(seconds, packets, octets, lost, frames, jitter, rtt, measure.size, _FPS, rate)

    def _at(self, ms: float) -> Stretch:
        return next((each for each in self.stretches if ms < each.end), self.stretches[-1])

    def _total(self, kind: str, ms: float) -> tuple[int, int, int, int]:
        """Packets, bytes, lost packets and frames by an instant."""
        packets = octets = lost = frames = 0.0
        for each in self.stretches:
            seconds = (min(ms, each.end) - each.start) / 1000
            if seconds <= 0 or (kind == "video" and not each.video):
                continue
            measure = measures(each.level)[(self.place + each.start) % POOL]
            video = kind == "video"
            rate = (measure.video_kbps if video else measure.audio_kbps) * _OCTETS
            share = measure.video_loss if video else measure.audio_loss
            sent = rate / _PACKET_BYTES if video else _AUDIO_PACKETS_S
            packets += seconds * sent * (1 - share)
            lost += seconds * sent * share
            octets += seconds * rate * (1 - share)
            frames += seconds * _FPS * video
        return int(packets), int(octets), int(lost), int(frames)


@dataclass(frozen=True, slots=True)
class Measured:
    """A connection with the lines of its streams.

    Attributes:
        link: the connection.
        got: the line of each source, by session.
        sent: the line of what is sent; None if nothing is.
        every: seconds from tick to tick.
    """

    link: Link
    got: dict[str, Line]
    sent: Line | None
    every: int

    def rows(self) -> Iterator[Json]:
        """All rows of the connection's statistics."""
        ticks = self.link.ticks(self.every)
        # Which rows there are does not depend on what has flowed.
        keys = [key for key, _ in apart(self.link.stay.person.browser, self._tick(ticks[0]))] if ticks else []
        for at in ticks:
            for place, key in enumerate(keys):
                yield self._row(at + timedelta(milliseconds=place * 2), key, partial(self._own, at, key))
            yield self._row(at + timedelta(milliseconds=40), None, partial(self._main, at))

    def _main(self, at: datetime) -> Json:
        return main(self.link.stay.person.browser, self._tick(at))

    def _own(self, at: datetime, key: str) -> Json:
        """What is received costs most, and is not told in the rows of what is sent."""
        tick = self._tick(at, sent_alone=key.startswith("out"))
        return dict(apart(self.link.stay.person.browser, tick))[key]()

    def _tick(self, at: datetime, *, sent_alone: bool = False) -> Tick:
        link, ms = self.link, at.timestamp() * 1000
        begin, ssrc = link.start.timestamp() * 1000, int(link.id[:7], 16)
        got = [] if sent_alone else list(self._received(begin, ms, ssrc))
        sent: Sided = [
            (Stream(kind, ssrc + 7000, link.stay.track(kind)), self.sent.flow(kind, begin, ms, self.every))
            for kind in link.sending()
            if self.sent
        ]
        flows = [flow for _, flow in (*got, *sent)]
        rtt = flows[0].rtt if flows else 0.02
        packets, octets = sum(each.packets for each in flows), sum(each.octets for each in flows)
        whole = Flow((ms - begin) / 1000, packets, octets, rtt=rtt)
        return Tick(ms, got, sent, whole, link.candidate, link.protocol)

    def _received(self, begin: float, ms: float, ssrc: int) -> Iterator[tuple[Stream, Flow]]:
        streams = [(each, kind) for each in self.link.sources for kind in each.person.kinds]
        for place, ((source, kind), (_, track)) in enumerate(zip(streams, self.link.arriving, strict=True)):
            if line := self.got.get(source.id):
                yield Stream(kind, ssrc + place, track), line.flow(kind, begin, ms, self.every)

    def _row(self, at: datetime, key: str | None, make: Callable[[], Json]) -> Json:
        written, link = stamp(at), self.link
        return {
            "id": uid(link.id, key, written),
            "conference": link.stay.room["id"],
            "participant": link.stay.who["id"],
            "peer": link.peer["id"],
            "session": link.stay.id,
            "connection": link.id,
            "track": link.track(key) if key else None,
            "app": link.stay.room["app"],
            "type": "stats",
            "category": "stats",
            "data": Late(make),
            "created_at": written,
        }


class LateRows(Sequence[Json]):
    """Rows that are made when they are first looked at."""

    def __init__(self, make: Callable[[], list[Json]]) -> None:
        """Nothing is made yet."""
        self._make = make
        self._rows: list[Json] | None = None

    def _made(self) -> list[Json]:
        if self._rows is None:
            self._rows = self._make()
        return self._rows

    def __len__(self) -> int:
        return len(self._made())

    def __iter__(self) -> Iterator[Json]:
        return iter(self._made())

    @overload
    def __getitem__(self, part: int) -> Json: ...
    @overload
    def __getitem__(self, part: slice) -> list[Json]: ...
    def __getitem__(self, part: int | slice) -> Any:
        """One of them, or some."""
        return self._made()[part]
