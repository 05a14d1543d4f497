"""`setup`: what a cluster needs before the first day is loaded."""

from typing import TYPE_CHECKING

import click

from harvesters.commands.workplace import workplace
from harvesters.core.errors import SettingsError

if TYPE_CHECKING:
    from harvesters.commands.console import Console


@click.group(short_help="Prepare Elasticsearch: index templates.")
def setup() -> None:
    r"""Prepare what the harvester writes to.

    \b
    Examples:
      ./harvest.py setup templates
      ./harvest.py setup templates --es-host https://localhost:9200
    """


@setup.command(short_help="Load the index templates; add new fields to existing indices.")
@click.option("--es-host", metavar="HOST", help="Elasticsearch, instead of ES_HOST.")
@click.pass_context
def templates(ctx: click.Context, /, es_host: str | None) -> None:
    r"""Load the index templates; running it twice changes nothing.

    \b
    Examples:
      ./harvest.py setup templates
      ./harvest.py load_index_templates
    """
    from harvesters.core.setup import load_templates

    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {"es_host": es_host})
    place.check()
    if not place.common.es_host:
        raise SettingsError([f"ES_HOST is not set; looked in {place.values.places('ES_HOST')}."])
    for sentence in load_templates(place.common):
        console.say(sentence)
