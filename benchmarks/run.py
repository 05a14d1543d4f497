"""Measures speed and memory against the goals, prints them, and fails where a goal is missed by more than 15 %.

    python benchmarks/run.py [--quick | --check] [--write]

Times are CPU seconds, and goals are ratios of cases that took turns in the same run: both mean little on
another machine, or on a busy one, alone. `--write` puts the figures into docs/performance.md, and the ratios of the
short form beside this file; `--check` measures the short form alone, which needs a minute and no Elasticsearch, and
fails where a ratio is 25 % worse than the one that was written.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

import committed
import marks
import page
from figures import Figure
from processes import FOLDER, ROOT, environment

QUICK_CALLS, QUICK_ROUNDS = 12, 5
CHECK_CALLS, CHECK_ROUNDS = 12, 13
CALLS, ROUNDS = 40, 7
NODE_CALLS, NODE_ROUNDS = 120, 3
FORTNIGHT_CALLS = 191
"""Of a working day: some 2,000 in all, with 3.4 million samples."""
OTHERS = {"zoom": 6, "peermetrics": 5}


def main() -> int:
    """Measure, tell, and say whether the goals are met."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    forms = options.add_mutually_exclusive_group()
    forms.add_argument("--quick", action="store_true", help="a first look: no Elasticsearch, no large days")
    forms.add_argument("--check", action="store_true", help="only compare ratios with the committed ones")
    options.add_argument("--write", action="store_true", help="write docs/performance.md and the committed ratios")
    given = options.parse_args()
    if given.write and (given.quick or given.check):
        options.error("--write is for the whole measurement")
    if given.check:
        return check()
    figures, about = quick() if given.quick else whole()
    rows = [figure.row() for figure in figures]
    print(f"{about}\n\n{page.aligned(rows)}")
    if given.write:
        page.write(rows, about)
        committed.write(short())
    return int(any(figure.missed for figure in figures))


def check() -> int:
    """Compare the short form with what was committed; only what is worse twice is worse."""
    known = committed.read()
    said = _worse(known)
    if said:
        print("once more, since the machine may have been busy:", *said.values(), sep="\n")
        again = _worse(known)
        said = {name: text for name, text in again.items() if name in said}
    print("\n".join(said.values()) or "no case is 25 % worse than committed")
    return int(bool(said))


def _worse(known: dict[str, float]) -> dict[str, str]:
    measured = short()
    for name, value in measured.items():
        print(f"{name}: {value:.2f}, committed {known.get(name, 0):.2f}", flush=True)
    return committed.worse(known, measured)


def short() -> dict[str, float]:
    """The ratios of the short form."""
    return marks.ratios(_told("speed.py", CHECK_CALLS, CHECK_ROUNDS)["rounds"])


def quick() -> tuple[list[Figure], str]:
    """A first look, and what it was measured on."""
    figures = [*marks.starts(3), marks.generator(_told("generator.py", 200, 3))]
    return figures + marks.speeds(_told("speed.py", QUICK_CALLS, QUICK_ROUNDS)), page.machine() + "."


def whole() -> tuple[list[Figure], str]:
    """Everything, and what it was measured on."""
    node = _told("node.py", NODE_CALLS, NODE_ROUNDS)
    speed = _told("speed.py", CALLS, ROUNDS)
    figures = [*marks.speeds(speed), *marks.memory(), *marks.node(node), *marks.starts(7), marks.idle(5)]
    figures.append(marks.generator(_told("generator.py", 200, 5)))
    figures += marks.others({vendor: _told("others.py", vendor, calls, ROUNDS) for vendor, calls in OTHERS.items()})
    figures += marks.fortnight(_told("fortnight.py", FORTNIGHT_CALLS))
    about = f"{page.machine()}, a real Elasticsearch {node['version']} for P6 and P8"
    documents = f"{speed['documents']:,} documents in a round of P1 to P4, {node['documents']:,} in one of P6"
    order = [f"P{number}" for number in range(1, 9)]
    figures.sort(key=lambda each: order.index(each.mark) if each.mark in order else len(order))
    return figures, f"{about}. {documents}; digest {speed['digest']}."


def _told(script: str, *numbers: int | str) -> Any:  # noqa: ANN401 - any JSON
    """What a script of this folder prints."""
    command = [sys.executable, str(FOLDER / script), *map(str, numbers)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment({}), cwd=ROOT).stdout)


if __name__ == "__main__":
    sys.exit(main())
