"""The read side of a self-hosted peermetrics server, as an app for the sandbox's server.

Behaves as the reference's sections 2 to 8 have it; `PeermetricsRules` has every figure.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec

from harvesters.sandbox.peermetrics import counts, lists, views
from harvesters.sandbox.peermetrics.asking import Asked, Page
from harvesters.sandbox.peermetrics.builder import APP
from harvesters.sandbox.peermetrics.faults import faulty
from harvesters.sandbox.peermetrics.refusals import JSON, LONG_LINE, NO_ROUTE, TOO_MANY, Code, RefusedError, refused
from harvesters.sandbox.peermetrics.rooms import Json, Lazy, Room, Rooms, Rows, Stored
from harvesters.sandbox.peermetrics.routes import CATEGORIES, V1, WRITE_ONLY, found
from harvesters.sandbox.peermetrics.rules import PeermetricsRules
from harvesters.sandbox.peermetrics.summaries import Summaries
from harvesters.sandbox.server import Intercept, Request, Response, Server

DEFAULT = PeermetricsRules()
Answer = Callable[[Asked], Sequence[Json] | Json]
_PAGED = frozenset({"/conferences", "/conferences/<id>/events", "/sessions", "/participants", *CATEGORIES})
_ANSWERS: Mapping[str, Answer] = {
    "/apps": lists.apps,
    "/apps/<id>": lists.app,
    "/organizations": lists.organizations,
    "/organizations/<id>": lists.organization,
    "/conferences": lists.conferences,
    "/conferences/<id>": lists.conference,
    "/conferences/<id>/events": lists.conference_events,
    "/conferences/<id>/graphs": lists.graphs,
    "/sessions": lists.sessions,
    "/sessions/<id>": lists.organizations,
    "/participants": lists.participants,
    "/participants/<id>": lists.participant,
    "/connections": lists.connections,
    "/connections/<id>": lists.connection,
    "/issues": lists.issues,
    "/issues/<id>": lists.issue,
    **dict.fromkeys(CATEGORIES, lists.category_events),
    **counts.ANSWERS,
}


class Peermetrics:
    """Answers the requests of one server's clients.

    Attributes:
        calls: how many there were by the path of their endpoint, such as `/conferences/<id>/events`.
        writes: the requests that were no GET, none of which a harvester sends.
    """

    def __init__(
        self,
        rooms: Rooms,
        *,
        rules: PeermetricsRules,
        now: Callable[[], datetime],
        ticks: Callable[[], float],
        prefix: str,
    ) -> None:
        """For the arguments see `serve_peermetrics`."""
        self.calls: Counter[str] = Counter()
        self.writes: list[Request] = []
        self._rooms, self._rules, self._now, self._ticks = rooms, rules, now, ticks
        self._below = prefix + V1
        self._summaries = Summaries(rules, now)
        self._seen: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        """The server's answer to any request.

        Raises:
            ConnectionResetError: the worker retires; the server then closes the connection without a word.
        """
        line = f"{request.method} {request.path} HTTP/1.1"
        if len(line) > self._rules.request_line:
            return LONG_LINE
        path, _, query = request.path.partition("?")
        with self._lock:
            self._seen["", 0] += 1
            if self._rules.worker_requests and self._seen["", 0] % self._rules.worker_requests == 0:
                message = "the worker retires"
                raise ConnectionResetError(message)
        place = found(path.removeprefix(self._below)) if path.startswith(self._below) else None
        if place is None:
            return NO_ROUTE
        if self._is_too_many(request):
            return TOO_MANY
        try:
            return self._answered(request, place.endpoint, place.id, dict(parse_qsl(query, keep_blank_values=True)))
        except RefusedError as error:
            return error.response

    def _is_too_many(self, request: Request) -> bool:
        """All views count together, by the address that a proxy tells or the socket has, in fixed minutes."""
        address = request.headers.get("x-real-ip", "").strip() or request.client
        minute = (address, int(self._ticks() // 60))
        with self._lock:
            self._seen[minute] += 1
            most = self._rules.requests_per_minute
            return most is not None and self._seen[minute] > most

    def _answered(self, request: Request, endpoint: str, identity: str, params: Mapping[str, str]) -> Response:
        with self._lock:
            self.calls[endpoint] += 1
            if request.method != "GET":
                self.writes.append(request)
        if request.method != "GET" or endpoint in WRITE_ONLY:
            raise refused(Code.METHOD_NOT_ALLOWED, 405)
        asked = Asked(endpoint, identity, params, self._rooms, self._rules, self._now(), self._summaries)
        told = _ANSWERS[endpoint](asked)
        body = told if isinstance(told, dict) else self._listed(asked, told)
        return Response(200, dict(JSON), msgspec.json.encode(body, enc_hook=_late))

    def _listed(self, asked: Asked, rows: Sequence[Json]) -> Json:
        """The rows in the server's order, on a page if one is asked for where there are any."""
        if asked.endpoint == "/apps":
            return {"data": rows}
        if self._rules.stamps == "seconds":
            rows = [views.whole_seconds(each) for each in rows]
        page = asked.page() if asked.endpoint in _PAGED else None
        rows = self._ordered(rows, page)
        if page is None:
            return {"data": rows}
        return {"results": rows[page.offset : page.offset + page.limit], "count": len(rows)}

    def _ordered(self, rows: Sequence[Json], page: Page | None) -> list[Json]:
        """By stamp alone: rows with equal ones lie otherwise on each page."""
        ordered = sorted(rows, key=lists.CREATED)
        stamps = {each["created_at"] for each in ordered}
        if self._rules.order == "stable" or len(stamps) == len(ordered):
            return ordered
        salt = str(page)
        return sorted(ordered, key=lambda each: (each["created_at"], views.shuffled(each, salt)))


def _late(value: Lazy) -> msgspec.Raw:
    """What is made when it is sent."""
    return msgspec.Raw(value.text())


class PeermetricsServer(Server):
    """Serves one peermetrics; `app` counts its calls, `url` is what stands before `/v1`."""

    def __init__(
        self, app: Peermetrics, *, port: int, prefix: str, intercept: Intercept | None, compress: bool
    ) -> None:
        """For the arguments see `Server`."""
        super().__init__(app, port=port, path=prefix, intercept=intercept, compress=compress)
        self.app = app


def serve_peermetrics(  # noqa: PLR0913  # each is one independent setting
    world: Rooms | Iterable[Room | Rows],
    *,
    now: Callable[[], datetime],
    rules: PeermetricsRules = DEFAULT,
    port: int = 0,
    prefix: str = "",
    faults: Iterable[str] = (),
    intercept: Intercept | None = None,
    ticks: Callable[[], float] = time.monotonic,
    compress: bool = False,
) -> PeermetricsServer:
    """A peermetrics server, not yet started: use it in a `with` block, ask below its `url`.

    Args:
        world: what it stores.
        now: the sandbox's clock, aware: what comes later is not there, and sessions older than 30 days are not.
        rules: the figures and the switches.
        port: 0 takes a free one.
        prefix: what a proxy has before `/v1`, such as `/metrics`.
        faults: names of standing faults, see `faults.py`.
        intercept: see `Server`; stands instead of the faults.
        ticks: seconds for the limit of a minute.
        compress: see `Server`; the real one never does.

    Raises:
        ValueError: there is no such fault.
    """
    rooms = world if isinstance(world, Rooms) else Stored(world, [APP])
    app = Peermetrics(rooms, rules=rules, now=now, ticks=ticks, prefix=prefix)
    before = intercept or faulty(app, now, faults)
    return PeermetricsServer(app, port=port, prefix=prefix, intercept=before, compress=compress)
