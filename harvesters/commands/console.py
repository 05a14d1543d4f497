"""What a person or a log sees: sentences on stderr, progress on a terminal, JSON lines under cron."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harvesters.core.errors import Exit

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import Task
    from rich.text import Text

    from harvesters.core.http import Traffic
    from harvesters.core.report import RunReport, SliceReport

COLOURS = {"complete": "32", "empty": "36", "partial": "33", "deferred": "33", "failed": "31", "planned": "36"}
LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class JsonLines(logging.Formatter):
    """Log records as JSON lines with ECS names."""

    def format(self, record: logging.LogRecord) -> str:
        """One object in one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "@timestamp": at.replace("+00:00", "Z"),
            "log.level": record.levelname.lower(),
            "log.logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        return json.dumps(line, ensure_ascii=False)


class Console:
    """Where a command speaks; stdout is left to data."""

    def __init__(self, *, quiet: bool, verbose: int, log_format: str, progress: bool, colour: bool) -> None:
        """`colour`: whether a terminal may be coloured (`NO_COLOR`)."""
        self._json, self._quiet = log_format == "json", quiet
        terminal = sys.stderr.isatty()
        self.progress = progress and terminal and not quiet and not self._json
        self._colour = colour and terminal
        self._log = logging.getLogger("harvesters")
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines() if self._json else logging.Formatter("%(levelname)s %(message)s"))
        logging.basicConfig(handlers=[handler], level=LEVELS[min(verbose, 2)], force=True)
        logging.captureWarnings(capture=True)
        logging.getLogger("py.warnings").setLevel(logging.WARNING if verbose else logging.ERROR)
        # What Python warns of is for developers.
        logging.getLogger("py.warnings").setLevel(logging.WARNING if verbose else logging.ERROR)
        logging.getLogger("urllib3").setLevel(logging.WARNING)
        logging.getLogger("elastic_transport").setLevel(logging.ERROR)

    def say(self, sentence: str, level: int = logging.INFO, **fields: Any) -> None:
        """One sentence; under `--log-format json` with its fields."""
        if self._json:
            record = self._log.makeRecord(self._log.name, level, "", 0, sentence, (), None, extra={"fields": fields})
            sys.stderr.write(JsonLines().format(record) + "\n")
        elif not self._quiet or level >= logging.ERROR:
            sys.stderr.write(sentence + "\n")

    def slice_ended(self, report: "SliceReport") -> None:
        """The sentence of a slice and its warnings."""
        sentence = report.sentence()
        if self._colour:
            code = COLOURS[report.state]
            sentence = sentence.replace(f" {report.state}:", f" \x1b[{code}m{report.state}\x1b[0m:", 1)
        fine = report.exit_code is Exit.OK
        self.say(sentence, logging.INFO if fine else logging.ERROR, slice=report.as_json())
        if not self._json:
            for warning in report.warnings:
                self.say(f"  warning: {warning}", logging.WARNING)

    def run_ended(self, report: "RunReport") -> None:
        """The summary line."""
        level = logging.INFO if report.exit_code is Exit.OK else logging.ERROR
        self.say(report.summary(), level, run=report.as_json()["run"])

    def error(self, sentence: str) -> None:
        """A sentence that ends the command."""
        for line in sentence.splitlines():
            self.say(line if self._json else f"error: {line}", logging.ERROR)


class SilentProgress:
    """Nobody watches."""

    def begin(self, label: str) -> None:
        """Nothing to show."""

    def listed(self, calls: int) -> None:
        """Nothing to show."""

    def fetched(self, calls: int) -> None:
        """Nothing to show."""

    def loading(self, destination: str, records: int) -> None:
        """Nothing to show."""

    def end(self) -> None:
        """Nothing to show."""


class TerminalProgress:
    """One line on the terminal: what is done, of how much, and why it waits."""

    def __init__(self, traffic: "Traffic") -> None:
        """`traffic` knows what a request waits for."""
        self._traffic = traffic
        self._bar: Bar | None = None
        self._label = ""

    def begin(self, label: str) -> None:
        """Show the line."""
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        traffic = self._traffic

        class Reason(TextColumn):
            def render(self, task: "Task") -> "Text":
                task.fields["reason"] = f"waiting {traffic.waiting_for}" if traffic.waiting_for else ""
                return super().render(task)

        columns = (
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(),
            Reason("{task.fields[reason]}"),
        )  # fmt: skip
        self._bar = Progress(*columns, console=Terminal(stderr=True), transient=True)
        self._bar.start()
        self._bar.add_task(f"{label}: listing", total=None, reason="")
        self._label = label

    def _show(self, **change: Any) -> None:
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], **change)

    def listed(self, calls: int) -> None:
        """The number of calls to fetch is known."""
        self._show(description=f"{self._label}: calls", total=calls, completed=0)

    def fetched(self, calls: int) -> None:
        """Some more are there."""
        self._show(advance=calls)

    def loading(self, destination: str, records: int) -> None:
        """The load has begun."""
        self._show(description=f"{self._label}: {records} records into {destination}", total=None)

    def end(self) -> None:
        """Take the line away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def progress_of(console: Console, traffic: "Traffic") -> SilentProgress | TerminalProgress:
    """The line on a terminal, or nothing."""
    return TerminalProgress(traffic) if console.progress else SilentProgress()
