"""What a person or a log sees: sentences on stderr, progress on a terminal, JSON lines under cron."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harvesters.commands.examples import program
from harvesters.core.errors import Exit
from harvesters.core.field import ECS_VERSION
from harvesters.core.redaction import redacted
from harvesters.core.words import length

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import Task
    from rich.text import Text

    from harvesters.core.report import RunReport, SliceReport
    from harvesters.core.traffic import Traffic

COLOURS = {"complete": "32", "empty": "36", "partial": "33", "deferred": "33", "failed": "31", "planned": "36"}
MOST_NAMED = 20
EVENT = {"ecs.version": ECS_VERSION, "event.kind": "event", "event.dataset": "vconf.harvest"}
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
            **EVENT,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error.stack_trace"] = self.formatException(record.exc_info)
        return redacted(json.dumps(line, ensure_ascii=False))


class Sentences(logging.Formatter):
    """Log records as sentences."""

    def format(self, record: logging.LogRecord) -> str:
        """`warning: so and so`."""
        trace = "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        return redacted(f"{record.levelname.lower()}: {record.getMessage()}{trace}")


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
        handler.setFormatter(JsonLines() if self._json else Sentences())
        logging.basicConfig(handlers=[handler], level=LEVELS[min(verbose, 2)], force=True)
        logging.captureWarnings(capture=True)
        # What Python warns of is for developers.
        logging.getLogger("py.warnings").setLevel(logging.WARNING if verbose else logging.ERROR)
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        logging.getLogger("elastic_transport").setLevel(logging.ERROR)

    def say(self, sentence: str, level: int = logging.INFO, **fields: Any) -> None:
        """One sentence; under `--log-format json` with its fields. `-q` leaves out what is no error."""
        if self._quiet and level < logging.ERROR:
            return
        sentence = sentence.replace("./harvest.py", program())
        if self._json:
            record = self._log.makeRecord(self._log.name, level, "", 0, sentence, (), None, extra={"fields": fields})
            sys.stderr.write(JsonLines().format(record) + "\n")
        else:
            sys.stderr.write(redacted(sentence) + "\n")

    def slice_ended(self, report: "SliceReport", *, heard: bool = False) -> None:
        """The sentence of a slice, the calls that it lacks, and its warnings; `heard`: also with `-q`."""
        sentence = report.sentence()
        if self._colour:
            code = COLOURS[report.state]
            sentence = sentence.replace(f" {report.state}:", f" \x1b[{code}m{report.state}\x1b[0m:", 1)
        level = logging.INFO if report.exit_code is Exit.OK and not heard else logging.ERROR
        told = {"vconf.vendor": report.source, "vconf.account.id": report.account, "vconf.slice": report.as_json()}
        self.say(sentence, level, **_ended("slice", report.exit_code), **told)
        if not self._json:
            for line in (*_named("call", report.failed_calls()), *_named("warning", report.warnings)):
                self.say(line, level)

    def run_ended(self, report: "RunReport") -> None:
        """The summary line; as text not after an error before the first day, which said all there is."""
        level = logging.INFO if report.exit_code is Exit.OK else logging.ERROR
        if report.slices or self._json or report.exit_code is Exit.OK:
            told = {"vconf.run": report.as_json()["run"]}
            self.say(report.summary(), level, **_ended("run", report.exit_code), **told)

    def error(self, sentence: str) -> None:
        """A sentence that ends the command."""
        for line in sentence.splitlines():
            self.say(line if self._json else f"error: {line}", logging.ERROR)


def _ended(what: str, code: Exit) -> dict[str, str]:
    """The end of a slice or run as ECS tells of it."""
    return {"event.action": f"{what}-ended", "event.outcome": "success" if code is Exit.OK else "failure"}


def _named(what: str, sentences: list[str]) -> list[str]:
    """Some of the sentences, each on a line, and how many there are more."""
    more = len(sentences) - MOST_NAMED
    rest = [f"  and {more:,} more, see --report"] if more > 0 else []
    return [f"  {what}: {sentence}" for sentence in sentences[:MOST_NAMED]] + rest


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

    def loaded(self, records: int) -> None:
        """Nothing to show."""

    def comparing(self, destination: str, records: int) -> None:
        """Nothing to show."""

    def looking(self, days: int) -> None:
        """Nothing to show."""

    def end(self) -> None:
        """Nothing to show."""


class TerminalProgress:
    """One line on the terminal: what is done, of how much, and why it waits."""

    def __init__(self, traffic: "Traffic") -> None:
        """`traffic` knows what a request waits for."""
        self._traffic = traffic
        self._bar: Bar | None = None
        self._label, self._count = "", "calls"

    def begin(self, label: str) -> None:
        """Show the line."""
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        traffic, line = self._traffic, self

        class Now(TextColumn):
            def render(self, task: "Task") -> "Text":
                task.fields["now"] = _now(task, line._count, traffic.waiting_for)
                return super().render(task)

        columns = (
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), Now("{task.fields[now]}"),
        )  # fmt: skip
        self._bar = Progress(*columns, console=Terminal(stderr=True), transient=True)
        self._bar.start()
        self._bar.add_task(f"{label}: listing", total=None, now="")
        self._label = label

    def _show(self, **change: Any) -> None:
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], **change)

    def listed(self, calls: int) -> None:
        """The number of calls to fetch is known."""
        self._count = "calls"
        self._show(description=f"{self._label}: fetching", total=calls, completed=0)

    def fetched(self, calls: int) -> None:
        """Some more are there."""
        self._show(advance=calls)

    def loading(self, destination: str, records: int) -> None:
        """The load has begun."""
        self._records(f"loading into {destination}", records)

    def loaded(self, records: int) -> None:
        """Some more are on their way, or compared."""
        self._show(advance=records)

    def comparing(self, destination: str, records: int) -> None:
        """The comparison has begun."""
        self._records(f"comparing with {destination}", records)

    def looking(self, days: int) -> None:
        """The search has begun."""
        self._records("looking through the archive", days, "days")

    def _records(self, what: str, number: int, count: str = "records") -> None:
        self._count = count
        self._show(description=f"{self._label}: {what}", total=number, completed=0)

    def end(self) -> None:
        """Take the line away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _now(task: "Task", what: str, waiting_for: str) -> str:
    """How many calls or records are done, what is left in time, and what the next one waits for."""
    done = f"{task.completed:,.0f} of {task.total:,.0f} {what}, {task.percentage:.0f} %" if task.total else ""
    if task.total and task.time_remaining:
        done += f", {length(task.time_remaining)} left"
    return f"{done}  waiting {waiting_for}" if waiting_for else done


def progress_of(console: Console, traffic: "Traffic") -> SilentProgress | TerminalProgress:
    """The line on a terminal, or nothing."""
    return TerminalProgress(traffic) if console.progress else SilentProgress()
