"""The lake: whole slices or none, private files, and the queries of the README with answers made by hand."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from harvesters.core.day import Day
from harvesters.core.destinations import Counts, Target
from harvesters.core.destinations.lake import LakeDestination
from harvesters.core.encode import Encoded
from harvesters.core.errors import DestinationError
from harvesters.core.options import Selection
from harvesters.core.source import Record
from harvesters.core.tree import Conference
from harvesters.core.workshop import Workshop
from tests.nights import HOME, Night, Vendor, lake_lines, vendor
from tests.opentok_days import session, session_id

DAY = date(2026, 11, 20)
NEXT = date(2026, 11, 21)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TARGET = Target("opentok", "46204972", Day(DAY))
TYPES = ("conference", "participant", "stream", "sample")


@pytest.fixture
def opentok() -> Iterator[Vendor]:
    """Three calls of one day."""
    calls = [session(number, day=DAY, start=timedelta(hours=9 + number), people=2, minutes=2) for number in range(3)]
    with vendor(calls, NOW) as server:
        yield server


def path_of(data_dir: Path, type_: str, day: date = DAY) -> Path:
    return data_dir / "lake" / type_ / "vendor=opentok" / "account=46204972" / f"{day}.ndjson.zst"


def calls_in(data_dir: Path, type_: str = "conference") -> set[str]:
    """The vendor's ids of the calls in the lake."""
    return {json.loads(line)["vconf"]["conference"]["parent_id"] for line in lake_lines(data_dir, type_)}


def ids(*numbers: int) -> set[str]:
    return {session_id(number, DAY) for number in numbers}


def encoded(type_: str, id_: str) -> Encoded:
    return Encoded(type_, f"vconf-{type_}s-2026", id_, 1, b'{"id":"%s"}' % id_.encode())


# -- files ---------------------------------------------------------------------------------------------


