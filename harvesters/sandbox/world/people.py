"""The people of the world: where they are, what they call with, how good their line is."""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TypeVar
from uuid import UUID

from harvesters.sandbox.world.levels import Level

T = TypeVar("T")
_COUNTRIES = {"DE": 34, "AT": 12, "CH": 8, "FR": 10, "GB": 8, "US": 14, "IN": 8, "BR": 6}
_LINES = {Level.GOOD: 78, Level.FAIR: 15, Level.FAR: 3, Level.POOR: 4}
_PLATFORMS = {"windows": 38, "macos": 24, "linux": 4, "chromeos": 8, "ios": 14, "android": 12}
_BROWSERS = {
    "windows": {"Chrome": 60, "Edge": 28, "Firefox": 12},
    "macos": {"Chrome": 55, "Safari": 35, "Firefox": 10},
    "linux": {"Chrome": 50, "Firefox": 50},
    "chromeos": {"Chrome": 100},
}
_FIRST = date(2020, 5, 19)
# Version on that day, and days from one version to the next.
_RELEASES = {"Chrome": (83, 35), "Edge": (83, 35), "Firefox": (76, 29), "Safari": (13, 365)}
_LAZY_WEEKS = 6
_SYSTEMS = {
    "windows": "Windows NT 10.0; Win64; x64",
    "macos": "Macintosh; Intel Mac OS X 10_15_7",
    "linux": "X11; Linux x86_64",
    "chromeos": "X11; CrOS x86_64 14541.0.0",
    "ios": "iPhone; iOS 18",
    "android": "Linux; Android 15",
}
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
_AGENTS = {
    "Chrome": _WEBKIT,
    "Edge": _WEBKIT + " Edg/{version}.0.0.0",
    "Firefox": "Gecko/20100101 Firefox/{version}.0",
    "Safari": "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version}.0 Safari/605.1.15",
}


@dataclass(frozen=True, slots=True)
class Client:
    """What a person calls with on one day.

    Attributes:
        platform: windows, macos, linux, chromeos, ios or android.
        browser: its name; None for a mobile app.
        version: the browser's major version, as text.
        app_day: the day of the app's release, which decides the version of a vendor's SDK.
    """

    platform: str
    browser: str | None
    version: str | None
    app_day: date

    @property
    def user_agent(self) -> str:
        """What the client says of itself."""
        if self.browser is None:
            return f"VideoApp/{self.app_day:%Y.%m} ({_SYSTEMS[self.platform]})"
        shown = _AGENTS[self.browser].format(version=self.version)
        return f"Mozilla/5.0 ({_SYSTEMS[self.platform]}) {shown}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who calls, the same on every day.

    Attributes:
        id: of the installation, a UUID.
        name: for people.
        country: ISO 3166 code.
        line: how good the connection usually is.
        platform: see `Client`.
        browser: None for a mobile app.
        lag: days that updates take to arrive.
    """

    id: str
    name: str
    country: str
    line: Level
    platform: str
    browser: str | None
    lag: int

    def client(self, day: date) -> Client:
        """What the person calls with on a day: versions grow over the weeks."""
        age = (day - _FIRST).days - self.lag
        version = None
        if self.browser:
            first, every = _RELEASES[self.browser]
            version = str(first + age // every)
        return Client(self.platform, self.browser, version, date.fromordinal(day.toordinal() - self.lag))


def person(seed: str, name: str) -> Person:
    """The person of that name in a world."""
    random = Random(f"{seed}/person/{name}")
    platform = weighted(random, _PLATFORMS)
    browsers = _BROWSERS.get(platform)
    return Person(
        id=uuid(random),
        name=name,
        country=weighted(random, _COUNTRIES),
        line=weighted(random, _LINES),
        platform=platform,
        browser=weighted(random, browsers) if browsers else None,
        lag=random.randrange(_LAZY_WEEKS * 7),
    )


def weighted(random: Random, shares: dict[T, int]) -> T:
    """One of the keys, as often as its share says."""
    return random.choices(list(shares), list(shares.values()))[0]


def uuid(random: Random) -> str:
    """A UUID (version 4) that depends on the seed alone."""
    return str(UUID(int=random.getrandbits(128), version=4))
