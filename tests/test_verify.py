"""`status --verify`: archive, lake and index are counted anew, and what differs from the manifests is named."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from harvesters.core.day import Day
from harvesters.core.destinations import Countable, Target
from harvesters.core.manifest import write_manifest
from tests.nights import Night, state, vendor
from tests.opentok_days import KEY, session
from tests.opentok_faults import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elasticsearch import Elasticsearch

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAYS = date(2026, 11, 17), date(2026, 11, 18)
pytestmark = pytest.mark.templates_stay


@pytest.fixture
def night(tmp_path: Path, es_url: str, prefix: str) -> Iterator[Night]:
    """Two days of two calls, loaded into the lake and into an index."""
    calls = [session(number, day=day, people=2, minutes=2) for day in DAYS for number in range(2)]
    with vendor(calls, NOW, rules=UNLIMITED) as server:
        made = Night(tmp_path, NOW, server.url, es_url, prefix)
        made.setup()
        assert made.harvest(*DAYS, into=["index", "lake"]).exit_code == 0
        (tmp_path / ".env").touch()
        yield made


def verified(night: Night, code: int, **more: str) -> dict[str, Any]:
    done = night.later(more=more).command("status", "--verify", "--json", "--last", "3d")
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["verify"]
    return found


def told(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(each["day"][5:], each["place"], each["text"]) for each in found["differences"]]


def names(night: Night, day: date) -> list[str]:
    return list(night.manifest(day).records)


def lake_file(night: Night, type_: str, day: date) -> Path:
    return night.data_dir / "lake" / type_ / "vendor=opentok" / f"account={KEY}" / f"{day}.ndjson.zst"


def test_where_nothing_is_wrong_it_says_what_was_looked_at_and_writes_nothing(
    night: Night, es: Elasticsearch, prefix: str
) -> None:
    before = state(night.data_dir)
    found = verified(night, 3)
    assert (found["differences"], found["gone"]) == ([], {})
    # Two people hear each other: a conference, 2 participants, 4 streams, and a measurement of each every 30 s.
    documents = sum(len(each) for each in _lines(night))
    there = es.count(index=f"{prefix}-*", query={"exists": {"field": "vconf.conference.id"}})["count"]
    assert documents == there
    looked = {"days": 2, "conferences": 4, "documents": documents, "without": 0}
    assert found["places"] == {"archive": {**looked, "documents": 0}, "index": looked, "lake": looked}
    assert state(night.data_dir) == before
    page = night.command("status", "--verify", "--last", "3d").stdout
    assert page.endswith("0 differences from what the manifests say.\n")


def _lines(night: Night) -> Iterator[list[bytes]]:
    for path in (night.data_dir / "lake").glob("*/*/*/*.zst"):
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as text:
            yield text.read().splitlines()


def test_the_code_is_0_where_every_day_is_whole_too(night: Night) -> None:
    two = night.later(datetime(2026, 11, 19, 9, tzinfo=UTC))
    done = two.command("status", "--verify", "--last", "2d")
    assert (done.returncode, done.stderr) == (0, "")


def test_documents_that_are_gone_or_too_many_in_the_index_are_counted_by_call(
    night: Night, es: Elasticsearch, prefix: str
) -> None:
    first, second = names(night, DAYS[1])
    hits = _of(es, prefix, "samples", first)
    es.delete(index=hits[0]["_index"], id=hits[0]["_id"], refresh=True)
    streams = _of(es, prefix, "streams", second)
    es.index(index=streams[0]["_index"], id="another", document=streams[0]["_source"], refresh=True)
    number = len(hits)
    found = verified(night, 3)
    assert told(found) == [
        ("11-18", "index", f"index has {number - 1} of {number} sample documents of {first}"),
        ("11-18", "index", f"index has {len(streams) + 1} of {len(streams)} stream documents of {second}"),
    ]
    assert found["differences"][0]["expected"] - found["differences"][0]["found"] == 1


def test_conferences_that_no_manifest_knows_are_named_in_the_index(
    night: Night, es: Elasticsearch, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the day and account alone, page by page."""
    (one, other) = names(night, DAYS[1])
    made = [(account, _of(es, prefix, "conferences", name)[0]["_source"]) for account, name in (
        (KEY, one), (KEY, other), ("another", one),
    )]  # fmt: skip
    for number, (account, document) in enumerate(made):
        document["vconf"]["conference"]["id"] = f"stranger-{number}"
        document["cloud"]["account"]["id"] = account
        es.index(index=f"{prefix}-conferences-2026", document=document, refresh=True)
    text = "index has 1 of 0 conference documents of conference stranger-"
    expected = [("11-18", "index", text + number) for number in "01"]
    assert told(verified(night, 3)) == expected
    monkeypatch.setattr("harvesters.core.destinations.census.AT_ONCE", 1)
    with night.shop(["index"]) as shop:
        (index,) = shop.destinations
        assert isinstance(index, Countable)
        index.open()
        found = index.recount(Target("opentok", KEY, Day(DAYS[1])), [])
    assert len({each.record for each in found}) == 4


