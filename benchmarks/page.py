"""The figures as text, and their place in docs/performance.md."""

import os
import platform
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from processes import ROOT

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by benchmarks/run.py --write -->", "<!-- end of figures -->"
HEADER = ["", "min", "median", "max", "", "goal", ""]
PACKAGES = ("elasticsearch", "msgspec", "orjson", "zstandard")


def aligned(rows: Iterable[Sequence[str]]) -> str:
    """Columns for a terminal."""
    table = [HEADER, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def write(rows: Iterable[Sequence[str]]) -> None:
    """Put the figures between the page's markers."""
    table = [HEADER, ["---", "--:", "--:", "--:", "---", "---", "---"], *rows]
    lines = ["| " + " | ".join(row) + " |" for row in table]
    figures = "\n".join([BEGIN, "", _machine(), "", *lines, "", END])
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + figures + rest.partition(END)[2])


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()}; Python {platform.python_version()}, {packages}."
    )


def _processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", cpuinfo.read_text()) if cpuinfo.exists() else None
    return found[1] if found else platform.processor() or platform.machine()
