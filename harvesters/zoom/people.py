"""Participations: one for each joining, with the same key on both routes."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from harvesters.core.day import instant_ms
from harvesters.core.lenient import decode_json, number
from harvesters.core.source import Part
from harvesters.core.tree import Entity, Issue
from harvesters.zoom.members import ended, first, rest, text

Key = tuple[str, ...]
WAITING = "in_waiting_room"
NO_TIME, UNNAMED = "none", "unnamed"
KNOWN = frozenset({
    "user_id", "participant_uuid", "id", "participant_user_id", "registrant_id", "customer_key", "bo_mtg_id",
    "user_name", "name", "email", "user_email", "status", "role", "join_time", "leave_time", "leave_reason", "device",
    "client", "os", "os_version", "browser_name", "browser_version", "version", "ip_address", "location",
    "network_type", "connection_type", "data_center", "microphone", "speaker", "camera", "audio_quality",
    "video_quality", "screen_share_quality", "total_jointime_cost",
})  # fmt: skip
DOCUMENTED = frozenset({
    "device_name", "domain", "from_sip_uri", "sip_uri", "full_data_center", "groupId",
    "harddisk_id", "has_archiving", "in_room_participants", "internal_ip_addresses", "mac_addr", "optional_archiving",
    "pc_name", "recording", "share_application", "share_desktop", "share_whiteboard", "video_connection_type",
    "as_connection_type", "zoom_thin_client_plugin_version", "aic_disclaimer", "audio_call", "meeting_number",
})  # fmt: skip
"""Members that have no field of their own (reference, 11.3 and 11.4)."""
OF_PARTICIPANT = frozenset({
    "participant_uuid", "registrant_id", "customer_key", "bo_mtg_id", "status", "role", "leave_reason", "device",
    "location", "data_center", "microphone", "speaker", "camera", "audio_quality", "video_quality",
    "screen_share_quality", "total_jointime_cost",
})  # fmt: skip
"""Members that have a field in the participation's own document alone."""
ORDER = ("bo_mtg_id", *sorted(KNOWN - {"bo_mtg_id"}))
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
PLACE = re.compile(r"(.{1,200}) \(([A-Z]{2})\)")
TRANSPORT = {"udp": "udp", "tcp": "tcp", "tls": "tls", "ssl": "tls"}
NETWORK = {"wired": "wired", "wifi": "wifi", "cellular": "cellular"}
KINDS = (
    ("web browser", "browser"),
    ("zoom rooms", "room"),
    ("h.323", "sip"),
    ("sip", "sip"),
    ("win", "desktop"),
    ("mac", "desktop"),
    ("linux", "desktop"),
    ("ios", "mobile"),
    ("iphone", "mobile"),
    ("ipad", "mobile"),
    ("android", "mobile"),
    ("phone", "phone"),
)


