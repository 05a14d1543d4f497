"""`report` as its user meets it: the same numbers from the lake and from Elasticsearch, and a page for every case."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import zstandard

from tests.overview_calls import document
from tests.shell import Shell, demonstrated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from elasticsearch import Elasticsearch

    from tests.overview_calls import Json

    Documents = dict[str, Sequence[Json]]

DAYS = "2026-11-16", "2026-11-20"
"""A window of four days that were harvested, but for the last one: the clock of the tests stands on that day."""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def harvested(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Some days of three vendors in one lake and archive."""
    return demonstrated(tmp_path_factory.mktemp("harvested"), days=8, calls=4)


def lake(shell: Shell, vendor: str, day: str, documents: Documents) -> None:
    """Files of a lake, as a harvest writes them."""
    for type_, some in documents.items():
        path = shell.data / "lake" / type_ / f"vendor={vendor}" / "account=a" / f"{day}.ndjson.zst"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = b"".join(json.dumps(each).encode() + b"\n" for each in some)
        path.write_bytes(zstandard.ZstdCompressor().compress(text))


def without_origin(page: str) -> str:
    """A page but for where it was made from."""
    return re.sub(r"from (the lake in|Elasticsearch at) [^<]*?\. This", "from there. This", page)


def text_of(page: str) -> str:
    """What a page says, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)).strip()


def test_the_lake_and_an_index_give_the_same_page(
    harvested: Shell, es: Elasticsearch, es_url: str, prefix: str
) -> None:
    elastic = {"ES_HOST": es_url, "INDEX_PREFIX": prefix}
    loaded = harvested("replay", "--all", "--destination", "index", "--setup", **elastic)
    assert loaded.code == 0, loaded.err
    es.indices.refresh(index=f"{prefix}-runs")
    window = ("--from", DAYS[0], "--to", DAYS[1], "--html", "-")
    one = harvested("report", *window)
    other = harvested("report", *window, **elastic)
    # Elsewhere, where there is no archive, what the runs wrote tells of the days.
    alone = harvested("report", *window, **elastic, DATA_DIR=str(harvested.folder / "nothing"))

    assert (one.code, other.code, alone.code) == (0, 0, 0), (one.err, other.err, alone.err)
    assert "the lake in" in one.out
    assert es_url.removeprefix("http://") in other.out
    assert without_origin(one.out) == without_origin(other.out) == without_origin(alone.out)
    assert "4 of 4 days complete" in text_of(one.out)


def test_the_numbers_are_those_of_the_documents(harvested: Shell) -> None:
    """Counted here once more, from the files, by other means."""
    done = harvested("report", "zoom", "--from", DAYS[0], "--to", DAYS[1], "--html", "-")
    documents = {type_: list(stored(harvested, type_, "zoom")) for type_ in ("conference", "participant", "stream")}
    people = sum(each["vconf"]["participants"]["unique"] for each in documents["conference"])
    minutes = sum(each["vconf"]["minutes"]["participant"] for each in documents["conference"])
    labels = [
        {each["vconf"]["quality"][name]["label"] for name in ("audio", "video") if name in each["vconf"]["quality"]}
        for each in documents["stream"]
        if "quality" in each["vconf"]
    ]
    judged = [each for each in labels if each & {"good", "fair", "poor"}]
    poor = sum("poor" in each for each in judged)
    ended = [each["vconf"]["participant"].get("dropped") for each in documents["participant"]]
    known = [each for each in ended if each is not None]

    text = text_of(done.out)
    assert done.code == 0, done.err
    assert f"Conferences {len(documents['conference'])} with {len(documents['participant'])} joins" in text
    assert f"People {people:,}" in text
    assert f"Participant minutes {minutes:,.0f}" in text
    assert f"Poor streams {100 * poor / len(judged):.1f} % {poor} of {len(judged)} streams judged" in text
    assert f"Cut off {100 * sum(known) / len(known):.1f} % {sum(known)} of {len(known)} joins" in text


def stored(shell: Shell, type_: str, vendor: str) -> Iterator[Json]:
    folder = shell.data / "demo" / "lake" / type_ / f"vendor={vendor}"
    for path in sorted(folder.glob("*/*.zst")):
        if DAYS[0] <= path.name[:10] < DAYS[1]:
            text = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
            yield from map(json.loads, text.splitlines())


def test_without_days_it_is_the_last_week_and_a_file_beside_you(harvested: Shell) -> None:
    done = harvested("report")
    path = harvested.folder / "vconf-report-2026-11-13-to-2026-11-19.html"

    assert (done.code, done.out) == (0, "")
    assert re.fullmatch(
        r"Report of 13 to 19 November 2026: \d+ conferences, 7 of 7 days complete, in vconf-report-\S+\.html\.\n",
        done.err,
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert 10_000 < path.stat().st_size < 1_000_000
    assert "explain zoom" in path.read_text()


def test_the_same_moment_gives_the_same_page(harvested: Shell) -> None:
    assert harvested("report", "--html", "-").out == harvested("report", "--html", "-").out


def test_nothing_personal_is_on_it(harvested: Shell) -> None:
    page = harvested("report", "--html", "-").out
    known = {
        each
        for participant in [*stored(harvested, "participant", "zoom"), *stored(harvested, "participant", "peermetrics")]
        for name, each in participant.get("user", {}).items()
        if name in {"full_name", "email", "id"}
    }

    assert len(known) > 20
    assert [each for each in known if each in page] == []


def test_an_empty_lake_is_a_sentence_and_no_page(shell: Shell) -> None:
    done = shell("report", "--html", "page.html")

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"error: the lake in {shell.data / 'lake'} holds no call yet: harvest a day first, such as "
        "'./harvest.py opentok --date yesterday', or try './harvest.py dev demo --days 14'.\n"
    )
    assert not (shell.folder / "page.html").exists()


def test_an_index_without_a_call_is_a_sentence(shell: Shell, es_url: str, prefix: str) -> None:
    elastic = {"ES_HOST": es_url, "INDEX_PREFIX": prefix}
    before = shell("report", **elastic)
    shell("setup", "templates", **elastic)
    after = shell("report", **elastic)

    for done in (before, after):
        assert done.code == 1
        assert f"({prefix}-*) holds no call yet: harvest a day first" in done.err


def test_a_week_without_calls_is_a_page_that_says_so(harvested: Shell) -> None:
    done = harvested("report", "--from", "2026-10-01", "--to", "2026-10-08", "--html", "-")
    text = text_of(done.out)

    assert done.code == 0
    assert "0 of 7 days complete" in text
    assert "No call began in these days" in text
    assert "./harvest.py all --from 2026-10-01 --to 2026-10-08" in text
    assert "were never harvested" in text
    assert "Report of 1 to 7 October 2026: no call, 0 of 7 days complete; other days:" in done.err


@pytest.fixture
def demo(shell: Shell) -> Shell:
    """Four days of two vendors' accounts, for a test to damage."""
    for vendor in ("zoom", "peermetrics"):
        assert shell("dev", "demo", "--vendor", vendor, "--days", "4", "--calls", "3").code == 0
    shell.env["DATA_DIR"] = str(shell.data / "demo")
    return shell


