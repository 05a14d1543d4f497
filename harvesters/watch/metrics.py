"""A file of metrics in Prometheus' text format, for the textfile collector of its node exporter.

Of the run that ended, and of where every account stands. What other commands wrote of their own runs stays.
"""

import fcntl
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from harvesters.core.day import instant_ms
from harvesters.core.errors import Exit, HarvestError
from harvesters.core.files import open_private
from harvesters.core.notes import documents
from harvesters.core.report import RunReport
from harvesters.watch.survey import Surveyed

log = logging.getLogger(__name__)

FAMILIES = {
    "vconf_run_exit_code": "Exit code of the last run.",
    "vconf_run_start_timestamp_seconds": "When the last run began.",
    "vconf_run_end_timestamp_seconds": "When the last run ended.",
    "vconf_run_success_timestamp_seconds": "When the last run that ended with exit code 0 ended.",
    "vconf_run_requests": "Requests to vendors of the last run.",
    "vconf_run_documents": "Documents of the last run, by what became of them (written: to lake or stdout).",
    "vconf_account_success_timestamp_seconds": "When the last run ended in which all days of the account were whole.",
    "vconf_account_anomalies": "What was odd about days of the last run although nothing failed.",
    "vconf_days": "Days of the last 90 by state, since the account's first.",
    "vconf_days_not_whole": "Days of the last 90 that are not whole.",
    "vconf_calls_missing": "Calls of the last 90 days that could not be had.",
    "vconf_retention_left_seconds": "How long the vendor still has the most endangered day that is not whole.",
}
KEPT = re.compile(r"(vconf_(?:run|account)_\w+)\{.*\} \S+")
"""What is kept of an older file, unless there is something newer."""
RESULTS = ("created", "updated", "unchanged", "stale", "rejected", "written")
MUTE = frozenset({"lake", "stdout"})
READABLE_BY_ALL = 0o644
Look = Callable[[], Sequence[Surveyed]]


class Sample(NamedTuple):
    """One line: its name with labels, and the value."""

    name: str
    value: float


def text(samples: Iterable[Sample], older: str) -> str:
    """The whole file: these samples, and of the older file what they say nothing of."""
    kept = (line.rpartition(" ") for line in older.split("\n") if KEPT.fullmatch(line))
    values = {name: value for name, _, value in kept} | {each.name: f"{each.value:.15g}" for each in samples}
    lines = []
    for family, help_ in FAMILIES.items():
        if found := sorted(name for name in values if name.partition("{")[0] == family):
            lines += [f"# HELP {family} {help_}", f"# TYPE {family} gauge"]
            lines += [f"{name} {values[name]}" for name in found]
    return "\n".join(lines) + "\n"


def named(family: str, **labels: str) -> str:
    """A sample's name with its labels."""
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{family}{{{inner}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def of_run(report: RunReport) -> Iterator[Sample]:
    """What is known of a run that ended."""
    command, ended = report.command, _seconds(report.ended)
    yield Sample(named("vconf_run_exit_code", command=command), int(report.exit_code))
    yield Sample(named("vconf_run_start_timestamp_seconds", command=command), _seconds(report.started))
    yield Sample(named("vconf_run_end_timestamp_seconds", command=command), ended)
    if report.exit_code is Exit.OK:
        yield Sample(named("vconf_run_success_timestamp_seconds", command=command), ended)
    yield Sample(named("vconf_run_requests", command=command), sum(each.requests for each in report.slices))
    became = documents(report)
    became["written"] = _written(report)
    for result in RESULTS:  # zeros too: what the run before was told of would stay
        yield Sample(named("vconf_run_documents", command=command, result=result), became[result])
    codes: dict[tuple[str, str], bool] = {}
    odd: Counter[tuple[str, str]] = Counter()
    for each in report.slices:
        account = each.source, each.account
        codes[account] = codes.get(account, True) and each.exit_code is Exit.OK
        odd[account] += len(each.anomalies)
    for (source, id_), whole in codes.items():
        yield Sample(named("vconf_account_anomalies", source=source, account=id_), odd[source, id_])
        if whole:
            yield Sample(named("vconf_account_success_timestamp_seconds", source=source, account=id_), ended)


def _written(report: RunReport) -> int:
    """How many documents were written where nobody says whether they are new: into the lake and to stdout."""
    loads = [load for each in report.slices for name, load in each.destinations.items() if name in MUTE]
    return sum(counts.sent for load in loads for counts in load.counts.types.values())


def _seconds(instant: str) -> float:
    return (instant_ms(instant) or 0) / 1000


def of_accounts(surveyed: Sequence[Surveyed], now: datetime) -> Iterator[Sample]:
    """Where the accounts stand."""
    for each in surveyed:
        labels = {"source": each.account.vendor, "account": each.account.id}
        for state, number in each.states().items():
            yield Sample(named("vconf_days", **labels, state=state), number)
        yield Sample(named("vconf_days_not_whole", **labels), sum(not day.whole for day in each.days))
        yield Sample(named("vconf_calls_missing", **labels), sum(len(day.missing) for day in each.days))
        if left := [(day.kept_until - now).total_seconds() for day in each.days if day.fetchable]:
            yield Sample(named("vconf_retention_left_seconds", **labels), min(left))


class MetricsFile:
    """Writes the metrics of one run; what goes wrong with that is said, and changes nothing."""

    def __init__(
        self, path: Path, lock: Path, look: Callable[[], Sequence[Surveyed]], now: Callable[[], datetime]
    ) -> None:
        """`lock`: a file that all runs lock while they write; `look`: where the accounts stand."""
        self._path, self._lock, self._look, self._now = path, lock, look, now

    def began(self, report: RunReport) -> None:
        """Nothing is written before the end."""

    def ended(self, report: RunReport) -> None:
        """Put the new file in the place of the old one, as a whole; everybody may read it."""
        try:
            samples = [*of_run(report), *of_accounts(self._standing(), self._now())]
            with _held(self._lock):
                older = self._path.read_bytes().decode("utf-8", "replace") if self._path.exists() else ""
                fresh = self._path.with_name(f"{self._path.name}.new")
                fresh.write_bytes(text(samples, older).encode("utf-8", "replace"))
                fresh.chmod(READABLE_BY_ALL)
                fresh.replace(self._path)
        except OSError as error:
            log.warning(
                "METRICS_FILE %s cannot be written: %s. The run itself is as it is.", self._path, error.strerror
            )

    def _standing(self) -> Sequence[Surveyed]:
        """Where the accounts stand; nothing where the settings do not say which there are."""
        try:
            return self._look()
        except HarvestError:
            return ()


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """No other run reads and writes the metrics meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_private(path, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
