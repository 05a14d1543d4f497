"""What one sets for a Zoom account: what is missing, wrong or gone is said in a sentence; and how one logs in."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec
import pytest

from harvesters.core.answers import Answer, Request
from harvesters.core.day import Clock
from harvesters.core.errors import AuthError, SettingsError, SliceError
from harvesters.core.settings import Values, load, require
from harvesters.zoom import Zoom
from harvesters.zoom.limits import limits_of
from harvesters.zoom.login import log_in
from harvesters.zoom.settings import API, OAUTH, ZoomSettings
from tests.line import NOON
from tests.shell import Shell
from tests.zoom_days import ACCOUNT, CLIENT, SECRET

if TYPE_CHECKING:
    from pathlib import Path

NEEDED = {"ZOOM_ACCOUNT_ID": ACCOUNT, "ZOOM_CLIENT_ID": CLIENT, "ZOOM_CLIENT_SECRET": SECRET}
GONE = (
    "Zoom ended JWT apps with key and secret on 8 September 2023: make a Server-to-Server OAuth app in Zoom's App "
    "Marketplace, set ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET, and remove this."
)
CANARY = "canary-of-a-jwt-app-51ab"
MINE = ZoomSettings(ACCOUNT, CLIENT, SECRET)


def settings_of(tmp_path: Path, **environ: str) -> ZoomSettings:
    problems: list[str] = []
    return require(load(ZoomSettings, Values({}, {**NEEDED, **environ}, {}, None, tmp_path), problems), problems)


# -- from the shell ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "words", "named"),
    [
        ({"ZOOM_KEY": CANARY}, (), "ZOOM_KEY"),
        ({"ZOOM_SECRET": CANARY}, (), "ZOOM_SECRET"),
        ({}, ("--key", CANARY), "ZOOM_KEY"),
        ({}, ("--secret", CANARY), "ZOOM_SECRET"),
    ],
)
def test_the_key_and_secret_of_the_ancestor_are_78_and_say_what_to_make_instead(
    tmp_path: Path, environ: dict[str, str], words: tuple[str, ...], named: str
) -> None:
    done = Shell(tmp_path, {**NEEDED, **environ})("zoom", "--date", "2026-11-20", *words)

    assert done.code == 78
    assert done.out == ""
    assert f"{named}: {GONE}" in done.err
    assert CANARY not in done.err
    assert SECRET not in done.err
    assert "Traceback" not in done.err


def test_whoever_still_has_only_the_old_ones_hears_of_both_and_of_what_is_missing(tmp_path: Path) -> None:
    done = Shell(tmp_path, {"ZOOM_KEY": CANARY, "ZOOM_SECRET": CANARY})("zoom")

    assert done.code == 78
    assert done.err.count(GONE) == 2
    for name in NEEDED:
        assert re.search(rf"{name}( \(or {name}_FILE\))? is not set", done.err)
    assert CANARY not in done.err


def test_no_help_and_no_list_of_settings_offers_what_is_gone(tmp_path: Path) -> None:
    shell = Shell(tmp_path, NEEDED)
    told = shell("zoom", "--help").out + shell("config", "show").out

    for name in ("--via", "--no-quality", "--sharing", "--webinars", "ZOOM_QUOTA_SHARE"):
        assert name in told
    for name in ("--key", "--secret", "ZOOM_KEY", "ZOOM_SECRET"):
        assert f"{name} " not in told
    assert SECRET not in told


# -- each setting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", NEEDED)
def test_what_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{missing}( \(or {missing}_FILE\))? is not set"):
        settings_of(tmp_path, **{missing: ""})


def test_without_more_the_usual_holds(tmp_path: Path) -> None:
    found = settings_of(tmp_path)
    assert found == replace(MINE, oauth_url="https://zoom.us/oauth/token")
    assert (found.plan, found.via, found.quality, found.sharing, found.webinars) == (
        "business", "auto", True, False, False,
    )  # fmt: skip
    assert (found.url, found.quota_share) == (None, 0.6)


def test_the_secret_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    found = settings_of(tmp_path, ZOOM_CLIENT_SECRET="", ZOOM_CLIENT_SECRET_FILE=str(tmp_path / "secret"))
    assert found.client_secret == "from-a-file"


@pytest.mark.parametrize(("text", "share"), [("60%", 0.6), ("60", 0.6), (" 5 % ", 0.05), ("100%", 1.0), ("1", 0.01)])
def test_the_share_of_the_day_is_a_percentage(tmp_path: Path, text: str, share: float) -> None:
    assert settings_of(tmp_path, ZOOM_QUOTA_SHARE=text).quota_share == share


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ZOOM_QUOTA_SHARE", ["0", "0%", "101%", "-5", "0.6", "60.5%", "half", "%", "60%%", "1e1"]),
        ("ZOOM_PLAN", ["enterprise", "Pro", "1"]),
        ("ZOOM_VIA", ["dashboards", "Auto", "-"]),
        ("ZOOM_QUALITY", ["true", "1", "No"]),
        ("ZOOM_SHARING", ["on"]),
        ("ZOOM_WEBINARS", ["off"]),
        (
            "ZOOM_URL",
            ["http://api.zoom.us/v2", "api.zoom.us/v2", "ftp://api.zoom.us", "https://me:canary@api.zoom.us/v2"],
        ),
        ("ZOOM_OAUTH_URL", ["http://zoom.us/oauth/token", "zoom.us/oauth/token", "https://"]),
    ],
)
def test_a_wrong_value_is_a_sentence_that_names_its_setting(tmp_path: Path, name: str, values: list[str]) -> None:
    for value in values:
        with pytest.raises(SettingsError) as wrong:
            settings_of(tmp_path, **{name: value})
        (problem,) = wrong.value.problems
        assert problem.startswith((f"{name} is '", f"{name}: "))
        assert "canary" not in problem


def test_addresses_may_end_with_a_slash_and_be_of_another_cloud(tmp_path: Path) -> None:
    found = settings_of(
        tmp_path, ZOOM_URL="https://api.zoomgov.com/v2/", ZOOM_OAUTH_URL="https://zoomgov.com/oauth/token/"
    )
    assert (found.url, found.oauth_url) == ("https://api.zoomgov.com/v2", "https://zoomgov.com/oauth/token")


@pytest.mark.parametrize(
    ("changed", "level"),
    [
        ({}, 2),
        ({"quality": False}, 1),
        ({"via": "dashboard"}, 2),
        ({"via": "dashboard", "quality": False}, 1),
        ({"via": "report"}, 1),
        ({"via": "report", "quality": False}, 1),
        ({"plan": "pro"}, 2),
        ({"plan": "pro", "via": "report"}, 1),
    ],
)
def test_the_level_that_is_asked_for_follows_from_the_settings(changed: dict[str, Any], level: int) -> None:
    assert limits_of(replace(MINE, **changed)).level == level


@pytest.mark.parametrize(
    ("plan", "share", "requests"), [("business", 0.6, 36_000), ("business", 1.0, 60_000), ("pro", 0.01, 300)]
)
def test_the_quota_names_the_setting_that_decides_it(plan: str, share: float, requests: int) -> None:
    (quota,) = limits_of(replace(MINE, plan=plan, quota_share=share)).quotas
    assert (quota.share, quota.setting) == (requests, "ZOOM_QUOTA_SHARE")


def test_without_settings_the_limits_are_those_of_the_usual_account() -> None:
    assert limits_of(MINE) == Zoom.limits
    assert (Zoom.limits.settle, Zoom.limits.retention) == (timedelta(hours=72), timedelta(days=180))


# -- logging in -------------------------------------------------------------------------------------------


class Desk:
    """Answers a token request with what a test wants, and keeps what was asked."""

    def __init__(self, **answer: Any) -> None:
        self.clock = Clock(lambda: NOON)
        self.body = msgspec.json.encode({"access_token": "t0k3n", "token_type": "bearer", "expires_in": 3600, **answer})
        self.asked: list[Request] = []

    def send(self, request: Request) -> Answer:
        self.asked.append(request)
        return Answer(200, {}, self.body)


def test_a_token_is_asked_for_with_the_app_s_login_and_the_account_in_a_form() -> None:
    desk = Desk()
    found = log_in(replace(MINE, account_id="a&b=c/+"), desk)
    (asked,) = desk.asked

    assert (asked.method, asked.url, asked.logs_in, asked.category) == ("POST", OAUTH, True, "")
    scheme, _, login = asked.headers["Authorization"].partition(" ")
    assert (scheme, b64decode(login).decode()) == ("Basic", f"{CLIENT}:{SECRET}")
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs((asked.body or b"").decode()) == {"grant_type": ["account_credentials"], "account_id": ["a&b=c/+"]}
    assert found.headers == {"Authorization": "Bearer t0k3n"}
    assert found.expires == NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("told", "own", "base"),
    [
        (None, None, API),
        ("", None, API),
        ("https://api-us.zoom.us", None, "https://api-us.zoom.us/v2"),
        ("https://api-us.zoom.us/", None, "https://api-us.zoom.us/v2"),
        ("https://api-us.zoom.us/v2", None, "https://api-us.zoom.us/v2"),
        ("http://127.0.0.1:8080", None, "http://127.0.0.1:8080/v2"),
        ("https://api-us.zoom.us", "https://proxy.example.com/zoom/v2", "https://proxy.example.com/zoom/v2"),
        ("http://elsewhere.example.com", "https://proxy.example.com/v2", "https://proxy.example.com/v2"),
    ],
)
def test_the_address_is_that_of_the_settings_else_of_the_token_else_the_usual_one(
    told: str | None, own: str | None, base: str
) -> None:
    desk = Desk() if told is None else Desk(api_url=told)
    assert log_in(replace(MINE, url=own), desk).base == base
    assert API == "https://api.zoom.us/v2"


@pytest.mark.parametrize(
    "told",
    [
        "http://api-us.zoom.us",
        "api-us.zoom.us",
        "ftp://x.test",
        "http://[",
        "https://me:you@x.test",
        "https://",
        "https://x.test/a b",
        "http://127.0.0.1.evil.test",
        "http://localhost@evil.test",
        "https://x.test?y=",
    ],
)
def test_a_token_is_sent_to_no_address_where_others_could_read_it(told: str) -> None:
    with pytest.raises(SliceError, match=r"^the token's answer names an address .* set ZOOM_URL\.$"):
        log_in(MINE, Desk(api_url=told))


@pytest.mark.parametrize(
    "odd",
    [
        {"access_token": None},
        {"access_token": 7},
        {"expires_in": "soon"},
        {"expires_in": 10**18},
        {"expires_in": -1},
        {"scope": ["a"]},
        {"api_url": 5},
    ],
)
def test_a_token_s_answer_of_another_form_is_told_as_such(odd: dict[str, Any]) -> None:
    """The engine makes a sentence of it; nothing of the answer is in it."""
    with pytest.raises(msgspec.ValidationError) as wrong:
        log_in(MINE, Desk(**odd))
    assert "t0k3n" not in str(wrong.value)


LISTS, PEOPLE, QUALITY, SHARING = (
    f"dashboard:read:{name}:admin"
    for name in ("list_meetings", "list_meeting_participants", "list_meeting_participants_qos", "meeting_sharing")
)
WEBINARS, WEBINAR_PEOPLE, WEBINAR_QUALITY, WEBINAR_SHARING = (
    f"dashboard:read:{name}:admin"
    for name in ("list_webinars", "list_webinar_participants", "list_webinar_participants_qos", "webinar_sharing")
)
HOSTS, OF_HOST, REPORTED, REPORTED_WEBINARS = (
    f"report:read:{name}:admin"
    for name in ("list_users", "user", "list_meeting_participants", "list_webinar_participants")
)
CLASSIC, CLASSIC_WEBINARS = "dashboard_meetings:read:admin", "dashboard_webinars:read:admin"
BY_REPORT = {"via": "report"}


@pytest.mark.parametrize(
    ("changed", "granted", "missing"),
    [
        ({}, [LISTS, PEOPLE, QUALITY], []),
        ({}, [LISTS, PEOPLE], [QUALITY]),
        ({}, [QUALITY], [LISTS, PEOPLE]),
        ({}, ["meeting:read:admin"], [LISTS, PEOPLE, QUALITY]),
        ({}, ["dashboard:read:list_meetings", PEOPLE, QUALITY], [LISTS]),
        ({}, [CLASSIC], []),
        ({}, ["dashboard:read:admin"], []),
        ({}, ["dashboard_meetings:read:master"], []),
        ({"quality": False}, [LISTS, PEOPLE], []),
        ({"sharing": True}, [LISTS, PEOPLE, QUALITY], [SHARING]),
        ({"sharing": True}, [CLASSIC], []),
        (
            {"webinars": True, "sharing": True},
            [CLASSIC],
            [WEBINARS, WEBINAR_PEOPLE, WEBINAR_QUALITY, WEBINAR_SHARING],
        ),
        ({"webinars": True}, [CLASSIC, CLASSIC_WEBINARS], []),
        ({"webinars": True}, ["dashboard:read:admin"], []),
        (BY_REPORT, [HOSTS, OF_HOST, REPORTED], []),
        (BY_REPORT, [HOSTS, REPORTED], [OF_HOST]),
        (BY_REPORT, ["report:read:admin"], []),
        (BY_REPORT, [CLASSIC, "dashboard:read:admin"], [HOSTS, OF_HOST, REPORTED]),
        ({**BY_REPORT, "webinars": True}, [HOSTS, OF_HOST, REPORTED], [REPORTED_WEBINARS]),
    ],
)
def test_a_scope_that_the_day_needs_and_the_app_lacks_is_named_before_the_first_request(
    changed: dict[str, Any], granted: list[str], missing: list[str]
) -> None:
    desk = Desk(scope=" ".join(granted))
    if not missing:
        assert log_in(replace(MINE, **changed), desk).headers
        return
    with pytest.raises(AuthError) as lacking:
        log_in(replace(MINE, **changed), desk)
    assert f"the app lacks the scopes {', '.join(missing)}: add them to the Server-to-Server" in str(lacking.value)


@pytest.mark.parametrize("scope", [{}, {"scope": ""}])
def test_a_token_that_names_no_scopes_is_tried(scope: dict[str, str]) -> None:
    assert log_in(MINE, Desk(**scope)).headers
