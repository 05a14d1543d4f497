"""`dev`: see it work without an account or a server, and a server to see it in."""

import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harvesters import source_class
from harvesters.commands import stack
from harvesters.commands.demo import demo
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import apply
from harvesters.commands.simulated import SIMULATED, Simulated
from harvesters.commands.workplace import workplace
from harvesters.commands.world import WORLD, served
from harvesters.core.errors import HarvestError, UsageError
from harvesters.core.settings import declared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvesters.commands.console import Console
    from harvesters.sandbox import Server


@click.group(
    short_help="Try it: a demo, simulated vendors, an Elasticsearch with Kibana.",
    help=with_examples(
        "See the harvester work without an account or a server; set up Elasticsearch and Kibana on this machine.",
        "dev demo",
        "dev init",
        "dev sandbox --vendor opentok --port 8700",
    ),
    epilog=COMMON,
)
def dev() -> None:
    """Work without an account or a server."""


for command in (demo, *stack.COMMANDS):
    dev.add_command(command)


@dev.command(
    short_help="Simulate a vendor's API on this machine.",
    help=with_examples(
        "Serve a vendor's API on 127.0.0.1 and print the environment to use; Ctrl-C ends it. Without --data it "
        "serves the answers of the demo.",
        "dev sandbox --vendor opentok --port 8700",
        "dev sandbox --vendor zoom --days 14 --calls 500",
        "dev sandbox --vendor opentok --fault html --fault 429-date --switch end=inclusive",
    ),
    epilog=COMMON,
)
@click.option("--vendor", type=click.Choice(list(SIMULATED)), required=True, help="Which vendor.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of answers to serve.",
)
@apply(WORLD)
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Something that goes wrong; repeatable.")
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    help="A behaviour that the vendor's documents leave open; repeatable.",
)
@click.pass_context
def sandbox(ctx: click.Context, /, vendor: str, port: int, data: Path | None, **given: Any) -> None:
    """Serve until Ctrl-C."""
    simulated = SIMULATED[vendor]
    world = {name: given[name] for name in ("days", "calls", "seed")}
    behaviour = _behaviour(simulated, given["faults"], given["switches"])
    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {})
    place.check()
    if data and any(world.values()):
        message = "--data serves a folder of answers, --days invented ones: give one of them."
        raise UsageError(message)
    try:
        told = (simulated.load(data), f"the answers of {data}") if data else served(place, simulated, **world)
    except (ValueError, OSError) as error:
        message = f"--data cannot be served: {error}"
        raise UsageError(message) from error
    with _opened(simulated.serve(told[0], place.clock.now, port, **behaviour), port) as server:
        console.say(
            f"{simulated.title} is simulated at {server.url} with {told[1]}, until Ctrl-C. In another terminal:"
        )
        click.echo(f"export {_exported(vendor, simulated.settings(server))}")
        while True:
            time.sleep(3600)


def _exported(vendor: str, settings: dict[str, str]) -> str:
    """Settings as a shell sets them."""
    known = dict(declared(source_class(vendor).Settings))
    return " ".join(f"{known[name].env}={value}" for name, value in settings.items())


def _behaviour(simulated: Simulated, faults: tuple[str, ...], switches: tuple[str, ...]) -> dict[str, Any]:
    """What the sandbox does otherwise than by default.

    Raises:
        UsageError: there is no such fault or switch; the sentence names those that exist.
    """
    wanted = {name: value for name, _, value in (each.partition("=") for each in switches)}
    try:
        return simulated.behaviour(faults, wanted)
    except ValueError as error:
        raise UsageError(str(error)) from error


@contextmanager
def _opened(server: "Server", port: int) -> "Iterator[Server]":
    """The running server; a port that cannot be used is a sentence."""
    with ExitStack() as stack:
        try:
            stack.enter_context(server)
        except OSError as error:
            message = f"port {port} cannot be used: {error.strerror}; take another one, or 0 for a free one."
            raise HarvestError(message) from error
        yield server
