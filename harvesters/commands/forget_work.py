"""The work of `forget`: whom, where, with which key; and the list of those who are forgotten."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from msgspec.structs import replace

from harvesters import SOURCES, source_class
from harvesters.commands.archived import archived
from harvesters.commands.build import destinations, prepare, replay_workshop
from harvesters.commands.console import Console
from harvesters.commands.forget_page import as_json, cut_short, page, sentences, summary
from harvesters.commands.work import check_place, write_report
from harvesters.commands.workplace import Workplace
from harvesters.core.day import iso
from harvesters.core.destinations import Destination
from harvesters.core.errors import DestinationError, Exit, HarvestError, InterruptedRunError, UsageError, worst
from harvesters.core.forget import Search
from harvesters.core.forget_run import Forgetting, Forgot
from harvesters.core.forgetting import Forgetter, Who
from harvesters.core.forgotten import FILE, Memory, Remembered, check_key, hashed, needed_key, read_list, write_list
from harvesters.core.locks import held
from harvesters.core.source import Account
from harvesters.core.words import many

PATIENCE_S = 7200.0


@dataclass(frozen=True, slots=True)
class Scope:
    """Where somebody is forgotten: at one vendor or all, in the accounts of these names or all."""

    source: str | None
    names: tuple[str, ...]

    @property
    def vendors(self) -> list[str]:
        """The vendors that are meant."""
        return [self.source] if self.source else list(SOURCES)

    def places(self, accounts: Sequence[tuple[str, Account]]) -> list[tuple[str, str]]:
        """Vendor and account of what is remembered, "" for all of them; `accounts`: those that are meant.

        Raises:
            UsageError: accounts are named, and their ids are not known.
        """
        if not self.names:
            return [(self.source or "", "")]
        if not accounts:
            message = "nothing was harvested of that account yet, so its id is not known: leave out --account."
            raise UsageError(message)
        return [(vendor, account.id) for vendor, account in accounts]


@dataclass(slots=True)
class Work:
    """One execution of `forget`; `values` is empty where everybody on the list is meant."""

    place: Workplace
    console: Console
    values: tuple[str, ...]
    scope: Scope
    results: list[Forgot] = field(default_factory=list)
    codes: list[Exit] = field(default_factory=list)
    _targets: list[Destination] = field(default_factory=list)
    _gone: dict[str, DestinationError] = field(default_factory=dict)
    _opened: set[str] = field(default_factory=set)
    _remembered: bool = False

    def close(self) -> None:
        """Give connections and databases back."""
        for each in self._targets:
            each.close()
        self.place.enrichment.close()

    def run(self, *, yes: bool, report: Path | None) -> Exit:
        """Look for whom it was asked, and with `yes` forget them; the report is written however it ends."""
        if report:
            check_place(report)
        try:
            self._run(yes=yes)
        except (KeyboardInterrupt, InterruptedRunError):
            self.codes.append(Exit.INTERRUPTED)
            self.console.error(cut_short(done=yes, remembered=self._remembered))
        except HarvestError as error:
            self.codes.append(error.exit_code)
            raise
        except BaseException:
            self.codes.append(Exit.FAILED)
            raise
        finally:
            code = worst([*self.codes, *(each.exit_code for each in self.results)])
            if report:
                write_report(report, as_json(self.results, done=yes, code=code))
        return code

    def _run(self, *, yes: bool) -> None:
        key = needed_key(self.place.key)
        entries = read_list(self.place.data_dir / FILE)
        check_key(self.place.data_dir / FILE, entries, key)
        accounts = archived(self.place, self.scope.vendors, self.scope.names)
        places = self.scope.places(accounts)
        hashes = [hashed(key, each) for each in self.values] or list(dict.fromkeys(each.value for each in entries))
        if yes:
            self._remember(hashes, places if self.values else [], done="")
            self._remembered = True
        self._targets = destinations(self.place, self._names(), self._deadline(), for_reading=not yes)
        for vendor, account in accounts:
            own = [each for each in entries if each.holds_for(vendor, account.id)]
            self._in_account(vendor, account, own, yes=yes)
        if not yes:
            page(self.results, self.values)
        elif not self.codes and all(each.exit_code is Exit.OK for each in self.results):
            self._remember(hashes, places if self.values else [], done=iso(self.place.clock.now()))
        for sentence in summary(self.results, len(self.codes), done=yes, remembered=yes and bool(self.values)):
            self.console.say(sentence)

    def _names(self) -> list[str]:
        """Every place that may hold documents, whatever this machine's runs load by default."""
        lake = ["lake"] if (self.place.data_dir / "lake").is_dir() or not self.place.common.es_host else []
        return [*lake, *(["index"] if self.place.common.es_host else [])]

    def _deadline(self) -> float:
        return self.place.clock.monotonic() + PATIENCE_S

    def _in_account(self, vendor: str, account: Account, own: Sequence[Remembered], *, yes: bool) -> None:
        """Look or forget in one account; one that fails stops no other."""
        try:
            work = self._forgetting(vendor, account, own)
            found = work.forget() if yes else work.look()
        except InterruptedRunError:
            raise
        except HarvestError as error:
            self.codes.append(error.exit_code)
            self.console.error(str(error))
            return
        self.results.append(found)
        for sentence in sentences(found, done=yes):
            self.console.say(sentence)
        for each in (*map(str, found.errors), *found.remains):
            self.console.error(each)

    def _forgetting(self, vendor: str, account: Account, own: Sequence[Remembered]) -> Forgetting:
        shop = replay_workshop(vendor, account, self.place, self.console, self._targets)
        shop.gone, shop.opened = self._gone, self._opened
        forgetter = Forgetter(vendor, account.id, source_class(vendor).personal, needed_key(self.place.key))
        who = Who(self.values) if self.values else None
        return Forgetting(shop, Search(self.place.data_dir, forgetter, who or Memory(forgetter, own)), who)

    def _remember(self, hashes: Iterable[str], places: Sequence[tuple[str, str]], *, done: str) -> None:
        """Put them on the list, or note that nothing is left to do; without places everybody on the list is meant."""
        if not places and (self.scope.source or self.scope.names):
            return  # a part of the accounts says nothing of the others
        now, key = iso(self.place.clock.now()), needed_key(self.place.key)
        wanted = {(value, *where): key.id for value in hashes for where in places}

        def change(entries: list[Remembered]) -> list[Remembered]:
            there = {(each.value, each.vendor, each.account) for each in entries}
            fresh = [Remembered(each[0], id_, now, *each[1:]) for each, id_ in wanted.items() if each not in there]
            return [
                replace(each, done=done) if not places or (each.value, each.vendor, each.account) in wanted else each
                for each in (*entries, *fresh)
            ]

        change_list(self.place, change)


