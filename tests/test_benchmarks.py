"""The benchmarks' own logic: what counts as met and as worse, and what is written where."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HOME = Path(__file__).parents[1]
FOLDER = HOME / "benchmarks"
NAMES = ("figures", "page", "committed", "marks", "run")


@pytest.fixture(scope="module")
def scripts() -> Iterator[Mapping[str, ModuleType]]:
    """The scripts as modules, as long as these tests run: their names are those of no package."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in NAMES}
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(sys.modules) - before:
            if (FOLDER / f"{name}.py").is_file():
                del sys.modules[name]


@pytest.mark.parametrize(
    ("values", "at_least", "verdict", "missed"),
    [
        ([9.0, 1.9, 0.1], False, "met", False),
        ([2.0], False, "met", False),
        ([2.2], False, "nearly", False),
        ([2.31], False, "missed", True),
        ([0.1, 2.1, 9.0], True, "met", False),
        ([1.8], True, "nearly", False),
        ([1.7], True, "missed", True),
    ],
)
def test_the_median_decides_and_noise_of_15_percent_is_forgiven(
    scripts: Mapping[str, ModuleType], values: list[float], verdict: str, *, at_least: bool, missed: bool
) -> None:
    figure = scripts["figures"].Figure("P2", "whole", values, goal=2.0, at_least=at_least)
    assert (figure.missed, figure.row()[-1]) == (missed, verdict)


def test_a_figure_without_a_goal_is_never_missed(scripts: Mapping[str, ModuleType]) -> None:
    figure = scripts["figures"].Figure("", "floor", [3.0, 1.0, 2000.0], "µs")
    assert not figure.missed
    assert figure.row() == ["", "floor", "1.00", "3.00", "2,000", "µs", "", ""]


def test_only_a_ratio_that_is_more_than_a_quarter_worse_is_worse(scripts: Mapping[str, ModuleType]) -> None:
    known = {"better": 1.0, "as it was": 1.0, "a little worse": 1.0, "worse": 2.0}
    measured = {"better": 0.2, "as it was": 1.0, "a little worse": 1.25, "worse": 2.6}
    assert scripts["committed"].worse(known, measured) == {
        "worse": "worse is 2.60, 30% worse than the committed 2.00",
    }


@pytest.mark.parametrize(
    ("script", "floor", "worse"),
    [(1.3, 1.0, False), (0.5, 2.6, False), (1.25, 2.6, False), (1.3, 2.6, True)],
)
def test_a_case_is_worse_only_against_all_its_yardsticks(
    scripts: Mapping[str, ModuleType], script: float, floor: float, *, worse: bool
) -> None:
    known = {"P1 path ÷ usual script": 1.0, "P1 path ÷ floor": 2.0, "P3 sender ÷ client": 1.0}
    measured = {"P1 path ÷ usual script": script, "P1 path ÷ floor": floor, "P3 sender ÷ client": 1.0}
    said = [
        "P1 path ÷ floor is 2.60, 30% worse than the committed 2.00",
        "P1 path ÷ usual script is 1.30, 30% worse than the committed 1.00",
    ]
    assert scripts["committed"].worse(known, measured) == ({"P1 path": "; ".join(said)} if worse else {})


def test_a_ratio_that_is_not_on_both_sides_is_named(scripts: Mapping[str, ModuleType]) -> None:
    said = scripts["committed"].worse({"old": 1.0, "both": 1.0}, {"new": 1.0, "both": 1.0})
    assert set(said) == {"old", "new"}
    assert said["new"] == "new is not both committed and measured: run --write"


def test_written_ratios_are_read_back(scripts: Mapping[str, ModuleType], tmp_path: Path) -> None:
    file = tmp_path / "committed.json"
    scripts["committed"].write({"P1 a ÷ b": 0.123456, "P2": 2.0}, file)
    assert scripts["committed"].read(file) == {"P1 a ÷ b": 0.123, "P2": 2.0}


def test_the_committed_ratios_are_those_that_the_short_form_measures(scripts: Mapping[str, ModuleType]) -> None:
    cases = dict.fromkeys(("bodies", "whole", "sent", "replayed", "load", "usual", "floor"), 1.0)
    assert scripts["committed"].read().keys() == scripts["marks"].ratios([cases]).keys()


