"""Selections: `--limit`, `--session-id` and `--key` narrow the work, add to the day and remove nothing of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from harvesters.core.options import Selection
from tests.nights import Night, Ran, Vendor, lake_lines, printed
from tests.opentok_days import session, session_id
from tests.opentok_faults import Faults, details, faulty

DAY = date(2026, 11, 18)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
CALLS = 4


def ids(*numbers: int) -> list[str]:
    return [session_id(number, DAY) for number in numbers]


@pytest.fixture
def opentok() -> Iterator[tuple[Vendor, Faults]]:
    start = timedelta(hours=9)
    made = [session(number, day=DAY, start=start, people=1, minutes=1) for number in range(CALLS)]
    with faulty(made, NOW) as found:
        yield found


def only(*numbers: int) -> Selection:
    return Selection(calls=frozenset(ids(*numbers)))


def figures(ran: Ran) -> tuple[int, str, int, int]:
    return ran.exit_code, ran.only.state, ran.only.listed, ran.only.harvested


def test_a_selection_fetches_what_was_selected_and_tells_of_that_alone(
    opentok: tuple[Vendor, Faults], tmp_path: Path
) -> None:
    server, _ = opentok
    night = Night(tmp_path, NOW, server.url)
    ran = night.harvest(DAY, selection=only(1, 3))
    assert figures(ran) == (0, "complete", 2, 2)
    assert (ran.only.settled, ran.only.failed) == (False, [])
    assert sorted(details(server.asked())) == sorted(ids(1, 3))
    assert len(lake_lines(tmp_path, "conference")) == 2
    manifest = night.manifest(DAY)
    assert manifest.state == "", "nothing is known of the day as a whole"
    assert {key: each.state for key, each in manifest.calls.items()} == {
        **dict.fromkeys(ids(1, 3), "fetched"),
        **dict.fromkeys(ids(0, 2), "missing"),
    }


def test_the_rest_of_the_day_comes_with_the_next_night(opentok: tuple[Vendor, Faults], tmp_path: Path) -> None:
    server, _ = opentok
    night = Night(tmp_path, NOW, server.url)
    night.harvest(DAY, selection=Selection(limit=3))
    since = server.requests
    ran = night.later().harvest()
    found = next(each for each in ran.report.slices if each.day == str(DAY))
    assert (ran.exit_code, found.state, found.listed, found.harvested) == (0, "complete", CALLS, CALLS)
    assert details(server.asked(since)) == ids(3)
    assert len(lake_lines(tmp_path, "conference")) == CALLS


@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_a_limit_takes_the_first_calls(opentok: tuple[Vendor, Faults], tmp_path: Path, limit: int) -> None:
    server, _ = opentok
    ran = Night(tmp_path, NOW, server.url).harvest(DAY, selection=Selection(limit=limit))
    assert figures(ran) == (0, "complete", min(limit, CALLS), min(limit, CALLS))
    assert details(server.asked()) == ids(0, 1, 2, 3)[:limit]


def test_what_was_selected_is_whole_though_another_call_failed(opentok: tuple[Vendor, Faults], tmp_path: Path) -> None:
    server, faults = opentok
    faults.of = {ids(0)[0]: "null"}
    night = Night(tmp_path, NOW, server.url)
    assert night.harvest(DAY).exit_code == 3
    before = night.manifest(DAY)
    assert figures(night.later().harvest(DAY, selection=only(1, 2))) == (0, "complete", 2, 2)
    failing = night.later().harvest(DAY, selection=only(0, 1))
    assert figures(failing) == (3, "partial", 2, 1)
    assert [each["key"] for each in failing.only.failed] == ids(0)
    after = night.manifest(DAY)
    assert (before.state, after.state) == ("partial", "partial")
    assert after.records == before.records


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("selection", [only(2), Selection(limit=1), only(2, 99)])
def test_a_selection_leaves_a_settled_day_as_it_was(
    opentok: tuple[Vendor, Faults], tmp_path: Path, selection: Selection, *, again: bool
) -> None:
    server, _ = opentok
    night = Night(tmp_path, NOW, server.url)
    night.harvest(DAY)
    before, lake, asked = night.manifest(DAY), lake_lines(tmp_path), server.requests
    ran = night.later().harvest(DAY, selection=selection, again=again)
    unknown = 99 in [number for number in (2, 99) if ids(number)[0] in selection.calls]
    assert ran.exit_code == (3 if unknown else 0)
    assert [each for each in ran.only.warnings if "is not among the calls" in each] == [
        f"{id_} is not among the calls of 2026-11-18" for id_ in ids(99) if unknown
    ]
    assert server.requests - asked == (2 if again else 0)
    after = night.manifest(DAY)
    assert (after.state, after.settled, after.warnings) == ("complete", True, [])
    assert (after.records, after.destinations) == (before.records, before.destinations)
    assert lake_lines(tmp_path) == lake


def test_a_selected_call_that_fails_when_asked_again_unsettles_the_day(
    opentok: tuple[Vendor, Faults], tmp_path: Path
) -> None:
    """What is known of it stays, and the next night tries it once more."""
    server, faults = opentok
    night = Night(tmp_path, NOW, server.url)
    night.harvest(DAY)
    lake = lake_lines(tmp_path)
    faults.of = {ids(2)[0]: "null"}
    ran = night.later().harvest(DAY, selection=only(2), again=True)
    assert figures(ran) == (3, "partial", 1, 0)
    assert not night.manifest(DAY).settled
    assert lake_lines(tmp_path) == lake
    faults.of = {}
    since = server.requests
    assert str(DAY) in night.later().harvest().days
    assert details(server.asked(since)) == ids(2)
    assert night.manifest(DAY).settled


# -- replay --key --------------------------------------------------------------------------------------


def test_a_replay_of_a_key_prints_its_record_alone(opentok: tuple[Vendor, Faults], tmp_path: Path) -> None:
    server, _ = opentok
    night = Night(tmp_path, NOW, server.url)
    night.harvest(DAY)
    record = next(name for name in night.manifest(DAY).records if ids(1)[0] in name)
    for key in (ids(1)[0], record, night.manifest(DAY).records[record].key[1]):
        out = BytesIO()
        ran = night.replay(DAY, into=["stdout"], stdout=out, keys=[key])
        assert figures(ran) == (0, "complete", 1, 1)
        # A conference with one participant, one stream and one measurement.
        assert len(printed(out)) == 4
        assert all(ids(1)[0].encode() in each.source for each in printed(out).values())


def test_a_replay_of_a_key_is_whole_though_another_call_of_the_day_failed(
    opentok: tuple[Vendor, Faults], tmp_path: Path
) -> None:
    server, faults = opentok
    faults.of = {ids(0)[0]: "null"}
    night = Night(tmp_path, NOW, server.url)
    night.harvest(DAY)
    assert night.replay(DAY).exit_code == 3
    assert figures(night.replay(DAY, keys=ids(1))) == (0, "complete", 1, 1)
    assert figures(night.replay(DAY, keys=ids(0, 1))) == (3, "partial", 2, 1)
    assert night.manifest(DAY).state == "partial"


def test_a_key_that_a_day_does_not_have_prints_nothing(opentok: tuple[Vendor, Faults], tmp_path: Path) -> None:
    server, _ = opentok
    night = Night(tmp_path, NOW, server.url)
    night.harvest(DAY)
    out = BytesIO()
    ran = night.replay(DAY, into=["stdout"], stdout=out, keys=["nobody"])
    assert (figures(ran), printed(out)) == ((0, "empty", 0, 0), {})
    assert night.manifest(DAY).state == "complete"
