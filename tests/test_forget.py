"""`forget`, as its user meets it: the person is gone from everywhere, stays gone, and the calls count as before."""

from __future__ import annotations

import hmac
import json
import re
import shutil
import signal
import socket
import subprocess
from typing import IO, TYPE_CHECKING

import pytest

from harvesters.commands.forget_page import cut_short
from harvesters.core.errors import ArchiveError, Exit
from harvesters.core.forgetting import Forgetter
from harvesters.core.locks import held
from harvesters.sandbox.peermetrics import APP, call, room, world
from harvesters.sandbox.peermetrics import Person as Visitor
from tests import peermetrics_days, peermetrics_nights, zoom_days, zoom_nights
from tests.forgetting import ADDRESS, CASES, NAME, Case, Scene, key_in, scene, standing, zoom_meetings
from tests.nights import lake_lines
from tests.shell import Shell, everything_written, tree
from tests.test_forget_kill import forgotten

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elasticsearch import Elasticsearch

    from harvesters.core.archive import Frame
    from harvesters.core.entries import Entry
    from harvesters.core.sighting import Person

ZOOM = CASES[1]
pytestmark = pytest.mark.templates_stay


@pytest.fixture
def made(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> Iterator[Scene]:
    """Zoom, harvested."""
    with scene(ZOOM, tmp_path, es, es_url, prefix) as found:
        found.harvest()
        yield found


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Scene]:
    """The same without an index."""
    with scene(ZOOM, tmp_path) as found:
        found.harvest()
        yield found


@pytest.mark.parametrize("case", CASES, ids=["opentok", "zoom", "zoom by report", "peermetrics"])
def test_gone_from_everywhere_and_counted_as_before(
    case: Case, es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path
) -> None:
    with scene(case, tmp_path, es, es_url, prefix) as work:
        work.harvest()
        before, documents = work.conferences(), work.documents()
        assert all(standing(text, work.gone) for where, text in work.everywhere().items() if where != "said")

        work.forget()
        assert work.documents() == documents
        report = tmp_path / "report.json"
        work.forget("--yes", "-vv", "--report", str(report))
        work.said.append(report.read_text())

        assert work.told_in() == {"files": [], "index": [], "said": []}
        assert work.conferences() == before
        assert work.documents().keys() == documents.keys()
        assert len(lake_lines(work.shell.data)) == len(documents)
        for _ in range(2):
            said = work.harvest("--again")
            assert "lake: nothing new; index: nothing new" in said
        assert work.told_in() == {"files": [], "index": [], "said": []}
        assert "found nowhere; 1 archived day looked through." in work.forget("--yes")


