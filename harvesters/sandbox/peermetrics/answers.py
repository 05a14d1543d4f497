"""Recorded answers from a folder as rooms that the sandbox can serve.

Rows are told apart by their members, whatever the file is called, and put together by their ids. Where a room's
sessions or people were not recorded, they follow from what names them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from harvesters.sandbox.peermetrics.rooms import Json, Rows, Stored, uid
from harvesters.sandbox.peermetrics.stamps import whole_seconds

ANSWERS = Path(__file__).parents[1] / "answers" / "peermetrics"
"""The folder of those that come along."""
# A member that rows of one kind alone have.
_KINDS: Mapping[str, str] = {
    "api_key": "apps",
    "conference_info": "conferences",
    "session_info": "sessions",
    "connection_info": "connections",
    "participant_id": "participants",
    "category": "events",
    "code": "issues",
}
_COMPUTED = ("has_errors", "has_warnings", "participants_count", "participants", "issues")
_LEAVES = frozenset({"beforeunload", "unload", "endCall"})
_CREATED: Callable[[Json], Any] = itemgetter("created_at")


@dataclass(slots=True)
class _Heap:
    """All rows of a folder by kind and id."""

    rows: dict[str, dict[str, Json]] = field(default_factory=lambda: {each: {} for each in _KINDS.values()})
    snapshots: dict[str, Json] = field(default_factory=dict)

    def add(self, row: Json) -> None:
        """One row, of whatever kind; a fuller one of the same id counts."""
        kind = next((kind for member, kind in _KINDS.items() if member in row), None)
        if kind is None:
            message = f"nobody knows a row with {', '.join(sorted(row))}."
            raise ValueError(message)
        known = self.rows[kind].setdefault(row["id"], {})
        known |= row

    def of(self, kind: str, conference: str) -> list[Json]:
        """The rows of a conference, by their stamps."""
        return sorted((each for each in self.rows[kind].values() if each.get("conference") == conference), key=_CREATED)


def load_folder(folder: Path) -> Stored:
    """What a server stores from which these answers come: the apps among them, and their rooms.

    Raises:
        ValueError: a file is not JSON or holds rows that nobody knows.
        OSError: the folder or a file cannot be read.
    """
    heap = _Heap()
    for path in sorted(folder.glob("*.json")):
        answer = _decoded(path)
        for snapshot in answer.get("summary", {}).get("data", ()):
            heap.snapshots[snapshot["id"]] = snapshot
        rows: list[Json] | Json = answer.get("data") or answer.get("results") or []
        for row in [rows] if isinstance(rows, dict) else rows:
            heap.add(row)
    apps = heap.rows["apps"]
    held = [each for each in heap.rows["conferences"].values() if each["app"] in apps]
    return Stored([_room(heap, each) for each in sorted(held, key=_CREATED)], apps.values())


def _decoded(path: Path) -> Json:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Json)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{path} is no answer in JSON: {error}."
        raise ValueError(message) from error


def _room(heap: _Heap, row: Json) -> Rows:
    identity = row["id"]
    bare = {name: value for name, value in row.items() if name not in _COMPUTED}
    told = [each for each in heap.snapshots.values() if each["conference"] == identity]
    events, connections = heap.of("events", identity), heap.of("connections", identity)
    seen = [*events, *connections, *told]
    sessions = {each["id"]: _bare_session(each) for each in heap.of("sessions", identity)}
    for each in _sessions_of(row, seen):
        sessions.setdefault(each["id"], each)
    for each in _unseen_sessions(row, sessions.values()):
        sessions.setdefault(each["id"], each)
    return Rows(
        bare,
        list(_people(heap, row, [*seen, *sessions.values()])),
        sorted(sessions.values(), key=_CREATED),
        connections,
        list(_issues(heap, identity, set(sessions))),
        [each for each in events if each["type"] != "stats"],
        [each for each in events if each["type"] == "stats"],
        [row["end_time"]] if row["end_time"] and not row["ongoing"] else [],
        sorted(told, key=_CREATED) if told else None,
    )


def _bare_session(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "issues"}


def _issues(heap: _Heap, conference: str, sessions: set[str]) -> Iterator[Json]:
    """Those of the conference, and those of its sessions that name none."""
    for each in sorted(heap.rows["issues"].values(), key=_CREATED):
        if each["conference"] == conference or (each["conference"] is None and each["session"] in sessions):
            yield {name: value for name, value in each.items() if name not in {"title", "explanation"}}


def _sessions_of(conference: Json, seen: Iterable[Json]) -> Iterator[Json]:
    """A session for each that something names: from the first thing that was seen to its leaving."""
    by_session: dict[str, list[Json]] = {}
    for each in seen:
        by_session.setdefault(each["session"], []).append(each)
    for identity, rows in by_session.items():
        left = min((each["created_at"] for each in rows if each.get("type") in _LEAVES), default=None)
        start = min(each["created_at"] for each in rows)
        yield _session(identity, conference["id"], rows[0]["participant"], start, left or conference["end_time"])


def _unseen_sessions(conference: Json, known: Iterable[Json]) -> Iterator[Json]:
    """A session for each of the people that the conference counts and nothing else tells of."""
    present = {each["participant"] for each in known}
    missing = [each for each in conference.get("participants", ()) if each not in present]
    for participant in missing[: max(0, (conference.get("participants_count") or 0) - len(present))]:
        start, end = conference["created_at"], conference["end_time"]
        yield _session(uid(conference["id"], participant), conference["id"], participant, start, end)


def _session(identity: str, conference: str, participant: str, start: str, end: str | None) -> Json:
    return {
        "id": identity,
        "conference": conference,
        "participant": participant,
        **dict.fromkeys(("devices", "platform", "metadata", "geo_ip", "app_version", "webrtc_sdk")),
        "session_info": {},
        "duration": whole_seconds(start, end) if end else 0,
        "end_time": end,
        "call_start": None,
        "created_at": start,
    }


def _people(heap: _Heap, conference: Json, seen: Iterable[Json]) -> Iterator[Json]:
    """Who took part, was a peer, or is named by the conference."""
    named = dict.fromkeys(conference.get("participants", ()))
    for each in seen:
        named |= dict.fromkeys(who for who in (each["participant"], each.get("peer")) if who)
    for identity in named:
        unknown = {
            "id": identity,
            "participant_id": identity,
            "participant_name": None,
            "is_sfu": False,
            "app": conference["app"],
            "created_at": conference["created_at"],
        }
        yield heap.rows["participants"].get(identity, unknown)
