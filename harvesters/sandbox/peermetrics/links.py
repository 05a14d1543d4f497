"""One connection of a session: the events of its making, its tracks, its drops, and its statistics."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from harvesters.sandbox.peermetrics.journal import PAIR, STATS, Step
from harvesters.sandbox.peermetrics.reports import TICK_S, Flow, Stream
from harvesters.sandbox.peermetrics.rooms import Json, uid
from harvesters.sandbox.peermetrics.stamps import stamp
from harvesters.sandbox.peermetrics.stays import Stay, event, track_data
from harvesters.sandbox.peermetrics.ticks import Tick, apart, main

SETUP_S, DROP_S = 1.05, 1.25
"""From `addConnection` to `connected`, and how long a drop lasts."""
PER_TICK = {"audio": (500, 45_000, 0), "video": (1_600, 1_600_000, 300)}
"""Packets, bytes and frames of a stream in ten seconds."""
_ICE_TIMEOUT_S = 15


@dataclass(frozen=True)
class Link:
    """A connection of a session to a peer.

    Attributes:
        stay: the session.
        peer: the row of the person or SFU at the other end.
        sources: the sessions whose media arrive over it.
        start: when it is added.
        peer_gone: when the other end left; None if it outlasts the session.
    """

    stay: Stay
    peer: Json
    sources: Sequence[Stay]
    start: datetime
    peer_gone: datetime | None = None

    @cached_property
    def id(self) -> str:
        """Of the connection; the server gives it."""
        return uid(self.stay.id, "connection", self.peer["id"], stamp(self.start))

    @property
    def protocol(self) -> str:
        """Of its candidates."""
        return "tcp" if self.stay.person.tcp else "udp"

    @property
    def candidate(self) -> str:
        """The type of the local one in use."""
        return "relay" if self.stay.person.relay else "host"

    def ticks(self, every: int = TICK_S) -> list[datetime]:
        """When statistics are told: every so many seconds from its making to the end of either side."""
        end = min(self.stay.end, self.peer_gone or self.stay.end)
        first = self.start + timedelta(seconds=SETUP_S)
        number = int((end - first).total_seconds() / every)
        return [first + timedelta(seconds=each * every) for each in range(1, number + 1)]

    def track(self, key: str) -> str:
        """The server's id of a track."""
        return uid(self.id, "track", key)

    @cached_property
    def arriving(self) -> list[tuple[str, str]]:
        """Kind and the receiving browser's id of each track that arrives."""
        return [(kind, uid(self.id, "arrives", each.id, kind)) for each in self.sources for kind in each.person.kinds]

    def sending(self) -> tuple[str, ...]:
        """The kinds of what is sent over it."""
        return self.stay.person.kinds if self.stay.person.media == "given" else ()

    def event(self, kind: str, seconds: float, data: object = None, **more: Any) -> Step:
        """An event so many seconds after the start; `more` are members that are otherwise."""
        category = "track" if more.get("track") else "connection"
        step = event(self.stay, kind, category, self.start + timedelta(seconds=seconds), data)
        row = step.row
        row |= {"peer": self.peer["id"], "connection": self.id, **more}
        row["id"] = uid(self.id, kind, row["track"], step.at)
        return step


def steps(link: Link) -> Iterator[Step]:
    """All that happens to a connection; what would be after its session's end does not."""
    end = stamp(link.stay.end)
    return (step for step in _all(link) if step.at <= end)


def _all(link: Link) -> Iterator[Step]:
    yield from _making(link)
    if link.stay.person.ice == "failed":
        yield link.event("oniceconnectionstatechange", _ICE_TIMEOUT_S, "failed")
        yield link.event("onconnectionstatechange", _ICE_TIMEOUT_S + 0.05, "failed")
        return
    yield link.event("oniceconnectionstatechange", SETUP_S - 0.05, "connected")
    yield link.event("onconnectionstatechange", SETUP_S, "connected")
    yield from _tracks(link)
    yield from _breaks(link)
    if link.stay.person.stats != "none":
        yield from _statistics(link)


