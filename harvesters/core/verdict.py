"""The verdict on a slice: figures, state and exit code from what is known of its calls and loads."""

from harvesters.core.errors import Exit, HarvestError, worst
from harvesters.core.fetching import NOT_HAD
from harvesters.core.loading import Load
from harvesters.core.manifest import CallState, Manifest
from harvesters.core.report import COMPLETE, DEFERRED, EMPTY, FAILED, PARTIAL, WHOLE, SliceReport

MOST_ODDITIES = 10
STATES = {
    Exit.OK: COMPLETE,
    Exit.PARTIAL: PARTIAL,
    Exit.DEFERRED: DEFERRED,
    Exit.INTERRUPTED: PARTIAL,
}
INTERRUPTED = "interrupted: what was fetched is kept, and the next run goes on from there"


def figures(report: SliceReport, manifest: Manifest, scope: set[str] | None) -> None:
    """Count the slice's calls: listed = harvested + without conference + failed."""
    calls = {key: state for key, state in manifest.calls.items() if _in_scope(key, state, scope)}
    report.listed = len(calls)
    report.harvested = sum(state.state == "fetched" for state in calls.values())
    report.without_conference = sum(state.state == "none" for state in calls.values())
    report.failed = [{"key": key, "reason": state.reason} for key, state in calls.items() if state.state in NOT_HAD]


def _in_scope(key: str, state: CallState, scope: set[str] | None) -> bool:
    """A call that could not be had counts also when the newest listing leaves it out."""
    return state.listed or state.state in NOT_HAD if scope is None else key in scope


def judge_slice(
    report: SliceReport,
    manifest: Manifest,
    scope: set[str] | None,
    error: BaseException | None,
    harm: list[str],
) -> None:
    """Fill a report's figures, warnings, state and exit code."""
    figures(report, manifest, scope)
    loads = list(report.destinations.values())
    report.warnings += harm
    for name, load in report.destinations.items():
        report.warnings += _warnings(name, load)
    report.warnings = list(dict.fromkeys(report.warnings))
    reasons = [str(each).rstrip(".") or INTERRUPTED for each in (error, *(load.error for load in loads)) if each]
    report.reason = "; ".join(dict.fromkeys([*([report.reason] if report.reason else []), *reasons]))
    whole = not report.failed and not harm and all(load.whole for load in loads)
    report.exit_code = _exit_code(error, loads, whole=whole)
    report.state = STATES.get(report.exit_code, FAILED)
    if report.state == COMPLETE and not report.listed:
        report.state = EMPTY


def stays(report: SliceReport, manifest: Manifest, harm: list[str], *, owed: bool) -> str:
    """The state that a judged slice keeps from before, although its run ended early; "" if it keeps none.

    A day that was whole and settled is so still where asking once more failed: nothing was taken from it. `owed`:
    whether a destination of the run lacks records.
    """
    had = not report.failed and not harm and manifest.settled and manifest.state in WHOLE
    there = all(load.whole for load in report.destinations.values()) and not owed
    if report.exit_code is Exit.OK or not (had and there):
        return ""
    return COMPLETE if report.listed else EMPTY


def _exit_code(error: BaseException | None, loads: list[Load], *, whole: bool) -> Exit:
    codes = [load.error.exit_code for load in loads if load.error]
    if isinstance(error, HarvestError):
        codes.append(error.exit_code)
    elif error is not None:
        codes.append(Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.FAILED)
    if not whole:
        codes.append(Exit.PARTIAL)
    # An early end leaves calls behind by its nature; what the operator must see is why it ended.
    if error is not None and Exit.PARTIAL in codes:
        codes.remove(Exit.PARTIAL)
    return worst(codes)


def _warnings(name: str, load: Load) -> list[str]:
    found = load.sentences()
    for record, reasons in load.counts.refused.items():
        found += [f"{name} refused {number} documents of {record}: {why}" for why, number in reasons.items()]
    if load.counts.letters:
        found.append(f"copies of what {name} refused are in {load.counts.letters}")
    stale = sum(counts.stale for counts in load.counts.types.values())
    if stale:
        found.append(f"{name} holds newer versions of {stale} documents (stale): is another machine's clock ahead?")
    found += [f"the vendor sent {number} x {what}" for what, number in load.oddities.most_common(MOST_ODDITIES)]
    return found
