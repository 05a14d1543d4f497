"""A node that is busy when it is asked for anything besides the load: a moment later everything is there.

Elasticsearch answers 429 to any request, not to `_bulk` alone: its circuit breaker looks at the memory of the whole
node. What is asked of it is always the real node's doing; the busy one is put before it.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from harvesters.core.day import Clock
from harvesters.core.destinations.patience import A_MINUTE, patiently
from harvesters.core.errors import BusyDestinationError, Exit
from harvesters.core.setup import load_templates
from harvesters.sandbox import Request, Response
from tests.nights import Night, Time, vendor
from tests.node_door import Door, refuse_all
from tests.opentok_days import session

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TRIPPED = refuse_all(429, "circuit_breaking_exception", "[parent] Data too large, data for [<http_request>]")


@dataclass
class Busy(Door):
    """Refuses what it is asked for the first few times, each thing for itself."""

    times: int = 1
    asked: dict[str, int] = field(default_factory=dict)

    def _answer(self, request: Request) -> Response:
        what = f"{request.method} {request.path}"
        self.asked[what] = self.asked.get(what, 0) + 1
        if self.asked[what] <= self.times:
            return TRIPPED(request.body, lambda _body: pytest.fail("a refusal asks nobody"))
        return super()._answer(request)


def night(folder: Path, es_url: str, prefix: str) -> Night:
    return Night(folder, NOW, es_url=es_url, prefix=prefix)


def templates(es: Elasticsearch, prefix: str) -> dict[str, object]:
    found = es.indices.get_index_template(name=f"{prefix}-*")["index_templates"]
    return {each["name"]: each["index_template"]["version"] for each in found}


def test_a_set_up_waits_for_a_busy_node(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    well = night(tmp_path, es_url, prefix).setup()
    wanted = templates(es, prefix)
    es.indices.delete_index_template(name=f"{prefix}-*")
    door = Busy(es_url)
    with door.serve() as node:
        machine = night(tmp_path, node.url, prefix)
        said = [line.replace(node.url.rpartition("//")[2], es_url.rpartition("//")[2]) for line in machine.setup()]
    assert said == well
    assert templates(es, prefix) == wanted
    # Each of the cluster's answers was missed once, and each miss waited for.
    assert {*door.asked.values()} == {2}
    assert len(machine.time.waits) == len(door.asked)
    assert max(machine.time.waits) <= 1


def test_new_fields_are_told_of_once(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    night(tmp_path, es_url, prefix).setup()
    index = f"{prefix}-participants-2026"
    es.indices.delete_index_template(name=f"{prefix}-participants")
    es.indices.create(index=index, mappings={"properties": {"message": {"type": "text"}}})
    with Busy(es_url).serve() as node:
        said = night(tmp_path, node.url, prefix).setup()
    assert [line for line in said if line.startswith(index)] == [f"{index}: new fields added."]
    assert len(es.indices.get_mapping(index=index)[index]["mappings"]["properties"]) > 1


def test_a_node_that_stays_busy_is_named(es_url: str, prefix: str, tmp_path: Path) -> None:
    door = Busy(es_url, times=100)
    with door.serve() as node:
        machine = night(tmp_path, node.url, prefix)
        with pytest.raises(BusyDestinationError, match=r"status 429: \[parent\] Data too large"):
            load_templates(machine.place.common, machine.place.clock)
    assert [*door.asked.values()] == [4]
    assert len(machine.time.waits) == 3


def test_a_whole_night_on_a_busy_node(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    """Nothing is missing in the end: not the run's own documents either."""
    night(tmp_path, es_url, prefix).setup()
    door = Busy(es_url)
    call = session(0, day=DAY, start=timedelta(hours=9), people=2, minutes=3)
    with vendor([call], NOW) as server, door.serve() as node:
        machine = Night(tmp_path, NOW, server.url, node.url, prefix)
        ran = machine.harvest(DAY, into=["index"])
    assert (ran.exit_code, ran.only.state) == (0, "complete"), ran.only.sentence()
    es.indices.refresh(index=f"{prefix}-*")
    kinds = es.search(index=f"{prefix}-*", aggs={"kinds": {"terms": {"field": "vconf.type"}}}, size=0)
    counted = {each["key"]: each["doc_count"] for each in kinds["aggregations"]["kinds"]["buckets"]}
    assert (counted["conference"], counted["participant"]) == (1, 2)
    assert (counted["run"], counted["slice"]) == (1, 1)


def test_a_run_that_was_interrupted_while_it_waited_does_not_wait_to_note_itself(
    es_url: str, prefix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count after a load finds a node that is busy: Ctrl-C then, and the run's own document is not waited for."""
    night(tmp_path, es_url, prefix).setup()
    door = Busy(es_url, times=0)
    call = session(0, day=DAY, start=timedelta(hours=9), people=2, minutes=3)
    with vendor([call], NOW) as server, door.serve() as node:
        machine = Night(tmp_path, NOW, server.url, node.url, prefix)
        with machine.shop(["index"]) as shop:
            (index,) = shop.destinations

            def interrupted(*_: object) -> None:
                door.times = 100
                raise KeyboardInterrupt

            monkeypatch.setattr(index, "check", interrupted)
            ran = machine.work(shop, [DAY])
    assert ran.only.exit_code == Exit.INTERRUPTED
    assert "the run's own document was not written" in caplog.text
    assert len(machine.time.waits) == 1, "the wait, which ends at once where the run is being stopped, is the last"


@pytest.mark.parametrize(("takes", "tries"), [(1.0, 4), (120.0, 1)], ids=["busy", "hanging"])
def test_a_node_that_hangs_is_not_asked_again_and_again(takes: float, tries: int) -> None:
    time = Time()
    clock = Clock(lambda: NOW, time.monotonic, wait=time.wait)
    tried = 0

    def work() -> None:
        nonlocal tried
        tried += 1
        time.seconds += takes
        message = "no answer in time"
        raise BusyDestinationError(message)

    with pytest.raises(BusyDestinationError):
        patiently(clock, work, A_MINUTE)
    assert tried == tries
