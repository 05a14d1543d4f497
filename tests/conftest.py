"""Fixtures that the tests share: a real Elasticsearch, and names in it that belong to one test."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from elasticsearch import Elasticsearch

from harvesters.stack.java import NodeUnavailableError
from tests import elasticsearch_node
from tests.in_memory import folder_in_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvesters.stack.distribution import Distribution
    from harvesters.stack.file_users import Account

LONGEST = (
    "test_bulk_faults.py",
    "test_conformance.py",
    "test_dashboards_numbers.py",
    "test_docs.py",
    "test_elasticsearch_versions.py",
    "test_explain.py",
    "test_faults.py",
    "test_faults_loading.py",
    "test_forget.py",
    "test_index.py",
    "test_kill.py",
    "test_layering.py",
    "test_memory.py",
    "test_opentok_fetch.py",
    "test_peermetrics_run.py",
    "test_privacy_run.py",
    "test_prune_index.py",
    "test_replay_diff.py",
    "test_rights.py",
    "test_signals.py",
    "test_stack_docker.py",
    "test_stack_native.py",
    "test_vendor_behaviour.py",
)
"""Files that take long: begun last, one of them would run while the other processes have nothing left to do."""


def pytest_configure() -> None:
    """The tests' folders in memory, where that can be; those of tests that failed stay for a look."""
    if folder := folder_in_memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; the others keep their order."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def es_url() -> str:
    """The Elasticsearch to test on; without one the tests fail, for a skipped test proves nothing."""
    url = os.environ.get("ES_TEST_URL")
    if not url:
        pytest.fail("ES_TEST_URL names no Elasticsearch: run make test, which starts one.", pytrace=False)
    return url


@pytest.fixture(scope="session")
def es(es_url: str) -> Iterator[Elasticsearch]:
    """The official client."""
    with Elasticsearch(es_url, request_timeout=30) as client:
        yield client


@pytest.fixture
def prefix(request: pytest.FixtureRequest, es: Elasticsearch) -> Iterator[str]:
    """A prefix for the names of indices and templates, removed with all of them after the test.

    Where tests set the templates up anyhow, modules are marked `templates_stay`: then only the indices go, which is a
    tenth of the work. What such a test does to templates, the set-up of the next one takes back.
    """
    if request.node.get_closest_marker("templates_stay"):
        name: str = request.getfixturevalue("_lasting")
        yield name
        remove_indices(es, name)
    else:
        with own_prefix(es) as name:
            yield name


@pytest.fixture(scope="session")
def _lasting(es: Elasticsearch) -> Iterator[str]:
    with own_prefix(es) as name:
        yield name


@contextmanager
def own_prefix(es: Elasticsearch) -> Iterator[str]:
    """The same for a fixture that several tests share."""
    # Not from `random`, which pytest-randomly seeds alike for every test.
    name = f"vconf-t{secrets.token_hex(4)}"
    try:
        yield name
    finally:
        remove_all(es, name)


def remove_indices(es: Elasticsearch, prefix: str) -> None:
    """Remove the indices of a prefix, by name: a cluster may refuse to delete by wildcard."""
    if indices := list(es.indices.get_alias(index=f"{prefix}-*", expand_wildcards="all")):
        es.indices.delete(index=indices)


def remove_all(es: Elasticsearch, prefix: str) -> None:
    """Remove the indices and templates of a prefix."""
    remove_indices(es, prefix)
    absent_is_fine = es.options(ignore_status=404)
    # In this order: a component cannot go while a template is composed of it.
    absent_is_fine.indices.delete_index_template(name=f"{prefix}*")
    absent_is_fine.cluster.delete_component_template(name=f"{prefix}*")


@contextmanager
def own_server(wanted: Distribution, accounts: Sequence[Account] = ()) -> Iterator[str]:
    """The URL of an Elasticsearch of this version, for the tests of one module; see `elasticsearch_node.own_server`."""
    try:
        with (
            elasticsearch_node.Interrupts() as interrupts,
            elasticsearch_node.own_server(interrupts, wanted, accounts) as url,
        ):
            yield url
    except NodeUnavailableError as problem:
        whatever = "These tests start a server of their own, also where ES_TEST_URL names one."
        pytest.fail(f"{problem}\n{whatever}", pytrace=False)
