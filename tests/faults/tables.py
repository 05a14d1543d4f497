"""All cases by table, fault and vendor; the order is the page's."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.faults.fetching import LINE, OF_TOTALS, SLOW, answers, line
from tests.faults.loading import TROUBLES, Node, load
from tests.faults.machines import HERE
from tests.faults.vendors import VENDORS
from tests.faults.verdict import Gave

Cell = tuple[str, str, str]
"""Table, fault, vendor."""
LOADING, FETCHING, ANSWERS, MACHINE = "loading", "fetching", "answers", "machine"
Run = Callable[[str, str, Path, Node], Gave]
RUNS: Mapping[str, Run] = {
    LOADING: lambda fault, vendor, folder, node: load(TROUBLES[fault], vendor, folder, node),
    FETCHING: lambda fault, vendor, folder, _node: line(fault, vendor, folder),
    ANSWERS: lambda fault, vendor, folder, _node: answers(fault, vendor, folder),
    MACHINE: lambda fault, vendor, folder, _node: HERE[fault][1](vendor, folder),
}
CELLS: tuple[Cell, ...] = (
    *((LOADING, fault, vendor) for fault in TROUBLES for vendor in VENDORS),
    *((FETCHING, fault, vendor) for fault in LINE for vendor in VENDORS),
    *(
        (ANSWERS, fault, vendor)
        for vendor, each in VENDORS.items()
        for fault in each.faults
        if fault not in {SLOW, *OF_TOTALS}
    ),
    *((MACHINE, fault, vendor) for fault in HERE for vendor in VENDORS),
)


def of(table: str) -> list[Cell]:
    """The cells of a table."""
    return [cell for cell in CELLS if cell[0] == table]


def run(cell: Cell, folder: Path, node: Node) -> Gave:
    """What a case gives; `folder` is empty."""
    table, fault, vendor = cell
    return RUNS[table](fault, vendor, folder, node)


def in_rotation() -> list[Cell]:
    """Of the loads, which are the longest, each fault with one of the vendors; `make soak` has all of them."""
    vendors = list(VENDORS)
    return [(LOADING, fault, vendors[number % len(vendors)]) for number, fault in enumerate(TROUBLES)]
