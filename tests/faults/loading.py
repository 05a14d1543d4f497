"""Faults between archive and Elasticsearch: a door before the real node spoils answers, or the node is not well."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from elasticsearch import Elasticsearch

from harvesters.core.destinations import index as index_module
from harvesters.sandbox import Response
from tests.conftest import remove_all, remove_indices
from tests.faults.fetching import serving
from tests.faults.machine import Documents, without_time
from tests.faults.vendors import SETTLED, VENDORS
from tests.faults.verdict import Case, Gave
from tests.nights import printed
from tests.node_door import (
    Door,
    Fault,
    Forward,
    acknowledgement_lost,
    at_most,
    every_third,
    html,
    lost,
    no_document_over,
    refuse_all,
    refuse_some,
    reply_broken,
    reply_cut,
    reply_short,
)

BODY_BYTES = 20_000
"""Several bodies for a small day, so that two are under way at once."""
BUSY, NO_SHARD, BAD = "es_rejected_execution_exception", "unavailable_shards_exception", "document_parsing_exception"
STEP, LONGEST_REPLY = 40, 2400


def cut_at(byte: int) -> Fault:
    """Everything is stored; so many bytes of the answer arrive."""

    def fault(body: bytes, forward: Forward) -> Response:
        return replace(forward(body), cut=byte)

    return fault


def _nothing(_es: Elasticsearch, _prefix: str) -> None:
    """The node is well."""


def _flooded(es: Elasticsearch, prefix: str) -> None:
    es.indices.create(index=f"{prefix}-participants-2026", settings={"index.blocks.read_only_allow_delete": True})


def _drained(es: Elasticsearch, prefix: str) -> None:
    es.indices.put_settings(index=f"{prefix}-participants-2026", settings={"index.blocks.read_only_allow_delete": None})


def _closed(es: Elasticsearch, prefix: str) -> None:
    es.indices.create(index=f"{prefix}-participants-2026")
    es.indices.close(index=f"{prefix}-participants-2026")


def _opened(es: Elasticsearch, prefix: str) -> None:
    es.indices.open(index=f"{prefix}-participants-2026")


def _without_templates(es: Elasticsearch, prefix: str) -> None:
    es.indices.delete_index_template(name=f"{prefix}*")


@dataclass(frozen=True)
class Trouble:
    """What happens while a day is loaded.

    Attributes:
        faults: what the requests meet one after the other; gets the size of the largest document.
        begin: makes the node unwell; `end` makes it well again.
    """

    faults: Callable[[int], Iterable[Fault]] = lambda _most: ()
    begin: Callable[[Elasticsearch, str], None] = _nothing
    end: Callable[[Elasticsearch, str], None] = _nothing
    templates_gone: bool = False


def _each(*faults: Fault) -> Trouble:
    return Trouble(lambda _most: faults)


def _always(fault: Fault) -> Trouble:
    return Trouble(lambda _most: repeat(fault))


TROUBLES = {
    "429": _each(*[refuse_all(429)] * 3),
    "429 of documents": _each(*[refuse_some(every_third, 429, BUSY, "queue full")] * 3),
    "502": _each(*[refuse_all(502)] * 2),
    "503": _each(*[refuse_all(503)] * 3),
    "503 of documents": _each(*[refuse_some(every_third, 503, NO_SHARD, "no shard")] * 3),
    "504": _each(*[refuse_all(504)] * 2),
    "400 of documents": _always(refuse_some(lambda number, _source: number % 7 == 0, 400, BAD, "no number")),
    "413": _always(at_most(9000)),
    "413 of one document": Trouble(lambda most: repeat(no_document_over(most - 1))),
    "401": _always(refuse_all(401, "security_exception", "unable to authenticate")),
    "403": _always(refuse_all(403, "security_exception", "is unauthorized")),
    "connection reset": _each(lost, lost, lost),
    "acknowledgement lost": _each(acknowledgement_lost, acknowledgement_lost),
    "reply cut in the middle": _each(reply_cut, reply_cut),
    "reply cut at every 40th byte": _each(*map(cut_at, range(0, LONGEST_REPLY, STEP))),
    "reply is no JSON": _each(reply_broken, reply_broken),
    "reply speaks of fewer documents": _each(reply_short, reply_short),
    "somebody's page with status 200": _each(html({}), html({"X-elastic-product": "Elasticsearch"})),
    "gone until the deadline": _always(lost),
    "disk at flood stage": Trouble(begin=_flooded, end=_drained),
    "closed index": Trouble(begin=_closed, end=_opened),
    "templates missing": Trouble(begin=_without_templates, templates_gone=True),
}
"""By name, in the order of the table."""


@contextmanager
def small_bodies() -> Iterator[None]:
    """Bodies of `BODY_BYTES` meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "BODY_BYTES", BODY_BYTES)
        yield


@cache
def archived(name: str) -> tuple[TemporaryDirectory[str], Documents]:
    """A vendor's day in an archive, settled, and what its documents are, told without Elasticsearch."""
    folder = TemporaryDirectory()
    out = BytesIO()
    with serving(VENDORS[name], Path(folder.name), now=SETTLED) as (_, machine):
        assert machine.harvest().code == 0
        assert machine.later().harvest(into=["stdout"], stdout=out).code == 0
    return folder, {id_: without_time(each.source) for id_, each in printed(out).items()}


@dataclass(frozen=True)
class Node:
    """The real node, and a prefix of its own with templates."""

    es: Elasticsearch
    url: str
    prefix: str

    def clear(self) -> None:
        """Remove the documents; templates stay."""
        remove_indices(self.es, self.prefix)


def load(trouble: Trouble, name: str, folder: Path, node: Node) -> Gave:
    """Load a vendor's archived day while something is wrong, then again when it is over."""
    source, expected = archived(name)
    copy(Path(source.name), folder)
    case = Case((expected, expected), "index", lambda machine: machine.index(node.es))
    door = Door(node.url, trouble.faults(max(map(len, expected.values()))))
    with (
        small_bodies(),
        door.serve() as before,
        serving(VENDORS[name], folder, now=SETTLED, es_url=before.url, prefix=node.prefix) as (_, machine),
    ):
        direct = machine.later(es_url=node.url)
        direct.night.setup()
        try:
            trouble.begin(node.es, node.prefix)
            gave = case.first(machine, machine.harvest(into=["index"]))
            trouble.end(node.es, node.prefix)
            if trouble.templates_gone:
                direct.night.setup()
            case.second(direct, direct.harvest(into=["index"]))
        finally:
            node.clear()
    return gave


@contextmanager
def node_of(es: Elasticsearch, url: str, prefix: str) -> Iterator[Node]:
    """The node, tidied up afterwards."""
    try:
        yield Node(es, url, prefix)
    finally:
        remove_all(es, prefix)


def copy(source: Path, folder: Path) -> None:
    """A state folder of its own with the same archive."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
