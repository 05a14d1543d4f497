"""What harvesting and replaying have in common: a run report, its sentences, and its end."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harvesters import __version__
from harvesters.commands.build import prepare
from harvesters.commands.console import Console
from harvesters.commands.workplace import Workplace
from harvesters.core.day import Day, iso
from harvesters.core.errors import Exit, HarvestError, UsageError
from harvesters.core.report import RunReport
from harvesters.core.run import finish, note_run, run_days
from harvesters.core.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked of a run; `days` None is the nightly choice."""

    command: str
    days: tuple[Day, ...] | None = None
    report_file: Path | None = None
    with_setup: bool = False


@contextmanager
def reported(console: Console, place: Workplace, report_file: Path | None, command: str) -> Iterator[RunReport]:
    """A run whose summary is said and whose report is written however it ends."""
    if report_file:
        _check(report_file)
    report = RunReport(uuid.uuid4().hex, command, __version__, iso(place.clock.now()))
    codes: list[Exit] = []
    try:
        yield report
    except HarvestError as error:
        codes.append(error.exit_code)
        console.error(str(error))
    except KeyboardInterrupt:
        codes.append(Exit.INTERRUPTED)
    except BaseException:
        codes.append(Exit.FAILED)
        raise
    finally:
        finish(report, place.clock.now(), codes)
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


def run_shop(make: Callable[[], Workshop], place: Workplace, console: Console, request: Request) -> Exit:
    """Run the days of one account from the first sentence to the last; missing settings are in the report too."""
    with ExitStack() as stack, reported(console, place, request.report_file, request.command) as report:
        shop = stack.enter_context(closing(make()))
        stack.callback(note_run, shop, report)
        if not shop.options.dry_run:
            prepare(place, with_setup=request.with_setup)
        for sentence in run_days(shop, request.days, report, console.slice_ended):
            console.say(sentence)
    return report.exit_code
