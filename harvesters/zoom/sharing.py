"""What participants showed, as streams that have times and no measurements of their own."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from harvesters.core.day import instant_ms
from harvesters.core.lenient import decode_json, decode_object
from harvesters.core.source import Part
from harvesters.core.tree import Conference, Entity, Stream
from harvesters.zoom.members import rest, text
from harvesters.zoom.people import person, seconds_of

KNOWN = frozenset({"id", "user_id", "user_name", "details"})
DETAIL = frozenset({"content", "start_time", "end_time"})


def shares(head: bytes, parts: Iterable[Part], tree: Conference, shared: dict[str, Any]) -> Iterator[Stream]:
    """One stream for each time that somebody showed something; `shared` are fields that all documents repeat."""
    for name in decode_object(head, tree.oddities):
        tree.oddities[f"unknown member '{name[:60]}'"] += 1
    for part in parts:
        for members in decode_json(part.rows, tree.oddities):
            if isinstance(members, dict):
                yield from _of_one(members, tree, shared)
            else:
                tree.oddities["shares that are null or no object"] += 1


def _of_one(members: dict[str, Any], tree: Conference, shared: dict[str, Any]) -> Iterator[Stream]:
    details = members.get("details")
    if details and not isinstance(details, list):
        tree.oddities["unreadable 'details'"] += 1
    user = text(members.get("user_id"))
    taken: Counter[tuple[str, ...]] = Counter()
    for detail in details if isinstance(details, list) else []:
        if not isinstance(detail, dict):
            tree.oddities["shares that are null or no object"] += 1
            continue
        content = text(detail.get("content"))
        at, end = instant_ms(detail.get("start_time")), instant_ms(detail.get("end_time"))
        base = (user or "unnamed", "shared", seconds_of(detail.get("start_time")) or "none", content or "other")
        taken[base] += 1
        key = base if taken[base] == 1 else (*base, str(taken[base]))
        fields = {
            **shared,
            "zoom.user_id": user,
            "zoom.shared": content,
            "vconf.stream.direction": "sent",
            "vconf.stream.kind": "screen",
            "vconf.stream.media": ["screen"],
        }
        sharer = _sharer(user, at, tree)
        # Whoever is not among the participants is told of by the stream itself.
        fields |= {} if sharer else person(members)
        extra = {**rest(members, KNOWN), **rest(detail, DETAIL)}
        yield Stream(Entity(key, at, end, fields, set(), extra), sharer, None, ())


def _sharer(user: str | None, at: int | None, tree: Conference) -> str | None:
    """The participation that showed something: of those with this number the last that had begun."""
    own = [
        name
        for name, each in tree.participants.items()
        if user and each.present and each.fields["zoom.user_id"] == user
    ]
    begun = [name for name in own if at is None or (tree.participants[name].at or 0) <= at]
    fitting = begun or own
    return fitting[-1] if fitting else None
