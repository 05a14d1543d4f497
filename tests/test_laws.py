"""Laws of the engine: what holds for every order of days, every split, every number of threads, every fault."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvesters.opentok import OpenTok
from tests.nights import Night, Ran, Vendor, lake_lines, printed, state, vendor
from tests.opentok_days import session, session_id
from tests.opentok_faults import FAULTS, UNLIMITED, faulty
from tests.shell import tree

DAYS = [date(2026, 11, day) for day in (17, 18, 19, 20)]
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
"""A Tuesday on which all of the days have settled."""


def at(hours: float) -> timedelta:
    return timedelta(hours=hours)


def reused(*uses: Any) -> Any:  # noqa: ANN401 - an answer
    """One session with the meetings of several."""
    meetings = [meeting for use in uses for meeting in use["meetings"]["resources"]]
    return {**uses[0], "meetings": {"resources": meetings}}


def four_days() -> list[Any]:
    """A session used on three days, calls over midnight, one with a meetingId twice, and usual ones."""
    first, second, third, fourth = DAYS
    small = partial(session, people=2, minutes=1)
    return [
        reused(*(small(7, day=day, start=at(12)) for day in (first, second, fourth))),
        small(0, day=first, start=at(9)),
        session(1, day=first, start=at(23.99), people=2, minutes=3),
        small(2, day=second, start=at(9), meetings=2, gap=1),
        small(3, day=third, start=at(23.9), meetings=2, gap=15),
        small(4, day=fourth, start=at(0)),
        small(5, day=fourth, start=at(10)),
    ]


@pytest.fixture(scope="module")
def opentok() -> Iterator[Vendor]:
    with vendor(four_days(), NOW, rules=UNLIMITED) as server:
        yield server


@pytest.fixture(scope="module")
def whole(opentok: Vendor, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The lake after one run over the four days in their order."""
    folder = tmp_path_factory.mktemp("whole")
    ran = machine(opentok, folder).harvest(*DAYS)
    # The reused session is a call on three days; the last meeting of session 3 started after midnight.
    assert [each.listed for each in ran.report.slices] == [3, 2, 1, 4]
    assert (ran.exit_code, len(lake_lines(folder, "conference"))) == (0, 3 + 3 + 1 + 4)
    return lake(folder)


def machine(opentok: Vendor, folder: Path, now: datetime = NOW, **more: str) -> Night:
    """A machine at an instant at which the vendor is too."""
    opentok.now = now
    return Night(folder, now, opentok.url, more=more)


def lake(folder: Path) -> dict[str, bytes]:
    return tree(folder / "lake")


def masked(folder: Path) -> list[dict[str, Any]]:
    """The lake's documents without the instant of the fetch."""
    found = [json.loads(line) for line in lake_lines(folder)]
    for each in found:
        del each["event"]["created"], each["vconf"]["harvest"]["fetched_at"]
    return found


def documents(lines: Iterable[bytes]) -> list[bytes]:
    return sorted(lines)


# -- order, repetition, overlap ------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(st.lists(st.lists(st.sampled_from(DAYS), max_size=4), max_size=4), st.permutations(DAYS))
@example([[DAYS[0]], [DAYS[0], DAYS[1]], [DAYS[1], DAYS[0]]], DAYS[::-1])
def test_any_order_repetition_and_overlap_of_days_gives_the_same_documents(
    opentok: Vendor, whole: dict[str, bytes], runs: list[list[date]], rest: list[date]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        night = machine(opentok, Path(folder))
        for days in (*runs, rest):
            assert days == [] or night.later().harvest(*days).exit_code == 0
        assert lake(Path(folder)) == whole


@settings(max_examples=5, deadline=None)
@given(st.sets(st.integers(1, 3)))
def test_any_split_of_a_window_gives_the_union(opentok: Vendor, whole: dict[str, bytes], cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), 4]
    with tempfile.TemporaryDirectory() as folder:
        for start, end in pairwise(edges):
            machine(opentok, Path(folder)).harvest(*DAYS[start:end])
        assert lake(Path(folder)) == whole


@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(DAYS), st.integers(-72, 100)), max_size=5))
def test_the_fetch_time_is_all_that_the_hour_of_a_run_decides(
    opentok: Vendor, tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[date, int]]
) -> None:
    """Hours before and after the days settled, none of them before the last call had ended."""
    reference = tmp_path_factory.mktemp("reference")
    machine(opentok, reference).harvest(*DAYS)
    with tempfile.TemporaryDirectory() as folder:
        for day, hours in [*runs, *((day, 0) for day in DAYS)]:
            assert machine(opentok, Path(folder), NOW + at(hours)).harvest(day).exit_code == 0
        assert masked(Path(folder)) == masked(reference)


