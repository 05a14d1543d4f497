"""The enrichment from a vendor's day to the documents: in the lake and in Elasticsearch, live and replayed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harvesters.commands.build import recipe
from harvesters.commands.work import Request, reported
from harvesters.core.source import Account
from harvesters.sandbox.zoom import Person, meeting
from tests.geoip import ASN, CITY, FILES, LINKOPING, LONDON, damaged
from tests.nights import NOBODY, Night, _Mute, lake_lines
from tests.node_door import leaves, stored
from tests.shell import Shell, vendor
from tests.zoom_days import ACCOUNT, DAY, LONELY, PLAIN, SETTLED, at
from tests.zoom_nights import Vendor, ZoomNight, zoom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elasticsearch import Elasticsearch

ANN = Person("Ann", email="Ann@example.com", row={"ip_address": LINKOPING, "location": "Paris (FR)"})
BEN = Person("Ben", row={"ip_address": "120.000.000", "location": "Paris (FR)"})
TABLE = f"""room;person;account;school;class
828 2796 2364;;;Linden School;7b
;ann@example.com;;;teacher
;;{ACCOUNT};District 4;
"""
CHILDREN = ("participant", "stream", "sample")


@pytest.fixture
def account() -> Iterator[Vendor]:
    """Two meetings: Ann and Ben in a room that has labels, Cleo in one that has none."""
    with zoom(
        [meeting(PLAIN, at(9), 2, people=[ANN, BEN], number=82827962364), meeting(LONELY, at(12), 2, people=["Cleo"])],
        SETTLED,
    ) as it:
        yield it


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The labels; the room by Zoom's number, with spaces as Zoom shows it."""
    path = tmp_path / "labels.csv"
    path.write_text(TABLE)
    return path


@pytest.fixture
def night(tmp_path: Path, account: Vendor, table: Path) -> ZoomNight:
    return ZoomNight.at(tmp_path / "data", account).set(LOOKUP_FILE=str(table), **FILES)


def of(night: ZoomNight, type_: str, name: str) -> list[dict[str, Any]]:
    """The documents of a type that are about somebody."""
    found = [leaves(each) for each in night.documents(type_)]
    return [each for each in found if each.get("user.full_name") == name]


# -- a day ------------------------------------------------------------------------------------------------


def test_a_day_has_places_networks_and_labels(night: ZoomNight) -> None:
    assert night.harvest(DAY).exit_code == 0

    for type_ in CHILDREN:
        anns, bens = of(night, type_, "Ann"), of(night, type_, "Ben")
        assert anns
        assert bens
        for ann in anns:
            assert ann["client.geo.country_iso_code"] == "SE", "Zoom said France"
            assert ann["client.geo.city_name"] == "Linköping"
            assert (ann["labels.school"], ann["labels.class"]) == ("Linden School", "teacher")
        for ben in bens:
            assert ben["client.ip"] == "120.000.000"
            assert (ben["client.geo.country_iso_code"], ben["client.geo.city_name"]) == ("FR", "Paris")
            assert (ben["labels.school"], ben["labels.class"]) == ("Linden School", "7b")
    ann = of(night, "participant", "Ann")[0]
    assert (ann["client.geo.location.lat"], ann["client.geo.location.lon"]) == (58.4167, 15.6167)
    assert (ann["client.as.number"], ann["client.as.organization.name"]) == (29518, "Bredband2 AB")
    conferences = {uuid: each["labels"] for uuid, each in night.conferences().items()}
    assert conferences == {
        PLAIN: {"school": "Linden School", "class": "7b"},
        LONELY: {"school": "District 4"},
    }
    assert {each["labels.school"] for each in of(night, "sample", "Cleo")} == {"District 4"}


