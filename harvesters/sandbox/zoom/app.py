"""The Zoom API of one account, as an app for the sandbox's server.

Behaves as the reference's section 15 has it; `ZoomRules` has every figure.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from urllib.parse import parse_qsl

import msgspec

from harvesters.sandbox.server import Intercept, Request, Response, Server
from harvesters.sandbox.zoom import access, daily, dashboard, reports
from harvesters.sandbox.zoom.asking import Asked
from harvesters.sandbox.zoom.faults import faulty
from harvesters.sandbox.zoom.limits import Buckets, headers, too_many
from harvesters.sandbox.zoom.meetings import Json, Meeting, Meetings, Stored
from harvesters.sandbox.zoom.paging import Listing, PageTokens, page, query_of
from harvesters.sandbox.zoom.refusals import (
    JSON,
    NO_DASHBOARD,
    NO_ENDPOINT,
    NO_WEBINARS,
    RefusedError,
    no_scope,
    refusal,
)
from harvesters.sandbox.zoom.routes import PREFIX, Endpoint, Found, found
from harvesters.sandbox.zoom.rules import ZoomRules

DEFAULT_RULES = ZoomRules()
TRACKING = "x-zm-trackingid"
Answer = Callable[[Asked], Listing | Json]
_ANSWERS: Mapping[str, Answer] = {
    "/metrics/meetings": dashboard.meetings,
    "/metrics/meetings/{}": dashboard.meeting,
    "/metrics/meetings/{}/participants": dashboard.participants,
    "/metrics/meetings/{}/participants/qos": dashboard.quality,
    "/metrics/meetings/{}/participants/{}/qos": dashboard.single_quality,
    "/metrics/meetings/{}/participants/sharing": dashboard.sharing,
    "/metrics/meetings/{}/participants/satisfaction": dashboard.satisfaction,
    "/report/users": reports.users,
    "/report/daily": daily.daily,
    "/report/users/{}/meetings": reports.user_meetings,
    "/report/history_meetings": reports.history,
    "/report/meetings/{}": reports.report,
    "/report/meetings/{}/participants": reports.report_participants,
    "/past_meetings/{}": reports.past,
    "/past_meetings/{}/participants": reports.past_participants,
    "/past_meetings/{}/instances": reports.instances,
    "/users/{}/meetings": reports.scheduled,
}


def _answer_of(endpoint: Endpoint) -> Answer:
    """Webinars are answered as meetings are."""
    bare = endpoint.path.replace("webinar", "meeting")
    for name in ("{meetingId}", "{userId}", "{participantId}"):
        bare = bare.replace(name, "{}")
    return _ANSWERS[bare]


class Zoom:
    """Answers the requests of one account's clients.

    Attributes:
        calls: how many there were by the path of their endpoint, as the API's description writes it.
        categories: the same by label.
        desk: the token endpoint.
    """

    def __init__(
        self,
        meetings: Meetings,
        app: access.App,
        *,
        rules: ZoomRules,
        now: Callable[[], datetime],
        ticks: Callable[[], float],
    ) -> None:
        """For the arguments see `serve_zoom`."""
        self.calls: Counter[str] = Counter()
        self.categories: Counter[str] = Counter()
        self.desk = access.TokenDesk(app, now, rules)
        self._meetings, self._rules, self._now = meetings, rules, now
        self._buckets = Buckets(rules, now, ticks)
        self._tokens = PageTokens(app.client_secret, rules.page_token_life, now)
        self._answered = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        """The API's answer to any request."""
        path, _, query = request.path.partition("?")
        try:
            response = self.desk.answer(request) if path == access.PATH else self._asked(request, path, query)
        except RefusedError as refused:
            response = refused.response
        with self._lock:
            self._answered += 1
            digest = blake2b(f"{self._answered} {request.path}".encode(), digest_size=16).hexdigest()
        return Response(response.status, {**response.headers, TRACKING: f"v=2.0;rid=WEB_{digest}"}, response.body)

    def _asked(self, request: Request, path: str, query: str) -> Response:
        """The answer to a request of the API itself."""
        place = found(path)
        if place is None or request.method != "GET":
            return refusal(404, 2300, NO_ENDPOINT)
        endpoint = place.endpoint
        scopes = self.desk.scopes(request.headers)
        if scopes.isdisjoint(endpoint.scopes):
            raise no_scope(self._rules.scope_refusal, (endpoint.granular,))
        passed, now = self._buckets.take(endpoint.category), self._now()
        if passed.refused:
            return too_many(endpoint.category, passed, self._rules, now)
        with self._lock:
            self.calls[endpoint.path] += 1
            self.categories[endpoint.category] += 1
        told = headers(endpoint.category, passed, self._rules, now)
        try:
            body = self._body(place, path, dict(parse_qsl(query, keep_blank_values=True)))
        except RefusedError as refused:
            return Response(refused.status, {**told, **refused.response.headers}, refused.response.body)
        return Response(200, {**JSON, **told}, msgspec.json.encode(body))

    def _body(self, place: Found, path: str, params: Mapping[str, str]) -> Json:
        endpoint, rules = place.endpoint, self._rules
        if endpoint.dashboard and (rules.plan == "pro" or rules.dashboard == "off"):
            raise RefusedError(400, 200, NO_DASHBOARD)
        if endpoint.webinar and rules.webinars == "off":
            raise RefusedError(400, 200, NO_WEBINARS)
        asked = Asked(endpoint, place.id, place.part, params, self._meetings, rules, self._now())
        answer = _answer_of(endpoint)(asked)
        if not isinstance(answer, Listing):
            return answer
        return page(answer, params, query_of(path, params), self._tokens, rules)


