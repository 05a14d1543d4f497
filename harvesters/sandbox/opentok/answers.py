"""Real answers from a folder as sessions that the sandbox can serve, and the same on another day."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from harvesters.core.day import instant_ms, iso_ms, parse_instant
from harvesters.core.lenient import inside
from harvesters.sandbox.opentok.rows import Record, TextRows
from harvesters.sandbox.opentok.shapes import items, meeting_starts

_log = logging.getLogger(__name__)
_TIMES = ("createdAt", "destroyedAt")
_DAY_MS = 86_400_000


def load_folder(folder: Path) -> list[Record]:
    """The sessions of all `*.json` files of a folder, in the order of the files' names.

    A file is a whole GraphQL answer or a bare session. Answers rarely hold everything: a session without
    an id gets one from the file's name, a meeting without one a hash. A file without session data is
    skipped and named in the log.

    Raises:
        ValueError: a file is not JSON.
        OSError: the folder or a file cannot be read.
    """
    sessions: list[Record] = []
    for path in sorted(folder.glob("*.json")):
        found = list(_sessions(_decoded(path)))
        if not found:
            _log.warning("%s holds no session data: skipped", path.name)
        name = path.name.partition(".")[0]
        names = [name, *(f"{name}-{number}" for number in range(2, len(found) + 1))]
        sessions += map(_with_ids, found, names)
    return sessions


def _decoded(path: Path) -> object:
    try:
        return msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{path} is no JSON: {error}."
        raise ValueError(message) from error


def _sessions(answer: object) -> Iterator[Record]:
    if not isinstance(answer, dict):
        return
    if "meetings" in answer:
        yield answer
        return
    inner = inside(answer, "data", "project", "sessionData")
    if isinstance(inner, dict):
        yield from (session for session in items(inner, "sessions") if session is not None)


def _with_ids(session: Record, name: str) -> Record:
    session_id = session.get("sessionId") or name
    meetings = [
        meeting and {"meetingId": str(uuid5(NAMESPACE_URL, f"{session_id}/{number}")), **meeting}
        for number, meeting in enumerate(items(session, "meetings"))
    ]
    return {**session, "sessionId": session_id, "meetings": {"resources": meetings}}


def shift(sessions: Iterable[Mapping[str, Any]], to_day: date) -> list[Record]:
    """The sessions, each moved by whole days so that its first meeting starts on that UTC day.

    The time of day stays; ids stay too, the instant inside a session id included. Sessions without any
    instant come back unmoved.
    """
    return [_shifted(session, to_day) for session in sessions]


def _shifted(session: Mapping[str, Any], to_day: date) -> Record:
    first = parse_instant(min(meeting_starts(session), default=None))
    days = 0 if first is None else (to_day - first.date()).days
    return {name: _moved(name, value, days * _DAY_MS) for name, value in session.items()}


def _moved(name: str, value: object, by_ms: int) -> object:
    if name in _TIMES:
        ms = instant_ms(value)
        return value if ms is None else iso_ms(ms + by_ms)
    if isinstance(value, dict):
        return {inner: _moved(inner, part, by_ms) for inner, part in value.items()}
    if isinstance(value, list | TextRows):
        return [_moved("", item, by_ms) for item in value]
    return value
