"""Memory: a day of many calls needs no more than a day of few, and a huge call is read in parts.

The same where the day is made anew and compared with what a destination holds.
"""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tests.nights import HOME, Night, lake_lines, vendor
from tests.opentok_days import LazyDay, day_of
from tests.opentok_faults import UNLIMITED

DAY = date(2026, 11, 18)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def harvested(calls: LazyDay, folder: Path, *options: str) -> Any:  # noqa: ANN401 - a report
    """The report of the command in a process of its own; the vendor is in ours."""
    with vendor(calls, NOW, rules=UNLIMITED) as server:
        night = Night(folder, NOW, server.url)
        arguments = ("opentok", "--date", str(DAY), "--destination", "lake", "--report", "report.json", *options)
        done = night.command(*arguments, memory_counts=True)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "report.json").read_text())


def compared(folder: Path, **settings: str) -> Any:  # noqa: ANN401 - a report
    """The report of a dry run that compares what was harvested into a folder."""
    arguments = ("replay", "--all", "--dry-run", "--diff", "--destination", "lake", "--report", "report.json")
    done = Night(folder, NOW, more=settings).command(*arguments, memory_counts=True)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "report.json").read_text())


def found(report: Any) -> dict[str, int]:  # noqa: ANN401 - a report
    """What became of the samples, without zeros."""
    (slice_,) = report["slices"]
    return {kind: number for kind, number in slice_["diff"]["lake"]["types"]["sample"].items() if number}


def peak(report: Any) -> float:  # noqa: ANN401 - a report
    megabytes: float = report["run"]["peak_rss_mb"]
    return megabytes


def samples(report: Any) -> int:  # noqa: ANN401 - a report
    (slice_,) = report["slices"]
    count: int = slice_["destinations"]["lake"]["sample"]["sent"]
    return count


def test_five_times_the_calls_need_no_more_memory(tmp_path: Path) -> None:
    """Calls of four people and half an hour: 16 streams with some 58 measurements each.

    28 of them fill a batch; the smaller day has two full ones, so each run meets the largest answers there are.
    """
    few = harvested(day_of(60, day=DAY, minutes=30), tmp_path / "few", "--concurrency", "1")
    many = harvested(day_of(300, day=DAY, minutes=30), tmp_path / "many", "--concurrency", "1")
    assert 60 * 16 * 55 < samples(few) < 60 * 16 * 60
    assert 300 * 16 * 55 < samples(many) < 300 * 16 * 60
    assert peak(many) <= peak(few) + 10
    smaller, larger = compared(tmp_path / "few"), compared(tmp_path / "many")
    assert (found(smaller), found(larger)) == ({"same": samples(few)}, {"same": samples(many)})
    assert peak(larger) <= peak(smaller) + 10


def test_the_memory_of_who_started_us_is_not_ours(tmp_path: Path) -> None:
    """A scheduler may be large; what the report tells is the harvester's own peak."""
    night = Night(tmp_path, NOW)
    ballast = bytearray(b"x" * 200_000_000)
    done = night.command("replay", "--all", "--report", "report.json", memory_counts=True)
    assert (done.returncode, len(ballast)) == (0, 200_000_000), done.stderr
    assert 5 < peak(json.loads((tmp_path / "report.json").read_text())) < 100


def test_a_huge_call_stays_below_150_mb(tmp_path: Path) -> None:
    """25 people for an hour: 625 streams, some 20 MB of answers."""
    report = harvested(day_of(1, day=DAY, people=[25], minutes=60), tmp_path)
    assert samples(report) > 625 * 100
    assert peak(report) < 150
    differing = compared(tmp_path, OPENTOK_BITRATE_UNIT="kbyte")
    assert found(differing) == {"changed": samples(report)}
    assert peak(differing) < 100
    for store in ("lake", "archive"):
        said, most = explained(tmp_path, store)
        assert "625 streams" in said
        assert most < 90, store


TELL = """
import sys
from harvesters.commands.main import main
from harvesters.core.report import peak_rss_mb
try:
    main(sys.argv[1:])
finally:
    print("peak", peak_rss_mb(), file=sys.stderr)
"""


def explained(folder: Path, store: str, *options: str) -> tuple[str, float]:
    """What `explain` says of the only call of a folder, and its peak in MB."""
    night = Night(folder, NOW)
    (line,) = lake_lines(folder, "conference")
    id_ = json.loads(line)["vconf"]["conference"]["id"]
    done = subprocess.run(
        [sys.executable, "-c", TELL, "explain", "opentok", id_, "--in", store, *options],
        cwd=HOME, env={**os.environ, **night.environment}, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return done.stdout, float(done.stderr.split("peak ")[1])
