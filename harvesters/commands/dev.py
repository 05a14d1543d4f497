"""`dev`: see it work without an account or a server, and a server to see it in."""

import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harvesters import source_class
from harvesters.commands import stack
from harvesters.commands.build import vendor_workshops
from harvesters.commands.console import Console
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import apply
from harvesters.commands.simulated import SIMULATED, Simulated
from harvesters.commands.work import Request, run_accounts
from harvesters.commands.workplace import Workplace, workplace
from harvesters.core.accounts import Accounts
from harvesters.core.day import Day
from harvesters.core.errors import Exit, HarvestError, UsageError
from harvesters.core.options import Options
from harvesters.core.settings import declared
from harvesters.core.words import many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvesters.sandbox import Server

MOST_DAYS, CALLS, SEED = 20, 20, "demo"
USUAL = "opentok"


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


for command in stack.COMMANDS:
    dev.add_command(command)

WORLD: tuple[Any, ...] = (
    click.option(
        "--days",
        type=click.IntRange(1, MOST_DAYS),
        metavar="N",
        help=f"Invented, believable calls of the N days before today (up to {MOST_DAYS}) instead of the real answers.",
    ),
    click.option(
        "--calls",
        type=click.IntRange(1, 100_000),
        metavar="N",
        help=f"With --days: calls of a working day. Default: {CALLS}.",
    ),
    click.option(
        "--seed", metavar="TEXT", help=f"With --days: another text, other calls; the same, the same. Default: {SEED}."
    ),
)


@dev.command(
    short_help="Harvest a simulated vendor into a lake: real answers, or invented days.",
    help=with_examples(
        "Serve real published answers of a vendor as if they were of yesterday, harvest them into a lake under "
        "DATA_DIR/demo, and sum them up. With --days the answers are invented: clinics, lessons, stand-ups, webinars, "
        "with troubles that happen in real ones. No account and no server is needed.",
        "dev demo",
        "dev demo --days 14",
        "dev demo --vendor zoom --days 14",
    ),
    epilog=COMMON,
)
@click.option("--vendor", type=click.Choice(list(SIMULATED)), default=USUAL, show_default=True, help="Which vendor.")
@apply(WORLD)
@click.pass_context
def demo(ctx: click.Context, /, vendor: str, **world: Any) -> Exit:
    """Serve, harvest, sum up."""
    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {})
    place.check()
    simulated, days = SIMULATED[vendor], world["days"]
    shown = _days_before(place, days or 1)
    told, what = _served(place, simulated, **world)
    with simulated.serve(told, place.clock.now, **simulated.unhurried()) as server:
        console.say(f"A simulated {simulated.title} answers at {server.url}, with {what}.")
        own = _demo_place(place, simulated.settings(server))
        code = _harvest(vendor, own, console, shown)
    if code is Exit.OK:
        _summed_up(own, vendor, shown, invented=days is not None)
    return code


def _summed_up(place: Workplace, vendor: str, days: tuple[Day, ...], *, invented: bool) -> None:
    """The page of a few real calls, each told in full, or of many invented ones, which have a report too."""
    from harvesters.commands import demo_days, demo_report, demo_summary

    lake = place.data_dir / "lake"
    command = "dev demo" if vendor == USUAL else f"dev demo --vendor {vendor}"
    if invented:
        demo_days.show(lake, vendor, days, f"{command} --days {len(days)}")
        click.echo(f"\n{demo_report.made(place, vendor, days)}")
    else:
        demo_summary.show(lake, vendor, days[-1], command)


def _days_before(place: Workplace, number: int) -> tuple[Day, ...]:
    today = Day.of(place.clock.now())
    return tuple(today + -back for back in range(number, 0, -1))


def _served(
    place: Workplace, simulated: Simulated, days: int | None, calls: int | None, seed: str | None
) -> tuple[Any, str]:
    """What the sandbox serves, and what that is in words.

    Raises:
        UsageError: an option of invented days without them.
    """
    from harvesters.sandbox.world import World

    if days is None and (calls or seed):
        message = "--calls and --seed are for invented days: add --days, such as --days 14."
        raise UsageError(message)
    first = _days_before(place, days or 1)[0]
    if days is None:
        real = simulated.load(None)
        return simulated.moved(real, first.date), f"{simulated.number(real)} real calls moved to {first}"
    world = World(seed or SEED, first.date, days, calls or CALLS)
    number = sum(map(len, world))
    return simulated.invented(world), f"{many(number, 'invented call')} of {many(days, 'day')}"


def _demo_place(place: Workplace, flags: dict[str, str]) -> Workplace:
    """The same place with the simulated vendor's settings and a state folder of its own."""
    # None of whoever runs it: their apps, keys and headers are not meant for this server.
    values = replace(place.values, flags=flags, environ={}, dotenv={})
    return replace(place, values=values, data_dir=place.data_dir / "demo", accounts=Accounts())


def _harvest(vendor: str, place: Workplace, console: Console, days: tuple[Day, ...]) -> Exit:
    options = Options(destinations=("lake",), paced=False)
    asked = Request("dev demo", days)
    return run_accounts(lambda: [lambda: vendor_workshops(vendor, place, console, options)], place, console, asked)


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
        told = (simulated.load(data), f"the answers of {data}") if data else _served(place, simulated, **world)
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
