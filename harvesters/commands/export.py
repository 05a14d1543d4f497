"""`export`: documents as Parquet or CSV files."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harvesters import SOURCES
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import ACCOUNTS, DATES, apply
from harvesters.commands.workplace import Workplace, window, workplace
from harvesters.core.errors import Exit, UsageError
from harvesters.core.extras import need
from harvesters.core.field import CALL_TYPES

if TYPE_CHECKING:
    from harvesters.commands.console import Console
    from harvesters.core.period import Period

FORMATS = ("parquet", "csv")
FOLDER = Path("vconf-export")
PACKAGES = ("pyarrow>=22",)


@click.command(
    short_help="Documents as Parquet or CSV files.",
    help=with_examples(
        "Write documents into files, one for each type: a column for each field of docs/fields.md, with its type. In "
        "CSV files a text that a spreadsheet would run begins with an apostrophe. All documents of the days named are "
        "written, from the lake, else made anew from the archive; exit code 3 if the lake lacks some that are "
        "archived. Days that are not whole are named. No vendor is asked.",
        "export parquet --last 30d",
        "export csv zoom --date yesterday --type conference --out calls.csv",
        "export parquet --all --in archive --out /srv/vconf",
    ),
    epilog=COMMON,
)
@click.argument("form", metavar="|".join(FORMATS), type=click.Choice(FORMATS))
@click.argument("source", type=click.Choice(list(SOURCES)), required=False)
@click.option(
    "--type", "types", type=click.Choice(CALL_TYPES), multiple=True, help="Only documents of this type; repeatable."
)
@apply(DATES)
@click.option("--all", "every", is_flag=True, help="Every day.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Folder of the files; with one --type it may be a file that ends with .parquet or .csv.",
)
@click.option(
    "--in", "store", type=click.Choice(["lake", "archive"]), help="Where to look. Default: lake if there is one."
)
@apply((ACCOUNTS,))
@click.pass_context
def export(ctx: click.Context, /, form: str, **given: Any) -> Exit:
    """Read, and write as it comes."""
    if form == "parquet":
        need("export parquet", "pyarrow", packages=PACKAGES)
    from harvesters.commands.exporting import Asked, exported
    from harvesters.commands.unwhole import unwhole

    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {})
    place.check()
    types, out = tuple(dict.fromkeys(given["types"])) or CALL_TYPES, given["out"]
    _check_place(out, form, types)
    vendors = [given["source"]] if given["source"] else list(SOURCES)
    asked = Asked(form, vendors, types, _period(place, given), given["accounts"], given["store"])
    result = exported(place, asked, out)
    for sentence in result.done:
        console.say(sentence)
    for sentence in (*unwhole(place, vendors, asked.accounts, asked.period), *result.cautions(place.common.privacy)):
        console.say(sentence, logging.WARNING)
    for sentence in result.missing:
        console.error(sentence)
    return Exit.PARTIAL if result.missing else Exit.OK


def _check_place(out: Path, form: str, types: Sequence[str]) -> None:
    """Refuse a file's name that cannot be meant.

    Raises:
        UsageError: it is one file for several types, or is called after the other format.
    """
    if out.suffix == f".{form}" and len(types) != 1:
        message = f"{out} is one file, and there is one for each type: add --type, or name a folder."
        raise UsageError(message)
    other = out.suffix.removeprefix(".")
    if other in FORMATS and other != form:
        message = f"{out} is the name of a {other} file, and {form} is asked for: name it .{form}, or export {other}."
        raise UsageError(message)


def _period(place: Workplace, given: dict[str, Any]) -> "Period | None":
    """The days; None for all of them.

    Raises:
        UsageError: none were named, or in two ways.
    """
    from harvesters.core.period import Period

    days = window(place.clock, given["date"], given["first"], given["end"], given["last"])
    if days.nightly is not given["every"]:
        more = ", but one of them." if given["every"] else "."
        message = f"say which days: --date, --from and --to, --last or --all{more}"
        raise UsageError(message)
    return None if days.nightly else Period(days.days[0], days.days[-1] + 1)
