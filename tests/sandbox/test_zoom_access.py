"""Tokens, scopes and limits of the simulated Zoom."""

import base64
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from harvesters.sandbox.zoom import UNLIMITED, Category, Limits, ZoomRules, meeting
from harvesters.sandbox.zoom.rules import PLANS
from harvesters.sandbox.zoom.switches import switched
from tests.sandbox.zoom_client import FORM, NINE, NOW, PAST, WINDOW, of, zoom

LIST = "/metrics/meetings"
UUID = "8ZvNoKtPQkCwVdDnTQmCaA=="
SMALL = Limits(light=4, medium=3, heavy=2, intensive=1, daily=6)


def test_a_token_is_had_by_form_or_by_query() -> None:
    with zoom([], rules=ZoomRules(scopes=("a:read", "b:read"), token_life=timedelta(seconds=3599))) as client:
        for how in ({"data": FORM}, {"data": None, "params": FORM}):
            answer = client.login(**how)
            assert answer.status_code == 200
            body = answer.json()
            assert (body["token_type"], body["expires_in"], body["scope"]) == ("bearer", 3599, "a:read b:read")
            assert body["api_url"] == client.server.url.removesuffix("/v2")


def test_a_wrong_login_is_told_in_the_token_endpoints_own_form() -> None:
    wrong_client = {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}
    no_account = {"reason": "Account does not exist", "error": "invalid_request"}
    bearer = {"Authorization": "Bearer " + base64.b64encode(b"cid:s3cret").decode()}
    broken = {"Authorization": "Basic !"}
    with zoom([]) as client:
        for more, body in (
            ({"auth": ("cid", "wrong")}, wrong_client),
            ({"auth": ("wrong", "s3cret")}, wrong_client),
            ({"auth": None}, wrong_client),
            ({"auth": None, "headers": bearer}, wrong_client),
            ({"auth": None, "headers": broken}, wrong_client),
            ({"data": {**FORM, "account_id": "acc-2"}}, no_account),
            ({"data": {"grant_type": "account_credentials"}}, no_account),
        ):
            answer = client.login(**more)
            assert (answer.status_code, answer.json()) == (400, body), more
        assert client.login(data={**FORM, "grant_type": "password"}).json()["error"] == "unsupported_grant_type"
        assert client.http.get(client.server.token_url, timeout=30).status_code == 405


def test_a_token_ends_with_its_hour() -> None:
    clock = [NOW]
    with zoom([], now=lambda: clock[0]) as client:
        assert client.get(LIST, **PAST).status_code == 200
        clock[0] += timedelta(hours=1, seconds=-1)
        assert client.get(LIST, **PAST).status_code == 200
        clock[0] += timedelta(seconds=1)
        assert client.refusal(LIST, **PAST) == (401, 124, "Access token is expired.")
        client.headers = {}
        assert client.get(LIST, **PAST).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nobodys", "Basic Y2lkOnMzY3JldA=="])
def test_nobody_asks_without_a_token_of_ours(header: str) -> None:
    with zoom([]) as client:
        client.headers = {"Authorization": header}
        assert client.refusal(LIST, **PAST) == (401, 124, "Invalid access token.")


def test_several_tokens_are_valid_unless_a_new_one_ends_the_old() -> None:
    for rules, status in ((ZoomRules(), 200), (switched(ZoomRules(), {"old-tokens": "end"}), 401)):
        with zoom([], rules=rules) as client:
            client.get(LIST, **PAST)
            client.login()
            assert client.get(LIST, **PAST).status_code == status


def test_a_missing_scope_is_named_and_classic_ones_are_as_good() -> None:
    held = [meeting(UUID, NINE)]
    with zoom(held, rules=ZoomRules(scopes=("dashboard:read:list_meetings:admin",))) as client:
        assert client.get(LIST, **PAST).status_code == 200
        assert client.refusal(of(UUID), type="past") == (
            400,
            4711,
            "Invalid access token, does not contain scopes:[dashboard:read:list_meeting_participants:admin].",
        )
    for classic in ("dashboard_meetings:read:admin", "dashboard:read:admin"):
        with zoom(held, rules=ZoomRules(scopes=(classic,))) as client:
            assert client.get(of(UUID), type="past").status_code == 200
            assert client.refusal("/report/users", **WINDOW)[1] == 4711


def test_plans_without_dashboards_or_webinars_are_told_so() -> None:
    dashboard = "This API is only available for Business or higher accounts that have enabled the Dashboard feature."
    for wanted in ({"plan": "pro"}, {"dashboard": "off"}):
        with zoom([meeting(UUID, NINE)], rules=switched(ZoomRules(), wanted)) as client:
            assert client.refusal(LIST, **PAST) == (400, 200, dashboard)
            assert client.refusal(of(UUID), type="past") == (400, 200, dashboard)
            assert client.get(of(UUID, family="/report/meetings")).status_code == 200
    with zoom([], rules=switched(ZoomRules(), {"webinars": "off"})) as client:
        assert client.refusal("/metrics/webinars", **PAST)[:2] == (400, 200)
        assert client.get(LIST, **PAST).status_code == 200


