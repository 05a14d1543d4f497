"""The day that is harvested: calls of four people and half an hour, the same ones in every run."""

from datetime import UTC, date, datetime

DAY = date(2026, 11, 18)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PEOPLE, MINUTES = 4, 30
KEY, SECRET = "46204972", "0" * 40
ZOOM_SECRET = "0" * 32


def settings(url: str) -> dict[str, str]:
    """The environment of a harvest of the vendor at `url`."""
    return {
        "OPENTOK_API_KEY": KEY,
        "OPENTOK_API_SECRET": SECRET,
        "OPENTOK_URL": url,
        "VCONF_NOW": NOW.isoformat(),
    }


def others_settings(vendor: str, url: str) -> dict[str, str]:
    """The environment of a harvest of a vendor at an address."""
    of_vendor = {
        "zoom": {
            "ZOOM_ACCOUNT_ID": "acc-1",
            "ZOOM_CLIENT_ID": "cid",
            "ZOOM_CLIENT_SECRET": ZOOM_SECRET,
            "ZOOM_URL": url,
            "ZOOM_OAUTH_URL": url.removesuffix("/v2") + "/oauth/token",
        },
        "peermetrics": {"PEERMETRICS_URL": url},
    }
    return {**of_vendor[vendor], "VCONF_NOW": NOW.isoformat()}