@pytest.mark.parametrize("concurrency", [1, 2, 8])
def test_the_number_of_threads_changes_nothing(
    opentok: Vendor, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    monkeypatch.setattr(OpenTok, "limits", replace(OpenTok.limits, batch=1))
    before = opentok.requests
    ran = machine(opentok, tmp_path).harvest(*DAYS, concurrency=concurrency)
    # A list for each day, and a request for each of the ten calls.
    assert (ran.exit_code, opentok.requests - before) == (0, 4 + 10)
    assert lake(tmp_path) == whole


# -- days ----------------------------------------------------------------------------------------------

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(0, 3 * DAY_MS - 1), min_size=1, max_size=6, unique=True))
@example([0, DAY_MS - 1, DAY_MS, DAY_MS + 1, 2 * DAY_MS - 1, 2 * DAY_MS])
@example([DAY_MS - 2 * MINUTE_MS, DAY_MS])
def test_every_conference_belongs_to_the_one_utc_day_of_its_start(starts: list[int]) -> None:
    days = DAYS[:3]
    calls = [
        session(number, day=days[0], start=timedelta(milliseconds=start), people=1, minutes=5)
        for number, start in enumerate(starts)
    ]
    expected = {
        (session_id(number, days[0]), str(days[start // DAY_MS]))
        for number, start in enumerate(starts)
    }  # fmt: skip
    with vendor(calls, NOW, rules=UNLIMITED) as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        assert Night(folder, NOW, server.url).harvest(*days[::-1]).exit_code == 0
        found = [
            (json.loads(line)["vconf"]["conference"]["parent_id"], day)
            for day in map(str, days)
            for line in lines_of(folder, day)
        ]
    assert sorted(found) == sorted(expected)


def lines_of(folder: Path, day: str) -> list[bytes]:
    """The conferences of one day: the lake of a folder that holds nothing but links to its files."""
    with tempfile.TemporaryDirectory() as one:
        for path in (folder / "lake" / "conference").glob(f"*/*/{day}.ndjson.zst"):
            link = Path(one) / path.relative_to(folder)
            link.parent.mkdir(parents=True)
            link.hardlink_to(path)
        return lake_lines(Path(one))


def test_records_of_other_days_and_calls_that_are_listed_twice_are_dropped(
    opentok: Vendor, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a source may do: ask for a little too much, and list a call as often as it likes."""
    fetch: Any = OpenTok.fetch
    list_calls: Any = OpenTok.list_calls

    def fetches_too_much(*asked: Any) -> Iterator[Any]:
        for item in fetch(*asked):
            yield item
            for days in (-1, 1):
                yield replace(item, key=(*item.key, "x"), started=item.started + timedelta(days=days))

    monkeypatch.setattr(OpenTok, "fetch", fetches_too_much)
    monkeypatch.setattr(OpenTok, "list_calls", lambda *asked: (call for call in list_calls(*asked) for _ in range(2)))
    ran = machine(opentok, tmp_path).harvest(*DAYS)
    assert [each.listed for each in ran.report.slices] == [3, 2, 1, 4]
    assert (ran.exit_code, lake(tmp_path)) == (0, whole)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/St_Johns", "Etc/GMT+12"])
def test_the_machine_s_time_zone_changes_nothing(
    opentok: Vendor, whole: dict[str, bytes], tmp_path: Path, zone: str
) -> None:
    """Half an hour past midnight: the nightly run takes the seven UTC days before, which are 17 to 23."""
    now = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
    done = machine(opentok, tmp_path, now, TZ=zone).command("opentok", "--report", "report.json")
    assert done.returncode == 0, done.stderr
    slices = json.loads((tmp_path / "report.json").read_text())["slices"]
    assert [each["day"] for each in slices] == [f"2026-11-{day}" for day in range(17, 24)]
    assert lake(tmp_path).keys() == whole.keys()
    stamped = b'"2026-11-24T00:30:00.000Z"'
    ours = [line.replace(stamped, b'"2026-11-24T09:00:00.000Z"') for line in lake_lines(tmp_path)]
    reference = tmp_path / "reference"
    machine(opentok, reference).harvest(*DAYS)
    assert ours == lake_lines(reference)


# -- repetition ----------------------------------------------------------------------------------------


def sent(ran: Ran, destination: str = "lake") -> int:
    return sum(
        types["sent"]
        for each in ran.report.slices
        for types in each.as_json()["destinations"][destination].values()
    )  # fmt: skip


def test_a_repeated_harvest_of_settled_days_asks_nothing_sends_nothing_and_changes_no_byte(
    opentok: Vendor, tmp_path: Path
) -> None:
    machine(opentok, tmp_path).harvest(*DAYS)
    before, asked = state(tmp_path), opentok.requests
    again = machine(opentok, tmp_path, NOW + at(30)).harvest(*DAYS)
    assert (again.exit_code, opentok.requests, sent(again)) == (0, asked, 0)
    assert [each.unchanged for each in again.report.slices] == [3, 3, 1, 4]
    assert state(tmp_path) == before


@pytest.mark.parametrize("hours", [0, 12])
def test_again_asks_for_everything_and_still_changes_no_document(opentok: Vendor, tmp_path: Path, hours: float) -> None:
    machine(opentok, tmp_path).harvest(*DAYS)
    before, asked = state(tmp_path), opentok.requests
    again = machine(opentok, tmp_path, NOW + at(hours)).harvest(*DAYS, again=True)
    # A list and one batch for each day.
    assert (again.exit_code, opentok.requests - asked, sent(again)) == (0, 8, 0)
    assert [each.unchanged for each in again.report.slices] == [3, 3, 1, 4]
    assert all(each.settled for each in again.report.slices)
    after = state(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert after.keys() == before.keys()
    # The manifest writes down that it was listed again; the archive and the lake are what they were.
    assert all(name.endswith(".manifest.json") for name in changed)


def test_a_repeated_harvest_of_a_day_that_may_still_change_sends_nothing(opentok: Vendor, tmp_path: Path) -> None:
    """The last day, on its first night."""
    tonight = datetime(2026, 11, 21, 2, tzinfo=UTC)
    first = machine(opentok, tmp_path, tonight).harvest(DAYS[3])
    before, asked = state(tmp_path), opentok.requests
    again = machine(opentok, tmp_path, tonight + at(1)).harvest(DAYS[3])
    assert (first.only.settled, again.only.settled, opentok.requests - asked) == (False, False, 2)
    assert (again.exit_code, sent(again), again.only.unchanged) == (0, 0, 4)
    after = state(tmp_path)
    assert {name for name in before if before[name] != after[name]} <= {
        "archive/opentok/46204972/2026/2026-11-20.manifest.json"
    }
    assert after.keys() == before.keys()


# -- one and the same bytes ----------------------------------------------------------------------------


def test_replay_gives_the_bytes_of_the_live_run(opentok: Vendor, whole: dict[str, bytes], tmp_path: Path) -> None:
    """A year later, with nobody to ask and a lake that is gone."""
    machine(opentok, tmp_path).harvest(*DAYS, into=["stdout"], stdout=BytesIO())
    assert not (tmp_path / "lake").exists()
    asked = opentok.requests
    ran = Night(tmp_path, NOW + timedelta(days=400)).replay()
    assert (ran.exit_code, opentok.requests) == (0, asked)
    assert lake(tmp_path) == whole


def test_stdout_and_lake_hold_the_same_bytes(opentok: Vendor, tmp_path: Path) -> None:
    out = BytesIO()
    ran = machine(opentok, tmp_path).harvest(*DAYS, into=["lake", "stdout"], stdout=out)
    told = [each.source for each in printed(out).values()]
    assert documents(told) == documents(lake_lines(tmp_path))
    assert sent(ran, "stdout") == sent(ran, "lake") == len(told)


# -- figures -------------------------------------------------------------------------------------------

FINE, NO_CONFERENCE = "fine", "no meetings"
FAILS = sorted(set(FAULTS) - {NO_CONFERENCE})
FAULTY_DAY = DAYS[0]


def some_calls(number: int) -> list[Any]:
    return [session(index, day=FAULTY_DAY, people=1, minutes=1) for index in range(number)]


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from([FINE, *FAULTS]), min_size=1, max_size=7), st.integers(1, 4))
@example([*FAULTS, FINE], 50)
@example(["gone", "null", "gone"], 50)
@example(["left out", "troubled", "troubled"], 50)
def test_listed_is_harvested_and_without_conference_and_failed_whatever_the_vendor_does(
    told: Sequence[str], batch: int
) -> None:
    ids = {session_id(number, FAULTY_DAY): fault for number, fault in enumerate(told)}
    with (
        faulty(some_calls(len(told)), NOW) as (server, faults),
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(OpenTok, "limits", replace(OpenTok.limits, batch=batch))
        faults.of = {id_: fault for id_, fault in ids.items() if fault != FINE}
        night = Night(Path(folder), NOW, server.url)
        bad = night.harvest(FAULTY_DAY)
        assert bad.only.listed == len(told)
        assert bad.only.harvested == told.count(FINE)
        assert bad.only.without_conference == told.count(NO_CONFERENCE)
        assert {each["key"] for each in bad.only.failed} == {id_ for id_, fault in ids.items() if fault in FAILS}
        assert bad.only.listed == bad.only.harvested + bad.only.without_conference + len(bad.only.failed)
        assert all(each["reason"] for each in bad.only.failed)
        assert (bad.exit_code, bad.only.state) == ((3, "partial") if bad.only.failed else (0, "complete"))

        # The vendor comes to its senses, and nothing of the bad night is left.
        faults.of = {}
        good = night.later().harvest(FAULTY_DAY, again=True)
        assert (good.exit_code, good.only.harvested, good.only.failed) == (0, len(told), [])
        found = lake_lines(Path(folder), "conference")
        assert len(found) == len(told)
