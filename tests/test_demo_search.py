"""`dev demo` where an Elasticsearch and a Kibana are configured: there too, and never among real documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.kibana_server import FakeKibana, serve
from tests.nights import lake_lines
from tests.shell import Shell

if TYPE_CHECKING:
    from pathlib import Path

    from elasticsearch import Elasticsearch


def test_a_demo_has_indices_and_dashboards_of_its_own(
    tmp_path: Path, es: Elasticsearch, es_url: str, prefix: str
) -> None:
    kibana = FakeKibana()
    with serve(kibana) as server:
        shell = Shell(tmp_path, {"ES_HOST": es_url, "INDEX_PREFIX": prefix, "KIBANA_HOST": server.url})
        done = shell("dev", "demo", "--vendor", "zoom", "--days", "2", "--calls", "3")
        again = shell("dev", "demo", "--vendor", "zoom", "--days", "2", "--calls", "3")

    assert (done.code, again.code) == (0, 0), done.err + again.err
    counted = {
        type_: es.count(index=f"{prefix}-demo-{type_}s-*")["count"] for type_ in ("conference", "stream", "sample")
    }
    assert counted == {type_: len(lake_lines(shell.data / "demo", type_)) for type_ in counted}
    assert counted["conference"] == 2 * 3
    assert es.count(index=f"{prefix}-conferences-*")["count"] == 0
    dashboards = {id_ for type_, id_ in kibana.spaces["default"] if type_ == "dashboard"}
    assert len(dashboards) == 8
    assert all(id_.startswith(f"{prefix}-demo-") for id_ in dashboards)


def test_without_an_elasticsearch_there_is_nothing_for_a_kibana_to_show(tmp_path: Path) -> None:
    kibana = FakeKibana()
    with serve(kibana) as server:
        done = Shell(tmp_path)("dev", "demo", KIBANA_HOST=server.url)
    assert done.code == 0, done.err
    assert not kibana.spaces.get("default")
