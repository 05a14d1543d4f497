"""`status`: where each day stands, read from the manifests; a page for people, JSON for programs, an exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.commands.status_page import page
from harvesters.core.day import Day
from harvesters.core.destinations.lake import LakeDestination
from harvesters.core.errors import DestinationError
from harvesters.core.locks import held
from harvesters.core.manifest import CallState, Loaded, Manifest, Refusal, write_manifest
from harvesters.core.schedule import Schedule
from harvesters.core.stamps import Stamp
from harvesters.opentok import OpenTok
from harvesters.sandbox import Request, Response
from harvesters.sandbox.peermetrics import serve_peermetrics
from harvesters.watch.brief import read_brief
from harvesters.watch.standing import Found, Standing, standing
from harvesters.watch.survey import Surveyed, Watched, survey
from tests import peermetrics_days
from tests.nights import HOME, Night, Vendor, state, vendor
from tests.opentok_days import KEY, day_of, session, session_id
from tests.opentok_faults import UNLIMITED, asked_for
from tests.schools import schools
from tests.shell import Shell
from tests.test_nightly import DIGEST, known

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
CLUSTER = "a-cluster/vconf"


def day(text: str) -> Day:
    return Day(date.fromisoformat(f"2026-{text}"))


# -- one day: a table, worked out by hand ---------------------------------------------------------------


def written(tmp_path: Path, manifest: Manifest) -> Found:
    write_manifest(tmp_path / "manifest.json", manifest)
    return Found(read_brief(tmp_path / "manifest.json"), archive=True)


def stand(found: Found, on: str, now: datetime = NOW, used: tuple[str, ...] = ("lake", "unreached:index")) -> Standing:
    return standing(found, Schedule(day(on), OpenTok.limits, now), used)


def told(manifest: Manifest, **changed: Any) -> Manifest:
    for name, value in changed.items():
        setattr(manifest, name, value)
    return manifest


GONE_CALL = {"a": CallState("fetched", records=("a",)), "b": CallState("failed", reason="error 1017")}
LOST_CALL = {"a": CallState("fetched", records=("a",)), "b": CallState("lost", listed=False, reason="error 1017")}
REFUSED = {"lake": Loaded(refused={"a": Refusal(2, {"too odd": 2})})}
UNREACHED = {"unreached:index": Loaded()}
LOADED = {"lake": DIGEST}
EARLY = "its calls were listed at 2026-11-18T12:28:00.000Z, while it went on, and what came later is not here"


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (told(known("11-17", settled=True, has=LOADED), state="complete"), ("complete", True, False, ())),
        (told(known("11-17", settled=True, has=LOADED), state="empty"), ("empty", True, False, ())),
        # Its totals are there at 08:00 of the 20th, and it settles; the night after that may still come.
        (told(known("11-17", settled=False, has=LOADED), state="complete"), ("complete", True, False, ())),
        (
            told(known("11-16", settled=False, has=LOADED), state="complete"),
            (
                "complete",
                False,
                True,
                ("it settled on 2026-11-19, and what came after its last listing is not here",),
            ),
        ),
        # Listed at noon of the day itself, which settles later still.
        (
            told(known("11-18", settled=False, has=LOADED), state="empty", listed_at="2026-11-18T12:28:00.000Z"),
            (
                "empty",
                False,
                True,
                (EARLY,),
            ),
        ),
        (
            told(known("11-18", settled=False, has=LOADED), state="complete", listed_at="2026-11-19T00:00:00.000Z"),
            ("complete", True, False, ()),
        ),
        # A day that still goes on has no end that anybody could have missed.
        (
            told(known("11-20", settled=False, has=LOADED), state="complete", listed_at="2026-11-20T06:00:00.000Z"),
            ("complete", True, False, ()),
        ),
        (
            told(known("11-17", settled=False, has=LOADED), state="partial", calls=GONE_CALL),
            ("partial", False, True, ()),
        ),
        # A call failed in a run that was asked for this call alone.
        (
            told(known("11-18", settled=False, has=LOADED), state="complete", calls=GONE_CALL),
            ("partial", False, True, ()),
        ),
        (
            told(known("11-10", settled=True, has=LOADED), state="partial", calls=LOST_CALL),
            ("partial", False, False, ()),
        ),
        (
            told(known("11-17", settled=True, has={"lake": ""}), state="complete"),
            ("complete", False, True, ("lake lacks 1 of 1 record",)),
        ),
        (
            told(known("11-17", settled=True, has={"lake": "e" * 32}), state="complete"),
            ("complete", False, True, ("lake lacks 1 of 1 record",)),
        ),
        (
            told(known("11-17", settled=True), state="partial", destinations=REFUSED),
            ("partial", False, True, ("lake lacks 1 of 1 record, of which it refused documents (2 x too odd)",)),
        ),
        (
            told(known("11-17", settled=True), state="complete", destinations=UNREACHED),
            ("complete", False, True, ("index could not be reached and lacks 1 record",)),
        ),
        # A cluster that no newer day names is owed nothing.
        (
            told(known("11-17", settled=True, has={**LOADED, CLUSTER: ""}), state="complete"),
            ("complete", True, False, ()),
        ),
        (
            told(known("11-18", settled=False, has=LOADED), state="deferred", reason="come back later."),
            ("deferred", False, True, ("come back later",)),
        ),
        (
            told(known("11-18", settled=False, has=LOADED), state="failed", reason="no answer", warnings=["odd."]),
            ("failed", False, True, ("no answer", "odd")),
        ),
        (
            told(known("11-18", settled=False, has=LOADED), state=""),
            ("partial", False, True, ("no run has gone through the whole day yet",)),
        ),
        # The vendor forgot it, and nothing is owed.
        (
            told(known("10-30", settled=False, has=LOADED), state="failed", reason="no answer"),
            ("failed", False, False, ("no answer",)),
        ),
        (
            told(known("10-30", settled=False, has={"lake": ""}), state="failed", reason="no answer"),
            ("failed", False, True, ("no answer", "lake lacks 1 of 1 record")),
        ),
    ],
)
def test_what_a_manifest_says_of_its_day(
    tmp_path: Path, manifest: Manifest, expected: tuple[str, bool, bool, tuple[str, ...]]
) -> None:
    found = stand(written(tmp_path, manifest), manifest.day[5:])
    assert (found.state, found.whole, found.repairable, found.reasons) == expected


def test_a_call_that_could_not_be_had_is_named_with_the_reason(tmp_path: Path) -> None:
    manifest = told(known("11-10", settled=True, has=LOADED), state="partial", calls=LOST_CALL)
    found = stand(written(tmp_path, manifest), "11-10")
    assert [(each.key, each.state, each.reason) for each in found.missing] == [("b", "lost", "error 1017")]
    assert found.listed == 2


@pytest.mark.parametrize(
    ("found", "on", "expected"),
    [
        (Found(), "11-18", ("never", True, True, ())),
        (Found(), "10-30", ("never", False, False, ("the vendor no longer has it",))),
        (Found(), "10-31", ("never", True, True, ())),
        (
            Found(waiting=True),
            "10-30",
            (
                "partial",
                False,
                True,
                ("answers that a run is fetching, or left when it was cut off, are not in the archive yet",),
            ),
        ),
        (
            Found(archive=True),
            "11-18",
            ("partial", True, True, ("its manifest is gone: the next run makes it anew from the archive",)),
        ),
    ],
)
def test_a_day_without_a_manifest(found: Found, on: str, expected: tuple[str, bool, bool, tuple[str, ...]]) -> None:
    stands = stand(found, on)
    assert (stands.state, stands.kept, stands.repairable, stands.reasons) == expected
    assert not stands.whole


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "its manifest is damaged"),
        (b"\xff", "its manifest is damaged"),
        (b'{"format": 7, "calls": 5}', "written by another version of this program (format 7)"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    stands = stand(Found(read_brief(tmp_path / "manifest.json"), archive=True), "11-18")
    assert (stands.state, stands.whole) == ("partial", False)
    assert said in stands.reasons[0]


def test_the_vendor_keeps_a_day_for_21_days_from_its_start() -> None:
    edge = datetime(2026, 11, 20, tzinfo=UTC)
    assert stand(Found(), "10-30", edge).kept
    assert stand(Found(), "10-30", edge).kept_until == edge
    assert not stand(Found(), "10-30", edge + timedelta(milliseconds=1)).kept


# -- the calendar ---------------------------------------------------------------------------------------

SIGNS = {"complete": "■", "empty": "-", "partial": "P", "deferred": "D", "failed": "F", "never": "N"}
WINDOW = [day("10-01") + number for number in range(50)]


def surveyed(data_dir: Path, now: datetime = NOW, window: list[Day] | None = None) -> Surveyed:
    return survey(data_dir, Watched("opentok", KEY, "default", OpenTok.limits), window or WINDOW, now)


def cells(lines: list[str]) -> dict[str, str]:
    """The sign of each day, found by its column."""
    found: dict[str, str] = {}
    for line in lines:
        if month := re.match(r"  (\d{4}-\d{2})(?= |\||$)(?!-)", line):
            signs = line[9:]
            found |= {f"{month[1]}-{n // 2 + 1:02}": signs[n + 1] for n in range(0, len(signs), 2)}
    return {name: sign for name, sign in found.items() if sign != " "}


def put(data_dir: Path, manifest: Manifest) -> None:
    write_manifest(Night(data_dir, NOW).store(date.fromisoformat(manifest.day)).manifest_path, manifest)


@given(st.lists(st.sampled_from(list(SIGNS)), min_size=1, max_size=50))
@settings(max_examples=40, deadline=None)
def test_the_signs_of_the_calendar_are_the_states_of_the_manifests(
    tmp_path_factory: pytest.TempPathFactory, states: list[str]
) -> None:
    """Whatever the states are; a day before the first with a manifest is nobody's loss."""
    data_dir = tmp_path_factory.mktemp("data")
    for on, text in zip(WINDOW, states, strict=False):
        if text != "never":
            put(data_dir, told(known(str(on)[5:], settled=True, has=LOADED), state=text))
    found = surveyed(data_dir)
    drawn = cells(list(page([found], WINDOW, NOW, colour=False)))
    first = next((number for number, text in enumerate(states) if text != "never"), 0)
    expected = {}
    for number, on in enumerate(WINDOW):
        text = states[number] if number < len(states) else "never"
        gone = text == "never" and on < day("10-31")
        begun = any(each != "never" for each in states)
        expected[str(on)] = "·" if begun and number < first else "x" if gone else SIGNS[text]
    assert drawn == expected
    assert found.whole is (set(states[first:]) <= {"complete", "empty"} and len(states) == len(WINDOW))


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Days of every kind from the 25th of October on."""
    put(tmp_path, told(known("10-25", settled=True, has=LOADED), state="complete"))
    put(tmp_path, told(known("10-27", settled=True, has=LOADED), state="empty"))
    put(tmp_path, told(known("11-02", settled=True, has={"lake": ""}), state="complete"))
    calls = {f"2_{'M' * 70}~": CallState("failed", reason="the session was not found (error 1017)")}
    calls |= {f"call-{number}": CallState("failed", reason="no answer in time") for number in range(14)}
    put(tmp_path, told(known("11-03", settled=False, has=LOADED), state="partial", calls=calls))
    put(tmp_path, told(known("11-04", settled=False, has=LOADED), state="complete"))
    put(tmp_path, told(known("11-05", settled=False), state="failed", reason="the vendor's end is broken " * 6))
    put(tmp_path, told(known("11-19", settled=False, has=LOADED), state="complete", listed_at="2026-11-20"))
    return tmp_path


def test_the_page_says_what_is_missing_and_how_long_it_can_be_had(mixed: Path) -> None:
    lines = list(page([surveyed(mixed)], WINDOW, NOW, colour=False))
    text = "\n".join(lines)
    assert cells(lines)["2026-10-25"] == "■"
    assert [cells(lines)[f"2026-11-{n:02}"] for n in (1, 2, 3, 4, 5, 6, 19)] == ["N", "L", "P", "S", "F", "N", "□"]
    assert "·|N\n" not in text
    assert "x x x|N" in text, "the bar stands before the oldest day that the vendor still has"
    text = text.replace("\n  not whole", " not whole")
    for said in (
        "opentok 46204972 (default)\n  the vendor keeps 21 days, since 2026-10-31.\n",
        "  lake: 5 days loaded, 1 day owed 1 record, 1 day never loaded there\n",
        "  2026-10-28 to 2026-10-30  never, and the vendor forgot it\n",
        "  2026-11-02                fetched, not loaded; 2 days left\n    lake lacks 1 of 1 record\n",
        f"    15 of 15 calls are missing\n      2_{'M' * 70}~\n        the session was not found (error 1017)\n",
        "(error 1017)\n      call-0: no answer in time\n",
        "      and 5 more, see --json\n",
        "1 account, 26 days (19 never, 4 complete, 1 empty, 1 partial, 1 failed): 23 days not whole.\n",
        "The most endangered: opentok 46204972 2026-10-31, 15.0 h left at the vendor.\n",
        "catch-up' fetches and loads what can be had.\n4 days cannot be made more whole",
    ):
        assert said in text, said


def test_where_there_are_several_destinations_they_are_named(tmp_path: Path) -> None:
    put(tmp_path, told(known("11-18", settled=True, has={"lake": "", CLUSTER: DIGEST}), state="complete"))
    text = " ".join(" ".join(page([surveyed(tmp_path)], WINDOW, NOW, colour=False)).split())
    assert "catch-up --destination index --destination lake' fetches and loads what can be had." in text


def test_the_page_fits_a_terminal_and_needs_no_colour(mixed: Path) -> None:
    plain = list(page([surveyed(mixed)], WINDOW, NOW, colour=False))
    coloured = list(page([surveyed(mixed)], WINDOW, NOW, colour=True))
    assert max(map(len, plain)) <= 80
    assert "\x1b[33mP\x1b[0m" in "\n".join(coloured)
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in coloured] == plain
    # Each sign has one meaning.
    legend = re.findall(r"(?:^|  )(\S) [a-z]", "\n".join(plain[-8:-4]))
    assert len(legend) == len(set(legend))


def test_a_quarter_of_three_accounts_is_read_in_less_than_a_second(tmp_path: Path) -> None:
    manifest = known("11-01", settled=True, has=LOADED)
    for number in range(200):
        name = f"{session_id(number, date(2026, 11, 1))}/{number:08}-aaaa-bbbb-cccc-0123456789ab"
        manifest.calls[name] = CallState("fetched", level=2, fetched="2026-11-03T08:20:00.000Z", records=(name,))
        manifest.records[name] = manifest.records["a"]
        manifest.destinations["lake"].records[name] = Stamp(DIGEST, 1, "an/older", "revision", {"sample": 900})
    window = [day("08-22") + number for number in range(90)]
    for on in window:
        put(tmp_path, told(manifest, day=str(on), state="complete"))
    spent = time.process_time()
    for _ in range(3):
        assert surveyed(tmp_path, window=window).whole
    assert time.process_time() - spent < 1


# -- the command ----------------------------------------------------------------------------------------


@contextmanager
def troubled(day_of_fault: dict[str, Response]) -> Iterator[Vendor]:
    """Three calls on each of some days; the details of some days are answered with a fault."""
    made = [session(n, day=date(2026, 11, on), people=1, minutes=1) for on in range(13, 20) for n in range(3)]
    ids = {session_id(n, date(2026, 11, on)): f"11-{on}" for on in range(13, 20) for n in range(3)}

    def intercept(number: int, request: Request) -> Response | None:
        del number
        return next((found for id_ in asked_for(request.body) if (found := day_of_fault.get(ids[id_]))), None)

    with vendor(made, NOW, intercept=intercept, rules=UNLIMITED) as server:
        yield server


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """A week with a deferred day, a failed one, one that was not loaded, and one that nobody asked for."""
    faults = {"11-15": Response(429, {"Retry-After": "99999"}), "11-16": Response(404, {}, b"<html>")}
    with troubled(faults) as server:
        made = Night(tmp_path / "data", NOW, server.url)
        for on in (13, 15, 16, 18):
            made.harvest(date(2026, 11, on))
        with monkeypatch.context() as patch:
            patch.setattr(LakeDestination, "write", _full)
            made.harvest(date(2026, 11, 17))
    return made


def _full(*_: object) -> None:
    message = "the disk is full."
    raise DestinationError(message)


def as_json(night: Night, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = night.command("status", "--json", *arguments)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_real_days_are_told_as_they_went(night: Night) -> None:
    code, found = as_json(night, "--last", "7d")
    (account,) = found["accounts"]
    assert code == 3
    assert {each["day"][5:]: (each["state"], each["whole"], len(each["missing"])) for each in account["days"]} == {
        "11-13": ("complete", True, 0),
        "11-14": ("never", False, 0),
        "11-15": ("deferred", False, 3),
        "11-16": ("failed", False, 3),
        "11-17": ("failed", False, 0),
        "11-18": ("complete", True, 0),
        "11-19": ("never", False, 0),
    }
    reasons = {each["day"][5:]: each["reasons"] for each in account["days"]}
    assert "beyond the deadline; come back after" in reasons["11-15"][0]
    assert "404" in reasons["11-16"][0]
    assert reasons["11-17"] == ["the disk is full", "lake lacks 3 of 3 records"]
    assert found["whole"] is account["whole"] is False
    assert {key for day in account["days"] for key in [each["key"] for each in day["missing"]]} == {
        session_id(number, date(2026, 11, on)) for on in (15, 16) for number in range(3)
    }


def test_a_day_that_was_printed_once_more_is_owed_to_nobody(tmp_path: Path) -> None:
    with vendor(day_of(2, day=date(2026, 11, 18)), NOW) as server:
        own = Night(tmp_path, NOW, server.url)
        assert own.command("opentok", "--date", "2026-11-18", "--destination", "lake").returncode == 0
        again = own.later().command("opentok", "--date", "2026-11-18", "--destination", "stdout")
        done = own.later().command("status", "--last", "2d")
    assert again.returncode == 0
    assert again.stdout.count("\n") > 0
    assert list(own.manifest(date(2026, 11, 18)).destinations) == ["lake"]
    assert "owed" not in done.stdout
    assert "lake: 1 day loaded" in done.stdout


def test_nothing_is_written_no_vendor_is_asked_and_a_lock_is_no_hindrance(night: Night) -> None:
    (night.data_dir / ".env").touch()
    before = state(night.data_dir)
    nobody = night.later(more={"OPENTOK_API_SECRET": ""})
    with held(night.data_dir, "opentok", KEY, NOW):
        code, found = as_json(nobody, "--last", "7d")
    after = {name: content for name, content in state(night.data_dir).items() if not name.startswith("locks/")}
    assert (code, len(found["accounts"])) == (3, 1)
    assert after == {name: content for name, content in before.items() if not name.startswith("locks/")}


def test_all_whole_is_exit_0(night: Night) -> None:
    done = night.later(datetime(2026, 11, 19, 9, tzinfo=UTC)).command("status", "--last", "1d")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 account, 1 day (1 complete): all whole." in done.stdout


def test_days_before_the_first_that_the_vendor_still_has_are_told_of(night: Night) -> None:
    shown = night.command("status", "--last", "7d").stdout
    # From the 31st of October to the 12th of November.
    assert "  13 days before the first can still be had: catch-up takes them too\n" in shown


def test_an_account_that_the_settings_do_not_know_any_more_is_shown_as_such(night: Night) -> None:
    other = night.later(more={"OPENTOK_API_KEY": "77"})
    _, found = as_json(other, "--last", "7d")
    told_ = {
        each["account"]: (each["configured"], each["first_day"], each["states"]["never"]) for each in found["accounts"]
    }
    assert told_ == {"77": (True, None, 7), KEY: (False, "2026-11-13", 2)}
    page_ = other.command("status", "--last", "7d").stdout
    assert (
        "opentok 46204972 (default)\n  the vendor keeps 21 days, since 2026-10-31; not in the settings any more.\n"
        in page_
    )
    assert "no day was harvested yet" in page_


def test_accounts_and_vendors_can_be_chosen(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with schools(shell, {"default": "11", "school-a": "22"}):
        shell("all", "--last", "2d")
    shell.env |= {"ZOOM_ACCOUNT_ID": "z", "PEERMETRICS_URL": "http://127.0.0.1:9"}

    def shown(*arguments: str) -> list[tuple[str, str, str]]:
        done = shell("status", "--json", "--last", "2d", *arguments)
        return [(each["source"], each["account"], each["name"]) for each in json.loads(done.out)["accounts"]]

    everybody = [
        ("opentok", "11", "default"),
        ("opentok", "22", "school-a"),
        ("zoom", "z", "default"),
        ("peermetrics", "", "default"),
    ]
    assert shown() == everybody
    assert shown("--source", "opentok") == everybody[:2]
    assert shown("--account", "school-a") == everybody[1:2]
    wrong = shell("status", "--account", "school-b")
    assert wrong.code == 2
    assert "did you mean 'school-a'?" in wrong.err


def test_accounts_that_only_the_vendor_tells_are_known_from_the_archive(tmp_path: Path) -> None:
    """The apps of a peermetrics server: what the settings say of it holds for each of them."""
    shell = Shell(tmp_path)
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    with serve_peermetrics(peermetrics_days.everything(), now=lambda: now) as server:
        shell.env |= {**peermetrics_days.environment(server), "VCONF_NOW": now.isoformat()}
        harvested = shell("peermetrics", "--last", "3d", "--report", "report.json")
    assert harvested.code == 0, harvested.err
    slices = json.loads((tmp_path / "report.json").read_text())["slices"]
    found = json.loads(shell("status", "--json", "--last", "3d").out)["accounts"]
    archived = {each["account"] for each in slices}
    assert {each["account"] for each in found} == archived
    assert all(each["configured"] and each["name"] == "default" for each in found)
    states = {(each["account"], day["day"]): day["state"] for each in found for day in each["days"]}
    assert states == {(each["account"], each["day"]): each["state"] for each in slices}


def test_such_an_account_is_called_as_its_table_calls_it(tmp_path: Path) -> None:
    """Its documents bear that name, so a replay must find it too."""
    shell = Shell(tmp_path)
    with serve_peermetrics(peermetrics_days.everything(), now=lambda: peermetrics_days.SETTLED) as server:
        way = peermetrics_days.environment(server)
        shell.env |= {"VCONF_NOW": peermetrics_days.SETTLED.isoformat(), "SCHOOL": way["PEERMETRICS_PASSWORD"]}
        shell.env["SCHOOL_HEADERS"] = way["PEERMETRICS_HEADERS"]
        table = f'url = "{server.url}"\nuser = "harvester"\npassword_env = "SCHOOL"\nheaders_env = "SCHOOL_HEADERS"\n'
        (tmp_path / "accounts.toml").write_text(f"[peermetrics.school]\n{table}")
        harvested = shell("peermetrics", "--date", "2026-11-20")
    assert harvested.code == 0, harvested.err
    found = json.loads(shell("status", "--json", "--last", "5d").out)["accounts"]
    assert [each["name"] for each in found] == ["school", "school"]
    assert shell("status", "--account", "default").code == 2
    replayed = shell("replay", "peermetrics", "--all", "--account", "school", "--destination", "lake")
    assert replayed.code == 0, replayed.err
    assert replayed.err.count("lake: nothing new") == 2


def test_without_any_account_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    done = Shell(tmp_path)("status")
    assert (done.code, done.out) == (78, "")
    assert "no vendor is configured" in done.err


@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_is_coloured_unless_it_is_not_to_be(night: Night, more: dict[str, str], *, coloured: bool) -> None:
    ours, theirs = pty.openpty()
    (night.data_dir / ".env").touch()
    environment = {"PATH": os.environ["PATH"], "HOME": "/", **night.environment, **more}
    command = [sys.executable, str(HOME / "harvest.py"), "status"]
    with subprocess.Popen(command, stdout=theirs, env=environment, cwd=night.data_dir) as process:
        process.wait(60)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert ("\x1b[32m■\x1b[0m" in shown) is coloured
    assert ("\x1b" in shown) is coloured
