"""`prune index` on a real Elasticsearch: old documents of the accounts that are meant go, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.node_door import Door, Hit, refuse_all, stored
from tests.shell import Shell, demonstrated, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from elasticsearch import Elasticsearch

EDGE = "2026-11-17"
CALLS = ("conferences", "participants", "streams", "samples", "issues")
pytestmark = pytest.mark.templates_stay


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demonstrated(tmp_path_factory.mktemp("demo"), days=5, calls=1).folder


@pytest.fixture
def shell(demo: Path, es_url: str, prefix: str, tmp_path: Path) -> Shell:
    """All vendors' week in the archive, the lake and the index."""
    shutil.copytree(demo / "data" / "demo", tmp_path / "data")
    shell = Shell(tmp_path, {"ES_HOST": es_url, "INDEX_PREFIX": prefix})
    done = shell("replay", "--all", "--setup")
    assert done.code == 0, done.err
    return shell


@pytest.fixture
def held(es: Elasticsearch, es_url: str, prefix: str) -> Callable[[], dict[str, Hit]]:
    """The documents of calls that the index holds."""
    return lambda: {id_: hit for kind in (*CALLS, "usage") for id_, hit in stored(es, es_url, prefix, [kind]).items()}


def prune(shell: Shell, *arguments: str, age: str = "3d", **more: str) -> tuple[str, str]:
    done = shell("prune", "index", "--older-than", age, *arguments, **more)
    assert done.code == 0, done.err
    return done.out, done.err


def day(hit: Hit) -> str:
    document = hit.document
    start: str = document["vconf"].get("conference", {}).get("start") or document["@timestamp"]
    return start[:10]


def vendor(hit: Hit) -> str:
    found: str = hit.document["vconf"]["vendor"]
    return found


def only(hits: dict[str, Hit], wanted: Callable[[Hit], bool]) -> dict[str, bytes]:
    return {id_: hit.source for id_, hit in hits.items() if wanted(hit)}


def test_old_documents_go_and_others_stay_and_no_run_loads_them_again_but_one_that_names_the_day(
    shell: Shell, held: Callable[[], dict[str, Hit]]
) -> None:
    before, files = held(), tree(shell.data)
    going = only(before, lambda hit: day(hit) < EDGE)
    out, err = prune(shell)
    assert held().keys() == before.keys()
    assert tree(shell.data) == files
    assert {row.split()[0] for row in out.splitlines()[1:]} >= {"opentok", "zoom", "peermetrics"}
    assert err.endswith("nothing was changed: the same with --yes does it.\n")

    told = json.loads(prune(shell, "--yes", "--json")[0])
    assert only(held(), lambda _: True) == only(before, lambda hit: day(hit) >= EDGE)
    assert going
    counted: Counter[str] = Counter()
    for account in told["accounts"]:
        counted.update({type_: number for type_, number in account["documents"].items() if account["source"]})
    assert counted.pop("slice") > 0
    assert counted == Counter(json.loads(each)["vconf"]["type"] for each in going.values())
    left = tree(shell.data)
    changed = {name.rpartition("/")[2] for name, content in left.items() if content != files[name]}
    assert {name[10:] for name in changed} == {".manifest.json"}
    assert all(name < EDGE for name in changed)
    assert "removed nothing: nothing of the index is of a day before 2026-11-17." in prune(shell, "--yes")[1]

    assert shell("replay", "--all").code == 0
    assert only(held(), lambda _: True) == only(before, lambda hit: day(hit) >= EDGE)
    assert tree(shell.data) == left
    status = shell("status", "--last", "10d", "--json", "--verify")
    assert (status.code, json.loads(status.out)["verify"]["differences"]) == (0, [])
    assert "days removed on purpose" in shell("status", "--last", "10d").out
    # At once: what Elasticsearch remembers of the deleted ones does not keep the same ones out.
    named = shell("replay", "--last", "10d", "--destination", "index")
    assert named.code == 0, named.err
    assert only(held(), lambda _: True) == only(before, lambda _: True)
    assert tree(shell.data) == files


