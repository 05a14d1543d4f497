"""What an OpenTok day holds, told from its sessions alone, and what a harvest made of it, told from the lake.

No code of the harvester is asked: `truth` walks the sessions that a simulated vendor serves and writes down the
readable key of each document that they must become; `loaded` reads those keys in the documents that came. A key that
came twice stands twice in it.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from harvesters.sandbox import Request, Response, Rules
from harvesters.sandbox.opentok import Served
from tests.nights import Vendor, lake_lines, vendor
from tests.opentok_days import KEY

DAY = date(2026, 11, 18)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
UNHURRIED = Rules(rate_limit=None)
"""The limits as documented, without the one of requests in 30 seconds, which costs a test only time."""


def truth(sessions: Iterable[Mapping[str, Any]], day: date = DAY) -> list[str]:
    """The keys of all documents of a day, sorted."""
    return sorted(
        f"opentok/{KEY}/{key}"
        for session in sessions
        for meeting in session["meetings"]["resources"]
        if meeting["createdAt"].startswith(day.isoformat())
        for key in _of_meeting(session["sessionId"], meeting)
    )


def _of_meeting(session: str, meeting: Mapping[str, Any]) -> Iterator[str]:
    where = f"{session}/{meeting['meetingId']}/{meeting['createdAt']}"
    yield f"conference/{where}"
    for connection in meeting["connections"]["resources"]:
        yield f"participant/{where}/{connection['connectionId']}"
    streams = [(each["stream"]["streamId"], each) for each in meeting["publishers"]["resources"]]
    streams += [(each["subscriberId"], each) for each in meeting["subscribers"]["resources"]]
    for own, stream in streams:
        yield f"stream/{where}/{own}"
        for row in stream["streamStatsCollection"]["resources"]:
            yield f"sample/{where}/{own}/{row['createdAt']}"


def loaded(data_dir: Path) -> list[str]:
    """The keys of all documents in the lake but the issues of our own rules, sorted."""
    documents = map(json.loads, lake_lines(data_dir))
    return sorted(each["event"]["id"] for each in documents if not _of_a_rule(each))


def _of_a_rule(document: Mapping[str, Any]) -> bool:
    return bool(document["vconf"].get("issue", {}).get("source") == "rule")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the harvester, taken apart."""

    operation: str
    variables: Mapping[str, Any]
    query: str


def asked(body: bytes) -> Asked:
    """What a request's body asks for."""
    post = json.loads(body)
    (operation,) = re.findall(r"query (\w+)", post["query"])
    return Asked(operation, post.get("variables") or {}, post["query"])


def operations(server: Vendor) -> list[str]:
    """The names of all operations that came, in their order."""
    return [asked(body).operation for body in server.asked()]


Change = Callable[[Asked, dict[str, Any]], object]
"""Gets a request and the whole answer to it, which it may change in place; a response it returns is sent instead."""


@contextmanager
def bent(
    sessions: Served, change: Change, rules: Rules = UNHURRIED, now: datetime = NOW, **more: Any
) -> Iterator[Vendor]:
    """A simulated vendor whose answers are changed before they are sent."""
    found: list[Vendor] = []

    def intercept(_number: int, request: Request) -> Response:
        response = found[0].answer(request)
        body = json.loads(response.body)
        instead = change(asked(request.body), body)
        if isinstance(instead, Response):
            return instead
        return Response(response.status, response.headers, json.dumps(body).encode())

    with vendor(sessions, now, intercept, rules=rules, **more) as server:
        found.append(server)
        yield server


def data_of(body: Mapping[str, Any], operation: str = "") -> dict[str, Any]:
    """The page of sessions in an answer: the summaries of the listing, or the sessions of any other."""
    data: dict[str, Any] = body["data"]["project"]["sessionData"]
    found: dict[str, Any] = data["sessionSummaries" if operation == "List" else "sessions"]
    return found


def refusal(code: int, status: int = 401) -> Response:
    """A refusal before GraphQL."""
    return _json(status, {"error": {"errorCode": code, "message": "No."}})


def failure(code: int, path: list[str | int] | None = None, data: object = None) -> Response:
    """A GraphQL error with its code, as the vendor writes it."""
    entry = {"message": "Something.", "path": path or ["project", "sessionData"], "errorCode": code}
    return _json(200, {"data": data, "errors": [entry]})


def _json(status: int, body: object) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
