"""Every source holds every promise of the contract; and every check rejects a source that breaks it.

A new vendor adds a `Case` here, and its name to `CASES`.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from harvesters import SOURCES
from harvesters.core.encode import Encoded
from harvesters.sandbox import Rules, serve_opentok
from harvesters.sandbox.peermetrics import APP, PeermetricsRules, Person, call, room, serve_peermetrics, world
from harvesters.sandbox.zoom import UNLIMITED, ZoomRules, serve_zoom
from tests import conformance_calls as of_calls
from tests import conformance_forgetting as of_people
from tests import conformance_rules as rules
from tests import conformance_runs as runs
from tests import conformance_totals as of_totals
from tests import conformance_trees as trees
from tests import peermetrics_days, zoom_days
from tests.bad_sources import REJECTED
from tests.conformance import Bench, Case, Check, Now, outline, run_check, whole_day
from tests.opentok_days import KEY, SECRET, session, session_id
from tests.rooms_source import Rooms
from tests.rooms_totals import CountedRooms
from tests.rooms_vendor import ROOMS

DAY = date(2026, 11, 20)
BEFORE = DAY - timedelta(days=1)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SETTLED = zoom_days.SETTLED
NOBODY = zoom_days.NOBODY
LIFTED = ZoomRules(limits=UNLIMITED)
SMALL = ZoomRules(limits=UNLIMITED, pages="smaller", small_page=2)
PRO = ZoomRules(limits=UNLIMITED, plan="pro")
CRASHED = room("crashed", [call(peermetrics_days.at(15), 0.5, [Person("Ana"), Person("Ben", ends="crash")])])
ROOMS_HELD, NO_ROOM = {**peermetrics_days.HELD, CRASHED.id: 1}, peermetrics_days.NOBODY
UNHURRIED = PeermetricsRules(requests_per_minute=None, worker_requests=None)
CLEANED = PeermetricsRules(requests_per_minute=None, worker_requests=None, cleanup="on", order="stable")
KEPT = frozenset({"summary"})
GONE = frozenset({"stats", "peermetrics.track_id"})
OF_REPORT = frozenset({
    "reported", "webinar.camera", "qos.audio_call", "qos.camera", "qos.customer_key", "qos.from_sip_uri",
    "qos.leave_reason", "qos.microphone", "qos.participant_user_id", "qos.registrant_id", "qos.sip_uri", "qos.speaker",
})  # fmt: skip
OF_DASHBOARD = frozenset({
    "reported.host_id", "meeting", "webinar", "qos", "sharing", "zoom.participant_uuid", "zoom.device",
    "zoom.location", "zoom.data_center", "zoom.user_type", "zoom.audio_quality", "zoom.video_quality",
    "zoom.screen_share_quality", "zoom.health", "zoom.shared",
})  # fmt: skip
APPLICATION = "0c3f9a36-5d1e-4e6c-9f54-6a2c8e1f7b10"


CALLS = [
    session(0, day=DAY, start=timedelta(hours=9), people=2, minutes=3),
    session(1, day=DAY, start=timedelta(hours=10), people=2, minutes=2, meetings=2, gap=5),
    session(2, day=BEFORE, start=timedelta(hours=23, minutes=50), people=2, minutes=10, meetings=2, gap=10),
    session(3, day=DAY, start=timedelta(hours=11), people=2, minutes=2, screens=1),
    session(4, day=BEFORE, start=timedelta(hours=12), people=2, minutes=2),
]
"""Sessions of a few minutes, one with meetings on both sides of midnight, one with a shared screen."""


@contextmanager
def opentok(node_limit: int | None, now: Now) -> Iterator[Mapping[str, str]]:
    """A classic project."""
    rules = Rules(rate_limit=None, node_limit=node_limit)
    with serve_opentok(CALLS, key=KEY, secret=SECRET, now=now, rules=rules) as server:
        yield {"OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET, "OPENTOK_URL": server.url}


@cache
def application_key() -> rsa.RSAPrivateKey:
    """One for all tests: to make one takes longer than most of them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def unified(now: Now) -> Iterator[Mapping[str, str]]:
    """A Vonage application."""
    key = application_key()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    rules = Rules(rate_limit=None)
    with serve_opentok(CALLS, key=APPLICATION, secret=SECRET, now=now, rules=rules, public_key=public) as server:
        yield {"VONAGE_APPLICATION_ID": APPLICATION, "VONAGE_PRIVATE_KEY": private, "OPENTOK_URL": server.url}


