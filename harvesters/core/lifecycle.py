"""Index lifecycle management (ILM), where the cluster knows it: a policy for the measurements, named by their template.

It moves indices of past months to warm nodes, if there are any, and recovers them last. It deletes nothing, and does
not merge by force: that blocks writing, and on several nodes replaces the index by one of another name, whereas a
replay, a correction and a forgotten person write into indices of any age. Once it is there, the policy is the
operator's.
"""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from harvesters.core.destinations.elastic import NOT_FOUND, Cluster
from harvesters.core.encode import INDEX
from harvesters.core.fields import SAMPLE
from harvesters.core.templates import folder

UNKNOWN, FORBIDDEN = frozenset({400, NOT_FOUND, 405}), 403
NONE = "{} knows no index lifecycle (ILM), so none is set up; nothing needs it."
MAY_NOT = "index lifecycle: our user may not set it up (right 'manage_ilm', see README, rights); all works without it."


class Known(Enum):
    """What a cluster says of index lifecycles: it has none, our user may not, ours is new or there already."""

    NONE, FORBIDDEN, NEW, THERE = range(4)


def policy_name(prefix: str) -> str:
    """Name of the policy, and of the aliases of measurements."""
    return f"{prefix}-{INDEX[SAMPLE]}"


def policy() -> Mapping[str, Any]:
    """The policy of the file."""
    found: Mapping[str, Any] = json.loads((folder() / "lifecycle" / f"{INDEX[SAMPLE]}.json").read_text("utf-8"))
    return found


def look(cluster: Cluster) -> Known:
    """Whether a cluster knows lifecycles, and ours."""
    lenient = cluster.admin.options(ignore_status=(*UNKNOWN, FORBIDDEN))
    with cluster.sentences():
        answer = lenient.ilm.get_lifecycle()
    if answer.meta.status in UNKNOWN:
        return Known.NONE
    if answer.meta.status == FORBIDDEN:
        return Known.FORBIDDEN
    return Known.THERE if policy_name(cluster.prefix) in answer.body else Known.NEW


def put(cluster: Cluster) -> Known:
    """Put our policy where there is none of its name; the one that is there stays as it is."""
    found = look(cluster)
    if found is not Known.NEW:
        return found
    lenient = cluster.admin.options(ignore_status=FORBIDDEN)
    with cluster.sentences():
        answer = lenient.ilm.put_lifecycle(name=policy_name(cluster.prefix), policy=policy())
    return Known.FORBIDDEN if answer.meta.status == FORBIDDEN else Known.NEW


def name_policy(files: Mapping[str, dict[str, Any]], prefix: str) -> None:
    """Let the template of measurements name the policy; a cluster that knows no lifecycles would refuse it."""
    files[f"{prefix}@{INDEX[SAMPLE]}"]["template"]["settings"]["lifecycle"] = {"name": policy_name(prefix)}


def sentence(found: Known, cluster: Cluster) -> str:
    """What was done, or why nothing was."""
    name = policy_name(cluster.prefix)
    return {
        Known.NONE: NONE.format(cluster.where),
        Known.FORBIDDEN: MAY_NOT,
        Known.NEW: f"index lifecycle policy {name} loaded.",
        Known.THERE: f"index lifecycle policy {name} is there, and stays as it is.",
    }[found]


def change(found: Known, cluster: Cluster) -> str:
    """The line of what would change."""
    words = {
        Known.NONE: "the cluster knows no index lifecycle",
        Known.FORBIDDEN: "our user may not look at it",
        Known.NEW: "new",
        Known.THERE: "is there, and stays as it is",
    }
    return f"policy {policy_name(cluster.prefix)}: {words[found]}"
