"""`dev init`, `up`, `down`, `status` and `reset`: Elasticsearch and Kibana on this machine."""

import os
import sys
from pathlib import Path

import click

from harvesters.commands import preparing, which_stack
from harvesters.commands.console import Console
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import apply
from harvesters.commands.waiting import WaitingLine
from harvesters.commands.workplace import HOME, Workplace, find_dotenv, in_a_clone
from harvesters.core.errors import Exit, HarvestError, UsageError, worst
from harvesters.stack import env_file
from harvesters.stack.cluster import settings_of
from harvesters.stack.docker import NoDockerError
from harvesters.stack.java import find_runner
from harvesters.stack.native import Native, lacks
from harvesters.stack.parts import Login, Part, Ports, Stack
from harvesters.stack.waiting import Waiting

TIMEOUT_S = 300
PORT = click.IntRange(1, 65535)
WHICH = click.option(
    "--native/--docker",
    "native",
    default=None,
    help="Elasticsearch alone as a process of this machine, or both in Docker. Default: what is set up.",
)
TIMEOUT = click.option(
    "--timeout",
    type=click.IntRange(1, 86400),
    default=TIMEOUT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait until all is ready; downloads do not count.",
)


def _start(stack: Stack, place: Workplace, console: Console, timeout: int) -> None:
    with WaitingLine(console, timeout) as line:
        stack.start(Waiting(place.clock, timeout, line.show))
    login = stack.login()
    also = f", Kibana at {login.kibana}" if login.kibana else ""
    console.say(f"Elasticsearch answers at {login.address}{also}.")


@click.command(
    short_help="Set up Elasticsearch and Kibana on this machine, and start them.",
    help=with_examples(
        "Set up Elasticsearch and Kibana in Docker, for this machine alone, and start them: checks Docker, memory and "
        "ports, makes passwords, waits until both work, loads index templates and dashboards, and says where to go. "
        "Doing it again changes no password and starts what is stopped. Without Docker, --native starts a small "
        "Elasticsearch as a process, without Kibana; it needs a JDK 21 or newer and, the first time, Maven.",
        "dev init",
        "dev init --native",
        "dev init --es-port 9201 --kibana-port 5602 --write-env",
    ),
    epilog=COMMON,
)
@click.option(
    "--native/--docker",
    "native",
    default=False,
    help="Elasticsearch alone as a process of this machine, or both in Docker (the default).",
)
@click.option("--es-port", type=PORT, metavar="PORT", help="Port of Elasticsearch. Default: 9200, or that of before.")
@click.option("--kibana-port", type=PORT, metavar="PORT", help="Port of Kibana. Default: 5601, or that of before.")
@click.option("--write-env", is_flag=True, help="Append the settings that are printed to .env.")
@apply((TIMEOUT,))
@click.pass_context
def init(ctx: click.Context, /, native: bool, timeout: int, *, write_env: bool, **ports: int | None) -> Exit:  # noqa: FBT001 - click names it
    """Set up, start, prepare, tell."""
    if native and ports["kibana_port"]:
        message = "--kibana-port: there is no Kibana with --native."
        raise UsageError(message)
    console, place = which_stack.place(ctx)
    docker, alone = which_stack.stacks(place, console)
    stack: Stack = alone if native else docker
    with which_stack.alone(place):
        try:
            stack.set_up(Ports(ports["es_port"], ports["kibana_port"]))
        except NoDockerError as error:
            message = f"{error}\n{_instead(alone)}"
            raise HarvestError(message) from error
        _start(stack, place, console, timeout)
        code = _prepared(stack.login(), place, console)
        _tell(stack.login(), console)
        if write_env:
            _write(find_dotenv(ctx.obj["env_file"]), stack.login(), console)
    return code


def _instead(native: Native) -> str:
    """What there is without Docker, and what that lacks here."""
    way = "or, without Docker and Kibana, './harvest.py dev init --native'"
    missing = lacks(native.rooms, os.environ, find_runner())
    if not missing:
        return f"{way}: this machine has what that needs."
    return "\n".join([f"{way}, once there is what it needs:", *missing])


def _prepared(login: Login, place: Workplace, console: Console) -> Exit:
    """Templates, and with a Kibana dashboards."""
    from harvesters.dashboards.kibana import place_of

    settings = settings_of(login, place.common)
    code = preparing.templates(settings, place.clock, console)
    if not login.kibana:
        return code
    kibana = place_of(settings, "what was set up")
    return worst([code, preparing.dashboards(kibana, settings.index_prefix, place.clock, console, briefly=True)])


