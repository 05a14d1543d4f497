"""A run over the days of all accounts at once, the most endangered first, with the locks of all of them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from harvesters.commands.build import prepare
from harvesters.commands.console import Console
from harvesters.commands.status_page import left
from harvesters.commands.work import Request, Working, close_all, note_by_any, reported
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day
from harvesters.core.errors import Exit, HarvestError, InterruptedRunError
from harvesters.core.manifest import UNREACHED
from harvesters.core.run import locked, outdated, reach_all, run_slices
from harvesters.core.words import many
from harvesters.core.workshop import Workshop
from harvesters.watch.catching_up import most_endangered_first, repairable
from harvesters.watch.standing import Standing
from harvesters.watch.survey import Watched

Due = tuple[Workshop, Standing]


def repair(
    plan: Callable[[], Sequence[Callable[[], Sequence[Workshop]]]],
    place: Workplace,
    console: Console,
    request: Request,
) -> Exit:
    """Take what can be made more whole; one account that fails stops no other, and the worst of their codes counts.

    `plan` gives what opens the accounts; what it raises ends the run before the first one, and is in the report too.
    """
    shops: list[Workshop] = []
    with ExitStack() as stack, reported(console, place, request) as working:
        accounts = plan()
        stack.callback(close_all, shops)
        stack.callback(note_by_any, shops, working.report)
        if not request.dry_run:
            prepare(place, with_setup=request.with_setup)
        shops += _opened(accounts, working)
        due = most_endangered_first(_due(shops, request, stack, working))
        _announce(due, place, console)
        slices = [(shop, Day.parse(each.day, place.clock.now())) for shop, each in due]
        run_slices(slices, working.report, console.slice_ended)
        for sentence in (each for shop in shops for each in outdated(shop, None)):
            console.say(sentence, logging.WARNING)
    return working.report.exit_code


def _opened(accounts: Sequence[Callable[[], Sequence[Workshop]]], working: Working) -> Iterator[Workshop]:
    """The accounts that can be opened; why others cannot is said."""
    for opening in accounts:
        try:
            yield from opening()
        except InterruptedRunError:
            raise
        except HarvestError as error:
            working.failed(error)


def _due(shops: Sequence[Workshop], request: Request, stack: ExitStack, working: Working) -> Iterator[Due]:
    """The days of each account, whose lock is held from now on; one that another run holds has none."""
    for shop in shops:
        reach_all(shop)
        try:
            stack.enter_context(locked(shop))
            yield from ((shop, each) for each in _repairable(shop, request))
        except HarvestError as error:
            working.failed(error)


def _repairable(shop: Workshop, request: Request) -> list[Standing]:
    used = {each.identity for each in shop.destinations if each.identity}
    used |= {UNREACHED + each.name for each in shop.destinations}
    account = Watched(shop.vendor, shop.account.id, shop.account.name, shop.limits)
    return repairable(shop.data_dir, account, shop.clock.now(), used, request.days)


def _announce(due: Sequence[Due], place: Workplace, console: Console) -> None:
    if due:
        shop, first = due[0]
        kept = left(first, place.clock.now())
        first_of_all = f"{shop.vendor} {shop.account.id} {first.day} ({kept})"
        console.say(f"{many(len(due), 'day')} to catch up with, the most endangered first: {first_of_all}.")
