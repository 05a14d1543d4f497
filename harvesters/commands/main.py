"""The command `harvest.py` / `vconf-harvest`: groups, errors as one line, exit codes."""

import difflib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path

import click

from harvesters import SOURCES, __version__, source_summary
from harvesters.commands.console import Console
from harvesters.commands.examples import program, with_examples
from harvesters.commands.interrupts import listen
from harvesters.core.errors import Exit, HarvestError

COMMANDS = {
    "all": ("harvesters.commands.harvest:every", "Every vendor and account that is configured."),
    "status": ("harvesters.commands.status:status", "What is whole, what is missing, how long it can still be had."),
    "catch-up": (
        "harvesters.commands.catch_up:catch_up",
        "Whatever is not whole, the most endangered days first.",
    ),
    "doctor": ("harvesters.commands.doctor:doctor", "Look whether everything that a run needs is there."),
    "report": ("harvesters.commands.report:report", "A page on how the calls of some days went, to mail and to print."),
    "export": ("harvesters.commands.export:export", "Documents as Parquet or CSV files."),
    "replay": ("harvesters.commands.replay:replay", "Load the archive again, without asking the vendor."),
    "explain": ("harvesters.commands.explain:explain", "Say what happened in a call, or to a person."),
    "forget": ("harvesters.commands.forget:forget", "Take a person out of everything that was harvested."),
    "prune": ("harvesters.commands.prune:prune", "Remove what is older: of archive, lake, dead letters or index."),
    "config": ("harvesters.commands.config:config", "Show the settings, and where each comes from."),
    "setup": ("harvesters.commands.setup:setup", "Prepare Elasticsearch and Kibana: index templates, dashboards."),
    "dev": ("harvesters.commands.dev:dev", "Try it: a demo, simulated vendors, an Elasticsearch with Kibana."),
}
FLAGS = frozenset({"-q", "--quiet", "-v", "-vv", "--verbose", "--no-progress", "--no_progress"})
WITH_VALUE = frozenset({"--log-format", "--log_format", "--env-file", "--env_file"})
ALIASES = {"load-index-templates": ("setup", "templates")}
EXIT_CODES = (
    "Exit codes: 0 complete or empty, 1 failed, 2 wrong usage, 3 partial, 75 deferred or locked (try later), "
    "77 credentials refused, 78 configuration, 130 interrupted."
)


