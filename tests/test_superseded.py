"""What a record no longer has is removed from the index, and nothing else is."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from harvesters.core.destinations.elastic import Cluster
from harvesters.sandbox import Rules
from tests.nights import Night, Ran, vendor
from tests.node_door import sources, stored
from tests.opentok_days import session

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
pytestmark = pytest.mark.templates_stay


def call(index: int = 0) -> dict[str, Any]:
    return session(index, day=DAY, start=timedelta(hours=9 + index), people=3, minutes=4)


def poorer(whole: dict[str, Any]) -> dict[str, Any]:
    """The same call without one of its people: his connection, streams and rows are gone."""
    (meeting,) = whole["meetings"]["resources"]
    gone = meeting["connections"]["resources"][2]["connectionId"]

    def without(name: str) -> dict[str, Any]:
        return {"resources": [each for each in meeting[name]["resources"] if each["connectionId"] != gone]}

    left = {name: without(name) for name in ("connections", "publishers", "subscribers")}
    return {**whole, "meetings": {"resources": [{**meeting, **left}]}}


@pytest.fixture
def night(tmp_path: Path, es_url: str, prefix: str) -> Night:
    night = Night(tmp_path, NOW, es_url=es_url, prefix=prefix)
    night.setup()
    return night


def harvested(night: Night, sessions: Sequence[dict[str, Any]], **options: Any) -> Ran:
    with vendor(sessions, night.now, rules=Rules(rate_limit=None)) as source:
        return night.later(vendor_url=source.url).harvest(DAY, into=["index", "lake"], **options)


def test_what_a_call_lost_is_removed_and_other_calls_stay(
    night: Night, es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    harvested(night, [call(0), call(1)])
    before = stored(es, es_url, prefix)
    # Of three people, each of whom sends one stream and receives two, one is gone with his three.
    ran = harvested(night.later(LATER), [poorer(call(0)), call(1)], again=True)
    after = stored(es, es_url, prefix)
    gone = [hit.document["vconf"]["type"] for id_, hit in before.items() if id_ not in after]
    assert (gone.count("participant"), gone.count("stream"), gone.count("conference")) == (1, 1 + 2, 0)
    assert gone.count("sample") > 3 * 6
    assert (ran.exit_code, ran.only.warnings) == (0, [])
    assert f"{len(gone)} superseded ones removed" in ran.only.sentence()
    lake = Night(tmp_path / "fresh", LATER, es_url=es_url, prefix=prefix)
    assert harvested(lake, [poorer(call(0)), call(1)]).exit_code == 0
    # A machine that knows of the present day alone would put the same there.
    assert set(after) == set(stored(es, es_url, prefix))


def test_what_another_meaning_no_longer_has_is_removed(
    night: Night, es: Elasticsearch, es_url: str, prefix: str
) -> None:
    """A document of the same fetch and of older settings, which the present ones no longer make."""
    harvested(night, [call()])
    (hit, *_) = stored(es, es_url, prefix, ["samples"]).values()
    es.index(index=hit.index, id=f"{hit.id}.7", document=hit.document, version=hit.version, version_type="external_gte")
    ran = night.later(more={"OPENTOK_BITRATE_UNIT": "kbit"}).replay(DAY, into=["index"])
    assert "1 superseded ones removed" in ran.only.sentence()
    assert f"{hit.id}.7" not in stored(es, es_url, prefix)


def test_nothing_is_removed_of_a_call_that_was_not_loaded(
    night: Night, es: Elasticsearch, es_url: str, prefix: str
) -> None:
    harvested(night, [call()])
    (hit, *_) = stored(es, es_url, prefix, ["samples"]).values()
    older = {**hit.document, "vconf": {**hit.document["vconf"]}}
    older["vconf"]["harvest"] = {**older["vconf"]["harvest"], "fetched_at": "2026-11-21T08:00:00.000Z"}
    es.index(index=hit.index, id="older", document=older, version=1, version_type="external_gte")
    ran = harvested(night.later(LATER), [call()])
    assert ran.counts()["sent"] == 0
    assert [each for each in ran.only.warnings if each.startswith("surplus in index: 1 more sample documents")]
    assert "older" in stored(es, es_url, prefix)


def test_a_document_that_is_newer_than_ours_stays(night: Night, es: Elasticsearch, es_url: str, prefix: str) -> None:
    """Another machine fetched the call later; ours is a replay of an older archive."""
    harvested(night, [call()])
    (hit, *_) = stored(es, es_url, prefix, ["samples"]).values()
    newer = {**hit.document, "vconf": {**hit.document["vconf"]}}
    newer["vconf"]["harvest"] = {**newer["vconf"]["harvest"], "fetched_at": "2026-11-22T08:00:00.000Z"}
    es.index(index=hit.index, id="newer", document=newer, version=hit.version + 10**7, version_type="external_gte")
    ran = night.later(more={"OPENTOK_BITRATE_UNIT": "kbit"}).replay(DAY, into=["index"])
    assert "removed" not in ran.only.sentence()
    assert "newer" in stored(es, es_url, prefix)


def test_a_fresh_document_in_an_index_that_was_not_refreshed_is_never_hit(
    night: Night, es: Elasticsearch, es_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the search and the delete another run writes the document anew; the search did not see that."""
    harvested(night, [call()])
    before = stored(es, es_url, prefix)
    delete = Cluster.delete
    fresh: list[str] = []

    def late(self: Cluster, hits: Sequence[dict[str, Any]]) -> list[int]:
        if not fresh:
            one = hits[0]
            document = {**before[one["_id"]].document}
            document["vconf"]["harvest"]["fetched_at"] = "2026-11-23T08:00:00.000Z"
            version = before[one["_id"]].version + 10**9
            es.index(
                index=one["_index"], id=one["_id"], document=document, version=version, version_type="external_gte"
            )
            fresh.append(one["_id"])
        return delete(self, hits)

    monkeypatch.setattr(Cluster, "delete", late)
    ran = harvested(night.later(LATER), [poorer(call())], again=True)
    after = stored(es, es_url, prefix)
    assert fresh[0] in after
    assert after[fresh[0]].document["vconf"]["harvest"]["fetched_at"] == "2026-11-23T08:00:00.000Z"
    assert [each for each in ran.only.warnings if each.startswith("surplus in index: 1 more ")]
    gone = set(before) - set(after)
    assert f"{len(gone)} superseded ones removed" in ran.only.sentence()


def test_without_the_right_to_delete_the_surplus_is_named_and_the_day_is_complete(
    night: Night, es: Elasticsearch, es_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    harvested(night, [call()])
    before = sources(stored(es, es_url, prefix))
    monkeypatch.setattr(Cluster, "delete", lambda _self, hits: [403] * len(hits))
    ran = harvested(night.later(LATER), [poorer(call())], again=True)
    assert (ran.exit_code, ran.only.state) == (0, "complete")
    assert [each.split(":")[0] for each in ran.only.warnings if "surplus" in each] == ["surplus in index"] * 3
    assert "index: our user may not delete (see README, rights)." in ran.only.warnings
    assert set(before) == set(stored(es, es_url, prefix))


def test_more_than_a_page_of_documents_goes(
    night: Night, es: Elasticsearch, es_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harvesters.core.destinations.superseded.HITS", 7)
    harvested(night, [call()])
    ran = harvested(night.later(LATER), [poorer(call())], again=True)
    assert (ran.exit_code, ran.only.warnings) == (0, [])
    people = [hit.document for hit in stored(es, es_url, prefix, ["participants"]).values()]
    assert len(people) == 2
