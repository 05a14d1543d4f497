"""`status`: for each account and day whether it is whole, what is missing, and how long the vendor still has it."""

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
import msgspec

from harvesters import SOURCES
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import ACCOUNTS, LAST, SOURCE
from harvesters.commands.status_page import page
from harvesters.commands.verified import verified_code, verified_json, verified_lines, verify
from harvesters.commands.watched import watched
from harvesters.commands.workplace import window, workplace
from harvesters.core.day import Day, iso
from harvesters.core.errors import Exit, worst
from harvesters.watch.standing import Standing
from harvesters.watch.survey import Surveyed, survey


@click.command(
    short_help="What is whole, what is missing, and how long it can still be had.",
    help=with_examples(
        "Show for each account and day whether it is whole, what is missing, what a destination is owed, and how long "
        "the vendor still has it. Read from the manifests alone: nobody is asked, no credentials are needed, and a run "
        "that is at work is not disturbed. Days count from an account's first archived one; of an account without any, "
        "all do. Exit code 0: all whole; 3: not all.",
        "status",
        "status --last 30d --account default",
        "status --json | jq '.accounts[].days[] | select(.whole | not)'",
    ),
    epilog=COMMON,
)
@click.option("--last", metavar="SPAN", default=LAST, show_default=True, help="The last days before today.")
@SOURCE
@ACCOUNTS
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--verify", "verifies", is_flag=True, help="Count what archive, lake and index hold, call by call.")
@click.pass_context
def status(ctx: click.Context, /, **given: Any) -> Exit:
    """Print the page, or JSON."""
    place = workplace(ctx.obj["env_file"], {})
    place.check()
    now = place.clock.now()
    days = window(place.clock, None, None, None, given["last"]).days
    accounts = watched(place, given["sources"] or list(SOURCES), given["accounts"])
    surveyed = [survey(place.data_dir, each, days, now) for each in accounts]
    verification = verify(place, surveyed) if given["verifies"] else None
    if given["as_json"]:
        told = as_json(surveyed, days, now) | ({"verify": verified_json(verification)} if verification else {})
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2))
    else:
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        shown = [*page(surveyed, days, now, colour=colour), *(verified_lines(verification) if verification else ())]
        click.echo("\n".join(shown), color=colour)
    whole = Exit.OK if all(each.whole for each in surveyed) else Exit.PARTIAL
    return worst([whole, verified_code(verification)] if verification else [whole])


def as_json(surveyed: Sequence[Surveyed], days: Sequence[Day], now: datetime) -> dict[str, Any]:
    """The same for programs, as `docs/status.md` explains it."""
    return {
        "now": iso(now),
        "first": str(days[0]),
        "last": str(days[-1]),
        "whole": all(each.whole for each in surveyed),
        "accounts": [_account(each) for each in surveyed],
    }


def _account(surveyed: Surveyed) -> dict[str, Any]:
    account = surveyed.account
    return {
        "source": account.vendor,
        "account": account.id,
        "name": account.name,
        "configured": account.configured,
        "first_day": str(surveyed.first) if surveyed.first else None,
        "retention_days": account.limits.retention.days,
        "oldest_kept": str(surveyed.oldest_kept),
        "whole": surveyed.whole,
        "states": surveyed.states(),
        "destinations": list(surveyed.totals()),
        "days": [_day(each) for each in surveyed.days],
    }


def _day(standing: Standing) -> dict[str, Any]:
    names = ("day", "state", "whole", "settled", "listed", "records", "missing", "reasons")
    return {
        **{name: getattr(standing, name) for name in names},
        "destinations": standing.loads,
        "kept_until": iso(standing.kept_until),
        "kept": standing.kept,
        "repairable": standing.repairable,
        "expired": standing.expired or None,
    }
