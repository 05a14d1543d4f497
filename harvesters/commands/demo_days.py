"""The demo's page for several days: how much went on, how good it was, which calls are worth a look."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import zstandard
from rich.console import Console as Terminal
from rich.table import Table

from harvesters.commands.demo_summary import near, show_next, told
from harvesters.commands.examples import program
from harvesters.core.day import Day
from harvesters.core.words import many

LOSSY_PCT = 5.0
WORST, BAR = 3, 24
FINE = "fine"
"""The verdict on a call in which nothing was poor; `quality/verdicts.toml`."""


class _Id(msgspec.Struct):
    id: str = ""
    start: str = ""
    duration_s: float = 0.0


class _Way(msgspec.Struct):
    direction: str = ""


class _Audio(msgspec.Struct):
    loss_pct: float | None = None


class _Quality(msgspec.Struct):
    audio: _Audio | None = None


class _Verdict(msgspec.Struct):
    code: str = ""
    text: str = ""


class _Vconf(msgspec.Struct):
    conference: _Id
    verdict: _Verdict = msgspec.field(default_factory=_Verdict)
    participant: _Id = msgspec.field(default_factory=_Id)
    stream: _Way = msgspec.field(default_factory=_Way)
    quality: _Quality = msgspec.field(default_factory=_Quality)


class _Agent(msgspec.Struct):
    name: str = "an app"


class _Doc(msgspec.Struct):
    """The few fields that the page reads."""

    vconf: _Vconf
    user_agent: _Agent = msgspec.field(default_factory=_Agent)

    @property
    def received_loss(self) -> float | None:
        """Audio loss in percent of a received stream's measurement, None for anything else."""
        audio = self.vconf.quality.audio
        return audio.loss_pct if audio and self.vconf.stream.direction == "received" else None


_doc = msgspec.json.Decoder(_Doc)


@dataclass(slots=True)
class Share:
    """How many of some measurements were lossy."""

    lossy: int = 0
    all: int = 0

    @property
    def percent(self) -> float:
        """The share in percent, 0 of none."""
        return 100 * self.lossy / self.all if self.all else 0.0

    def add(self, loss_pct: float) -> None:
        """Count one measurement."""
        self.all += 1
        self.lossy += loss_pct > LOSSY_PCT


@dataclass(slots=True)
class Tally:
    """What some days of a lake come to."""

    calls: Counter[Day] = field(default_factory=Counter)
    people: Counter[Day] = field(default_factory=Counter)
    hours: dict[Day, float] = field(default_factory=lambda: defaultdict(float))
    by_day: dict[Day, Share] = field(default_factory=lambda: defaultdict(Share))
    by_browser: dict[str, Share] = field(default_factory=lambda: defaultdict(Share))
    by_call: dict[str, Share] = field(default_factory=lambda: defaultdict(Share))
    guests: Counter[str] = field(default_factory=Counter)
    started: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    fine: set[str] = field(default_factory=set)

    def read(self, lake: Path, vendor: str, day: Day) -> None:
        """Add a day; its measurements are read one by one."""
        for doc in documents(lake, vendor, "conference", day):
            self.calls[day] += 1
            self.started[doc.vconf.conference.id] = doc.vconf.conference.start
            self.verdicts[doc.vconf.conference.id] = doc.vconf.verdict.text
            if doc.vconf.verdict.code == FINE:
                self.fine.add(doc.vconf.conference.id)
        for doc in documents(lake, vendor, "participant", day):
            self.people[day] += 1
            self.guests[doc.vconf.conference.id] += 1
            self.hours[day] += doc.vconf.participant.duration_s / 3600
        for doc in documents(lake, vendor, "sample", day):
            if (loss := doc.received_loss) is not None:
                for share in (
                    self.by_day[day], self.by_browser[doc.user_agent.name], self.by_call[doc.vconf.conference.id],
                ):  # fmt: skip
                    share.add(loss)


def documents(lake: Path, vendor: str, type_: str, day: Day) -> Iterator[_Doc]:
    """The documents of one vendor, type and day, streamed."""
    for path in sorted(lake.glob(f"{type_}/vendor={vendor}/*/{day}.ndjson.zst")):
        with path.open("rb") as file:
            rest = b""
            for piece in zstandard.ZstdDecompressor().read_to_iter(file):
                *lines, rest = (rest + piece).split(b"\n")
                yield from map(_doc.decode, lines)


def show(lake: Path, vendor: str, days: Sequence[Day], command: str) -> None:
    """Print what the days come to, and what to try next; `command` made them."""
    tally = Tally()
    for day in days:
        tally.read(lake, vendor, day)
    terminal = Terminal(highlight=False, markup=False, soft_wrap=True)
    terminal.print(f"\nWhat happened from {days[0].date:%A, %d %B} to {days[-1].date:%A, %d %B %Y} (UTC)", style="bold")
    terminal.print(_per_day(tally, days))
    terminal.print("\nShare of received audio measurements with more than 5 % loss, by browser", style="bold")
    terminal.print(_per_browser(tally))
    terminal.print("\nCalls worth a look", style="bold")
    for line in _worst(tally, f"DATA_DIR={near(lake.parent)} {program()} explain {vendor}"):
        terminal.print(line)
    show_next(terminal, lake, vendor, days[-1], command)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, title in enumerate(columns):
        table.add_column(title, justify="right" if 0 < number < len(columns) - 1 else "left", no_wrap=True)
    return table


def _bar(value: float, most: float) -> str:
    """A bar that is as long as the value, in eighths of a character."""
    eighths = round(8 * BAR * value / most) if most else 0
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _per_day(tally: Tally, days: Sequence[Day]) -> Table:
    table = _table("  day", "calls", "people", "hours", "lossy", "hours, drawn")
    most = max(tally.hours.values(), default=0.0)
    for day in days:
        table.add_row(
            f"  {day.date:%a %d %b}",
            f"{tally.calls[day]:,}",
            f"{tally.people[day]:,}",
            f"{tally.hours[day]:,.1f}",
            f"{tally.by_day[day].percent:.1f} %",
            _bar(tally.hours[day], most),
        )
    return table


def _per_browser(tally: Tally) -> Table:
    table = _table("  browser", "measured", "lossy", "share, drawn")
    most = max((share.percent for share in tally.by_browser.values()), default=0.0)
    for name, share in sorted(tally.by_browser.items(), key=lambda each: -each[1].percent):
        table.add_row(f"  {name}", f"{share.all:,}", f"{share.percent:.1f} %", _bar(share.percent, most))
    return table


def _worst(tally: Tally, explain: str) -> Iterator[str]:
    """The lossiest calls, each with its verdict and with what tells the whole of it; those that went well come last."""
    ranked = sorted(tally.by_call.items(), key=lambda each: (each[0] in tally.fine, -each[1].percent))
    for id_, share in ranked[:WORST]:
        when = tally.started[id_][:16].replace("T", " ")
        yield f"  {when}  {share.percent:4.0f} % lossy, {many(tally.guests[id_], 'join')}"
        yield from told(tally.verdicts[id_], " " * 20)
        yield f"{' ' * 20}{explain} {id_}"
