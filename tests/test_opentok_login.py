"""Who asks and how often: tokens, their renewal and refusal, and the vendor's limit of requests."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from harvesters.core.answers import Request as Sent
from harvesters.core.day import Clock, Day
from harvesters.core.errors import AuthError, Exit
from harvesters.core.http import HttpApi, Port
from harvesters.core.limiter import Limiter
from harvesters.core.source import Call
from harvesters.opentok import OpenTok
from harvesters.opentok.login import OpenTokSettings
from harvesters.sandbox import Request, Response, Rules, Server
from tests.nights import Night, Ran, Time, Vendor, vendor
from tests.opentok_days import KEY, SECRET, session
from tests.opentok_truth import DAY, NOW, UNHURRIED, Asked, bent, loaded, refusal, truth

SESSIONS = [session(number, day=DAY, people=1, minutes=1) for number in range(3)]
LIMIT, WINDOW = 100, 30.0
GOOD = b'{"data": {"project": {"sessionData": {"sessions": null}}}}'


def harvest(folder: Path, server: Vendor, **options: Any) -> Ran:
    return Night(folder, NOW, server.url).harvest(DAY, **options)


def claims(request: Request) -> dict[str, Any]:
    """What the token of a request claims."""
    return part(request, 1)


def part(request: Request, number: int) -> dict[str, Any]:
    text = request.headers["x-opentok-auth"].split(".")[number]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


@contextmanager
def source_of(server: Vendor, clock: Clock) -> Iterator[OpenTok]:
    """The source with a port of its own, for tests in which time goes on."""
    api = HttpApi(OpenTok.judge, Limiter(OpenTok.limits.rates, clock), clock, Port(deadline=1e9))
    source = OpenTok(OpenTokSettings(KEY, SECRET, server.url, "unknown"), api)
    api.identify(source.auth)
    try:
        yield source
    finally:
        api.close()


# ------------------------------------------------------------------ tokens


def test_a_request_says_who_asks_as_the_vendor_wants_it(tmp_path: Path) -> None:
    with vendor(SESSIONS, NOW, rules=UNHURRIED) as server:
        assert harvest(tmp_path, server).exit_code is Exit.OK
        log = server.server.log
    now = NOW.timestamp()
    for request in log:
        assert part(request, 0) == {"alg": "HS256", "typ": "JWT"}
        found = claims(request)
        assert set(found) == {"iss", "ist", "iat", "exp", "jti"}
        assert (found["iss"], found["ist"]) == (KEY, "project")
        assert now - 60 <= found["iat"] < now
        assert now + 180 <= found["exp"] <= now + 300
        assert "authorization" not in request.headers


def test_the_project_stands_in_the_query_as_a_bare_number_and_is_no_variable(tmp_path: Path) -> None:
    with vendor(SESSIONS, NOW, rules=UNHURRIED) as server:
        harvest(tmp_path, server)
        bodies = [json.loads(body) for body in server.asked()]
    assert len(bodies) == 2
    for body in bodies:
        assert re.search(r"project\(projectId: 46204972\)", body["query"])
        assert "$project" not in body["query"]
        assert "project" not in body["variables"]


def test_the_secret_never_travels(tmp_path: Path) -> None:
    with vendor(SESSIONS, NOW, rules=UNHURRIED) as server:
        harvest(tmp_path, server)
        for request in server.server.log:
            assert SECRET.encode() not in request.body
            assert SECRET not in str(dict(request.headers)) + request.path


def test_a_token_is_renewed_well_before_it_ends_however_long_the_work_takes() -> None:
    days = [Day(DAY)] * 60
    with vendor(SESSIONS, NOW, rules=UNHURRIED) as server:
        arrived: list[datetime] = []
        server.server._intercept = _each_takes(timedelta(seconds=20), server, arrived)
        with source_of(server, Clock(lambda: server.now, Time().monotonic)) as source:
            (account,) = source.accounts()
            for day in days:
                assert len(list(source.list_calls(account, day))) == 3
        tokens = [claims(request) for request in server.server.log]
    assert len(tokens) == 60
    for at, token in zip(arrived, tokens, strict=True):
        assert token["iat"] < at.timestamp()
        assert token["exp"] - at.timestamp() >= 30
    # Twenty minutes of work with tokens of five: a new one now and then, not one for each request.
    assert 4 <= len({token["jti"] for token in tokens}) <= 10


def _each_takes(time: timedelta, server: Vendor, arrived: list[datetime]) -> Callable[[int, Request], Response | None]:
    def intercept(_number: int, _request: Request) -> None:
        arrived.append(server.now)
        server.now += time

    return intercept


# ------------------------------------------------------------------ refusals

REFUSALS = {
    "1001 before GraphQL": refusal(1001),
    "1011 before GraphQL": refusal(1011, 403),
    "1020 with status 200": refusal(1020, 200),
    "401 without JSON": Response(401, {"Content-Type": "text/html"}, b"<html>log in</html>"),
    "403 without a body": Response(403),
    "1001 as an error": Response(200, {}, b'{"data": null, "errors": [{"message": "No.", "errorCode": 1001}]}'),
    "no data": Response(200, {"Content-Type": "application/json"}, b"{}"),
    "null data": Response(200, {"Content-Type": "application/json"}, b'{"data": null}'),
    "null project": Response(200, {"Content-Type": "application/json"}, b'{"data": {"project": null}}'),
    "null session data": Response(200, {}, b'{"data": {"project": {"sessionData": null}}}'),
}


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_tried_once_more_and_then_ends_the_run_never_as_an_empty_day(
    tmp_path: Path, answer: Response
) -> None:
    with bent(SESSIONS, lambda _request, _body: answer) as server:
        ran = harvest(tmp_path, server)
        assert server.requests == 2
    assert (ran.exit_code, ran.only.state) == (Exit.REFUSED, "failed")
    assert "refused" in ran.only.reason or "token" in ran.only.reason
    assert SECRET not in json.dumps(ran.report.as_json())
    assert (ran.only.as_json()["requests"], ran.only.as_json()["retried"]) == (2, 1)


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("operation", ["List", "Detail"])
def test_a_refusal_that_a_new_token_heals_is_not_seen(tmp_path: Path, operation: str, answer: Response) -> None:
    refused: list[str] = []

    def change(request: Asked, _body: dict[str, Any]) -> Response | None:
        if request.operation == operation and not refused:
            refused.append(operation)
            return answer
        return None

    with bent(SESSIONS, change) as server:
        ran = harvest(tmp_path, server)
    assert (ran.exit_code, ran.only.as_json()["retried"], refused) == (Exit.OK, 1, [operation])
    assert loaded(tmp_path) == truth(SESSIONS)


def test_a_key_that_is_refused_in_the_middle_ends_the_run_and_keeps_what_was_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenTok, "limits", replace(OpenTok.limits, batch=1))
    seen: list[str] = []

    def change(request: Asked, _body: dict[str, Any]) -> Response | None:
        seen.append(request.operation)
        return refusal(1001) if len(seen) > 3 else None

    with bent(SESSIONS, change) as server:
        ran = harvest(tmp_path, server, concurrency=1)
        assert server.requests == 3 + 2
    assert (ran.exit_code, ran.only.state) == (Exit.REFUSED, "failed")
    assert (ran.only.listed, ran.only.harvested) == (3, 2)
    assert len(ran.only.failed) == 1
    assert set(loaded(tmp_path)) < set(truth(SESSIONS))


def test_a_token_that_dies_with_every_few_requests_is_renewed_and_the_work_goes_on() -> None:
    """Tokens that the vendor forgets after three requests, though they say that they live for minutes."""
    used: dict[str, int] = {}

    def intercept(_number: int, request: Request) -> Response | None:
        token = request.headers["x-opentok-auth"]
        used[token] = used.get(token, 0) + 1
        server.now += timedelta(seconds=1)
        return refusal(1001) if used[token] > 3 else None

    clock = Clock(lambda: server.now, Time().monotonic, wait=lambda _seconds: None)
    with vendor(SESSIONS, NOW, intercept, rules=UNHURRIED) as server, source_of(server, clock) as source:
        (account,) = source.accounts()
        for _ in range(10):
            calls = [each for each in source.list_calls(account, Day(DAY)) if isinstance(each, Call)]
            assert len(calls) == 3
    assert list(used.values()) == [4, 4, 4, 1]


def test_a_wrong_secret_is_refused_by_the_sandbox_itself_and_not_shown(tmp_path: Path) -> None:
    wrong = "wrong-secret-1234567890123456789012345678"
    with vendor(SESSIONS, NOW, rules=UNHURRIED) as server:
        ran = Night(tmp_path, NOW, server.url, more={"OPENTOK_API_SECRET": wrong}).harvest(DAY)
        assert server.requests == 2
    assert ran.exit_code is Exit.REFUSED
    assert wrong not in json.dumps(ran.report.as_json())
    assert "check the secret" in ran.only.reason


def test_a_refusal_raises_for_whoever_uses_the_source_directly() -> None:
    with bent(SESSIONS, lambda _request, _body: refusal(1001)) as server:
        clock = Clock(lambda: NOW, Time().monotonic, wait=lambda _seconds: None)
        with source_of(server, clock) as source, pytest.raises(AuthError, match=r"^127\.0\.0\.1:\d+/graphql: "):
            list(source.list_calls(source.accounts()[0], Day(DAY)))


# ------------------------------------------------------------------ the limit of requests


class Ticking(Limiter):
    """Writes down when it let a request through; nothing moves its time meanwhile."""

    def __init__(self, time: Time) -> None:
        self.passed: list[float] = []
        self.lock = threading.Lock()
        self.time = time
        super().__init__(OpenTok.limits.rates, Clock(lambda: NOW, time.monotonic))

    def delay(self, category: str = "") -> float:
        with self.lock:
            seconds = super().delay(category)
            if not seconds:
                self.passed.append(self.time.monotonic())
            return seconds

    def wait(self, seconds: float) -> None:
        with self.lock:
            self.time.wait(seconds)


@pytest.mark.parametrize("threads", [1, 8])
def test_there_are_fewer_than_100_requests_in_any_30_seconds_retries_among_them(threads: int) -> None:
    numbers = count()

    def app(_request: Request) -> Response:
        # Every third request fails at the gateway and is sent again.
        return Response(503) if next(numbers) % 3 == 0 else Response(200, {}, GOOD)

    time = Time()
    limiter = Ticking(time)
    clock = Clock(lambda: NOW, time.monotonic, wait=limiter.wait)
    with Server(app) as server:
        api = HttpApi(OpenTok.judge, limiter, clock, Port(deadline=1e9, patience=1e9))
        try:
            with ThreadPoolExecutor(threads) as pool:
                done = [pool.submit(api.send, Sent("POST", server.url)) for _ in range(300)]
                assert all(each.result().status == 200 for each in done)
        finally:
            api.close()
        assert len(limiter.passed) == server.requests == api.traffic.requests == 450
    for first, last in zip(limiter.passed, limiter.passed[LIMIT - 1 :], strict=False):
        assert last - first > WINDOW, "a hundred requests within 30 seconds"
    # It uses what is allowed: 450 requests in portions of 90 need five windows, and a failed one waits a little.
    # (The waits of several threads add up on the tests' clock.)
    if threads == 1:
        assert limiter.passed[-1] - limiter.passed[0] < 300 * 1.0
    assert all(later >= earlier for earlier, later in pairwise(limiter.passed))


def test_a_long_list_keeps_to_the_limit_that_the_vendor_enforces(tmp_path: Path) -> None:
    sessions = [session(number, day=DAY, people=1, minutes=1) for number in range(120)]
    time = Time()
    with vendor(sessions, NOW, rules=Rules(max_first=1), ticks=time.monotonic) as server:
        ran = Night(tmp_path, NOW, server.url, time=time).harvest(DAY, into=["stdout"], dry_run=True)
        assert server.requests == 120
    assert (ran.exit_code, ran.only.as_json()["retried"], ran.only.listed) == (Exit.OK, 0, 120)
    assert sum(time.waits) == pytest.approx(30, abs=1)