def test_elasticsearch_finds_them(es: Elasticsearch, es_url: str, prefix: str, night: ZoomNight) -> None:
    loaded = night.later(es_url=es_url, prefix=prefix)
    loaded.setup()
    ran = loaded.harvest(DAY, into=["index", "lake"])
    assert (ran.exit_code, ran.counts()["rejected"]) == (0, 0)
    hits = stored(es, es_url, prefix)
    assert sorted(hit.source for hit in hits.values()) == sorted(lake_lines(night.data_dir))

    def found(kind: str, query: dict[str, Any]) -> int:
        return int(es.count(index=f"{prefix}-{kind}", query=query)["count"])

    near = {"distance": "10km", "client.geo.location": {"lat": 58.4, "lon": 15.6}}
    assert found("participants", {"geo_distance": near}) == 1
    assert found("streams", {"term": {"client.as.number": 29518}}) == 2
    assert found("participants", {"term": {"labels.class": "teacher"}}) == 1
    assert found("conferences", {"term": {"labels.school": "Linden School"}}) == 1
    assert found("samples", {"term": {"labels.school": "Linden School"}}) == found("samples", {"match_all": {}}) * 2 / 3


def test_a_replay_gives_the_bytes_of_the_live_run(night: ZoomNight, tmp_path: Path) -> None:
    night.harvest(DAY)
    live = lake_lines(night.data_dir)
    for path in (night.data_dir / "lake").rglob("*.zst"):
        path.unlink()
    manifest = next((night.data_dir / "archive").rglob("*.manifest.json"))
    manifest.unlink()
    again = Shell(tmp_path, {**night.environment, "DATA_DIR": str(night.data_dir)})
    done = again("replay", "zoom", "--all", "--destination", "lake")

    assert done.code == 0, done.err
    assert lake_lines(night.data_dir) == live
    assert any(b"Bredband2 AB" in line for line in live)


# -- what a change costs ----------------------------------------------------------------------------------


def sent(night: ZoomNight) -> int:
    return night.later().harvest(DAY).counts("lake").get("sent", 0)


def test_a_changed_table_makes_the_day_owed(night: ZoomNight, account: Vendor, table: Path) -> None:
    every = sent(night)
    assert every > 0
    assert sent(night) == 0
    asked = len(account.server.log)
    table.write_text(table.read_text().replace("Linden School", "Oak School"))

    assert sent(night) == every
    assert len(account.server.log) == asked, "the vendor is not asked"
    assert night.conferences()[PLAIN]["labels"]["school"] == "Oak School"
    assert sent(night) == 0


def test_the_same_files_elsewhere_cost_nothing(night: ZoomNight, tmp_path: Path, table: Path) -> None:
    assert sent(night) > 0
    before = lake_lines(night.data_dir)
    moved = {"GEOIP_FILE": CITY, "GEOIP_ASN_FILE": ASN, "LOOKUP_FILE": table}
    for env, path in moved.items():
        (tmp_path / env).write_bytes(path.read_bytes())
    elsewhere = night.set(**{env: str(tmp_path / env) for env in moved})

    assert sent(elsewhere) == 0
    assert lake_lines(night.data_dir) == before


@pytest.mark.parametrize("env", ["GEOIP_FILE", "GEOIP_ASN_FILE", "LOOKUP_FILE"])
def test_a_file_that_is_no_longer_set_makes_the_day_owed(night: ZoomNight, env: str) -> None:
    every = sent(night)

    assert sent(night.set(**{env: ""})) == every
    assert sent(night) == every


@pytest.mark.parametrize(
    ("name", "more", "digest"),
    [
        ("opentok", {}, "0beefbe29ad8"),
        ("opentok", {"OPENTOK_BITRATE_UNIT": "kbit"}, None),
        ("zoom", {}, "4f53cda18c2b"),
    ],
)
def test_without_files_the_digest_is_what_it_was_before_there_were_any(
    tmp_path: Path, name: str, more: dict[str, str], digest: str | None
) -> None:
    """Or every archive would be loaded again for nothing."""
    made = recipe(Night(tmp_path, SETTLED, more=more).place, name, Account("a", "default"))
    with_files = recipe(Night(tmp_path, SETTLED, more={**more, **FILES}).place, name, Account("a", "default"))

    assert digest in {None, made.envelope.settings}
    assert with_files.envelope.settings != made.envelope.settings


# -- user agents ------------------------------------------------------------------------------------------


