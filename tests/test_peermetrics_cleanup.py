"""What the server's own clean-up takes away is kept here, and what nobody kept is said."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from harvesters.core.day import iso
from harvesters.sandbox.peermetrics import PeermetricsRules, PeermetricsServer, Person, call, room, serve_peermetrics
from tests.peermetrics_days import DAY, at
from tests.shell import Done, Shell

CLEANING = PeermetricsRules(cleanup="on", order="stable", worker_requests=None, requests_per_minute=None)


def harvest(shell: Shell, server: PeermetricsServer, now: datetime) -> Done:
    return shell("peermetrics", "--date", str(DAY), PEERMETRICS_URL=server.url, VCONF_NOW=iso(now))


def documents(folder: Path, type_: str) -> list[Any]:
    found = []
    for path in sorted((folder / "data" / "lake").glob(f"{type_}/*/*/*.zst")):
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as text:
            found += [msgspec.json.decode(line) for line in text.read().splitlines()]
    return found


def test_statistics_that_were_archived_outlive_those_at_the_server(tmp_path: Path) -> None:
    """Two lose their tabs, so the room stays open with its statistics until a job closes it, which deletes them."""
    lost = [Person(name, browser="firefox", ends="crash") for name in ("Ana", "Ben")]
    now = at(12)
    shell = Shell(tmp_path)
    with serve_peermetrics(
        [room("lost", [call(at(9), 5, lost, stale_job=30)])], now=lambda: now, rules=CLEANING
    ) as server:
        assert harvest(shell, server, now).code == 0
        before = documents(tmp_path, "sample")
        assert len(before) > 100
        now = at(24 * 3)
        done = harvest(shell, server, now)
    assert done.code == 0, done.err
    assert "has less detail (level 1 after 2); the old one is kept" in done.err
    assert {each["event"]["id"] for each in documents(tmp_path, "sample")} == {each["event"]["id"] for each in before}


def test_a_conference_whose_statistics_nobody_kept_is_flagged_and_said(tmp_path: Path) -> None:
    """Of two in one room the server keeps a summary of the last alone."""
    people = [Person(name, browser="old-chrome") for name in ("Ana", "Ben")]
    shell, now = Shell(tmp_path), at(24) + timedelta(days=3)
    rooms = [room("twice", [call(at(9), 2, people), call(at(11), 2, people)])]
    with serve_peermetrics(rooms, now=lambda: now, rules=CLEANING) as server:
        done = harvest(shell, server, now)
        again = harvest(shell, server, now)
    assert done.code == 0, done.err
    assert done.err.count("its statistics are gone: a clean-up at the server deleted them") == 1
    first, last = sorted(documents(tmp_path, "conference"), key=lambda each: each["@timestamp"])
    assert [each["vconf"]["flags"] for each in (first, last)] == [["summary_only"]] * 2
    assert first["vconf"]["streams"]["count"] == 0
    assert last["vconf"]["streams"]["count"] > 0
    # And it is final: a second run asks for nothing of it.
    assert " 0 requests" in again.err, again.err
