"""Where an address is and whose network it is, by MaxMind's own test databases; what is no address asks nobody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import maxminddb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.core.errors import Exit, SettingsError
from harvesters.core.fields import by_name
from harvesters.core.tree import Issue, Stream
from harvesters.enrich.addresses import MOST, addresses
from harvesters.enrich.database import Database, Kind, open_geoip
from harvesters.enrich.geo import NETWORKS, PLACES, network_fields, network_step, place_fields, place_step
from harvesters.enrich.walk import walk
from tests.geoip import ASN, BHUTAN, BOXFORD, CITY, COUNTRY, JAPAN, LINKOPING, LONDON, MILTON, call, damaged, person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harvesters.core.tree import Entity


def opened(path: Path, kind: Kind) -> Database:
    problems: list[str] = []
    found = open_geoip(path, kind, problems)
    assert problems == []
    assert found
    return found


@pytest.fixture(scope="module")
def places() -> Iterator[Database]:
    found = opened(CITY, PLACES)
    yield found
    found.close()


@pytest.fixture(scope="module")
def networks() -> Iterator[Database]:
    found = opened(ASN, NETWORKS)
    yield found
    found.close()


def present(entity: Entity) -> dict[str, Any]:
    """The fields of the place and network of an entity, without their common beginning."""
    told = {name: value for name, value in entity.fields.items() if value is not None and name != "client.ip"}
    return {name.removeprefix("client."): value for name, value in told.items()}


# -- addresses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (LONDON, [LONDON]),
        (f" {LONDON}\n", [LONDON]),
        ("2001:0218:0:0::1", ["2001:218::1"]),
        ("fe80::1%eth0", ["fe80::1"]),
        ("2001:218::1%en0", ["2001:218::1"]),
        (f"::ffff:{LONDON}", [LONDON]),
        (f"{LONDON}, {BOXFORD}", [LONDON, BOXFORD]),
        (f"10.0.0.1;unknown {LONDON}", ["10.0.0.1", LONDON]),
        ([LONDON, None, BOXFORD], [LONDON, BOXFORD]),
        ("120.000.000", []),
        ("081.2.69.142", []),
        ("256.1.1.1", []),
        ("1.2.3.4.5", []),
        ("1.2.3.4%eth0", []),
        ("127.1", []),
        ("2130706433", []),
        ("81.2.69.0/24", []),
        ("\u0661.1.1.1", []),
        ("\ud800", []),
        ("-omitted-", []),
        ("", []),
        (None, []),
        (2130706433, []),
        ({"ip": LONDON}, []),
    ],
)
def test_what_is_an_address(told: object, found: list[str]) -> None:
    assert list(addresses(told)) == found


def test_a_list_without_end_is_read_to_some_point() -> None:
    assert len(list(addresses(",".join([LONDON] * 1000)))) == MOST


# -- places -----------------------------------------------------------------------------------------------


def test_a_place_has_all_of_ecs_s_fields(places: Database) -> None:
    ann = person(client__ip=LINKOPING)
    place_step(places)(ann)

    assert present(ann) == {
        "geo.country_iso_code": "SE",
        "geo.country_name": "Sweden",
        "geo.continent_code": "EU",
        "geo.region_iso_code": "SE-E",
        "geo.region_name": "Östergötland County",
        "geo.city_name": "Linköping",
        "geo.location": {"lat": 58.4167, "lon": 15.6167},
        "geo.timezone": "Europe/Stockholm",
    }
    assert set(ann.fields) <= set(by_name())


@pytest.mark.parametrize(
    ("told", "country", "region", "city"),
    [
        (LONDON, "GB", "GB-ENG", "London"),
        (BOXFORD, "GB", "GB-WBK", "Boxford"),  # West Berkshire, which is in England
        (MILTON, "US", "US-WA", "Milton"),
        (BHUTAN, "BT", None, None),
        (JAPAN, "JP", None, None),
        (f"{JAPAN}%en0", "JP", None, None),
        (f"::ffff:{LONDON}", "GB", "GB-ENG", "London"),
        (f"10.1.2.3, {LONDON}, {MILTON}", "GB", "GB-ENG", "London"),
        ([BHUTAN, LONDON], "BT", None, None),
        ("10.20.30.40", None, None, None),
        ("192.168.0.1", None, None, None),
        ("127.0.0.1", None, None, None),
        ("192.0.2.77", None, None, None),
        ("0.0.0.0", None, None, None),  # noqa: S104 - what a vendor may send
        ("255.255.255.255", None, None, None),
        ("224.0.0.1", None, None, None),
        ("::", None, None, None),
        ("::1", None, None, None),
        ("fe80::1%eth0", None, None, None),
        ("fd00::1", None, None, None),
        ("120.000.000", None, None, None),
        ("-omitted-", None, None, None),
        (None, None, None, None),
    ],
)
def test_where_an_address_is(
    places: Database, told: object, country: str | None, region: str | None, city: str | None
) -> None:
    ann = person(client__ip=told)
    place_step(places)(ann)

    found = [ann.fields.get(f"client.geo.{name}") for name in ("country_iso_code", "region_iso_code", "city_name")]
    assert found == [country, region, city]


@pytest.mark.parametrize("told", [None, "10.1.2.3", "-omitted-", "120.000.000"])
def test_the_vendor_s_word_stays_where_the_database_has_none(places: Database, told: str | None) -> None:
    ann = person(client__ip=told, client__geo__country_iso_code="FR", client__geo__city_name="Paris")
    place_step(places)(ann)

    assert present(ann) == {"geo.country_iso_code": "FR", "geo.city_name": "Paris"}


@pytest.mark.parametrize(
    ("path", "told", "country", "city", "stays"),
    [
        (CITY, LONDON, "GB", "Leeds", "London"),
        (CITY, BHUTAN, "BT", "Thimphu", "Thimphu"),
        (CITY, BHUTAN, "FR", "Paris", None),  # or Paris lay in Bhutan
        (CITY, BHUTAN, None, "Thimphu", "Thimphu"),
        (COUNTRY, LONDON, "GB", "London", "London"),
        (COUNTRY, LONDON, "FR", "Paris", None),
    ],
)
def test_the_vendor_s_city_stays_beside_its_own_country_alone(
    path: Path, told: str, country: str | None, city: str, stays: str | None
) -> None:
    ann = person(client__ip=told, client__geo__country_iso_code=country, client__geo__city_name=city)
    database = opened(path, PLACES)
    place_step(database)(ann)
    database.close()

    assert ann.fields["client.geo.country_iso_code"] == ("GB" if told == LONDON else "BT")
    assert ann.fields["client.geo.city_name"] == stays


def test_a_country_database_gives_countries() -> None:
    database = opened(COUNTRY, PLACES)
    ann = person(client__ip=LONDON)
    place_step(database)(ann)
    database.close()

    expected = {"geo.country_iso_code": "GB", "geo.country_name": "United Kingdom", "geo.continent_code": "EU"}
    assert present(ann) == expected


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(91.0, 0.0), (0.0, 181.0), (float("nan"), 0.0), (0.0, float("inf")), (None, 1.0), ("1", "2"), (True, False)],
)
def test_an_impossible_point_is_absent(latitude: object, longitude: object) -> None:
    answer = {"country": {"iso_code": "GB"}, "location": {"latitude": latitude, "longitude": longitude}}
    assert place_fields(answer)["client.geo.location"] is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([
            "country", "city", "continent", "subdivisions", "location", "names", "en", "iso_code", "code",
            "latitude", "longitude", "time_zone", "autonomous_system_number", "autonomous_system_organization",
        ]), inner, max_size=5,
    ),
    max_leaves=15,
)  # fmt: skip


@given(anything)
def test_whatever_a_database_holds_is_a_place_and_a_network_or_none(answer: object) -> None:
    for found in (place_fields(answer), network_fields(answer)):
        for name, value in found.items():
            assert value is None or isinstance(value, int if name == "client.as.number" else str | dict), name


# -- networks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "number", "name"),
    [
        (LINKOPING, 29518, "Bredband2 AB"),
        (BHUTAN, 35908, None),
        (LONDON, None, None),
        ("10.20.30.40", None, None),
        ("120.000.000", None, None),
        (None, None, None),
    ],
)
def test_whose_network_an_address_belongs_to(
    networks: Database, told: object, number: int | None, name: str | None
) -> None:
    ann = person(client__ip=told)
    network_step(networks)(ann)

    assert (ann.fields.get("client.as.number"), ann.fields.get("client.as.organization.name")) == (number, name)


# -- never an end of the night ----------------------------------------------------------------------------

hostile = st.one_of(
    st.text(st.characters(), max_size=60),  # lone surrogates among them
    st.text("0123456789abcdef.:%[]/, -", max_size=60),
    st.ip_addresses().map(str),
    st.none() | st.integers() | st.lists(st.text(max_size=20) | st.none(), max_size=4),
)


@given(hostile)
def test_no_text_in_the_place_of_an_address_raises(told: object) -> None:
    with maxminddb.open_database(CITY) as reader, maxminddb.open_database(ASN) as asn:
        ann = person(client__ip=told)
        place_step(Database(CITY, PLACES, "", reader))(ann)
        network_step(Database(ASN, NETWORKS, "", asn))(ann)
        assert ann.fields["client.ip"] == told
        assert set(ann.fields) <= set(by_name())


def test_an_answer_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    database, asked = opened(CITY, PLACES), []

    class Counting:
        def get(self, address: str) -> object:
            asked.append(address)
            return {"country": {"iso_code": "GB"}}

    monkeypatch.setattr(database, "_reader", Counting())
    for _ in range(3):
        assert database.find(f"{LONDON} ") == database.find(LONDON)
    assert asked == [LONDON]


def test_several_threads_may_ask_at_once(places: Database) -> None:
    told = [f"{LONDON[:-3]}{last}" for last in range(1, 255)] * 8
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda each: places.find(each).get("client.geo.city_name"), told))

    assert found == [places.find(each).get("client.geo.city_name") for each in told]
    assert "London" in found


# -- files ------------------------------------------------------------------------------------------------


def test_the_digest_is_of_what_is_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "other.mmdb").write_bytes(CITY.read_bytes())
    here, there, another = (opened(path, PLACES) for path in (CITY, tmp_path / "other.mmdb", COUNTRY))

    assert here.digest == there.digest != another.digest
    assert len(here.digest) == 64
    for each in (here, there, another):
        each.close()


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (b"", PLACES, "is no GeoIP database (.mmdb); it should be a City or Country database."),
        (b"room;school\n" * 1000, PLACES, "is no GeoIP database (.mmdb); it should be a City or Country database."),
        (CITY.read_bytes()[:-300], PLACES, "is no GeoIP database (.mmdb); it should be a City or Country database."),
        (
            ASN.read_bytes(),
            PLACES,
            "whose first records name no country (GeoLite2-ASN); it should be a City or Country database.",
        ),
        (
            CITY.read_bytes(),
            NETWORKS,
            "whose first records name no network (GeoLite2-City); it should be an ASN database.",
        ),
    ],
)
def test_a_file_that_is_none_or_another_is_named(tmp_path: Path, content: bytes, kind: Kind, said: str) -> None:
    path, problems = tmp_path / "geo.mmdb", list[str]()
    path.write_bytes(content)

    assert open_geoip(path, kind, problems) is None
    (problem,) = problems
    assert problem.startswith(f"{kind.env} names {path}, ")
    assert problem.endswith(said)


def test_no_file_is_no_step() -> None:
    problems: list[str] = []
    assert open_geoip(None, PLACES, problems) is None
    assert problems == []


def test_a_damaged_database_ends_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "damaged.mmdb"
    path.write_bytes(damaged())
    database = opened(path, PLACES)

    with pytest.raises(SettingsError, match=r"GEOIP_FILE names .* which is damaged: get the database anew") as caught:
        database.find(LINKOPING)
    assert caught.value.exit_code is Exit.CONFIGURATION
    database.close()


def test_a_database_of_ipv4_alone_knows_no_other_address(monkeypatch: pytest.MonkeyPatch) -> None:
    database = opened(CITY, PLACES)
    monkeypatch.setattr(database, "_only_ipv4", True)
    assert database.find(JAPAN) == {}
    assert database.find(f"{JAPAN}, {LONDON}")["client.geo.city_name"] == "London"
    database.close()


def test_who_is_known_to_a_stream_or_an_issue_alone_has_a_place_there(places: Database) -> None:
    ann = person("a", client__ip=LONDON)
    streams = [Stream(person("s", client__ip=MILTON), None, None, ())]
    tree = call(ann, streams=streams, issues=[Issue(person("i", client__ip=BHUTAN))])
    walk(tree, [place_step(places)])

    assert ann.fields["client.geo.city_name"] == "London"
    assert [each.entity.fields["client.geo.city_name"] for each in tree.streams] == ["Milton"]
    assert [each.entity.fields["client.geo.country_iso_code"] for each in tree.issues] == ["BT"]
