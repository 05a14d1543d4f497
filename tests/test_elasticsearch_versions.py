"""The oldest Elasticsearch that is promised to do: from the templates to a day that is repeated, on the real one.

All other tests run on the newest.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from elasticsearch import Elasticsearch

from tests.conftest import own_server, remove_all
from tests.elasticsearch_distribution import OLDEST
from tests.node_door import CALLS, Hit, stored
from tests.shell import Shell, vendor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = ("opentok", "--date", "2026-11-18", "--report", "report.json")
# Of each of the three calls of five minutes: two people, each with a stream sent and one received, which are
# measured every 30 s while they last; the first seconds are lost to joining, so 9 times.
DOCUMENTS = {"conference": 3, "participant": 3 * 2, "stream": 3 * 4, "sample": 3 * 4 * 9}


@pytest.fixture(scope="module")
def node() -> Iterator[str]:
    with own_server(OLDEST) as url:
        yield url


@pytest.fixture
def es(node: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(node, request_timeout=30) as client:
        yield client
        remove_all(client, "vconf")


@pytest.fixture
def shell(node: str, tmp_path: Path) -> Shell:
    return Shell(tmp_path, {"ES_HOST": node})


def written(shell: Shell) -> dict[str, Any]:
    """What the report says of the one day's documents."""
    (found,) = json.loads((shell.folder / "report.json").read_text())["slices"]
    assert (found["state"], found["warnings"]) == ("complete", [])
    documents: dict[str, Any] = found["destinations"].get("index", {})
    return {kind: (each["created"], each["updated"]) for kind, each in documents.items()}


def state(hits: dict[str, Hit]) -> dict[str, tuple[int, int]]:
    return {id_: (hit.version, hit.seq_no) for id_, hit in hits.items()}


def test_the_server_is_the_oldest_version_that_is_promised(es: Elasticsearch) -> None:
    nodes = es.nodes.info(filter_path="nodes.*.version")["nodes"]

    assert [each["version"] for each in nodes.values()] == ["8.19.8"]


def test_a_day_is_loaded_into_the_oldest_version_and_a_second_run_changes_nothing(
    shell: Shell, es: Elasticsearch, node: str
) -> None:
    first, second = (shell("setup", "templates") for _ in range(2))
    with vendor(shell):
        once = shell(*DAY)
        counted = written(shell)
        hits = stored(es, node, "vconf")
        again = shell(*DAY)

    assert [each.code for each in (first, second, once, again)] == [0, 0, 0, 0], once.err + again.err
    assert "new fields" not in first.err + second.err
    assert counted == {kind: (count, 0) for kind, count in DOCUMENTS.items()}
    assert Counter(hit.document["vconf"]["type"] for hit in hits.values()) == DOCUMENTS
    assert {hit.index for hit in hits.values()} == {
        "vconf-conferences-2026", "vconf-participants-2026", "vconf-streams-2026", "vconf-samples-2026.11"
    }  # fmt: skip
    # The numbers, not the names alone: nothing was written a second time.
    assert set(written(shell).values()) <= {(0, 0)}
    assert state(stored(es, node, "vconf")) == state(hits)
    # Fields are mapped, so that they can be asked for.
    assert es.count(index="vconf-samples", query={"term": {"vconf.type": "sample"}})["count"] == DOCUMENTS["sample"]
    assert set(es.indices.get_alias(name=",".join(f"vconf-{kind}" for kind in CALLS if kind != "issues")).body) == {
        hit.index for hit in hits.values()
    }


def test_what_would_change_is_told_of_the_oldest_version_too(shell: Shell, es: Elasticsearch) -> None:
    """Among it what is too much there, which is searched for page by page."""
    with vendor(shell):
        assert [shell("setup", "templates").code, shell(*DAY).code] == [0, 0]
    hit = es.search(index="vconf-streams", size=1)["hits"]["hits"][0]
    es.index(index=hit["_index"], id="surplus", document=hit["_source"], refresh=True)
    done = shell("replay", "--all", "--dry-run", "--diff", OPENTOK_BITRATE_UNIT="kbit")

    assert done.code == 0, done.err
    # With bitrates pictures have a score, and the poor ones are issues.
    assert f"{sum(DOCUMENTS.values())} would change, 5 would be new, 1 would be gone, in " in done.out
    assert "  stream surplus\n" in done.out