def _of(es: Elasticsearch, prefix: str, what: str, name: str) -> list[dict[str, Any]]:
    """The documents of one conference, found by the key that stands in its own document."""
    conferences = es.search(index=f"{prefix}-conferences-*", size=100)["hits"]["hits"]
    (id_,) = [each["_id"] for each in conferences if each["_source"]["event"]["id"].endswith(name)]
    found: list[dict[str, Any]] = es.search(
        index=f"{prefix}-{what}-*", query={"term": {"vconf.conference.id": id_}}, size=1000
    )["hits"]["hits"]
    return found


def test_a_lake_file_that_is_gone_damaged_or_has_strangers_is_named(night: Night) -> None:
    lake_file(night, "participant", DAYS[0]).unlink()
    sample = lake_file(night, "sample", DAYS[1])
    sample.write_bytes(sample.read_bytes()[:-20])
    found = told(verified(night, 3))
    first, second = names(night, DAYS[0])
    command = f"./harvest.py replay opentok --date {DAYS[1]} --destination lake"
    assert found == [
        ("11-17", "lake", f"lake has 0 of 2 participant documents of {first}"),
        ("11-17", "lake", f"lake has 0 of 2 participant documents of {second}"),
        ("11-18", "lake", f"{sample} is damaged: delete it, and '{command}' makes it anew."),
    ]


def test_conferences_of_another_day_in_the_lake_are_strangers(night: Night) -> None:
    one, other = (lake_file(night, "conference", day) for day in DAYS)
    one.write_bytes(other.read_bytes())
    found = told(verified(night, 3))
    assert [text.split(" of conference ")[0] for _, _, text in found] == [
        *(f"lake has 0 of 1 conference document of {name}" for name in names(night, DAYS[0])),
        "lake has 1 of 0 conference documents",
        "lake has 1 of 0 conference documents",
    ]


def test_an_archive_that_is_damaged_is_named_and_nothing_is_mended(night: Night) -> None:
    path = night.store(DAYS[1]).archive
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 0xFF
    path.write_bytes(content)
    before = state(night.data_dir)
    found = told(verified(night, 3))
    assert {place for _, place, _ in found} >= {"archive"}
    assert any("is no longer in the archive and is owed again" in text for _, _, text in found)
    assert state(night.data_dir) == before


def test_a_manifest_that_forgot_a_record_is_named(night: Night) -> None:
    manifest = night.manifest(DAYS[0])
    name = names(night, DAYS[0])[1]
    del manifest.records[name]
    manifest.archive_sha256 = "of another file"
    write_manifest(night.store(DAYS[0]).manifest_path, manifest)
    found = told(verified(night, 3))
    assert found == [("11-17", "archive", f"record {name} is in the archive, and its manifest does not know it")]


def test_an_elasticsearch_that_is_gone_is_failed_and_the_lake_is_looked_at_all_the_same(night: Night) -> None:
    found = verified(night, 1, ES_HOST="127.0.0.1:9")
    assert "cannot be reached" in found["gone"]["index"]
    assert found["places"]["lake"]["days"] == 2


def test_a_cluster_that_never_got_these_days_is_told_from_one_that_lost_them(night: Night) -> None:
    found = verified(night, 3, INDEX_PREFIX="vconf-t-another")
    assert found["places"]["index"] == {"days": 0, "conferences": 0, "documents": 0, "without": 2}
    assert found["differences"] == []
