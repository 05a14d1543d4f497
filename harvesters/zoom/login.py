"""A token by Server-to-Server OAuth, kept in memory alone, and what it may read."""

import re
from base64 import b64encode
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

import msgspec

from harvesters.core.answers import Api, Auth, Request
from harvesters.core.errors import AuthError, SliceError
from harvesters.zoom.settings import API, REPORT, ZoomSettings

VERSION = "/v2"
SAFE = re.compile(r"(https://[\w.-]+|http://(127\.0\.0\.1|localhost))(:\d{1,5})?(/[\w./-]*)?", re.ASCII)
"""An address to which the token may be sent: encrypted, or this machine's own."""
LONGEST = 10**8
"""Seconds, three years: what ends later cannot be meant."""
DASHBOARDS = "dashboard:read:admin"
# One of each pair is enough: the name that apps made since March 2024 have, and the older one.
MEETINGS, WEBINARS, REPORTS = "dashboard_meetings:read:admin", "dashboard_webinars:read:admin", "report:read:admin"
Pair = tuple[str, str]


class _Token(msgspec.Struct):
    """The token endpoint's answer (reference, section 3)."""

    access_token: str
    expires_in: Annotated[int, msgspec.Meta(ge=0, le=LONGEST)] = 3600
    scope: str = ""
    api_url: str = ""


_token = msgspec.json.Decoder(_Token)


def log_in(settings: ZoomSettings, api: Api) -> Auth:
    """A fresh token and where to ask with it.

    Raises:
        AuthError: the app was refused, or lacks scopes.
        SliceError: the answer names no address to ask at.
    """
    login = b64encode(f"{settings.client_id}:{settings.client_secret}".encode()).decode()
    asked = {"grant_type": "account_credentials", "account_id": settings.account_id}
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/x-www-form-urlencoded"}
    request = Request("POST", settings.oauth_url, urlencode(asked).encode(), headers, logs_in=True)
    now = api.clock.now()
    token = _token.decode(api.send(request).body)
    if token.scope and (missing := lacking(settings, token.scope.split())):
        message = (
            f"the app lacks the scopes {', '.join(missing)}: add them to the Server-to-Server OAuth app in Zoom's App "
            "Marketplace, or ask for less (--no-quality, --via report)."
        )
        raise AuthError(message)
    header = {"Authorization": f"Bearer {token.access_token}"}
    return Auth(header, now + timedelta(seconds=token.expires_in), settings.url or _base(token.api_url))


def _base(address: str) -> str:
    """The account's own region, as the token's answer names it."""
    if not address:
        return API
    if not SAFE.fullmatch(address):
        message = "the token's answer names an address that the token must not be sent to: set ZOOM_URL."
        raise SliceError(message)
    return address.rstrip("/").removesuffix(VERSION) + VERSION


def needed(settings: ZoomSettings) -> list[Pair]:
    """The scopes that a day needs with these settings, on the way that is tried first: new and old name of each."""
    if settings.via == REPORT:
        names = ["list_users", "user", "list_meeting_participants"]
        names += ["list_webinar_participants"] if settings.webinars else []
        return [(f"report:read:{name}:admin", REPORTS) for name in names]
    names = ["list_meetings", "list_meeting_participants"]
    names += ["list_meeting_participants_qos"] if settings.quality else []
    names += ["meeting_sharing"] if settings.sharing else []
    pairs = [(f"dashboard:read:{name}:admin", MEETINGS) for name in names]
    webinar = [name.replace("meeting", "webinar") for name in names] if settings.webinars else []
    return pairs + [(f"dashboard:read:{name}:admin", WEBINARS) for name in webinar]


def lacking(settings: ZoomSettings, granted: list[str]) -> list[str]:
    """Those of the scopes that are needed which a token does not have."""
    held = {scope.removesuffix(":master") + ":admin" if scope.endswith(":master") else scope for scope in granted}
    everything = {DASHBOARDS} & held
    return [
        new
        for new, old in needed(settings)
        if not ({new, old} & held) and not (everything and old in {MEETINGS, WEBINARS})
    ]