OPENTOK = {
    session_id(0, DAY): 1,
    session_id(1, DAY): 2,
    session_id(2, BEFORE): 1,
    session_id(3, DAY): 1,
    session_id(4, BEFORE): 0,
}
UNKNOWN = session_id(99, DAY)
HELD = {
    zoom_days.PLAIN: 1,
    zoom_days.SLASHED: 1,
    zoom_days.DOUBLE: 1,
    zoom_days.OVER_MIDNIGHT: 1,
    zoom_days.LONELY: 1,
    zoom_days.WEBINAR: 1,
    zoom_days.BEFORE: 0,
}


@contextmanager
def peermetrics(rules: PeermetricsRules, now: Now) -> Iterator[Mapping[str, str]]:
    """A server with two apps, behind a proxy that wants a login."""
    rooms = world(*peermetrics_days.ROOMS.values(), CRASHED, apps=(APP, peermetrics_days.OTHER))
    with serve_peermetrics(rooms, now=now, rules=rules) as server:
        yield peermetrics_days.environment(server)


@contextmanager
def zoom(rules: ZoomRules, via: str, now: Now) -> Iterator[Mapping[str, str]]:
    """An account with everything asked for."""
    with serve_zoom(
        zoom_days.everything(),
        account=zoom_days.ACCOUNT,
        client_id=zoom_days.CLIENT,
        client_secret=zoom_days.SECRET,
        now=now,
        rules=rules,
    ) as server:
        yield {**zoom_days.environment(server), **zoom_days.EVERYTHING, "ZOOM_VIA": via}


CASES = (
    Case("opentok", partial(opentok, None), NOW, DAY, OPENTOK, UNKNOWN, "opentok"),
    Case("opentok", partial(opentok, 30), NOW, DAY, OPENTOK, UNKNOWN, "opentok page by page"),
    Case("opentok", unified, NOW, DAY, OPENTOK, UNKNOWN, "opentok unified"),
    Case("zoom", partial(zoom, LIFTED, "auto"), SETTLED, DAY, HELD, NOBODY, "zoom", OF_REPORT),
    Case("zoom", partial(zoom, SMALL, "dashboard"), SETTLED, DAY, HELD, NOBODY, "zoom page by page", OF_REPORT),
    Case("peermetrics", partial(peermetrics, UNHURRIED), SETTLED, DAY, ROOMS_HELD, NO_ROOM, "peermetrics", KEPT),
    Case("peermetrics", partial(peermetrics, CLEANED), SETTLED, DAY, ROOMS_HELD, NO_ROOM, "peermetrics cleaned", GONE),
    Case("zoom", partial(zoom, PRO, "report"), SETTLED, DAY, HELD, NOBODY, "zoom by report", OF_DASHBOARD),
)


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        rules.declarations,
        rules.imports,
        of_calls.login,
        of_calls.listing,
        of_calls.fetching,
        of_calls.laziness,
        of_calls.bad_calls,
        of_calls.batching,
        of_calls.sharing,
        of_calls.judging,
        of_totals.totals,
        trees.purity,
        trees.cuts,
        trees.nulls,
        trees.strangers,
        trees.keys,
        trees.emitted,
        trees.personal,
        trees.measured,
        of_people.forgetting,
        runs.ids,
        runs.replaying,
        runs.repeating,
        runs.secrecy,
    )
}


