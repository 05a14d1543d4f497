"""What a record of peermetrics means: a conference, its sessions, their tracks, and issues. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain, groupby
from typing import Any

from harvesters.core.day import to_ms
from harvesters.core.lenient import decode_json, decode_object, inside
from harvesters.core.source import NO_CALL, Part, Record, told_totals
from harvesters.core.tree import Conference, Entity, Stream
from harvesters.peermetrics.issues import issues
from harvesters.peermetrics.people import Told, people, text
from harvesters.peermetrics.reports import Candidate
from harvesters.peermetrics.streams import Track, Tracks, measurements
from harvesters.peermetrics.stretch import APP, CONNECTION, MEASURED, ROOM, STATS, SUMMARY
from harvesters.peermetrics.summary import summarised
from harvesters.peermetrics.totals import usage

HELD = frozenset({"id", "conference_id", "conference_name", "app", "created_at"})
APP_HELD = frozenset({"id", "name"})
HAPPENED = frozenset({
    "id", "app", "conference", "participant", "session", "peer", "connection", "track", "type", "category", "data",
    "created_at",
})  # fmt: skip
KNOWN = {
    "participant": frozenset({"id", "app", "participant_id", "participant_name", "is_sfu", "created_at"}),
    "connection": frozenset({
        "id", "session", "conference", "participant", "peer", "type", "state", "start_time", "end_time", "duration",
        "created_at", "connection_info",
    }),
    "event": HAPPENED,
    "last": HAPPENED,
}  # fmt: skip
"""The members of rows whose strangers have no place of their own; those of sessions and issues go to `vconf.extra`."""
TRANSPORT = {"udp": "udp", "tcp": "tcp", "tls": "tls"}
NETWORK = {"wifi": "wifi", "ethernet": "wired", "cellular": "cellular"}
SCREEN = ("screen", "window", "tab", "display")


def flatten(record: Record) -> Conference:
    """The tree of one conference; the record's parts are read once, in order, a participant at a time."""
    if record.call == NO_CALL:
        return told_totals(record, partial(usage, start=to_ms(record.started)))
    oddities: Counter[str] = Counter()
    groups = groupby(record.parts, key=lambda part: (part.kind, part.head))
    told = Told()
    rest: Iterator[Any] = iter(())
    for (kind, head), parts in groups:
        if kind in {STATS, SUMMARY}:
            rest = chain(iter([((kind, head), parts)]), groups)
            break
        told.heads[kind] = decode_object(head, oddities)
        _take(told, kind, parts, oddities)
    shared = {"peermetrics.conference_id": record.key[0], "service.name": text(told.head(APP).get("name"))}
    found = people(told, shared, oddities, ongoing=record.ongoing)
    conference = _conference(record, told, shared, found)
    strange = {name: value for name, value in told.head(APP).items() if name not in APP_HELD}
    conference.extra |= {f"app.{name}": value for name, value in strange.items()}
    if record.level < MEASURED and told.of(CONNECTION):
        conference.flags.add("summary_only")
    tree = Conference(conference, found, (), list(issues(told, found, shared)), oddities)
    tree.streams = _streams(rest, tree, told, shared)
    return tree


def _take(told: Told, kind: str, parts: Iterator[Part], oddities: Counter[str]) -> None:
    """What parts before the statistics tell, a row once; the heads of lists are empty."""
    if kind not in {APP, ROOM}:
        for name in told.heads[kind]:
            oddities[f"unknown member '{name[:60]}'"] += 1
    seen: set[str | None] = set()
    for part in parts:
        for each in decode_json(part.rows, oddities):
            if isinstance(each, dict):
                id_ = text(each.get("id"))
                if id_ is None or id_ not in seen:
                    told.rows.setdefault(kind, []).append(each)
                seen.add(id_)
                for name in each.keys() - KNOWN.get(kind, each.keys()):
                    oddities[f"unknown member '{name[:60]}'"] += 1
            else:
                oddities[f"a {kind} that is null or no object"] += 1


def _topology(told: Told) -> str | None:
    """`sfu` where somebody was connected to one, `p2p` where to another who had a session, else unknown."""
    peers = {str(each.get("peer")) for each in told.of(CONNECTION)}
    if any(each.get("is_sfu") is True and str(each.get("id")) in peers for each in told.of("participant")):
        return "sfu"
    present = {str(each["participant"]) for each in told.of("session") if each.get("participant")}
    return "p2p" if peers & present else None


