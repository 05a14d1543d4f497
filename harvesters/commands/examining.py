"""The questions of `doctor`, one after the other; one that fails or hangs keeps no other from being asked."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from harvesters import source_class
from harvesters.commands.build import Run, workshops
from harvesters.commands.chosen import Ready, check_names, known
from harvesters.commands.console import Console
from harvesters.commands.options import LAST
from harvesters.commands.watched import watched
from harvesters.commands.work import close_all
from harvesters.commands.workplace import Workplace, window
from harvesters.core.accounts import Profile
from harvesters.core.errors import Exit, HarvestError
from harvesters.core.options import Options
from harvesters.core.settings import load
from harvesters.watch.checkup import FAIL, Finding, bounded, failure, good, warning
from harvesters.watch.machine import state_folder
from harvesters.watch.survey import Surveyed, Watched, survey
from harvesters.watch.vendor_checks import retention, vendor_answers

SECONDS, VENDOR_SECONDS = 30.0, 60.0
PATIENCE_S, DEADLINE_S = 5.0, 45.0
"""How long who is in trouble is asked again; how long who is busy is waited for."""


def examine(place: Workplace, console: Console, vendors: Sequence[str], names: Collection[str]) -> Iterator[Finding]:
    """Every finding, as it is found.

    Raises:
        UsageError: nobody is called so.
    """
    profiles = known(place, vendors, alone=False)
    check_names(names, [each.name for each in profiles])
    chosen = [each for each in profiles if not names or each.name in names]
    yield from _settings(place, chosen)
    yield from _clock(place)
    yield from bounded("state folder", SECONDS, lambda: state_folder(place.data_dir))
    yield from _elasticsearch(place)
    yield from bounded("kibana", SECONDS, lambda: _kibana(place))
    for profile in chosen:
        yield from _vendor(place, console, profile)
    yield from _retention(place, vendors, names)


def _settings(place: Workplace, profiles: Sequence[Profile]) -> Iterator[Finding]:
    """What is wrong with them, each for itself."""
    problems = [*place.problems, *place.accounts.problems]
    for profile in profiles:
        load(source_class(profile.vendor).Settings, profile.values, problems)
    for each in dict.fromkeys(problems):
        yield failure("settings", each.rstrip("."), "see ./harvest.py config show --origin", Exit.CONFIGURATION)
    if not profiles:
        yield failure("settings", "no vendor is configured", "see example.env", Exit.CONFIGURATION)
    elif not problems:
        yield good("settings", f"nothing is wrong with those of {', '.join(map(_called, profiles))}")


def _called(profile: Profile) -> str:
    return f"{profile.vendor} ({profile.name})"


def _clock(place: Workplace) -> Iterator[Finding]:
    if place.common.now:
        yield warning("clock", "VCONF_NOW replaces the clock", "unset it: it is for tests and reproducible runs")


def _elasticsearch(place: Workplace) -> Iterator[Finding]:
    """What a cluster says, where one is configured."""
    if not place.common.es_host:
        yield good("elasticsearch", "none is configured: documents go into the lake")
        return
    from harvesters.core.destinations.elastic import Cluster
    from harvesters.watch.search_checks import ABOUT, questions

    cluster = Cluster(place.common, place.clock.monotonic() + PATIENCE_S)
    try:
        for number, question in enumerate(questions(cluster)):
            found = bounded(ABOUT, SECONDS, question)
            yield from found
            if number == 0 and any(each.level == FAIL for each in found):
                return
    finally:
        cluster.close()


def _kibana(place: Workplace) -> Iterator[Finding]:
    """What Kibana says, where one is configured."""
    about = "kibana"
    if not place.common.kibana_host:
        yield good(about, "none is configured: nobody looks at dashboards")
        return
    from harvesters.dashboards.kibana import place_of, ready

    with ready(place_of(place.common, place.values.places("KIBANA_HOST")), place.clock) as (kibana, version):
        yield good(about, f"{kibana.place.where} is ready, and of version {version or 'unknown'}")


def _vendor(place: Workplace, console: Console, profile: Profile) -> Iterator[Finding]:
    """What the vendor of an account says; settings that are not whole were told of already."""
    settings = load(source_class(profile.vendor).Settings, profile.values, [])
    if settings is None:
        return
    run = Run(place, console, Options(), place.clock.monotonic() + DEADLINE_S, [], patience=PATIENCE_S)
    yield from bounded(_called(profile), VENDOR_SECONDS, partial(_answers, Ready(profile, settings), run))


def _answers(ready: Ready, run: Run) -> Iterator[Finding]:
    """Of each account that the settings give access to."""
    shops = workshops(ready, run)
    try:
        for shop in shops:
            about = f"{shop.vendor} {shop.account.id}"
            try:
                yield from vendor_answers(shop, run.place.clock.now(), real_clock=not run.place.common.now)
            except HarvestError as error:
                yield failure(about, str(error).rstrip("."), "", error.exit_code)
    finally:
        close_all(shops)


def _retention(place: Workplace, vendors: Sequence[str], names: Collection[str]) -> Iterator[Finding]:
    days = window(place.clock, None, None, None, LAST).days
    now = place.clock.now()

    def look(account: Watched) -> Iterator[Finding]:
        surveyed: Surveyed = survey(place.data_dir, account, days, now)
        yield retention(surveyed, now)

    try:
        accounts = watched(place, vendors, names)
    except HarvestError:
        return  # said above
    for account in accounts:
        yield from bounded(f"{account.vendor} {account.id}", SECONDS, partial(look, account))
