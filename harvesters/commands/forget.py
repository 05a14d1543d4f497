"""`forget`: take a person out of everything that was harvested, and out of what will be."""

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harvesters import SOURCES
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import ACCOUNTS, apply
from harvesters.commands.workplace import workplace
from harvesters.core.errors import Exit, UsageError

if TYPE_CHECKING:
    from harvesters.commands.console import Console

WHOM: tuple[Any, ...] = (
    click.option(
        "--person",
        "persons",
        multiple=True,
        metavar="VALUE",
        help="A mail address, a name, or a vendor's id of the person, as a whole; repeatable. Other users of this "
        "machine can see it while the command runs, and your shell remembers it.",
    ),
    click.option(
        "--person-file",
        type=click.Path(path_type=Path, allow_dash=True),
        metavar="FILE",
        help="A file with one such value a line; - reads them from stdin. Blank lines and those that begin with # are "
        "left out.",
    ),
    click.option("--remembered", is_flag=True, help="Everybody on the list: after an old archive was put back."),
)
INSTEAD: tuple[Any, ...] = (
    click.option("--list", "lists", is_flag=True, help="Show the list: when, where, whether done; it holds no names."),
    click.option("--undo", is_flag=True, help="Take the person off the list; what was blanked stays blanked."),
)


@click.command(
    short_help="Take a person out of everything that was harvested.",
    help=with_examples(
        "Take a person out of archive, lake, index and dead letters, and remember it, so that no later harvest brings "
        "the person back. Calls stay, and their counts stay true. Without --yes it only looks and counts.",
        "forget --person ann@example.com",
        "forget --person ann@example.com --person u-4711 --yes",
        "forget --person-file leavers.txt --source zoom --yes",
        "forget --list",
    ),
    epilog=COMMON,
)
@apply(WHOM)
@click.option("--source", type=click.Choice(list(SOURCES)), help="Only what this vendor told.")
@apply((ACCOUNTS,))
@click.option("--yes", is_flag=True, help="Do it; what is blanked cannot be had back from here.")
@apply(INSTEAD)
@click.option("--es-host", metavar="HOST", help="Elasticsearch, instead of ES_HOST.")
@click.option("--report", type=click.Path(path_type=Path), help="Write what was found as JSON, without any name.")
@click.pass_context
def forget(ctx: click.Context, /, **given: Any) -> Exit:
    """Look for a person, or take the person out."""
    from harvesters.commands import forget_work

    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {"es_host": given["es_host"]})
    place.check()
    if given["lists"]:
        return forget_work.show_list(place)
    values = _values(given["persons"], given["person_file"])
    _check(values, given)
    scope = forget_work.Scope(given["source"], given["accounts"])
    if given["undo"]:
        return forget_work.undo(place, console, values, scope)
    with closing(forget_work.Work(place, console, values, scope)) as work:
        return work.run(yes=given["yes"], report=given["report"])


def _values(persons: Sequence[str], file: Path | None) -> tuple[str, ...]:
    """What was typed, and the lines of the file; blank ones and comments are none.

    Raises:
        UsageError: the file cannot be read.
    """
    lines: list[str] = []
    if file is not None:
        try:
            text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = "is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
            message = f"--person-file {file} {why}."
            raise UsageError(message) from error
        lines = [each for each in text.splitlines() if not each.lstrip().startswith("#")]
    return tuple(dict.fromkeys(each.strip() for each in (*persons, *lines) if each.strip()))


def _check(values: tuple[str, ...], given: dict[str, Any]) -> None:
    """Refuse what cannot be meant.

    Raises:
        UsageError: nobody is named, or in two ways.
    """
    if bool(values) is given["remembered"]:
        message = "say who: --person or --person-file, or --remembered for everybody on the list" + (
            ", but not both." if values else "."
        )
        raise UsageError(message)
    if given["undo"] and (given["yes"] or given["remembered"]):
        message = "--undo goes with --person or --person-file alone, and asks for no --yes."
        raise UsageError(message)
