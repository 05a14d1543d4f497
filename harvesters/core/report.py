"""What a run says at its end: one sentence a slice, one summary line, and the same as JSON."""

import re
import resource
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harvesters.core.anomaly import Anomaly
from harvesters.core.errors import Exit
from harvesters.core.forecast import Forecast
from harvesters.core.loading import Load
from harvesters.core.tally import Tally
from harvesters.core.words import many

COMPLETE, EMPTY, PARTIAL, DEFERRED, FAILED = "complete", "empty", "partial", "deferred", "failed"
WHOLE = frozenset({COMPLETE, EMPTY})
PLANNED = "planned"
NOT_YET = "not fetched yet"


@dataclass(slots=True)
class SliceReport:
    """What became of one slice.

    `listed`, `harvested`, `without_conference` and `failed` count calls, `unchanged` records. `selected`: the
    user narrowed the work, and the figures are those of the selection. `plan`: of a dry run. `route`: which of the
    vendor's ways to the day was taken, `detour` why not the better one. `quotas`: what is used up of each day's.
    `due` and `diffs`, of a replay's dry run, by destination: records to load, and what would change by that.
    `anomalies`: what is odd although nothing failed; `examined`: it was looked for, so that there is no other.
    `kept`: the state that the day keeps although the run ended early; `expired`: its archive is gone on purpose, so it
    stays what it was. `vendor_total`: how many calls the vendor itself counts, `delta` how many more than are here, or
    None where that cannot be compared.
    """

    source: str
    account: str
    day: str
    state: str = FAILED
    selected: bool = False
    settled: bool = False
    attempts: int = 0
    listed: int = 0
    harvested: int = 0
    without_conference: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    unchanged: int = 0
    warnings: list[str] = field(default_factory=list)
    destinations: dict[str, Load] = field(default_factory=dict)
    requests: int = 0
    retried: int = 0
    repeated: int = 0
    waited_s: float = 0.0
    bytes_in: int = 0
    reason: str = ""
    exit_code: Exit = Exit.OK
    plan: Forecast | None = None
    route: str = ""
    detour: str = ""
    quotas: list[dict[str, int | str]] = field(default_factory=list)
    due: dict[str, int] = field(default_factory=dict)
    diffs: dict[str, Tally] = field(default_factory=dict)
    anomalies: list[Anomaly] = field(default_factory=list)
    vendor_total: float | None = None
    delta: float | None = None
    kept: str = ""
    examined: bool = False
    expired: bool = False

    @property
    def remarkable(self) -> bool:
        """Whether there is something to be heard of it, be it whole or not."""
        return bool(self.warnings or self.anomalies)

    def as_json(self) -> dict[str, Any]:
        """The slice as `--report` writes it; `due` and `diff` stand in it where there was something to look at."""
        names = (
            "source", "account", "day", "state", "selected", "settled", "listed", "harvested",
            "without_conference", "failed", "unchanged", "warnings", "requests", "retried", "repeated", "reason",
            "route", "quotas",
        )  # fmt: skip
        return {
            **{name: getattr(self, name) for name in names},
            "waited_s": round(self.waited_s, 3),
            "anomalies": [asdict(each) for each in self.anomalies],
            "destinations": {name: _counts(load) for name, load in self.destinations.items()},
            **({"due": self.due} if self.due else {}),
            **({"diff": {name: tally.as_json() for name, tally in self.diffs.items()}} if self.diffs else {}),
        }

    def sentence(self) -> str:
        """The slice for people, in one line."""
        if self.state == PLANNED:
            return f"{self.source} {self.account} {self.day} {self.state}: {self.reason}."
        known = self.listed or self.state in {*WHOLE, PARTIAL}
        parts = [self._calls()] if known else []
        parts += [_loaded(name, load) for name, load in self.destinations.items() if known or load.owed]
        if self.detour:
            parts.append(f"by way of {self.route}: {self.detour}")
        if self.waited_s >= 1:
            parts.append(f"waited {self.waited_s:.0f} s")
        if self.reason:
            parts.append(self.reason)
        if self.kept:
            parts.append(f"the day stays {self.kept} as it was")
        told = "; ".join(part.rstrip(".") for part in parts)
        return f"{self.source} {self.account} {self.day} {self.state}: {told}."

    def failed_calls(self) -> list[str]:
        """Each call that could not be had, with the reason; not those whose turn had not come."""
        return [f"{each['key']}: {each['reason']}" for each in self.failed if each["reason"] != NOT_YET]

    def _calls(self) -> str:
        """The calls in numbers; not said of a day that could not be listed, for nobody knows them."""
        words = f"{self.harvested:,} of {self.listed:,} {'selected ' if self.selected else ''}calls"
        if self.without_conference:
            words += f" ({self.without_conference:,} without a conference)"
        reasons = Counter(each["reason"] for each in self.failed)
        waiting = reasons.pop(NOT_YET, 0)
        if failed := reasons.total():
            named = "; ".join(f"{n:,} x {why}" for why, n in reasons.most_common(3))
            words += f", {failed:,} failed ({named})"
        return words + (f", {waiting:,} {NOT_YET}" if waiting else "")


