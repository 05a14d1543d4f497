"""Published answers from a folder as meetings that the sandbox can serve, and the same on another day."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from harvesters.core.day import EPOCH, parse_instant
from harvesters.sandbox.zoom.builder import listed_row
from harvesters.sandbox.zoom.meetings import Host, Json, Meeting, Session
from harvesters.sandbox.zoom.rewriting import instant

ANSWERS = Path(__file__).parents[1] / "answers" / "zoom"
"""The folder of those that come along."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
_AS_DASHBOARD = {"name": "user_name", "user_email": "email"}
_REPORT_ONLY = frozenset({"duration", "failover", "attentiveness_score"})


def load_folder(folder: Path) -> list[Meeting]:
    """The meetings of a folder, one of all files `<name>.<part>.json` with one name, in the order of the names.

    Parts are `meeting` or `report`, which one of them has to be there, and `participants`, `qos`, `sharing`,
    `satisfaction`, `report-participants`.

    Raises:
        ValueError: a file is not JSON, or a name has neither `meeting` nor `report`.
        OSError: the folder or a file cannot be read.
    """
    parts: dict[str, Json] = {}
    for path in sorted(folder.glob("*.json")):
        name, part, _ = path.name.rsplit(".", 2)
        parts.setdefault(name, {})[part] = _decoded(path)
    return [_meeting(name, told) for name, told in parts.items()]


def _decoded(path: Path) -> object:
    try:
        return msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{path} is no JSON: {error}."
        raise ValueError(message) from error


def _meeting(name: str, told: Mapping[str, Json]) -> Meeting:
    detail = told.get("meeting") or told.get("report")
    if detail is None:
        message = f"of {name} there is neither {name}.meeting.json nor {name}.report.json."
        raise ValueError(message)
    start, end = _at(detail, "start_time"), _at(detail, "end_time")
    sessions = _sessions(told)
    host = _host(detail)
    row = listed_row(detail["uuid"], detail["id"], host, (start, end), sessions)
    row |= detail if "meeting" in told else {"topic": detail["topic"]}
    people = max(len(sessions), detail.get("participants", 1))
    feedback = _rows(told, "satisfaction")
    return Meeting(
        detail["uuid"],
        detail["id"],
        start,
        end,
        host,
        row,
        sessions,
        people,
        kind=detail.get("type", 2),
        satisfaction=feedback,
    )


def _host(detail: Json) -> Host:
    """Dashboards have no id of the host, nor have most reports: then it follows from the address."""
    email = detail.get("email") or detail.get("user_email", "")
    made = f"{crc32(email.encode()):022x}"
    name = detail.get("host") or detail.get("user_name", "")
    return Host(detail.get("host_id", made), email, name, detail.get("dept", ""))


def _rows(told: Mapping[str, Json], part: str) -> list[Json]:
    rows: list[Json] = told.get(part, {}).get("participants", [])
    return rows


def _sessions(told: Mapping[str, Json]) -> list[Session]:
    rows = _rows(told, "participants") or [_from_report(each) for each in _rows(told, "report-participants")]
    sessions = [Session(each, _at(each, "join_time"), _at(each, "leave_time"), _minutes(each, told)) for each in rows]
    shares = [share for each in _rows(told, "sharing") for share in each["details"]]
    return [replace(sessions[0], shares=shares), *sessions[1:]] if sessions else []


def _from_report(row: Json) -> Json:
    """A row of a report as the dashboards would have it."""
    return {_AS_DASHBOARD.get(name, name): value for name, value in row.items() if name not in _REPORT_ONLY}


def _minutes(row: Json, told: Mapping[str, Json]) -> Sequence[Json] | None:
    """The quality of a session: it is known by the same UUID or the same number."""
    for each in _rows(told, "qos"):
        for name in ("participant_uuid", "user_id"):
            if row.get(name) and row[name] == each.get(name):
                found: list[Json] = each["user_qos"]
                return found
    return None


def _at(row: Json, name: str) -> datetime:
    return parse_instant(row.get(name)) or EPOCH


def shift(meetings: Iterable[Meeting], to_day: date) -> list[Meeting]:
    """The meetings, each moved by whole days so that it starts on that UTC day, and so does each of its sessions."""
    return [_shifted(each, to_day) for each in meetings]


def _shifted(meeting: Meeting, to_day: date) -> Meeting:
    by = _days(meeting.start, to_day)
    sessions = [_moved_session(each, to_day) for each in meeting.sessions]
    row = _moved(meeting.row, by)
    return replace(meeting, start=meeting.start + by, end=meeting.end + by, row=row, sessions=sessions)


def _moved_session(session: Session, to_day: date) -> Session:
    by = _days(session.join, to_day)
    minutes = session.minutes if session.minutes is None else [_moved(each, by) for each in _listed(session)]
    row = _moved(session.row, by)
    return replace(session, join=session.join + by, leave=session.leave + by, row=row, minutes=minutes)


def _listed(session: Session) -> Sequence[Json]:
    return session.minutes if isinstance(session.minutes, Sequence) else ()


def _days(start: datetime, to_day: date) -> timedelta:
    return to_day - start.date()


def _moved(value: Json, by: timedelta) -> Json:
    """The members with their instants moved."""
    return {name: _moved_value(each, by) for name, each in value.items()}


def _moved_value(value: Any, by: timedelta) -> object:  # noqa: ANN401 - JSON
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        at = parse_instant(value)
        return value if at is None else instant(at + by)[:19] + value[19:]
    return value
