"""A tick of statistics as the server stores it: one main row, and rows of their own for some reports."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from harvesters.sandbox.peermetrics import reports
from harvesters.sandbox.peermetrics.reports import Flow, Stream
from harvesters.sandbox.peermetrics.rooms import Json

CHROME, OLD_CHROME, FIREFOX = "chrome", "old-chrome", "firefox"
Sided = Sequence[tuple[Stream, Flow]]
"""Streams, each with what has flowed in it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What a browser tells of one connection at one time.

    Attributes:
        ms: the client's clock, milliseconds since 1970.
        got: the streams that are received; `sent` those that are sent.
        whole: everything that has flowed.
        candidate: type of the local one; None while ICE has not finished.
        protocol: `udp` or `tcp`.
    """

    ms: float
    got: Sided
    sent: Sided
    whole: Flow
    candidate: str | None = "host"
    protocol: str = "udp"

    def pair(self) -> Json:
        """What it tells of the candidates."""
        if self.candidate is None:
            return reports.no_pair()
        return reports.pair(self.whole, self.ms, self.candidate, self.protocol)


def apart(browser: str, tick: Tick) -> Iterator[tuple[str, Callable[[], Json]]]:
    """The reports that get a row of their own, each with the key of its track: `in` or `out`, and its place."""
    if browser == OLD_CHROME:
        for place, (stream, flow) in enumerate(tick.got):
            yield f"in{place}", partial(_stored, _with_track, stream, flow, tick.ms)
    if browser != FIREFOX:
        for place, (stream, flow) in enumerate(tick.sent):
            yield f"out{place}", partial(_stored, reports.outbound, stream, flow, tick.ms)


def _stored(make: Callable[[Stream, Flow, float], Json], stream: Stream, flow: Flow, ms: float) -> Json:
    found: Json = as_stored(make(stream, flow, ms))
    return found


def as_stored(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """As PostgreSQL gives a `jsonb` back: members by the length of their names, then by their letters."""
    if isinstance(value, dict):
        return {name: as_stored(value[name]) for name in _in_order(tuple(value))}
    return [as_stored(each) for each in value] if isinstance(value, list) else value


@lru_cache(maxsize=256)
def _in_order(names: tuple[str, ...]) -> list[str]:
    return sorted(names, key=lambda name: (len(name), name))


def _with_track(stream: Stream, flow: Flow, ms: float) -> Json:
    """As Chrome before version 112 had it: the track's own report inside."""
    report = reports.inbound(stream, flow, ms)
    track = {"id": f"DEPRECATED_{report['id']}", "type": "track", "kind": report["kind"]}
    return {**report, "track": {**track, "trackIdentifier": report["trackIdentifier"], "remoteSource": True}}


def main(browser: str, tick: Tick) -> Json:
    """The data of the main row."""
    found: Json = {}
    for kind in ("audio", "video"):
        sides: Json = {}
        if browser != OLD_CHROME:
            sides["inbound"] = [reports.inbound(*each, tick.ms) for each in tick.got if each[0].kind == kind]
        if browser == FIREFOX:
            sides = {side: [reports.as_firefox(each) for each in told] for side, told in sides.items()}
            sent = [reports.outbound(*each, tick.ms) for each in tick.sent if each[0].kind == kind]
            sides["outbound"] = [reports.as_firefox(each) for each in sent]
        if sides := {side: told for side, told in sides.items() if told}:
            found[kind] = sides
    pair = tick.pair()
    found["remote"] = {kind: _remote(tick, kind) for kind in ("audio", "video")}
    found["connection"] = reports.pair_as_firefox(pair) if browser == FIREFOX and tick.candidate else pair
    stored: Json = as_stored(found)
    return stored


def _remote(tick: Tick, kind: str) -> Json:
    return {
        "inbound": [reports.remote_inbound(*each, tick.ms) for each in tick.sent if each[0].kind == kind],
        "outbound": [reports.remote_outbound(*each, tick.ms) for each in tick.got if each[0].kind == kind],
    }