@pytest.mark.parametrize("gone", ["*", "participant"])
def test_days_that_the_lake_lacks_are_gaps(demo: Shell, gone: str) -> None:
    for path in (demo.data / "demo" / "lake").glob(f"{gone}/vendor=zoom/*/2026-11-1[78]*"):
        path.unlink()
    done = demo("report", "--from", DAYS[0], "--to", DAYS[1], "--html", "-")

    assert "2 of 4 days complete" in done.err
    assert (
        "Tue 17 Nov is partial, the lake lacks documents of it, which &#39;./harvest.py replay zoom --date 2026-11-17 "
        "--destination lake&#39; makes anew." in text_of(done.out)
    )
    replayed = demo("replay", "zoom", "--from", "2026-11-17", "--to", "2026-11-19", "--destination", "lake")
    assert "4 of 4 days complete" in demo("report", "--from", DAYS[0], "--to", DAYS[1], "--html", "-").err, replayed.err


def edited(shell: Shell, day: str, change: Callable[[Json], object]) -> None:
    """Change the manifest of a day of Zoom."""
    (path,) = (shell.data / "demo" / "archive" / "zoom").glob(f"*/*/{day}.manifest.json")
    known = json.loads(path.read_bytes())
    change(known)
    path.write_text(json.dumps(known))


def test_a_day_is_whole_if_status_says_so(demo: Shell) -> None:
    """A call not asked yet, a record that a destination in use is owed, a manifest that is gone."""
    edited(demo, "2026-11-16", lambda known: known["calls"].update(more={"state": "missing"}))
    edited(demo, "2026-11-17", lambda known: known["destinations"]["lake"]["records"].popitem())
    (path,) = (demo.data / "demo" / "archive" / "zoom").glob("*/*/2026-11-18.manifest.json")
    path.unlink()
    done = demo("report", "--from", DAYS[0], "--to", DAYS[1], "--html", "-")
    stood = json.loads(demo("status", "--last", "4d", "--json").out)["accounts"]
    whole = {each["source"]: [day["whole"] for day in each["days"]] for each in stood}

    assert whole["zoom"] == [False, False, False, True]
    assert "1 of 4 days complete" in done.err
    text = text_of(done.out)
    assert "Mon 16 Nov is partial, 1 call missing; the vendor keeps it for" in text
    assert "Tue 17 Nov is partial, the lake lacks documents of it" in text
    assert "Wed 18 Nov is partial" in text


def test_a_day_that_should_have_settled_is_a_gap(demo: Shell) -> None:
    edited(demo, "2026-11-16", lambda known: known.update(settled=False))
    later = {"VCONF_NOW": "2026-11-25T12:00:00+00:00"}
    done = demo("report", "zoom", "--date", "2026-11-16", "--html", "-", **later)

    assert "0 of 1 day complete" in done.err
    assert "Mon 16 Nov is partial, what came after its last listing is not here; the vendor" in text_of(done.out)


