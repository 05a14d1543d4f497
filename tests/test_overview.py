"""The numbers of the report, worked out by hand, and laws that hold for any."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.day import Day
from harvesters.core.errors import DestinationError
from harvesters.core.period import Period
from harvesters.overview.completeness import NEVER, Slice, completeness
from harvesters.overview.counts import Labels, Share, Spread
from harvesters.overview.figures import BETTER, WORSE, figures, headline
from harvesters.overview.tally import Tally, hours
from harvesters.overview.worst import KEPT
from tests.overview_calls import WEEK, Calls, Json, document, stream

MONDAY, SUNDAY = Day(date(2026, 11, 23)), Day(date(2026, 11, 29))
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


def call(began: str, joins: int | None = 2, people: int | None = 2, minutes: float | None = 60.0, **more: Any) -> Json:
    counts, length = {"count": joins, "unique": people}, {"participant": minutes}
    return document(began, participants=counts, minutes=length, **more)


# -- what is counted --------------------------------------------------------------------------------------


def test_a_call_counts_on_the_day_on_which_it_began_and_nowhere_else() -> None:
    calls = Calls(
        conference=[
            call("2026-11-22T23:59"),
            call("2026-11-23T00:00"),
            call("2026-11-29T23:59"),
            call("2026-11-30T00:00"),
        ]
    )
    found = calls.tally()

    assert found.all.conferences == 2
    assert found.calls_of == {MONDAY: 1, SUNDAY: 1}


def test_what_belongs_to_a_call_counts_on_the_calls_day() -> None:
    late = stream("2026-11-29T23:50", "poor")
    late["@timestamp"] = "2026-11-30T00:10:00.000Z"

    assert Calls(stream=[late]).tally().labels_of == {SUNDAY: Labels(poor=1)}


def test_where_the_calls_start_is_unknown_its_own_time_counts() -> None:
    lone = document("2026-11-24T08:00", issue={"code": "x", "source": "vendor", "severity": "error"})
    del lone["vconf"]["conference"]["start"]

    assert Calls(issue=[lone]).tally().issues == {("vendor", "x", "error"): 1}


def test_what_the_vendor_does_not_tell_is_no_zero() -> None:
    found = Calls(conference=[call("2026-11-23T09:00"), call("2026-11-23T10:00", None, None, None)]).tally()
    shown = {each.title: each for each in figures(found, Calls().tally())}

    assert (found.all.people.total, found.all.people.told, found.all.people.of) == (2, 1, 2)
    assert shown["People"].value == "2"
    assert "not told for 1 conference" in shown["People"].basis
    silent = Calls(conference=[call("2026-11-23T10:00", None, None, None)]).tally()
    assert {each.title: each.value for each in figures(silent, silent)} == {
        "Conferences": "1",
        "People": "not told",
        "Participant minutes": "not told",
        "Poor streams": "not told",
        "Trouble connecting": "not told",
        "Cut off": "not told",
    }


@pytest.mark.parametrize(
    ("audio", "video", "label"),
    [
        ("good", "poor", "poor"),
        ("poor", None, "poor"),
        ("fair", "good", "fair"),
        ("unknown", "good", "good"),
        ("unknown", "unknown", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_a_stream_is_as_good_as_its_worse_medium(audio: str | None, video: str | None, label: str) -> None:
    found = Calls(stream=[stream("2026-11-23T09:00", audio, video)]).tally()

    assert found.all.labels == Labels(**{label: 1})


def test_only_what_made_a_poor_medium_poor_is_a_reason_and_each_once_a_stream() -> None:
    both = stream("2026-11-23T09:00", "poor", "poor", ["loss", "jitter"])
    fair = stream("2026-11-23T09:00", "fair", "good", ["loss"])

    assert Calls(stream=[both, both, fair]).tally().reasons == {"loss": 2, "jitter": 2}


def test_who_was_cut_off_is_a_share_of_those_whose_end_is_known() -> None:
    stays = [{"dropped": True}, {"dropped": False}, {"dropped": False}, {}]
    found = Calls(participant=[document("2026-11-23T09:00", participant=each) for each in stays]).tally()

    assert found.reliability.dropped.share == Share(1, 3)
    assert found.all.joins == 4


def test_trouble_connecting_is_asked_of_vendors_that_tell_of_issues_alone() -> None:
    def issue(person: str, severity: str, subject: str, source: str = "vendor") -> Json:
        told = {"code": "x", "source": source, "severity": severity, "subject": subject}
        return document("2026-11-23T09:00", "peermetrics", issue=told, participant={"id": person})

    joins = [document("2026-11-23T09:00", vendor) for vendor in ("peermetrics", "peermetrics", "peermetrics", "zoom")]
    issues = [
        issue("ann", "error", "connection"), issue("ann", "error", "connection"), issue("ben", "warning", "connection"),
        issue("cem", "error", "track"), issue("dan", "error", "connection", "rule"),
    ]  # fmt: skip

    assert Calls(participant=joins, issue=issues).tally().reliability.trouble == Share(1, 3)
    assert Calls(participant=joins).tally().reliability.trouble.percent is None


def test_accounts_that_were_not_asked_for_do_not_count() -> None:
    calls = Calls(conference=[call("2026-11-23T09:00"), call("2026-11-23T09:00", account="clinic")])

    assert set(calls.tally(accounts=("clinic",)).by_account) == {("zoom", "clinic")}
    assert set(calls.tally().by_account) == {("zoom", "clinic"), ("zoom", "school")}


@pytest.mark.parametrize("source", [b"{", b"{}", b'{"@timestamp": "soon", "vconf": {}}', b"\xff"])
def test_what_is_no_document_of_ours_is_a_sentence(source: bytes) -> None:
    with pytest.raises(DestinationError, match=r"load its day again with './harvest.py replay'"):
        Tally(WEEK).read(lambda _: [source])


def test_numbers_do_not_depend_on_the_order_of_documents() -> None:
    streams = [
        stream("2026-11-23T09:00", label, user_agent={"name": name}) for label in ("good", "poor") for name in "abc"
    ]
    one, other = Calls(stream=streams).tally(), Calls(stream=streams[::-1]).tally()

    assert one.groups.breakdowns(one.all.labels) == other.groups.breakdowns(other.all.labels)
    assert one.labels_of == other.labels_of


# -- the worst calls --------------------------------------------------------------------------------------


def verdict(began: str, code: str, affected: int, poor_s: float = 0.0, **call: object) -> Json:
    told = {"code": code, "text": "Something.", "affected": affected, "of": 10}
    return document(began, verdict=told, quality={"received": {"audio": {"poor_s": poor_s}}}, conference=call)


def test_the_worst_calls_are_those_that_befell_most_people_then_longest() -> None:
    calls = [
        verdict("2026-11-23T09:00", "rejoins", 9),
        verdict("2026-11-23T10:00", "sender", 2, 60),
        verdict("2026-11-23T11:00", "server", 2, 120),
        verdict("2026-11-23T12:00", "drops", 3),
        verdict("2026-11-23T13:00", "fine", 0),
        verdict("2026-11-23T14:00", "no_data", 0),
    ]

    worst = Calls(conference=calls).tally().worst.calls()
    assert [(each.began[11:13], each.poor_min) for each in worst] == [
        ("12", 0.0),
        ("11", 2.0),
        ("10", 1.0),
        ("09", 0.0),
    ]


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), max_size=40))
def test_however_many_calls_there_are_the_worst_are_kept(affected: list[int]) -> None:
    calls = [
        verdict(f"2026-11-23T{at // 60:02d}:{at % 60:02d}", "sender", number) for at, number in enumerate(affected)
    ]

    found = [each.affected for each in Calls(conference=calls).tally().worst.calls()]
    assert found == sorted(affected, reverse=True)[:KEPT]


def test_a_topic_is_cut_and_not_shown_where_the_profile_hides_it() -> None:
    long, hidden = verdict("2026-11-23T09:00", "sender", 3, name="x" * 200), verdict("2026-11-23T09:01", "sender", 2)
    turned = verdict("2026-11-23T09:02", "sender", 1, name="a\u202eb\x00c\nd")
    hidden["vconf"]["privacy"] = "pseudonymous"
    hidden["vconf"]["conference"]["name"] = "Ann's call"

    names = [each.name for each in Calls(conference=[long, hidden, turned]).tally().worst.calls()]
    assert names == ["x" * 79 + "…", None, "a b c d"]


# -- against the days before ------------------------------------------------------------------------------


def labelled(poor: int, good: int) -> Tally:
    streams = [
        stream("2026-11-23T09:00", label) for label, many in (("poor", poor), ("good", good)) for _ in range(many)
    ]
    return Calls(conference=[call("2026-11-23T09:00")], stream=streams).tally()


@pytest.mark.parametrize(
    ("now", "then", "change", "trend"),
    [
        ((20, 80), (5, 95), "+15.0 points against 5.0 % of 100 the week before", WORSE),
        ((5, 95), (20, 80), "\u221215.0 points against 20.0 % of 100 the week before", BETTER),
        ((6, 94), (5, 95), "about the same: 5.0 % of 100 the week before", ""),
        ((1, 2), (5, 95), "too few to compare with 5.0 % of 100 the week before", ""),
        ((1, 99), (0, 0), "nothing to compare with the week before", ""),
    ],
)
def test_a_difference_that_may_be_chance_is_none(
    now: tuple[int, int], then: tuple[int, int], change: str, trend: str
) -> None:
    (shown,) = [each for each in figures(labelled(*now), labelled(*then)) if each.title == "Poor streams"]

    assert (shown.change, shown.trend) == (change, trend)


def test_the_sentence_says_how_much_was_poor_and_against_what() -> None:
    assert headline(labelled(20, 80), labelled(5, 95)) == (
        "1 conference with 2 people. 20.0 % of the streams were poor: more than the week before, when it was 5.0 %."
    )
    assert headline(labelled(0, 0), labelled(0, 0)) == (
        "1 conference with 2 people. Nothing could be judged: no measurements came that tell of quality."
    )


def test_a_share_knows_what_it_is_at_least() -> None:
    assert Share(10, 100).at_least == pytest.approx(5.52, abs=0.01)  # Wilson's interval, from a table
    assert (Share(0, 0).at_least, Share(0, 0).percent) == (0.0, None)


def test_groups_with_few_cases_are_told_together_and_none_is_called_worse_by_chance() -> None:
    def some(name: str, poor: int, good: int) -> list[Json]:
        return [
            stream("2026-11-23T09:00", label, user_agent={"name": name})
            for label, many in (("poor", poor), ("good", good))
            for _ in range(many)
        ]

    streams = [*some("Bad", 30, 30), *some("Usual", 10, 190), *some("Rare", 2, 1), *some("Odd", 0, 5)]
    untold = [stream("2026-11-23T09:00", "good")] * 3
    tally = Calls(stream=[*streams, *untold]).tally()
    (found,) = [each for each in tally.groups.breakdowns(tally.all.labels) if each.title == "Browser"]

    assert [(each.name, each.labels.judged, each.worse) for each in found.groups] == [
        ("Bad", 60, True),
        ("Usual", 200, False),
    ]
    assert (found.few, found.untold) == ((2, Labels(good=6, poor=2)), 3)


# -- laws -------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 1e5), min_size=1, max_size=200), st.sampled_from([5, 50, 95, 100]))
def test_a_percentile_is_right_within_one_percent(values: list[float], which: int) -> None:
    spread = Spread()
    for each in values:
        spread.add(each)
    exact = sorted(values)[max(0, -(-which * len(values) // 100) - 1)]

    found = spread.percentile(which)
    assert found is not None
    assert abs(found - exact) <= 0.0101 * exact
    assert spread.n == len(values)
    assert Spread().percentile(which) is None


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 48 * 60))
def test_a_stay_is_spread_over_its_hours_without_loss(start: int, minutes: int) -> None:
    begin = datetime.fromtimestamp(1_795_000_000 + start * 60, UTC)
    end = datetime.fromtimestamp(begin.timestamp() + minutes * 60, UTC)
    found = list(hours(begin.isoformat(), end.isoformat()))

    assert sum(each for _, _, each in found) == minutes * 60_000
    if found:
        assert found[0][:2] == (begin.weekday(), begin.hour)
    assert all(0 < each <= 3_600_000 for _, _, each in found)


def test_a_stay_by_a_wrong_clock_ends() -> None:
    assert len(list(hours("1970-01-01T00:00:00Z", "2026-11-23T00:00:00Z"))) == 7 * 24


@settings(deadline=None)
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 400))
def test_the_days_before_are_as_many_and_end_where_these_begin(first: date, number: int) -> None:
    period = Period(Day(first), Day(first) + number)

    assert len(period) == len(list(period)) == len(period.before) == number
    assert period.before.end == period.first
    assert not any(day in period for day in period.before)


# -- whether the days are whole ---------------------------------------------------------------------------


def test_a_day_is_whole_if_it_is_for_every_account() -> None:
    slices = [
        *(Slice("zoom", "a", day, "complete", settled=True) for day in WEEK),
        *(Slice("zoom", "b", day, "empty", settled=day < SUNDAY) for day in WEEK if day > MONDAY),
        Slice("zoom", "b", MONDAY, "partial", failed=2, retention_ends=datetime(2026, 12, 3, 12, tzinfo=UTC)),
    ]
    found = completeness(WEEK, slices, {}, NOW)

    assert [each.whole for each in found.days] == [False, True, True, True, True, True, True]
    assert (found.whole, found.unsettled) == (6, 1)
    assert found.gaps == ("zoom b: Mon 23 Nov is partial, 2 calls missing; the vendor keeps it for 3 more days.",)


def test_accounts_of_one_name_are_told_apart() -> None:
    slices = [
        *(
            Slice("peermetrics", "app-1", day, "failed" if day == MONDAY else "complete", name="default")
            for day in WEEK
        ),
        *(Slice("peermetrics", "app-2", day, "complete", name="default") for day in WEEK),
        *(Slice("zoom", "z", day, "complete", name="default") for day in WEEK),
    ]
    found = completeness(WEEK, slices, {("peermetrics", "app-2"): "default"}, NOW)
    calls = Calls(conference=[
        call("2026-11-23T09:00", account={"name": "default", "id": id_}) for id_ in ("app-1", "app-2", "app-2")
    ])  # fmt: skip

    assert [name for _, name, _ in calls.tally().accounts_called] == ["default (app-1)", "default (app-2)"]
    assert found.whole == 6
    assert found.gaps == ("peermetrics default (app-1): Mon 23 Nov is failed.",)
    assert {key: each.conferences for key, each in calls.tally().by_account.items()} == {
        ("zoom", "app-1"): 1, ("zoom", "app-2"): 2
    }  # fmt: skip


def test_days_that_nobody_harvested_are_one_gap() -> None:
    slices = [Slice("zoom", "a", day, "complete") for day in WEEK if day < Day(date(2026, 11, 26))]
    found = completeness(WEEK, slices, {("opentok", "b"): "b"}, NOW)

    assert {each.state for each in found.days} == {NEVER}
    assert found.gaps == (
        "opentok b: Mon 23 Nov to Sun 29 Nov were never harvested.",
        "zoom a: Thu 26 Nov to Sun 29 Nov were never harvested.",
    )


@pytest.mark.parametrize(
    ("state", "ends", "gap"),
    [
        ("failed", datetime(2026, 11, 29, tzinfo=UTC), "Mon 23 Nov is failed; the vendor no longer has it."),
        ("deferred", None, "Mon 23 Nov is deferred."),
        ("", None, "Mon 23 Nov is not finished."),
    ],
)
def test_every_other_state_is_a_gap(state: str, ends: datetime | None, gap: str) -> None:
    found = completeness(Period(MONDAY, MONDAY + 1), [Slice("zoom", "a", MONDAY, state, retention_ends=ends)], {}, NOW)

    assert found.gaps == (f"zoom a: {gap}",)
    assert not found.days[0].whole


def test_where_nobody_knows_of_any_run_nothing_is_claimed() -> None:
    found = completeness(WEEK, [], {}, NOW)

    assert (found.days, found.gaps) == ((), ())