def _conference(record: Record, told: Told, shared: Mapping[str, Any], found: dict[str, Entity]) -> Entity:
    room = told.head(ROOM)
    starts = [each.at for each in found.values() if each.at is not None]
    ends = [each.end for each in found.values() if each.end is not None]
    fields = {
        **shared,
        "vconf.conference.vendor_id": record.key[0],
        "vconf.conference.parent_id": text(room.get("conference_id")),
        "vconf.conference.name": text(room.get("conference_name")),
        "peermetrics.room": text(room.get("conference_id")),
        "vconf.topology": _topology(told),
    }
    extra = {name: value for name, value in room.items() if name not in HELD and value != {}}
    entity = Entity(record.key, min(starts, default=None), None, fields, set(), extra)
    if record.ongoing:
        entity.flags.add("ongoing")
    elif ends:
        entity.end = max(ends)
        if any("end_estimated" in each.flags and each.end == entity.end for each in found.values()):
            entity.flags.add("end_estimated")
    return entity


def _streams(groups: Iterator[Any], tree: Conference, told: Told, shared: Mapping[str, Any]) -> Iterator[Stream]:
    """Participant by participant."""
    maker = _Maker(tree, told, shared)
    for (kind, head), parts in groups:
        for name in decode_object(head, tree.oddities).keys() - {"participant"}:
            tree.oddities[f"unknown member '{name[:60]}'"] += 1
        tracks = Tracks(tree.oddities)
        tracks.take(parts)
        for track in tracks.found.values():
            pair = tracks.pairs.get(track.event.connection)
            yield maker.summarised(track, pair) if kind == SUMMARY else maker.stream(track, pair)


class _Maker:
    """Makes streams of tracks, by what the other parts tell of them."""

    def __init__(self, tree: Conference, told: Told, shared: Mapping[str, Any]) -> None:
        self._tree, self._shared = tree, shared
        self._connections = told.by_id("connection")
        self._screens = frozenset(_screens(told))
        self._sessions: dict[str, list[str]] = {}
        for name, entity in tree.participants.items():
            self._sessions.setdefault(str(entity.fields["peermetrics.participant_id"]), []).append(name)

    def stream(self, track: Track, pair: Candidate | None) -> Stream:
        """A track with its measurements."""
        screen = track.seen[0].report.identifier in self._screens
        rows = measurements(track, screen=screen)
        return Stream(self._entity(track, pair, screen=screen), self._session(track), self._peer(track), rows)

    def summarised(self, track: Track, pair: Candidate | None) -> Stream:
        """A track of which a clean-up left a summary: its measurements count, and are no documents."""
        entity = self._entity(track, pair, screen=False)
        summarised(entity, track)
        return Stream(entity, self._session(track), self._peer(track), (), measurements(track, screen=False))

    def _entity(self, track: Track, pair: Candidate | None, *, screen: bool) -> Entity:
        connection = self._connections.get(track.event.connection or "", {})
        media = track.seen[0].report.media
        kind = "mic" if media == "audio" else "screen" if screen else "camera"
        type_ = (pair.candidate_type if pair else None) or text(connection.get("type"))
        fields = {
            **self._shared,
            "peermetrics.session_id": track.event.session,
            "peermetrics.connection_id": track.event.connection,
            "peermetrics.track_id": track.event.track,
            "peermetrics.candidate_type": type_,
            "peermetrics.connection_state": text(connection.get("state")),
            "network.transport": _transport(pair),
            "network.type": NETWORK.get((pair.network_type or "").lower()) if pair else None,
            "vconf.network.relayed": type_ == "relay" if type_ else None,
            "vconf.stream.direction": "sent" if track.sent else "received",
            "vconf.stream.kind": kind,
            "vconf.stream.media": ["screen" if screen else str(media)],
            "vconf.stream.codec": _codecs(track),
        }
        return Entity(track.key, track.seen[0].at, track.seen[-1].at, fields)

    def _session(self, track: Track) -> str | None:
        session = track.event.session
        return session if session in self._tree.participants else None

    def _peer(self, track: Track) -> str | None:
        """The session of the person at the other end that had begun when the track did."""
        own = self._sessions.get(track.event.peer or "", [])
        begun = [name for name in own if (self._tree.participants[name].at or 0) <= track.seen[0].at]
        fitting = begun or own
        return fitting[-1] if fitting else None


def _transport(pair: Candidate | None) -> str | None:
    """How the media left: for a relay by what leads to it."""
    told = (pair.relay_protocol or pair.protocol) if pair else None
    return TRANSPORT.get((told or "").lower())


def _codecs(track: Track) -> list[str]:
    told = {each.report.mime_type for each in track.seen}
    named = {(each or "").rpartition("/")[2].lower() for each in told}
    return sorted(named - {""})[:8]


def _screens(told: Told) -> Iterator[str]:
    """The browser's ids of tracks that show a screen."""
    for event in told.of("event"):
        videos = inside(event.get("data"), "video")
        for track in videos if isinstance(videos, list) else []:
            surface, label = inside(track, "settings", "displaySurface"), str(inside(track, "label") or "").lower()
            if (surface or label.startswith(SCREEN)) and (id_ := text(inside(track, "id"))):
                yield id_
