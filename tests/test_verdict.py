"""The verdict: which state and exit code a slice gets, and which of several codes the run ends with."""

from collections import Counter
from collections.abc import Callable
from itertools import permutations

import pytest

from harvesters.core.destinations import Counts, TypeCounts
from harvesters.core.errors import (
    ArchiveError,
    AuthError,
    DeferredError,
    DestinationError,
    Exit,
    InterruptedRunError,
    RetentionError,
    SliceError,
    worst,
)
from harvesters.core.loading import Load
from harvesters.core.manifest import CallState, Manifest
from harvesters.core.report import RunReport, SliceReport
from harvesters.core.run import finish
from harvesters.core.verdict import judge_slice
from tests.test_nightly import NOW

FETCHED, NONE, FAILED, LOST, MISSING = (
    CallState("fetched"),
    CallState("none"),
    CallState("failed", reason="why"),
    CallState("lost", reason="gone"),
    CallState("missing", reason="not fetched yet"),
)


def judged(
    *states: CallState,
    error: BaseException | None = None,
    harm: tuple[str, ...] = (),
    load: Load | None = None,
    scope: set[str] | None = None,
) -> SliceReport:
    """The verdict on calls `0`, `1`, … in these states."""
    manifest = Manifest("opentok", "1", "2026-11-20", calls={str(i): state for i, state in enumerate(states)})
    report = SliceReport("opentok", "1", "2026-11-20", destinations={"lake": load} if load else {})
    judge_slice(report, manifest, scope, error, list(harm))
    return report


def refusing() -> Load:
    return Load(counts=Counts(refused={"a": Counter({"a bad field": 2})}))


GONE = DestinationError("the disk is full.")


@pytest.mark.parametrize(
    ("report", "state", "code"),
    [
        pytest.param(judged, "empty", 0, id="nothing listed"),
        pytest.param(lambda: judged(FETCHED), "complete", 0, id="whole"),
        pytest.param(lambda: judged(FETCHED, NONE), "complete", 0, id="one without a conference"),
        pytest.param(lambda: judged(FETCHED, load=Load()), "complete", 0, id="whole and loaded"),
        pytest.param(lambda: judged(FETCHED, load=Load(surplus=["more"])), "complete", 0, id="surplus is a warning"),
        pytest.param(lambda: judged(FETCHED, FAILED), "partial", 3, id="a call failed"),
        pytest.param(lambda: judged(FETCHED, LOST), "partial", 3, id="a call is lost"),
        pytest.param(lambda: judged(FETCHED, MISSING), "partial", 3, id="a call was never fetched"),
        pytest.param(lambda: judged(FETCHED, harm=("12 were counted",)), "partial", 3, id="the list fell short"),
        pytest.param(lambda: judged(FETCHED, load=refusing()), "partial", 3, id="documents were refused"),
        pytest.param(lambda: judged(FETCHED, load=Load(broken={"a": "why"})), "partial", 3, id="one is unreadable"),
        pytest.param(lambda: judged(FETCHED, load=Load(shortfall=["less"])), "partial", 3, id="the count is short"),
        pytest.param(lambda: judged(MISSING, error=DeferredError("later")), "deferred", 75, id="deferred"),
        pytest.param(lambda: judged(MISSING, error=AuthError("no")), "failed", 77, id="refused"),
        pytest.param(lambda: judged(MISSING, error=SliceError("502")), "failed", 1, id="the vendor is broken"),
        pytest.param(lambda: judged(error=RetentionError("too old")), "failed", 1, id="too old"),
        pytest.param(lambda: judged(error=ArchiveError("no space")), "failed", 1, id="our own disk"),
        pytest.param(lambda: judged(FETCHED, error=TypeError("a bug")), "failed", 1, id="a mistake of ours"),
        pytest.param(lambda: judged(MISSING, error=KeyboardInterrupt()), "partial", 130, id="Ctrl-C"),
        pytest.param(lambda: judged(MISSING, error=InterruptedRunError("stop")), "partial", 130, id="stopped"),
        pytest.param(lambda: judged(FETCHED, load=Load(error=GONE)), "failed", 1, id="the destination is gone"),
        pytest.param(
            lambda: judged(MISSING, error=DeferredError("later"), load=Load(error=GONE)),
            "failed",
            1,
            id="deferred, and the destination is gone",
        ),
        pytest.param(
            lambda: judged(MISSING, error=AuthError("no"), load=Load(error=GONE)),
            "failed",
            77,
            id="refused, and the destination is gone",
        ),
        pytest.param(lambda: judged(FETCHED, FAILED, scope={"0"}), "complete", 0, id="what was selected is whole"),
        pytest.param(lambda: judged(FETCHED, FAILED, scope={"1"}), "partial", 3, id="what was selected failed"),
        pytest.param(lambda: judged(FETCHED, FAILED, scope=set()), "empty", 0, id="nothing was selected"),
    ],
)
def test_state_and_exit_code_of_a_slice(report: Callable[[], SliceReport], state: str, code: int) -> None:
    found = report()
    assert (found.state, found.exit_code) == (state, code)


