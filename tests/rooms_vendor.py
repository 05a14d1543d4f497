"""The invented vendor of `rooms_source.py`, simulated over real HTTP, and its case for the conformance suite."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from harvesters.sandbox.server import Request, Response, Server
from tests.conformance import Case, Now

TOKEN = "invented-token-0123456789"
DAY = date(2026, 11, 20)
PAGE = 2


def _person(name: str, country: str | None = "AT") -> dict[str, Any]:
    return {"id": f"p-{name}", "name": name, "country": country, "from": f"{DAY}T09:00:00Z", "to": f"{DAY}T09:30:00Z"}


def _held(hour: int, day: date = DAY) -> dict[str, Any]:
    return {"room": "blue", "started": f"{day}T{hour:02d}:00:00Z", "ended": f"{day}T{hour:02d}:30:00Z", "floor": 2}


HOUSES: Mapping[str, Mapping[str, list[dict[str, Any]]]] = {
    "north": {
        "n1": [_held(9)],
        "n2": [_held(10), _held(14)],
        "n3": [_held(23, date(2026, 11, 19)), _held(0)],
        "n4": [_held(12, date(2026, 11, 19))],
    },
    "south": {"s1": [_held(9)], "s2": [_held(11)]},
}
MEMBERS, GUESTS = [_person("Ada"), _person("Ben", None)], [_person("Cleo", "CH")]
MEASURES = [{"at": f"{DAY}T09:0{minute}:00Z", "loss": minute / 2, "shake": 0.5 * minute} for minute in range(5)]
LINES = [{"person": person["id"], "way": "received", "measures": MEASURES} for person in (*MEMBERS, *GUESTS)]
LISTS = {"members": MEMBERS, "guests": GUESTS, "lines": LINES}


def _answer(request: Request) -> Response:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return _json(401, {"error": "who are you?"})
    path, _, query = request.path.partition("?")
    _, house, what, *rest = path.split("/")
    if what == "totals":
        return _json(200, {"day": str(DAY), "minutes": 30 * sum(map(len, HOUSES[house].values()))})
    if not rest:
        return _json(200, _page(house, int(query.rpartition("=")[2])))
    if rest[0] not in HOUSES[house]:
        return _json(404, {"error": "no such call"})
    if len(rest) == 1:
        return _json(200, {"held": HOUSES[house][rest[0]]})
    return _json(200, {"items": LISTS[rest[2]]})


def _page(house: str, start: int) -> dict[str, Any]:
    calls = [{"id": call, "people": 3} for call in HOUSES[house]]
    more = start + PAGE < len(calls)
    return {"calls": calls[start : start + PAGE], "next": str(start + PAGE) if more else None}


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(body).encode() + b"\n")


@contextmanager
def rooms(now: Now) -> Iterator[Mapping[str, str]]:
    """Two houses; their calls were held on the day, on the day before, and on both."""
    del now
    with Server(_answer, path="") as server:
        yield {"ROOMS_URL": server.url, "ROOMS_TOKEN": TOKEN, "ROOMS_HOUSES": "north,south"}


ROOMS = Case(
    name="rooms",
    serve=rooms,
    now=datetime(2026, 11, 23, 9, tzinfo=UTC),
    day=DAY,
    calls={"n1": 1, "n2": 2, "n3": 1, "n4": 0, "s1": 1, "s2": 1},
    gone="n99",
    title="rooms",
)
