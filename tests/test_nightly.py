"""The nightly run: which days it takes and in which order, when a day settles, and what is owed to whom."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from harvesters.core.day import Day
from harvesters.core.destinations.lake import LakeDestination
from harvesters.core.entries import Entry
from harvesters.core.errors import DestinationError
from harvesters.core.manifest import Loaded, Manifest, write_manifest
from harvesters.core.run import choose_days
from harvesters.core.stamps import Stamp
from tests.nights import Night, Vendor, lake_lines, printed, state, vendor
from tests.opentok_days import KEY, session
from tests.opentok_faults import UNLIMITED, details, listed_day
from tests.shell import tree

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
"""A Friday."""
LAST_SEVEN = ["11-13", "11-14", "11-15", "11-16", "11-17", "11-18", "11-19"]
DAY = date(2026, 11, 18)
DIGEST = "d" * 32
RENEW = (
    "1 older day in {0} with documents of other code or settings, or none: "
    "'./harvest.py replay opentok --all --destination {0}' makes them anew."
)


# -- which days: a table, worked out by hand -----------------------------------------------------------


def known(day: str, *, settled: bool, has: dict[str, str] | None = None) -> Manifest:
    """A day with one record, and the digest of what each destination has of it (an empty one: nothing)."""
    manifest = Manifest("opentok", KEY, f"2026-{day}", settled=settled)
    manifest.records["a"] = Entry(
        ("a",),
        "a",
        f"2026-{day}T09:00:00.000Z",
        2,
        ongoing=False,
        fetched_at=1,
        rows=1,
        digest=DIGEST,
        offset=0,
        length=1,
    )
    for identity, digest in (has or {}).items():
        stamps = {"a": Stamp(digest, 1, "an/older", "revision")} if digest else {}
        manifest.destinations[identity] = Loaded(stamps)
    return manifest


def chosen(night: Night, *manifests: Manifest) -> list[str]:
    for each in manifests:
        write_manifest(night.store(date.fromisoformat(each.day)).manifest_path, each)
    with night.shop(["lake"], nightly=True) as shop:
        return [str(day).removeprefix("2026-") for day in choose_days(shop, night.now)]


def settled(*days: str) -> list[Manifest]:
    return [known(day, settled=True, has={"lake": DIGEST}) for day in days]


@pytest.mark.parametrize(
    ("manifests", "days"),
    [
        pytest.param([], LAST_SEVEN, id="the last seven were never harvested"),
        pytest.param(settled(*LAST_SEVEN[:6]), ["11-19"], id="yesterday alone is left"),
        pytest.param(settled(*LAST_SEVEN), ["11-19"], id="yesterday, always"),
        pytest.param(settled(*LAST_SEVEN[:2], *LAST_SEVEN[3:]), ["11-15", "11-19"], id="a gap"),
        pytest.param(
            [*settled(*LAST_SEVEN), known("11-16", settled=False, has={"lake": DIGEST})],
            ["11-16", "11-19"],
            id="an unsettled one of the last seven",
        ),
        pytest.param(
            [*settled(*LAST_SEVEN), known("11-12", settled=False, has={"lake": DIGEST})],
            ["11-12", "11-19"],
            id="an older one that did not settle",
        ),
        pytest.param(
            [*settled(*LAST_SEVEN), known("10-31", settled=False, has={"lake": DIGEST})],
            ["10-31", "11-19"],
            id="the oldest that the vendor still has as a whole",
        ),
        pytest.param(
            [*settled(*LAST_SEVEN), known("10-30", settled=False, has={"lake": DIGEST})],
            ["11-19"],
            id="one that the vendor no longer has",
        ),
        pytest.param([*settled(*LAST_SEVEN), known("11-05", settled=True)], ["11-19"], id="settled and never loaded"),
        pytest.param(
            [*settled(*LAST_SEVEN), known("09-01", settled=True, has={"lake": ""})],
            ["09-01", "11-19"],
            id="settled long ago, and the lake is owed it",
        ),
        pytest.param(
            [*settled(*LAST_SEVEN), known("09-01", settled=True, has={"lake": "e" * 32})],
            ["09-01", "11-19"],
            id="the lake has an older answer",
        ),
        pytest.param(
            [*settled(*LAST_SEVEN), known("09-01", settled=True, has={"another/vconf": "", "lake": DIGEST})],
            ["11-19"],
            id="owed to a destination that is not of this run",
        ),
        pytest.param(
            [*settled(*LAST_SEVEN), known("09-01", settled=True, has={"unreached:lake": ""})],
            ["09-01", "11-19"],
            id="owed to a destination that could not be reached",
        ),
        pytest.param(
            [known("11-17", settled=True, has={"lake": ""}), known("09-01", settled=True, has={"lake": ""})],
            ["09-01", "11-17", "11-13", "11-14", "11-15", "11-16", "11-18", "11-19"],
            id="what is owed comes first",
        ),
        pytest.param(
            [*settled(*LAST_SEVEN), known("11-20", settled=False, has={"lake": DIGEST})],
            ["11-19"],
            id="today is not over",
        ),
    ],
)
def test_the_days_that_a_nightly_run_takes(tmp_path: Path, manifests: list[Manifest], days: list[str]) -> None:
    assert chosen(Night(tmp_path, NOW), *manifests) == days


@pytest.mark.parametrize(
    ("now", "yesterday"),
    [
        (datetime(2026, 11, 20, tzinfo=UTC), "11-19"),
        (datetime(2026, 11, 20, 23, 59, 59, 999_999, tzinfo=UTC), "11-19"),
        (datetime(2026, 11, 21, tzinfo=UTC), "11-20"),
        (datetime(2026, 3, 1, tzinfo=UTC), "02-28"),
        (datetime(2028, 3, 1, tzinfo=UTC), "02-29"),
    ],
)
def test_yesterday_is_the_utc_day_before(tmp_path: Path, now: datetime, yesterday: str) -> None:
    assert chosen(Night(tmp_path, now))[-1][-5:] == yesterday


def test_files_of_somebody_else_are_no_days(tmp_path: Path) -> None:
    folder = Night(tmp_path, NOW).store(DAY).archive.parent
    folder.mkdir(parents=True)
    for name in ("notes-2026.txt", ".DS_Store", "2026-13-45.ndjson.zst", "2026-11-0.part"):
        (folder / name).touch()
    assert chosen(Night(tmp_path, NOW)) == LAST_SEVEN


# -- settling ------------------------------------------------------------------------------------------


@pytest.fixture
def opentok() -> Iterator[Vendor]:
    calls = [session(number, day=DAY, start=timedelta(hours=9 + number), people=1, minutes=1) for number in range(2)]
    with vendor(calls, NOW, rules=UNLIMITED) as server:
        yield server


@pytest.mark.parametrize(
    ("now", "settles"),
    [
        # The day ends on Thursday at 00:00; 32 hours later it is Friday, 08:00.
        ("2026-11-20T07:59:59.999", False),
        ("2026-11-20T08:00:00", True),
        ("2026-11-21T03:59:59.999", True),
        ("2026-11-21T04:00:00", False),
        ("2026-11-21T07:29:59.999", False),
        ("2026-11-21T07:30:00", True),
        ("2026-11-21T12:00:00", True),
        ("2026-11-22T10:59:59.999", True),
        ("2026-11-22T11:00:00", False),
        ("2026-11-22T15:59:59.999", False),
        ("2026-11-22T16:00:00", True),
        ("2026-11-23T11:00:00", True),
    ],
)
def test_a_day_settles_32_hours_after_its_end_and_not_in_maintenance_hours(
    opentok: Vendor, tmp_path: Path, now: str, *, settles: bool
) -> None:
    opentok.now = datetime.fromisoformat(now).replace(tzinfo=UTC)
    night = Night(tmp_path, opentok.now, opentok.url)
    ran = night.harvest(DAY)
    assert (ran.exit_code, ran.only.state, ran.only.settled) == (0, "complete", settles)
    assert night.manifest(DAY).settled is settles
    asked = opentok.requests
    night.later().harvest(DAY)
    # The second run of an unsettled day lists it, and fetches both calls only if the first came too early.
    early = opentok.now < datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert opentok.requests - asked == (0 if settles else 1 + early)


def test_a_day_that_settled_stays_settled_in_maintenance_hours(opentok: Vendor, tmp_path: Path) -> None:
    Night(tmp_path, NOW, opentok.url).harvest(DAY)
    opentok.now = datetime(2026, 11, 21, 5, tzinfo=UTC)
    again = Night(tmp_path, opentok.now, opentok.url).harvest(DAY, again=True)
    assert (again.exit_code, again.only.requests, again.only.settled) == (0, 2, True)


def test_an_empty_day_settles_too(opentok: Vendor, tmp_path: Path) -> None:
    night = Night(tmp_path, NOW, opentok.url)
    first = night.harvest(date(2026, 11, 17))
    assert (first.exit_code, first.only.state, first.only.settled) == (0, "empty", True)
    assert night.later().harvest(date(2026, 11, 17)).only.requests == 0


def test_a_week_of_nights_asks_for_each_day_until_it_has_settled(opentok: Vendor, tmp_path: Path) -> None:
    """At 08:00 of the night after next a day settles; from then on nobody asks for it."""
    asked: dict[int, list[str | None]] = {}
    for night in range(19, 24):
        opentok.now = datetime(2026, 11, night, 8, tzinfo=UTC)
        since = opentok.requests
        assert Night(tmp_path, opentok.now, opentok.url).harvest().exit_code == 0
        asked[night] = [day[-2:] for body in opentok.asked(since) if (day := listed_day(body))]
    assert asked == {
        19: ["12", "13", "14", "15", "16", "17", "18"],
        20: ["18", "19"],
        21: ["19", "20"],
        22: ["20", "21"],
        23: ["21", "22"],
    }


# -- what is owed --------------------------------------------------------------------------------------


def test_a_run_that_ends_between_fetching_and_loading_is_made_up_for_by_the_next_night(
    opentok: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day settles in that very run, so nothing but the debt leads back to it."""

    def killed(*_: object) -> None:
        raise SystemExit

    night = Night(tmp_path, NOW, opentok.url)
    with monkeypatch.context() as patch:
        patch.setattr("harvesters.core.loading.Loader.run", killed)
        with pytest.raises(SystemExit):
            night.harvest(DAY)
    assert night.manifest(DAY).settled
    asked = opentok.requests
    ran = night.later().harvest()
    assert (ran.exit_code, ran.days[0]) == (0, str(DAY))
    assert ran.report.slices[0].requests == 0
    assert details(opentok.asked(asked)) == []
    assert len(lake_lines(tmp_path, "conference")) == 2


