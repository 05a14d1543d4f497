"""The demo's last page: what a day looks like, and what to try next."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import zstandard
from rich.console import Console as Terminal
from rich.table import Table

from harvesters.core.day import Day

NEXT = (
    "zstdcat {lake}/conference/*/*/{day}.ndjson.zst | jq .",
    "./harvest.py dev sandbox --vendor opentok",
    "./harvest.py opentok --help",
)


def documents(lake: Path, type_: str, day: Day) -> Iterator[dict[str, Any]]:
    """The documents of one type and day in a lake."""
    for path in sorted(lake.glob(f"{type_}/*/*/{day}.ndjson.zst")):
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as text:
            yield from (msgspec.json.decode(line) for line in text.read().splitlines())


def show(lake: Path, day: Day) -> None:
    """Print the calls of a day with their people, streams and measurements."""
    people = list(documents(lake, "participant", day))
    streams = list(documents(lake, "stream", day))
    table = Table(title=f"What was harvested for {day}", title_justify="left", title_style="bold")
    for name in ("call", "started", "lasted", "who", "streams", "measured"):
        table.add_column(name, justify="right" if name in {"lasted", "streams"} else "left")
    for call in documents(lake, "conference", day):
        id_ = call["vconf"]["conference"]["id"]
        own = [each for each in streams if each["vconf"]["conference"]["id"] == id_]
        who = [each for each in people if each["vconf"]["conference"]["id"] == id_]
        table.add_row(*_row(call, who, own))
    terminal = Terminal(highlight=False)
    terminal.print()
    terminal.print(table)
    _next(lake, day)


def _row(call: dict[str, Any], people: list[dict[str, Any]], streams: list[dict[str, Any]]) -> tuple[str, ...]:
    conference = call["vconf"]["conference"]
    name = str(conference.get("vendor_id") or conference["parent_id"])[:8]
    measured = [f"{each['vconf']['stream'].get('samples', 0)} x {_media(each)}" for each in streams]
    return (
        name,
        str(call["@timestamp"])[11:19],
        f"{conference['duration_s']:.1f} s" if "duration_s" in conference else "unknown",
        ", ".join(_person(each) for each in people) or "nobody named",
        str(len(streams)),
        ", ".join(measured),
    )


def _media(stream: dict[str, Any]) -> str:
    return "+".join(stream["vconf"]["stream"].get("media", [])) or "nothing"


def _person(person: dict[str, Any]) -> str:
    agent = person.get("user_agent", {})
    return " ".join(str(agent[each]) for each in ("name", "version") if each in agent) or "a client"


def _next(lake: Path, day: Day) -> None:
    click.echo("\nNothing was guessed: the calls listed, fetched and loaded are counted and agree. Try next:")
    for command in NEXT:
        click.echo(f"  {command.format(lake=lake, day=day)}")