def test_the_ratio_of_the_short_form_is_the_median_of_the_rounds(scripts: Mapping[str, ModuleType]) -> None:
    """A round in which the machine was busy does not decide."""
    quiet = {"bodies": 4.0, "whole": 10.0, "sent": 1.0, "replayed": 2.0, "load": 5.0, "usual": 20.0, "floor": 8.0}
    busy = {**quiet, "bodies": 40.0, "load": 2500.0}
    found = list(scripts["marks"].ratios([quiet, busy, quiet]).values())
    assert found == [0.2, 0.5, 0.5, 1.25, 0.25, 0.625, 0.5, 0.125]


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        ([{"a": 1.2, "b": 1.2}], 0),
        ([{"a": 1.3, "b": 1.0}, {"a": 1.2, "b": 1.0}], 0),
        ([{"a": 1.3, "b": 1.0}, {"a": 1.0, "b": 1.3}], 0),
        ([{"a": 1.3, "b": 1.0}, {"a": 1.3, "b": 1.0}], 1),
    ],
)
def test_what_is_worse_twice_fails_the_check(
    scripts: Mapping[str, ModuleType], monkeypatch: pytest.MonkeyPatch, runs: list[dict[str, float]], code: int
) -> None:
    left = list(runs)
    monkeypatch.setattr(scripts["committed"], "read", lambda: {"a": 1.0, "b": 1.0})
    monkeypatch.setattr(scripts["run"], "short", lambda: left.pop(0))
    assert scripts["run"].check() == code
    assert left == []


def page_with(tmp_path: Path, scripts: Mapping[str, ModuleType], text: str) -> Path:
    page = tmp_path / "performance.md"
    page.write_text(text.format(begin=scripts["page"].BEGIN, end=scripts["page"].END), "utf-8")
    return page


def test_the_figures_go_between_the_markers_and_nothing_else_changes(
    scripts: Mapping[str, ModuleType], tmp_path: Path
) -> None:
    page = page_with(tmp_path, scripts, "before\n\n{begin}\nold\n{end}\n\nafter µ\n")
    row = ["P1", "case", "0.50", "0.60", "0.70", "", "≤ 1", "met"]
    for _ in range(2):
        scripts["page"].write([row], "Some machine.", page)
    before, figures, after = page.read_text("utf-8").partition("| P1 | case | 0.50 | 0.60 | 0.70 |  | ≤ 1 | met |\n")
    assert figures
    assert before.startswith(f"before\n\n{scripts['page'].BEGIN}\n\nSome machine.\n\n|  |  | min | median | max |")
    assert after == f"\n{scripts['page'].END}\n\nafter µ\n"


@pytest.mark.parametrize("text", ["no markers\n", "{begin}\n", "{end}\n"])
def test_a_page_without_a_place_for_the_figures_stays_as_it_is(
    scripts: Mapping[str, ModuleType], tmp_path: Path, text: str
) -> None:
    page = page_with(tmp_path, scripts, text)
    before = page.read_bytes()
    with pytest.raises(ValueError, match=r"performance\.md has no place for the figures"):
        scripts["page"].write([], "", page)
    assert page.read_bytes() == before


def test_the_terminal_sees_columns(scripts: Mapping[str, ModuleType]) -> None:
    lines = scripts["page"].aligned([["P1", "a case", "1", "2", "3", "s", "", ""]]).splitlines()
    assert lines == ["            min  median  max     goal", "P1  a case  1    2       3    s"]


def test_cores_that_others_used_were_not_there_for_the_load(scripts: Mapping[str, ModuleType]) -> None:
    """Ten seconds of two cores: others took 4, we and the node 15, so one second of a core was idle."""
    taken = {"wall": 10.0, "own": 5.0, "node": 10.0, "others": 4.0}
    assert scripts["marks"].waiting(taken) == pytest.approx(16 / 15)


def test_a_node_is_told_of_in_figures(scripts: Mapping[str, ModuleType]) -> None:
    one = {
        "load": {"wall": 2.0, "own": 1.0, "node": 3.0, "others": 0.0},
        "usual": {"wall": 8.0, "own": 6.0, "node": 2.0, "others": 0.0},
    }
    told: dict[str, Any] = {"documents": 1000, "rounds": [one], "bytes": {"loaded": 110, "own": 104, "automatic": 100}}
    figures = {figure.name: figure for figure in scripts["marks"].node(told)}
    assert figures["wall of a load ÷ (CPU of all processes / cores)"].median == 1.0
    assert figures["wall of the usual script ÷ wall of a load"].median == 4.0
    assert figures["the node's CPU in a load"].median == 3000
    assert figures["disk of a sample, our ids ÷ automatic ones"].median == pytest.approx(1.04)


@pytest.mark.parametrize("options", [["--check", "--write"], ["--quick", "--write"], ["--check", "--quick"]])
def test_forms_that_contradict_each_other_are_refused(options: list[str]) -> None:
    command = [sys.executable, str(FOLDER / "run.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 2
    assert "error:" in done.stderr


def test_the_fortnight_s_goals_are_seconds_on_the_wall(scripts: dict[str, ModuleType]) -> None:
    taken = {"wall": 12.0, "cpu": 3.0, "peak_mb": 50.0}
    told = {**dict.fromkeys(("harvest", "report", "export"), taken), "conference": 2000, "sample": 2_000_000}
    figures = [figure for figure in scripts["marks"].fortnight(told) if figure.goal]

    assert [(figure.goal, figure.missed) for figure in figures] == [(90, False), (10, True)]
    assert figures[0].name == "2,000 calls and 2,000,000 samples of a fortnight: fetched and into the lake"
