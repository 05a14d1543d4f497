"""`replay`: load the archive again, without credentials, limits or waiting."""

from collections.abc import Iterable, Iterator
from typing import Any

import click

from harvesters import SOURCES
from harvesters.commands.build import destinations, prepare, replay_workshop
from harvesters.commands.console import Console
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import DATES, OUTPUT, apply
from harvesters.commands.work import reported
from harvesters.commands.workplace import Window, Workplace, window, workplace
from harvesters.core.day import Day
from harvesters.core.days import archived_accounts, archived_days
from harvesters.core.destinations import Destination
from harvesters.core.errors import Exit, SelectionError, UsageError
from harvesters.core.options import Options, Selection
from harvesters.core.report import RunReport
from harvesters.core.run import note_run, run_days
from harvesters.core.source import Account
from harvesters.core.store import SliceStore
from harvesters.core.workshop import Workshop

PATIENCE_S = 7200.0


@click.command(
    short_help="Load the archive again, without asking the vendor.",
    help=with_examples(
        "Load archived days into a destination that lacks them, or has them from older code or settings. "
        "The vendor is not asked, and no credentials are needed.",
        "replay --all",
        "replay opentok --date 2026-11-20 --destination stdout",
        "replay opentok --last 30d --destination lake",
    ),
    epilog=COMMON,
)
@click.argument("source", type=click.Choice(list(SOURCES)), required=False)
@apply(DATES)
@click.option("--all", "every", is_flag=True, help="Every day of the archive.")
@click.option("--key", "keys", multiple=True, help="Only records with this key or vendor's id; repeatable.")
@apply(OUTPUT)
@click.pass_context
def replay(ctx: click.Context, /, source: str | None, keys: tuple[str, ...], **given: Any) -> Exit:
    """Load what the archive has and the destinations lack."""
    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {"es_host": given["es_host"]})
    place.check()
    every: bool = given["every"]
    days = window(place.clock, given["date"], given["first"], given["end"], given["last"])
    if days.nightly is not every:
        message = "say which days: --date, --from and --to, --last or --all" + (", but one of them." if every else ".")
        raise UsageError(message)
    vendors = [source] if source else list(SOURCES)
    with reported(console, place, given["report"], "replay") as report:
        targets = destinations(place, given["destinations"], place.clock.monotonic() + PATIENCE_S)
        try:
            prepare(place, with_setup=given["with_setup"])
            _load(console, report, _workshops(vendors, place, console, targets, frozenset(keys)), days)
        finally:
            for target in targets:
                target.close()
    return report.exit_code


def _load(console: Console, report: RunReport, shops: Iterable[Workshop], days: Window) -> None:
    """Load the days of each account; keys that no day has are named.

    Raises:
        SelectionError: there are such keys.
    """
    unknown: set[str] = set()
    for number, shop in enumerate(shops):
        keys = shop.options.selection.records
        holding = {day: _named(shop, day) & keys for day in _among(shop, days)}
        run_days(shop, [day for day, found in holding.items() if found or not keys], report, console.slice_ended)
        note_run(shop, report)
        known = set().union(*holding.values())
        unknown = set(keys) - known if number == 0 else unknown - known
    if unknown:
        message = f"no record of these days has the key {', '.join(map(repr, sorted(unknown)))}."
        raise SelectionError(message)


def _named(shop: Workshop, day: Day) -> set[str]:
    """Every key by which a record of a day can be selected."""
    manifest = SliceStore(shop.data_dir, shop.vendor, shop.account.id, day).peek()
    entries = manifest.records if manifest else {}
    return {key for name, entry in entries.items() for key in (name, entry.call, *entry.key)}


def _workshops(
    vendors: list[str], place: Workplace, console: Console, targets: list[Destination], keys: frozenset[str]
) -> Iterator[Workshop]:
    """One workshop for each archived account."""
    for vendor in vendors:
        for account in archived_accounts(place.data_dir, vendor):
            shop = replay_workshop(vendor, Account(account, "default"), place, console, targets)
            shop.options = Options(selection=Selection(records=keys))
            yield shop


def _among(shop: Workshop, days: Window) -> list[Day]:
    """The archived ones of the days asked for; all of them if none were named."""
    archived = list(archived_days(shop.data_dir, shop.vendor, shop.account.id))
    return archived if days.nightly else [day for day in archived if day in days.days]