def test_one_private_file_for_each_type_and_day(opentok: Vendor, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert Night(tmp_path, NOW, opentok.url).harvest(DAY).exit_code == 0
    finally:
        os.umask(before)
    files = {path for path in (tmp_path / "lake").rglob("*") if path.is_file()}
    assert files == {path_of(tmp_path, type_) for type_ in (*TYPES, "issue")}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_type_that_no_longer_occurs_leaves_no_file(tmp_path: Path) -> None:
    lake = LakeDestination(tmp_path / "lake")
    both = [encoded("stream", "s"), encoded("sample", "s-1")]
    lake.write(TARGET, [("a", both)], Counts())
    assert path_of(tmp_path, "sample").exists()
    counts = Counts()
    lake.write(TARGET, [("a", both[:1])], counts)
    assert not path_of(tmp_path, "sample").exists()
    assert lake_lines(tmp_path) == [b'{"id":"s"}']
    assert (counts.whole, counts.accepted) == (["a"], {"a": {"stream": 1}})


def test_the_old_files_stay_until_every_new_one_is_whole(tmp_path: Path) -> None:
    lake = LakeDestination(tmp_path / "lake")
    lake.write(TARGET, [("a", [encoded("stream", "old"), encoded("sample", "old-1")])], Counts())
    before = {type_: path_of(tmp_path, type_).read_bytes() for type_ in ("stream", "sample")}

    def breaks_off() -> Iterable[Encoded]:
        yield encoded("stream", "new")
        yield encoded("sample", "new-1")
        raise OSError(28, "No space left on device")

    counts = Counts()
    with pytest.raises(DestinationError, match="cannot be written: No space left on device"):
        lake.write(TARGET, [("a", breaks_off())], counts)
    assert {type_: path_of(tmp_path, type_).read_bytes() for type_ in before} == before
    assert not counts.whole
    # Nor does a query see what was begun.
    assert lake_lines(tmp_path) == [b'{"id":"old-1"}', b'{"id":"old"}']


@pytest.mark.parametrize("cause", [KeyboardInterrupt(), OSError(28, "No space left on device"), RuntimeError("a bug")])
def test_what_was_begun_of_an_orderly_end_is_not_left_lying_about(tmp_path: Path, cause: BaseException) -> None:
    """It tells of people, and nobody would know of it."""
    lake = LakeDestination(tmp_path / "lake")
    lake.write(TARGET, [("a", [encoded("stream", "old")])], Counts())

    def breaks_off() -> Iterable[Encoded]:
        yield encoded("stream", "new")
        yield encoded("sample", "new-1")
        assert len(list(tmp_path.rglob("*.new"))) == 2
        raise cause

    with pytest.raises((type(cause), DestinationError)):
        lake.write(TARGET, [("a", breaks_off())], Counts())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [path_of(tmp_path, "stream")]
    assert lake_lines(tmp_path) == [b'{"id":"old"}']


def test_a_swap_that_breaks_off_is_made_up_for(
    opentok: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.replace

    def full_for_samples(self: Path, target: Path) -> Path:
        if "sample" in str(target):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    night = Night(tmp_path, NOW, opentok.url)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full_for_samples)
        ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert "No space left on device" in ran.only.reason
    asked = opentok.requests
    again = night.later().harvest(DAY)
    assert (again.exit_code, again.only.state) == (0, "complete")
    assert opentok.requests == asked
    for type_ in TYPES:
        assert calls_in(tmp_path, type_) == ids(0, 1, 2)


@pytest.mark.parametrize("type_", TYPES)
def test_a_file_that_vanished_is_made_again(opentok: Vendor, tmp_path: Path, type_: str) -> None:
    night = Night(tmp_path, NOW, opentok.url)
    night.harvest(DAY)
    before, asked = lake_lines(tmp_path), opentok.requests
    path_of(tmp_path, type_).unlink()
    ran = night.later().harvest(DAY)
    assert (ran.exit_code, ran.only.state, opentok.requests) == (0, "complete", asked)
    assert lake_lines(tmp_path) == before


def test_one_record_that_fell_short_is_said_as_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    only = session(0, day=DAY, start=timedelta(hours=9), people=2, minutes=2)
    with vendor([only], NOW) as server:
        night = Night(tmp_path, NOW, server.url)
        night.harvest(DAY)
        path_of(tmp_path, "stream").unlink()
        night.later().harvest(DAY)
    assert "lake: 1 record fell short: loading again" in caplog.messages


# -- whole slices --------------------------------------------------------------------------------------


def test_a_selection_adds_to_the_whole_slice(opentok: Vendor, tmp_path: Path) -> None:
    night = Night(tmp_path, NOW, opentok.url)
    only = {number: Selection(calls=frozenset(ids(number))) for number in (0, 2)}
    assert night.harvest(DAY, selection=only[0]).exit_code == 0
    assert calls_in(tmp_path) == ids(0)
    assert night.later().harvest(DAY, selection=only[2]).exit_code == 0
    for type_ in TYPES:
        assert calls_in(tmp_path, type_) == ids(0, 2)
    assert night.later().harvest(DAY).exit_code == 0
    assert night.later().harvest(DAY, selection=only[0], again=True).exit_code == 0
    for type_ in TYPES:
        assert calls_in(tmp_path, type_) == ids(0, 1, 2)


def test_a_replay_of_one_key_writes_the_whole_slice(opentok: Vendor, tmp_path: Path) -> None:
    night = Night(tmp_path, NOW, opentok.url)
    night.harvest(DAY)
    before = lake_lines(tmp_path)
    path_of(tmp_path, "stream").unlink()
    assert night.replay(DAY, keys=[session_id(1, DAY)]).exit_code == 0
    assert lake_lines(tmp_path) == before


def test_files_are_not_rebuilt_from_fewer_records_than_they_hold(opentok: Vendor, tmp_path: Path) -> None:
    """A record is lost from the archive, then everything is owed anew: the lake is all that is left of it."""
    night = Night(tmp_path, NOW, opentok.url)
    night.harvest(DAY)
    before = lake_lines(tmp_path)
    entries = list(night.manifest(DAY).records.values())
    archive = night.store(DAY).archive
    content = archive.read_bytes()
    archive.write_bytes(content[: entries[1].offset] + content[entries[1].offset + entries[1].length :])
    other = night.later(more={"OPENTOK_BITRATE_UNIT": "kbit"})
    ran = other.replay(DAY)
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert "the archive lost what the lake holds (1 of its records)" in ran.only.reason
    assert lake_lines(tmp_path) == before
    # The vendor still has it, so the next harvest mends both.
    mended = other.later().harvest(DAY)
    assert (mended.exit_code, mended.only.state) == (0, "complete")
    assert calls_in(tmp_path) == ids(0, 1, 2)
    # With a bitrate more can be poor, and more issues come of our own rules.
    now = lake_lines(tmp_path)
    assert [b'"source":"rule"' not in each for each in now].count(True) == [
        b'"source":"rule"' not in each for each in before
    ].count(True)


def mistaken(shop: Workshop, error: Exception) -> Callable[[Record], Conference]:
    """A `flatten` that cannot read the second call's record."""
    flatten = shop.recipe.flatten

    def read(record: Record) -> Conference:
        if record.call == session_id(1, DAY):
            raise error
        return flatten(record)

    return read


def test_a_record_that_new_code_cannot_read_keeps_its_documents(opentok: Vendor, tmp_path: Path) -> None:
    """A mistake in a new `flatten` must not take a call out of the lake."""
    night = Night(tmp_path, NOW, opentok.url)
    night.harvest(DAY)
    before = lake_lines(tmp_path)
    later = night.later()
    with later.shop(["lake"]) as shop:
        envelope = replace(shop.recipe.envelope, revision="opentok/99.1")
        flatten = mistaken(shop, KeyError("no such member"))
        shop.recipe = replace(shop.recipe, flatten=flatten, envelope=envelope)
        ran = later.work(shop, [DAY])
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    assert session_id(1, DAY) in ran.only.reason
    assert "its files stay" in ran.only.reason
    assert lake_lines(tmp_path) == before


def test_a_record_that_cannot_be_read_keeps_the_documents_that_are_left(opentok: Vendor, tmp_path: Path) -> None:
    """Of all records the lake lacks one type, so that they are loaded once more: what it has of this one is all."""
    night = Night(tmp_path, NOW, opentok.url)
    night.harvest(DAY)
    for path in (tmp_path / "lake" / "participant").rglob(f"{DAY}.ndjson.zst"):
        path.unlink()
    before = lake_lines(tmp_path)
    later = night.later()
    with later.shop(["lake"]) as shop:
        shop.recipe = replace(shop.recipe, flatten=mistaken(shop, ValueError()))
        ran = later.work(shop, [DAY])
    assert ran.exit_code == 1
    assert "its files stay" in ran.only.reason
    assert lake_lines(tmp_path) == before
    mended = later.later().replay(DAY)
    assert mended.exit_code == 0
    assert len(lake_lines(tmp_path, "participant")) > 0
    assert calls_in(tmp_path) == ids(0, 1, 2)


def test_a_record_that_cannot_be_read_is_named_and_the_rest_goes_through(opentok: Vendor, tmp_path: Path) -> None:
    """Where the lake never held it, nothing is lost by writing the others."""
    night = Night(tmp_path, NOW, opentok.url)
    with night.shop(["lake"]) as shop:
        shop.recipe = replace(shop.recipe, flatten=mistaken(shop, ValueError()))
        ran = night.work(shop, [DAY])
    assert (ran.exit_code, ran.only.state) == (3, "partial")
    (warning,) = [each for each in ran.only.warnings if "cannot be made into documents" in each]
    assert session_id(1, DAY) in warning
    assert calls_in(tmp_path) == ids(0, 2)
    # And it stays owed: with the mistake mended the next run brings it.
    assert night.later().harvest(DAY).exit_code == 0
    assert calls_in(tmp_path) == ids(0, 1, 2)


# -- the queries of docs/lake-queries.sql --------------------------------------------------------------

QUERIES = (HOME / "docs" / "lake-queries.sql").read_text("utf-8")


def query(number: int) -> str:
    """One of the queries, by its number in the file."""
    (found,) = [part for part in QUERIES.split("-- ") if part.startswith(f"{number}. ")]
    return found.partition("\n")[2]


def at(day: date, hours: int, minutes: int = 0, seconds: int = 0) -> str:
    return f"{day}T{hours:02d}:{minutes:02d}:{seconds:02d}.000Z"


def stays(call: Any, *lives: tuple[str, str, str]) -> None:  # noqa: ANN401 - an answer
    """Give the people of a call a browser, the instant they come and the one they go."""
    meeting = call["meetings"]["resources"][0]
    for person, (browser, came, went) in zip(meeting["connections"]["resources"], lives, strict=True):
        person |= {"browser": browser, "createdAt": came, "destroyedAt": went}


def losses(stream: Any, *ratios: float | None) -> None:  # noqa: ANN401 - an answer
    """Give a stream these audio losses, one measurement each."""
    rows = stream["streamStatsCollection"]["resources"]
    stamp = datetime.fromisoformat(rows[0]["createdAt"])
    stream["streamStatsCollection"]["resources"] = [
        {
            **rows[0],
            "createdAt": (stamp + timedelta(seconds=30 * number)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "audioPacketLoss": ratio,
            "audioLatencyMs": 20,
        }
        for number, ratio in enumerate(ratios)
    ]


def received_by(call: Any, person: int) -> Iterator[Any]:  # noqa: ANN401 - an answer
    """The streams that one of a call's people receives."""
    meeting = call["meetings"]["resources"][0]
    own = meeting["connections"]["resources"][person]["connectionId"]
    yield from (each for each in meeting["subscribers"]["resources"] if each["connectionId"] == own)


def four_calls() -> list[Any]:
    """Two calls on one day, the second past midnight, and two on the next."""
    morning = session(0, day=DAY, start=timedelta(hours=9), people=2, minutes=10)
    night = session(1, day=DAY, start=timedelta(hours=23, minutes=50), people=1, minutes=30)
    short = session(2, day=NEXT, start=timedelta(hours=8), people=2, minutes=5)
    crowd = session(3, day=NEXT, start=timedelta(hours=10), people=4, minutes=1)
    stays(morning, ("Chrome", at(DAY, 9), at(DAY, 9, 10)), ("Firefox", at(DAY, 9, 2, 30), at(DAY, 9, 10)))
    stays(night, ("Chrome", at(DAY, 23, 50), at(NEXT, 0, 20)))
    stays(short, ("Chrome", at(NEXT, 8), at(NEXT, 8, 5)), ("Firefox", at(NEXT, 8), at(NEXT, 8, 5)))
    stays(crowd, *[("Safari", at(NEXT, 10), at(NEXT, 10, 1))] * 4)
    # What people send is in no one's ear yet: the queries must leave it out.
    for call in (morning, night, short, crowd):
        for publisher in call["meetings"]["resources"][0]["publishers"]["resources"]:
            losses(publisher, 0.9, 0.9)
    losses(*received_by(morning, 0), 0, 0.01, None, 0.5)
    losses(*received_by(morning, 1), 0, 0.06, 0.2, 0.05)
    losses(*received_by(short, 0), 0, 0, 0, 0)
    losses(*received_by(short, 1), 0.051, 0)
    hundredths = iter(range(1, 13))
    for person in range(4):
        for stream in received_by(crowd, person):
            losses(stream, next(hundredths) / 100)
    return [morning, night, short, crowd]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    with vendor(four_calls(), NOW) as server:
        ran = Night(folder, NOW, server.url).harvest(DAY, NEXT)
    assert (ran.exit_code, [each.harvested for each in ran.report.slices]) == (0, [2, 2])
    return folder


@pytest.fixture
def answers(lake: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB, asked from the folder that holds the lake, as the file says."""
    monkeypatch.chdir(lake)
    with duckdb.connect() as connection:
        yield connection


def test_calls_and_participant_minutes_per_day(answers: duckdb.DuckDBPyConnection) -> None:
    assert answers.sql(query(1)).fetchall() == [
        # 10 and 7.5 minutes in the morning, and half an hour that began before midnight.
        (DAY, 2, 3, 10 + 7.5 + 30),
        # Twice 5 minutes and four times one.
        (NEXT, 2, 6, 5 + 5 + 4 * 1),
    ]


def test_share_of_poor_received_audio_by_vendor_and_browser_and_why(answers: duckdb.DuckDBPyConnection) -> None:
    """Those of Safari have one measurement each, which cannot be judged."""
    assert answers.sql(query(4)).fetchall() == [
        # 0, 1 and 50 percent, of which 50 lasts for 30 of at least 90 s: poor for 30 s and a third of the time. The
        # other, of the short call, is 0 all the time.
        ("opentok", "Chrome", 2, 50.0, ["loss"]),
        # 0, 6, 20 and 5 percent: MOS 4.39, 3.48, 2.41 and 3.58, so poor for 30 of 120 s; and 5.1 and 0 percent.
        ("opentok", "Firefox", 2, 50.0, ["loss"]),
    ]


def test_share_of_lossy_samples_by_browser(answers: duckdb.DuckDBPyConnection) -> None:
    assert answers.sql(query(2)).fetchall() == [
        # 6 to 12 of 1 to 12 percent.
        ("Safari", 12, round(100 * 7 / 12, 2)),
        # 6, 20 and 5.1 percent are above 5; 5, 0 and 0 are not.
        ("Firefox", 6, 50.0),
        # 50 percent of seven measurements; an unknown loss is none of them.
        ("Chrome", 7, round(100 / 7, 2)),
    ]


def test_the_ten_worst_streams_with_their_call(answers: duckdb.DuckDBPyConnection) -> None:
    rows = answers.sql(query(3)).fetchall()
    morning, crowd = session_id(0, DAY), session_id(3, NEXT)
    nine, ten = datetime(2026, 11, 20, 9), datetime(2026, 11, 21, 10)  # noqa: DTZ001 - UTC, as DuckDB reads it
    assert [row[:4] for row in rows] == [
        (17.0, 3, nine, morning),  # (0 + 1 + 50) / 3
        (12.0, 1, ten, crowd),
        (11.0, 1, ten, crowd),
        (10.0, 1, ten, crowd),
        (9.0, 1, ten, crowd),
        (8.0, 1, ten, crowd),
        (7.75, 4, nine, morning),  # (0 + 6 + 20 + 5) / 4
        (7.0, 1, ten, crowd),
        (6.0, 1, ten, crowd),
        (5.0, 1, ten, crowd),
    ]
    assert len({row[4] for row in rows}) == 10


def test_the_file_of_queries_runs_as_it_stands(answers: duckdb.DuckDBPyConnection) -> None:
    statements = duckdb.extract_statements(QUERIES)
    assert len(statements) == 4
    for statement in statements:
        assert answers.execute(statement).fetchall()
