"""The ratios that were committed, and whether measured ones are worse. Of every ratio less is better."""

import json
from collections.abc import Mapping
from pathlib import Path

from processes import FOLDER

FILE = FOLDER / "committed.json"
WORSE = 1.25


def read(file: Path = FILE) -> dict[str, float]:
    """The committed ratios by name."""
    ratios: dict[str, float] = json.loads(file.read_text("utf-8"))
    return ratios


def write(ratios: Mapping[str, float], file: Path = FILE) -> None:
    """Put these in their place."""
    rounded = {name: round(value, 3) for name, value in ratios.items()}
    file.write_text(json.dumps(rounded, indent=2, ensure_ascii=False) + "\n", "utf-8")


def worse(known: Mapping[str, float], measured: Mapping[str, float]) -> dict[str, str]:
    """A sentence for each case that is more than 25 % worse than committed, and for each ratio that is not in both.

    A ratio is named "case ÷ yardstick", and a case is worse where it is so against every yardstick of its own: what
    only makes a yardstick cheap (another machine, a busy one) does not touch the others.
    """
    cases: dict[str, list[str]] = {}
    for name in known.keys() & measured:
        cases.setdefault(name.partition(" ÷ ")[0], []).append(name)
    said = {
        case: "; ".join(_compared(name, known[name], measured[name]) for name in sorted(names))
        for case, names in cases.items()
        if all(measured[name] > known[name] * WORSE for name in names)
    }
    strange = {name: f"{name} is not both committed and measured: run --write" for name in known.keys() ^ measured}
    return said | strange


def _compared(name: str, known: float, measured: float) -> str:
    return f"{name} is {measured:.2f}, {measured / known - 1:.0%} worse than the committed {known:.2f}"