def _tell(login: Login, console: Console) -> None:
    """Where to go; the settings alone to stdout, and no password anywhere."""
    if login.kibana:
        console.say(f"Open {login.kibana} and log in as {login.user}; the password is in {login.password_file}.")
    console.say("Settings of the harvester for it (--write-env appends them to .env):")
    for name, value in login.settings().items():
        click.echo(f"{name}={value}")
    sys.stdout.flush()


def _write(dotenv: Path | None, login: Login, console: Console) -> None:
    path = dotenv or (HOME if in_a_clone() else Path.cwd()) / ".env"
    new = env_file.append(path, login.settings())
    console.say(f"{path} has them now." if new else f"{path} has them already.")


@click.command(
    short_help="Start what `dev init` set up.",
    help=with_examples("Start what `dev init` set up, and wait until it works.", "dev up", "dev up --timeout 900"),
    epilog=COMMON,
)
@apply((WHICH, TIMEOUT))
@click.pass_context
def up(ctx: click.Context, /, native: bool | None, timeout: int) -> None:  # noqa: FBT001 - click names it
    """Start and wait."""
    console, place = which_stack.place(ctx)
    stack = which_stack.the_one(place, console, native=native)
    with which_stack.alone(place):
        _start(stack, place, console, timeout)


@click.command(
    short_help="End it; the data stay.",
    help=with_examples(
        "End Elasticsearch and Kibana. Data and passwords stay; `dev up` starts them again.", "dev down"
    ),
    epilog=COMMON,
)
@apply((WHICH,))
@click.pass_context
def down(ctx: click.Context, /, native: bool | None) -> None:  # noqa: FBT001 - click names it
    """End what runs."""
    console, place = which_stack.place(ctx)
    stacks = which_stack.chosen(place, console, native=native)
    if not stacks:
        console.say(which_stack.NOTHING)
    with which_stack.alone(place):
        for stack in stacks:
            ended = stack.stop()
            console.say(f"{stack.name}: ended; the data stay." if ended else f"{stack.name}: nothing was running.")


@click.command(
    short_help="What runs, where, in which version, and how much it holds.",
    help=with_examples(
        "Show what `dev init` set up: state and health, version, address, documents and size. Exit code 0 if all of "
        "it works, 3 if not.",
        "dev status",
    ),
    epilog=COMMON,
)
@apply((WHICH,))
@click.pass_context
def status(ctx: click.Context, /, native: bool | None) -> Exit:  # noqa: FBT001 - click names it
    """One line for each server."""
    console, place = which_stack.place(ctx)
    stacks = which_stack.chosen(place, console, native=native)
    if not stacks:
        console.say(which_stack.NOTHING)
        return Exit.PARTIAL
    rows = [(stack.name, part) for stack in stacks for part in stack.parts()]
    click.echo("\n".join(_table(rows)))
    return Exit.OK if all(part.works for _, part in rows) else Exit.PARTIAL


def _table(rows: list[tuple[str, Part]]) -> list[str]:
    cells = [(name, each.name, each.version, each.state, each.address, each.note) for name, each in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


@click.command(
    short_help="Delete it with all its data, after asking.",
    help=with_examples(
        "End Elasticsearch and Kibana and delete their data and passwords, after naming them and asking. What was "
        "downloaded stays. The archive is not touched: `replay` loads it again.",
        "dev reset",
        "dev reset --native --yes",
    ),
    epilog=COMMON,
)
@apply((WHICH, click.option("--yes", is_flag=True, help="Do not ask.")))
@click.pass_context
def reset(ctx: click.Context, /, native: bool | None, *, yes: bool) -> Exit:  # noqa: FBT001 - click names it
    """Name, ask, delete."""
    console, place = which_stack.place(ctx)
    # What was lost with its passwords can be deleted by naming its kind.
    stack = (
        which_stack.stacks(place, console)[0] if native is False else which_stack.the_one(place, console, native=native)
    )
    with which_stack.alone(place):
        console.say("This deletes, for ever:")
        for each in stack.doomed():
            console.say(f"  {each}")
        if not yes and not _agreed():
            console.say("Nothing was deleted.")
            return Exit.FAILED
        stack.delete()
    console.say("Deleted. './harvest.py dev init' begins anew.")
    return Exit.OK


def _agreed() -> bool:
    if not sys.stdin.isatty():
        message = "nobody is there to say yes: add --yes if it is meant. Nothing was deleted."
        raise UsageError(message)
    return str(click.prompt("Type yes to delete", default="", show_default=False, err=True)).strip() == "yes"


COMMANDS: tuple[click.Command, ...] = (init, up, down, status, reset)
