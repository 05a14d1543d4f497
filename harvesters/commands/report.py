"""`report`: one HTML file on how the calls of some days went."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harvesters import SOURCES
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import ACCOUNTS, DATES, apply
from harvesters.commands.workplace import Workplace, window, workplace
from harvesters.core.day import iso
from harvesters.core.errors import Exit, UsageError
from harvesters.core.extras import need

if TYPE_CHECKING:
    from harvesters.commands.console import Console
    from harvesters.core.period import Period

USUAL = "7d"
STDOUT = Path("-")
PACKAGES = ("jinja2>=3.1", "pygal>=3.1")


@click.command(
    short_help="A page on how the calls of some days went, to mail and to print.",
    help=with_examples(
        "Make one HTML file on how the calls of some days went, against as many days before: quality, reliability, the "
        "worst calls, whether the days are complete. It needs nothing else: no network, no script. The days are the "
        "last 7 unless you name others. No vendor is asked.",
        "report",
        "report --last 30d --html november.html",
        "report zoom --from 2026-11-16 --to 2026-11-23 --account default --open",
    ),
    epilog=COMMON,
)
@click.argument("source", type=click.Choice(list(SOURCES)), required=False)
@apply(DATES)
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Where to put it; - is stdout.")
@click.option("--open", "opens", is_flag=True, help="Show it in the browser.")
@click.option(
    "--in",
    "store",
    type=click.Choice(["index", "lake"]),
    help="Where to look. Default: index if Elasticsearch is configured, else lake.",
)
@apply((ACCOUNTS,))
@click.option("--es-host", metavar="HOST", help="Elasticsearch, instead of ES_HOST.")
@click.pass_context
def report(ctx: click.Context, /, source: str | None, html: Path | None, **given: Any) -> Exit:
    """Read, count, write."""
    need("report", "jinja2", "pygal", packages=PACKAGES)
    from harvesters.commands.reporting import Asked, page, said, shown, write

    if given["opens"] and html == STDOUT:
        message = "--open shows a file, and --html - makes none: give one of them."
        raise UsageError(message)
    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {"es_host": given["es_host"]})
    place.check()
    period = _period(place, given)
    path = html or Path(f"vconf-report-{period.first}-to-{period.end + -1}.html")
    asked = Asked([source] if source else list(SOURCES), period, given["accounts"], given["store"])
    made = page(place, asked)
    write(path, made)
    console.say(said(made, path))
    if given["opens"]:
        console.say(shown(path))
    return Exit.OK


def _period(place: Workplace, given: dict[str, Any]) -> "Period":
    """The days.

    Raises:
        UsageError: they have not come yet.
    """
    from harvesters.core.period import Period

    days = window(place.clock, given["date"], given["first"], given["end"], given["last"])
    days = window(place.clock, None, None, None, USUAL) if days.nightly else days
    now = place.clock.now()
    if days.days[0].start > now:
        message = f"{days.days[0]} lies in the future (now is {iso(now)}): a report tells of days that began already."
        raise UsageError(message)
    return Period(days.days[0], days.days[-1] + 1)