def test_unknown_paths_and_methods_are_no_endpoints() -> None:
    with zoom([]) as client:
        assert client.refusal("/metrics/chat", **PAST) == (404, 2300, "This API endpoint is not recognized.")
        answer = client.http.post(client.server.url + LIST, timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (404, 2300)


# -- limits --------------------------------------------------------------------------------------------


def test_the_plans_have_the_limits_that_are_documented() -> None:
    assert {"business": Limits(80, 60, 40, 20, 60_000), "pro": Limits(30, 20, 10, 10, 30_000)} == PLANS
    assert ZoomRules().account_limits == PLANS["business"]
    assert ZoomRules(plan="pro").account_limits == PLANS["pro"]
    assert ZoomRules(plan="pro", limits=UNLIMITED).account_limits == UNLIMITED


@pytest.mark.parametrize(
    ("path", "category", "limit", "window"),
    [
        (LIST, Category.INTENSIVE, 1, 60.0),
        (of(UUID), Category.HEAVY, 2, 1.0),
        (of(UUID, "/participants", "/past_meetings"), Category.MEDIUM, 3, 1.0),
        (of(UUID, "", "/past_meetings"), Category.LIGHT, 4, 1.0),
    ],
)
def test_each_label_has_a_bucket_of_its_own(path: str, category: str, limit: int, window: float) -> None:
    ticks = [100.0]
    rules = ZoomRules(limits=SMALL)
    with zoom([meeting(UUID, NINE)], rules=rules, ticks=lambda: ticks[0]) as client:
        for left in reversed(range(limit)):
            answer = client.get(path, **PAST)
            assert answer.status_code == 200
            told = {name: answer.headers[f"X-RateLimit-{name}"] for name in ("Category", "Limit", "Remaining")}
            assert told == {"Category": category, "Limit": str(limit), "Remaining": str(left)}
        refused = client.get(path, **PAST)
        text = "You have reached the maximum per-second rate limit for this API. Try again later."
        assert (refused.status_code, refused.json()) == (429, {"code": 429, "message": text})
        assert refused.headers["X-RateLimit-Type"] == "QPS"
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert "Retry-After" not in refused.headers
        ticks[0] += window - 0.001
        assert client.get(path, **PAST).status_code == 429
        ticks[0] += 0.001
        assert client.get(path, **PAST).status_code == 200


def test_the_daily_limit_counts_heavy_and_intensive_calls_until_midnight_utc() -> None:
    clock, ticks = [datetime(2026, 11, 20, 23, 59, 30, tzinfo=UTC)], [0.0]
    rules = ZoomRules(limits=Limits(heavy=100, intensive=100, daily=3))
    with zoom([meeting(UUID, NINE)], now=lambda: clock[0], rules=rules, ticks=lambda: ticks[0]) as client:
        assert client.get(LIST, **PAST).status_code == 200
        assert [client.get(of(UUID), type="past").status_code for _ in range(3)] == [200, 200, 429]
        refused = client.get(LIST, **PAST)
        assert refused.json()["message"].startswith("You have reached the maximum daily rate limit for this API.")
        assert refused.headers["X-RateLimit-Type"] == "Daily-limit"
        assert refused.headers["X-RateLimit-Limit"] == "3"
        assert refused.headers["Retry-After"] == "2026-11-21T00:00:00Z"
        assert client.get(of(UUID, "", "/past_meetings")).status_code == 200
        clock[0] += timedelta(seconds=30)
        assert client.get(LIST, **PAST).status_code == 200


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("iso", "2026-11-21T00:00:00Z"),
        ("seconds", str(16 * 3600)),
        ("date", "Sat, 21 Nov 2026 00:00:00 GMT"),
        ("rubbish", "tomorrow"),
        ("past", "2026-11-20T00:00:00Z"),
        ("absent", None),
    ],
)
def test_when_the_day_is_over_is_told_in_any_form(form: str, told: str | None) -> None:
    rules = switched(ZoomRules(limits=Limits(daily=0)), {"retry-after": form})
    with zoom([], rules=rules) as client:
        assert client.get(LIST, **PAST).headers.get("Retry-After") == told
    assert parsedate_to_datetime("Sat, 21 Nov 2026 00:00:00 GMT") == datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("standard", {"X-RateLimit-Category", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Type"}),
        ("lower", {"x-ratelimit-category", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-type"}),
        ("no-type", {"X-RateLimit-Category", "X-RateLimit-Limit", "X-RateLimit-Remaining"}),
        (
            "reset",
            {
                "X-RateLimit-Category",
                "X-RateLimit-Limit",
                "X-RateLimit-Remaining",
                "X-RateLimit-Type",
                "X-RateLimit-Reset",
            },
        ),
        ("none", set()),
    ],
)
def test_the_headers_of_a_limit_are_a_switch(value: str, names: set[str]) -> None:
    rules = switched(ZoomRules(limits=Limits(intensive=0)), {"limit-headers": value})
    with zoom([], rules=rules) as client:
        headers = client.get(LIST, **PAST).headers
        assert {name for name in headers if "ratelimit" in name.lower()} == names
        assert headers.get("X-RateLimit-Reset", "1795219200") == "1795219200"


def test_calls_are_counted_by_endpoint_and_label_and_every_answer_can_be_traced() -> None:
    with zoom([meeting(UUID, NINE)], rules=ZoomRules(limits=Limits(heavy=2))) as client:
        ids = {client.login().headers["x-zm-trackingid"], client.get(LIST, **PAST).headers["x-zm-trackingid"]}
        for _ in range(3):
            ids.add(client.get(of(UUID), type="past").headers["x-zm-trackingid"])
        ids.add(client.get("/nowhere").headers["x-zm-trackingid"])
        assert len(ids) == 6
        calls = client.server.app.calls
        assert calls == {"/metrics/meetings": 1, "/metrics/meetings/{meetingId}/participants": 2}
        assert client.server.app.categories == {"Resource-intensive": 1, "Heavy": 2}
