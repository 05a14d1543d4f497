"""A few invented Zoom meetings of one day that together have everything the source knows of."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from harvesters.sandbox.zoom import Meeting, Person, Share, ZoomRules, ZoomServer, meeting, serve_zoom

ACCOUNT, CLIENT, SECRET = "Kx8qf3v7TnmsGvZ1J3xLmA", "cLiEnT0aBcDeFgHiJkL", "s3cr3tOfTheZoomApp0123456789abcd"
DAY = date(2026, 11, 20)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
SETTLED = datetime(2026, 11, 24, 9, tzinfo=UTC)
PLAIN, SLASHED, DOUBLE, OVER_MIDNIGHT, LONELY, WEBINAR, BEFORE = (
    "gm8s9L+PTEC+FG3sFbd1Cw==",
    "/pfVhQWoSQmUs6ZOwFD4kw==",
    "ab//QWoSQmUs6ZOwFD4kw9==",
    "c1/VhQWoSQmUs6ZOwFD4kw==",
    "dL1o37VTaiN3IhHInJ0GAx==",
    "eL1o37VTaiN3IhHInJ0GAx==",
    "fL1o37VTaiN3IhHInJ0GAx==",
)
NOBODY = "zzzzhQWoSQmUs6ZOwFD4kw=="
EVERYTHING = {"ZOOM_SHARING": "yes", "ZOOM_WEBINARS": "yes"}


def at(hours: float) -> datetime:
    """So many hours after the day's midnight."""
    return MIDNIGHT + timedelta(hours=hours)


def everything() -> list[Meeting]:
    """Meetings of the day, one over midnight and one of the day before."""
    ann = Person(
        "Ann",
        email="ann@example.com",
        shares=[Share(30, 90, "desktop"), Share(100, 120, "whiteboard")],
        row={
            "registrant_id": "r-1",
            "customer_key": "k-1",
            "bo_mtg_id": "Dkgwu8nm/ExG1vM+GhLRhA==",
            "browser_name": "Firefox",
            "browser_version": "133",
            "total_jointime_cost": 3.98,
            "screen_share_quality": "good",
            "health": "Warning",
            "issue_list": ["Unstable audio quality"],
            "internal_ip_addresses": ["192.0.2.77"],
            "mac_addr": " 00:0a:95:9d:68:16",
            "harddisk_id": "Disk01",
            "pc_name": "HW0010449",
            "microphone": "Headset",
            "speaker": "Headset",
            "camera": "FaceTime HD Camera",
            "domain": "example.com",
            "device_name": "iPhone 7 Global",
            "audio_call": [{"call_number": "4131", "call_type": "call-in", "zoom_number": "18773690926"}],
            "sip_uri": "ann@sip.example.com",
            "from_sip_uri": "sip.example.com",
        },
        minute={"wifi_rssi": {"min_rssi": -75, "avg_rssi": -69, "max_rssi": -35, "rssi_unit": "dBm"}},
    )
    waiting = Person("Cleo", joins=10, leaves=50, minute=None, row={"status": "in_waiting_room"})
    return [
        meeting(PLAIN, at(9), 4, people=[ann, "Ben", waiting], screen_share_quality="good"),
        meeting(SLASHED, at(10), 3, people=["Dora", Person("Emil", 0, 60), Person("Emil", joins=90)]),
        meeting(DOUBLE, at(11), 2, people=3),
        meeting(OVER_MIDNIGHT, at(23.9), 20, people=2),
        meeting(LONELY, at(12), 2, people=1),
        meeting(WEBINAR, at(13), 2, people=[ann, "Gus"], webinar=True),
        meeting(BEFORE, at(-0.2), 30, people=2),
    ]


def served(meetings: Iterable[Meeting], now: Callable[[], datetime], rules: ZoomRules | None = None) -> ZoomServer:
    """A server of the account, not yet started."""
    return serve_zoom(
        meetings, account=ACCOUNT, client_id=CLIENT, client_secret=SECRET, now=now, rules=rules or ZoomRules()
    )


def environment(server: ZoomServer) -> Mapping[str, str]:
    """The settings of the account that a server simulates, as a shell would set them."""
    return {
        "ZOOM_ACCOUNT_ID": ACCOUNT,
        "ZOOM_CLIENT_ID": CLIENT,
        "ZOOM_CLIENT_SECRET": SECRET,
        "ZOOM_URL": server.url,
        "ZOOM_OAUTH_URL": server.token_url,
    }
