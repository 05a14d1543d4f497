"""`dev demo` with invented days: served, harvested, summed up."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.nights import lake_lines
from tests.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_invented_days_are_harvested_and_summed_up(shell: Shell) -> None:
    done = shell("dev", "demo", "--days", "9", "--calls", "4")
    assert (done.code, done.err.count(" complete: ")) == (0, 9), done.err
    days = [line.split()[:4] for line in done.out.splitlines() if line.startswith("  ") and " Nov " in line]
    # The clock of the tests stands on Friday, 20 November; a weekend has an eighth of the calls.
    assert [day[0] for day in days] == ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed", "Thu"]
    assert [day[3] for day in days] == ["4", "4", "4", "1", "1", "4", "4", "4", "4"]
    assert len(lake_lines(shell.data / "demo", "conference")) == 7 * 4 + 2 * 1
    assert "Calls worth a look" in done.out
    assert done.out.count("How sure: ") == 3
    assert "./harvest.py dev demo --days 9" in done.out
    assert done.out.endswith("\nA report of the last 7 days, to mail and to print: data/demo/report.html\n")
    page = (shell.data / "demo" / "report.html").read_text()
    assert "7 of 7 days complete" in page
    assert "13 to 19 November 2026" in page


def test_all_vendors_have_one_report(shell: Shell) -> None:
    done = shell("dev", "demo", "--vendor", "all", "--days", "3", "--calls", "2")
    assert done.code == 0, done.err
    vendors = {each["vconf"]["vendor"] for each in _conferences(shell)}
    assert vendors == {"opentok", "zoom", "peermetrics"}
    assert done.out == "A report of the last 3 days, to mail and to print: data/demo/report.html\n"
    assert "OpenTok: default" in (shell.data / "demo" / "report.html").read_text()


def test_all_vendors_have_a_page_each_of_their_real_answers(shell: Shell) -> None:
    done = shell("dev", "demo", "--vendor", "all")
    assert done.code == 0, done.err
    assert done.out.count("What happened on Thursday, 19 November 2026") == 3


def test_a_month_is_longer_than_the_vendor_remembers(shell: Shell) -> None:
    """OpenTok keeps 21 days: the first fortnight is read in time, as by a nightly job."""
    done = shell("dev", "demo", "--days", "30", "--calls", "2")
    assert (done.code, done.err.count(" complete: ") + done.err.count(" empty: ")) == (0, 30), done.err
    fetched = {each["@timestamp"][:10]: each["event"]["created"][:10] for each in _conferences(shell)}
    assert fetched["2026-10-21"] == "2026-11-07"
    assert fetched["2026-11-19"] == "2026-11-20"
    assert len(_conferences(shell)) == 22 * 2 + 8 * 1


def _conferences(shell: Shell) -> list[Any]:
    return [json.loads(line) for line in lake_lines(shell.data / "demo", "conference")]


def test_without_the_packages_for_a_report_the_demo_says_how_to_have_them(shell: Shell) -> None:
    (shell.folder / "sitecustomize.py").write_text(
        "import importlib.util as u, sys\nfound = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'pygal' else found(name, package)\n"
        "sys.modules['pygal'] = None\n"
    )
    done = shell("dev", "demo", "--days", "1", "--calls", "1", PYTHONPATH=str(shell.folder))
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].startswith("A report of these days needs packages that are not installed: ")
    assert not (shell.data / "demo" / "report.html").exists()


def test_the_same_seed_is_the_same_demo(shell: Shell) -> None:
    first = shell("dev", "demo", "--days", "2", "--calls", "2", "--seed", "a")
    lines = lake_lines(shell.data / "demo")
    again = shell("dev", "demo", "--days", "2", "--calls", "2", "--seed", "a")
    assert again.err.count("lake: nothing new") == 2
    assert lake_lines(shell.data / "demo") == lines
    assert first.out == again.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["demo", "--seed", "a"], "--calls and --seed are for invented days: add --days, such as --days 14."),
        (["demo", "--days", "32"], "32 is not in the range 1<=x<=31"),
        (
            ["sandbox", "--vendor", "opentok", "--data", ".", "--days", "2"],
            "--data serves a folder of answers, --days invented ones: give one of them.",
        ),
    ],
)
def test_wrong_use_is_a_sentence(shell: Shell, arguments: list[str], sentence: str) -> None:
    done = shell("dev", *arguments)
    assert done.code == 2
    assert sentence in done.err
    assert len(done.err.splitlines()) == 1


def test_the_demo_takes_no_setting_of_whoever_runs_it(shell: Shell) -> None:
    done = shell("dev", "demo", "--vendor", "peermetrics", PEERMETRICS_APPS="My App", PEERMETRICS_PASSWORD="x")
    assert done.code == 0, done.err
    done = shell("dev", "demo", "--vendor", "zoom", ZOOM_KEY="x", ZOOM_QUALITY="no")
    assert done.code == 0, done.err
    assert "round trip" in done.out
