"""What the rules make of rows before they are answered: instants, ids, names, and rows that are added."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from zlib import crc32

import msgspec

from harvesters.sandbox.zoom.meetings import Json, Session, TextMinutes
from harvesters.sandbox.zoom.rules import ZoomRules

INSTANTS = frozenset({"start_time", "end_time", "join_time", "leave_time", "date_time", "create_time"})
_WHOLE = re.compile(r"\d\d:\d\d:\d\dZ")
_NAMES = frozenset({"user_name", "name", "ip_address", "location", "email", "user_email"})
_UNIT = re.compile(rb"(?<=\d) (?=(?:kbps|ms|fps|%)\")")
_BREAKOUT = "Dkgwu8nm/ExG1vM+GhLRhA=="


def instant(value: datetime) -> str:
    """As the API writes it."""
    return f"{value:%Y-%m-%dT%H:%M:%SZ}"


def dressed(row: Json, rules: ZoomRules) -> Json:
    """A row as the rules have it."""
    if rules.instants == "milliseconds":
        row = {name: _with_ms(value) if name in INSTANTS else value for name, value in row.items()}
    return row


def _with_ms(value: object) -> object:
    """The same second, with milliseconds that are the same each time."""
    if not isinstance(value, str) or not _WHOLE.search(value):
        return value
    return f"{value[:-1]}.{crc32(value.encode()) % 1000:03d}Z"


def participant(row: Json, rules: ZoomRules) -> Json:
    """A row about a person as the rules have it."""
    if rules.names == "blank":
        row = {name: "" if name in _NAMES else value for name, value in row.items()}
    if rules.participant_uuid == "absent":
        row = {name: value for name, value in row.items() if name != "participant_uuid"}
    return dressed(row, rules)


def with_added(sessions: Sequence[Session], rules: ZoomRules) -> list[Session]:
    """The sessions of a meeting with those that the rules add, and without the ends that they take."""
    found: list[Session] = []
    for number, session in enumerate(sessions):
        if rules.waiting_rows == "added" and number % 2 == 0:
            found.append(_waiting(session))
        found.append(session)
        if rules.breakout_rows == "added" and number % 2 == 0:
            found.append(_breakout(session))
    if rules.leave_time == "absent":
        return [_endless(each) if number % 3 == 2 else each for number, each in enumerate(found)]  # noqa: PLR2004
    return found


def _waiting(session: Session) -> Session:
    """Half a minute in the waiting room, before the session itself: same ids, no quality."""
    begin = session.join - timedelta(seconds=30)
    times = {"join_time": instant(begin), "leave_time": instant(session.join)}
    return Session({**session.row, **times, "status": "in_waiting_room"}, begin, session.join, None)


def _breakout(session: Session) -> Session:
    """The same person's second half of the session, in a breakout room."""
    middle = session.join + (session.leave - session.join) / 2
    row = {**session.row, "join_time": instant(middle), "bo_mtg_id": _BREAKOUT}
    row["user_id"] = str(int(row["user_id"]) + 512) if str(row.get("user_id", "")).isdecimal() else "512"
    return Session(row, middle, session.leave, None)


def _endless(session: Session) -> Session:
    row = {name: value for name, value in session.row.items() if name != "leave_time"}
    return Session(row, session.join, session.leave, session.minutes, session.shares)


def running(row: Json) -> Json:
    """A row of something that has not ended yet."""
    return {name: value for name, value in row.items() if name not in {"end_time", "leave_time", "leave_reason"}}


def minutes(given: Sequence[Json] | TextMinutes, rules: ZoomRules) -> msgspec.Raw:
    """Minutes of quality as the rules have them, ready as JSON."""
    if isinstance(given, Sequence):
        text = msgspec.json.encode([dressed(each, rules) for each in given])
    else:
        text = given.text()
        if rules.instants == "milliseconds":
            whole = msgspec.json.decode(text, type=list[Json])
            text = msgspec.json.encode([dressed(each, rules) for each in whole])
    return msgspec.Raw(_UNIT.sub(b"", text) if rules.units == "glued" else text)