def test_an_account_s_failed_day_is_not_hidden_by_another_of_its_name(demo: Shell) -> None:
    """Every app of one configuration of peermetrics has its name."""
    folder, *others = sorted((demo.data / "demo" / "archive" / "peermetrics").iterdir())
    assert others
    for path in folder.rglob("2026-11-17.manifest.json"):
        path.write_text(json.dumps({**json.loads(path.read_bytes()), "state": "failed"}))
    done = demo("report", "peermetrics", "--from", DAYS[0], "--to", DAYS[1], "--html", "-")

    assert re.search(rf"peermetrics \S+ \({folder.name}\): Tue 17 Nov is failed", text_of(done.out))
    assert "3 of 4 days complete" in done.err


def test_a_lake_alone_knows_nothing_of_the_days(shell: Shell) -> None:
    lake(shell, "zoom", "2026-11-18", {"conference": [document("2026-11-18T09:00")]})
    done = shell("report", "--html", "-")

    assert done.code == 0, done.err
    assert "Whether the days are complete is not known" in done.out
    assert "1 conference" in done.err


def test_what_is_hostile_is_text_and_nothing_else(shell: Shell) -> None:
    evil = "</style><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}&\"'"
    call = document(
        "2026-11-18T09:00", account=evil, conference={"name": evil},
        verdict={"code": evil, "text": evil, "affected": 1, "of": 1},
    )  # fmt: skip
    streams = [
        {**document("2026-11-18T09:00", account=evil, quality={"audio": {"label": "poor", "poor_due_to": [evil]}}),
         "user_agent": {"name": evil}, "client": {"geo": {"country_iso_code": evil}}}
    ] * 40  # fmt: skip
    issue = document("2026-11-18T09:00", account=evil, issue={"code": evil, "source": evil, "severity": evil})
    lake(shell, "zoom", "2026-11-18", {"conference": [call], "stream": streams, "issue": [issue]})
    page = shell("report", "--html", "-").out

    assert page.count("&lt;script&gt;alert(1)") >= 6
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("</style>") == 1
    assert "49" not in re.findall(r"onerror=alert\(2\)&gt;(.{1,20})", page)[0]


def test_a_damaged_file_is_a_sentence(shell: Shell) -> None:
    lake(shell, "zoom", "2026-11-18", {"conference": [document("2026-11-18T09:00")]})
    (path,) = shell.data.rglob("*.zst")
    path.write_bytes(path.read_bytes()[:-5])
    done = shell("report")

    assert done.code == 1
    assert done.err == (
        f"error: {path} is damaged: delete it, and './harvest.py replay zoom --date 2026-11-18 --destination lake' "
        "makes it anew.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--html", "-", "--open"], 2, "--open shows a file, and --html - makes none: give one of them."),
        (["--in", "index"], 78, "ES_HOST is not set, and --in index needs it"),
        (["--date", "2026-11-18", "--last", "7d"], 2, "--date and --last contradict each other: give one of them."),
        (["--account", "nobody"], 2, "--account nobody: there is no such account; there are: default."),
        (["--date", "2027-11-18"], 2, "2027-11-18 lies in the future (now is 2026-11-2"),
        (["--from", "2027-11-18", "--to", "2027-11-20"], 2, "a report tells of days that began already."),
        (["--html", "file/page.html"], 2, "the report file/page.html cannot be written: "),
    ],
)
def test_wrong_use_is_a_sentence(harvested: Shell, arguments: list[str], code: int, sentence: str) -> None:
    (harvested.folder / "file").touch()
    done = harvested("report", *arguments)

    assert (done.code, len(done.err.splitlines())) == (code, 1), done.err
    assert sentence in done.err


def test_without_the_extra_the_sentence_has_the_command(harvested: Shell) -> None:
    (harvested.folder / "hidden").mkdir(exist_ok=True)
    (harvested.folder / "hidden" / "sitecustomize.py").write_text(
        "import importlib.util as u\nfound = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'pygal' else found(name, package)\n"
    )
    done = harvested("report", PYTHONPATH=str(harvested.folder / "hidden"))

    assert done.code == 78
    assert re.fullmatch(
        r"error: report needs packages that are not installed: \S+ -m pip install 'jinja2>=3.1' 'pygal>=3.1'\n",
        done.err,
    )


def test_it_opens_in_the_browser(harvested: Shell) -> None:
    note = harvested.folder / "opened"
    (harvested.folder / "show").write_text(f'#!/bin/sh\nprintf %s "$1" > {note}\n')
    (harvested.folder / "show").chmod(0o755)
    done = harvested("report", "--html", "page.html", "--open", BROWSER=f"{harvested.folder / 'show'} %s")

    assert done.code == 0, done.err
    assert "Opened page.html in the browser." in done.err
    assert note.read_text() == (harvested.folder / "page.html").as_uri()
