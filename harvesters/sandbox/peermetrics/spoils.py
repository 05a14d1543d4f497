"""How an answer is spoiled: on the line, by a proxy, by the server."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

import msgspec

from harvesters.sandbox.peermetrics.refusals import HTML, JSON, NO_ROUTE, TOO_MANY, Code, refused
from harvesters.sandbox.peermetrics.rooms import Json
from harvesters.sandbox.peermetrics.routes import V1, Found, found
from harvesters.sandbox.server import App, Request, Response

_LOGIN = b'<!doctype html><html><body><form action="/oauth2/start">Sign in</form></body></html>'
_BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head></html>"
_DRIP_S = 2.0
_OK = 200


@dataclass(slots=True)
class Memory:
    """What one fault of one server remembers.

    Attributes:
        chosen: the conference that it is about; if none is named, the first that is asked for.
        counts: how often something has happened, by what it is.
        pages: rows of the page before, by list.
    """

    chosen: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    pages: dict[str, list[Json]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> int:
        """How often this has happened, this time included."""
        with self.lock:
            self.counts[what] += 1
            return self.counts[what]

    def choose(self, conference: str) -> bool:
        """Whether a conference is the chosen one."""
        with self.lock:
            self.chosen = self.chosen or conference
            return self.chosen == conference


@dataclass(frozen=True, slots=True)
class Met:
    """A request that meets a fault.

    Attributes:
        app: answers other requests, if need be.
    """

    request: Request
    app: App
    now: datetime
    memory: Memory

    @property
    def place(self) -> Found | None:
        """Where it goes; None for unknown paths."""
        path = self.request.path.partition("?")[0]
        return found(path.partition(V1)[2])

    @property
    def params(self) -> dict[str, str]:
        """The parameters of its query."""
        return dict(parse_qsl(self.request.path.partition("?")[2], keep_blank_values=True))

    @property
    def list(self) -> str:
        """The list of which it asks for a page."""
        rest = {name: value for name, value in self.params.items() if name not in {"limit", "offset"}}
        return f"{self.request.path.partition('?')[0]}?{urlencode(sorted(rest.items()))}"

    @property
    def offset(self) -> int:
        """Where its page begins."""
        return int(self.params.get("offset") or 0)

    @property
    def conference(self) -> str:
        """The conference that it asks about by path or filter, or empty."""
        place = self.place
        by_path = place.id if place and place.endpoint.startswith("/conferences/<id>") else ""
        return by_path or self.params.get("conferenceId", "")

    @property
    def totals(self) -> bool:
        """Whether it asks for the dashboard's count of conferences."""
        return self.place is not None and self.place.endpoint == "/conferences/summary"

    @property
    def stats(self) -> bool:
        """Whether it asks for statistics alone."""
        return self.place is not None and (self.place.endpoint == "/stats" or self.params.get("type") == "stats")


Spoil = Callable[[Met, Response], Response]
"""Makes the answer that a client gets from the true one."""


def status(code: int, body: bytes = _BAD_GATEWAY) -> Spoil:
    """Another status, and a proxy's page."""
    return lambda _met, _true: Response(code, dict(HTML), body)


def broken(_met: Met, _true: Response) -> Response:
    """An exception in the server."""
    return Response(500, dict(JSON), b'""')


def too_many(_met: Met, _true: Response) -> Response:
    """Over the limit of a minute."""
    return TOO_MANY


def reset(_met: Met, _true: Response) -> Response:
    """The connection is closed without a word.

    Raises:
        ConnectionResetError: always; the server then closes it.
    """
    message = "the worker retires"
    raise ConnectionResetError(message)


def cut(_met: Met, true: Response) -> Response:
    """Half of the body."""
    return replace(true, cut=len(true.body) // 2)


def not_json(_met: Met, true: Response) -> Response:
    """A body without its end."""
    return replace(true, body=true.body[:-2])


def empty(_met: Met, true: Response) -> Response:
    """No body."""
    return replace(true, body=b"")


def slow(_met: Met, true: Response) -> Response:
    """The same, later."""
    return replace(true, delay=_DRIP_S)


def login(_met: Met, _true: Response) -> Response:
    """A proxy's login page, with status 200."""
    return Response(_OK, dict(HTML), _LOGIN)


def no_route(_met: Met, _true: Response) -> Response:
    """Nothing is where it is looked for."""
    return NO_ROUTE


def app_gone(met: Met, true: Response) -> Response:
    """Apps are listed, and gone when they are asked about."""
    place = met.place
    about = place and (place.endpoint == "/apps/<id>" or (place.endpoint == "/sessions" and "appId" in met.params))
    return refused(Code.APP_NOT_FOUND).response if about else true


def removed(met: Met, true: Response) -> Response:
    """One conference was removed after it was listed."""
    if not met.conference or not met.memory.choose(met.conference):
        return true
    return refused(Code.CONFERENCE_NOT_FOUND).response


def broken_conference(met: Met, true: Response) -> Response:
    """Whatever is asked of one conference breaks the server."""
    return broken(met, true) if met.conference and met.memory.choose(met.conference) else true


def slow_unpaged(met: Met, true: Response) -> Response:
    """A proxy gives up on long answers that are not paged."""
    unpaged = met.place is not None and met.conference and "limit" not in met.params
    return Response(504, dict(HTML), b"<html>504 Gateway Time-out</html>") if unpaged else true


def no_totals(met: Met, true: Response) -> Response:
    """A proxy keeps the dashboard's counts to itself."""
    return status(403, b"<html>403 Forbidden</html>")(met, true) if met.totals else true


def wrong_totals(met: Met, true: Response) -> Response:
    """The dashboard counts more rooms than there were."""
    if not met.totals:
        return true
    told = msgspec.json.decode(true.body)
    for row in told.get("data", ()):
        row["total"] = 3 * row["total"] + 100
    return replace(true, body=msgspec.json.encode(told))
