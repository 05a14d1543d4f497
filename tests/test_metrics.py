"""`--metrics-file`: Prometheus' text format, put in its place as a whole; of the run, and of where accounts stand."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.watch.metrics import FAMILIES, Sample, named, text
from tests.nights import lake_lines
from tests.opentok_days import KEY
from tests.schools import schools
from tests.shell import PROJECT, Shell, vendor

if TYPE_CHECKING:
    from pathlib import Path

LINE = ("opentok", "--date", "2026-11-18")
AT = datetime(2026, 11, 20, 8, tzinfo=UTC).timestamp()
WRONG = "a-secret-that-the-vendor-does-not-know"
LABEL = r'[a-z_]+="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"([a-z_]+)\{{({LABEL}(?:,{LABEL})*)\}} (-?[0-9.e+]+)")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, {"METRICS_FILE": "vconf.prom"})


def parsed(content: str) -> dict[str, float]:
    """The samples of a file, read as strictly as Prometheus' own parser does: each family once, with help and type."""
    found: dict[str, float] = {}
    family, seen = "", set()
    assert content.endswith("\n")
    for line in content[:-1].split("\n"):
        if help_ := re.fullmatch(r"# HELP ([a-z_]+) .+", line):
            assert help_[1] not in seen
            family = help_[1]
            seen.add(family)
        elif line.startswith("#"):
            assert line == f"# TYPE {family} gauge"
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert match[1] == family
            name = line.rpartition(" ")[0]
            assert name not in found
            found[name] = float(match[3])
    return found


def metrics(shell: Shell) -> dict[str, float]:
    return parsed((shell.folder / "vconf.prom").read_text())


def of(account: str, state: str = "") -> str:
    more = f',state="{state}"' if state else ""
    return f'{{source="opentok",account="{account}"{more}}}'


def test_a_run_and_where_the_account_stands_are_told(shell: Shell) -> None:
    with vendor(shell):
        done = shell(*LINE)
    found = metrics(shell)
    assert done.code == 0, done.err
    command = '{command="opentok"}'
    assert {name: found[f"vconf_run_{name}{command}"] for name in (
        "exit_code", "start_timestamp_seconds", "end_timestamp_seconds", "success_timestamp_seconds", "requests",
    )} == {
        "exit_code": 0, "start_timestamp_seconds": AT, "end_timestamp_seconds": AT, "success_timestamp_seconds": AT,
        "requests": 3,
    }  # fmt: skip
    assert found[f"vconf_account_success_timestamp_seconds{of(KEY)}"] == AT
    states = {state: found["vconf_days" + of(KEY, state)] for state in ("complete", "never", "failed")}
    assert states == {"complete": 1, "never": 1, "failed": 0}
    assert found[f"vconf_days_not_whole{of(KEY)}"] == 1
    assert found[f"vconf_calls_missing{of(KEY)}"] == 0
    # The 19th, which nobody harvested, is kept for 21 days from its start.
    assert found[f"vconf_retention_left_seconds{of(KEY)}"] == 20 * 86400 - 8 * 3600
    assert (shell.folder / "vconf.prom").stat().st_mode & 0o777 == 0o644, "the node exporter is another user"
    assert [path.name for path in shell.folder.glob("*.prom*")] == ["vconf.prom"]


def test_a_run_that_fails_keeps_the_time_of_the_last_one_that_did_not(shell: Shell) -> None:
    with vendor(shell):
        shell(*LINE)
        later = "2026-11-20T10:00:00Z"
        done = shell("opentok", "--date", "2026-11-19", VCONF_NOW=later, OPENTOK_API_SECRET=WRONG)
    found = metrics(shell)
    assert done.code == 77
    command = '{command="opentok"}'
    assert found[f"vconf_run_exit_code{command}"] == 77
    assert found[f"vconf_run_end_timestamp_seconds{command}"] == AT + 7200
    assert found[f"vconf_run_success_timestamp_seconds{command}"] == AT
    assert found[f"vconf_account_success_timestamp_seconds{of(KEY)}"] == AT