def _making(link: Link) -> Iterator[Step]:
    servers = [{"urls": ["turn:turn.example.org:443?transport=tcp"], "username": "user-redacted"}]
    configured = {"iceServers": servers, "bundlePolicy": "balanced", "iceTransportPolicy": "all"}
    options = {"peerId": link.peer["participant_id"], "remote": True}
    offer = {"sdp": "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n(shortened)", "type": "offer"}
    answer = {"sdp": "(shortened)", "type": "answer"}
    yield link.event("addConnection", 0)
    yield link.event("peerDetails", 0.05, {"options": options, "peerConfiguration": configured})
    yield link.event("onnegotiationneeded", 0.08)
    state = {"signalingState": "have-local-offer", "localDescription": offer, "remoteDescription": None}
    yield link.event("onsignalingstatechange", 0.1, state)
    yield link.event("onicegatheringstatechange", 0.15, "gathering")
    for place, kind in enumerate(("host", "srflx", *(("relay",) if link.stay.person.relay else ()))):
        yield link.event("onicecandidate", 0.2 + place * 0.03, _candidate(link, place, kind))
    for number in range(link.stay.person.candidate_errors):
        yield link.event("onicecandidateerror", 0.3 + number * 0.002, {"errorCode": 701})
    yield link.event("onicecandidate", 0.4)
    yield link.event("onicegatheringstatechange", 0.45, "complete")
    state = {"signalingState": "stable", "localDescription": offer, "remoteDescription": answer}
    yield link.event("onsignalingstatechange", 0.5, state)
    yield link.event("oniceconnectionstatechange", 0.55, "checking")
    yield link.event("onconnectionstatechange", 0.6, "connecting")


def _candidate(link: Link, place: int, kind: str) -> Json:
    address, protocol = f"203.0.113.{10 + place}", link.protocol
    return {
        "port": 50000 + place,
        "type": kind,
        "sdpMid": "0",
        "address": address,
        **({"tcpType": "active"} if protocol == "tcp" else {}),
        "priority": 2122260223 - place,
        "protocol": protocol,
        "candidate": f"candidate:{place} 1 {protocol} {2122260223 - place} {address} {50000 + place} typ {kind}",
        "component": "rtp",
        "foundation": str(place),
        "sdpMLineIndex": 0,
        "usernameFragment": f"uf0{place}",
    }


def _tracks(link: Link) -> Iterator[Step]:
    for place, (kind, track) in enumerate(link.arriving):
        at = SETUP_S + 0.05 + place * 0.05
        mine = link.track(f"in{place}")
        yield link.event("ontrack", at, track_data(kind, track, own=False), track=mine)
        yield link.event("unmute", at + 0.02, {}, track=mine)


def _breaks(link: Link) -> Iterator[Step]:
    for seconds in link.stay.person.drops:
        at = (link.stay.at(seconds) - link.start).total_seconds()
        if at > SETUP_S:
            yield link.event("onconnectionstatechange", at, "disconnected")
            yield link.event("onconnectionstatechange", at + DROP_S, "connected")
    left = (link.stay.end - link.start).total_seconds()
    if link.peer_gone is not None:
        yield link.event("onconnectionstatechange", (link.peer_gone - link.start).total_seconds() + 1, "disconnected")
    if link.stay.person.ends == "removed":
        yield link.event("removeConnection", left - 0.2)
    elif link.stay.person.ends == "closed":
        yield link.event("onconnectionstatechange", left, "closed")


def _statistics(link: Link) -> Iterator[Step]:
    """Of each tick its rows, and what the first one that knows them tells the server of the candidates."""
    first = 2 if link.stay.person.late_pair else 1
    for number, at in enumerate(link.ticks(), 1):
        if link.stay.person.stats == "full":
            yield from _tick(link, number, at, link.candidate if number >= first else None)
        if number == first:
            found = {"connection": link.id, "type": link.candidate, "protocol": link.protocol}
            yield Step(stamp(at + timedelta(milliseconds=41)), PAIR, found)


def _tick(link: Link, number: int, at: datetime, candidate: str | None) -> Iterator[Step]:
    ssrc = int(link.id[:7], 16)
    got = [
        (Stream(kind, ssrc + place, track), flow_of(kind, number, link.stay.person.lost if kind == "audio" else 0))
        for place, (kind, track) in enumerate(link.arriving)
    ]
    sent = [(Stream(kind, ssrc + 7000, link.stay.track(kind)), flow_of(kind, number)) for kind in link.sending()]
    whole = Flow(number * TICK_S, number * 2_297, number * 1_710_838)
    tick = Tick(at.timestamp() * 1000, got, sent, whole, candidate, link.protocol)
    own = list(apart(link.stay.person.browser, tick))
    for place, (key, report) in enumerate(own):
        yield _stat(link, at + timedelta(milliseconds=place * 2), report(), link.track(key))
    yield _stat(link, at + timedelta(milliseconds=40), main(link.stay.person.browser, tick), None)


def flow_of(kind: str, number: int, lost: int = 0) -> Flow:
    """What has flowed by a tick, counted from 1: the same in each."""
    packets, octets, frames = PER_TICK[kind]
    rate = None if number == 1 else (octets * 8 / TICK_S, (packets - lost) / TICK_S)
    return Flow(number * TICK_S, number * (packets - lost), number * octets, number * lost, number * frames, rate=rate)


def _stat(link: Link, at: datetime, data: Json, track: str | None) -> Step:
    seconds = (at - link.start).total_seconds()
    step = link.event("stats", seconds, data, track=track)
    return Step(step.at, STATS, {**step.row, "category": "stats"})
