"""Measures speed and memory against the goals, prints them, and fails where a goal is missed by more than 15 %.

    python benchmarks/run.py [--quick] [--write]

Times are CPU seconds, and goals are ratios of cases that took turns in the same run: both mean little on
another machine, or on a busy one, alone. `--write` puts the figures into docs/performance.md.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import harvest_memory
import help_start
import page
from processes import FOLDER, ROOT, environment

SLACK = 1.15


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure: min, median and max of the rounds, and how large its median may be."""

    name: str
    values: Sequence[float]
    unit: str = ""
    goal: float | None = None
    at_least: bool = False

    @property
    def missed(self) -> bool:
        """Whether the goal is missed by more than what noise may do."""
        if self.goal is None:
            return False
        median = statistics.median(self.values)
        return median < self.goal / SLACK if self.at_least else median > self.goal * SLACK

    def row(self) -> list[str]:
        """Name, figures, goal, verdict."""
        spread = [f"{value:.2f}" for value in (min(self.values), statistics.median(self.values), max(self.values))]
        if self.goal is None:
            return [self.name, *spread, self.unit, "", ""]
        goal = f"{'≥' if self.at_least else '≤'} {self.goal:g}"
        return [self.name, *spread, self.unit, goal, "missed" if self.missed else "met"]


def main() -> int:
    """Measure, tell, and say whether the goals are met."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="fewer calls and rounds: a first look, a minute")
    options.add_argument("--write", action="store_true", help="write the figures into docs/performance.md")
    given = options.parse_args()
    figures = [*_starts(3 if given.quick else 7), *_memory((60, 250) if given.quick else (250, 1000))]
    figures += _speeds(20 if given.quick else 60, 5 if given.quick else 9)
    rows = [figure.row() for figure in figures]
    print(page.aligned(rows))
    if given.write:
        page.write(rows)
    return int(any(figure.missed for figure in figures))


def _starts(rounds: int) -> list[Figure]:
    return [
        Figure(f"CPU of `{' '.join(arguments)}`", help_start.cpu_seconds(arguments, rounds), "s", goal=0.2)
        for arguments in help_start.COMMANDS
    ]


def _memory(sizes: Sequence[int]) -> list[Figure]:
    return [
        Figure(f"peak memory of a day of {calls:,} calls", [harvest_memory.peak_mb(calls)], "MB", goal=150)
        for calls in sizes
    ]


def _speeds(calls: int, rounds: int) -> list[Figure]:
    command = [sys.executable, str(FOLDER / "speed.py"), str(calls), str(rounds)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment({}), cwd=ROOT).stdout
    result: dict[str, Any] = json.loads(told)
    taken: list[dict[str, float]] = result["rounds"]
    number = result["documents"]
    print(f"{number:,} documents, digest {result['digest']}")

    def each(value: Callable[[dict[str, float]], float]) -> list[float]:
        return [value(one) for one in taken]

    return [
        Figure("floor", each(lambda one: one["floor"] / number * 1e6), "µs a document"),
        Figure("floor that keeps nothing", each(lambda one: one["bare"] / number * 1e6), "µs a document"),
        Figure("archive to bodies", each(lambda one: one["bodies"] / number * 1e6), "µs a document"),
        Figure("archive to answered bodies", each(lambda one: one["sent"] / number * 1e6), "µs a document"),
        Figure("usual script", each(lambda one: one["usual"] / number * 1e6), "µs a document"),
        Figure("archive to bodies ÷ floor that keeps nothing", each(lambda one: one["bodies"] / one["bare"])),
        Figure("archive to bodies ÷ floor", each(lambda one: one["bodies"] / one["floor"]), goal=1.2),
        Figure("archive to answered bodies ÷ floor", each(lambda one: one["sent"] / one["floor"]), goal=1.6),
        Figure(
            "usual script ÷ archive to answered bodies",
            each(lambda one: one["usual"] / one["sent"]),
            goal=5,
            at_least=True,
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
