"""A run over the days of all accounts at once, the most endangered first, with the locks of all of them."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from harvesters.commands.console import Console
from harvesters.commands.status_page import left
from harvesters.commands.work import Plan, Request, Working, planned, several
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day
from harvesters.core.errors import Exit, HarvestError
from harvesters.core.run import locked, outdated, reach_all, run_slices
from harvesters.core.words import many
from harvesters.core.workshop import Workshop
from harvesters.watch.catching_up import most_endangered_first, repairable
from harvesters.watch.standing import Standing
from harvesters.watch.survey import Watched

Due = tuple[Workshop, Standing]


def repair(plan: Plan, place: Workplace, console: Console, request: Request) -> Exit:
    """Take what can be made more whole; one account that fails stops no other, and the worst of their codes counts.

    `plan` gives what opens the accounts; what it raises ends the run before the first one, and is in the report too.
    """
    with several(console, place, request) as (working, shops, stack):
        for opening in planned(plan, place, request):
            with working.one_of_several():
                shops.extend(opening())
        due = most_endangered_first(_due(shops, request, stack, working))
        _announce(due, place, console)
        slices = [(shop, Day.parse(each.day, place.clock.now())) for shop, each in due]
        run_slices(slices, working.report, working.slice_ended)
        for sentence in (each for shop in shops for each in outdated(shop, None)):
            console.say(sentence, logging.WARNING)
    return working.report.exit_code


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
    account = Watched(shop.vendor, shop.account.id, shop.account.name, shop.limits)
    return repairable(shop.data_dir, account, shop.clock.now(), shop.identities, request.days)


def _announce(due: Sequence[Due], place: Workplace, console: Console) -> None:
    if due:
        shop, first = due[0]
        kept = left(first, place.clock.now())
        first_of_all = f"{shop.vendor} {shop.account.id} {first.day} ({kept})"
        console.say(f"{many(len(due), 'day')} to catch up with, the most endangered first: {first_of_all}.")
