"""Which documents of an index tell of somebody: by the fields that hold who somebody is."""

from collections.abc import Sequence
from typing import Any

from harvesters.core.destinations import Told
from harvesters.core.destinations.elastic import Cluster
from harvesters.core.encode import INDEX

MOST_NAMED = 10
AT_ONCE = 10_000


def matching(account: tuple[str, str], written: Sequence[tuple[str, str]], known: Sequence[str]) -> dict[str, Any]:
    """The query for documents of a vendor and account that tell of somebody; see `Searchable`."""
    vendor, account_id = account
    return {
        "bool": {
            "filter": [{"term": {"vconf.vendor": vendor}}, {"term": {"cloud.account.id": account_id}}],
            "must_not": [
                {"terms": {"vconf.conference.id": list(known[at : at + AT_ONCE])}}
                for at in range(0, len(known), AT_ONCE)
            ],
            "should": [_term(field, value) for field, value in written],
            "minimum_should_match": 1,
        }
    }


def telling(cluster: Cluster, query: dict[str, Any]) -> Told:
    """How many documents match, and of which conferences they are.

    Raises:
        DestinationError: the node is gone, or refuses us.
    """
    names = ",".join(f"{cluster.prefix}-{name}" for name in INDEX.values())
    calls = {"calls": {"terms": {"field": "vconf.conference.id", "size": MOST_NAMED}}}
    answer = cluster.search(names, query=query, size=0, aggs=calls, track_total_hits=True)
    buckets = answer.get("aggregations", {}).get("calls", {}).get("buckets", [])
    return Told(answer["hits"]["total"]["value"], tuple(each["key"] for each in buckets))


def _term(field: str, value: str) -> dict[str, Any]:
    return {"term": {field: {"value": value, "case_insensitive": "@" in value}}}