def test_a_debt_older_than_the_vendor_remembers_is_paid_without_asking_it(opentok: Vendor, tmp_path: Path) -> None:
    """The day never settled: its last listing came on its first night, and the lake was full."""
    tonight = datetime(2026, 11, 19, 2, tzinfo=UTC)
    opentok.now = tonight
    night = Night(tmp_path, tonight, opentok.url)
    with full():
        assert night.harvest(DAY).exit_code == 1
    opentok.now = datetime(2026, 12, 20, 8, tzinfo=UTC)
    ran = night.later(opentok.now).harvest()
    slice_ = ran.report.slices[0]
    assert (ran.exit_code, slice_.day, slice_.state, slice_.requests) == (0, str(DAY), "complete", 0)
    assert any("had not settled" in each for each in slice_.warnings)
    assert len(lake_lines(tmp_path, "conference")) == 2
    # Paid, it is nobody's business any more.
    assert str(DAY) not in night.later(opentok.now).harvest().days


class full:  # noqa: N801 - reads as a state
    """The lake's disk is full meanwhile."""

    def __enter__(self) -> None:
        def refuses(*_: object) -> None:
            message = "the disk is full."
            raise DestinationError(message)

        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(LakeDestination, "write", refuses)

    def __exit__(self, *_: object) -> None:
        self.patch.undo()


