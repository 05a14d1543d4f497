"""What harvesting and replaying have in common: a run report, its sentences, and its end."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from harvesters import __version__
from harvesters.commands.console import Console
from harvesters.commands.workplace import Workplace
from harvesters.core.day import iso
from harvesters.core.errors import Exit, HarvestError, UsageError
from harvesters.core.report import RunReport
from harvesters.core.run import finish, note_run
from harvesters.core.workshop import Workshop


@contextmanager
def reported(console: Console, place: Workplace, report_file: Path | None, command: str) -> Iterator[RunReport]:
    """A run whose summary is said and whose report is written however it ends."""
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


def _write(path: Path, report: RunReport) -> None:
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report.as_json()), indent=2) + b"\n")
    except OSError as error:
        message = f"the report {path} cannot be written: {error.strerror}."
        raise UsageError(message) from error


def close(shop: Workshop, report: RunReport) -> None:
    """Note the run where there is a place for it, and give connections back."""
    note_run(shop, report)
    for destination in shop.destinations:
        destination.close()
