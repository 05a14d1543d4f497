"""Faults by name, put before a simulated OpenTok: what goes wrong on the line, and what the vendor gets wrong.

Faults of the line pass (every third request meets one), so a good client gets everything; those of the
vendor's answers stay. A single request asks for one with the header `X-Sandbox-Fault`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec

from harvesters.core.day import iso
from harvesters.sandbox.server import App, Intercept, Request, Response

HEADER = "x-sandbox-fault"
TOTALS = b'"projectData"'
EVERY = 3
_DRIP_S = 2.0
_PAGE = b"<html><body>Sign in to the campus network</body></html>"
Json = dict[str, Any]
Spoil = Callable[[Response, datetime], Response]
"""Makes the answer that a client gets from the true one, at an instant of the sandbox's clock."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        help: what happens, for people.
        spoil: does it.
        passes: whether the same request may meet it and later not.
    """

    help: str
    spoil: Spoil
    passes: bool = True


def _status(status: int, after: Callable[[datetime], str] | None = None) -> Spoil:
    """Another status; `after` says when to come back."""
    return lambda _true, now: Response(status, {"Retry-After": after(now)} if after else {})


def _soon(now: datetime) -> datetime:
    return now + timedelta(seconds=1)


def _cut(true: Response, _now: datetime) -> Response:
    return replace(true, cut=len(true.body) // 2)


def _html(_true: Response, _now: datetime) -> Response:
    return Response(200, {"Content-Type": "text/html"}, _PAGE)


def _not_json(true: Response, _now: datetime) -> Response:
    return replace(true, body=true.body[:-2])


def _empty(true: Response, _now: datetime) -> Response:
    return replace(true, body=b"")


def _slow(true: Response, _now: datetime) -> Response:
    return replace(true, delay=_DRIP_S)


def _refused(_true: Response, _now: datetime) -> Response:
    return Response(401, {"Content-Type": "application/json"}, b'{"error":{"errorCode":1001}}')


def _rewritten(change: Callable[[Json], None]) -> Spoil:
    """A fault inside the answer: `change` is done to every object in it."""

    def spoil(true: Response, _now: datetime) -> Response:
        answer = msgspec.json.decode(true.body) if true.body else None
        for each in list(_objects(answer)):
            change(each)
        return replace(true, body=msgspec.json.encode(answer))

    return spoil


def _objects(value: object) -> Iterable[Json]:
    """All objects of a JSON value, inner ones first."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in members:
        yield from _objects(each)
    if isinstance(value, dict):
        yield value


def _stick(each: Json) -> None:
    if "hasNextPage" in each:
        each |= {"hasNextPage": True, "endCursor": "aW5zaWdodHMtcmVzb3VyY2U6MA=="}


def _repeat(each: Json) -> None:
    """Rows of statistics come twice."""
    rows = each.get("resources")
    if isinstance(rows, list) and rows and isinstance(rows[0], dict) and "audioCodec" in rows[0]:
        each["resources"] = rows + rows


def _mistype(each: Json) -> None:
    for name in ("audioPacketLoss", "videoBitrateKbps"):
        if name in each:
            each[name] = "much"


def _surprise(each: Json) -> None:
    if "connectionId" in each:
        each["region"] = "eu-west"


def _blank(each: Json) -> None:
    if "sdkType" in each:
        each["sdkType"] = None


def _impoverish(each: Json) -> None:
    """Statistics lose nearly all of their rows."""
    rows = each.get("resources")
    if isinstance(rows, list) and rows and isinstance(rows[0], dict) and "audioCodec" in rows[0]:
        each |= {"resources": rows[:1], "totalCount": 1}


def _skip(each: Json) -> None:
    """A row that moved while the list was paged is on neither page."""
    rows = each.get("resources")
    if isinstance(rows, list) and len(rows) > 1 and isinstance(rows[0], dict) and "meetings" in rows[0]:
        each["resources"] = rows[:-1]


def _exaggerate(each: Json) -> None:
    """Totals that the calls do not add up to."""
    for name in ("streamedPublishedMinutes", "streamedSubscribedMinutes"):
        if name in each:
            each[name] = 3 * each[name] + 100


def _no_totals(true: Response, _now: datetime) -> Response:
    """Totals are refused, and nothing else is."""
    if TOTALS not in true.body:
        return true
    error = {"message": "You may not see this.", "path": ["project", "projectData"], "errorCode": 1021}
    return replace(true, body=msgspec.json.encode({"data": {"project": {"projectData": None}}, "errors": [error]}))


FAULTS: Mapping[str, Fault] = {
    "429": Fault("too many requests, nothing said of when", _status(429)),
    "429-seconds": Fault("too many requests, Retry-After in seconds", _status(429, lambda _now: "1")),
    "429-date": Fault(
        "too many requests, Retry-After as an HTTP date",
        _status(429, lambda now: format_datetime(_soon(now), usegmt=True)),
    ),
    "429-iso": Fault("too many requests, Retry-After as an ISO instant", _status(429, lambda now: iso(_soon(now)))),
    "429-rubbish": Fault("too many requests, Retry-After that nobody understands", _status(429, lambda _now: "soon")),
    "500": Fault("internal server error", _status(500)),
    "502": Fault("a gateway without anybody behind it", _status(502)),
    "503": Fault("out of service for a moment", _status(503)),
    "slow": Fault("an answer after two seconds", _slow),
    "cut": Fault("half of the body", _cut),
    "not-json": Fault("a body whose end is missing, in full length", _not_json),
    "empty": Fault("no body", _empty),
    "html": Fault("somebody else's page, with status 200", _html),
    "token-dies": Fault("a token that is refused before its time", _refused),
    "stuck-cursor": Fault("lists that never end", _rewritten(_stick), passes=False),
    "repeated-page": Fault("measurements that come twice", _rewritten(_repeat), passes=False),
    "moving-rows": Fault("lists that lose a session", _rewritten(_skip)),
    "wrong-type": Fault("text where numbers stand", _rewritten(_mistype), passes=False),
    "unknown-field": Fault("a member that nobody asked for", _rewritten(_surprise), passes=False),
    "blank-member": Fault("connections that tell no SDK", _rewritten(_blank), passes=False),
    "wrong-totals": Fault("totals that the calls do not add up to", _rewritten(_exaggerate), passes=False),
    "no-totals": Fault("totals that are refused", _no_totals, passes=False),
    "poorer": Fault("calls that lost their measurements since yesterday", _rewritten(_impoverish), passes=False),
    "maintenance": Fault("out of service", _status(503), passes=False),
}


def known(names: Iterable[str]) -> list[str]:
    """The names, each of which there is.

    Raises:
        ValueError: one is unknown; the sentence names those that exist.
    """
    found = list(names)
    for name in found:
        if name not in FAULTS:
            message = f"there is no fault '{name}'; there are {', '.join(FAULTS)}."
            raise ValueError(message)
    return found


def faulty(app: App, now: Callable[[], datetime], names: Iterable[str] = ()) -> Intercept:
    """What stands before an app so that some of its answers are spoiled."""
    standing = known(names)

    def intercept(number: int, request: Request) -> Response | None:
        asked = request.headers.get(HEADER)
        met = [name for name in standing if not FAULTS[name].passes or number % EVERY == 0]
        if asked is not None and asked in FAULTS:
            met.append(asked)
        if not met:
            return None
        answer = app(request)
        for name in met:
            answer = FAULTS[name].spoil(answer, now())
        return answer

    return intercept
