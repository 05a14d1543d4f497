"""The routes below `/v1`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

V1 = "/v1"
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
READ = (
    "/apps",
    "/apps/<id>",
    "/organizations",
    "/organizations/<id>",
    "/conferences",
    "/conferences/<id>",
    "/conferences/<id>/events",
    "/conferences/<id>/graphs",
    "/sessions",
    "/sessions/<id>",
    "/participants",
    "/participants/<id>",
    "/connections",
    "/connections/<id>",
    "/issues",
    "/issues/<id>",
    "/events/browser",
    "/events/get-user-media",
    "/connection",
    "/stats",
    "/search",
    "/conferences/summary",
    "/conferences/duration-summary",
    "/conferences/participant-count-summary",
    "/issues/summary",
    "/issues/gum-summary",
    "/connections/summary",
    "/connections/setup-time-summary",
    "/sessions/summary",
)
"""Those that answer a GET; the paths are the names of the endpoints."""
WRITE_ONLY = (
    "/tracks",
    "/connection/batch",
    "/initialize",
    "/services/get-url",
    "/services/stop-conference",
    "/webhooks/jobs",
)
"""Those that answer a GET with 405."""
CATEGORIES: Mapping[str, str] = {
    "/events/browser": "browser",
    "/events/get-user-media": "getUserMedia",
    "/connection": "connection",
    "/stats": "stats",
}
"""The category of events that a route has."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a request goes: the path of the endpoint, and the id in its place."""

    endpoint: str
    id: str = ""


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(each.replace("<id>", f"({_UUID})")), each) for each in (*READ, *WRITE_ONLY))


def found(path: str) -> Found | None:
    """The endpoint of a path below `/v1`; None if there is none, also with a slash at the end or a bad UUID."""
    for pattern, endpoint in _patterns():
        if match := pattern.fullmatch(path):
            return Found(endpoint, *match.groups())
    return None
