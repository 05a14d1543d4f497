"""`dev`: see it work without an account or a server."""

import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harvesters.commands.build import vendor_workshop
from harvesters.commands.console import Console
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import apply
from harvesters.commands.work import Request, run_shop
from harvesters.commands.workplace import Workplace, workplace
from harvesters.core.day import Day
from harvesters.core.errors import Exit, HarvestError, UsageError
from harvesters.core.options import Options
from harvesters.core.words import many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvesters.sandbox import Server
    from harvesters.sandbox.opentok import Served

MOST_DAYS, CALLS, SEED = 20, 20, "demo"
KEY, SECRET = "46204972", "0123456789abcdef0123456789abcdef01234567"


@click.group(
    short_help="Try it: a demo, and vendors simulated on this machine.",
    help=with_examples(
        "See the harvester work without an account or a server.",
        "dev demo",
        "dev sandbox --vendor opentok --port 8700",
    ),
    epilog=COMMON,
)
def dev() -> None:
    """Work without an account or a server."""


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
        "Serve real published answers of OpenTok as if they were of yesterday, harvest them into a lake under "
        "DATA_DIR/demo, and sum them up. With --days the answers are invented: clinics, lessons, stand-ups, webinars, "
        "with troubles that happen in real ones. No account and no server is needed.",
        "dev demo",
        "dev demo --days 14",
    ),
    epilog=COMMON,
)
@apply(WORLD)
@click.pass_context
def demo(ctx: click.Context, /, days: int | None, calls: int | None, seed: str | None) -> Exit:
    """Serve, harvest, sum up."""
    from harvesters.sandbox import serve_opentok

    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {})
    place.check()
    shown = _days_before(place, days or 1)
    sessions, what = _served(place, days, calls, seed)
    with serve_opentok(sessions, key=KEY, secret=SECRET, now=place.clock.now) as server:
        console.say(f"A simulated OpenTok answers at {server.url}, with {what}.")
        code = _harvest(_demo_place(place, server.url), console, shown)
    if code is Exit.OK:
        _summed_up(place.data_dir / "demo" / "lake", shown, invented=days is not None)
    return code


def _summed_up(lake: Path, days: tuple[Day, ...], *, invented: bool) -> None:
    """The page of a few real calls, each told in full, or of many invented ones."""
    from harvesters.commands import demo_days, demo_summary

    if invented:
        demo_days.show(lake, days, f"dev demo --days {len(days)}")
    else:
        demo_summary.show(lake, days[-1])


def _days_before(place: Workplace, number: int) -> tuple[Day, ...]:
    today = Day.of(place.clock.now())
    return tuple(today + -back for back in range(number, 0, -1))


def _served(place: Workplace, days: int | None, calls: int | None, seed: str | None) -> "tuple[Served, str]":
    """What the sandbox serves, and what that is in words.

    Raises:
        UsageError: an option of invented days without them.
    """
    from harvesters.sandbox import ANSWERS, load_folder, shift
    from harvesters.sandbox.opentok.generated import GeneratedSessions
    from harvesters.sandbox.world import World

    if days is None and (calls or seed):
        message = "--calls and --seed are for invented days: add --days, such as --days 14."
        raise UsageError(message)
    first = _days_before(place, days or 1)[0]
    if days is None:
        real = shift(load_folder(ANSWERS), first.date)
        return real, f"{len(real)} real calls moved to {first}"
    world = World(seed or SEED, first.date, days, calls or CALLS)
    number = sum(map(len, world))
    return GeneratedSessions(world, KEY), f"{many(number, 'invented call')} of {many(days, 'day')}"


def _demo_place(place: Workplace, url: str) -> Workplace:
    """The same place with the simulated vendor's settings and a state folder of its own."""
    flags = {"api_key": KEY, "api_secret": SECRET, "url": url}
    values = replace(place.values, flags=flags)
    return replace(place, values=values, data_dir=place.data_dir / "demo")


def _harvest(place: Workplace, console: Console, days: tuple[Day, ...]) -> Exit:
    options = Options(destinations=("lake",))
    asked = Request("dev demo", days)
    return run_shop(lambda: vendor_workshop("opentok", place, console, options), place, console, asked)


@dev.command(
    short_help="Simulate a vendor's API on this machine.",
    help=with_examples(
        "Serve a vendor's API on 127.0.0.1 and print the environment to use; Ctrl-C ends it. Without --data it "
        "serves the answers of the demo.",
        "dev sandbox --vendor opentok --port 8700",
        "dev sandbox --vendor opentok --days 14 --calls 500",
        "dev sandbox --vendor opentok --fault html --fault 429-date --switch end=inclusive",
    ),
    epilog=COMMON,
)
@click.option("--vendor", type=click.Choice(["opentok"]), required=True, help="Which vendor.")
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
def sandbox(ctx: click.Context, /, port: int, data: Path | None, **given: Any) -> None:
    """Serve until Ctrl-C."""
    from harvesters.sandbox import load_folder, serve_opentok

    world = {name: given[name] for name in ("days", "calls", "seed")}
    behaviour = _behaviour(given["faults"], given["switches"])
    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {})
    place.check()
    if data and any(world.values()):
        message = "--data serves a folder of answers, --days invented ones: give one of them."
        raise UsageError(message)
    try:
        sessions, what = (load_folder(data), f"the answers of {data}") if data else _served(place, **world)
    except (ValueError, OSError) as error:
        message = f"--data cannot be served: {error}"
        raise UsageError(message) from error
    served = serve_opentok(sessions, key=KEY, secret=SECRET, now=place.clock.now, port=port, **behaviour)
    with _opened(served, port) as server:
        console.say(f"OpenTok is simulated at {server.url} with {what}, until Ctrl-C. In another terminal:")
        click.echo(f"export OPENTOK_URL={server.url} OPENTOK_API_KEY={KEY} OPENTOK_API_SECRET={SECRET}")
        while True:
            time.sleep(3600)


def _behaviour(faults: tuple[str, ...], switches: tuple[str, ...]) -> dict[str, Any]:
    """What the sandbox does otherwise than by default.

    Raises:
        UsageError: there is no such fault or switch; the sentence names those that exist.
    """
    from harvesters.sandbox import Rules
    from harvesters.sandbox.opentok.faults import known
    from harvesters.sandbox.opentok.switches import switched

    wanted = {name: value for name, _, value in (each.partition("=") for each in switches)}
    try:
        return {"faults": known(faults), "rules": switched(Rules(), wanted)}
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
