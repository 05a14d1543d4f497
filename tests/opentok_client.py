"""Asks a simulated OpenTok as a client does: over a socket, with a signed token."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import requests

from harvesters.sandbox import Rules, Server, serve_opentok
from harvesters.sandbox.opentok import DEFAULT_RULES, Served
from harvesters.sandbox.server import Intercept
from tests.opentok_days import KEY, SECRET, session_id

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
DAY = NOW.date() - timedelta(days=2)
NINE = timedelta(hours=9)
PAGE = "totalCount pageInfo { hasNextPage endCursor }"
TIMES = "createdAt destroyedAt"
ROW = (
    "createdAt hasAudio hasVideo audioCodec audioLatencyMs audioBitrateKbps audioPacketLoss "
    "videoCodec videoLatencyMs videoBitrateKbps videoPacketLoss videoResolution"
)


def token(secret: str = SECRET, now: datetime = NOW, **claims: object) -> str:
    """A project's token for five minutes from `now`; a claim given as None is left out."""
    second = int(now.timestamp())
    whole: dict[str, object] = {"iss": KEY, "ist": "project", "iat": second, "exp": second + 300, **claims}
    claims = {name: value for name, value in whole.items() if value is not None}
    # As text, because PyJWT writes no number as `iss`, and clients of the real API do.
    return jwt.PyJWS().encode(json.dumps(claims).encode(), secret, "HS256")


@dataclass(frozen=True)
class Client:
    """One keep-alive connection to a running server."""

    server: Server
    http: requests.Session
    now: Callable[[], datetime]

    def post(
        self, query: str, headers: dict[str, str] | None = None, variables: dict[str, Any] | None = None
    ) -> requests.Response:
        """The raw answer."""
        headers = {"X-OPENTOK-AUTH": token(now=self.now())} if headers is None else headers
        body = {"query": query, "variables": variables}
        return self.http.post(self.server.url, json=body, headers=headers, timeout=30)

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The whole answer to a query inside `project`."""
        whole: dict[str, Any] = self.post(query, variables=variables).json()
        return whole

    def session_data(self, selection: str, **variables: object) -> dict[str, Any]:
        """`sessionData` of an answer without errors; `selection` is what stands inside its braces."""
        answer = self.ask(in_session_data(selection), **variables)
        assert "errors" not in answer, answer["errors"]
        inner: dict[str, Any] = answer["data"]["project"]["sessionData"]
        return inner

    def errors(self, selection: str) -> list[dict[str, Any]]:
        """The errors of an answer."""
        found: list[dict[str, Any]] = self.ask(in_session_data(selection))["errors"]
        return found


def in_session_data(selection: str) -> str:
    """A query of `sessionData`."""
    return f"{{ project(projectId: {KEY}) {{ sessionData {{ {selection} }} }} }}"


@contextmanager
def opentok(
    sessions: Served,
    now: Callable[[], datetime] = lambda: NOW,
    rules: Rules = DEFAULT_RULES,
    intercept: Intercept | None = None,
    ticks: Callable[[], float] = time.monotonic,
    **more: Any,
) -> Iterator[Client]:
    """A client of a server that runs meanwhile; for the settings see `serve_opentok`."""
    known = {"rules": rules, "intercept": intercept, "ticks": ticks, **more}
    served = serve_opentok(sessions, key=KEY, secret=SECRET, now=now, **known)
    with served as server, requests.Session() as http:
        yield Client(server, http, now)


def details(selection: str, ids: list[str], arguments: str = "") -> str:
    """`sessions` of these ids, inside `sessionData`."""
    return f"sessions(sessionIds: {json.dumps(ids)} {arguments}) {{ {selection} }}"


def meeting(client: Client, selection: str, arguments: str = "") -> dict[str, Any]:
    """The one meeting of session 0 of `DAY`."""
    inner = f"resources {{ meetings{arguments} {{ resources {{ {selection} }} }} }}"
    data = client.session_data(details(inner, [session_id(0, DAY)]))
    (found,) = data["sessions"]["resources"][0]["meetings"]["resources"]
    whole: dict[str, Any] = found
    return whole


def listed(client: Client, arguments: str) -> list[str]:
    """Ids of the sessions in the summaries."""
    data = client.session_data(f"sessionSummaries({arguments}) {{ resources {{ sessionId }} }}")
    return [found["sessionId"] for found in data["sessionSummaries"]["resources"]]
