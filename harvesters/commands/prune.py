"""`prune`: remove what is older than some days, of archive, lake, dead letters or index, each apart."""

from typing import TYPE_CHECKING, Any

import click

from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import ACCOUNTS, SOURCE, apply
from harvesters.commands.workplace import workplace
from harvesters.core.errors import Exit

if TYPE_CHECKING:
    from harvesters.commands.console import Console

SCOPE: tuple[Any, ...] = (
    click.option(
        "--older-than",
        "age",
        metavar="SPAN",
        required=True,
        help="How old: 90d takes the UTC days before the last 90 and today.",
    ),
    SOURCE,
    ACCOUNTS,
    click.option("--yes", is_flag=True, help="Do it; without it nothing is changed."),
    click.option("--json", "as_json", is_flag=True, help="Print what was found or removed as JSON."),
)


@click.group(
    short_help="Remove what is older: of archive, lake, dead letters or index.",
    help=with_examples(
        "Remove what is older than some days, of one place and no other. Without --yes it only looks and counts.",
        "prune archive --older-than 90d",
        "prune archive --older-than 90d --yes",
        "prune lake --older-than 52w --source zoom --yes",
        "prune dead-letters --older-than 30d --yes",
        "prune index --older-than 104w --account school-a",
    ),
    epilog=COMMON,
)
def prune() -> None:
    """Remove what is older."""


@prune.command(
    short_help="Raw answers; the documents made of them stay.",
    help=with_examples(
        "Remove the archived raw answers of old days. Their documents stay where they are, and what is known of the "
        "days stays in their manifests; but they cannot be loaded again, into no destination and with no other "
        "settings. Only --again with a named day fetches one anew, while the vendor has it. A day that a destination "
        "is owed, or that has not settled, stays and is named.",
        "prune archive --older-than 90d",
        "prune archive --older-than 90d --source opentok --yes",
    ),
    epilog=COMMON,
)
@apply(SCOPE)
@click.option("--even-unloaded", is_flag=True, help="Also days that a destination is owed or that have not settled.")
@click.pass_context
def archive(ctx: click.Context, /, **given: Any) -> Exit:
    """The archive."""
    return _run(ctx, "archive", given)


@prune.command(
    short_help="The lake's files.",
    help=with_examples(
        "Remove the lake's files of old days. No later run fills them again by itself; 'replay --destination lake' "
        "with a named day makes them anew, as long as the archive has it.",
        "prune lake --older-than 52w",
        "prune lake --older-than 52w --yes",
    ),
    epilog=COMMON,
)
@apply(SCOPE)
@click.pass_context
def lake(ctx: click.Context, /, **given: Any) -> Exit:
    """The lake."""
    return _run(ctx, "lake", given)


@prune.command(
    "dead-letters",
    short_help="Copies of documents that Elasticsearch refused.",
    help=with_examples(
        "Remove the copies of refused documents of old days. What was refused stays owed.",
        "prune dead-letters --older-than 30d",
        "prune dead-letters --older-than 30d --yes",
    ),
    epilog=COMMON,
)
@apply(SCOPE)
@click.pass_context
def dead_letters(ctx: click.Context, /, **given: Any) -> Exit:
    """The dead letters."""
    return _run(ctx, "dead-letters", given)


@prune.command(
    short_help="Documents in Elasticsearch.",
    help=with_examples(
        "Delete the documents of old days from Elasticsearch, and without --source and --account those of old runs "
        "too. Whole indices go where they hold nothing else and our user may delete them. No later run loads the days "
        "again by itself; 'replay --destination index' with a named day does, as long as the archive has it.",
        "prune index --older-than 104w",
        "prune index --older-than 104w --source zoom --yes",
    ),
    epilog=COMMON,
)
@apply(SCOPE)
@click.option("--es-host", metavar="HOST", help="Elasticsearch, instead of ES_HOST.")
@click.pass_context
def index(ctx: click.Context, /, **given: Any) -> Exit:
    """The index."""
    return _run(ctx, "index", given)


def _run(ctx: click.Context, name: str, given: dict[str, Any]) -> Exit:
    """Look, or remove."""
    from harvesters.commands.prune_work import Asked, Work, edge_of

    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {"es_host": given.get("es_host")})
    place.check()
    edge = edge_of(given["age"], place.clock.now())
    asked = Asked(name, given["age"], edge, given["sources"], given["accounts"], given.get("even_unloaded", False))
    return Work(place, console, asked).run(yes=given["yes"], as_json=given["as_json"])
