"""`setup`: what a cluster needs before the first day is loaded."""

from typing import TYPE_CHECKING

import click

from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.workplace import workplace
from harvesters.core.errors import Exit, SettingsError

if TYPE_CHECKING:
    from harvesters.commands.console import Console


@click.group(
    short_help="Prepare Elasticsearch: index templates.",
    help=with_examples(
        "Prepare what the harvester writes to.",
        "setup templates",
        "setup templates --es-host https://localhost:9200",
    ),
    epilog=COMMON,
)
def setup() -> None:
    """What the harvester writes to."""


@setup.command(
    short_help="Load the index templates; add new fields to existing indices.",
    help=with_examples(
        "Load the index templates, and add new fields to existing indices. Running it twice changes nothing. "
        "`load_index_templates` is another name for it.",
        "setup templates",
        "load_index_templates",
    ),
    epilog=COMMON,
)
@click.option("--es-host", metavar="HOST", help="Elasticsearch, instead of ES_HOST.")
@click.pass_context
def templates(ctx: click.Context, /, es_host: str | None) -> Exit:
    """Load the templates and say what was done, and what could not be."""
    from harvesters.core.setup import load_templates

    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {"es_host": es_host})
    place.check()
    if not place.common.es_host:
        raise SettingsError([f"ES_HOST is not set; looked in {place.values.places('ES_HOST')}."])
    result = load_templates(place.common)
    for sentence in result.done:
        console.say(sentence)
    for sentence in result.stuck:
        console.error(sentence)
    return Exit.PARTIAL if result.stuck else Exit.OK
