"""`replay`: load the archive again, without credentials, limits or waiting."""

from collections.abc import Iterator
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
from harvesters.core.errors import Exit, UsageError
from harvesters.core.options import Options, Selection
from harvesters.core.run import run_days
from harvesters.core.source import Account
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
            for shop in _workshops(vendors, place, console, targets, frozenset(keys)):
                archived = list(archived_days(place.data_dir, shop.vendor, shop.account.id))
                run_days(shop, _among(archived, days), report, console.slice_ended)
        finally:
            for target in targets:
                target.close()
    return report.exit_code


def _workshops(
    vendors: list[str], place: Workplace, console: Console, targets: list[Destination], keys: frozenset[str]
) -> Iterator[Workshop]:
    """One workshop for each archived account."""
    for vendor in vendors:
        for account in archived_accounts(place.data_dir, vendor):
            shop = replay_workshop(vendor, Account(account, "default"), place, console, targets)
            shop.options = Options(selection=Selection(records=keys))
            yield shop


def _among(archived: list[Day], days: Window) -> list[Day]:
    """The archived ones of the days asked for; all of them if none were named."""
    return archived if days.nightly else [day for day in archived if day in days.days]