def test_documents_are_those_of_the_last_run_also_where_it_had_none(shell: Shell) -> None:
    """The lake tells of no single document; and a run that loads nothing has zeros, not older numbers."""
    names = [f'vconf_run_documents{{command="opentok",result="{each}"}}' for each in (
        "created", "updated", "unchanged", "stale", "rejected", "written",
    )]  # fmt: skip
    with vendor(shell):
        shell(*LINE, "--destination", "lake")
        lines = len(lake_lines(shell.data))
        first = metrics(shell)
        shell(*LINE, "--destination", "lake", "--again")
        second = metrics(shell)
        assert shell("opentok", "--date", "2026-11-19", OPENTOK_API_SECRET=WRONG).code == 77
    assert lines > 3
    assert [first[each] for each in names] == [0, 0, 0, 0, 0, lines]
    assert [second[each] for each in names] == [0, 0, lines, 0, 0, 0]
    assert [metrics(shell)[each] for each in names] == [0] * 6


def test_several_commands_and_accounts_share_the_file(shell: Shell) -> None:
    with schools(shell, {"default": "11", "school-a": "22"}):
        shell(*LINE, "--account", "school-a")
        shell("catch-up", "--last", "2d", OPENTOK_API_SECRET=WRONG)
    found = metrics(shell)
    assert found['vconf_run_exit_code{command="opentok"}'] == 0
    assert found['vconf_run_exit_code{command="catch-up"}'] == 77
    assert found[f"vconf_account_success_timestamp_seconds{of('22')}"] == AT
    assert f"vconf_account_success_timestamp_seconds{of('11')}" not in found
    assert found[f"vconf_days_not_whole{of('22')}"] == 0
    assert found[f"vconf_days_not_whole{of('11')}"] == 90


def test_settings_that_are_wrong_are_told_too(shell: Shell) -> None:
    done = shell("opentok", OPENTOK_API_KEY=KEY)
    assert done.code == 78
    assert metrics(shell)['vconf_run_exit_code{command="opentok"}'] == 78


def test_a_dry_run_writes_none(shell: Shell) -> None:
    with vendor(shell):
        shell(*LINE, "--dry-run")
    assert not (shell.folder / "vconf.prom").exists()


@pytest.mark.parametrize("path", ["absent/vconf.prom", "/dev/full/vconf.prom"])
def test_a_file_that_cannot_be_written_is_said_and_changes_nothing(shell: Shell, path: str) -> None:
    with vendor(shell):
        done = shell("-q", *LINE, "--metrics-file", path, "--report", "report.json")
    assert done.code == 0
    assert re.search(r"METRICS_FILE \S+vconf\.prom cannot be written: ", done.err)
    assert json.loads((shell.folder / "report.json").read_text())["run"]["exit_code"] == 0


# -- pure parts -----------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    labels=st.lists(st.tuples(WORDS, WORDS), unique=True, max_size=8),
    older=st.lists(st.tuples(WORDS, WORDS), unique=True, max_size=8),
)
def test_whatever_accounts_are_called_the_file_is_well_formed_and_older_ones_stay(
    labels: list[tuple[str, str]], older: list[tuple[str, str]]
) -> None:
    family = "vconf_account_success_timestamp_seconds"

    def samples(some: list[tuple[str, str]], value: float) -> list[Sample]:
        return [Sample(named(family, source=one, account=other), value) for one, other in some]

    before = text(samples(older, 1.5), "")
    after = text(samples(labels, 2.0), before)
    if labels or older:
        assert sorted(parsed(after).values()) == sorted([2.0] * len(labels) + [1.5] * len(set(older) - set(labels)))


def test_lines_of_others_and_of_older_standings_do_not_stay() -> None:
    older = 'something_else{a="b"} 1\nvconf_days{source="x",account="y",state="failed"} 3\nrubbish\n'
    assert text([], older) == "\n"


def test_the_rules_of_the_readme_ask_for_metrics_that_there_are() -> None:
    named_there = set(re.findall(r"\bvconf_[a-z_]+", (PROJECT / "README.md").read_text()))
    assert named_there
    assert named_there <= set(FAMILIES)
