"""Summaries of conferences: when they are built, what they keep of statistics, and what is deleted by that."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from math import log
from operator import itemgetter

import msgspec

from harvesters.sandbox.peermetrics.rooms import Json, Lazy, Rows
from harvesters.sandbox.peermetrics.rules import PeermetricsRules
from harvesters.sandbox.peermetrics.stamps import stamp

_SIDES = {"inbound-rtp": "inbound", "outbound-rtp": "outbound"}
_PAIR = ("id", "bytesSent", "packetsSent", "responsesReceived", "totalRoundTripTime")
_IN = ("headerBytesReceived", "bytesReceived", "packetsReceived", "packetsLost", "jitter")
_OUT = ("packetsSent", "headerBytesSent", "bytesSent")
_FRAMES = {
    "inbound": ("frameWidth", "frameHeight", "framesReceived", "framesDecoded", "totalDecodeTime"),
    "outbound": ("frameWidth", "frameHeight", "framesSent", "framesEncoded", "totalEncodeTime"),
}
_WHERE = ("id", "app", "session", "conference", "participant", "peer", "connection", "created_at", "type")


class Summaries:
    """What is known of summaries, those among it that a client's own asking built.

    Args:
        rules: whether there is a clean-up, and whether the ends of calls build summaries.
        now: the sandbox's clock.
    """

    def __init__(self, rules: PeermetricsRules, now: Callable[[], datetime]) -> None:
        self._rules, self._now = rules, now
        self._asked: dict[str, str] = {}
        self._reads: Counter[str] = Counter()
        self._lock = threading.Lock()

    def graphs(self, room: Rows) -> Json:
        """The answer of `/graphs`, which builds a summary if there is none."""
        if room.conference["ongoing"]:
            return {"ongoing": True}
        if room.summary is None and not self._builds(room):
            with self._lock:
                self._asked[room.conference["id"]] = stamp(self._now())
            return {"building": True}
        return {"summary": {"data": self._built(room) if room.summary is None else room.summary}}

    def reads(self, conference: str) -> int:
        """How often the detail of a conference has been read, this time included."""
        with self._lock:
            self._reads[conference] += 1
            return self._reads[conference]

    def stats(self, room: Rows) -> Iterable[Json]:
        """The statistics of a room that were not deleted."""
        cut = self._cut(room)
        return (each for each in room.stats if each["created_at"] > cut) if cut else room.stats

    def _builds(self, room: Rows) -> list[str]:
        """When summaries were built, in order."""
        at_ends = room.builds if self._rules.summaries == "built" else []
        asked = self._asked.get(room.conference["id"])
        return sorted([*at_ends, *([asked] if asked else [])])

    def _cut(self, room: Rows) -> str:
        """The stamp up to which statistics are gone."""
        builds = self._builds(room) if self._rules.cleanup == "on" else []
        return builds[-1] if builds else ""

    def _built(self, room: Rows) -> list[Json]:
        """What the last building made of the statistics that there were still."""
        builds = self._builds(room)
        last = builds[-1]
        gone = builds[-2] if self._rules.cleanup == "on" and len(builds) > 1 else ""
        return snapshots(each for each in room.stats if gone < each["created_at"] <= last)


def snapshots(stats: Iterable[Json]) -> list[Json]:
    """One snapshot for each main row; only reports in rows of their own get into them, as on the server."""
    found: defaultdict[str, list[Json]] = defaultdict(list)
    for row in sorted(stats, key=itemgetter("created_at"), reverse=True):
        data = _plain(row["data"])
        if data.get("connection"):
            found[row["connection"]].append(_snapshot(row, data))
        if data.get("track") and found[row["connection"]]:
            _add(found[row["connection"]][-1]["data"], data)
    return sorted((each for told in found.values() for each in told), key=itemgetter("created_at"))


def _plain(data: Json | Lazy) -> Json:
    """Data as a dict, also what is made when it is sent."""
    return data if isinstance(data, dict) else msgspec.json.decode(data.text(), type=Json)


def _snapshot(row: Json, data: Json) -> Json:
    reduced = {
        "connection": {each: data["connection"].get(each) for each in _PAIR},
        "remote": data.get("remote", {}),
        "audio": {"inbound": [], "outbound": []},
        "video": {"inbound": [], "outbound": []},
    }
    return {**{each: row[each] for each in _WHERE}, "data": reduced}


def _add(snapshot: Json, report: Json) -> None:
    kind, side = report["kind"], _SIDES[report["type"]]
    reduced = {each: report.get(each) for each in ("id", "mediaType", *(_IN if side == "inbound" else _OUT))}
    if kind == "video":
        reduced |= {each: report.get(each) for each in _FRAMES[side]}
    if side == "inbound":
        remote = snapshot["remote"].get("audio", {}).get("outbound", [])
        reduced["emos"] = emos(report, remote) if kind == "audio" else None
    snapshot[kind][side].append(reduced)


def emos(report: Json, remote: Iterable[Json]) -> float | None:
    """A score from 1 to 5 by the E-model, from the loss and the delay of an inbound audio report."""
    told = [each for each in remote if each.get("localId") == report["id"]]
    sent = told[0].get("packetsSent") if len(told) == 1 else None
    if not sent:
        return None
    loss = max(0.0, (sent - report["packetsReceived"]) / sent)
    held = report.get("jitterBufferDelay", 0) / (report.get("jitterBufferEmittedCount") or 1)
    delay = 20 + held * 1000 + told[0].get("roundTripTime", 0) * 1000
    base = min(max(55 - 4.6 * log(report["bitrate"]), 0), 30) if report.get("bitrate") else 6
    impaired = base + (100 - base) * loss / (loss + (20 if report.get("fecPacketsReceived") else 10))
    late = delay * 0.03 + (0.1 * delay - 150 if delay > 150 else 0)  # noqa: PLR2004 - the server's own figures
    quality = min(max(100 - impaired - late, 0), 100)
    score = 1 + 0.035 * quality + quality * (quality - 60) * (100 - quality) * 7e-6
    return float(min(max(round(score, 2), 1), 5))
