"""`replay`: load the archive again, without credentials, limits or waiting."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from harvesters import SOURCES
from harvesters.commands.archived import archived
from harvesters.commands.build import destinations, prepare, replay_workshop
from harvesters.commands.differences import show
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import ACCOUNTS, DATES, OUTPUT, apply
from harvesters.commands.work import Request, Working, reported
from harvesters.commands.workplace import Window, Workplace, window, workplace
from harvesters.core.day import Day
from harvesters.core.days import archived_days, readable_manifest
from harvesters.core.errors import ArchiveError, Exit, LockedError, SelectionError, UsageError
from harvesters.core.notes import note_run
from harvesters.core.options import Options, Selection
from harvesters.core.run import run_days
from harvesters.core.store import SliceStore
from harvesters.core.workshop import Workshop

if TYPE_CHECKING:
    from harvesters.commands.console import Console

PATIENCE_S = 7200.0


@click.command(
    short_help="Load the archive again, without asking the vendor.",
    help=with_examples(
        "Load archived days into a destination that lacks them, or has them from older code or settings. "
        "The vendor is not asked, and no credentials are needed.",
        "replay --all",
        "replay opentok --date 2026-11-20 --destination stdout",
        "replay opentok --last 30d --destination lake",
        "replay --all --account school-a",
        "replay --all --dry-run --diff",
    ),
    epilog=COMMON,
)
@click.argument("source", type=click.Choice(list(SOURCES)), required=False)
@apply(DATES)
@click.option("--all", "every", is_flag=True, help="Every day of the archive.")
@click.option("--key", "keys", multiple=True, help="Only records with this key or vendor's id; repeatable.")
@apply((ACCOUNTS, *OUTPUT))
@click.option("--dry-run", is_flag=True, help="Say what would be loaded; write nothing.")
@click.option("--diff", is_flag=True, help="With --dry-run: say which documents and fields would change.")
@click.pass_context
def replay(ctx: click.Context, /, source: str | None, keys: tuple[str, ...], **given: Any) -> Exit:
    """Load what the archive has and the destinations lack."""
    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {"es_host": given["es_host"]})
    place.check()
    days = _days(place, given)
    dry_run, diff = _looks_only(given)
    vendors = [source] if source else list(SOURCES)
    with reported(console, place, Request("replay", report_file=given["report"])) as working:
        accounts = archived(place, vendors, given["accounts"])
        targets = destinations(place, given["destinations"], place.clock.monotonic() + PATIENCE_S, for_reading=diff)
        try:
            if not dry_run:
                prepare(place, with_setup=given["with_setup"])
            selection = Selection(records=frozenset(keys))
            options = Options(selection=selection, dry_run=dry_run, every=days.nightly, diff=diff)
            shops = [replay_workshop(*each, place, console, targets) for each in accounts]
            _load(working, [replace(shop, options=options) for shop in shops], days)
        finally:
            for target in targets:
                target.close()
    show(working.report.slices)
    return working.report.exit_code


def _days(place: Workplace, given: Mapping[str, Any]) -> Window:
    """The days that the user asked for; all that are archived are the nightly choice.

    Raises:
        UsageError: none were, or in two ways.
    """
    every: bool = given["every"]
    days = window(place.clock, given["date"], given["first"], given["end"], given["last"])
    if days.nightly is not every:
        message = "say which days: --date, --from and --to, --last or --all" + (", but one of them." if every else ".")
        raise UsageError(message)
    return days


def _looks_only(given: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether nothing is to be written, and whether it is to be compared.

    Raises:
        UsageError: to compare makes no sense here.
    """
    dry_run, diff = given["dry_run"], given["diff"]
    if diff and not dry_run:
        message = "--diff compares and loads nothing: say --dry-run too."
        raise UsageError(message)
    if diff and "stdout" in given["destinations"]:
        message = "stdout remembers nothing that --diff could compare with: name the index or the lake."
        raise UsageError(message)
    return dry_run, diff


def _load(working: Working, shops: Sequence[Workshop], days: Window) -> None:
    """Load the days of each account; one that fails stops no other, and keys that no day has are named.

    Raises:
        SelectionError: there are such keys.
    """
    keys = shops[0].options.selection.records if shops else frozenset()
    known_keys: set[str] = set()
    for shop in shops:
        holding = {day: _named(shop, day) & keys for day in _among(shop, days)}
        known_keys = known_keys.union(*holding.values())
        chosen_days = [day for day, found in holding.items() if found or not keys]
        try:
            for sentence in run_days(shop, chosen_days, working.report, working.slice_ended):
                working.console.say(sentence, logging.WARNING)
        except (ArchiveError, LockedError) as error:
            working.failed(error)
        note_run(shop, working.report)
        if working.interrupted:
            return
    if unknown := keys - known_keys:
        message = f"no record of these days has the key {', '.join(map(repr, sorted(unknown)))}."
        raise SelectionError(message)


def _named(shop: Workshop, day: Day) -> set[str]:
    """Every key by which a record of a day can be selected."""
    manifest = readable_manifest(SliceStore(shop.data_dir, shop.vendor, shop.account.id, day).manifest_path)
    entries = manifest.records if manifest else {}
    return {key for name, entry in entries.items() for key in (name, entry.call, *entry.key)}


def _among(shop: Workshop, days: Window) -> list[Day]:
    """The archived ones of the days asked for; all of them if none were named."""
    archived = list(archived_days(shop.data_dir, shop.vendor, shop.account.id))
    return archived if days.nightly else [day for day in archived if day in days.days]