def test_every_source_has_a_case() -> None:
    assert {case.name for case in CASES} == set(SOURCES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
@pytest.mark.parametrize("check", CHECKS)
def test_it_conforms(check: str, case: Case, tmp_path: Path) -> None:
    run_check(CHECKS[check], case, tmp_path)


def test_how_opentok_cuts_its_answers_changes_no_record(tmp_path: Path) -> None:
    found, requests = [], []
    for case in (each for each in CASES if each.name == "opentok"):
        bench = Bench(case, tmp_path, NOW)
        with case.serve(lambda: NOW) as bench.environment, bench.shops() as (shop,):
            found.append(outline(whole_day(bench, shop)))
            requests.append(shop.traffic.requests)
    assert found[0] == found[1]
    assert len(found[0]) == sum(OPENTOK.values())
    # The list, and all sessions in one batch; else each session by itself, and its lists one after the other.
    assert requests[0] == 2
    assert requests[1] > 20


@pytest.mark.parametrize("source", [Rooms, CountedRooms], ids=["without totals", "with totals"])
@pytest.mark.parametrize("check", CHECKS)
def test_a_good_source_of_another_kind_passes(
    check: str, source: type[Rooms], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SOURCES, "rooms", f"{source.__module__}:{source.__name__}")
    run_check(CHECKS[check], ROOMS, tmp_path)


@pytest.mark.parametrize(("check", "source", "says"), REJECTED, ids=[f"{c}-{s.__name__}" for c, s, _ in REJECTED])
def test_a_source_that_breaks_a_promise_is_rejected(
    check: str, source: type[Rooms], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SOURCES, "rooms", f"{source.__module__}:{source.__name__}")
    # Some break so badly that the check does not come as far as to say so.
    with pytest.raises((AssertionError, KeyError, TypeError, ValueError), match=says):
        run_check(CHECKS[check], ROOMS, tmp_path)


IMPORTS = {
    "try": "try:\n    x = 1\nexcept ValueError:\n    x = 2",
    "contextlib.suppress": "from contextlib import suppress",
    "global": "def f() -> None:\n    global x\n    x = 1",
    "requests": "import requests",
    "requests.Session": "def f() -> None:\n    from requests import Session",
    "time.sleep": "from time import sleep",
    "self.api.clock.sleep": "def f(self: object) -> None:\n    self.api.clock.sleep(1)",
    "os": "import os",
    "os.environ": "from os import environ",
    "logging": "import logging",
    "socket": "import socket",
    "urllib.request": "import urllib.request",
    "datetime.datetime.now": "from datetime import datetime as dt\nx = dt.now()",
    "datetime.date.today": "import datetime\nx = datetime.date.today()",
    "open": "x = open('x')",
    "print": "print('x')",
    "harvesters.core.http.HttpApi": "from harvesters.core.http import HttpApi",
    "harvesters.core.http": "from harvesters.core import http",
    "harvesters.core.engine": "import harvesters.core.engine",
    "harvesters.core.destinations.lake": "from harvesters.core.destinations import lake",
    "harvesters.commands.main.main": "from harvesters.commands.main import main",
    "harvesters.sandbox.Server": "from harvesters.sandbox import Server",
    "harvesters.opentok.OpenTok": "from harvesters.opentok import OpenTok",
    "harvesters.SOURCES": "from harvesters import SOURCES",
}


@pytest.mark.parametrize("what", IMPORTS)
@pytest.mark.parametrize("form", ["halls.py", "halls/deep/inside.py"])
def test_a_source_that_goes_behind_the_engine_is_rejected(
    what: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / form
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in ("halls", "halls/deep"):
        if (tmp_path / folder).is_dir():
            (tmp_path / folder / "__init__.py").touch()
    path.write_text(f"{IMPORTS[what]}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(SOURCES, "rooms", "halls:Halls")
    with pytest.raises(AssertionError, match=rf"{path.name}: (line \d: |imports ){re.escape(what)}($|;)"):
        rules.imports(Bench(ROOMS, tmp_path, NOW))


def test_every_check_rejects_some_source() -> None:
    assert {check for check, _, _ in REJECTED} | {"imports"} == set(CHECKS)


@pytest.mark.parametrize("bad", [["a", "b", "a"], ["a" * 513], [""], []], ids=["twice", "too long", "empty", "none"])
def test_ids_that_elasticsearch_would_not_keep_apart_are_rejected(bad: list[str]) -> None:
    with pytest.raises(AssertionError):
        runs.check_ids([Encoded("sample", "vconf-samples-2026.11", id_, 1, b"{}") for id_ in bad])
