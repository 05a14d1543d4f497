"""Whether an Elasticsearch of ours works, and what it holds."""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harvesters.core.common_settings import CommonSettings, es_hosts
from harvesters.core.errors import DestinationError, HarvestError, LoginRefusedError
from harvesters.stack.parts import Login

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvesters.core.destinations.elastic import Cluster


@dataclass(frozen=True, slots=True)
class Figures:
    """What a cluster holds: `documents` and `size` (bytes) of all indices; `health` is green, yellow or red."""

    version: str
    health: str
    documents: int
    size: int


def settings_of(login: Login, common: CommonSettings) -> CommonSettings:
    """The settings of a command that works on this cluster, and on none that the user has besides."""
    bare = replace(
        common,
        es_api_key=None,
        es_ca_file=None,
        kibana_api_key=None,
        kibana_user=None,
        kibana_password=None,
        kibana_ca_file=None,
    )
    hosts, kibana = es_hosts(login.address), login.kibana or None
    return replace(bare, es_host=hosts, es_user=login.user, es_password=login.password, kibana_host=kibana)


@contextmanager
def _cluster(login: Login) -> "Iterator[Cluster]":
    from harvesters.core.destinations.elastic import Cluster

    cluster = Cluster(settings_of(login, CommonSettings()))
    try:
        yield cluster
    finally:
        cluster.close()


def is_ready(login: Login) -> bool:
    """Whether it does its work: it answers some requests before it can.

    Raises:
        HarvestError: it refuses the password.
    """
    try:
        with _cluster(login) as cluster, cluster.sentences():
            cluster.admin.cluster.health(wait_for_status="yellow", timeout="1s")
    except LoginRefusedError as error:
        raise HarvestError(password_refused(login)) from error
    except DestinationError:
        return False
    return True


def password_refused(login: Login) -> str:
    """What to do about it."""
    return (
        f"Elasticsearch at {login.address} refuses the password of the user {login.user} in "
        f"{login.password_file.parent}: its data were made with another one. Put that back, or begin anew with "
        "'./harvest.py dev reset'."
    )


def figures(login: Login) -> Figures | None:
    """What it holds; None where it does not answer us."""
    try:
        with _cluster(login) as cluster, cluster.sentences():
            # Not from its root: the minimal distribution answers nothing there.
            stats = cluster.admin.cluster.stats()
            held = stats["indices"]
            version = ", ".join(stats["nodes"]["versions"])
            return Figures(version, stats["status"], held["docs"]["count"], held["store"]["size_in_bytes"])
    except DestinationError:
        return None
