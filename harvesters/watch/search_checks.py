"""Elasticsearch's part of a check-up."""

from collections.abc import Callable, Iterable, Iterator

from harvesters.core.destinations.elastic import Cluster
from harvesters.core.destinations.examined import Examiner, Rights, Shard, numbers
from harvesters.core.errors import DestinationError
from harvesters.watch.checkup import Finding, failure, good, warning

ABOUT = "elasticsearch"
OLDEST, BEYOND = (8, 19), (10,)
FULL, FILLING = 95, 85
"""Per cent of a disk from which Elasticsearch refuses to write, and from which it moves nothing there."""
GIB = 1 << 30
LARGE = 50 * GIB
"""Bytes of a shard that Elastic advises not to pass."""


Question = Callable[[], Iterable[Finding]]


def questions(cluster: Cluster) -> list[Question]:
    """Whether a run could load into it: version, health, templates, rights, room.

    Each raises `DestinationError` where it is not answered; without an answer to the first no other need be asked.
    """
    examiner = Examiner(cluster)
    return [
        lambda: [supported(examiner.version(), cluster.where)],
        lambda: [health(examiner.health())],
        lambda: [_templates(cluster)],
        lambda: rights(examiner.rights()),
        lambda: [disk(node, percent) for node, percent in examiner.disks().items()],
        lambda: [shard(examiner.largest_shard())],
    ]


def health(status: str) -> Finding:
    """Whether all data can be had."""
    if status == "red":
        return failure(ABOUT, "its health is red: some data cannot be had", "see its log")
    return good(ABOUT, f"its health is {status}")


def supported(version: str, where: str) -> Finding:
    """Whether this program speaks to a server of this version."""
    if OLDEST <= numbers(version) < BEYOND:
        return good(ABOUT, f"{where} is of version {version}")
    return failure(ABOUT, f"{where} is of version {version}", "take 8.19 or 9: this program speaks to no other")


def _templates(cluster: Cluster) -> Finding:
    try:
        cluster.check_templates()
    except DestinationError as error:
        return failure(ABOUT, str(error).partition(";")[0], "./harvest.py setup templates")
    return good(ABOUT, "our index templates are there, and up to date")


def rights(found: Rights) -> Iterator[Finding]:
    """What our user may, beside what a nightly run needs."""
    if not found.known:
        yield warning(
            ABOUT, "it has no security: whoever reaches it may do everything", "let only this machine reach it"
        )
    elif found.lacking:
        yield failure(ABOUT, f"our user lacks {', '.join(found.lacking)}", "give it the role that the README names")
    else:
        yield good(ABOUT, "our user has the rights of a nightly run")
    if not found.may_delete:
        said = "our user may not delete: what a call no longer has stays, and is named"
        yield warning(ABOUT, said, "add delete to its role, if that is not meant")


def disk(node: str, percent: int) -> Finding:
    """Whether a node has room."""
    said = f"the disk of node {node} is {percent} % full"
    if percent >= FULL:
        return failure(ABOUT, said, "free space: from here on it refuses to write")
    return warning(ABOUT, said, "free space soon") if percent >= FILLING else good(ABOUT, said)


def shard(largest: Shard | None) -> Finding:
    """Whether our indices have grown too large for their shards."""
    if largest is None:
        return good(ABOUT, "there are no indices of ours yet, or our user may not see how large they are")
    said = f"the largest shard is {largest.size / GIB:,.1f} GB, of {largest.index}"
    if largest.size > LARGE:
        return warning(ABOUT, said, "give new indices more shards, in the component template vconf@custom")
    return good(ABOUT, said)
