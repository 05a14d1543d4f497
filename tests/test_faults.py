"""The fault matrix of docs/reliability.md: every case gives what the page says, and the page has every case.

`make soak` runs them all and writes the page; the longest, the loads of each vendor, are in `test_faults_loading.py`.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from harvesters.core.errors import Exit
from tests.faults import page
from tests.faults.fetching import OF_TOTALS, SLOW, answers, line
from tests.faults.machine import Ended, Machine, by_id
from tests.faults.machines import HERE
from tests.faults.tables import ANSWERS, CELLS, FETCHING, MACHINE, Cell, of
from tests.faults.vendors import VENDORS
from tests.faults.verdict import Case, Gave

TEXT = page.PAGE.read_text("utf-8")
WRITTEN = page.written(TEXT)
WORDS = re.compile(r"whole|named \((1|3|75|77)\), then whole|told, then whole|as served, then whole")


def name(cell: Cell) -> str:
    return f"{cell[2]}-{cell[1]}"


@pytest.mark.parametrize("cell", of(FETCHING), ids=name)
def test_a_fault_of_the_line_loses_nothing(cell: Cell, tmp_path: Path) -> None:
    assert line(cell[1], cell[2], tmp_path) == Gave(WRITTEN[cell])


@pytest.mark.parametrize("cell", of(ANSWERS), ids=name)
def test_what_a_vendor_gets_wrong_is_waited_for_or_told_and_mended_later(cell: Cell, tmp_path: Path) -> None:
    assert answers(cell[1], cell[2], tmp_path) == Gave(WRITTEN[cell])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("cell", of(MACHINE), ids=name)
def test_a_fault_of_the_machine_loses_nothing(cell: Cell, tmp_path: Path) -> None:
    assert HERE[cell[1]][1](cell[2], tmp_path) == Gave(WRITTEN[cell])


# -- the page ---------------------------------------------------------------------------------------------


def test_the_page_has_every_case_and_no_other() -> None:
    assert list(WRITTEN) == list(CELLS)
    assert {vendor for _, _, vendor in CELLS} == set(VENDORS)
    for vendor, each in VENDORS.items():
        assert {fault for table, fault, of_vendor in CELLS if (table, of_vendor) == (ANSWERS, vendor)} == (
            set(each.faults) - {SLOW, *OF_TOTALS}
        )


def test_no_cell_of_the_page_is_silent() -> None:
    assert [words for words in WRITTEN.values() if not WORDS.fullmatch(words)] == []
    assert f"{len(CELLS)} cases of the tables above: **0 silent losses**" in TEXT
    assert len(re.findall(r"0 silent losses", TEXT)) == 2


def test_the_page_is_as_the_run_would_write_it() -> None:
    (figures,) = re.findall(page.BLOCK.format("figures", "(.*?)"), TEXT, re.DOTALL)
    lines = [each.removeprefix("- ") for each in figures.splitlines()]
    assert lines
    assert page.fresh(TEXT, WRITTEN, lines) == TEXT


def test_the_tests_that_the_page_names_are_there() -> None:
    named = re.findall(r"`(test_[a-z_]+\.py)`", TEXT)
    assert len(named) > 10
    assert [each for each in named if not (Path(__file__).parent / each).is_file()] == []


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="markers of 'machine'"):
        page.fresh(TEXT.replace("<!-- end: machine -->", ""), WRITTEN, [])


# -- the oracle -------------------------------------------------------------------------------------------


def test_a_document_that_is_missing_without_a_word_is_seen(tmp_path: Path) -> None:
    there = {"a": b"1", "b": b"2"}
    machine = Machine(VENDORS["zoom"], tmp_path, {})
    whole = Ended(Exit.OK, _report(0, "complete"), ["complete"])
    told = Ended(Exit.OK, _report(0, "complete", warnings=["odd"]), ["complete"])
    failed = Ended(Exit.PARTIAL, _report(3, "partial"), ["partial"])
    nothing = Case((there, there), "lake", lambda _machine: {})
    assert nothing.first(machine, whole) == Gave("SILENT 2", 2)
    assert nothing.first(machine, told) == Gave("told, then whole")
    assert nothing.first(machine, failed) == Gave("named (3), then whole")
    with pytest.raises(AssertionError):
        nothing.second(machine, whole)


def test_a_report_or_a_manifest_that_says_something_else_is_seen(tmp_path: Path) -> None:
    machine = Machine(VENDORS["zoom"], tmp_path, {})
    case = Case(({}, {}), "lake", lambda _machine: {"a": b"1"})
    with pytest.raises(AssertionError, match="the manifest says something else"):
        case.first(machine, Ended(Exit.OK, _report(0, "complete"), []))
    empty = Case(({}, {}), "lake", lambda _machine: {})
    with pytest.raises(AssertionError, match="partial"):
        empty.first(machine, Ended(Exit.OK, _report(0, "partial"), []))
    with pytest.raises(AssertionError, match="complete"):
        empty.first(machine, Ended(Exit.PARTIAL, _report(3, "complete"), ["a word"]))
    with pytest.raises(AssertionError, match="without a word"):
        empty.first(machine, Ended(Exit.PARTIAL, _report(3, "partial"), []))


def test_twins_are_seen() -> None:
    with pytest.raises(AssertionError, match="is there twice"):
        by_id([b'{"event":{"id":"a"}}'] * 2)


def _report(code: int, state: str, warnings: list[str] | None = None) -> dict[str, Any]:
    return {"run": {"exit_code": code}, "slices": [{"state": state, "warnings": warnings or [], "failed": []}]}