def test_what_is_owed_is_loaded_when_the_vendor_cannot_be_reached(opentok: Vendor, tmp_path: Path) -> None:
    night = Night(tmp_path, NOW, opentok.url)
    with full():
        assert night.harvest(DAY).exit_code == 1
    assert not lake_lines(tmp_path)
    alone = Night(tmp_path, NOW).harvest()
    assert alone.exit_code == 1, "the other days could not be listed"
    assert (alone.report.slices[0].day, alone.report.slices[0].state) == (str(DAY), "complete")
    assert len(lake_lines(tmp_path, "conference")) == 2


# -- several destinations ------------------------------------------------------------------------------


class Second(LakeDestination):
    """Another destination beside the lake."""

    name, identity = "second", "second"


def nightly_into_both(night: Night) -> Any:  # noqa: ANN401 - what `work` gives
    with night.shop(["lake"], nightly=True) as shop:
        shop.destinations.append(Second(night.data_dir / "second"))
        return night.work(shop)


def test_several_destinations_at_once_hold_the_same_bytes(opentok: Vendor, tmp_path: Path) -> None:
    ran = nightly_into_both(Night(tmp_path, NOW, opentok.url))
    assert (ran.exit_code, ran.said) == (0, [])
    lake = tree(tmp_path / "lake")
    assert len(lake) == 4
    assert tree(tmp_path / "second") == lake


