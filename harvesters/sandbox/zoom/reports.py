"""The answers of reports, past meetings and a user's meetings (reference, 11.8 to 11.14)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from harvesters.sandbox.zoom.asking import Asked
from harvesters.sandbox.zoom.meetings import Host, Json, Meeting, Session, Window
from harvesters.sandbox.zoom.paging import Listing
from harvesters.sandbox.zoom.refusals import no_meeting, no_user
from harvesters.sandbox.zoom.rewriting import dressed, instant, participant, with_added

_MINUTE = timedelta(minutes=1)
_ROW = ("id", "user_id", "customer_key", "registrant_id", "participant_user_id", "bo_mtg_id", "status")
_REPORT_ONLY = frozenset({"customer_key", "participant_user_id", "bo_mtg_id"})
_FEATURES = {"screen_sharing": "has_screen_share", "video_on": "has_video", "telephone_usage": "has_pstn"}


def users(asked: Asked) -> Listing:
    """`/report/users`: who held at least one meeting of several people in a range; nobody is inactive here."""
    active = asked.choice("type", "active", "inactive") == "active"
    found = list(_hosts(asked)) if active else []
    totals = {
        "total_meetings": sum(each.meetings for each in found),
        "total_participants": sum(each.participants for each in found),
        "total_meeting_minutes": sum(each.minutes for each in found),
        "page_number": 1,
    }
    return Listing("users", found, _user, {**asked.range_told(), **totals})


def user_meetings(asked: Asked) -> Listing:
    """`/report/users/{userId}/meetings`: meetings and webinars of one host.

    Raises:
        RefusedError: nobody in the account has that id or address (1001).
    """
    kind = asked.choice("type", "past", "pastOne")
    _check_user(asked)
    window = replace(_window(asked), people="one" if kind == "pastOne" else "several")
    found = [each for each in asked.meetings.held(window) if asked.id in (each.host.id, each.host.email)]
    return Listing("meetings", found, lambda each: _reported(asked, each), {**asked.range_told(), "page_number": 1})


def history(asked: Asked) -> Listing:
    """`/report/history_meetings`: the meetings and webinars of the whole account."""
    by = asked.choice("date_type", "start_time", "end_time")
    kind = asked.choice("meeting_type", "all", "meeting", "webinar")
    window = asked.window("past", by, webinar={"meeting": False, "webinar": True}.get(kind))
    found = asked.meetings.held(replace(window, state="past", people="any"))
    return Listing("history_meetings", found, lambda each: _historic(asked, each), totals=False)


def report(asked: Asked) -> Json:
    """`/report/meetings/{uuid}` and `/report/webinars/{uuid}`."""
    found = asked.past_meeting()
    return dressed({**_detail(found), "custom_keys": [], "tracking_fields": []}, asked.rules)


def report_participants(asked: Asked) -> Listing:
    """`/report/meetings/{uuid}/participants`: sessions, of meetings of several people alone."""
    return Listing("participants", _shown(asked), lambda each: _participant(asked, each))


def past(asked: Asked) -> Json:
    """`/past_meetings/{uuid}`."""
    found = asked.past_meeting()
    more = {"host_id": found.host.id, "source": "Zoom", "has_meeting_summary": False}
    return dressed({**_detail(found), **more}, asked.rules)


def past_participants(asked: Asked) -> Listing:
    """`/past_meetings/{uuid}/participants` and the same of webinars."""

    def row(session: Session) -> Json:
        told = _participant(asked, session)
        kept = {name: value for name, value in told.items() if name not in _REPORT_ONLY}
        return {**kept, "internal_user": bool(session.row.get("id"))}

    return Listing("participants", _shown(asked), row)


def instances(asked: Asked) -> Json:
    """`/past_meetings/{meetingId}/instances` and the same of webinars: the ended ones of a number.

    Raises:
        RefusedError: there is no such number (3001).
    """
    every = asked.meetings.instances(int(asked.id)) if asked.id.isdecimal() else ()
    if not every:
        raise no_meeting(asked.id)
    oldest = asked.now - timedelta(days=asked.rules.instances_days)
    ended = [each for each in every if oldest <= each.start and each.end <= asked.now]
    rows = [dressed({"uuid": each.uuid, "start_time": instant(each.start)}, asked.rules) for each in ended]
    return {"webinars" if asked.endpoint.webinar else "meetings": rows}


def scheduled(asked: Asked) -> Listing:
    """`/users/{userId}/meetings`: what is planned; nothing here ever is.

    Raises:
        RefusedError: nobody in the account has that id or address (1001).
    """
    _check_user(asked)
    return Listing("meetings", (), dict, {"page_number": 1})


def _check_user(asked: Asked) -> None:
    if not asked.meetings.has_user(asked.id):
        raise no_user(asked.id)


@dataclass(slots=True)
class _Held:
    """What one host has held."""

    host: Host
    meetings: int = 0
    participants: int = 0
    minutes: int = 0


def _hosts(asked: Asked) -> Iterator[_Held]:
    """The hosts of a range in the order of their ids."""
    sums: dict[str, _Held] = {}
    for each in asked.meetings.held(_window(asked)):
        held = sums.setdefault(each.host.id, _Held(each.host))
        held.meetings += 1
        held.participants += len(each.sessions)
        held.minutes += _total_minutes(each)
    yield from (sums[each] for each in sorted(sums))


def _window(asked: Asked) -> Window:
    """Reports know meetings and webinars that are over, and those of one person apart, whatever the rules are."""
    window = asked.window("past", "start_time", webinar=None)
    return replace(window, state="past", people="several")


def _user(held: _Held) -> Json:
    host = held.host
    return {
        "id": host.id,
        "email": host.email,
        "user_name": host.name,
        "type": host.kind,
        "dept": host.dept,
        "meetings": held.meetings,
        "participants": held.participants,
        "meeting_minutes": held.minutes,
    }


def _detail(found: Meeting) -> Json:
    """What all details of reports and past meetings have."""
    return {
        "uuid": found.uuid,
        "id": found.number,
        "type": found.kind,
        "topic": found.row.get("topic", ""),
        "user_name": found.host.name,
        "user_email": found.host.email,
        "dept": found.host.dept,
        "start_time": instant(found.start),
        "end_time": instant(found.end),
        "duration": _minutes(found.end - found.start),
        "total_minutes": _total_minutes(found),
        "participants_count": len(found.sessions),
    }


def _reported(asked: Asked, found: Meeting) -> Json:
    own = {name: value for name, value in _detail(found).items() if name != "dept"}
    flags = {name: bool(found.row.get(name)) for name in ("has_recording", "has_screen_share")}
    count = sum(bool(each.row.get("id")) for each in found.sessions)
    return dressed(
        {**own, **flags, "has_chat": False, "source": "Zoom", "participants_count_my_account": count}, asked.rules
    )


def _historic(asked: Asked, found: Meeting) -> Json:
    return dressed(
        {
            "meeting_uuid": found.uuid,
            "meeting_id": found.number,
            "type": "Webinar" if found.webinar else "Meeting",
            "host_display_name": found.host.name,
            "host_email": found.host.email,
            "topic": found.row.get("topic", ""),
            "start_time": instant(found.start),
            "end_time": instant(found.end),
            "create_time": instant(found.start),
            "participants": len(found.sessions),
            "duration": _minutes(found.end - found.start),
            "total_participant_minutes": _total_minutes(found),
            "department": found.host.dept,
            "group": [],
            "source": "Zoom",
            "unique_viewers": 0,
            "max_concurrent_views": 0,
            "custom_fields": [],
            "tracking_fields": [],
            "feature_used": {name: bool(found.row.get(flag)) for name, flag in _FEATURES.items()},
        },
        asked.rules,
    )


def _shown(asked: Asked) -> list[Session]:
    found = asked.past_meeting()
    return with_added(asked.sessions(found), asked.rules) if found.people > 1 else []


def _participant(asked: Asked, session: Session) -> Json:
    row = session.row
    told = {name: row[name] for name in _ROW if name in row}
    if asked.params.get("include_fields") != "registrant_id":
        told.pop("registrant_id", None)
    times: Json = {name: row[name] for name in ("join_time", "leave_time") if name in row}
    seconds = (session.leave - session.join) // timedelta(seconds=1)
    names = {"name": row.get("user_name", ""), "user_email": row.get("email", "")}
    return participant({**told, **names, **times, "duration": seconds, "failover": False}, asked.rules)


def _minutes(span: timedelta) -> int:
    """Minutes, begun ones whole."""
    return -(-span // _MINUTE)


def _total_minutes(found: Meeting) -> int:
    return sum(_minutes(each.leave - each.join) for each in found.sessions)
