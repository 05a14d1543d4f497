"""`prune`, as its user meets it: what is old goes from one place, is counted first, and everything else stays."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from harvesters.core.locks import held
from tests.opentok_client import NOW
from tests.schools import schools
from tests.shell import Shell, demonstrated, tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shell import Done

ZOOM = "Kx8qf3v7TnmsGvZ1J3xLmA"
# The demo's week is that before the clock's day, 2026-11-20; `--older-than 3d` leaves the 17th and later.
EDGE = "2026-11-17"
LAKE = re.compile(r"lake/\w+/vendor=(\w+)/account=([^/]+)/(\d{4}-\d\d-\d\d)\.ndjson\.zst")
ARCHIVE = re.compile(r"archive/(\w+)/([^/]+)/2026/(\d{4}-\d\d-\d\d)\.ndjson\.zst")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demonstrated(tmp_path_factory.mktemp("demo"), days=6, calls=3).folder


@pytest.fixture
def shell(demo: Path, tmp_path: Path) -> Shell:
    """A machine of its own with archive and lake of all vendors, of which nobody can be asked."""
    shutil.copytree(demo / "data" / "demo", tmp_path / "data")
    return Shell(tmp_path)


def prune(shell: Shell, *arguments: str, age: str = "3d", code: int = 0) -> Done:
    place, *more = arguments
    done = shell("prune", place, "--older-than", age, *more)
    assert done.code == code, done.err
    return done


def old(files: dict[str, bytes], form: re.Pattern[str], **only: str) -> dict[str, bytes]:
    """The files of days before the edge, of all vendors or one."""
    found = {name: form.fullmatch(name) for name in files}
    vendor = only.get("vendor")
    return {
        name: files[name] for name, match in found.items() if match and match[3] < EDGE and vendor in {None, match[1]}
    }


def manifest_of(name: str) -> str:
    return name.replace(".ndjson.zst", ".manifest.json")


def status(shell: Shell, *more: str) -> dict[str, Any]:
    done = shell("status", "--last", "10d", "--json", *more)
    assert done.code == 0, done.out
    found = json.loads(done.out)
    assert isinstance(found, dict)
    return found


# -- the archive ------------------------------------------------------------------------------------------


def test_a_look_counts_what_would_go_and_changes_nothing(shell: Shell) -> None:
    before = tree(shell.data)
    going = old(before, ARCHIVE)
    done = prune(shell, "archive")
    told = json.loads(prune(shell, "archive", "--json").out)

    assert tree(shell.data) == before
    head, *rows = done.out.splitlines()
    assert head.split() == ["Account", "days", "oldest", "newest", "files", "size", "documents"]
    assert {row.split()[0] for row in rows} == {"opentok", "zoom", "peermetrics"}
    zoom = next(row.split() for row in rows if row.startswith("zoom"))
    of_zoom = sorted(old(before, ARCHIVE, vendor="zoom"))
    assert zoom[1:6] == [ZOOM, str(len(of_zoom)), of_zoom[0][-21:-11], of_zoom[-1][-21:-11], str(len(of_zoom))]
    assert f"would remove from the archive: {len(going)} files (" in done.err
    assert done.err.endswith("nothing was changed: the same with --yes does it.\n")
    assert (told["place"], told["older_than"], told["before"], told["dry_run"]) == ("archive", "3d", EDGE, True)
    assert sum(each["bytes"] for each in told["accounts"]) == sum(map(len, going.values()))
    days = {(each["source"], each["account"], day["day"]) for each in told["accounts"] for day in each["days"]}
    assert days == {match.groups() for name in going if (match := ARCHIVE.fullmatch(name))}


def test_old_archives_go_and_nothing_else_but_a_word_in_their_manifests(shell: Shell) -> None:
    before = tree(shell.data)
    going = old(before, ARCHIVE)
    done = prune(shell, "archive", "--yes", "--json")
    after = tree(shell.data)

    assert going
    assert before.keys() - after.keys() == set(going)
    assert after.keys() <= before.keys()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == set(map(manifest_of, going))
    for name in changed:
        was, is_ = json.loads(before[name]), json.loads(after[name])
        assert (was["expired"], is_["expired"]) == ("", "2026-11-20T08:00:00.000Z")
        for part in ("state", "settled", "calls", "destinations", "listed_at"):
            assert is_[part] == was[part]
        assert is_["records"].keys() == was["records"].keys()
    assert json.loads(done.out)["dry_run"] is False
    assert f"removed from the archive: {len(going)} files (" in done.err
    again = prune(shell, "archive", "--yes")
    assert "removed nothing: nothing of the archive is of a day before 2026-11-17." in again.err
    assert tree(shell.data) == after


def test_what_expired_is_whole_as_it_was_and_says_so(shell: Shell) -> None:
    was = status(shell)
    days = len(old(tree(shell.data), ARCHIVE))
    prune(shell, "archive", "--yes")
    is_ = status(shell, "--verify")

    assert is_.pop("verify")["differences"] == []
    expired = [day.pop("expired") for each in is_["accounts"] for day in each["days"]]
    assert [day.pop("expired") for each in was["accounts"] for day in each["days"]] == [None] * len(expired)
    assert sum(each is not None for each in expired) == days
    assert is_ == was
    page = shell("status", "--last", "10d", "--source", "zoom").out
    assert re.search(r"archive: expired of \d days, 2026-11-14 to 2026-11-16; only --again fetches them anew", page)


def test_what_reads_the_archive_does_without_what_expired(shell: Shell) -> None:
    call = _call_of(shell, "zoom")
    assert shell("explain", "zoom", call, "--in", "archive").code == 0
    prune(shell, "archive", "--yes")
    before = tree(shell.data)

    gone = shell("explain", "zoom", call, "--in", "archive")
    assert (gone.code, "Traceback" in gone.err) == (1, False)
    assert shell("explain", "zoom", call, "--in", "lake").code == 0
    exported = shell("export", "csv", "--all", "--in", "archive", "--out", "out")
    assert exported.code == 0, exported.err
    assert len(re.findall(r"The archive of zoom default 2026-11-1\d expired: it is left out\.", exported.err)) == 3
    assert shell("export", "csv", "--all", "--out", "out").code == 0
    assert shell("report", "--last", "7d", "--html", "page.html").code == 0
    looked = shell("forget", "--person", "somebody@example.com", PRIVACY_KEY_FILE=_key(shell))
    assert (looked.code, "Traceback" in looked.err) == (0, False), looked.err
    assert tree(shell.data) == before


def _call_of(shell: Shell, vendor: str) -> str:
    name = min(old(tree(shell.data), ARCHIVE, vendor=vendor))
    calls: dict[str, Any] = json.loads(tree(shell.data)[manifest_of(name)])["calls"]
    return next(iter(calls))


def _key(shell: Shell) -> str:
    path = shell.folder / "key"
    path.write_text("k" * 64)
    path.chmod(0o600)
    return str(path)


def test_a_replay_says_what_it_cannot_and_leaves_the_lake_as_it_is(shell: Shell) -> None:
    prune(shell, "archive", "--source", "zoom", "--yes")
    before = tree(shell.data)
    fine = shell("replay", "zoom", "--date", "2026-11-15", "--destination", "lake")
    older = shell("replay", "zoom", "--date", "2026-11-15", "--destination", "lake", QUALITY_PROFILE="cqd")

    assert fine.code == 0, fine.err
    assert "lake: nothing new; its archive expired on 2026-11-20, and only --again fetches the day anew." in fine.err
    assert older.code == 3
    assert re.search(r"\d records? of which documents are owed cannot be made anew: the archive expired\.", older.err)
    assert tree(shell.data) == before
    # Of all days nobody asked for these: what can be loaded is, and that is all.
    every = shell("replay", "zoom", "--all", "--destination", "lake", QUALITY_PROFILE="cqd")
    assert every.code == 0, every.err
    after = tree(shell.data)
    assert old(after, LAKE, vendor="zoom") == old(before, LAKE, vendor="zoom")
    assert after != before
    assert status(shell)["whole"]


# -- the lake and the dead letters ------------------------------------------------------------------------


def test_lake_files_go_stay_away_and_come_back_when_their_day_is_named(shell: Shell) -> None:
    before = tree(shell.data)
    going = old(before, LAKE)
    looked = prune(shell, "lake")
    assert tree(shell.data) == before
    prune(shell, "lake", "--yes")
    after = tree(shell.data)

    assert f"would remove from the lake: {len(going)} files (" in looked.err
    assert before.keys() - after.keys() == set(going)
    changed = {name for name in after if after[name] != before[name]}
    days = {match.groups() for name in going if (match := LAKE.fullmatch(name))}
    assert changed == {f"archive/{vendor}/{account}/2026/{day}.manifest.json" for vendor, account, day in days}
    verified = status(shell, "--verify")
    assert verified["verify"]["differences"] == []
    assert sum(each["removed"] for account in verified["accounts"] for each in account["destinations"]) == len(days)
    assert "days removed on purpose" in shell("status", "--last", "10d").out
    prune(shell, "lake", "--yes")
    assert shell("replay", "--all", "--destination", "lake").code == 0
    assert tree(shell.data) == after
    assert shell("replay", "--last", "10d", "--destination", "lake").code == 0
    assert tree(shell.data) == before


def test_a_lake_without_its_archive_is_said_to_be_gone_for_good(shell: Shell) -> None:
    prune(shell, "archive", "--source", "zoom", "--yes")
    days = len(old(tree(shell.data), LAKE, vendor="zoom"))
    assert days
    looked = prune(shell, "lake", "--source", "zoom", "--json")
    assert "the archive does not have 3 days of them: what goes of these cannot be made anew." in looked.err
    (zoom,) = json.loads(looked.out)["accounts"]
    assert [each["for_good"] for each in zoom["days"]] == [True] * 3
    prune(shell, "lake", "--source", "zoom", "--yes")
    named = shell("replay", "zoom", "--date", "2026-11-15", "--destination", "lake")
    assert (named.code, len(old(tree(shell.data), LAKE, vendor="zoom"))) == (3, 0)
    assert status(shell)["whole"]


def test_dead_letters_of_old_days_go(shell: Shell) -> None:
    folder = shell.data / "dead-letter" / "zoom" / ZOOM
    folder.mkdir(parents=True)
    for day in ("2026-11-15", "2026-11-16", "2026-11-17"):
        (folder / f"{day}.index.ndjson").write_bytes(b"{}\n")
    (folder / "notes.txt").write_bytes(b"of somebody else")
    before = tree(shell.data)
    assert "would remove from the dead letters: 2 files (1 kB) of 2 days" in prune(shell, "dead-letters").err
    assert tree(shell.data) == before
    prune(shell, "dead-letters", "--yes")
    gone = {f"dead-letter/zoom/{ZOOM}/2026-11-{day}.index.ndjson" for day in (15, 16)}
    assert tree(shell.data) == {name: each for name, each in before.items() if name not in gone}


# -- whose ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("place", "form"), [("archive", ARCHIVE), ("lake", LAKE)])
def test_another_vendor_is_untouched_byte_for_byte(shell: Shell, place: str, form: re.Pattern[str]) -> None:
    before = tree(shell.data)
    prune(shell, place, "--source", "zoom", "--yes")
    after = tree(shell.data)
    assert before.keys() - after.keys() == set(old(before, form, vendor="zoom"))
    others = {name for name in before if "zoom" not in name}
    assert {name: after[name] for name in others} == {name: before[name] for name in others}


def test_another_account_is_untouched_and_one_that_is_locked_stops_no_other(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with schools(shell, {"north": "111", "south": "222"}):
        later = {"VCONF_NOW": "2026-11-25T08:00:00Z"}
        assert shell("all", "--date", "2026-11-18").code == 0
        # Listed once more after it had settled.
        done = shell("all", "--date", "2026-11-18")
        assert done.code == 0
    before = tree(shell.data / "archive")
    with held(shell.data, "opentok", "111", NOW):
        locked = shell("prune", "archive", "--older-than", "3d", "--even-unloaded", "--yes", **later)
    after = tree(shell.data / "archive")
    assert locked.code == 75
    assert "opentok 111 is locked by process" in locked.err
    archives = {name for name in before if name.endswith(".zst")}
    assert archives - after.keys() == {name for name in archives if "/222/" in f"/{name}"}
    assert {name: each for name, each in after.items() if "222" not in name} == {
        name: each for name, each in before.items() if "222" not in name
    }
    named = shell("prune", "archive", "--older-than", "3d", "--account", "south", "--even-unloaded", **later)
    assert (named.code, named.out) == (0, "")


# -- what cannot be meant -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("archive",), "Missing option '--older-than'"),
        (("archive", "--older-than", "12h"), "--older-than 12h is less than a day: write a number and d or w"),
        (("lake", "--older-than", "18m"), "--older-than 18m is less than a day: write a number and d or w"),
        (("lake", "--older-than", "0d"), "'0d' is not a length of time"),
        (("index", "--older-than", "-3d"), "'-3d' is not a length of time"),
        (("dead-letters", "--older-than", "2026-11-01"), "'2026-11-01' is not a length of time"),
        (("archive", "--older-than", "90000d"), "'90000d' is not a length of time"),
        (("everything", "--older-than", "90d"), "No such command 'everything'"),
        (("archive", "--older-than", "3d", "--account", "nobody"), "--account nobody: there is no such account"),
    ],
)
def test_what_cannot_be_meant_is_refused(shell: Shell, arguments: tuple[str, ...], says: str) -> None:
    before = tree(shell.data)
    done = shell("prune", *arguments, "--yes")
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert tree(shell.data) == before


def test_an_index_that_is_not_configured_is_said(shell: Shell) -> None:
    done = shell("prune", "index", "--older-than", "3d")
    assert (done.code, done.out) == (78, "")
    assert "ES_HOST is not set" in done.err


def test_parts_of_a_day_count_as_a_whole_one(shell: Shell) -> None:
    assert json.loads(prune(shell, "lake", "--json", age="49h").out)["before"] == str(date(2026, 11, 17))


def test_where_there_is_nothing_nothing_is_removed(tmp_path: Path) -> None:
    for place in ("archive", "lake", "dead-letters"):
        done = prune(Shell(tmp_path), place, "--yes")
        assert done.out == ""
        assert "removed nothing: nothing of the " in done.err
    assert tree(tmp_path) == {".env": b""}
