"""The simulated vendors, each with a small day that has everything its source knows of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from harvesters.sandbox import Server, serve_opentok, serve_zoom
from harvesters.sandbox.opentok import faults as of_opentok
from harvesters.sandbox.peermetrics import faults as of_peermetrics
from harvesters.sandbox.peermetrics import serve_peermetrics
from harvesters.sandbox.zoom import faults as of_zoom
from tests import peermetrics_days, zoom_days
from tests.opentok_days import KEY, SECRET, session
from tests.opentok_faults import UNLIMITED
from tests.peermetrics_nights import UNHURRIED
from tests.zoom_nights import LIFTED

DAY = date(2026, 11, 20)
MORNING = datetime(2026, 11, 21, 9, tzinfo=UTC)
"""The first night: no vendor's day has settled yet."""
SETTLED = datetime(2026, 11, 24, 9, tzinfo=UTC)
Now = Callable[[], datetime]
Serve = Callable[[Now, Sequence[str]], Server]


@dataclass(frozen=True)
class Vendor:
    """One simulated vendor.

    Attributes:
        serve: it, not yet started, with a clock and standing faults by name.
        environment: the settings that lead to it.
        faults: what its sandbox can do, by name; each has a `help`.
        held: documents of its day by type, counted by hand, without the issues of our own rules.
    """

    name: str
    serve: Serve
    environment: Callable[[Any], Mapping[str, str]]
    faults: Mapping[str, Any]
    held: Mapping[str, int]


def _opentok(now: Now, faults: Sequence[str]) -> Server:
    held = [
        session(0, day=DAY, start=timedelta(hours=9), people=2, minutes=2),
        session(1, day=DAY, start=timedelta(hours=12), people=2, minutes=2, meetings=2, gap=60),
        session(2, day=DAY, start=timedelta(hours=23.99), people=2, minutes=2),
        session(3, day=DAY, start=-timedelta(minutes=20), people=2, minutes=30),
    ]
    return serve_opentok(held, key=KEY, secret=SECRET, now=now, rules=UNLIMITED, faults=faults)


def _zoom(now: Now, faults: Sequence[str]) -> Server:
    return serve_zoom(
        zoom_days.everything(), account=zoom_days.ACCOUNT, client_id=zoom_days.CLIENT,
        client_secret=zoom_days.SECRET, now=now, rules=LIFTED, faults=faults,
    )  # fmt: skip


def _peermetrics(now: Now, faults: Sequence[str]) -> Server:
    return serve_peermetrics(peermetrics_days.everything(), now=now, rules=UNHURRIED, faults=faults)


def _of_opentok(server: Server) -> Mapping[str, str]:
    return {"OPENTOK_URL": server.url, "OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": SECRET}


def _of_zoom(server: Any) -> Mapping[str, str]:  # noqa: ANN401 - the sandbox's own kind of server
    return {**zoom_days.environment(server), **zoom_days.EVERYTHING}


OF_OPENTOK = {"conference": 4, "participant": 4 * 2, "stream": 4 * 2 * 2}
"""Each of two people sends one stream and gets the other's."""
OF_ZOOM = {"conference": 6, "participant": 3 + 3 + 3 + 2 + 1 + 2}
"""Of six meetings; who came twice is counted twice."""
OF_PEERMETRICS = {"conference": 5, "participant": 5 * 2, "stream": 5 * 2 * 4, "sample": 38 * 4}
"""Five calls of two people, each with two streams either way; 38 reports of each of the four kinds."""
VENDORS = {
    each.name: each
    for each in (
        Vendor("opentok", _opentok, _of_opentok, of_opentok.FAULTS, OF_OPENTOK),
        Vendor("zoom", _zoom, _of_zoom, of_zoom.FAULTS, OF_ZOOM),
        Vendor("peermetrics", _peermetrics, peermetrics_days.environment, of_peermetrics.FAULTS, OF_PEERMETRICS),
    )
}
