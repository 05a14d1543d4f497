"""Asks a simulated peermetrics as a client does: over a socket, with plain GETs."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from harvesters.sandbox.peermetrics import (
    APP,
    DEFAULT,
    BuiltRoom,
    PeermetricsRules,
    PeermetricsServer,
    Rooms,
    Rows,
    serve_peermetrics,
    world,
)
from harvesters.sandbox.peermetrics.answers import ANSWERS
from harvesters.sandbox.peermetrics.faults import HEADER
from harvesters.sandbox.server import Intercept

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = {"created_at_gte": "2026-11-20T00:00:00Z", "created_at_lt": "2026-11-21T00:00:00Z"}
APP_ID = str(APP["id"])
NOBODY = "00000000-0000-4000-8000-000000000000"
DATA = Path(__file__).parents[1] / "data" / "peermetrics"


@dataclass
class Client:
    """One keep-alive connection to a running server."""

    server: PeermetricsServer
    http: requests.Session

    def get(self, path: str, *, fault: str = "", address: str = "", **params: Any) -> requests.Response:
        """The raw answer to a path below `/v1`; `address` is what a proxy says of the client."""
        told = {HEADER: fault, "X-Real-IP": address}
        headers = {name: value for name, value in told.items() if value}
        return self.http.get(f"{self.server.url}/v1{path}", params=params, headers=headers, timeout=30)

    def ask(self, path: str, **params: Any) -> Any:  # noqa: ANN401 - JSON
        """The body of an answer with status 200."""
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def rows(self, path: str, **params: Any) -> list[Any]:
        """The rows of a list that is not paged."""
        found: list[Any] = self.ask(path, **params)["data"]
        return found

    def refusal(self, path: str, **params: Any) -> tuple[int, str]:
        """Status and code of a refusal."""
        response = self.get(path, **params)
        return response.status_code, response.json()["error_code"]

    def pages(self, path: str, limit: int, **params: Any) -> Iterator[Any]:
        """All pages of a list, up to its `count`."""
        offset = 0
        while True:
            body = self.ask(path, limit=limit, offset=offset, **params)
            yield body
            offset += limit
            if offset >= body["count"]:
                return

    def paged(self, path: str, limit: int, **params: Any) -> list[Any]:
        """The rows of all pages."""
        return [row for page in self.pages(path, limit, **params) for row in page["results"]]


@contextmanager
def peermetrics(  # noqa: PLR0913  # each is one independent setting
    stored: Rooms | BuiltRoom | Rows | Iterable[BuiltRoom | Rows],
    *,
    now: Callable[[], datetime] = lambda: NOW,
    rules: PeermetricsRules = DEFAULT,
    prefix: str = "",
    faults: Iterable[str] = (),
    intercept: Intercept | None = None,
    ticks: Callable[[], float] = time.monotonic,
) -> Iterator[Client]:
    """A client of a server that runs meanwhile; for the settings see `serve_peermetrics`."""
    if isinstance(stored, (BuiltRoom, Rows)):
        stored = [stored]
    held = stored if isinstance(stored, Rooms) else world(*stored)
    served = serve_peermetrics(
        held, now=now, rules=rules, prefix=prefix, faults=faults, intercept=intercept, ticks=ticks
    )
    with served as server, requests.Session() as http:
        yield Client(server, http)


def recorded(name: str) -> Any:  # noqa: ANN401 - JSON
    """The body of a recorded answer."""
    file = f"{name.removesuffix('.json')}.json"
    path = DATA / file
    return json.loads((path if path.exists() else ANSWERS / file).read_text("utf-8"))


def requests_made() -> list[dict[str, Any]]:
    """The requests of the recorded answers: file, path, query, status."""
    made: list[dict[str, Any]] = json.loads((DATA / "requests.index").read_text("utf-8"))
    return made


def ids(rows: Iterable[Any]) -> list[str]:
    """The ids of rows."""
    return [row["id"] for row in rows]


def codes(rows: Iterable[Any]) -> list[str]:
    """The codes of issues."""
    return [row["code"] for row in rows]


def after(seconds: float) -> datetime:
    """So many seconds after nine o'clock."""
    return NINE + timedelta(seconds=seconds)