def test_one_destination_that_is_full_does_not_keep_the_others_from_theirs(opentok: Vendor, tmp_path: Path) -> None:
    out = BytesIO()
    with full():
        ran = Night(tmp_path, NOW, opentok.url).harvest(DAY, into=["lake", "stdout"], stdout=out)
    assert (ran.exit_code, ran.only.state) == (1, "failed")
    # Two calls: a conference with one participant, one stream and one measurement each.
    assert len(printed(out)) == 2 * 4


def test_a_new_destination_gets_the_days_that_the_run_takes_and_a_word_on_the_rest(
    opentok: Vendor, tmp_path: Path
) -> None:
    opentok.now = datetime(2026, 11, 19, 8, tzinfo=UTC)
    Night(tmp_path, opentok.now, opentok.url).harvest()
    opentok.now = NOW
    both = nightly_into_both(Night(tmp_path, NOW, opentok.url))
    # The 18th is taken because it had not settled; it is the only one with calls.
    assert (both.exit_code, both.said) == (0, [])
    assert tree(tmp_path / "second") == tree(tmp_path / "lake")
    third = Night(tmp_path, NOW + timedelta(days=1), opentok.url)
    opentok.now += timedelta(days=1)
    with third.shop(["lake"], nightly=True) as shop:
        newest = Second(tmp_path / "third")
        newest.name = newest.identity = "third"
        shop.destinations.append(newest)
        ran = third.work(shop)
    assert str(DAY) not in ran.days
    assert not (tmp_path / "third").exists()
    assert ran.said == [RENEW.format("third")]


def test_other_settings_renew_the_days_that_the_run_takes_and_a_word_on_the_rest(
    opentok: Vendor, tmp_path: Path
) -> None:
    Night(tmp_path, NOW, opentok.url).harvest(DAY)
    before = lake_lines(tmp_path)
    kbit = {"OPENTOK_BITRATE_UNIT": "kbit"}
    ran = Night(tmp_path, NOW, opentok.url, more=kbit).harvest()
    assert str(DAY) not in ran.days
    assert ran.said == [RENEW.format("lake")]
    assert lake_lines(tmp_path) == before
    # What is said is what helps.
    asked = opentok.requests
    assert Night(tmp_path, NOW, opentok.url, more=kbit).replay(into=["lake"]).exit_code == 0
    assert (lake_lines(tmp_path) != before, opentok.requests) == (True, asked)
    assert Night(tmp_path, NOW, opentok.url, more=kbit).harvest().said == []


# -- dry run -------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(opentok: Vendor, tmp_path: Path) -> None:
    night = Night(tmp_path, NOW, opentok.url)
    fresh = night.harvest(DAY, dry_run=True)
    assert (fresh.exit_code, fresh.only.state, opentok.requests) == (0, "planned", 1)
    assert fresh.only.sentence().startswith(
        f"opentok {KEY} 2026-11-18 planned: would fetch 2 of 2 calls in about 1 request; lake "
    )
    assert state(tmp_path) == {}
    with full():
        night.harvest(DAY)
    before = state(tmp_path)
    owing = night.later().harvest(DAY, dry_run=True)
    assert owing.only.reason.startswith("nothing to fetch, the day is settled; lake ")
    assert "2 archived records" in owing.only.reason
    assert state(tmp_path) == before


def test_a_dry_run_of_the_nightly_choice_names_its_days(opentok: Vendor, tmp_path: Path) -> None:
    ran = Night(tmp_path, NOW, opentok.url).harvest(dry_run=True)
    assert [each[5:] for each in ran.days] == LAST_SEVEN
    assert {each.state for each in ran.report.slices} == {"planned"}
    assert state(tmp_path) == {}


def test_the_day_of_these_tests_settles_at_the_instant_that_they_name() -> None:
    assert Day(DAY).end + timedelta(hours=32) == NOW
