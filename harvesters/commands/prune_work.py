"""The work of `prune`: which place, of which accounts, before which day."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import click
import msgspec

from harvesters import SOURCES
from harvesters.commands.chosen import check_names
from harvesters.commands.console import Console, progress_of
from harvesters.commands.prune_page import as_json, page, sentences, summary
from harvesters.commands.watched import of_vendor
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day, parse_span
from harvesters.core.errors import Exit, HarvestError, InterruptedRunError, SettingsError, UsageError, worst
from harvesters.core.locks import held
from harvesters.core.traffic import Traffic
from harvesters.pruning.archive import Archive, any_day, unneeded
from harvesters.pruning.files import DeadLetters, LakeFiles
from harvesters.pruning.held import Account, Place, Pruned
from harvesters.pruning.run import Pruning
from harvesters.watch.survey import Watched

ARCHIVE, LAKE, DEAD_LETTERS, INDEX = "archive", "lake", "dead-letters", "index"
PATIENCE_S = 7200.0
INTERRUPTED = "interrupted: what was removed is removed, the rest is there; run the same again."
Made = Callable[[Account, Watched], Place]


@dataclass(frozen=True, slots=True)
class Asked:
    """What to prune: a place, of days before `edge` (the age as it was typed), of some vendors and accounts or all."""

    place: str
    age: str
    edge: Day
    vendors: Sequence[str] = ()
    names: Sequence[str] = ()
    even_unloaded: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether not all accounts are meant."""
        return bool(self.vendors or self.names)


def edge_of(age: str, now: datetime) -> Day:
    """The first day that stays: `90d` leaves the last 90 days and today; parts of a day count as a whole one.

    Raises:
        UsageError: it is no length of time, or less than a day.
    """
    span = parse_span(age)
    if span < timedelta(days=1):
        message = f"--older-than {age} is less than a day: write a number and d or w, such as 90d (m are minutes)."
        raise UsageError(message)
    return Day.of(now) + span // timedelta(days=-1)


@dataclass(slots=True)
class Work:
    """One execution of `prune`."""

    place: Workplace
    console: Console
    asked: Asked
    results: list[Pruned] = field(default_factory=list)
    codes: list[Exit] = field(default_factory=list)

    def run(self, *, yes: bool, as_json: bool) -> Exit:
        """Look, or remove with `yes`; what was found or done is told however it ends."""
        accounts = self._accounts()
        try:
            with ExitStack() as stack:
                for work in self._prunings(accounts, stack):
                    self._one(work, yes=yes)
        except (KeyboardInterrupt, InterruptedRunError):
            self.codes.append(Exit.INTERRUPTED)
            self.console.error(INTERRUPTED)
        code = worst([*self.codes, *(each.exit_code for each in self.results)])
        self._tell(code, yes=yes, json=as_json)
        return code

    def _accounts(self) -> list[Watched]:
        """The accounts that are meant and of which there is anything here.

        Raises:
            SettingsError: the file of accounts cannot be read as it is meant.
            UsageError: nobody is called so.
        """
        if self.place.accounts.problems:
            raise SettingsError(list(self.place.accounts.problems))
        found = [each for vendor in self.asked.vendors or SOURCES for each in of_vendor(self.place, vendor)]
        check_names(self.asked.names, [each.name for each in found])
        return [each for each in found if each.id and (not self.asked.names or each.name in self.asked.names)]

    def _prunings(self, accounts: Sequence[Watched], stack: ExitStack) -> Iterator[Pruning]:
        if self.asked.place == INDEX:
            yield from self._of_index(accounts, stack)
            return
        for each in accounts:
            yield self._pruning(each, self._files(each, Account(self.place.data_dir, each.vendor, each.id)))

    def _files(self, watched: Watched, account: Account) -> Place:
        now = self.place.clock.now()
        if self.asked.place == ARCHIVE:
            rule = any_day if self.asked.even_unloaded else unneeded
            return Archive(self.place.data_dir, watched, now, rule)
        return LakeFiles(account, now) if self.asked.place == LAKE else DeadLetters(account)

    def _of_index(self, accounts: Sequence[Watched], stack: ExitStack) -> Iterator[Pruning]:
        """Imported late: the client costs 0.4 s.

        Raises:
            SettingsError: none is configured.
            DestinationError: it cannot be reached.
        """
        if not self.place.common.es_host:
            raise SettingsError([f"ES_HOST is not set; looked in {self.place.values.places('ES_HOST')}."])
        from harvesters.core.destinations.elastic import Cluster
        from harvesters.pruning.index import AccountDocuments, Documents, RunDocuments

        clock = self.place.clock
        cluster = stack.enter_context(closing(Cluster(self.place.common, clock.monotonic() + PATIENCE_S)))
        documents = Documents(cluster, clock)
        identity = documents.patiently(cluster.identify)
        for each in accounts:
            account = Account(self.place.data_dir, each.vendor, each.id)
            yield self._pruning(each, AccountDocuments(documents, identity, account, clock.now()))
        if not self.asked.narrowed:
            yield self._made(RunDocuments(documents), Pruned("", "runs"), nullcontext)

    def _pruning(self, account: Watched, place: Place) -> Pruning:
        lock = partial(held, self.place.data_dir, account.vendor, account.id, self.place.clock.now())
        return self._made(place, Pruned(account.vendor, account.id), lock)

    def _made(self, place: Place, result: Pruned, lock: Callable[[], AbstractContextManager[None]]) -> Pruning:
        progress = progress_of(self.console, Traffic())
        return Pruning(place, self.asked.edge, lock, self.place.clock, progress, result)

    def _one(self, work: Pruning, *, yes: bool) -> None:
        """One account that fails stops no other; what it gave until then is told."""
        self.results.append(work.result)
        try:
            found = work.prune() if yes else work.look()
        except InterruptedRunError:
            raise
        except HarvestError as error:
            work.result.errors.append(error)
            found = work.result
        for sentence in sentences(found):
            self.console.error(sentence)

    def _tell(self, code: Exit, *, yes: bool, json: bool) -> None:
        asked = self.asked
        if json:
            told = as_json(asked.place, asked.age, asked.edge, self.results) | {"dry_run": not yes, "exit_code": code}
            click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2))
        elif not yes:
            page(self.results)
        for sentence in summary(asked.place, asked.edge, self.results, done=yes):
            self.console.say(sentence)
