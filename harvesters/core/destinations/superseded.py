"""Removes what a conference no longer has: documents of an older fetch, of other code or of other settings.

Only conferences that were just loaded are looked at, and a document goes only if it is still the one that the
search saw (`if_seq_no`): a delete by version could hit a fresh document that came in between.
"""

from collections.abc import Sequence
from typing import Any

from harvesters.core.day import iso_ms
from harvesters.core.destinations import Current, Removed
from harvesters.core.destinations.elastic import Cluster
from harvesters.core.encode import INDEX

CONFERENCES, HITS = 100, 1000
DELETED, FORBIDDEN = 200, 403


def remove_superseded(cluster: Cluster, loaded: Sequence[Current]) -> Removed:
    """Remove the superseded documents of conferences.

    Raises:
        DestinationError: the node is gone.
    """
    number = 0
    for start in range(0, len(loaded), CONFERENCES):
        some = loaded[start : start + CONFERENCES]
        statuses = [DELETED]
        # Again as long as some went: what changed meanwhile is looked at anew, and mostly no longer found.
        while DELETED in statuses and (hits := _found(cluster, some)):
            statuses = cluster.delete(hits)
            number += statuses.count(DELETED)
            if FORBIDDEN in statuses:
                return Removed(number, refused=True)
    return Removed(number)


def _found(cluster: Cluster, some: Sequence[Current]) -> list[dict[str, Any]]:
    """Superseded documents as they are now, the first thousand."""
    names = ",".join(f"{cluster.prefix}-{name}" for name in INDEX.values())
    query = {"bool": {"should": [_superseded(each) for each in some], "minimum_should_match": 1}}
    answer = cluster.search(names, query=query, size=HITS, source=False, seq_no_primary_term=True)
    hits: list[dict[str, Any]] = answer["hits"]["hits"]
    return hits


def _superseded(current: Current) -> dict[str, Any]:
    """A conference's documents that are older than the present ones, or of the same fetch and made otherwise."""
    fetched = iso_ms(current.fetched_at)
    made = [
        {"term": {"vconf.harvest.revision": current.revision}},
        {"term": {"vconf.harvest.settings": current.settings}},
    ]
    same = [{"term": {"vconf.harvest.fetched_at": fetched}}]
    otherwise = {"bool": {"filter": same, "must_not": [{"bool": {"filter": made}}]}}
    older = {"range": {"vconf.harvest.fetched_at": {"lt": fetched}}}
    either = {"bool": {"should": [older, otherwise], "minimum_should_match": 1}}
    return {"bool": {"filter": [{"term": {"vconf.conference.id": current.conference_id}}, either]}}
