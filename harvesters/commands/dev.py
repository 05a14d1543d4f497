"""`dev`: see it work without an account or a server."""

import time
from dataclasses import replace
from pathlib import Path

import click

from harvesters.commands.build import prepare, vendor_workshop
from harvesters.commands.console import Console
from harvesters.commands.demo_summary import show
from harvesters.commands.work import close, reported
from harvesters.commands.workplace import Workplace, workplace
from harvesters.core.day import Day
from harvesters.core.errors import Exit, HarvestError
from harvesters.core.run import run_days
from harvesters.core.workshop import Options

KEY, SECRET = "46204972", "0123456789abcdef0123456789abcdef01234567"


@click.group(short_help="Try it: a demo, and vendors simulated on this machine.")
def dev() -> None:
    r"""See the harvester work without an account, a server or Docker.

    \b
    Examples:
      ./harvest.py dev demo
      ./harvest.py dev sandbox --vendor opentok --port 8700
    """


@dev.command(short_help="Harvest real answers from a simulated vendor into a lake.")
@click.pass_context
def demo(ctx: click.Context, /) -> Exit:
    r"""Serve real published answers of OpenTok as if they were of yesterday, harvest them, and sum them up.

    \b
    Example:
      ./harvest.py dev demo
    """
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
    shop = vendor_workshop("opentok", place, console, Options(destinations=("lake",)))
    with reported(console, place, None, "dev demo") as report:
        try:
            prepare(place, with_setup=False)
            run_days(shop, [day], report, console.slice_ended)
        finally:
            close(shop, report)
    return report.exit_code


@dev.command(short_help="Simulate a vendor's API on this machine.")
@click.option("--vendor", type=click.Choice(["opentok"]), required=True, help="Which vendor.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of answers to serve.",
)
@click.pass_context
def sandbox(ctx: click.Context, /, vendor: str, port: int, data: Path | None) -> None:
    r"""Serve a vendor's API on loopback and print the environment to use; Ctrl-C ends it.

    \b
    Example:
      ./harvest.py dev sandbox --vendor opentok --port 8700
    """
    from harvesters.sandbox import ANSWERS, load_folder, serve_opentok, shift

    del vendor
    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {})
    place.check()
    yesterday = Day.of(place.clock.now()) + -1
    sessions = load_folder(data) if data else shift(load_folder(ANSWERS), yesterday.date)
    try:
        server = serve_opentok(sessions, key=KEY, secret=SECRET, now=place.clock.now, port=port)
    except OSError as error:
        message = f"port {port} cannot be used: {error.strerror}; take another one, or 0 for a free one."
        raise HarvestError(message) from error
    with server:
        click.echo(f"export OPENTOK_URL={server.url} OPENTOK_API_KEY={KEY} OPENTOK_API_SECRET={SECRET}")
        console.say(f"{len(sessions)} sessions at {server.url}; Ctrl-C ends it.")
        while True:
            time.sleep(3600)