class LazyGroup(click.Group):
    """Commands are imported when they are asked for: `--help` needs none of the engine."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The vendors, then the other commands."""
        del ctx
        return [*SOURCES, *COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A vendor's command, a command of our own, or an old name for one."""
        if cmd_name in SOURCES:
            from harvesters.commands.harvest import vendor_command

            return vendor_command(cmd_name)
        if cmd_name in ALIASES:
            group, name = ALIASES[cmd_name]
            found = self.get_command(ctx, group)
            return found.get_command(ctx, name) if isinstance(found, click.Group) else None
        if cmd_name in COMMANDS:
            module, _, attribute = COMMANDS[cmd_name][0].partition(":")
            command: click.Command = getattr(import_module(module), attribute)
            return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without making them."""
        del ctx
        rows = [(name, source_summary(name)) for name in SOURCES]
        rows += [(name, help_text) for name, (_, help_text) in COMMANDS.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options of every command are understood behind its name too."""
        return super().parse_args(ctx, common_first(args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Names with underscores are understood too; for an unknown one the nearest is named."""
        name = args[0].replace("_", "-")
        near = difflib.get_close_matches(name, [*SOURCES, *COMMANDS, *ALIASES], n=1)
        if near and self.get_command(ctx, name) is None:
            message = f"No such command '{args[0]}'. Did you mean '{near[0]}'?"
            raise click.UsageError(message, ctx)
        return super().resolve_command(ctx, [name, *args[1:]])


def common_first(args: Sequence[str]) -> list[str]:
    """The arguments with the options of every command moved to the front; what follows `--` stays."""
    moved: list[str] = []
    kept: list[str] = []
    rest = iter(args)
    for arg in rest:
        if arg == "--":
            return [*moved, *kept, arg, *rest]
        name, _, value = arg.partition("=")
        if name in WITH_VALUE:
            moved += [arg] if value else [arg, *islice(rest, 1)]
        else:
            (moved if arg in FLAGS else kept).append(arg)
    return [*moved, *kept]


def dashed(name: str) -> str:
    """`--es_host` is understood as `--es-host`; click hands the name over without its dashes."""
    return name.replace("_", "-")


@click.group(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": dashed,
        "max_content_width": 100,
    },
    help=with_examples(
        "Harvest the past calls of video-conference vendors into Elasticsearch, whole or loud.",
        "dev demo                     no account, no server: see it work",
        "opentok --date 2026-11-20    one UTC day",
        "opentok                      the nightly run: yesterday and what is still owed",
        "all                          the same for every vendor and account",
        "replay opentok --all         load the archive again, without asking the vendor",
        "explain zoom 82827962364     why a call was bad",
    ),
    epilog=EXIT_CODES,
)
@click.version_option(__version__, prog_name="vconf-harvest")
@click.option("--env-file", type=click.Path(path_type=Path), help="Settings file instead of the .env that is found.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option("-v", "--verbose", count=True, help="Say more; twice for every request.")
@click.option("--no-progress", is_flag=True, help="No progress line on a terminal.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="Form of what goes to stderr.")
@click.pass_context
def cli(  # noqa: PLR0913 - one argument for each option
    ctx: click.Context,
    /,
    *,
    env_file: Path | None,
    quiet: bool,
    verbose: int,
    no_progress: bool,
    log_format: str,
) -> None:
    """Options of every command, and the console that they set up."""
    console = Console(
        quiet=quiet,
        verbose=verbose,
        log_format=log_format,
        progress=not no_progress,
        colour=not os.environ.get("NO_COLOR"),
    )
    ctx.obj = {"console": console, "env_file": env_file}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code; a traceback never reaches a user's terminal."""
    listen()
    code = _run(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at its end, and would say that nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if code is Exit.INTERRUPTED:
        # Python would wait for threads that were left behind, minutes perhaps.
        sys.stderr.flush()
        os._exit(int(code))
    sys.exit(int(code))


def _run(arguments: Sequence[str] | None) -> Exit:
    try:
        code = cli.main(args=arguments, prog_name=program(), standalone_mode=False)
    except (click.ClickException, HarvestError) as error:
        return _refuse(error)
    except (click.exceptions.Abort, KeyboardInterrupt, BrokenPipeError):
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the one place: a bug becomes a sentence
        return _bug(error)
    return code if isinstance(code, Exit) else Exit(code or 0)


def _refuse(error: click.ClickException | HarvestError) -> Exit:
    """An error that somebody can do something about, as its sentence."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return Exit.USAGE
    if isinstance(error, click.ClickException):
        return _say(_usage(error.format_message()), Exit.USAGE)
    return _say(str(error), error.exit_code)


def _usage(message: str) -> str:
    """What click says, as one line; some of its messages are lists."""
    line = " ".join(message.split())
    return f"{line}{'' if line.endswith(('.', '?')) else '.'} See --help."


def _say(sentence: str, code: Exit) -> Exit:
    context = click.get_current_context(silent=True)
    console = context.obj["console"] if context and context.obj else None
    if console is None:
        console = Console(quiet=False, verbose=0, log_format=_asked_format(), progress=False, colour=False)
    console.error(sentence)
    return code


def _asked_format() -> str:
    """The form that was asked for, where click stopped before it could tell."""
    return "json" if ("json" in sys.argv and "--log-format" in sys.argv) or "--log-format=json" in sys.argv else "text"


def _bug(error: Exception) -> Exit:
    import logging

    from harvesters.core.mishap import trace, where

    logging.getLogger(__name__).debug("it came this way:\n%s", trace(error))
    sentence = (
        f"a mistake of this program: {where(error)}. "
        "What was fetched is kept. Please report it, with the output of the same command and -vv."
    )
    return _say(sentence, Exit.FAILED)
