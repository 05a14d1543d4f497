"""The endpoints: their paths, labels and scopes, and what the front end makes of an id in a path.

The rule for ids is section 15's: it works on the raw path, before anything is decoded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from harvesters.sandbox.zoom.rules import Category

PREFIX = "/v2"
# Path, label, granular scope (of the whole account). Longer paths stand before those that they begin with.
_TABLE = """
/metrics/meetings Resource-intensive dashboard:read:list_meetings
/metrics/meetings/{meetingId}/participants/qos Heavy dashboard:read:list_meeting_participants_qos
/metrics/meetings/{meetingId}/participants/sharing Heavy dashboard:read:meeting_sharing
/metrics/meetings/{meetingId}/participants/satisfaction Heavy dashboard:read:post_meeting_feedback
/metrics/meetings/{meetingId}/participants/{participantId}/qos Heavy dashboard:read:meeting_participant_qos
/metrics/meetings/{meetingId}/participants Heavy dashboard:read:list_meeting_participants
/metrics/meetings/{meetingId} Heavy dashboard:read:meeting
/metrics/webinars Resource-intensive dashboard:read:list_webinars
/metrics/webinars/{webinarId}/participants/qos Heavy dashboard:read:list_webinar_participants_qos
/metrics/webinars/{webinarId}/participants/sharing Heavy dashboard:read:webinar_sharing
/metrics/webinars/{webinarId}/participants/satisfaction Heavy dashboard:read:post_webinar_feedback
/metrics/webinars/{webinarId}/participants/{participantId}/qos Heavy dashboard:read:webinar_participant_qos
/metrics/webinars/{webinarId}/participants Heavy dashboard:read:list_webinar_participants
/metrics/webinars/{webinarId} Heavy dashboard:read:webinar
/report/users Heavy report:read:list_users
/report/users/{userId}/meetings Heavy report:read:user
/report/daily Heavy report:read:daily_usage
/report/history_meetings Heavy report:read:list_history_meetings
/report/meetings/{meetingId}/participants Heavy report:read:list_meeting_participants
/report/meetings/{meetingId} Heavy report:read:meeting
/report/webinars/{webinarId}/participants Heavy report:read:list_webinar_participants
/report/webinars/{webinarId} Heavy report:read:webinar
/past_meetings/{meetingId}/participants Medium meeting:read:list_past_participants
/past_meetings/{meetingId}/instances Medium meeting:read:list_past_instances
/past_meetings/{meetingId} Light meeting:read:past_meeting
/past_webinars/{webinarId}/participants Medium webinar:read:list_past_participants
/past_webinars/{webinarId}/instances Light webinar:read:list_past_instances
/users/{userId}/meetings Medium meeting:read:list_meetings
"""
_CLASSIC = {
    "/metrics/meetings": ("dashboard:read:admin", "dashboard_meetings:read:admin"),
    "/metrics/webinars": ("dashboard:read:admin", "dashboard_webinars:read:admin"),
    "/report": ("report:read:admin",),
    "/past_meetings": ("meeting:read:admin",),
    "/past_webinars": ("webinar:read:admin",),
    "/users": ("meeting:read:admin",),
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation; any of `scopes` is enough, the last is its granular one."""

    path: str
    category: Category
    scopes: tuple[str, ...]

    @property
    def dashboard(self) -> bool:
        """Whether it belongs to the dashboards."""
        return self.path.startswith("/metrics/")

    @property
    def webinar(self) -> bool:
        """Whether it is about webinars."""
        return "/webinars" in self.path or "/past_webinars" in self.path

    @property
    def granular(self) -> str:
        """The scope that a new app asks for."""
        return self.scopes[-1]


@dataclass(frozen=True, slots=True)
class Found:
    """An endpoint with what its path says.

    Attributes:
        id: what is left of the meeting's or user's id once the front end is through with it, or empty.
        part: a participant's id, or empty.
    """

    endpoint: Endpoint
    id: str = ""
    part: str = ""


def _endpoints() -> Iterator[Endpoint]:
    for line in _TABLE.strip().splitlines():
        path, category, scope = line.split()
        (classic,) = (scopes for prefix, scopes in _CLASSIC.items() if path.startswith(prefix))
        yield Endpoint(path, Category(category), (*classic, f"{scope}:admin"))


ENDPOINTS = tuple(_endpoints())
GRANULAR = tuple(each.granular for each in ENDPOINTS)
"""The scopes of an app that may do everything here."""


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], Endpoint], ...]:
    return tuple((re.compile(_pattern(each.path)), each) for each in ENDPOINTS)


def _pattern(path: str) -> str:
    """A pattern whose id may hold slashes, since a plain UUID does."""
    escaped = re.escape(PREFIX + path)
    escaped = escaped.replace(re.escape("{participantId}"), "(?P<part>[^/]+)")
    return re.sub(r"\\\{\w+\\\}", "(?P<id>.+)", escaped)


def found(path: str) -> Found | None:
    """The endpoint of a raw path (without its query), None if there is none."""
    for pattern, endpoint in _patterns():
        if match := pattern.fullmatch(path):
            groups = match.groupdict()
            return Found(endpoint, passed(groups.get("id") or ""), unquote(groups.get("part") or ""))
    return None


def passed(raw: str) -> str:
    """What the front end leaves of an id: it decodes, takes the result for a path, and decodes again.

    A slash at the beginning is lost, and of two in a row one, unless they were encoded twice.
    """
    return unquote(re.sub("/{2,}", "/", unquote(raw)).lstrip("/"))
