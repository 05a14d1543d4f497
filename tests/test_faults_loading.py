"""The fault matrix between archive and Elasticsearch: each fault with one of the vendors; `make soak` has them all."""

from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from tests.faults import page
from tests.faults.loading import TROUBLES, Node, load
from tests.faults.tables import Cell, in_rotation
from tests.faults.verdict import Gave

WRITTEN = page.written(page.PAGE.read_text("utf-8"))
pytestmark = pytest.mark.templates_stay


@pytest.mark.parametrize("cell", in_rotation(), ids=lambda cell: f"{cell[2]}-{cell[1]}")
def test_a_fault_of_the_node_loses_nothing(
    cell: Cell, tmp_path: Path, es: Elasticsearch, es_url: str, prefix: str
) -> None:
    assert load(TROUBLES[cell[1]], cell[2], tmp_path, Node(es, es_url, prefix)) == Gave(WRITTEN[cell])
