"""`explain`: what happened in a call, or to a person."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from harvesters import SOURCES
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import ACCOUNTS, DATES, apply
from harvesters.commands.workplace import Workplace, window, workplace
from harvesters.core.day import Day
from harvesters.core.errors import Exit, NothingFoundError, UsageError

if TYPE_CHECKING:
    from harvesters.commands.console import Console
    from harvesters.commands.explaining import Asked

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
            _tell_person(place, console, asked, who, given)
        else:
            _tell_call(place, console, asked, key or "", given)
    finally:
        place.enrichment.close()
    return Exit.OK


def _tell_call(place: Workplace, console: "Console", asked: "Asked", key: str, given: dict[str, Any]) -> None:
    from harvesters.commands import explaining, showing
    from harvesters.finding.key import Key
    from harvesters.story import matches, page, story
    from harvesters.story.gathering import Gathering

    try:
        store, found = explaining.find(place, asked, Key(key))
    except NothingFoundError:
        if given["as_json"]:
            showing.show_json(matches.as_json([]))
        raise
    console.say(f"From {store.where}.")
    screen = showing.screen()
    try:
        if len(found) > 1:
            listed = explaining.listed(store, found)
            if given["as_json"]:
                showing.show_json(matches.as_json(listed.calls))
            else:
                showing.show(matches.page(key, listed.calls, listed.more, screen.width), screen)
            return
        gathering = Gathering(given["streams"], key, keep=given["as_json"])
        told = explaining.tell(place, store, found[0], Key(key), gathering)
    finally:
        store.close()
    if given["as_json"]:
        showing.show_json(story.as_json(told, gathering))
    else:
        showing.show(page.page(told, screen.width, given["people"]), screen)


def _tell_person(place: Workplace, console: "Console", asked: "Asked", who: str, given: dict[str, Any]) -> None:
    from harvesters.commands import explaining, showing
    from harvesters.story import history

    if asked.days is None:
        asked = replace(asked, days=explaining.last_days(Day.of(place.clock.now())))
    store, told = explaining.person(place, asked, who)
    store.close()
    console.say(f"From {store.where}.")
    if given["as_json"]:
        showing.show_json(history.as_json(told))
    else:
        screen = showing.screen()
        showing.show(history.page(told, screen.width), screen)
