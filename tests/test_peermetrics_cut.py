"""Where a room's sessions fall apart into conferences, and that it does not matter which day is asked about."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.peermetrics.cut import GAP, LONGEST_UNENDED, Span, conferences

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def nobody(span: Span) -> int:
    message = f"nobody had to be asked about {span.id}"
    raise AssertionError(message)


def cut(spans: list[Span], day: int = 0, heard: dict[str, int] | None = None) -> list[list[str]]:
    told = heard or {}
    found = conferences(spans, day * DAY, (day + 1) * DAY, (lambda span: told[span.id]) if heard else nobody)
    return [[each.id for each in conference] for conference in found]


def span(id_: str, start: float, end: float | None) -> Span:
    """Hours after the midnight of day 0."""
    return Span(round(start * HOUR), id_, None if end is None else round(end * HOUR))


@pytest.mark.parametrize(
    ("pause", "expected"),
    [(0, [["a", "b"]]), (10 * MINUTE, [["a", "b"]]), (10 * MINUTE + 1, [["a"], ["b"]])],
    ids=["at once", "after ten minutes", "after more"],
)
def test_ten_minutes_without_anybody_make_two_conferences(pause: int, expected: list[list[str]]) -> None:
    first = Span(9 * HOUR, "a", 10 * HOUR)
    second = Span(10 * HOUR + pause, "b", 11 * HOUR)
    assert cut([second, first]) == expected


def test_a_long_session_holds_together_what_follows_in_it() -> None:
    assert cut([span("long", 9, 12), span("short", 9.1, 9.2), span("late", 11.9, 13), span("after", 12.5, 12.6)]) == [
        ["long", "short", "late", "after"]
    ]


def test_it_belongs_to_the_day_on_which_it_began_also_when_it_runs_over_midnight() -> None:
    spans = [span("evening", 23.5, 24.5), span("night", 24.6, 25)]
    assert cut(spans, 0) == [["evening", "night"]]
    assert cut(spans, 1) == []


def test_what_began_the_day_before_and_goes_on_is_no_conference_of_this_day() -> None:
    spans = [span("before", -1, 0.5), span("on", 0.6, 1), span("own", 5, 6)]
    assert cut(spans) == [["own"]]


def test_an_unended_session_reaches_as_far_as_it_was_heard() -> None:
    spans = [span("lost", 9, None), span("next", 10, 11)]
    assert cut(spans, 0, {"lost": round(9.1 * HOUR)}) == [["lost"], ["next"]]
    assert cut(spans, 0, {"lost": round(9.9 * HOUR)}) == [["lost", "next"]]


def test_an_unended_session_counts_for_a_day_at_most() -> None:
    spans = [span("office", 1, None), Span(HOUR + LONGEST_UNENDED + GAP + 1, "next", 27 * HOUR)]
    assert cut(spans, 1, {"office": 26 * HOUR}) == [["next"]]


def test_nobody_is_asked_where_reported_ends_decide() -> None:
    assert cut([span("long", 9, 12), span("lost", 9.1, None), span("next", 12.1, 13)]) == [["long", "lost", "next"]]


def test_sessions_long_before_cost_nothing() -> None:
    assert cut([span(str(number), -24.0 * number - 30, None) for number in range(30)] + [span("own", 5, 6)]) == [
        ["own"]
    ]


def test_who_was_not_asked_about_at_one_pause_is_asked_about_at_the_next() -> None:
    told = {"ana": 25 * MINUTE, "ben": 80 * MINUTE}
    spans = [Span(10 * MINUTE, "ana"), Span(11 * MINUTE, "ben"), Span(30 * MINUTE, "cleo", 35 * MINUTE),
             Span(65 * MINUTE, "dan", 90 * MINUTE)]  # fmt: skip
    assert cut(spans, 0, told) == [["ana", "ben", "cleo", "dan"]]
    # The same over midnight: Dan came on the next day, to a conference of the day before.
    late = [Span(each.start - 60 * MINUTE + DAY, each.id, each.end and each.end - 60 * MINUTE + DAY) for each in spans]
    moved = {name: heard - 60 * MINUTE + DAY for name, heard in told.items()}
    assert cut(late, 0, moved) == [["ana", "ben", "cleo", "dan"]]
    assert cut(late, 1, moved) == []


GRID = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), st.booleans()), min_size=1, max_size=14).map(
    lambda told: [
        Span(
            DAY + (start - 30) * 4 * MINUTE, f"s{number}", None if unended else DAY + (start - 30 + length) * 4 * MINUTE
        )
        for number, (start, length, unended) in enumerate(told)
    ]
)
SPANS = st.lists(
    st.tuples(st.integers(0, 3 * DAY), st.integers(0, 5 * HOUR), st.booleans()), min_size=1, max_size=14
).map(
    lambda told: [
        Span(start, f"s{number}", None if unended else start + length)
        for number, (start, length, unended) in enumerate(told)
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    spans=SPANS | GRID,
    lengths=st.lists(st.integers(0, 30 * HOUR) | st.integers(0, 80 * MINUTE), min_size=14, max_size=14),
)
def test_each_session_is_in_one_conference_whatever_days_are_asked_about(spans: list[Span], lengths: list[int]) -> None:
    heard = {each.id: each.start + lengths[number] for number, each in enumerate(spans)}

    def end(each: Span) -> int:
        return min(heard[each.id], each.start + LONGEST_UNENDED) if each.end is None else each.end

    by_day = [
        conference
        for day in range(5)
        for conference in conferences(spans, day * DAY, (day + 1) * DAY, lambda each: heard[each.id])
    ]
    in_one_piece = conferences(spans, 0, 5 * DAY, lambda each: heard[each.id])
    assert by_day == in_one_piece
    assert sorted(each.id for conference in by_day for each in conference) == sorted(each.id for each in spans)
    for conference in by_day:
        reach = end(conference[0])
        for each in conference[1:]:
            assert each.start <= reach + GAP, "a pause within a conference"
            reach = max(reach, end(each))
    for one, other in pairwise(by_day):
        assert other[0].start > max(map(end, one)) + GAP, "two conferences that are one"
