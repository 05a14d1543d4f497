"""What harvesting and replaying have in common: a run report, its sentences, and its end."""

import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harvesters import __version__
from harvesters.commands.build import prepare
from harvesters.commands.console import Console
from harvesters.commands.workplace import Workplace
from harvesters.core.allocator import give_back_large_buffers
from harvesters.core.day import Day, iso
from harvesters.core.errors import Exit, HarvestError, InterruptedRunError, UsageError
from harvesters.core.notes import note_run
from harvesters.core.report import RunReport
from harvesters.core.run import finish, run_days
from harvesters.core.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked of a run; `days` None is the nightly choice."""

    command: str
    days: tuple[Day, ...] | None = None
    report_file: Path | None = None
    with_setup: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class Working:
    """A run under way: its report, and the codes of what went wrong outside of its slices."""

    report: RunReport
    console: Console
    codes: list[Exit] = field(default_factory=list)

    def failed(self, error: HarvestError) -> None:
        """Say what went wrong, and remember it for the end."""
        self.codes.append(error.exit_code)
        self.console.error(str(error))

    @property
    def interrupted(self) -> bool:
        """Whether the user wants no more."""
        return any(each.exit_code is Exit.INTERRUPTED for each in self.report.slices[-1:])


@contextmanager
def reported(console: Console, place: Workplace, report_file: Path | None, command: str) -> Iterator[Working]:
    """A run whose summary is said and whose report is written however it ends."""
    if report_file:
        _check(report_file)
    give_back_large_buffers()
    report = RunReport(uuid.uuid4().hex, command, __version__, iso(place.clock.now()))
    working = Working(report, console)
    try:
        yield working
    except HarvestError as error:
        working.failed(error)
    except KeyboardInterrupt:
        working.codes.append(Exit.INTERRUPTED)
    except BaseException:
        working.codes.append(Exit.FAILED)
        raise
    finally:
        place.enrichment.close()
        finish(report, place.clock.now(), working.codes)
        if report_file:
            _write(report_file, report)
    console.run_ended(report)


def _check(path: Path) -> None:
    """Refuse a place for the report before hours of work, not after them; a folder that is missing is made."""
    try:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
    except OSError as error:
        message = f"the report {path} cannot be written: {error.strerror}; --report needs a file name."
        raise UsageError(message) from error


def _write(path: Path, report: RunReport) -> None:
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report.as_json()), indent=2) + b"\n")
    except OSError as error:
        message = f"the report {path} cannot be written: {error.strerror}."
        raise HarvestError(message) from error


def run_accounts(
    plan: Callable[[], Sequence[Callable[[], Sequence[Workshop]]]],
    place: Workplace,
    console: Console,
    request: Request,
) -> Exit:
    """Run the days of each account; one that fails stops no other, and the worst of their codes is the run's.

    `plan` gives what opens the accounts, one after the other; what it raises ends the run before the first one,
    and is in the report too.
    """
    shops: list[Workshop] = []
    with ExitStack() as stack, reported(console, place, request.report_file, request.command) as working:
        accounts = plan()
        stack.callback(_close, shops)
        stack.callback(_note, shops, working.report)
        if not request.dry_run:
            prepare(place, with_setup=request.with_setup)
        for opening in accounts:
            try:
                for shop in opening():
                    shops.append(shop)
                    _run(shop, request, working)
            except InterruptedRunError:
                raise
            except HarvestError as error:
                working.failed(error)
            if working.interrupted:
                break
    return working.report.exit_code


def _run(shop: Workshop, request: Request, working: Working) -> None:
    if not working.interrupted:
        for sentence in run_days(shop, request.days, working.report, working.console.slice_ended):
            working.console.say(sentence, logging.WARNING)


def _close(shops: Sequence[Workshop]) -> None:
    for shop in shops:
        shop.close()


def _note(shops: Sequence[Workshop], report: RunReport) -> None:
    """The run's document, by way of any account: they share their destinations."""
    if shops:
        note_run(shops[0], report)
