"""Asks a simulated Zoom as a client does: over a socket, with a token that it got there."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import requests

from harvesters.sandbox.server import Intercept
from harvesters.sandbox.zoom import DEFAULT_RULES, Meeting, Meetings, Session, ZoomRules, ZoomServer, serve_zoom
from harvesters.sandbox.zoom.faults import HEADER
from harvesters.sandbox.zoom.generated_minutes import StayMinutes

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
DAY = NOW.date() - timedelta(days=2)
NINE = datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC)
LOGIN = ("cid", "s3cret")
WINDOW = {"from": str(DAY), "to": str(DAY)}
PAST = {"type": "past", **WINDOW}
FORM = {"grant_type": "account_credentials", "account_id": "acc-1"}


@dataclass
class Client:
    """One keep-alive connection to a running server; logs in when it is first asked."""

    server: ZoomServer
    http: requests.Session
    headers: dict[str, str] = field(default_factory=dict)

    def login(self, **more: Any) -> requests.Response:
        """The raw answer of the token endpoint."""
        return self.http.post(self.server.token_url, timeout=30, **{"auth": LOGIN, "data": FORM, **more})

    def get(self, path: str, *, fault: str = "", **params: Any) -> requests.Response:
        """The raw answer to a path below `/v2`, which is sent as it stands."""
        if not self.headers:
            self.headers = {"Authorization": f"Bearer {self.login().json()['access_token']}"}
        more = {HEADER: fault} if fault else {}
        given = {name.rstrip("_"): value for name, value in params.items()}
        return self.http.get(self.server.url + path, params=given, headers={**self.headers, **more}, timeout=30)

    def ask(self, path: str, **params: Any) -> Any:  # noqa: ANN401 - JSON
        """The body of an answer with status 200."""
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def refusal(self, path: str, **params: Any) -> tuple[int, int, str]:
        """Status, code and message of a refusal."""
        response = self.get(path, **params)
        body = response.json()
        return response.status_code, body["code"], body["message"]

    def pages(self, path: str, **params: Any) -> Iterator[Any]:
        """All pages of a list."""
        token = ""
        while True:
            body = self.ask(path, **params, **({"next_page_token": token} if token else {}))
            yield body
            token = body.get("next_page_token") or ""
            if not token:
                return

    def rows(self, path: str, name: str, **params: Any) -> list[Any]:
        """The rows of all pages of a list."""
        return [row for page in self.pages(path, **params) for row in page[name]]

    def uuids(self, **params: Any) -> list[str]:
        """The UUIDs of the meetings in a list, by default of the past ones of `DAY`."""
        return [row["uuid"] for row in self.rows("/metrics/meetings", "meetings", **{**PAST, **params})]


@contextmanager
def zoom(  # noqa: PLR0913  # each is one independent setting
    meetings: Meetings | Iterable[Meeting],
    *,
    now: Callable[[], datetime] = lambda: NOW,
    rules: ZoomRules = DEFAULT_RULES,
    intercept: Intercept | None = None,
    ticks: Callable[[], float] = time.monotonic,
    faults: Iterable[str] = (),
) -> Iterator[Client]:
    """A client of a server that runs meanwhile; for the settings see `serve_zoom`."""
    served = serve_zoom(
        meetings, client_secret=LOGIN[1], now=now, rules=rules, intercept=intercept, ticks=ticks, faults=faults
    )
    with served as server, requests.Session() as http:
        yield Client(server, http)


def of(uuid: str, below: str = "/participants", family: str = "/metrics/meetings") -> str:
    """The path of a meeting's details, its UUID encoded twice."""
    return f"{family}/{quote(quote(uuid, safe=''), safe='')}{below}"


def texts(session: Session) -> str:
    """Its generated minutes as JSON."""
    return session.minutes.text().decode() if isinstance(session.minutes, StayMinutes) else "none"


def minutes(session: Session) -> list[dict[str, Any]]:
    """Its generated minutes, none if it has no quality."""
    found: list[dict[str, Any]] = json.loads(texts(session)) if session.minutes is not None else []
    return found
