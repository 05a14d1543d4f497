"""Killed at any point, then run again: the same documents as if nothing had happened."""

from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from harvesters.core.destinations import index
from harvesters.core.destinations.elastic import Cluster
from harvesters.sandbox import Rules
from tests.conftest import remove_indices
from tests.faults.kills import Dying, dies, dying
from tests.nights import Night, lake_lines, printed, vendor
from tests.node_door import sources, stored
from tests.opentok_days import session

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SESSIONS = [session(index, day=DAY, people=2, minutes=3) for index in range(3)]


def events(night: Night) -> int:
    with dying(0) as count:
        assert night.harvest(DAY, concurrency=1).exit_code == 0
    return count.seen


def killed(night: Night, at: int) -> bool:
    """Harvest in a child that dies at its `at`-th event; whether it did."""

    def work() -> None:
        with dying(at):
            night.harvest(DAY, concurrency=1)

    return dies(work)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_killed_at_every_event_then_run_again(tmp_path: Path) -> None:
    with vendor(SESSIONS, NOW, rules=Rules(rate_limit=100_000)) as source:
        whole = Night(tmp_path / "whole", NOW, source.url)
        number = events(whole)
        expected = lake_lines(tmp_path / "whole")
        assert number > 15
        assert len(expected) > 3 * 7
        deaths = 0
        for at in range(1, number + 1):
            night = Night(tmp_path / str(at), NOW, source.url)
            deaths += killed(night, at)
            again = night.harvest(DAY)
            assert (at, again.exit_code) == (at, 0)
            assert lake_lines(night.data_dir) == expected, at
        assert deaths == number


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_second_harvest_killed_at_every_event_keeps_what_was_there(tmp_path: Path) -> None:
    with vendor(SESSIONS, NOW, rules=Rules(rate_limit=100_000)) as source:
        whole = Night(tmp_path / "whole", NOW, source.url)
        whole.harvest(DAY)
        expected = lake_lines(tmp_path / "whole")
        for at in range(1, events(whole.later(more={"OPENTOK_BITRATE_UNIT": "kbit"})) + 1):
            night = Night(tmp_path / str(at), NOW, source.url)
            night.harvest(DAY)
            killed(night.later(more={"OPENTOK_BITRATE_UNIT": "kbit"}), at)
            assert night.harvest(DAY).exit_code == 0
            assert lake_lines(night.data_dir) == expected, at


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_killed_at_every_bulk_request_then_run_again(
    tmp_path: Path, es: Elasticsearch, es_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BODY_BYTES", 20_000)
    printed_once = BytesIO()
    with vendor(SESSIONS, NOW, rules=Rules(rate_limit=100_000)) as source:
        Night(tmp_path / "printed", NOW, source.url).harvest(DAY, into=["stdout"], stdout=printed_once)
        expected = {id_: each.source for id_, each in printed(printed_once).items()}
        at, died = 0, True
        while died:
            at += 1
            night = Night(tmp_path / str(at), NOW, source.url, es_url, prefix)
            night.setup()
            died = killed_while_sending(night, at)
            assert night.harvest(DAY, into=["index"]).exit_code == 0
            assert sources(stored(es, es_url, prefix)) == expected, at
            remove_indices(es, prefix)
    assert at > 3


def killed_while_sending(night: Night, at: int) -> bool:
    """Harvest in a child that dies before its `at`-th bulk request; whether it did."""

    def work() -> None:
        count = Dying(at)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Cluster, "bulk", count.before(Cluster.bulk))
            night.harvest(DAY, into=["index"], concurrency=1)

    return dies(work)
