"""How an answer is spoiled: on the line, by the front end, by tokens and limits, for one meeting alone."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec

from harvesters.sandbox.server import App, Request, Response
from harvesters.sandbox.zoom.limits import next_midnight, retry_after
from harvesters.sandbox.zoom.meetings import Json
from harvesters.sandbox.zoom.paging import TOKEN, query_of
from harvesters.sandbox.zoom.refusals import (
    NO_DASHBOARD,
    NO_DETAILS,
    OLD_PAGE,
    PER_DAY,
    PER_SECOND,
    YEAR_AGO,
    RefusedError,
    no_scope,
    refusal,
)
from harvesters.sandbox.zoom.routes import Found, found

_HTML = {"Content-Type": "text/html"}
_SIGN_IN = b"<html><body>Sign in to the campus network</body></html>"
_BLOCKED = b"<html><body><h1>Sorry, you have been blocked</h1></body></html>"
_MAINTENANCE = b"<html><body>Zoom is down for maintenance</body></html>"
_DRIP_S = 2.0
DAILY = "/report/daily"
_DIES_AT = 4
NOT_READY = 2


@dataclass(slots=True)
class Memory:
    """What one fault of one server remembers.

    Attributes:
        chosen: the meeting that it is about; if none is named, the first that is asked for.
        counts: how often something has happened, by what it is.
        pages: rows of the page before, by list.
        until: when it is over.
    """

    chosen: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    pages: dict[str, list[Json]] = field(default_factory=dict)
    until: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> int:
        """How often this has happened, this time included."""
        with self.lock:
            self.counts[what] += 1
            return self.counts[what]

    def choose(self, meeting: str) -> bool:
        """Whether a meeting is the chosen one."""
        with self.lock:
            self.chosen = self.chosen or meeting
            return self.chosen == meeting


@dataclass(frozen=True, slots=True)
class Met:
    """A request that meets a fault.

    Attributes:
        app: answers other requests, if need be.
        revoke: ends all tokens.
    """

    request: Request
    app: App
    revoke: Callable[[], None]
    now: datetime
    memory: Memory

    @property
    def place(self) -> Found | None:
        """Where in the API it goes; None for the token endpoint and unknown paths."""
        return found(self.request.path.partition("?")[0])

    @property
    def params(self) -> dict[str, str]:
        """The parameters of its query."""
        return dict(parse_qsl(self.request.path.partition("?")[2], keep_blank_values=True))

    @property
    def list(self) -> str:
        """The list of which it asks for a page."""
        return query_of(self.request.path.partition("?")[0], self.params)

    @property
    def later_page(self) -> bool:
        """Whether it asks for another page than the first."""
        return bool(self.params.get(TOKEN))

    @property
    def details(self) -> str:
        """The meeting that it asks about, or empty."""
        place = self.place
        return place.id if place and "etingId}" in place.endpoint.path else ""


Spoil = Callable[[Met, Response], Response]
"""Makes the answer that a client gets from the true one."""


def status(code: int, body: bytes = b"") -> Spoil:
    """Another status, and a page if there is one."""
    return lambda _met, _true: Response(code, _HTML if body else {}, body)


def refused(error: RefusedError, concerns: Callable[[Met], object]) -> Spoil:
    """A refusal of the requests that it concerns."""
    return lambda met, true: error.response if concerns(met) else true


def cut(_met: Met, true: Response) -> Response:
    """Half of the body."""
    return replace(true, cut=len(true.body) // 2)


def html(_met: Met, _true: Response) -> Response:
    """Somebody else's page."""
    return Response(200, _HTML, _SIGN_IN)


def not_json(_met: Met, true: Response) -> Response:
    """A body without its end."""
    return replace(true, body=true.body[:-2])


def empty(_met: Met, true: Response) -> Response:
    """No body."""
    return replace(true, body=b"")


def slow(_met: Met, true: Response) -> Response:
    """The same, later."""
    return replace(true, delay=_DRIP_S)


maintenance = status(503, _MAINTENANCE)


def per_second(*, headers: bool) -> Spoil:
    """Over the limit of a second."""

    def spoil(met: Met, true: Response) -> Response:
        category = str(met.place.endpoint.category) if met.place else "Light"
        told = {"X-RateLimit-Category": category, "X-RateLimit-Type": "QPS", "X-RateLimit-Remaining": "0"}
        return refusal(429, 429, PER_SECOND, told if headers else {}) if met.place else true

    return spoil


def per_day(form: str) -> Spoil:
    """The day's quota is gone from the first request to the next midnight; `form`: of `Retry-After`."""

    def spoil(met: Met, true: Response) -> Response:
        with met.memory.lock:
            met.memory.until = met.memory.until or next_midnight(met.now)
        if met.place is None or met.now >= met.memory.until:
            return true
        told = {"X-RateLimit-Category": str(met.place.endpoint.category), "X-RateLimit-Type": "Daily-limit"}
        return refusal(429, 429, PER_DAY, {**told, **retry_after(form, met.now)})

    return spoil


def token_dies_once(met: Met, true: Response) -> Response:
    """The tokens given out are known no longer from the fourth request on; new ones are."""
    if met.place is None or met.memory.count("request") != _DIES_AT:
        return true
    met.revoke()
    return met.app(met.request)


token_dies = refused(RefusedError(401, 124, "Invalid access token."), lambda met: met.place)


def scope_missing(met: Met, true: Response) -> Response:
    """The lists are allowed, what is below them is not."""
    place = met.place
    return no_scope(400, (place.endpoint.granular,)).response if place and met.details else true


def no_totals(met: Met, true: Response) -> Response:
    """The daily report needs a scope that the app lacks."""
    place = met.place
    return no_scope(400, (place.endpoint.granular,)).response if place and place.endpoint.path == DAILY else true


def wrong_totals(met: Met, true: Response) -> Response:
    """A daily report that counts more than there was."""
    if met.place is None or met.place.endpoint.path != DAILY:
        return true
    report = msgspec.json.decode(true.body)
    for row in report.get("dates", ()):
        row |= {name: 3 * row[name] + 100 for name in ("meetings", "participants", "meeting_minutes")}
    return replace(true, body=msgspec.json.encode(report))


plan_refused = refused(RefusedError(400, 200, NO_DASHBOARD), lambda met: met.place and met.place.endpoint.dashboard)


def _chosen(met: Met) -> bool:
    return bool(met.details) and met.memory.choose(met.details)


def blocked(met: Met, true: Response) -> Response:
    """The firewall takes one meeting for an attack."""
    return Response(403, _HTML, _BLOCKED) if _chosen(met) else true


missing = refused(RefusedError(404, 3001, NO_DETAILS), _chosen)
too_old = refused(RefusedError(400, 12702, YEAR_AGO), _chosen)


def not_ready(met: Met, true: Response) -> Response:
    """One meeting has no details the first two times that they are asked for."""
    if not _chosen(met) or met.memory.count("asked") > NOT_READY:
        return true
    return refusal(404, 3001, NO_DETAILS)


def page_token_dies_once(met: Met, true: Response) -> Response:
    """The first token of each list has expired when it is used; taken again from the start, all is well."""
    if not met.later_page or met.memory.count(met.list) > 1:
        return true
    return refusal(400, 300, OLD_PAGE)


page_token_dies = refused(RefusedError(400, 300, OLD_PAGE), lambda met: met.later_page)
