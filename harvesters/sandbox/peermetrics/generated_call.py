"""One call of a world as a peermetrics room: who joins, with what, and what goes wrong."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zlib import crc32

from harvesters.core.day import EPOCH
from harvesters.sandbox.peermetrics.builder import BuiltRoom, Call
from harvesters.sandbox.peermetrics.rooms import Json
from harvesters.sandbox.peermetrics.stays import Person
from harvesters.sandbox.peermetrics.ticks import CHROME, FIREFOX, OLD_CHROME
from harvesters.sandbox.world import Call as WorldCall
from harvesters.sandbox.world import Client, Kind, Level, Stay
from harvesters.sandbox.world import Person as WorldPerson

HELD = frozenset({Kind.CLINIC, Kind.MEETING, Kind.SUPPORT, Kind.STANDUP})
"""Calls that are held here; classes and webinars are too large for what a site monitors itself."""
_NAMES = {Kind.CLINIC: "Sprechstunde", Kind.MEETING: "Besprechung", Kind.SUPPORT: "Support", Kind.STANDUP: "Stand-up"}
# Up to so many people are connected with each other, more of them by an SFU.
_MESH = 3
_TRACK_REPORTS_UNTIL = 112
_CRASHES = 10
_POOR_S = 30
_SCORES = {Level.LOSSY: 3.4, Level.AWFUL: 2.2}
_CITIES = {
    "DE": ("be", "berlin", "52.520008", "13.404954"),
    "AT": ("9", "vienna", "48.208176", "16.373819"),
    "CH": ("zh", "zurich", "47.376888", "8.541694"),
    "FR": ("idf", "paris", "48.856613", "2.352222"),
    "GB": ("eng", "london", "51.507351", "-0.127758"),
    "US": ("ma", "cambridge", "42.373616", "-71.109733"),
    "IN": ("ka", "bengaluru", "12.971599", "77.594566"),
    "BR": ("sp", "sao paulo", "-23.550520", "-46.633308"),
}
_SYSTEMS = {"windows": "Windows", "macos": "Mac OS", "linux": "Linux", "chromeos": "Chromium OS", "ios": "iOS"}


def at(ms: int) -> datetime:
    """An instant of a world."""
    return EPOCH + timedelta(milliseconds=ms)


def room_of(made: WorldCall, app: Json, conference: Json, identity: str) -> BuiltRoom:
    """The room of a call; `conference` are members of its row."""
    people = list(_people(made))
    minutes = (made.end - made.start) / 60_000
    held = Call(at(made.start), minutes, people, sfu=len(made.people) > _MESH)
    row = {"id": identity, "conference_name": _NAMES[made.kind], **conference}
    return BuiltRoom(made.room, [held], app, row)


def _people(made: WorldCall) -> Iterator[Person]:
    """One joining for each stay."""
    sent = {each.stay: each.kind for each in reversed(made.publications) if each.kind != "screen"}
    for number, stay in enumerate(made.stays):
        who = made.people[stay.person]
        client = who.client((EPOCH + timedelta(milliseconds=made.start)).date())
        kinds = {"camera": ("audio", "video"), "mic": ("audio",)}.get(sent.get(number, ""), ())
        yield Person(
            name=who.name,
            joins=(stay.start - made.start) / 1000,
            leaves=(stay.end - made.start) / 1000,
            browser=browser_of(client),
            ends=_end(stay, who),
            media="given" if kinds else "none",
            relay=who.line >= Level.FAR,
            tcp=who.line is Level.POOR,
            candidate_errors=_drawn(who, "candidates", 4) // 3,
            emos=_score(made, number),
            stats="apart",
            kinds=kinds,
            row=_surroundings(who, client),
        )


def _drawn(person: WorldPerson, what: str, most: int) -> int:
    return crc32(f"{person.id}/{what}".encode()) % most


def _end(stay: Stay, who: WorldPerson) -> str:
    """A few of those who drop out lose their tab, and nobody tells the server."""
    if stay.why == "dropped":
        return "crash" if _drawn(who, f"end {stay.end}", _CRASHES) == 0 else "endCall"
    return "unload" if _drawn(who, f"end {stay.end}", 3) else "endCall"


def _score(made: WorldCall, number: int) -> float | None:
    """Of who received poorly for more than half a minute, as the server scores it."""
    poor = [
        each.level
        for got in made.receptions
        if got.stay == number
        for each in got.stretches
        if each.level >= Level.LOSSY and each.end - each.start > _POOR_S * 1000
    ]
    return _SCORES[max(poor)] if poor else None


def browser_of(client: Client) -> str:
    """How its browser tells statistics."""
    if client.browser == "Firefox":
        return FIREFOX
    old = client.browser in {"Chrome", "Edge"} and int(client.version or 0) < _TRACK_REPORTS_UNTIL
    return OLD_CHROME if old else CHROME


def _surroundings(who: WorldPerson, client: Client) -> Json:
    """What a session's row says of the device and the place."""
    region, city, latitude, longitude = _CITIES[who.country]
    version = client.version or "18"
    browser = {"name": client.browser or "WebView", "version": f"{version}.0.0.0", "major": version}
    return {
        "platform": {
            "ua": client.user_agent,
            "browser": browser,
            "os": {"name": _SYSTEMS.get(client.platform, "Android"), "version": "10"},
            "engine": {"name": "Gecko" if client.browser == "Firefox" else "Blink", "version": f"{version}.0"},
            "device": {},
            "cpu": {},
        },
        "geo_ip": {
            "country_code": who.country,
            "region_code": region,
            "city": city,
            "latitude": latitude,
            "longitude": longitude,
        },
        "metadata": {"plan": "pro"} if _drawn(who, "plan", 2) else None,
    }


def since(person: WorldPerson, first: date) -> str:
    """When an app first saw somebody: before the world began."""
    day = first - timedelta(days=1 + _drawn(person, "since", 300))
    return f"{day} 08:{_drawn(person, 'minute', 60):02d}:{_drawn(person, 'second', 60):02d}.488743"
