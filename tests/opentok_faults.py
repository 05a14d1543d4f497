"""A simulated OpenTok that tells wrong things of some sessions, by the name of the fault.

with faulty(sessions, now) as (vendor, faults):
    faults.of[session_id(0, DAY)] = "gone"
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from harvesters.sandbox import Request, Response, Rules
from harvesters.sandbox.opentok import Served
from tests.nights import Vendor, vendor

UNLIMITED = Rules(rate_limit=100_000)
Resources = list[Any]
Errors = list[dict[str, Any]]
PATH = ("project", "sessionData", "sessions", "resources")


def asked_for(body: bytes) -> list[str]:
    """The sessions whose details a request wants; none if it asks for a list."""
    ids: list[str] = json.loads(body)["variables"].get("ids", [])
    return ids


def listed_day(body: bytes) -> str | None:
    """The day that a request lists, None if it asks for details."""
    variables = json.loads(body)["variables"]
    return None if "ids" in variables else variables["start"][:10]


def details(bodies: list[bytes]) -> list[str]:
    """The sessions asked for, in order."""
    return [id_ for body in bodies for id_ in asked_for(body)]


def _error(at: int, message: str, code: int | None = None) -> dict[str, Any]:
    return {"message": message, "path": [*PATH, at], **({"errorCode": code} if code else {})}


def _gone(found: Resources, at: int, errors: Errors) -> None:
    found[at] = None
    errors.append(_error(at, "Session not found.", 1017))


def _null(found: Resources, at: int, errors: Errors) -> None:
    del errors
    found[at] = None


def _left_out(found: Resources, at: int, errors: Errors) -> None:
    del errors
    found.pop(at)


def _no_meetings(found: Resources, at: int, errors: Errors) -> None:
    del errors
    found[at]["meetings"] |= {"totalCount": 0, "resources": []}


def _meetings_null(found: Resources, at: int, errors: Errors) -> None:
    del errors
    found[at]["meetings"] = None


def _troubled(found: Resources, at: int, errors: Errors) -> None:
    """The data is there, and an error beside it."""
    del found
    errors.append(_error(at, "A database stumbled.", 1003))


FAULTS: dict[str, Callable[[Resources, int, Errors], None]] = {
    "gone": _gone,
    "null": _null,
    "left out": _left_out,
    "no meetings": _no_meetings,
    "meetings null": _meetings_null,
    "troubled": _troubled,
}


class Faults:
    """Changes the vendor's answers; `of` is fault by session and may change between nights."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}
        self.unlisted: set[str] = set()
        self.vendor: Vendor

    def __call__(self, number: int, request: Request) -> Response:
        del number
        response = self.vendor.answer(request)
        answer = json.loads(response.body)
        data = answer["data"]["project"]["sessionData"]
        if asked_for(request.body):
            self._spoil(data["sessions"]["resources"], answer)
        else:
            self._unlist(data["sessionSummaries"])
        return Response(response.status, response.headers, json.dumps(answer).encode())

    def _spoil(self, found: Resources, answer: dict[str, Any]) -> None:
        errors: Errors = answer.setdefault("errors", [])
        # From the end, so that what is left out moves nothing that is still to come.
        for at in reversed(range(len(found))):
            if found[at] and (fault := self.of.get(found[at]["sessionId"])):
                before = len(found)
                FAULTS[fault](found, at, errors)
                for error in errors if len(found) < before else ():
                    error["path"][len(PATH)] -= error["path"][len(PATH)] > at
        if not errors:
            del answer["errors"]

    def _unlist(self, summaries: dict[str, Any]) -> None:
        summaries["resources"] = [each for each in summaries["resources"] if each["sessionId"] not in self.unlisted]
        summaries["totalCount"] = len(summaries["resources"])


@contextmanager
def faulty(sessions: Served, now: datetime) -> Iterator[tuple[Vendor, Faults]]:
    """A vendor that runs meanwhile, without faults at first."""
    faults = Faults()
    with vendor(sessions, now, intercept=faults, rules=UNLIMITED) as found:
        faults.vendor = found
        yield found, faults
