"""Loads that are measured: ours, and the usual script's, on the same documents."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import elasticsearch
import elasticsearch.helpers
from material import Material, archived_anew
from usual import Json, Usual

from harvesters.commands.build import destinations
from harvesters.core.destinations import Destination, Target
from harvesters.core.loading import Loader
from harvesters.core.manifest import Manifest
from harvesters.core.store import SliceStore

PATIENCE_S = 60


def index(made: Material) -> Destination:
    """The index destination, ready to write."""
    (destination,) = destinations(made.place, ["index"], time.monotonic() + PATIENCE_S)
    destination.open()
    return destination


def target(made: Material) -> Target:
    """The slice."""
    return Target(made.recipe.envelope.vendor, made.recipe.envelope.account, made.store.day)


def load(made: Material, destination: Destination, expected: int) -> None:
    """Our load step: from the archive's file to the destination, which knows nothing yet."""
    manifest, _ = made.store.open()
    manifest.destinations.clear()
    _load(made, made.store, manifest, destination, expected)


def _load(made: Material, store: SliceStore, manifest: Manifest, destination: Destination, expected: int) -> None:
    result = Loader(made.recipe, store, manifest, destination, target(made)).run()
    destination.close()
    assert result.whole, (result.error, result.shortfall)
    assert sum(each.sent for each in result.counts.types.values()) == expected


def harvest(made: Material, destination: Destination, expected: int) -> None:
    """The whole path: from the answers' bytes into a new archive, and from there to the destination."""
    with TemporaryDirectory() as folder:
        store, manifest = archived_anew(made, Path(folder))
        _load(made, store, manifest, destination, expected)


def usual(script: Usual, answers: list[bytes], url: str) -> None:
    """The usual script into an Elasticsearch."""
    with elasticsearch.Elasticsearch(url) as client:
        elasticsearch.helpers.bulk(client, _actions(script, answers))


def _actions(script: Usual, answers: list[bytes]) -> Iterator[Json]:
    for answer in answers:
        yield from script.actions(answer)
    yield from script.entities()
