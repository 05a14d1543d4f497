"""`config show`: every setting with its value, and where that came from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from harvesters import SOURCES, source_class
from harvesters.commands.chosen import chosen, known
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.workplace import Workplace, workplace
from harvesters.core.common_settings import CommonSettings
from harvesters.core.errors import Exit, SettingsError
from harvesters.core.settings import Setting, Values, public, value_of

if TYPE_CHECKING:
    from harvesters.commands.console import Console

NOT_SET, DEFAULT, NOWHERE = "not set", "default", "nowhere"


class Line(NamedTuple):
    """A setting for people."""

    name: str
    value: str
    origin: str


@click.group(
    short_help="Show the settings, and where each comes from.",
    help=with_examples("Look at the settings.", "config show", "config show --origin"),
    epilog=COMMON,
)
def config() -> None:
    """What is set."""


@config.command(
    short_help="Every setting with its value; secrets are not shown.",
    help=with_examples(
        "Print every setting that all commands share, and those of each vendor and account, with its value; of a "
        "secret only whether it is set. What is wrong goes to stderr, with exit code 78.",
        "config show",
        "config show --origin",
    ),
    epilog=COMMON,
)
@click.option("--origin", is_flag=True, help="Say where each value came from.")
@click.pass_context
def show(ctx: click.Context, /, *, origin: bool) -> Exit:
    """Print what can be read, then say what is wrong."""
    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {})
    for title, lines in _sections(place):
        click.echo(f"# {title}")
        for line in lines:
            click.echo(f"{line.name} = {line.value}" + (f"    # {line.origin}" if origin else ""))
        click.echo()
    try:
        chosen(place, list(SOURCES), (), alone=len(SOURCES) == 1)
    except SettingsError as error:
        console.error(str(error))
        return error.exit_code
    return Exit.OK


def _sections(place: Workplace) -> Iterator[tuple[str, list[Line]]]:
    usual = {"DATA_DIR": str(place.data_dir)}
    if place.accounts.path:
        usual["ACCOUNTS_FILE"] = str(place.accounts.path)
    lines = _lines(CommonSettings, place.values)
    yield (
        "every command",
        [line._replace(value=usual.get(line.name, line.value)) if line.origin == DEFAULT else line for line in lines],
    )
    for vendor in SOURCES:
        cls = source_class(vendor).Settings
        for profile in known(place, [vendor], alone=True):
            yield f"{vendor}, account {profile.name}", list(_lines(cls, profile.values))


def _lines(cls: type[Any], values: Values) -> Iterator[Line]:
    for name, setting in public(cls):
        called = name if values.table else setting.env
        if found := values.find(name, setting):
            yield Line(called, _shown(name, setting, values, found.text), found.origin)
        else:
            usual = setting.shown_default or setting.default
            yield Line(called, NOT_SET if usual is None else str(usual), DEFAULT if usual else NOWHERE)


def _shown(name: str, setting: Setting, values: Values, text: str) -> str:
    """What may be shown: a value that is wrong can be a secret in the wrong place."""
    problems: list[str] = []
    value_of(name, setting, values, problems)
    return "wrong" if problems else "set" if setting.secret else text
