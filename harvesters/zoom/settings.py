"""Who asks Zoom, on which plan, and how much of a day is wanted."""

from dataclasses import dataclass
from typing import NoReturn

from harvesters.core.settings import http_url, one_of, setting, share, yes_or_no

OAUTH = "https://zoom.us/oauth/token"
API = "https://api.zoom.us/v2"
PRO, BUSINESS = "pro", "business"
AUTO, DASHBOARD, REPORT = "auto", "dashboard", "report"


def retired(text: str) -> NoReturn:
    """Refuse the key and secret of a JWT app, whatever they are.

    Raises:
        ValueError: always.
    """
    del text
    message = (
        "Zoom ended JWT apps with key and secret on 8 September 2023: make a Server-to-Server OAuth app in Zoom's App "
        "Marketplace, set ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET, and remove this."
    )
    raise ValueError(message)


def base(text: str) -> str:
    """The address of the API without a slash at its end."""
    return http_url(text).rstrip("/")


@dataclass(frozen=True, slots=True)
class ZoomSettings:
    """The settings of one Zoom account."""

    account_id: str = setting(
        "ZOOM_ACCOUNT_ID", "account id of the Server-to-Server OAuth app", required=True, identifies=True
    )
    client_id: str = setting("ZOOM_CLIENT_ID", "client id of the app", required=True)
    client_secret: str = setting("ZOOM_CLIENT_SECRET", "client secret of the app", required=True, secret=True)
    oauth_url: str = setting("ZOOM_OAUTH_URL", "where tokens come from", parse=base, default=OAUTH)
    url: str | None = setting(
        "ZOOM_URL",
        "the API's address, up to and including /v2",
        parse=base,
        shown_default=f"what the token's answer names, else {API}",
    )
    plan: str = setting(
        "ZOOM_PLAN", "plan of the account, which decides its limits: pro or business (and above)",
        parse=one_of(PRO, BUSINESS), default=BUSINESS,
    )  # fmt: skip
    via: str = setting(
        "ZOOM_VIA",
        "way to a day: dashboard (with quality), report (any paid plan, without quality), or auto: "
        "the report where the plan has no dashboard",
        parse=one_of(AUTO, DASHBOARD, REPORT),
        default=AUTO,
        option="--via",
    )
    quality: bool = setting(
        "ZOOM_QUALITY",
        "whether to fetch each minute's quality: yes or no",
        parse=yes_or_no,
        default=True,
        option="--no-quality",
        stands_for="no",
        option_help="leave out each minute's quality: two thirds fewer requests",
        shown_default="yes",
    )
    sharing: bool = setting(
        "ZOOM_SHARING",
        "whether to fetch who shared what: yes or no",
        parse=yes_or_no,
        default=False,
        option="--sharing",
        stands_for="yes",
        option_help="fetch also who shared what: one more request a meeting",
        shown_default="no",
    )
    webinars: bool = setting(
        "ZOOM_WEBINARS",
        "whether to fetch webinars too: yes or no",
        parse=yes_or_no,
        default=False,
        option="--webinars",
        stands_for="yes",
        option_help="fetch also webinars, for which the account needs the add-on",
        shown_default="no",
    )
    quota_share: float = setting(
        "ZOOM_QUOTA_SHARE",
        "share of the account's daily requests that the harvester may use; the rest is for others",
        parse=share,
        default=0.6,
        shown_default="60%",
    )
    key: str | None = setting(
        "ZOOM_KEY", "key of a JWT app", parse=retired, secret=True, option="--key", hidden=True, retired=True
    )
    secret: str | None = setting(
        "ZOOM_SECRET", "secret of a JWT app", parse=retired, secret=True, option="--secret", hidden=True, retired=True
    )
