"""What commands have for cron and its kin: who is told of a run, and a wait before it."""

import random
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import click

from harvesters import SOURCES
from harvesters.commands.options import LAST
from harvesters.commands.workplace import Workplace, window
from harvesters.core.day import Clock, parse_span
from harvesters.core.words import length

if TYPE_CHECKING:
    from harvesters.commands.console import Console
    from harvesters.core.report import RunReport
    from harvesters.watch.survey import Surveyed

CRON: tuple[Any, ...] = (
    click.option("--ping-url", metavar="URL", help="Tell a watchdog of the run, instead of PING_URL."),
    click.option("--metrics-file", metavar="PATH", help="Write metrics for Prometheus, instead of METRICS_FILE."),
    click.option("--strict", is_flag=True, help="Exit with 3 where there is a warning, though every day is whole."),
    click.option("--splay", metavar="SPAN", help="Wait a random time first, up to this, such as 10m."),
)
LOCK = "metrics.lock"


def common_flags(given: Mapping[str, Any]) -> dict[str, str | None]:
    """What the command line says of the settings that all commands share."""
    return {name: given[name] for name in ("es_host", "ping_url", "metrics_file")}


class Watcher(Protocol):
    """Who is told of a run; it raises nothing, whatever goes wrong with the telling."""

    def began(self, report: "RunReport") -> None:
        """The run begins."""

    def ended(self, report: "RunReport") -> None:
        """The run ended; its exit code is known."""


def watchers(place: Workplace) -> list[Watcher]:
    """Who is to be told, by the settings, in this order: the network may keep the last one waiting."""
    found: list[Watcher] = []
    common = place.common
    if common.metrics_file:
        from harvesters.watch.metrics import MetricsFile

        lock = place.data_dir / "locks" / LOCK
        found.append(MetricsFile(common.metrics_file, lock, partial(_standing, place), place.clock.now))
    # One that could not be read is no address; the run says so.
    if common.ping_url and "://" in common.ping_url:
        from harvesters.watch.pings import Pinger

        found.append(
            Pinger(common.ping_url, place.clock, str(common.vendor_ca_file) if common.vendor_ca_file else None)
        )
    return found


def _standing(place: Workplace) -> "Sequence[Surveyed]":
    """Where every account stands, over the days that `status` shows."""
    from harvesters.commands.watched import watched
    from harvesters.watch.survey import survey

    days = window(place.clock, None, None, None, LAST).days
    now = place.clock.now()
    return [survey(place.data_dir, each, days, now) for each in watched(place, list(SOURCES), ())]


def splay(clock: Clock, span: str | None, console: "Console") -> None:
    """Wait a random time, so that many machines do not ask at the same moment.

    Raises:
        UsageError: the span is none.
    """
    if span is None:
        return
    seconds = random.SystemRandom().uniform(0, parse_span(span).total_seconds())
    console.say(f"Waiting {length(seconds)} (--splay {span}).")
    clock.sleep(seconds)
