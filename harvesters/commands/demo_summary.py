"""The demo's last page: what a day looks like, and what to try next."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

import msgspec
import zstandard
from rich.console import Console as Terminal

from harvesters.commands.examples import program
from harvesters.core.day import Day
from harvesters.core.fields import CALL_TYPES
from harvesters.core.words import many

Doc = dict[str, Any]
NEXT = (
    ("read the documents", "zstdcat {lake}/conference/*/*/{day}.ndjson.zst | jq ."),
    ("run it once more: nothing is sent twice", "{program} {command}"),
    ("keep the simulated vendor running", "{program} dev sandbox --vendor {vendor}"),
    ("harvest your own calls", "{program} {vendor} --help"),
)
WIDTH = 100
ROUNDING = {
    "loss_pct": "loss {:.1f} %",
    "latency_ms": "latency {:.0f} ms",
    "rtt_ms": "round trip {:.0f} ms",
    "jitter_ms": "jitter {:.0f} ms",
    "bitrate_kbps": "{:.0f} kbit/s",
    "fps": "{:.0f} frames/s",
}


def documents(lake: Path, vendor: str, type_: str, day: Day) -> Iterator[Doc]:
    """The documents of one vendor, type and day in a lake."""
    for path in sorted(lake.glob(f"{type_}/vendor={vendor}/*/{day}.ndjson.zst")):
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as text:
            yield from (msgspec.json.decode(line) for line in text.read().splitlines())


def show(lake: Path, vendor: str, day: Day, command: str) -> None:
    """Print the calls of a day with their people, streams and measurements, and what to try next; see `show_next`."""
    found = {type_: list(documents(lake, vendor, type_, day)) for type_ in CALL_TYPES}
    terminal = Terminal(highlight=False, markup=False, soft_wrap=True)
    terminal.print(f"\nWhat happened on {day.date:%A, %d %B %Y} (UTC)", style="bold")
    for call in found["conference"]:
        terminal.print()
        for line in _call(call, found):
            terminal.print(line)
    terminal.print(f"\n{_counted(found)} in {near(lake)}")
    show_next(terminal, lake, vendor, day, command)


def show_next(terminal: Terminal, lake: Path, vendor: str, day: Day, command: str) -> None:
    """Print what to try next; `command` is the one that made the page."""
    terminal.print("\nTry next", style="bold")
    for why, line in NEXT:
        terminal.print(f"  # {why}", style="dim")
        terminal.print("  " + line.format(lake=near(lake), day=day, program=program(), vendor=vendor, command=command))


def near(path: Path) -> Path:
    """A path as one would type it from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _counted(found: dict[str, list[Doc]]) -> str:
    each = ", ".join(many(len(documents), type_) for type_, documents in found.items() if documents)
    return f"{many(sum(map(len, found.values())), 'document')} ({each})"


def _call(call: Doc, found: dict[str, list[Doc]]) -> Iterator[str]:
    """One call as a person would tell it."""
    conference = call["vconf"]["conference"]
    name = f"{str(conference.get('vendor_id') or conference['parent_id'])[:8]}{_named(conference)}"
    lasted = f"{conference['duration_s']:.0f} s long" if "duration_s" in conference else "its end is not known"
    yield f"  {call['@timestamp'][11:19]}  call {name}, {lasted}"
    people = _within(found["participant"], "conference", conference["id"])
    names = ", ".join(map(_person, people))
    yield f"            {f'with {names}' if names else 'the answer names nobody'}"
    yield from told(call["vconf"].get("verdict", {}).get("text", ""), " " * 12)
    for stream in _within(found["stream"], "conference", conference["id"]):
        yield from _stream(stream, _within(found["sample"], "stream", stream["vconf"]["stream"]["id"]))


def told(verdict: str, indent: str) -> list[str]:
    """A verdict's sentences as lines that fit a terminal."""
    return wrap(verdict, WIDTH, initial_indent=indent, subsequent_indent=indent)


def _named(conference: Doc) -> str:
    return f" ({conference['name']})" if "name" in conference else ""


def _within(documents: list[Doc], what: str, id_: str) -> list[Doc]:
    return [each for each in documents if each["vconf"][what]["id"] == id_]


def _person(person: Doc) -> str:
    agent, country = person.get("user_agent", {}), person.get("client", {}).get("geo", {}).get("country_iso_code")
    client = person["vconf"].get("client", {})
    words = [str(agent[each]) for each in ("name", "version") if each in agent]
    words = words or [str(client.get("sdk", {}).get("name") or client.get("kind") or "somebody")]
    return " ".join([*words, *([f"in {country}"] if country else [])])


def _stream(stream: Doc, samples: list[Doc]) -> Iterator[str]:
    """One stream, and below it the means of what was measured."""
    own = stream["vconf"]["stream"]
    codecs = f" in {' and '.join(own['codec'])}" if own.get("codec") else ""
    yield f"            a stream {own['direction']}{codecs}, measured {_times(len(samples))}"
    for medium in ("audio", "video", "screen"):
        blocks = [block for each in samples if (block := _quality(each, medium))]
        if words := [*_means(blocks), *_vendors(samples, medium)]:
            yield f"              {medium:6} {', '.join(words)}"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _quality(sample: Doc, medium: str) -> Doc | None:
    block: Doc | None = sample["vconf"].get("quality", {}).get(medium)
    return block


def _means(blocks: list[Doc]) -> Iterator[str]:
    for name, form in ROUNDING.items():
        if values := [block[name] for block in blocks if name in block]:
            yield form.format(sum(values) / len(values))
    sizes = Counter(f"{block['width']} x {block['height']}" for block in blocks if "width" in block)
    yield from (size for size, _ in sizes.most_common(1))


def _vendors(samples: list[Doc], medium: str) -> Iterator[str]:
    """The bitrate as the vendor gives it, in a unit that it leaves open."""
    name = f"{medium}_bitrate"
    if values := [each["opentok"][name] for each in samples if name in each.get("opentok", {})]:
        low, high = min(values), max(values)
        yield f"bitrate {low:g}{f' to {high:g}' if high > low else ''} as the vendor counts it"
