"""The GeoIP databases of the tests, and people of whom the enrichment is asked."""

from pathlib import Path
from typing import Any

from harvesters.core.tree import Conference, Entity, Issue, Stream

FOLDER = Path(__file__).parent / "data" / "geoip"
CITY, COUNTRY, ASN = (FOLDER / f"GeoLite2-{name}-Test.mmdb" for name in ("City", "Country", "ASN"))
LONDON, BOXFORD, LINKOPING, MILTON, BHUTAN, JAPAN = (
    "81.2.69.142", "2.125.160.216", "89.160.20.112", "216.160.83.56", "67.43.156.1", "2001:218::1",
)  # fmt: skip
FILES = {"GEOIP_FILE": str(CITY), "GEOIP_ASN_FILE": str(ASN)}


def person(key: str = "p", **fields: Any) -> Entity:
    """An entity; `__` in names stands for a dot."""
    return Entity((key,), 0, None, {name.replace("__", "."): value for name, value in fields.items()})


def call(*people: Entity, streams: list[Stream] | None = None, issues: list[Issue] | None = None) -> Conference:
    """A conference of these people."""
    conference = person("c", vconf__conference__parent_id="room-1", vconf__conference__vendor_id="call-1")
    return Conference(conference, {each.key[0]: each for each in people}, streams or [], issues or [])


def damaged() -> bytes:
    """The City database as after a bad copy: it opens, and what it knows of Linköping is rubbish."""
    name = "Linköping".encode()
    return CITY.read_bytes().replace(name, b"\xff" * len(name))