def test_later_days_come_without_the_person(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    with scene(ZOOM, tmp_path, es, es_url, prefix) as work:
        work.forget("--yes")
        assert work.said[-1].startswith("found nowhere; 0 archived days looked through.\nremembered: ")
        work.harvest()
        assert work.told_in() == {"files": [], "index": [], "said": []}
        counted = [json.loads(line)["vconf"] for line in lake_lines(work.shell.data, "conference")]
    (first,) = [each for each in counted if each["participants"]["count"] == 3]
    assert first["participants"]["unique"] == 2
    assert first["rejoins"] == 1


def test_a_look_counts_and_changes_nothing(made: Scene) -> None:
    before, documents = tree(made.shell.folder), made.documents()
    said = made.forget("--report", "../report.json")
    (made.shell.folder.parent / "report.json").unlink()

    assert (tree(made.shell.folder), made.documents()) == (before, documents)
    head, line, blank, known, *rest = said.splitlines()
    assert head.split() == ["Day", "records", "rows", "in", "lake", "in", "index"]
    day, records, rows, lake, index = line.rsplit(maxsplit=4)
    assert (day, records, rows) == (f"zoom {ZOOM_ACCOUNT} 2026-11-20", "2", "8")
    assert lake == index
    assert blank == ""
    assert "is also known by" in known
    assert rest[-1] == "nothing was changed: the same with --yes does it, and remembers it for later harvests."
    assert not standing(said.encode(), (*made.gone, "A. C.", "k-ann"))


ZOOM_ACCOUNT = "Kx8qf3v7TnmsGvZ1J3xLmA"


def test_other_records_are_untouched_byte_for_byte(made: Scene) -> None:
    documents = made.documents()
    made.forget("--yes")
    uuid = "ab//QWoSQmUs6ZOwFD4kw9=="
    others = {id_: each for id_, each in documents.items() if each.get("zoom", {}).get("meeting_uuid") == uuid}
    assert others
    after = made.documents()
    assert {id_: after[id_] for id_ in others} == others


def test_without_a_key_it_says_how_to_make_one(lake: Scene) -> None:
    said = lake.forget(code=78, PRIVACY_KEY_FILE=None)
    assert "PRIVACY_KEY_FILE is not set" in said
    assert "openssl rand -hex 32" in said
    assert ADDRESS not in said


# -- where it cannot be done at once ----------------------------------------------------------------------


def test_elasticsearch_is_gone_and_the_next_run_finishes(made: Scene) -> None:
    before = made.conferences()
    said = made.forget("--yes", code=1, ES_HOST="127.0.0.1:9")
    assert "127.0.0.1:9" in said
    assert made.told_in() == {"files": [], "index": list(made.gone), "said": []}
    assert "not done: run it again" in made.run("forget", "--list")

    made.forget("--yes")
    assert made.told_in()["index"] == []
    assert made.conferences() == before
    assert "  done 2026" in made.run("forget", "--list")


def test_elasticsearch_was_gone_and_a_harvest_of_the_settled_day_finishes(made: Scene) -> None:
    made.forget("--yes", code=1, ES_HOST="127.0.0.1:9")
    said = made.run("zoom", "--date", "2026-11-20", "--destination", "index")
    assert ", 0 requests, " in said
    assert made.told_in()["index"] == []


def test_without_elasticsearch_it_says_where_documents_are_left(made: Scene) -> None:
    said = made.forget("--yes", code=3, ES_HOST=None)
    assert "there are documents in " in said
    assert f"/{made.prefix} too, where these settings do not lead" in said
    made.forget("--yes")
    assert made.told_in() == {"files": [], "index": [], "said": []}


def test_a_run_on_the_account_is_waited_for(lake: Scene) -> None:
    with held(lake.shell.data, "zoom", ZOOM_ACCOUNT, zoom_days.SETTLED):
        said = lake.forget("--yes", code=75)
    assert f"zoom {ZOOM_ACCOUNT} is locked by process" in said
    assert "1 account not looked through: run the same again.\nremembered: " in said
    assert "found nowhere" not in said
    assert "not done: run it again" in lake.run("forget", "--list")
    lake.forget("--yes")
    assert lake.told_in() == {"files": [], "index": [], "said": []}


@pytest.mark.parametrize(
    ("more", "says", "listed"),
    [
        (("--yes",), "error: interrupted: remembered, not finished; run the same again.\n", 1),
        ((), "error: interrupted: nothing was changed; run the same again.\n", 0),
    ],
)
def test_an_interrupted_one_says_how_far_it_came(lake: Scene, more: tuple[str, ...], says: str, listed: int) -> None:
    """Elasticsearch is asked last, and says nothing."""
    person = ("--person", ADDRESS, "--report", "report.json")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        with lake.shell.started("forget", *person, *more, ES_HOST=host) as process:
            kept = silent.accept()[0]
            process.send_signal(signal.SIGINT)
            out, said = process.communicate(timeout=60)
            kept.close()
    assert (process.returncode, out, said.replace("\r", "")[-len(says) :]) == (130, "", says)
    assert said.strip("\n").count("\n") == 0, said
    assert json.loads((lake.shell.folder / "report.json").read_text())["exit_code"] == 130
    assert f"{listed} value" in lake.run("forget", "--list")


def test_what_a_killed_run_left_tells_of_nobody_either(lake: Scene) -> None:
    archive = lake.shell.data / "archive" / "zoom" / ZOOM_ACCOUNT / "2026"
    whole = (archive / "2026-11-20.ndjson.zst").read_bytes()
    (archive / "2026-11-21.part").write_bytes(whole[:-20])
    (archive / "2026-11-20.ndjson.zst.new").write_bytes(whole)
    held_in = next((lake.shell.data / "lake").glob("participant/*/*/*.zst"))
    held_in.with_name(held_in.name + ".new").write_bytes(held_in.read_bytes())
    (archive / "2026-11-20.ndjson.damaged-1").write_bytes(whole[:-20])

    looked = lake.forget()
    assert "2026-11-20.ndjson.damaged-1: what cannot be read of it goes" in looked
    lake.forget("--yes")
    assert lake.told_in() == {"files": [], "index": [], "said": []}
    assert not list(lake.shell.data.rglob("*.new"))
    assert not list(lake.shell.data.rglob("*.part"))


def test_dead_letters_are_rid_of_the_person(lake: Scene) -> None:
    folder = lake.shell.data / "dead-letter" / "zoom" / ZOOM_ACCOUNT
    folder.mkdir(parents=True)
    ours, others = (b'{"_source":{"user":{"email":"%s"}}}\n' % each for each in (ADDRESS.encode(), b"ben@example.com"))
    (folder / "2026-11-20.index.ndjson").write_bytes(others)
    (folder / "2026-11-19.index.ndjson").write_bytes(others + ours)
    (folder / "2026-11-18.index.ndjson").write_bytes(ours)

    assert "would blank 2 records (8 rows) of 1 day, 3 dead letters; 1 archived day looked through." in lake.forget()
    lake.forget("--yes")
    assert tree(folder) == {"2026-11-19.index.ndjson": others}


def test_documents_that_no_archive_makes_anew_are_named(made: Scene) -> None:
    (made.shell.data / "archive" / "zoom" / ZOOM_ACCOUNT / "2026" / "2026-11-20.ndjson.zst").unlink()
    left = sum(bool(standing(json.dumps(each).encode(), [ADDRESS])) for each in made.documents().values())
    for more in ((), ("--yes",)):
        said = made.forget(*more, code=3)
        assert "1 day without an archive" in said
        assert f"index: {left} documents tell of the person, and no record of the archive makes them anew" in said
        assert re.search(r"lake/participant/.*2026-11-20.ndjson.zst tells of the person in 3 documents", said)


def test_documents_of_pseudonyms_are_named_too(es: Elasticsearch, es_url: str, prefix: str, tmp_path: Path) -> None:
    with scene(ZOOM, tmp_path, es, es_url, prefix) as work:
        work.shell.env["PRIVACY"] = "pseudonymous"
        work.harvest()
        assert standing(work.everywhere()["index"], [ADDRESS]) == []
        stands_for = hmac.digest(b"k" * 64, b"\0\0\0\x0auser.email" + ADDRESS.encode(), "sha256").hex()[:32]
        told = [each for each in work.documents().values() if each.get("user", {}).get("email") == stands_for]
        assert told
        (tmp_path / "data" / "archive" / "zoom" / ZOOM_ACCOUNT / "2026" / "2026-11-20.ndjson.zst").unlink()
        said = work.forget(code=3)
    assert f"index: {len(told)} documents tell of the person" in said


# -- the list ---------------------------------------------------------------------------------------------


def test_a_lost_or_changed_key_stops_harvests_lest_people_come_back(lake: Scene) -> None:
    lake.forget("--yes")
    other = str(key_in(lake.shell.folder, "x"))
    for more, says in ((None, "PRIVACY_KEY_FILE must name the file of that key"), (other, "has the key")):
        for command in (("zoom", "--date", "2026-11-20", "--again"), ("all",), ("forget", "--person", "x")):
            said = lake.run(*command, code=78, PRIVACY_KEY_FILE=more)
            assert says in said or "PRIVACY_KEY_FILE is not set" in said
    # A blanked archive can be loaded without it, and tells of nobody.
    shutil.rmtree(lake.shell.data / "lake")
    assert lake.run("replay", "zoom", "--all", PRIVACY_KEY_FILE=None)
    assert lake_lines(lake.shell.data)
    assert lake.told_in()["files"] == []


def test_a_damaged_list_stops_harvests_too(lake: Scene) -> None:
    lake.forget("--yes")
    path = lake.shell.data / "forgotten"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(path.read_bytes() + b"{\n")
    assert "is damaged in line 2" in lake.run("zoom", "--date", "2026-11-20", code=78)
    assert "is damaged in line 2" in lake.run("forget", "--list", code=78)


def test_an_old_archive_that_was_put_back_is_blanked_without_a_name(lake: Scene, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(lake.shell.data / "archive", backup)
    lake.forget("--yes")
    clean = tree(lake.shell.data / "archive")
    shutil.rmtree(lake.shell.data / "archive")
    shutil.copytree(backup, lake.shell.data / "archive")
    shutil.rmtree(backup)
    assert lake.told_in()["files"]

    lake.run("forget", "--remembered", "--yes")
    assert lake.told_in() == {"files": [], "index": [], "said": []}
    archives = [name for name in clean if name.endswith(".zst")]
    assert [tree(lake.shell.data / "archive")[name] for name in archives] == [clean[name] for name in archives]


def test_who_is_taken_off_the_list_comes_back_with_the_next_harvest(lake: Scene) -> None:
    lake.forget("--yes")
    assert "1 value taken off the list, 0 values left; what was blanked stays blanked." in lake.forget("--undo")
    assert lake.told_in()["files"] == []
    lake.harvest("--again")
    assert ADDRESS in lake.told_in()["files"]


def test_whom_is_read_from_a_file_or_from_stdin_and_one_vendor_alone_is_meant(lake: Scene) -> None:
    people = lake.shell.folder / "people.txt"
    people.write_text(f"# left in November\n\n  {ADDRESS.upper()}  \n  # and\nNobody Else\n")
    lake.run("forget", "--person-file", str(people), "--source", "opentok", "--yes")
    assert lake.told_in()["files"]
    lake.run("forget", "--person-file", str(people), "--account", "default", "--yes")
    people.unlink()
    assert lake.told_in() == {"files": [], "index": [], "said": []}
    where = [line.split("  ")[1] for line in lake.run("forget", "--list").splitlines() if "  " in line]
    assert where == ["opentok every account"] * 2 + [f"zoom {ZOOM_ACCOUNT}"] * 2
    assert "1 value taken off the list, 3 values left" in lake.forget("--undo", "--source", "opentok")
    assert "nobody of them is on the list" in lake.forget("--undo", "--source", "opentok", code=2)
    said = lake.forget("--undo", "--person", "Somebody Else")
    told, blanked = "1 value taken off the list, 2 values left", "what was blanked stays blanked"
    assert said == f"{told}; 1 value of yours did not stand there; {blanked}.\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "say who: --person or --person-file, or --remembered"),
        (("--person", " "), "say who: --person or --person-file, or --remembered"),
        (("--person", "a", "--remembered"), "but not both"),
        (("--person", "a", "--undo", "--yes"), "--undo goes with --person or --person-file alone"),
        (("--person-file", "gone.txt"), "--person-file gone.txt cannot be read: No such file or directory."),
        (("--person", "a", "--account", "nobody"), "--account nobody: there is no such account"),
        (("--person-file", "comments.txt"), "say who: --person or --person-file, or --remembered"),
        (("--person", "a", "--undo"), "nobody of them is on the list, or not for these accounts: forget --list says"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    (tmp_path / "comments.txt").write_text("# ann@example.com\n\n")
    done = Shell(tmp_path, {"PRIVACY_KEY_FILE": str(key_in(tmp_path))})("forget", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_whom_is_read_from_stdin(lake: Scene) -> None:
    command = lake.shell.command("forget", "--person-file", "-", "--yes")
    environment = lake.shell.environment({})
    done = subprocess.run(
        command,
        cwd=lake.shell.folder,
        env=environment,
        input=f"{ADDRESS}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "blanked 2 records (8 rows) of 1 day" in done.stderr
    assert lake.told_in()["files"] == []


def test_where_a_value_stands_elsewhere_it_is_said_and_stays(lake: Scene) -> None:
    said = lake.run("forget", "--person", "Handover", "--yes")
    about = f"zoom {ZOOM_ACCOUNT} 2026-11-20: in 2 further records a typed value stands in members that are nobody's"
    assert said.startswith(about)
    assert b'"topic":"Handover"' in lake.everywhere()["files"]


def test_a_record_that_cannot_be_read_to_its_end_is_named_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zoom_nights.zoom(zoom_meetings(), zoom_days.SETTLED) as server:
        night = zoom_nights.ZoomNight.at(tmp_path / "data", server, PRIVACY_KEY_FILE=str(key_in(tmp_path)))
        night.harvest(zoom_days.DAY)
    whole = Forgetter.without

    def broken(forgetter: Forgetter, file: IO[bytes], entry: Entry, person: Person) -> Frame:
        if entry.key == (zoom_days.PLAIN,):
            raise ArchiveError
        return whole(forgetter, file, entry, person)

    monkeypatch.setattr(Forgetter, "without", broken)
    assert forgotten(night) is Exit.PARTIAL
    assert ADDRESS in str(night.documents("participant"))
    assert not [each for each in night.documents("participant") if "A. C." in str(each)]
    monkeypatch.undo()
    assert forgotten(night) is Exit.OK
    assert not standing(everything_written(night.data_dir), (ADDRESS, NAME))


# -- two accounts -----------------------------------------------------------------------------------------


def test_an_account_that_is_not_meant_is_untouched_byte_for_byte(tmp_path: Path) -> None:
    """One server, two apps, and somebody who is in both."""
    apps = APP, peermetrics_days.OTHER
    calls = [call(peermetrics_days.at(9), 1, [Visitor(NAME), "Ben"])]
    held_in = [room(f"room {number}", calls, app=app) for number, app in enumerate(apps)]
    shell = Shell(tmp_path, {"PRIVACY_KEY_FILE": str(key_in(tmp_path))})
    with peermetrics_nights.peermetrics(world(*held_in, apps=apps)) as server:
        peermetrics_nights.terminal(shell, server)
        assert shell("peermetrics", "--date", "2026-11-20", "--destination", "lake").code == 0
    ids = [str(each["id"]) for each in apps]
    archives = [shell.data / "archive" / "peermetrics" / id_ for id_ in ids]
    lakes = [{name: each for name, each in tree(shell.data / "lake").items() if id_ in name} for id_ in ids]
    before = [tree(each) for each in archives]
    with held(shell.data, "peermetrics", ids[1], peermetrics_days.SETTLED):
        done = shell("forget", "--person", NAME, "--yes")

    assert done.code == 75
    assert f"peermetrics {ids[0]} 2026-11-20: blanked in 1 record" in done.err
    assert f"peermetrics {ids[1]} is locked by process" in done.err
    assert tree(archives[0]) != before[0]
    assert tree(archives[1]) == before[1]
    assert {name: each for name, each in tree(shell.data / "lake").items() if ids[1] in name} == lakes[1]
    assert {name: each for name, each in tree(shell.data / "lake").items() if ids[0] in name} != lakes[0]


def test_one_that_is_interrupted_before_anybody_is_remembered_says_so() -> None:
    says = "interrupted: not remembered, and nothing was blanked; run the same again."
    assert cut_short(done=True, remembered=False) == says
