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
    """A sentence for each ratio that is more than 25 % worse than the committed one, or not in both."""
    said = {
        name: f"{name} is {value:.2f}, {value / known[name] - 1:.0%} worse than the committed {known[name]:.2f}"
        for name, value in measured.items()
        if name in known and value > known[name] * WORSE
    }
    strange = {name: f"{name} is not both committed and measured: run --write" for name in known.keys() ^ measured}
    return said | strange
