"""Faults between a vendor and the archive: of the line, the same for all vendors, and of each vendor's answers."""

import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harvesters.core.day import iso
from harvesters.sandbox import Request, Response, Server
from tests.faults.machine import Documents, Machine
from tests.faults.vendors import MORNING, SETTLED, VENDORS, Vendor
from tests.faults.verdict import Case, Gave

Spoil = Callable[[Response, datetime], Response]
SOON = timedelta(seconds=20)
PAGE = b"<!DOCTYPE html><html><body>Please sign in to the campus network</body></html>"
UNSEEN = frozenset({"plan-refused", "lost-row", "late-stats", "blank-member"})
"""An account without dashboards has less to give, which the report calls a detour; a row that a list without a count
leaves out, and statistics that come in after the night, are nowhere to be seen in it. A member that is blank for all is
told by comparison with the days before (`test_anomalies.py`), of which a machine here has none."""
OF_TOTALS = frozenset({"wrong-totals", "no-totals"})
"""A day is as whole with a vendor's own totals as without; no machine here asks for them (`test_totals.py` does)."""
POORER = "poorer"
"""Calls that lose what they had are told from those that never had it only by what was harvested before."""
TOKEN_REFUSED, LOGIN = "token refused", "/oauth/token"
"""A login that is refused is not tried again: a wrong secret stays wrong."""
SLOW = "slow"
"""An answer after two seconds, in real time: `test_http.py` has it on a clock of its own."""


def _busy(after: Callable[[datetime], str] | None = None) -> Spoil:
    return lambda _true, now: Response(429, {"Retry-After": after(now)} if after else {})


def _status(status: int) -> Spoil:
    return lambda _true, _now: Response(status, {"Content-Type": "text/html"}, PAGE)


def _lost(_true: Response, _now: datetime) -> Response:
    raise ConnectionResetError


def _damaged(true: Response, _now: datetime) -> Response:
    packed = bytearray(gzip.compress(true.body))
    packed[-6] ^= 0xFF
    return replace(true, headers={**true.headers, "Content-Encoding": "gzip"}, body=bytes(packed))


def _cut(share: float) -> Spoil:
    return lambda true, _now: replace(true, cut=int(len(true.body) * share))


def _body(change: Callable[[bytes], bytes], kind: str | None = None) -> Spoil:
    headers = {"Content-Type": kind} if kind else {}
    return lambda true, _now: replace(true, headers={**true.headers, **headers}, body=change(true.body))


LINE: Mapping[str, tuple[int, Spoil]] = {
    "429, `Retry-After` in seconds": (1, _busy(lambda _now: "20")),
    "429, `Retry-After` as an HTTP date": (1, _busy(lambda now: format_datetime(now + SOON, usegmt=True))),
    "429, `Retry-After` as an ISO instant": (1, _busy(lambda now: iso(now + SOON))),
    "429, nothing said": (1, _busy()),
    "500": (2, _status(500)),
    "502": (2, _status(502)),
    "503": (2, _status(503)),
    "504": (2, _status(504)),
    "connection reset": (2, _lost),
    "body cut in its head": (3, _cut(0)),
    "body cut in the middle": (3, _cut(0.5)),
    "body cut before its last byte": (3, _cut(0.9999)),
    "gzip damaged": (3, _damaged),
    "JSON without its end, in full length": (3, _body(lambda body: body[:-2])),
    "somebody's page with status 200": (3, _body(lambda _body: PAGE, "text/html")),
    "empty body": (3, _body(lambda _body: b"")),
    TOKEN_REFUSED: (5, _status(401)),
}  # fmt: skip
"""What happens to every answer once, with the number of the fault in the list above the table."""


@dataclass(frozen=True)
class Once:
    """An intercept that spoils the first answer to each request."""

    spoil: Spoil
    server: Server
    spares_login: bool
    seen: set[tuple[str, str, bytes]] = field(default_factory=set)

    def __call__(self, _number: int, request: Request) -> Response | None:
        asked = (request.method, request.path, request.body)
        if asked in self.seen or (self.spares_login and LOGIN in request.path):
            return None
        self.seen.add(asked)
        return self.spoil(self.server._app(request), MORNING)


@contextmanager
def serving(
    vendor: Vendor, folder: Path, faults: Sequence[str] = (), **settings: Any
) -> Iterator[tuple[Server, Machine]]:
    """A vendor that runs meanwhile, and a machine that knows of it."""
    now = settings.get("now", MORNING)
    with vendor.serve(lambda: now, faults) as server:
        yield server, Machine(vendor, folder, vendor.environment(server), **settings)


@cache
def expected(name: str) -> tuple[Documents, Documents]:
    """The lake of a machine without faults, the first night and after the day has settled."""
    with TemporaryDirectory() as folder:
        found = []
        for now in (MORNING, SETTLED):
            with serving(VENDORS[name], Path(folder), now=now) as (_, machine):
                assert machine.harvest().code == 0
                found.append(machine.lake())
                held = VENDORS[name].held
                assert {type_: machine.loaded("lake")[type_] for type_ in held} == held
    return found[0], found[1]


def line(fault: str, name: str, folder: Path) -> Gave:
    """Each answer of a vendor meets a fault of the line once."""
    case = Case(expected(name), "lake", Machine.lake)
    with serving(VENDORS[name], folder) as (server, machine):
        server._intercept = once = Once(LINE[fault][1], server, fault == TOKEN_REFUSED)
        gave = case.first(machine, machine.harvest(concurrency=1))
        assert server.requests > len(once.seen) > 1
    return _healed(case, machine, gave)


def answers(fault: str, name: str, folder: Path) -> Gave:
    """A vendor's sandbox has a fault of its own."""
    case = Case(expected(name), "lake", Machine.lake, unseen=fault in UNSEEN)
    if fault == POORER:
        with serving(VENDORS[name], folder) as (_, machine):
            machine.harvest()
    with serving(VENDORS[name], folder, [fault]) as (_, machine):
        ended = machine.harvest(concurrency=1)
        gave = case.first(machine, ended)
        assert fault != POORER or "shrunk from" in ended.said
    return _healed(case, machine, gave)


def _healed(case: Case, machine: Machine, gave: Gave) -> Gave:
    """The same, once a later run without the fault has made everything whole."""
    with serving(machine.vendor, machine.folder, now=SETTLED) as (_, healthy):
        case.second(healthy, healthy.harvest())
    return gave
