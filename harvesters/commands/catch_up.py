"""`catch-up`: everything that is not whole and can still be had, what the vendor forgets first comes first."""

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from harvesters import SOURCES
from harvesters.commands.cron import CRON, common_flags, splay, watchers
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import ACCOUNTS, DRY_RUN, OUTPUT, PACE, SOURCE, apply
from harvesters.commands.workplace import window, workplace
from harvesters.core.day import parse_span
from harvesters.core.errors import Exit
from harvesters.core.options import Options

if TYPE_CHECKING:
    from harvesters.commands.console import Console


@click.command(
    "catch-up",
    short_help="Fetch and load whatever is not whole, the most endangered days first.",
    help=with_examples(
        "Take every day that 'status' calls not whole and that can be made more whole: days that were never harvested "
        "and that the vendor still has, days with missing calls, of which only those are fetched, and what a "
        "destination is owed. What the vendor forgets first comes first, whoever the vendor is. An account that fails "
        "stops no other.",
        "catch-up",
        "catch-up --dry-run",
        "catch-up --source opentok --source zoom --deadline 30m",
        "catch-up --last 7d --account default",
    ),
    epilog=COMMON,
)
@click.option("--last", metavar="SPAN", help="Only the last days before today, such as 7d.")
@SOURCE
@apply((ACCOUNTS, *OUTPUT, DRY_RUN, *PACE, *CRON))
@click.pass_context
def catch_up(ctx: click.Context, /, **given: Any) -> Exit:
    """Choose, fetch, load."""
    from harvesters.commands.build import Run, workshops
    from harvesters.commands.chosen import chosen
    from harvesters.commands.repairing import repair
    from harvesters.commands.work import Request

    place = workplace(ctx.obj["env_file"], common_flags(given))
    days = window(place.clock, None, None, None, given["last"])
    console: Console = ctx.obj["console"]
    options = Options(
        dry_run=given["dry_run"],
        catches_up=True,
        concurrency=given["concurrency"],
        destinations=given["destinations"],
        deadline=parse_span(given["deadline"]),
    )
    asked = None if days.nightly else days.days
    told = [] if options.dry_run else watchers(place)
    request = Request("catch-up", asked, given["report"], given["with_setup"], options.dry_run, told, given["strict"])
    splay(place.clock, given["splay"], console)
    vendors = given["sources"] or list(SOURCES)
    return repair(
        lambda: [
            partial(workshops, ready, run)
            for run in [Run.begin(place, console, options)]
            for ready in chosen(place, vendors, given["accounts"], alone=bool(given["sources"]))
        ],
        place,
        console,
        request,
    )
