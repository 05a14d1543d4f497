"""The server's issues, each once."""

from collections.abc import Iterator, Mapping
from typing import Any

from harvesters.core.lenient import inside
from harvesters.core.tree import Entity, Issue
from harvesters.peermetrics.people import Told, text
from harvesters.peermetrics.rows import Json, stamp

LARGEST = 1e30
SCORED = frozenset({"very_low_emos", "low_emos"})
LIMIT = {"very_low_emos": 3.0, "low_emos": 4.0}
KNOWN = frozenset({
    "id", "session", "conference", "participant", "connection", "type", "code", "data", "created_at", "title",
    "explanation",
})  # fmt: skip


def issues(told: Told, found: Mapping[str, Entity], shared: Mapping[str, Any]) -> Iterator[Issue]:
    """The issues of a conference's sessions; a score's stands once, though each new summary writes it again."""
    seen: set[tuple[str | None, ...]] = set()
    for each in sorted(told.of("issue"), key=lambda issue: (stamp(issue.get("created_at")) or 0, str(issue.get("id")))):
        code = text(each.get("code")) or "other"
        key = text(each.get("id")) or f"{code}/{text(each.get('session'))}"
        mark = (code, text(each.get("participant"))) if code in SCORED else (key,)
        if mark not in seen:
            seen.add(mark)
            yield _issue(key, each, found, shared)


def _issue(key: str, row: Json, found: Mapping[str, Entity], shared: Mapping[str, Any]) -> Issue:
    session, code = text(row.get("session")), text(row.get("code")) or "other"
    fields = {
        **shared,
        "peermetrics.session_id": session,
        "peermetrics.connection_id": text(row.get("connection")),
        "vconf.issue.code": code,
        "vconf.issue.source": "vendor",
        "vconf.issue.severity": "error" if row.get("type") == "error" else "warning",
        "vconf.issue.subject": _subject(row),
        "vconf.issue.value": _number(inside(row.get("data"), "average")),
        "vconf.issue.limit": LIMIT.get(code),
        "vconf.issue.explanation": text(row.get("explanation")) or text(row.get("title")),
    }
    extra = {name: value for name, value in row.items() if name not in KNOWN}
    if row.get("data") is not None and fields["vconf.issue.value"] is None:
        extra["data"] = row["data"]
    return Issue(
        Entity((key,), stamp(row.get("created_at")), None, fields, set(), extra), session if session in found else None
    )


def _subject(row: Json) -> str:
    return next((name for name in ("track", "connection") if row.get(name)), "participant")


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) >= LARGEST:
        return None
    return float(value)
