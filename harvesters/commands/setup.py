"""`setup`: what a cluster and a Kibana need before the first day is loaded and looked at."""

from typing import TYPE_CHECKING

import click

from harvesters.commands import preparing
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import apply
from harvesters.commands.workplace import Workplace, workplace
from harvesters.core.errors import Exit, SettingsError, worst

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvesters.commands.console import Console

ES_HOST = click.option("--es-host", metavar="HOST", help="Elasticsearch, instead of ES_HOST.")
KIBANA = (
    click.option("--kibana-host", metavar="HOST", help="Kibana, instead of KIBANA_HOST."),
    click.option("--space", metavar="ID", help="Space of Kibana, instead of KIBANA_SPACE."),
)
DIFF = click.option("--diff", is_flag=True, help="Say on stdout what would change, and change nothing.")


@click.group(
    short_help="Prepare Elasticsearch and Kibana: index templates, dashboards.",
    help=with_examples(
        "Prepare what the harvester writes to, and where its numbers are looked at.",
        "setup all                        index templates, then data views and dashboards",
        "setup templates",
        "setup dashboards --space school",
        "setup all --diff                 say what would change, and change nothing",
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
        "setup templates --diff",
        "load_index_templates",
    ),
    epilog=COMMON,
)
@ES_HOST
@DIFF
@click.pass_context
def templates(ctx: click.Context, /, es_host: str | None, *, diff: bool) -> Exit:
    """Load the templates and say what was done, and what could not be."""
    place = _place(ctx, es_host=es_host)
    return _templates(ctx.obj["console"], place, diff=diff)


@setup.command(
    short_help="Load the data views and dashboards into Kibana.",
    help=with_examples(
        "Load the data views and the eight dashboards into Kibana 8.8 to 9.x, and say of each object whether it is "
        "new, was replaced, or why it could not be loaded. What somebody changed in one of them is replaced, too: look "
        "with --diff first, or save your own as a copy. Running it twice changes nothing.",
        "setup dashboards",
        "setup dashboards --space school --diff",
        "setup dashboards --kibana-host https://localhost:5601",
    ),
    epilog=COMMON,
)
@apply(KIBANA)
@DIFF
@click.pass_context
def dashboards(ctx: click.Context, /, kibana_host: str | None, space: str | None, *, diff: bool) -> Exit:
    """Load the dashboards and tell of each object."""
    place = _place(ctx, kibana_host=kibana_host, space=space)
    return _dashboards(ctx.obj["console"], place, diff=diff)


@setup.command(
    "all",
    short_help="Both: index templates, then dashboards.",
    help=with_examples(
        "Load the index templates, then the data views and dashboards. Running it twice changes nothing.",
        "setup all",
        "setup all --diff",
    ),
    epilog=COMMON,
)
@ES_HOST
@apply(KIBANA)
@DIFF
@click.pass_context
def both(ctx: click.Context, /, es_host: str | None, kibana_host: str | None, space: str | None, *, diff: bool) -> Exit:
    """Load everything, once all settings are there."""
    from harvesters.dashboards.kibana import place_of

    console: Console = ctx.obj["console"]
    place = _place(ctx, es_host=es_host, kibana_host=kibana_host, space=space)
    _check_es(place)
    place_of(place.common, place.values.places("KIBANA_HOST"))
    return worst([_templates(console, place, diff=diff), _dashboards(console, place, diff=diff)])


def _place(ctx: click.Context, **flags: str | None) -> Workplace:
    place = workplace(ctx.obj["env_file"], {"kibana_space": flags.pop("space", None), **flags})
    place.check()
    return place


def _check_es(place: Workplace) -> None:
    if not place.common.es_host:
        raise SettingsError([f"ES_HOST is not set; looked in {place.values.places('ES_HOST')}."])


def _templates(console: "Console", place: Workplace, *, diff: bool) -> Exit:
    from harvesters.core.setup import template_changes

    _check_es(place)
    if diff:
        _print(template_changes(place.common))
        return Exit.OK
    return preparing.templates(place.common, place.clock, console)


def _dashboards(console: "Console", place: Workplace, *, diff: bool) -> Exit:
    from harvesters.dashboards.importing import dashboard_changes
    from harvesters.dashboards.kibana import place_of

    kibana = place_of(place.common, place.values.places("KIBANA_HOST"))
    prefix = place.common.index_prefix
    if diff:
        _print(dashboard_changes(kibana, prefix, place.clock))
        return Exit.OK
    return preparing.dashboards(kibana, prefix, place.clock, console)


def _print(lines: "Iterable[str]") -> None:
    for line in lines:
        click.echo(line)
