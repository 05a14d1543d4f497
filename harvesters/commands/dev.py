"""`dev`: see it work without an account or a server."""

import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harvesters.commands.build import vendor_workshop
from harvesters.commands.console import Console
from harvesters.commands.demo_summary import show
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.work import Request, run_shop
from harvesters.commands.workplace import Workplace, workplace
from harvesters.core.day import Day
from harvesters.core.errors import Exit, HarvestError
from harvesters.core.options import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvesters.sandbox import Server

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


@dev.command(
    short_help="Harvest real answers from a simulated vendor into a lake.",
    help=with_examples(
        "Serve real published answers of OpenTok as if they were of yesterday, harvest them into a lake under "
        "DATA_DIR/demo, and sum them up. No account and no server is needed.",
        "dev demo",
    ),
    epilog=COMMON,
)
@click.pass_context
def demo(ctx: click.Context, /) -> Exit:
    """Serve, harvest, sum up."""
    from harvesters.sandbox import ANSWERS, load_folder, serve_opentok, shift

    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {})
    place.check()
    yesterday = Day.of(place.clock.now()) + -1
    sessions = shift(load_folder(ANSWERS), yesterday.date)
    with serve_opentok(sessions, key=KEY, secret=SECRET, now=place.clock.now) as server:
        console.say(
            f"A simulated OpenTok answers at {server.url}, with {len(sessions)} real calls moved to {yesterday}."
        )
        code = _harvest(_demo_place(place, server.url), console, yesterday)
    if code is Exit.OK:
        show(place.data_dir / "demo" / "lake", yesterday)
    return code


def _demo_place(place: Workplace, url: str) -> Workplace:
    """The same place with the simulated vendor's settings and a state folder of its own."""
    flags = {"api_key": KEY, "api_secret": SECRET, "url": url}
    values = replace(place.values, flags=flags)
    return replace(place, values=values, data_dir=place.data_dir / "demo")


def _harvest(place: Workplace, console: Console, day: Day) -> Exit:
    options = Options(destinations=("lake",))
    asked = Request("dev demo", (day,))
    return run_shop(lambda: vendor_workshop("opentok", place, console, options), place, console, asked)


@dev.command(
    short_help="Simulate a vendor's API on this machine.",
    help=with_examples(
        "Serve a vendor's API on 127.0.0.1 and print the environment to use; Ctrl-C ends it. Without --data it "
        "serves the answers of the demo.",
        "dev sandbox --vendor opentok --port 8700",
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
@click.pass_context
def sandbox(ctx: click.Context, /, vendor: str, port: int, data: Path | None) -> None:
    """Serve until Ctrl-C."""
    from harvesters.sandbox import ANSWERS, load_folder, serve_opentok, shift

    del vendor
    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {})
    place.check()
    yesterday = Day.of(place.clock.now()) + -1
    sessions = load_folder(data) if data else shift(load_folder(ANSWERS), yesterday.date)
    with _opened(serve_opentok(sessions, key=KEY, secret=SECRET, now=place.clock.now, port=port), port) as server:
        console.say(f"{len(sessions)} sessions of OpenTok at {server.url}, until Ctrl-C. In another terminal:")
        click.echo(f"export OPENTOK_URL={server.url} OPENTOK_API_KEY={KEY} OPENTOK_API_SECRET={SECRET}")
        while True:
            time.sleep(3600)


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