def seconds_of(value: object) -> str | None:
    """An instant as whole seconds since 1970: the routes give the same one with and without a fraction."""
    found = instant_ms(value)
    return None if found is None else str(found // 1000)


def identity(members: dict[str, Any]) -> Key:
    """What a participation is called within its meeting, but for its place among equals.

    User id and second of joining; without a user id the participant's UUID, else nothing but the second. A wait in
    the waiting room has a name of its own, for it may share the others with the presence that follows.
    """
    user, uuid = text(members.get("user_id")), text(members.get("participant_uuid"))
    who = user or (f"uuid:{uuid}" if uuid else UNNAMED)
    base = (who, seconds_of(members.get("join_time")) or NO_TIME)
    return (*base, "waiting") if text(members.get("status")) == WAITING else base


def label(key: Key) -> str:
    """A key as the tree's dictionaries and links have it."""
    return "\n".join(key)


def people(parts: Iterable[Part], oddities: Counter[str]) -> dict[str, Entity]:
    """The participations of a meeting; equal rows count once, equal names are told apart by their order."""
    rows = list(_distinct(parts, oddities))
    found: dict[str, Entity] = {}
    taken: Counter[Key] = Counter()
    for members in sorted(rows, key=_order):
        base = identity(members)
        taken[base] += 1
        key = base if taken[base] == 1 else (*base, str(taken[base]))
        found[label(key)] = _participation(key, members)
    return found


def _distinct(parts: Iterable[Part], oddities: Counter[str]) -> Iterator[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    index: set[Key] = set()
    for part in parts:
        for members in decode_json(part.rows, oddities):
            if not isinstance(members, dict):
                oddities["participants that are null or no object"] += 1
                continue
            key = identity(members)
            if key in index and members in seen:
                continue
            index.add(key)
            seen.append(members)
            yield members


def _order(members: dict[str, Any]) -> tuple[int, int, list[str]]:
    """Whatever order a list comes in, equals are told apart alike."""
    join, leave = (instant_ms(members.get(name)) or 0 for name in ("join_time", "leave_time"))
    return join, leave, [text(members.get(name)) or "" for name in ORDER]


CUT_OFF = re.compile(r"network connection|lost connection|connection lost|disconnected|timed? ?out", re.IGNORECASE)
"""What Zoom says where somebody did not leave; a person's name stands before it."""


def _participation(key: Key, members: dict[str, Any]) -> Entity:
    status = text(members.get("status"))
    fields = {
        "zoom.user_id": text(members.get("user_id")),
        "zoom.participant_uuid": text(members.get("participant_uuid")),
        "zoom.registrant_id": text(members.get("registrant_id")),
        "zoom.customer_key": text(members.get("customer_key")),
        "zoom.breakout_room_id": text(members.get("bo_mtg_id")),
        "zoom.device": text(members.get("device")),
        "zoom.location": text(members.get("location")),
        "zoom.data_center": text(members.get("data_center")),
        "zoom.audio_quality": text(members.get("audio_quality")),
        "zoom.video_quality": text(members.get("video_quality")),
        "zoom.screen_share_quality": text(members.get("screen_share_quality")),
        "vconf.participant.role": text(members.get("role")),
        "vconf.participant.state": status,
        "vconf.participant.room": text(members.get("bo_mtg_id")),
        "vconf.participant.leave_reason": (why := reason(members.get("leave_reason"))),
        "vconf.participant.dropped": CUT_OFF.search(why.rpartition("Reason:")[2]) is not None if why else None,
        "vconf.participant.join_time_s": number(members.get("total_jointime_cost")),
        "vconf.device.microphone": text(members.get("microphone")),
        "vconf.device.speaker": text(members.get("speaker")),
        "vconf.device.camera": text(members.get("camera")),
        **person(members),
        **client(members),
    }
    at, end = instant_ms(members.get("join_time")), instant_ms(members.get("leave_time"))
    entity = Entity(key, at, end, fields, set(), rest(members, KNOWN), status != WAITING)
    if end is None and at is not None and (computed := ended(at, number(members.get("duration")))):
        entity.end = computed
        entity.flags.add("duration_computed")
    return entity


def person(members: dict[str, Any]) -> dict[str, Any]:
    """Who joined; the routes call the same by other names."""
    return {
        "user.id": first(members, "participant_user_id", "id"),
        "user.full_name": first(members, "user_name", "name"),
        "user.email": first(members, "email", "user_email"),
    }


def client(members: dict[str, Any]) -> dict[str, Any]:
    """What a participation was joined with and from where."""
    parted = PLACE.fullmatch(text(members.get("location")) or "")
    return {
        "client.ip": text(members.get("ip_address")),
        "client.geo.city_name": parted[1] if parted else None,
        "client.geo.country_iso_code": parted[2] if parted else None,
        "user_agent.name": text(members.get("browser_name")),
        "user_agent.version": text(members.get("browser_version")),
        "user_agent.os.name": text(members.get("os")),
        "user_agent.os.version": text(members.get("os_version")),
        "vconf.client.sdk.name": text(members.get("client")),
        "vconf.client.version": text(members.get("version")),
        "vconf.client.kind": kind(text(members.get("device"))),
        "network.type": NETWORK.get((text(members.get("network_type")) or "").lower()),
        "network.transport": TRANSPORT.get((text(members.get("connection_type")) or "").lower()),
    }


def kind(device: str | None) -> str | None:
    """Browser, desktop, mobile, room, phone or sip; the set of Zoom's words is open, so by what they contain."""
    lower = (device or "").lower()
    return next((kind for part, kind in KINDS if part in lower), None)


def reason(value: object) -> str | None:
    """Why somebody left, as one line; Zoom puts a break of HTML and the person's name in."""
    found = text(value)
    return " ".join(BREAK.sub(" ", found).split()) if found else None


def refused(found: dict[str, Entity]) -> Iterator[Issue]:
    """Who waited for the host and was never let in."""
    there = {each for entity in found.values() if entity.present for each in _same(entity)}
    for name, entity in found.items():
        if not entity.present and there.isdisjoint(_same(entity)):
            fields = {
                "vconf.issue.code": "not_admitted",
                "vconf.issue.source": "rule",
                "vconf.issue.severity": "info",
                "vconf.issue.subject": "participant",
                "vconf.issue.explanation": "waited for the host and was not let in",
            }
            yield Issue(Entity((*entity.key, "not_admitted"), entity.at, entity.end, fields), name)


def _same(entity: Entity) -> set[tuple[str, str]]:
    """By what somebody is known again: the number of the joining, which may change when he is let in, and the user."""
    names = ("zoom.user_id", "user.id", "user.email")
    return {(name, value) for name in names if (value := entity.fields[name])}
