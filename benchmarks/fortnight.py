"""A fortnight into the lake, and the report from it: `fortnight.py CALLS`, of a working day; prints JSON.

As a process of its own with `serve`, it is the vendor.
"""

import json
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import zstandard
from processes import ROOT, Used, serve_until_closed, served, used
from the_day import DAY, KEY, NOW, SECRET, settings

from harvesters.sandbox import Rules, Server, serve_opentok
from harvesters.sandbox.opentok.generated import GeneratedSessions
from harvesters.sandbox.world import World

DAYS = 14
FIRST = DAY - timedelta(days=DAYS - 2)
SERVE = "serve"
PIECE = 1 << 20


def vendor(calls: int) -> Server:
    """The vendor with believable calls, each made when it is asked for."""
    sessions = GeneratedSessions(World("benchmark", FIRST, DAYS, calls), KEY)
    return serve_opentok(sessions, key=KEY, secret=SECRET, now=lambda: NOW, rules=Rules(rate_limit=None))


def main(calls: int) -> dict[str, object]:
    """Harvest, report, export; the seconds on the wall and of CPU of each, and the largest memory."""
    taken: dict[str, object] = {}
    with TemporaryDirectory() as folder, served("fortnight.py", SERVE, str(calls)) as url:
        here = Path(folder)
        (here / "empty.env").touch()
        days = ["--from", str(FIRST), "--to", str(FIRST + timedelta(days=DAYS))]
        taken["harvest"] = _measured(here, url, ["opentok", *days, "--destination", "lake"])
        taken["report"] = _measured(here, url, ["report", "--last", "14d", "--html", str(here / "report.html")])
        taken["page_kb"] = (here / "report.html").stat().st_size / 1000
        taken["export"] = _measured(here, url, ["export", "parquet", *days, "--out", str(here / "tables")])
        taken |= {type_: _lines(here / "lake" / type_) for type_ in ("conference", "stream", "sample")}
    return taken


def _measured(folder: Path, url: str, arguments: Sequence[str]) -> dict[str, float]:
    command = [sys.executable, str(ROOT / "harvest.py"), "--env-file", str(folder / "empty.env"), *arguments]
    began = time.monotonic()
    done: Used = used(command, {**settings(url), "DATA_DIR": str(folder)})
    if done.code:
        message = f"{arguments[0]} ended with {done.code}: {done.errors}"
        raise RuntimeError(message)
    return {"wall": time.monotonic() - began, "cpu": done.cpu_s, "peak_mb": done.peak_mb}


def _lines(folder: Path) -> int:
    """How many documents are in the files below a folder."""
    count = 0
    for path in folder.rglob("*.zst"):
        with path.open("rb") as file:
            count += sum(piece.count(b"\n") for piece in zstandard.ZstdDecompressor().read_to_iter(file, PIECE))
    return count


if __name__ == "__main__":
    if sys.argv[1] == SERVE:
        serve_until_closed(lambda: vendor(int(sys.argv[2])))
    else:
        print(json.dumps(main(int(sys.argv[1]))))