def test_a_user_agent_tells_what_opentok_does_not(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with vendor(shell):
        done = shell("dev", "demo")
    assert done.code == 0, done.err
    (ann,) = map(leaves, _documents(shell.data / "demo", "participant"))

    assert (ann["user_agent.name"], ann["user_agent.version"]) == ("Chrome", "83"), "as OpenTok says"
    assert (ann["user_agent.os.name"], ann["user_agent.os.version"]) == ("Mac OS X", "10.14.6")
    assert ann["user_agent.device.name"] == "Mac"
    assert {
        leaves(each)["user_agent.os.name"] for each in _documents(shell.data / "demo", "sample") if "user_agent" in each
    } == {"Mac OS X"}


def _documents(data: Path, type_: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lake_lines(data, type_)]


# -- files that are wrong, or not there -------------------------------------------------------------------


def test_every_file_that_is_wrong_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("room;school\n;Linden\nr1;a;b\n")
    (tmp_path / "asn.mmdb").write_bytes(CITY.read_bytes())
    (tmp_path / ".env").write_text(
        "LOOKUP_FILE=labels.csv\nGEOIP_ASN_FILE=asn.mmdb\nGEOIP_FILE=gone.mmdb\nINDEX_PREFIX=_x\n"
    )
    shell = Shell(tmp_path, {"OPENTOK_API_KEY": "1", "OPENTOK_API_SECRET": "x", "OPENTOK_URL": NOBODY})
    asn = "it should be an ASN database."
    for command in (["opentok", "--date", "yesterday"], ["replay", "--all"], ["config", "show"]):
        done = shell(*command)

        assert done.code == 78
        said = [line.removeprefix("error: ").replace(f"{tmp_path}/", "") for line in done.err.splitlines()]
        assert [line for line in said if not line.startswith("no day")] == [
            "INDEX_PREFIX is '_x': use a-z, 0-9, '-' and '_', begin with a letter or digit, 40 characters at most.",
            "GEOIP_FILE names gone.mmdb, which is not a file.",
            f"GEOIP_ASN_FILE names asn.mmdb, whose first records name no network (GeoLite2-City); {asn}",
            "LOOKUP_FILE labels.csv line 2 has labels, but names no room, person or account that they belong to.",
            "LOOKUP_FILE labels.csv line 3 has text in column 3, which has no name in the first line.",
        ]


def test_a_database_that_turns_out_damaged_fails_the_day_and_keeps_it(
    night: ZoomNight, tmp_path: Path, account: Vendor
) -> None:
    (tmp_path / "damaged.mmdb").write_bytes(damaged())
    ran = night.set(GEOIP_FILE=str(tmp_path / "damaged.mmdb")).harvest(DAY)

    assert (ran.exit_code, ran.only.state) == (78, "failed")
    assert ran.only.sentence().endswith("damaged.mmdb, which is damaged: get the database anew.")
    asked = len(account.server.log)
    assert night.harvest(DAY).exit_code == 0
    assert len(account.server.log) == asked


def test_what_is_left_out_is_said_once_to_who_wants_to_know(tmp_path: Path) -> None:
    shell = Shell(tmp_path, {"GEOIP_ASN_FILE": str(ASN)})
    said = (
        "info: not set, so left out of the documents: GEOIP_FILE (places of addresses), LOOKUP_FILE (your own labels)"
    )
    with vendor(shell):
        plain, verbose = shell("opentok", "--date", "2026-11-18"), shell("-v", "opentok", "--last", "3d")

    assert (plain.code, verbose.code) == (0, 0)
    assert "left out of" not in plain.err
    assert verbose.err.splitlines().count(said) == 1


def test_the_databases_are_closed_at_the_end_of_a_run(night: ZoomNight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Mute, "run_ended", lambda _console, _report: None)
    place = night.place
    assert place.enrichment.places
    with reported(_Mute(), place, Request("zoom")):
        assert place.enrichment.places.find(LONDON)["client.geo.city_name"] == "London"

    with pytest.raises(ValueError, match="closed"):
        place.enrichment.places.find(LINKOPING)
