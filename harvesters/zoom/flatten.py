"""What a record of Zoom means: conference, participations, streams with their minutes, issues. Pure."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Any

from harvesters.core.day import instant_ms, to_ms
from harvesters.core.lenient import count, decode_object
from harvesters.core.source import NO_CALL, Part, Record, told_totals
from harvesters.core.tree import Conference, Entity, Issue, Row, Stream
from harvesters.zoom.fetch import MEETING, QOS, REPORT_ROW
from harvesters.zoom.limits import LIST_ROW
from harvesters.zoom.lists import WEBINAR_TYPES
from harvesters.zoom.members import ended, first, flag, rest, text
from harvesters.zoom.people import (
    DOCUMENTED,
    KNOWN,
    OF_PARTICIPANT,
    UNNAMED,
    Key,
    client,
    identity,
    label,
    people,
    person,
    refused,
)
from harvesters.zoom.rows import measurements
from harvesters.zoom.sharing import shares
from harvesters.zoom.texts import length_s
from harvesters.zoom.totals import usage

HELD = frozenset({
    "uuid", "id", "topic", "host", "user_name", "host_name", "email", "user_email", "host_id", "user_type",
    "start_time", "end_time", "duration", "participants", "participants_count", "has_pstn", "has_video",
    "has_screen_share", "has_recording", "audio_quality", "video_quality", "screen_share_quality",
})  # fmt: skip
MEASURED = KNOWN | {"health", "issue_list"}
SEVERITY = {"critical": "error", "warning": "warning"}
WORD = re.compile(r"[^a-z0-9]+")
MOST_ISSUES = 50


def flatten(record: Record) -> Conference:
    """The tree of one meeting; the record's parts are read once, in order, a participation at a time."""
    if record.call == NO_CALL:
        return told_totals(record, partial(usage, start=to_ms(record.started)))
    oddities: Counter[str] = Counter()
    groups = groupby(record.parts, key=lambda part: (part.kind, part.head))
    (kind, head), parts = next(groups, (("meeting", b"{}"), iter(())))
    meeting = decode_object(head, oddities)
    conference = _conference(record, kind, meeting, oddities)
    shared = {name: conference.fields[name] for name in ("zoom.meeting_uuid", "zoom.series_id")}
    found = people(parts, oddities)
    # The report has no details of a meeting of one person.
    if record.level == LIST_ROW or (kind == REPORT_ROW and not found):
        conference.flags.add("details_missing")
    for entity in found.values():
        entity.fields |= shared
    issues = list(refused(found))
    for issue in issues:
        issue.entity.fields |= shared
    tree = Conference(conference, found, (), issues, oddities)
    tree.streams = _streams(groups, tree, shared)
    return tree


def _conference(record: Record, kind: str, meeting: dict[str, Any], oddities: Counter[str]) -> Entity:
    uuid, series = text(meeting.get("uuid")) or record.key[0], text(meeting.get("id"))
    fields = {
        "vconf.conference.vendor_id": uuid,
        "vconf.conference.parent_id": series,
        "vconf.conference.name": text(meeting.get("topic")),
        "vconf.host.id": text(meeting.get("host_id")),
        "vconf.host.name": first(meeting, "host", "user_name", "host_name"),
        "vconf.host.email": first(meeting, "email", "user_email"),
        "vconf.media.video": flag(meeting, "has_video"),
        "vconf.media.screen": flag(meeting, "has_screen_share"),
        "vconf.media.recording": flag(meeting, "has_recording"),
        "vconf.media.pstn": flag(meeting, "has_pstn"),
        "zoom.meeting_uuid": uuid,
        "zoom.series_id": series,
        "zoom.kind": _kind(kind, meeting),
        "zoom.user_type": text(meeting.get("user_type")),
        "zoom.participants": count(meeting.get("participants", meeting.get("participants_count"))),
        "zoom.audio_quality": text(meeting.get("audio_quality")),
        "zoom.video_quality": text(meeting.get("video_quality")),
        "zoom.screen_share_quality": text(meeting.get("screen_share_quality")),
    }
    at, end = instant_ms(meeting.get("start_time")), instant_ms(meeting.get("end_time"))
    entity = Entity(record.key, at, end, fields, set(), rest(meeting, HELD))
    length = _length(meeting.get("duration"), oddities)
    if end is None and at is not None and (computed := ended(at, length)):
        entity.end = computed
        entity.flags.add("duration_computed")
    return entity