def _counts(load: Load) -> dict[str, dict[str, int]]:
    return {type_: asdict(counts) for type_, counts in sorted(load.counts.types.items())}


def _loaded(name: str, load: Load) -> str:
    total = Counter[str]()
    for counts in load.counts.types.values():
        total.update(asdict(counts))
    if not load.owed:
        return f"{name}: nothing new"
    total["superseded ones removed"] = load.removed
    kinds = ("created", "updated", "stale", "rejected", "superseded ones removed")
    extra = [f"{total[each]:,} {each}" for each in kinds if total[each]]
    return f"{name}: {total['sent']:,} documents" + (f" ({', '.join(extra)})" if extra else "")


@dataclass(slots=True)
class RunReport:
    """What became of one execution of the command."""

    id: str
    command: str
    version: str
    started: str
    ended: str = ""
    exit_code: Exit = Exit.OK
    slices: list[SliceReport] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The run as `--report` writes it."""
        return {
            "run": {
                "id": self.id,
                "command": self.command,
                "version": self.version,
                "started": self.started,
                "ended": self.ended,
                "exit_code": int(self.exit_code),
                "peak_rss_mb": peak_rss_mb(),
            },
            "slices": [each.as_json() for each in self.slices],
        }

    def summary(self) -> str:
        """The run for people, in one line."""
        states = Counter(each.state for each in self.slices)
        told = ", ".join(f"{number} {state}" for state, number in states.most_common()) or "nothing to do"
        days = many(len(self.slices), "day")
        if plans := [each.plan for each in self.slices if each.plan]:
            return f"{days} ({told}), {_planned(plans)}, exit {int(self.exit_code)}."
        if due := _total(each.due for each in self.slices):
            loads = [f"{many(records, 'record')} to load into {name}" for name, records in due.items()]
            return f"{days} ({told}), {', '.join(loads)}, exit {int(self.exit_code)}."
        calls = sum(each.harvested for each in self.slices)
        requests = sum(each.requests for each in self.slices)
        return f"{days} ({told}), {many(calls, 'call')}, {many(requests, 'request')}, exit {int(self.exit_code)}."


def _total(numbers: Iterable[dict[str, int]]) -> dict[str, int]:
    """The sums by name; unlike a counter's, zeros stay."""
    sums: dict[str, int] = {}
    for each in numbers:
        sums |= {name: sums.get(name, 0) + number for name, number in each.items()}
    return sums


def _planned(plans: list[Forecast]) -> str:
    """What several days would take together."""
    known = [each.seconds for each in plans if each.seconds is not None]
    calls, requests = sum(each.calls for each in plans), sum(each.requests for each in plans)
    whole = Forecast(calls, requests, sum(known) if known else None)
    return f"{many(whole.calls, 'call')} to fetch in {whole}"


def peak_rss_mb() -> float:
    """Largest memory use of this process so far, in MB.

    Linux hands `ru_maxrss` on to the programs that a process starts, so a large parent would be taken for us.
    """
    own = Path("/proc/self/status")
    if own.exists() and (found := re.search(r"VmHWM:\s*(\d+)", own.read_text("ascii", "replace"))):
        return round(int(found[1]) / (1 << 10), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