def test_one_vendor_alone_is_meant_and_a_node_that_is_busy_or_refuses_is_borne(
    shell: Shell, held: Callable[[], dict[str, Hit]], es: Elasticsearch, es_url: str, prefix: str
) -> None:
    before, runs = held(), runs_of(es, prefix, "run")
    with Door(es_url, [refuse_all(429), refuse_all(503, "unavailable")]).serve() as busy:
        prune(shell, "--source", "zoom", "--yes", ES_HOST=busy.url)
    after = held()
    assert only(after, lambda _: True) == only(before, lambda hit: vendor(hit) != "zoom" or day(hit) >= EDGE)
    assert runs_of(es, prefix, "run") == runs
    slices = [(each["vconf"]["vendor"], each["vconf"]["slice"]["day"]) for each in runs_of(es, prefix, "slice")]
    assert all(vendor_ != "zoom" or day_ >= EDGE for vendor_, day_ in slices)
    assert any(vendor_ == "opentok" and day_ < EDGE for vendor_, day_ in slices)

    with Door(es_url, [refuse_all(400, "illegal_argument_exception", "no such thing")] * 20).serve() as broken:
        refused = shell("prune", "index", "--older-than", "3d", "--source", "opentok", "--yes", ES_HOST=broken.url)
    assert (refused.code, "answers with status 400: no such thing." in refused.err) == (1, True)
    assert held().keys() == after.keys()
    prune(shell, "--source", "opentok", "--yes")
    assert only(held(), lambda hit: vendor(hit) == "opentok" and day(hit) < EDGE) == {}


def runs_of(es: Elasticsearch, prefix: str, type_: str) -> list[Any]:
    """The harvester's own documents of a type."""
    index = f"{prefix}-runs"
    es.indices.refresh(index=index)
    hits = es.search(index=index, query={"term": {"vconf.type": type_}}, size=1000, sort="_doc")["hits"]["hits"]
    return [each["_source"] for each in hits]


LATER = "2027-02-01T08:00:00Z"


def test_whole_indices_go_when_nothing_else_is_in_them(shell: Shell, es: Elasticsearch, prefix: str) -> None:
    samples = f"{prefix}-samples-2026.11"
    there = set(es.indices.get_alias(index=f"{prefix}-*"))
    assert {samples, *(f"{prefix}-{name}-2026" for name in CALLS if name != "samples")} <= there
    prune(shell, "--source", "zoom", "--yes", age="30d", VCONF_NOW=LATER)
    # Others have documents in them.
    assert set(es.indices.get_alias(index=f"{prefix}-*")) == there
    foreign = {"vendor": "zoom", "conference": {"start": "2026-11-15T09:00:00Z"}}
    es.index(index=samples, id="mine", document={"vconf": foreign, "cloud": {"account": {"id": "x"}}}, refresh=True)
    out = prune(shell, age="30d", VCONF_NOW=LATER)[0]
    told = next(row.split() for row in out.splitlines() if row.startswith("runs"))
    assert int(told[-1]) == len(runs_of(es, prefix, "run"))
    prune(shell, "--yes", age="30d", VCONF_NOW=LATER)
    assert set(es.indices.get_alias(index=f"{prefix}-*")) == {f"{prefix}-runs", samples}
    es.indices.refresh(index=samples)
    assert [each["_id"] for each in es.search(index=samples)["hits"]["hits"]] == ["mine"]
    assert runs_of(es, prefix, "slice") == runs_of(es, prefix, "run") == []


def test_an_index_of_this_month_stays_and_documents_without_a_start_go_by_their_own_time(
    shell: Shell, es: Elasticsearch, prefix: str, held: Callable[[], dict[str, Hit]]
) -> None:
    account = next(hit.document["cloud"]["account"]["id"] for hit in held().values() if vendor(hit) == "zoom")
    for number, day_ in enumerate(("2026-11-15", "2026-11-27")):
        document = {
            "@timestamp": f"{day_}T09:00:00Z",
            "vconf": {"vendor": "zoom", "type": "issue"},
            "cloud": {"account": {"id": account}},
        }
        es.index(index=f"{prefix}-issues-2026", id=f"own-{number}", document=document, refresh=True)
    prune(shell, "--yes", age="1d", VCONF_NOW="2026-11-28T08:00:00Z")
    assert held().keys() == {"own-1"}
    assert es.indices.exists(index=f"{prefix}-samples-2026.11")


def test_an_index_that_is_not_there_or_not_reached_is_left_alone(shell: Shell, prefix: str) -> None:
    files = tree(shell.data)
    done = shell("prune", "index", "--older-than", "3d", "--yes", ES_HOST="127.0.0.1:9")
    assert (done.code, "Elasticsearch at 127.0.0.1:9 cannot be reached" in done.err) == (1, True)
    assert "removed nothing" in prune(shell, "--yes", INDEX_PREFIX=f"{prefix}-none")[1]
    assert tree(shell.data) == files