class ZoomServer(Server):
    """Serves one account; `app` counts its calls."""

    def __init__(self, app: Zoom, *, port: int, intercept: Intercept | None, compress: bool) -> None:
        """For the arguments see `Server`."""
        super().__init__(app, port=port, path=PREFIX, intercept=intercept, compress=compress)
        self.app = app

    @property
    def token_url(self) -> str:
        """Where tokens are had; known inside the `with` block."""
        return self.url.removesuffix(PREFIX) + access.PATH


def serve_zoom(  # noqa: PLR0913  # each is one independent setting
    meetings: Meetings | Iterable[Meeting],
    *,
    account: str = "acc-1",
    client_id: str = "cid",
    client_secret: str = "the-secret-of-the-sandbox",  # noqa: S107 - of an invented account
    now: Callable[[], datetime],
    rules: ZoomRules = DEFAULT_RULES,
    port: int = 0,
    faults: Iterable[str] = (),
    intercept: Intercept | None = None,
    ticks: Callable[[], float] = time.monotonic,
    compress: bool = False,
) -> ZoomServer:
    """A server of one Zoom account, not yet started: use it in a `with` block, ask below its `url`.

    Args:
        meetings: those of the account; a list may change while it is served.
        account: its id.
        client_id: of its Server-to-Server app.
        client_secret: of that app.
        now: the sandbox's clock, aware: for tokens, ranges, the daily limit and what has ended.
        rules: the plan, the limits and the switches.
        port: 0 takes a free one.
        faults: names of standing faults, see `faults.py`.
        intercept: see `Server`; stands instead of the faults.
        ticks: seconds for the limits of a second and a minute.
        compress: see `Server`.

    Raises:
        ValueError: there is no such fault.
    """
    served = meetings if isinstance(meetings, Meetings) else Stored(meetings)
    app = Zoom(served, access.App(account, client_id, client_secret), rules=rules, now=now, ticks=ticks)
    before = intercept or faulty(app, now, faults, app.desk.revoke)
    return ZoomServer(app, port=port, intercept=before, compress=compress)
