"""A few invented peermetrics rooms of one day that together have everything the source knows of."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from harvesters.sandbox.peermetrics import APP, PeermetricsServer, Person, Stored, app_row, call, room, world

DAY = date(2026, 11, 20)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
SETTLED = datetime(2026, 11, 24, 9, tzinfo=UTC)
OTHER = app_row("7b1d9a52-3c60-4b0c-9d53-0f6d1f7e2a11", "Other App")
DELETED = app_row("c0ffee00-3c60-4b0c-9d53-0f6d1f7e2a11", "Deleted App")
NOBODY = "00000000-0000-4000-8000-000000000000"
PASSWORD, HEADER = "pr0xy-passw0rd-of-the-test", "X-Proxy-Key: pr0xy-key-of-the-test"


def at(hours: float) -> datetime:
    """So many hours after the day's midnight."""
    return MIDNIGHT + timedelta(hours=hours)


CUSTOM = [(20, {"eventName": "mute"}), (40, 7)]
ROW = {"metadata": {"plan": "pro"}, "webrtc_sdk": "livekit"}
ANA = Person("Ana", relay=True, tcp=True, candidate_errors=1, custom=CUSTOM, row=ROW)
ROOMS = {
    "weekly": room("weekly", [call(at(9), 1, [ANA, "Ben"]), call(at(9.5), 0.5), call(at(33), 0.5)]),
    "night": room("night", [call(at(23.99), 1.5, 2)]),
    "cleaned": room("cleaned", [call(at(12), 0.5, [Person("Ana", browser="old-chrome", emos=2.5), "Ben"])]),
    "before": room("before", [call(at(-0.005), 1, 2)]),
    "lobby": room("lobby", created_at="2026-11-20 08:00:00"),
    "other": room("other", [call(at(10), 0.5, [Person("Cleo", browser="firefox"), "Dan"])], app=OTHER),
}
CONFERENCES = {"weekly": 2, "night": 1, "cleaned": 1, "before": 0, "lobby": 0, "other": 1}
HELD = {ROOMS[name].id: number for name, number in CONFERENCES.items()}


def everything() -> Stored:
    """Rooms of two apps; a third one was removed."""
    return world(*ROOMS.values(), apps=(APP, OTHER))


def environment(server: PeermetricsServer) -> Mapping[str, str]:
    """The settings that lead to a server, as a shell would set them."""
    return {
        "PEERMETRICS_URL": server.url,
        "PEERMETRICS_USER": "harvester",
        "PEERMETRICS_PASSWORD": PASSWORD,
        "PEERMETRICS_HEADERS": HEADER,
    }
