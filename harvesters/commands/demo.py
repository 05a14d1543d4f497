"""`dev demo`: harvest simulated vendors, and see what comes of it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import click

from harvesters.commands import preparing
from harvesters.commands.build import vendor_workshops
from harvesters.commands.console import Console
from harvesters.commands.examples import COMMON, with_examples
from harvesters.commands.options import apply
from harvesters.commands.simulated import SIMULATED
from harvesters.commands.work import Request, run_accounts
from harvesters.commands.workplace import Workplace, workplace
from harvesters.commands.world import WORLD, days_before, served
from harvesters.core.accounts import Accounts
from harvesters.core.day import Clock, Day, clock_from, iso
from harvesters.core.errors import Exit
from harvesters.core.options import Options

USUAL, EVERY = "opentok", "all"
APART = "-demo"
"""Ends the prefix of the demo's indices and dashboards, which are never among real ones."""
STRETCH, LATER = 14, timedelta(days=4, hours=9)
"""Vendors forget after three weeks: so many days are read at once, so long after the last of them began."""


@click.command(
    short_help="Harvest a simulated vendor into a lake: real answers, or invented days.",
    help=with_examples(
        "Serve real published answers of a vendor as if they were of yesterday, harvest them into a lake under "
        "DATA_DIR/demo, and sum them up. With --days the answers are invented: clinics, lessons, stand-ups, webinars, "
        "with troubles that happen in real ones. No account and no server is needed. Where Elasticsearch is "
        "configured (ES_HOST), the documents go there too, under the prefix vconf-demo, and their dashboards into "
        "KIBANA_HOST.",
        "dev demo",
        "dev demo --days 14",
        "dev demo --vendor zoom --days 14",
        "dev demo --vendor all --days 30",
    ),
    epilog=COMMON,
)
@click.option(
    "--vendor", type=click.Choice([*SIMULATED, EVERY]), default=USUAL, show_default=True, help="Which vendor."
)
@apply(WORLD)
@click.pass_context
def demo(ctx: click.Context, /, vendor: str, **world: Any) -> Exit:
    """Serve, harvest, sum up."""
    console: Console = ctx.obj["console"]
    place = workplace(ctx.obj["env_file"], {})
    place.check()
    shown = days_before(place, world["days"] or 1)
    vendors = list(SIMULATED) if vendor == EVERY else [vendor]
    for each in vendors:
        code = _harvested(each, place, console, shown, world)
        if code is not Exit.OK:
            return code
    own = _demo_place(place, {}, place.clock)
    if world["days"]:
        _tell_of_days(own, vendors, shown)
    else:
        _tell_of_answers(own, vendors, shown[-1])
    return _with_dashboards(own, console)


def _harvested(vendor: str, place: Workplace, console: Console, days: Sequence[Day], world: dict[str, Any]) -> Exit:
    """Serve a vendor's days and harvest them, stretch by stretch."""
    simulated = SIMULATED[vendor]
    told, what = served(place, simulated, **world)
    for clock, some in _visits(place.clock, days):
        with simulated.serve(told, clock.now, **simulated.unhurried()) as server:
            console.say(f"A simulated {simulated.title} answers at {server.url}, with {what}.")
            own = _demo_place(place, simulated.settings(server), clock)
            code = _harvest(vendor, own, console, tuple(some))
        if code is not Exit.OK:
            return code
    return Exit.OK


def _visits(clock: Clock, days: Sequence[Day]) -> Iterator[tuple[Clock, Sequence[Day]]]:
    """The days in stretches that the vendor still has when they are asked for, each with the time of asking."""
    for start in range(0, len(days), STRETCH):
        some = days[start : start + STRETCH]
        then = some[-1].start + LATER
        yield clock if then >= clock.now() else clock_from(iso(then)), some


def _demo_place(place: Workplace, flags: dict[str, str], clock: Clock) -> Workplace:
    """The same place with the simulated vendor's settings, a state folder and a prefix of its own."""
    # None of whoever runs it: their apps, keys and headers are not meant for this server.
    values = replace(place.values, flags=flags, environ={}, dotenv={})
    common = replace(place.common, index_prefix=place.common.index_prefix + APART)
    own = replace(place, values=values, common=common, clock=clock, accounts=Accounts())
    return replace(own, data_dir=place.data_dir / "demo")


def _harvest(vendor: str, place: Workplace, console: Console, days: tuple[Day, ...]) -> Exit:
    searched = bool(place.common.es_host)
    options = Options(destinations=("lake", "index") if searched else ("lake",), paced=False)
    asked = Request("dev demo", days, with_setup=searched)
    return run_accounts(lambda: [lambda: vendor_workshops(vendor, place, console, options)], place, console, asked)


def _tell_of_days(place: Workplace, vendors: Sequence[str], days: Sequence[Day]) -> None:
    """The page of one vendor's days, and a report of everything."""
    from harvesters.commands import demo_days, demo_report

    if len(vendors) == 1:
        command = _command(vendors[0])
        demo_days.show(place.data_dir / "lake", vendors[0], days, f"{command} --days {len(days)}")
        click.echo()
    click.echo(demo_report.made(place, vendors, days))


def _tell_of_answers(place: Workplace, vendors: Sequence[str], day: Day) -> None:
    """The page of a few real calls, each told in full."""
    from harvesters.commands import demo_summary

    for vendor in vendors:
        demo_summary.show(place.data_dir / "lake", vendor, day, _command(vendor))


def _command(vendor: str) -> str:
    return "dev demo" if vendor == USUAL else f"dev demo --vendor {vendor}"


def _with_dashboards(place: Workplace, console: Console) -> Exit:
    """Load the dashboards of the demo's indices, where there is a Kibana for the Elasticsearch that has them."""
    if not (place.common.es_host and place.common.kibana_host):
        return Exit.OK
    from harvesters.dashboards.kibana import place_of

    kibana = place_of(place.common, place.values.places("KIBANA_HOST"))
    return preparing.dashboards(kibana, place.common.index_prefix, place.clock, console, briefly=True)
