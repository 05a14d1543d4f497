"""The people of a world as Zoom knows them: names, devices, networks."""

from datetime import date
from functools import lru_cache
from zlib import crc32

from harvesters.sandbox.world import Client, Level, Person
from harvesters.sandbox.zoom.generated_ids import address, user_id
from harvesters.sandbox.zoom.meetings import Host, Json

_FIRST = ("Zoë", "José", "Anna", "Łukasz", "Søren", "Maria", "李娜", "Priya", "Jean-Luc", "Aylin", "Tom", "Beatriz")
_LAST = ("Müller", "Núñez", "Gruber", "O'Neill", "Çelik", "Šimić", "王", "Sharma", "Lefèvre", "Smith", "da Silva")
_CITIES = {
    "DE": ("Berlin (DE)", "Germany (FR Top)"),
    "AT": ("Wien (AT)", "Germany (FR Top)"),
    "CH": ("Zürich (CH)", "Germany (FR Top)"),
    "FR": ("Paris (FR)", "Netherlands (AM Top)"),
    "GB": ("London (GB)", "Netherlands (AM Top)"),
    "US": ("San Jose (US)", "United States (SC Top)"),
    "IN": ("Mumbai (IN)", "India (MB Top)"),
    "BR": ("São Paulo (BR)", "Brazil (SP Top)"),
}
# Device of the app, system and its version.
_DEVICES = {
    "windows": ("win 10+ 17763", "Windows", "10+ 17763"),
    "macos": ("Mac", "macOS", "14.5"),
    "linux": ("Unknown", "Linux", "6.8"),
    "chromeos": ("Unknown", "Chrome OS", "128"),
    "ios": ("iOS", "iOS", "18.1"),
    "android": ("Android", "Android", "15"),
}
_MOBILE = frozenset({"ios", "android"})
_MEMBERS_TOO = ("standup ", "class ")
_FIRST_APP = date(2020, 5, 19)
_PHONES, _V6 = 50, 7


def drawn(person: Person, what: str, sides: int) -> int:
    """A number below `sides`, the same for one person each time."""
    return crc32(f"{person.id}/{what}".encode()) % sides


def is_member(person: Person) -> bool:
    """Whether somebody has an account here: hosts, teams, classes, and half of a meeting's guests."""
    if " host " in person.name or person.name.startswith(_MEMBERS_TOO):
        return True
    return person.name.startswith("meeting ") and not drawn(person, "member", 2)


def shown_name(person: Person) -> str:
    """The name that others read; two people may share it."""
    return f"{_FIRST[drawn(person, 'first', len(_FIRST))]} {_LAST[drawn(person, 'last', len(_LAST))]}"


def host(person: Person) -> Host:
    """Somebody who holds meetings."""
    kind = person.name.partition(" ")[0]
    return Host(user_id(person), address(person), shown_name(person), kind.capitalize())


def identity(person: Person) -> Json:
    """Who it is, as far as the API tells: of people outside the account hardly anything."""
    member = is_member(person)
    own = user_id(person) if member else ""
    devices = ("Headset", "Headset", "Integrated Camera") if member else ("", "", "")
    return {
        "id": own,
        "participant_user_id": own,
        "user_name": shown_name(person),
        "email": address(person) if member else "",
        **dict(zip(("microphone", "speaker", "camera"), devices, strict=True)),
        "pc_name": f"pc-{drawn(person, 'pc', 10_000):04d}" if member else "",
        "domain": "example.edu" if member else "",
        "mac_addr": f" 02-00-5e-{drawn(person, 'mac', 1 << 24):06x}" if member else "",
        "harddisk_id": "",
        "customer_key": "",
    }


@lru_cache(maxsize=512)
def surroundings(person: Person, day: date) -> Json:
    """Device, version and network on a day; the same dict each time, so it must not be changed."""
    client = person.client(day)
    city, centre = _CITIES[person.country]
    return {
        **_device(person, client),
        "ip_address": _ip(person),
        "internal_ip_addresses": [f"10.{drawn(person, 'lan', 250)}.0.{1 + drawn(person, 'lan2', 250)}"],
        "location": city,
        "network_type": _network(person),
        "connection_type": "UDP",
        "video_connection_type": "UDP",
        "as_connection_type": "",
        "data_center": centre,
        "full_data_center": f"{centre};",
    }


def _device(person: Person, client: Client) -> Json:
    device, system, version = _DEVICES[person.platform]
    if client.browser and not drawn(person, "browser", 3):
        browser = {"browser_name": client.browser, "browser_version": client.version}
        shown = f"Web Browser {client.browser} {client.version}"
        return {"device": shown, "client": "Web Meeting SDK", "os": system, "os_version": "", "version": "", **browser}
    phone = not drawn(person, "phone", _PHONES)
    name = {"device_name": "iPhone" if person.platform == "ios" else "Pixel"} if person.platform in _MOBILE else {}
    shown = "Unknown + Phone" if phone else device
    return {
        "device": shown,
        "client": "Zoom Workplace",
        "os": system,
        "os_version": version,
        "version": _version(client),
        **name,
    }


def _version(client: Client) -> str:
    """Of the app: a new one each quarter, a build each day."""
    quarters, days = divmod((client.app_day - _FIRST_APP).days, 90)
    major, minor = divmod(quarters, 10)
    return f"{5 + major}.{minor}.{days // 30}.{10_000 + days}"


def _network(person: Person) -> str:
    if person.platform in _MOBILE:
        return "Cellular" if person.line >= Level.POOR or not drawn(person, "mobile", 3) else "Wifi"
    return "Wired" if drawn(person, "wired", 3) == 0 else "Wifi"


def _ip(person: Person) -> str:
    """An address of a range that is kept for documentation."""
    last = drawn(person, "ip", 254)
    if not drawn(person, "v6", _V6):
        return f"2001:db8::{last:x}"
    return f"{'192.0.2' if is_member(person) else '203.0.113'}.{1 + last}"
