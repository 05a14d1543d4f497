"""The same day at other vendors; as a process of its own: `others_day.py VENDOR CALLS`.

Zoom: meetings of twelve people and an hour, a minute each of which has its own figures. peermetrics: rooms with a call
of four people and ten minutes.
"""

import random
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from processes import serve_until_closed
from the_day import DAY, NOW, ZOOM_SECRET

from harvesters.sandbox import PeermetricsRules, Server, ZoomRules, serve_peermetrics, serve_zoom
from harvesters.sandbox.peermetrics import call, room
from harvesters.sandbox.zoom import UNLIMITED, Meeting, Person, meeting, minute

PEOPLE, MINUTES = 12, 60
MORNING = datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC)
KINDS = 7
"""So many meetings are told apart by their figures; the others repeat them under ids of their own."""


def _flow(dice: random.Random, *, picture: bool) -> dict[str, str]:
    told = {
        "bitrate": f"{dice.uniform(300, 1800) if picture else dice.uniform(20, 60):.2f} kbps",
        "latency": f"{dice.randrange(20, 200)} ms",
        "jitter": f"{dice.randrange(20)} ms",
        "avg_loss": f"{dice.choice((0.0, 0.0, 0.0, dice.uniform(0, 3))):.2f}%",
        "max_loss": f"{dice.uniform(0, 5):.2f}%",
    }
    size = {"resolution": dice.choice(("1280*720", "640*360")), "frame_rate": f"{dice.randrange(12, 30)} fps"}
    return {**told, **size} if picture else told


def _blank(*, picture: bool) -> dict[str, str]:
    names = ("bitrate", "latency", "jitter", "avg_loss", "max_loss", *(("resolution", "frame_rate") if picture else ()))
    return dict.fromkeys(names, "")


def _minute(mark: datetime, dice: random.Random) -> Any:  # noqa: ANN401 - the sandbox's own
    """All of Zoom's objects, as in its published answers; nothing is shown, and no gateway is used."""
    flows = {f"{media}_{way}": _flow(dice, picture=media == "video") for media in ("audio", "video")
             for way in ("input", "output")}  # fmt: skip
    gates = {
        f"{media}_device_{way}_{gate}": _blank(picture=media != "audio")
        for media in ("audio", "video", "as") for way in ("from", "to") for gate in ("crc", "rwg")
    }  # fmt: skip
    rssi = {"min_rssi": -75, "avg_rssi": -69, "max_rssi": -35, "rssi_unit": "dBm"}
    return minute(mark, **flows, **gates, wifi_rssi=rssi)


def _meeting(number: int) -> Meeting:
    dice = random.Random(number)
    found = meeting(
        "", MORNING, MINUTES, people=[Person(f"P {place}", email=f"p{place}@x.org") for place in range(PEOPLE)]
    )
    marks = [MORNING + timedelta(minutes=at) for at in range(MINUTES)]
    sessions = [replace(each, minutes=[_minute(mark, dice) for mark in marks]) for each in found.sessions]
    return replace(found, sessions=sessions)


def _zoom(calls: int) -> Server:
    kinds = [_meeting(number) for number in range(min(calls, KINDS))]
    told = []
    for number in range(calls):
        uuid, kind = f"{number:022d}==", kinds[number % len(kinds)]
        told.append(
            replace(kind, uuid=uuid, number=number, row={**kind.row, "uuid": uuid, "id": 90_000_000_000 + number})
        )
    return serve_zoom(told, client_secret=ZOOM_SECRET, now=lambda: NOW, rules=ZoomRules(limits=UNLIMITED))


def _peermetrics(calls: int) -> Server:
    names = [[f"P {number}.{place}" for place in range(4)] for number in range(calls)]
    rooms = [room(f"room-{number}", [call(MORNING, 10, names[number])]) for number in range(calls)]
    rules = PeermetricsRules(requests_per_minute=None, worker_requests=None)
    return serve_peermetrics(rooms, now=lambda: NOW, rules=rules)


SERVERS: dict[str, Callable[[int], Server]] = {"zoom": _zoom, "peermetrics": _peermetrics}


def served(vendor: str, calls: int) -> Server:
    """A vendor with so many calls on the day."""
    return SERVERS[vendor](calls)


if __name__ == "__main__":
    serve_until_closed(lambda: served(sys.argv[1], int(sys.argv[2])))
