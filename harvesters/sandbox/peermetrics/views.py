"""Rows as the answers have them: computed fields, lists of ids, and what differs from server to server."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zlib import crc32

from harvesters.sandbox.peermetrics.asking import Asked
from harvesters.sandbox.peermetrics.rooms import Json, Rows
from harvesters.sandbox.peermetrics.rules import PeermetricsRules
from harvesters.sandbox.peermetrics.stamps import instant

_DAYS = 31
_STALE_EVERY = 3
_COORDINATES = ("latitude", "longitude")


def app(row: Json, now: datetime) -> Json:
    """An app; its seconds a day end yesterday."""
    days = [str((now - timedelta(days=each)).date()) for each in range(_DAYS, 0, -1)]
    return {**row, "durations_days": {each: row["durations_days"].get(each, 0) for each in days}}


def listed(room: Rows, rules: PeermetricsRules) -> Json:
    """A conference as in lists."""
    if rules.conference_list == "ids":
        return _with_ids(room)
    types = {each["type"] for each in room.issues if each["conference"]}
    sfus = {each["id"] for each in room.participants if each["is_sfu"]}
    present = {each["participant"] for each in room.sessions} - sfus
    return {
        **room.conference,
        "has_errors": "error" in types,
        "has_warnings": "warning" in types,
        "participants_count": len(present) or None,
    }


def _with_ids(room: Rows) -> Json:
    people = [each["id"] for each in room.participants]
    return {
        "participants": people,
        "issues": [each["id"] for each in room.issues if each["conference"]],
        **room.conference,
    }


def detail(room: Rows, asked: Asked) -> Json:
    """A conference by its id; a worker's cache may be as of before the end."""
    row, end = _with_ids(room), room.conference["end_time"]
    if asked.rules.detail == "fresh" or end is None or row["ongoing"] or not room.connections:
        return row
    young = asked.now - instant(end) < asked.rules.cache
    if young and asked.summaries.reads(row["id"]) % _STALE_EVERY == 0:
        started = max(each["start_time"] for each in room.connections)
        row |= {"ongoing": True, "call_start": started, "end_time": None}
    return row


def session(row: Json, room: Rows, rules: PeermetricsRules) -> Json:
    """A session with the ids of its issues, those that name no conference among them."""
    mine = [each["id"] for each in room.issues if each["session"] == row["id"]]
    changed: Json = {"issues": mine, **row}
    if rules.devices != "list":
        # The project's demo script sends one device instead of the list.
        told = row["devices"] if isinstance(row["devices"], list) else []
        changed["devices"] = None if rules.devices == "null" else dict(*told[:1])
    if rules.platform == "null":
        changed["platform"] = None
    changed["geo_ip"] = _place(row["geo_ip"], rules.geo)
    return changed


def _place(told: Mapping[str, object] | None, form: str) -> Json | None:
    if not told or form == "strings":
        return None if told is None else dict(told)
    if form == "null":
        return dict.fromkeys(told)
    numbers = {each: float(str(told[each])) for each in _COORDINATES if told.get(each) is not None}
    return {**told, **numbers}


def whole_seconds(row: Json) -> Json:
    """A row whose stamp has no fraction, as many others' then."""
    return {**row, "created_at": row["created_at"][:19]}


def shuffled(row: Json, salt: str) -> int:
    """A place among rows with equal stamps that depends on the page."""
    return crc32(f"{salt}/{row['id']}".encode())
