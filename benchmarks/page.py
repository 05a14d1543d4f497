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
HEADER = ["", "", "min", "median", "max", "", "goal", ""]
ALIGNED = ["---", "---", "--:", "--:", "--:", "---", "---", "---"]
PACKAGES = ("elasticsearch", "msgspec", "orjson", "zstandard")


def aligned(rows: Iterable[Sequence[str]]) -> str:
    """Columns for a terminal."""
    table = [HEADER, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def write(rows: Iterable[Sequence[str]], about: str, page: Path = PAGE) -> None:
    """Put the figures between the page's markers, `about` above them.

    Raises:
        ValueError: the page lacks a marker; it stays as it is.
    """
    text = page.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"{page.name} has no place for the figures: {BEGIN} … {END}"
        raise ValueError(message)
    lines = ["| " + " | ".join(row) + " |" for row in (HEADER, ALIGNED, *rows)]
    figures = "\n".join([BEGIN, "", about, "", *lines, "", END])
    page.write_text(before + figures + after, "utf-8")


def machine() -> str:
    """What it was measured on, and with which versions."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    system = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}"
    return f"{system}; Python {platform.python_version()}, {packages}"


def _processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", cpuinfo.read_text()) if cpuinfo.exists() else None
    return found[1] if found else platform.processor() or platform.machine()
