"""The tables and figures of docs/reliability.md, written between their markers and read back."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.faults.fetching import LINE
from tests.faults.machines import HERE
from tests.faults.tables import ANSWERS, CELLS, FETCHING, LOADING, MACHINE, Cell
from tests.faults.vendors import VENDORS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BLOCK = "<!-- written by make soak: {0} -->\n{1}<!-- end: {0} -->"
NUMBERS = {**{fault: each[0] for fault, each in LINE.items()}, **{fault: each[0] for fault, each in HERE.items()}}
Words = Mapping[Cell, str]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in lines)


def by_vendor(table: str, words: Words) -> str:
    """A table with a column for each vendor."""
    faults = dict.fromkeys(fault for name, fault, _ in CELLS if name == table)
    numbered = table in {FETCHING, MACHINE}
    head = [*(["No."] if numbered else []), "Fault", *VENDORS]
    return _table(
        head,
        (
            [*([str(NUMBERS[fault])] if numbered else []), fault, *(words[table, fault, name] for name in VENDORS)]
            for fault in faults
        ),
    )


def of_answers(words: Words) -> str:
    """A table with a line for each fault of each vendor."""
    cells = [cell for cell in CELLS if cell[0] == ANSWERS]
    rows = ([cell[2], f"`{cell[1]}`", VENDORS[cell[2]].faults[cell[1]].help, words[cell]] for cell in cells)
    return _table(["Vendor", "Fault", "What it is", "What becomes of the day"], rows)


def fresh(text: str, words: Words, figures: Sequence[str]) -> str:
    """A page with its blocks written anew.

    Raises:
        ValueError: it lacks the markers of one.
    """
    blocks = {table: by_vendor(table, words) for table in (LOADING, FETCHING, MACHINE)}
    blocks |= {ANSWERS: of_answers(words), "figures": "".join(f"- {each}\n" for each in figures)}
    for name, content in blocks.items():
        pattern = re.compile(BLOCK.format(re.escape(name), ".*?"), re.DOTALL)
        if len(pattern.findall(text)) != 1:
            message = f"the page must have the markers of '{name}' once"
            raise ValueError(message)
        text = pattern.sub(lambda _found: BLOCK.format(name, content), text)  # noqa: B023 - used up within the round
    return text


def written(text: str) -> dict[Cell, str]:
    """The cells of a page."""
    found: dict[Cell, str] = {}
    for table in (LOADING, FETCHING, ANSWERS, MACHINE):
        (block,) = re.findall(BLOCK.format(table, "(.*?)"), text, re.DOTALL)
        for row in [line.strip("| ").split(" | ") for line in block.splitlines()[2:]]:
            found |= _cells(table, row)
    return found


def _cells(table: str, row: Sequence[str]) -> dict[Cell, str]:
    if table == ANSWERS:
        return {(table, row[1].strip("`"), row[0]): row[3]}
    *_, fault = row[: -len(VENDORS)]
    return {(table, fault, vendor): row[-len(VENDORS) :][number] for number, vendor in enumerate(VENDORS)}
