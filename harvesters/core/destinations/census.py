"""Counts what an index holds of each conference, to compare it with what the manifest says."""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from harvesters.core.day import iso
from harvesters.core.destinations import Difference, Expected, Target
from harvesters.core.destinations.elastic import Cluster
from harvesters.core.encode import BY_MONTH, INDEX

AT_ONCE = 1000
"""Conferences that one search counts."""


def differences(cluster: Cluster, target: Target, expected: Sequence[Expected]) -> list[Difference]:
    """Where the counts of the conferences' documents differ from what is expected, by type: `AT_ONCE` at most."""
    indices = [index_of(cluster.prefix, type_, target) for type_ in INDEX]
    found = counted(cluster, indices, [each.conference_id for each in expected])
    return [
        Difference(each.record, type_, each.counts.get(type_, 0), found[each.conference_id].get(type_, 0))
        for each in expected
        for type_ in INDEX
        if each.counts.get(type_, 0) != found[each.conference_id].get(type_, 0)
    ]


def index_of(prefix: str, type_: str, target: Target) -> str:
    """The index that a slice's documents of a type are in."""
    day = str(target.day)
    return f"{prefix}-{INDEX[type_]}-{day[:7].replace('-', '.') if type_ in BY_MONTH else day[:4]}"


def counted(cluster: Cluster, indices: Sequence[str], ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many documents of each conference these indices hold, by type."""
    types = {"types": {"terms": {"field": "vconf.type", "size": len(INDEX)}}}
    body: Mapping[str, Any] = {
        "query": {"terms": {"vconf.conference.id": list(ids)}},
        "aggs": {"ids": {"terms": {"field": "vconf.conference.id", "size": len(ids)}, "aggs": types}},
    }
    found: dict[str, dict[str, int]] = defaultdict(dict)
    answer = cluster.search(",".join(indices), size=0, **body)
    for bucket in answer.get("aggregations", {}).get("ids", {}).get("buckets", []):
        found[bucket["key"]] = {each["key"]: each["doc_count"] for each in bucket["types"]["buckets"]}
    return found


def strangers(cluster: Cluster, target: Target, known: Container[str]) -> Iterator[Difference]:
    """The conferences of the slice's vendor, account and day that nobody knows, by type; named by their id."""
    after: Mapping[str, Any] | None = None
    indices = ",".join(index_of(cluster.prefix, type_, target) for type_ in INDEX)
    while True:
        found = cluster.search(indices, size=0, **_all_of(target, after)).get("aggregations", {}).get("ids", {})
        for bucket in found.get("buckets", []):
            id_ = bucket["key"]["id"]
            if id_ not in known:
                for each in bucket["types"]["buckets"]:
                    yield Difference(f"conference {id_}", each["key"], 0, each["doc_count"])
        after = found.get("after_key")
        if after is None:
            return


def _all_of(target: Target, after: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """A search that counts all conferences of a slice, `AT_ONCE` of them, from behind `after` on."""
    day = {"gte": iso(target.day.start), "lt": iso(target.day.end)}
    filters = [
        {"term": {"vconf.vendor": target.vendor}},
        {"term": {"cloud.account.id": target.account}},
        {"range": {"vconf.conference.start": day}},
    ]
    ids = {"size": AT_ONCE, "sources": [{"id": {"terms": {"field": "vconf.conference.id"}}}]}
    types = {"types": {"terms": {"field": "vconf.type", "size": len(INDEX)}}}
    composite = {**ids, **({"after": after} if after else {})}
    return {"query": {"bool": {"filter": filters}}, "aggs": {"ids": {"composite": composite, "aggs": types}}}
