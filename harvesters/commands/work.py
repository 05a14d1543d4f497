"""What harvesting and replaying have in common: a run report, its sentences, and its end."""

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harvesters import __version__
from harvesters.commands.build import prepare
from harvesters.commands.console import Console
from harvesters.commands.cron import Watcher
from harvesters.commands.workplace import Workplace
from harvesters.core.allocator import give_back_large_buffers
from harvesters.core.day import Day, iso
from harvesters.core.errors import STOPPED, Exit, HarvestError, InterruptedRunError, UsageError, worst
from harvesters.core.notes import note_run
from harvesters.core.redaction import redacted
from harvesters.core.report import RunReport, SliceReport
from harvesters.core.run import finish, run_days
from harvesters.core.workshop import Workshop

Opening = Callable[[], Sequence[Workshop]]
Plan = Callable[[], Sequence[Opening]]
"""Gives what opens the accounts, one after the other; what it raises ends the run before the first one."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked of a run; `days` None is the nightly choice; `watchers` are told of it.

    `strict`: a run with warnings is no success.
    """

    command: str
    days: tuple[Day, ...] | None = None
    report_file: Path | None = None
    with_setup: bool = False
    dry_run: bool = False
    watchers: Sequence[Watcher] = ()
    strict: bool = False


@dataclass(slots=True)
class Working:
    """A run under way: its report, and the codes of what went wrong outside of its slices."""

    report: RunReport
    console: Console
    strict: bool = False
    codes: list[Exit] = field(default_factory=list)

    def slice_ended(self, report: SliceReport) -> None:
        """Say what became of a slice; what makes the run no success is heard also where only errors are."""
        self.console.slice_ended(report, heard=self.strict and report.remarkable)

    def failed(self, error: HarvestError) -> None:
        """Say what went wrong, and remember it for the end."""
        self.codes.append(error.exit_code)
        self.console.error(str(error))

    @contextmanager
    def one_of_several(self) -> Iterator[None]:
        """One account's part of a run: what goes wrong with it is said, and stops no other."""
        try:
            yield
        except InterruptedRunError:
            raise
        except HarvestError as error:
            self.failed(error)

    @property
    def interrupted(self) -> bool:
        """Whether the user wants no more."""
        return any(each.exit_code is Exit.INTERRUPTED for each in self.report.slices[-1:])


@contextmanager
def reported(console: Console, place: Workplace, request: Request) -> Iterator[Working]:
    """A run whose summary is said, whose report is written, and of which the watchers are told, however it ends.

    Raises:
        HarvestError: the report cannot be written.
        InterruptedRunError: the user wants no more, between slices or before the first one.
    """
    if request.report_file:
        check_place(request.report_file)
    give_back_large_buffers()
    report = RunReport(uuid.uuid4().hex, request.command, __version__, iso(place.clock.now()))
    working = Working(report, console, request.strict)
    try:
        for each in request.watchers:
            each.began(report)
        yield working
    except HarvestError as error:
        working.failed(error)
    except KeyboardInterrupt as error:
        working.codes.append(Exit.INTERRUPTED)
        raise InterruptedRunError(STOPPED) from error
    except BaseException:
        working.codes.append(Exit.FAILED)
        raise
    finally:
        place.enrichment.close()
        finish(report, place.clock.now(), working.codes, strict=request.strict)
        _tell(report, request, console)


def _tell(report: RunReport, request: Request, console: Console) -> None:
    """Write the report, say the summary, then tell the watchers, who may be slow."""
    try:
        if request.report_file:
            write_report(request.report_file, report.as_json())
    except HarvestError as error:
        report.exit_code = worst([report.exit_code, error.exit_code])
        raise
    else:
        console.run_ended(report)
    finally:
        for each in request.watchers:
            each.ended(report)


def check_place(path: Path) -> None:
    """Refuse a place for the report before hours of work, not after them; a folder that is missing is made.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
    except OSError as error:
        message = f"the report {path} cannot be written: {error.strerror}; --report needs a file name."
        raise UsageError(message) from error


def write_report(path: Path, content: Mapping[str, Any]) -> None:
    """Write what happened as JSON.

    Raises:
        HarvestError: it cannot be written.
    """
    try:
        text = msgspec.json.format(msgspec.json.encode(content), indent=2).decode()
        path.write_text(redacted(text) + "\n", "utf-8")
    except OSError as error:
        message = f"the report {path} cannot be written: {error.strerror}."
        raise HarvestError(message) from error


@contextmanager
def several(
    console: Console, place: Workplace, request: Request
) -> Iterator[tuple[Working, list[Workshop], ExitStack]]:
    """A run over accounts that are to be put into the list: however it ends, it is noted by one, and all are closed.

    What the stack is given is let go before that, and after the summary.
    """
    shops: list[Workshop] = []
    with ExitStack() as stack, reported(console, place, request) as working:
        stack.callback(close_all, shops)
        stack.callback(_note, shops, working.report)
        try:
            yield working, shops, stack
        except KeyboardInterrupt:
            place.clock.stop.set()
            raise


def planned(plan: Plan, place: Workplace, request: Request) -> Sequence[Opening]:
    """What opens the accounts of a plan, with everything made ready for them.

    Raises:
        HarvestError: the plan cannot be made, or what it needs is not there.
    """
    accounts = plan()
    if not request.dry_run:
        prepare(place, with_setup=request.with_setup)
    return accounts


def run_accounts(plan: Plan, place: Workplace, console: Console, request: Request) -> Exit:
    """Run the days of each account; one that fails stops no other, and the worst of their codes is the run's.

    `plan` gives what opens the accounts, one after the other; what it raises ends the run before the first one,
    and is in the report too.
    """
    with several(console, place, request) as (working, shops, _):
        for opening in planned(plan, place, request):
            with working.one_of_several():
                for shop in opening():
                    shops.append(shop)
                    _run(shop, request, working, place.common.archive_days)
            if working.interrupted:
                break
    return working.report.exit_code


def _run(shop: Workshop, request: Request, working: Working, age: int | None) -> None:
    """Run an account's days; the nightly choice ends with the archives that are older than `age` days."""
    if working.interrupted:
        return
    for sentence in run_days(shop, request.days, working.report, working.slice_ended):
        working.console.say(sentence, logging.WARNING)
    if age and request.days is None and not (request.dry_run or shop.options.selection or working.interrupted):
        # Late: no other run needs it.
        from harvesters.commands.expiring import expire, told

        expired = expire(shop, age)
        for sentence in told(expired, age):
            working.console.say(sentence)
        for error in expired.errors:
            working.failed(error)


def close_all(shops: Sequence[Workshop]) -> None:
    """Give the connections of all accounts back."""
    for shop in shops:
        shop.close()


def _note(shops: Sequence[Workshop], report: RunReport) -> None:
    """The run's document, by way of any account: they share their destinations."""
    if shops:
        note_run(shops[0], report)
