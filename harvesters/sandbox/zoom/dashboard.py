"""The dashboards' answers: meetings, participants, quality, sharing, feedback (reference, 11.1 to 11.7)."""

from typing import Any

from harvesters.sandbox.zoom.asking import TYPES, Asked
from harvesters.sandbox.zoom.meetings import Json, Meeting, Session
from harvesters.sandbox.zoom.paging import Listing
from harvesters.sandbox.zoom.refusals import NO_DETAILS, RefusedError
from harvesters.sandbox.zoom.rewriting import dressed, minutes, participant, running, with_added

_QUALITY = frozenset(
    {
        "user_id",
        "user_name",
        "device",
        "ip_address",
        "location",
        "join_time",
        "leave_time",
        "pc_name",
        "domain",
        "mac_addr",
        "harddisk_id",
        "version",
        "id",
        "client",
        "internal_ip_addresses",
        "os",
        "os_version",
        "browser_name",
        "browser_version",
        "video_connection_type",
        "as_connection_type",
        "participant_uuid",
        "network_type",
        "data_center",
        "full_data_center",
        "connection_type",
        "share_application",
        "share_desktop",
        "share_whiteboard",
        "recording",
        "device_name",
        "groupId",
        "has_archiving",
        "optional_archiving",
        "total_jointime_cost",
        "zoom_thin_client_plugin_version",
        "email",
        "health",
        "issue_list",
    }
)
_SINGLE = _QUALITY | {"microphone", "speaker", "camera"}
_NOT_OF_WEBINARS = frozenset({"camera", "status"})
_LISTED_ONLY = frozenset({"audio_quality", "video_quality", "screen_share_quality", "session_key", "tracking_fields"})


def meetings(asked: Asked) -> Listing:
    """`/metrics/meetings` and `/metrics/webinars`."""
    webinar = asked.endpoint.webinar
    kind = asked.choice("type", "live", *TYPES)
    by = asked.choice("query_date_type", asked.rules.date_type, "start_time", "end_time")
    found = asked.meetings.held(asked.window(kind, by, webinar=webinar))
    name = "webinars" if webinar else "meetings"
    return Listing(name, found, lambda each: _row(asked, each), asked.range_told())


def meeting(asked: Asked) -> Json:
    """`/metrics/meetings/{uuid}`: the row of the list, without what only that has."""
    row = _row(asked, asked.dashboard_meeting())
    return {name: value for name, value in row.items() if name not in _LISTED_ONLY}


def participants(asked: Asked) -> Listing:
    """`.../participants`: one row for each session."""
    found = asked.dashboard_meeting()
    shown = with_added(asked.sessions(found), asked.rules)
    return Listing("participants", shown, lambda each: _session(asked, each), _number(found))


def quality(asked: Asked) -> Listing:
    """`.../participants/qos`: the minutes of each session that has any.

    Raises:
        RefusedError: none has, and the rules answer that with 3001.
    """
    found = asked.dashboard_meeting()
    measured = [each for each in asked.sessions(found) if each.minutes is not None]
    if not measured and asked.rules.no_quality == "404":
        raise RefusedError(404, 3001, NO_DETAILS)
    return Listing("participants", measured, lambda each: _measured(asked, each), _number(found), quality=True)


def single_quality(asked: Asked) -> Json:
    """`.../participants/{participantId}/qos`: one session, by its number or its UUID in the meeting."""
    found = asked.dashboard_meeting()
    for each in asked.sessions(found):
        if each.minutes is not None and asked.part in (each.row.get("user_id"), each.row.get("participant_uuid")):
            names = _QUALITY if found.webinar else _SINGLE
            return {**_number(found), **_measured(asked, each, names)}
    raise RefusedError(404, 3001, NO_DETAILS)


def sharing(asked: Asked) -> Listing:
    """`.../participants/sharing`: what each session has shown."""
    shown = [each for each in asked.sessions(asked.dashboard_meeting()) if each.shares]
    return Listing("participants", shown, lambda each: _shares(asked, each))


def satisfaction(asked: Asked) -> Listing:
    """`.../participants/satisfaction`: what people said of the meeting."""
    given = asked.dashboard_meeting().satisfaction
    return Listing("participants", given, lambda each: participant(each, asked.rules), totals=False)


def _row(asked: Asked, found: Meeting) -> Json:
    row = dressed(found.row, asked.rules)
    if asked.rules.participants == "people":
        row = {**row, "participants": found.people}
    if asked.params.get("include_fields") != "tracking_fields":
        row = {name: value for name, value in row.items() if name != "tracking_fields"}
    return {**running(row), "duration": ""} if found.end > asked.now else row


def _session(asked: Asked, session: Session) -> Json:
    row = participant(session.row, asked.rules)
    unknown = _NOT_OF_WEBINARS if asked.endpoint.webinar else frozenset[str]()
    if asked.params.get("include_fields") != "registrant_id":
        unknown |= {"registrant_id"}
    row = {name: value for name, value in row.items() if name not in unknown}
    return running(row) if session.leave > asked.now else row


def _measured(asked: Asked, session: Session, names: frozenset[str] = _QUALITY) -> Json:
    row: dict[str, Any] = {name: value for name, value in _session(asked, session).items() if name in names}
    return {**row, "user_qos": minutes(session.minutes or (), asked.rules)}


def _shares(asked: Asked, session: Session) -> Json:
    row = participant(session.row, asked.rules)
    details = [dressed(each, asked.rules) for each in session.shares]
    return {**{name: row.get(name, "") for name in ("id", "user_id", "user_name")}, "details": details}


def _number(found: Meeting) -> Json:
    return {"webinar_number" if found.webinar else "meeting_number": str(found.number)}
