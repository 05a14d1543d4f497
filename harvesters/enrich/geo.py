"""Where an address is and whose network it belongs to, by the user's own databases, in ECS's fields."""

from harvesters.core.lenient import inside
from harvesters.core.tree import Entity
from harvesters.enrich.database import Database, Fields, Kind
from harvesters.enrich.walk import Step

IP, COUNTRY = "client.ip", "client.geo.country_iso_code"
LATITUDE, LONGITUDE = 90.0, 180.0


def place_fields(answer: object) -> Fields:
    """An answer of a City or Country database as fields, absent ones None; empty if it names no country.

    Names are the English ones. Of several regions inside each other it is the smallest, as Elasticsearch's own
    processor takes it.
    """
    country = _text(answer, "country", "iso_code")
    if country is None:
        return {}
    regions = inside(answer, "subdivisions")
    region = regions[-1] if isinstance(regions, list) and regions else None
    code = _text(region, "iso_code")
    return {
        COUNTRY: country,
        "client.geo.country_name": _text(answer, "country", "names", "en"),
        "client.geo.continent_code": _text(answer, "continent", "code"),
        "client.geo.region_iso_code": f"{country}-{code}" if code else None,
        "client.geo.region_name": _text(region, "names", "en"),
        "client.geo.city_name": _text(answer, "city", "names", "en"),
        "client.geo.location": _point(inside(answer, "location")),
        "client.geo.timezone": _text(answer, "location", "time_zone"),
    }


def network_fields(answer: object) -> Fields:
    """An answer of an ASN database as fields, absent ones None; empty if it names no network."""
    number = inside(answer, "autonomous_system_number")
    if not isinstance(number, int) or isinstance(number, bool):
        return {}
    name = _text(answer, "autonomous_system_organization")
    return {"client.as.number": number, "client.as.organization.name": name}


PLACES = Kind("GEOIP_FILE", "a City or Country database", "country", place_fields)
NETWORKS = Kind("GEOIP_ASN_FILE", "an ASN database", "network", network_fields)


def place_step(places: Database) -> Step:
    """The step that says where the address of an entity is.

    Where nobody knows, the vendor's own word stays. Of an answer the country holds; the vendor's city stays beside it
    only if the answer has none and the vendor means the same country.
    """

    def place(entity: Entity) -> None:
        found = places.find(entity.fields.get(IP))
        if found:
            agreed = entity.fields.get(COUNTRY) in {None, found[COUNTRY]}
            entity.fields.update({name: value for name, value in found.items() if value is not None or not agreed})

    return place


def network_step(networks: Database) -> Step:
    """The step that says whose network the address of an entity belongs to."""

    def name(entity: Entity) -> None:
        entity.fields.update(networks.find(entity.fields.get(IP)))

    return name


def _text(answer: object, *names: str) -> str | None:
    found = inside(answer, *names)
    return found if isinstance(found, str) and found else None


def _point(location: object) -> dict[str, float] | None:
    """A `geo_point`, in degrees; impossible numbers would cost the document."""
    lat, lon = inside(location, "latitude"), inside(location, "longitude")
    if not (_within(lat, LATITUDE) and _within(lon, LONGITUDE)):
        return None
    return {"lat": lat, "lon": lon}


def _within(number: object, most: float) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and abs(number) <= most
