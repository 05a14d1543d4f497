from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest

from harvesters.sandbox import Rules
from tests.opentok_client import NOW, in_session_data, opentok, token
from tests.opentok_days import KEY, SECRET, session

DAY = NOW.date() - timedelta(days=2)
QUERY = in_session_data("sessionSummaries(start: 1794960000) { totalCount }")
SECOND = int(NOW.timestamp())


def test_a_good_token_may_ask() -> None:
    with opentok([session(0, day=DAY)]) as client:
        answer = client.post(QUERY)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.json() == {"data": {"project": {"sessionData": {"sessionSummaries": {"totalCount": 1}}}}}


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda: None, 1001),
        (lambda: "", 1001),
        (lambda: token(exp=SECOND), 1001),
        (lambda: "no token", 1011),
        (lambda: token(exp=None), 1011),
        (lambda: token(iat=None), 1011),
        (lambda: token(iat="soon"), 1011),
        (lambda: token(SECRET[::-1]), 1020),
        (lambda: jwt.encode({"iss": KEY}, "", "none"), 1020),
        (lambda: token(iat=SECOND + 11), 1020),
        (lambda: token(ist="account"), 1021),
        (lambda: token(iss="999"), 1008),
    ],
)
def test_a_bad_token_is_refused_before_graphql(made: Callable[[], str | None], code: int) -> None:
    with opentok([]) as client:
        given = made()
        answer = client.post(QUERY, headers={} if given is None else {"X-OPENTOK-AUTH": given})
        assert answer.status_code == 401
        assert answer.json() == {"error": {"errorCode": code, "message": answer.json()["error"]["message"]}}


@pytest.mark.parametrize("claims", [{"iss": int(KEY)}, {"iat": SECOND + 9}, {"exp": SECOND + 1}, {"jti": "x"}])
def test_tokens_that_just_pass(claims: dict[str, Any]) -> None:
    with opentok([]) as client:
        headers = {"X-OPENTOK-AUTH": token(**claims)}
        assert client.post(QUERY, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("project", "code"),
    [("12345678", 1019), ('"edb26699-9eba-4a99-a32f-6a18841080ce"', 1019), ('""', 1008), ('"a b"', 1008)],
)
def test_another_project_is_refused_inside_graphql(project: str, code: int) -> None:
    with opentok([]) as client:
        answer = client.ask(QUERY.replace(KEY, project))
        assert answer["data"] == {"project": None}
        (error,) = answer["errors"]
        assert (error["errorCode"], error["path"]) == (code, ["project"])
        assert set(error) == {"message", "locations", "path", "errorCode"}


def test_the_project_may_be_text_or_number_or_a_variable() -> None:
    query = "query($id: IntOrString!) " + QUERY.replace(KEY, "$id")
    with opentok([]) as client:
        assert "errors" not in client.ask(query, id=KEY)
        assert "errors" not in client.ask(query, id=int(KEY))
        assert "errors" not in client.ask(QUERY.replace(KEY, f'"{KEY}"'))
        for bad in (True, 1.5, None):
            assert set(client.ask(query, id=bad)) == {"errors"}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_only_post(method: str) -> None:
    with opentok([]) as client:
        answer = client.http.request(method, client.server.url, timeout=5)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_any_path_will_do() -> None:
    with opentok([]) as client:
        assert client.server.url.endswith("/graphql")
        url = client.server.url.replace("/graphql", "/video/insights-api/graphql")
        assert client.http.post(url, json={"query": QUERY}, headers={"X-OPENTOK-AUTH": token()}, timeout=5).ok


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"variables": {}}', b'{"query": 1}'])
def test_a_body_that_is_no_query_is_a_bad_request(body: bytes) -> None:
    with opentok([]) as client:
        answer = client.http.post(client.server.url, data=body, headers={"X-OPENTOK-AUTH": token()}, timeout=5)
        assert answer.status_code == 400
        assert "errors" in answer.json()


def test_the_hundredth_request_within_thirty_seconds_is_refused() -> None:
    clock = [1000.0]
    with opentok([], ticks=lambda: clock[0]) as client:
        assert [client.post(QUERY).status_code for _ in range(99)] == [200] * 99
        refused = client.post(QUERY)
        assert refused.status_code == 429
        assert "Retry-After" not in refused.headers
        clock[0] += 29.9
        assert client.post(QUERY).status_code == 429
        clock[0] += 0.1
        assert client.post(QUERY).status_code == 200


def test_the_rate_limit_is_settable_and_counts_by_address_without_a_token() -> None:
    with opentok([], rules=Rules(rate_limit=3, retry_after=7)) as client:
        statuses = [client.post(QUERY, headers={}).status_code for _ in range(3)]
        assert statuses == [401, 401, 429]
        assert client.post(QUERY).headers["Retry-After"] == "7"


def test_the_rate_limit_can_be_off() -> None:
    with opentok([], rules=Rules(rate_limit=None), ticks=lambda: 0.0) as client:
        assert {client.post(QUERY).status_code for _ in range(120)} == {200}
