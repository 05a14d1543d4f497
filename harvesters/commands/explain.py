"""`explain`: what happened in a call, or to a person."""

from typing import TYPE_CHECKING, Any

import click

from harvesters import SOURCES
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import ACCOUNTS, DATES, apply
from harvesters.commands.workplace import window, workplace
from harvesters.core.errors import Exit, UsageError

if TYPE_CHECKING:
    from harvesters.commands.console import Console

STREAMS, PEOPLE = 5, 30


@click.command(
    short_help="Say what happened in a call, or to a person.",
    help=with_examples(
        "Tell the story of a call from what was harvested: what was wrong and on whose side, who was there when, the "
        "worst streams with small charts, and the issues. KEY is the call's id (vconf.conference.id), the vendor's id "
        "of it or of its room, or the event.id of any of its documents. A room's calls are listed. With --person: "
        "somebody's calls of the last 30 days, or of the days named. No vendor is asked and nothing is written.",
        "explain zoom 82827962364",
        "explain zoom gm8s9L+PTEC+FG3sFbd1Cw==",
        "explain opentok 2_MX40NjIwNDk3Mn5-MTc5 --last 7d",
        "explain --person ann@example.com --last 90d",
        "explain zoom 82827962364 --date yesterday --json",
    ),
    epilog=COMMON,
)
@click.argument("source", type=click.Choice(list(SOURCES)), required=False)
@click.argument("key", required=False)
@click.option("--person", "who", metavar="WHO", help="A person's calls instead: user.id, mail address or full name.")
@apply(DATES)
@click.option(
    "--in",
    "store",
    type=click.Choice(["index", "lake", "archive"]),
    help="Where to look. Default: index if Elasticsearch is configured, else lake, then archive.",
)
@click.option("--streams", type=click.IntRange(0, 100), default=STREAMS, show_default=True, help="Worst streams shown.")
@click.option("--people", type=click.IntRange(1), default=PEOPLE, show_default=True, help="People with a bar.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@apply((ACCOUNTS,))
@click.option("--es-host", metavar="HOST", help="Elasticsearch, instead of ES_HOST.")
@click.pass_context
def explain(ctx: click.Context, /, source: str | None, key: str | None, who: str | None, **given: Any) -> Exit:
    """Find it, and tell it."""
    from harvesters.commands.answering import Form, tell_call, tell_person
    from harvesters.commands.explaining import Asked

    if (who is None) is (key is None) or (key is not None and source is None):
        message = "say which call: SOURCE and KEY; or which person: --person WHO, with a SOURCE or without."
        raise UsageError(message)
    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {"es_host": given["es_host"]})
    place.check()
    days = window(place.clock, given["date"], given["first"], given["end"], given["last"])
    vendors = [source] if source else list(SOURCES)
    asked = Asked(vendors, given["accounts"], given["store"], None if days.nightly else days.days)
    try:
        if who is not None:
            tell_person(place, console, asked, who, as_json=given["as_json"])
        else:
            tell_call(place, console, asked, key or "", Form(given["as_json"], given["streams"], given["people"]))
    finally:
        place.enrichment.close()
    return Exit.OK