def test_the_figures_of_a_slice_count_its_calls() -> None:
    report = judged(FETCHED, FETCHED, FETCHED, NONE, NONE, FAILED, LOST, MISSING)
    assert (report.listed, report.harvested, report.without_conference) == (8, 3, 2)
    assert report.failed == [
        {"key": "5", "reason": "why"},
        {"key": "6", "reason": "gone"},
        {"key": "7", "reason": "not fetched yet"},
    ]


def test_calls_that_are_no_longer_listed_count_only_if_they_are_missing() -> None:
    states = [CallState(state, listed=False) for state in ("fetched", "none", "failed", "lost", "missing")]
    report = judged(*states)
    assert (report.listed, report.harvested, report.without_conference) == (3, 0, 0)
    assert [each["key"] for each in report.failed] == ["2", "3", "4"]


def test_every_reason_is_said_once() -> None:
    report = judged(FETCHED, error=DestinationError("the disk is full."), load=Load(error=GONE))
    assert report.reason == "the disk is full"
    report = judged(FETCHED, error=SliceError("502 for minutes."), load=Load(error=GONE))
    assert report.reason == "502 for minutes; the disk is full"


def test_what_is_wrong_with_the_documents_is_a_warning_each() -> None:
    load = refusing()
    load.broken, load.shortfall, load.surplus = {"b": "cut"}, ["short"], ["more"]
    load.counts.types = {"sample": TypeCounts(stale=2), "stream": TypeCounts(stale=1)}
    load.oddities = Counter({"null rows": 3})
    assert judged(FETCHED, harm=("harm",), load=load).warnings == [
        "harm",
        "record b cannot be made into documents: cut",
        "short",
        "more",
        "lake refused 2 documents of a: a bad field",
        "lake holds newer versions of 3 documents (stale): is another machine's clock ahead?",
        "the vendor sent 3 x null rows",
    ]


ORDER = [130, 78, 77, 2, 1, 3, 75, 0]
"""`architecture.md`, section 10; wrong usage ends a command before there are others."""


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_of_several_exit_codes_the_worst_counts(first: int) -> None:
    rest = [Exit(code) for code in ORDER[first:]]
    for mixed in permutations(rest[:3]):
        assert worst([*mixed, *rest]) == ORDER[first]


def test_a_run_without_slices_is_fine() -> None:
    assert worst([]) is Exit.OK


@pytest.mark.parametrize(
    ("codes", "more", "code"),
    [
        ((0, 0), (), 0),
        ((0, 3, 0), (), 3),
        ((75, 3), (), 3),
        ((75, 0), (), 75),
        ((1, 3, 75), (), 1),
        ((1, 77), (), 77),
        ((0,), (75,), 75),
        ((77,), (130,), 130),
        ((), (78,), 78),
    ],
)
def test_the_exit_code_of_a_run_is_the_worst_of_its_slices(
    codes: tuple[int, ...], more: tuple[int, ...], code: int
) -> None:
    report = RunReport("a", "opentok", "1", "2026-11-20T08:00:00.000Z")
    report.slices = [SliceReport("opentok", "1", "2026-11-20", exit_code=Exit(each)) for each in codes]
    finish(report, NOW, [Exit(each) for each in more])
    assert (report.exit_code, report.ended) == (code, "2026-11-20T08:00:00.000Z")