def change_list(place: Workplace, change: Callable[[list[Remembered]], list[Remembered]]) -> None:
    """Change the list as a whole; one command at a time does.

    Raises:
        LockedError: another one does.
        DestinationError: the state folder cannot be written.
    """
    path = place.data_dir / FILE
    prepare(place, with_setup=False)
    with held(place.data_dir, FILE, "list", place.clock.now()):
        before = read_list(path)
        after = change(before)
        if after != before:
            write_list(path, after)


def undo(place: Workplace, console: Console, values: Sequence[str], scope: Scope) -> Exit:
    """Take people off the list: what is fetched from now on tells of them again.

    Raises:
        UsageError: none of them is on it.
    """
    key, before = needed_key(place.key), read_list(place.data_dir / FILE)
    check_key(place.data_dir / FILE, before, key)
    places = scope.places(archived(place, scope.vendors, scope.names))
    gone = {hashed(key, value) for value in values}
    everywhere = places == [("", "")]

    def stays(each: Remembered) -> bool:
        return each.value not in gone or not (everywhere or (each.vendor, each.account) in places)

    taken = {each.value for each in before if not stays(each)}
    if not taken:
        message = "nobody of them is on the list, or not for these accounts: forget --list says where its values hold."
        raise UsageError(message)
    change_list(place, lambda entries: list(filter(stays, entries)))
    left = len(read_list(place.data_dir / FILE))
    unknown = f"; {many(len(gone - taken), 'value')} of yours did not stand there" if gone - taken else ""
    told = f"{many(len(before) - left, 'value')} taken off the list, {many(left, 'value')} left"
    console.say(f"{told}{unknown}; what was blanked stays blanked.")
    return Exit.OK


def show_list(place: Workplace) -> Exit:
    """Print the list: it holds nobody's name, and neither does this."""
    entries = read_list(place.data_dir / FILE)
    for each in entries:
        where = f"{each.vendor or 'every vendor'} {each.account or 'every account'}"
        done = f"done {each.done}" if each.done else "not done: run it again"
        click.echo(f"{each.since}  {where}  key {each.key}  {done}")
    click.echo(f"{many(len(entries), 'value')} remembered.", err=True)
    return Exit.OK
