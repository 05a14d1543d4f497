"""The issue documents of what is odd about a day: written, and removed when a later run no longer finds it."""

from collections.abc import Mapping
from typing import Any

from harvesters.core.anomaly import ANOMALY
from harvesters.core.day import iso
from harvesters.core.destinations import Target
from harvesters.core.destinations.elastic import Cluster
from harvesters.core.encode import INDEX
from harvesters.core.errors import DestinationError
from harvesters.core.fields import ISSUE

MOST = 10_000
GONE = frozenset({200, 404, 409})
"""Deleted, deleted by somebody else, or written anew by another run, which knows better."""


def note_issues(cluster: Cluster, target: Target, documents: Mapping[str, Mapping[str, object]]) -> None:
    """Write these documents of a slice, by id, and delete what is there of it besides.

    Only documents of anomalies of this vendor, account and day are looked at, each by its id, and one goes only if it
    is still the one that the search saw.

    Raises:
        DestinationError: the node is gone, or our user may not do that.
    """
    index = f"{INDEX[ISSUE]}-{str(target.day)[:4]}"
    for id_, document in documents.items():
        cluster.index_one(id_, document, index)
    gone = [hit for hit in _there(cluster, f"{cluster.prefix}-{index}", target) if hit["_id"] not in documents]
    if left := {*(cluster.delete(gone) if gone else ())} - GONE:
        message = f"{cluster.where} does not delete what is odd no longer (status {max(left)}; see README, rights)."
        raise DestinationError(message)


def _there(cluster: Cluster, index: str, target: Target) -> list[dict[str, Any]]:
    """What the index has of a slice's anomalies."""
    terms = {
        "vconf.issue.source": ANOMALY,
        "vconf.vendor": target.vendor,
        "cloud.account.id": target.account,
        "@timestamp": iso(target.day.start),
    }
    query = {"bool": {"filter": [{"term": {name: value}} for name, value in terms.items()]}}
    answer = cluster.search(index, query=query, size=MOST, source=False, seq_no_primary_term=True)
    hits: list[dict[str, Any]] = answer["hits"]["hits"]
    return hits