def _length(told: object, oddities: Counter[str]) -> int | None:
    """The dashboard's text in s; the report's number is rounded up to minutes, so it is no length."""
    found = length_s(told)
    if found is None and isinstance(told, str) and told.strip():
        oddities["unreadable 'duration'"] += 1
    return found


def _kind(kind: str, meeting: dict[str, Any]) -> str:
    """Meeting or webinar; a report's row tells by its type."""
    if kind != REPORT_ROW:
        return kind
    return "webinar" if count(meeting.get("type")) in WEBINAR_TYPES else MEETING


def _streams(groups: Any, tree: Conference, shared: dict[str, Any]) -> Iterator[Stream]:  # noqa: ANN401 - itertools' own type
    """Of each participation the sent and the received side, then what was shared."""
    taken: Counter[Key] = Counter()
    for (kind, head), parts in groups:
        if kind == QOS:
            members = decode_object(head, tree.oddities)
            base = identity(members)
            taken[base] += 1
            # Who has no name is told apart by place, as the participations are; who has one and comes twice is not.
            key = (*base, str(taken[base])) if base[0] == UNNAMED and taken[base] > 1 else base
            yield from _sides(key, members, parts, tree, shared)
        else:
            yield from shares(head, parts, tree, shared)


def _sides(
    key: Key, members: dict[str, Any], parts: Iterator[Part], tree: Conference, shared: dict[str, Any]
) -> Iterator[Stream]:
    """Two streams of one participation's minutes."""
    name = _owner(key, members, tree)
    if name is None:
        tree.oddities["participations with quality that are not among the participants"] += 1
    sides = measurements(parts, tree.oddities)
    tree.issues += (Issue(each, name) for each in _issues(key, members, shared, tree.oddities))
    for direction, rows in zip(("sent", "received"), sides, strict=True):
        entity = _stream((*key, direction), members, rows)
        # Whoever is not among the participants is told of by the stream itself.
        entity.fields |= {**({} if name else person(members) | client(members)), **shared}
        entity.extra = _unexpected(members, has_document=name is not None)
        yield Stream(entity, name, None, rows)


def _stream(key: Key, members: dict[str, Any], rows: list[Row]) -> Entity:
    fields = {
        "zoom.user_id": text(members.get("user_id")),
        "zoom.health": text(members.get("health")),
        "vconf.stream.direction": key[-1],
        "vconf.stream.media": _media(rows),
    }
    at, end = instant_ms(members.get("join_time")), instant_ms(members.get("leave_time"))
    return Entity(key, at, end, fields)


def _owner(key: Key, members: dict[str, Any], tree: Conference) -> str | None:
    """Whose minutes these are: the participation of that name, else the only one of that number."""
    if (name := label(key)) in tree.participants:
        return name
    user = text(members.get("user_id"))
    own = [name for name, each in tree.participants.items() if each.present and each.fields["zoom.user_id"] == user]
    return own[0] if user and len(own) == 1 else None


def _unexpected(members: dict[str, Any], *, has_document: bool) -> dict[str, Any]:
    """What nobody expects of a participant's members; all others stand in his own document, if he has one."""
    if not has_document:
        return rest(members, MEASURED - OF_PARTICIPANT)
    return {name: value for name, value in rest(members, MEASURED).items() if name not in DOCUMENTED}


def _media(rows: list[Row]) -> list[str]:
    """The media of which anything was measured."""
    return [name for name in ("audio", "video", "screen") if any(getattr(row.quality, name) for row in rows)]


def _issues(key: Key, members: dict[str, Any], shared: dict[str, Any], oddities: Counter[str]) -> Iterator[Entity]:
    """What Zoom found wrong with a participation."""
    listed = members.get("issue_list")
    told = [said for each in (listed if isinstance(listed, list) else []) if (said := text(each))]
    if left_out := len(told[MOST_ISSUES:]) + (len(listed) - len(told) if isinstance(listed, list) else 0):
        oddities["issues that are no text, or one too many"] += left_out
    severity = SEVERITY.get((text(members.get("health")) or "").lower(), "info")
    at, end = instant_ms(members.get("join_time")), instant_ms(members.get("leave_time"))
    for said in told[:MOST_ISSUES]:
        code = WORD.sub("_", said.lower()).strip("_") or "other"
        fields = {
            **shared,
            "vconf.issue.code": code,
            "vconf.issue.source": "vendor",
            "vconf.issue.severity": severity,
            "vconf.issue.subject": "participant",
            "vconf.issue.explanation": said,
        }
        yield Entity((*key, code), at, end, fields)
