"""`doctor`: whether everything that a run needs is there, each line ok, a warning or a failure with its repair."""

import os
import sys
from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click
import msgspec

from harvesters import SOURCES
from harvesters.commands.examples import COMMON, program, with_examples
from harvesters.commands.options import ACCOUNTS, SOURCE
from harvesters.commands.workplace import workplace
from harvesters.core.errors import Exit, worst

if TYPE_CHECKING:
    from harvesters.commands.console import Console
    from harvesters.watch.checkup import Finding

COLOURS = {"ok": "32", "warn": "33", "fail": "31"}
WIDTH, INDENT = 100, 6


@click.command(
    short_help="Look whether everything that a run needs is there.",
    help=with_examples(
        "Look at the settings, the state folder and its disk, Elasticsearch (version, health, templates, rights of our "
        "user, room), Kibana, and for each account at the way to the vendor, the login, plan and rights, the clock, "
        "and what is about to be forgotten. Each line is ok, warn or fail, with what to do. Each vendor is asked for "
        "the list of yesterday and one call of it; nothing is written but the note of these requests for its limits. "
        "Exit code 0: nothing fails; else that of the worst failure.",
        "doctor",
        "doctor --source zoom --json",
    ),
    epilog=COMMON,
)
@SOURCE
@ACCOUNTS
@click.option("--es-host", metavar="HOST", help="Elasticsearch, instead of ES_HOST.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def doctor(ctx: click.Context, /, **given: Any) -> Exit:
    """Look, and say what was found as it is found."""
    from harvesters.commands.examining import examine

    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {"es_host": given["es_host"]})
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    found: list[Finding] = []
    for each in examine(place, console, given["sources"] or list(SOURCES), given["accounts"]):
        found.append(each)
        for line in () if given["as_json"] else lines(each, colour=colour):
            click.echo(line, color=colour)
    code = worst([each.code for each in found if each.level == "fail"])
    if given["as_json"]:
        click.echo(msgspec.json.format(msgspec.json.encode(as_json(found, code)), indent=2))
    else:
        counts = {level: sum(each.level == level for each in found) for level in COLOURS}
        click.echo(f"{counts['ok']} ok, {counts['warn']} to be warned of, {counts['fail']} failed.")
    return code


def lines(finding: "Finding", *, colour: bool) -> Iterator[str]:
    """A finding, and below it the repair."""
    word = finding.level.ljust(INDENT - 2)
    mark = f"\x1b[{COLOURS[finding.level]}m{word}\x1b[0m" if colour else word
    first, *more = wrap(f"{finding.about}: {finding.said}", WIDTH - INDENT - 2, break_long_words=False)
    yield f"{mark}  {first}"
    yield from (f"{' ' * INDENT}  {line}" for line in more)
    if finding.repair:
        yield f"{' ' * INDENT}-> {finding.repair.replace('./harvest.py', program())}"


def as_json(found: "list[Finding]", code: Exit) -> dict[str, Any]:
    """The same for programs."""
    names = ("about", "level", "said", "repair")
    return {
        "exit_code": int(code),
        "checks": [{name: getattr(each, name) for name in names} for each in found],
    }
