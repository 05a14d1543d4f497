"""What an Elasticsearch says of itself: version, health, rights of our user, room. Nothing is written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import elasticsearch

from harvesters.core.destinations.elastic import Cluster

SECONDS = 10
NEEDED = ("index", "create_index", "auto_configure", "view_index_metadata", "read", "maintenance")
"""What a nightly run needs on our indices, beside `monitor` on the cluster; the README has the same."""
DELETE = "delete"
NO_SECURITY = frozenset({400, 404, 405})
"""The answers of a node without the security features to a question about rights."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What our user lacks; `known` is False where the node has no security features: then everybody may do all."""

    lacking: tuple[str, ...] = ()
    may_delete: bool = True
    known: bool = True


@dataclass(frozen=True, slots=True)
class Shard:
    """The largest shard of our indices."""

    index: str
    size: int


def numbers(version: str) -> tuple[int, ...]:
    """A version's leading numbers, so that 9.10 comes after 9.9."""
    return tuple(map(int, re.findall(r"\d+", version.partition("-")[0])))


class Examiner:
    """Asks one cluster; each method is one question, and raises `DestinationError` where there is no answer."""

    def __init__(self, cluster: Cluster) -> None:
        """Nothing is asked yet."""
        self._cluster = cluster
        self._client = cluster.admin.options(request_timeout=SECONDS)

    def version(self) -> str:
        """The oldest version among the nodes."""
        with self._cluster.sentences():
            rows: Any = self._client.cat.nodes(h="version", format="json")
        versions: list[str] = [each["version"] for each in rows]
        return min(versions, key=numbers)

    def health(self) -> str:
        """green, yellow or red."""
        with self._cluster.sentences():
            found: str = self._client.cluster.health()["status"]
        return found

    def rights(self) -> Rights:
        """What our user may not do."""
        names = [f"{self._cluster.prefix}-*"]
        try:
            with self._cluster.sentences():
                answer = self._asked(names)
        except _NoSecurity:
            return Rights(known=False)
        cluster, ours = answer["cluster"], answer["index"][names[0]]
        lacking = [f"{name} on the cluster" for name, has in cluster.items() if not has]
        lacking += [f"{name} on {names[0]}" for name in NEEDED if not ours[name]]
        return Rights(tuple(lacking), may_delete=ours[DELETE])

    def _asked(self, names: Sequence[str]) -> Any:  # noqa: ANN401 - the client's answer
        try:
            return self._client.security.has_privileges(
                cluster=["monitor"], index=[{"names": list(names), "privileges": [*NEEDED, DELETE]}]
            )
        except elasticsearch.ApiError as error:
            if error.meta.status in NO_SECURITY:
                raise _NoSecurity from error
            raise

    def disks(self) -> dict[str, int]:
        """Of each data node how many per cent of its disk are used."""
        with self._cluster.sentences():
            rows: Any = self._client.cat.allocation(format="json")
        return {each["node"]: int(each["disk.percent"]) for each in rows if each.get("disk.percent")}

    def largest_shard(self) -> Shard | None:
        """The largest shard of our indices; None where there is none, or our user may not see their sizes."""
        try:
            with self._cluster.sentences():
                rows: Any = self._shards()
        except _NotSeen:
            return None
        sizes = [Shard(each["index"], int(each["store"])) for each in rows if each.get("store")]
        return max(sizes, key=lambda each: each.size, default=None)

    def _shards(self) -> Any:  # noqa: ANN401 - the client's answer
        try:
            return self._client.cat.shards(index=f"{self._cluster.prefix}-*", format="json", bytes="b")
        except (elasticsearch.AuthorizationException, elasticsearch.NotFoundError) as error:
            raise _NotSeen from error


class _NoSecurity(Exception):  # noqa: N818 - a signal, not an error of anybody's
    """The node has no security features."""


class _NotSeen(Exception):  # noqa: N818 - a signal, not an error of anybody's
    """Our user may not see it, or it is not there."""
