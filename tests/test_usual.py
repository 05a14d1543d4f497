"""Whether a day's number of conferences is usual: worked examples, and laws that hold for every history."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvesters.core.anomaly import Anomaly
from harvesters.core.day import Day
from harvesters.core.usual import odd_count, usual_range

WEDNESDAY = Day(date(2026, 11, 18))
TERM = [61, 58, 64, 60, 0, 57, 66, 59]
"""A school's eight Wednesdays, a holiday among them; the seven others have the median 60 and the MAD 2."""
counts = st.integers(0, 5_000)
histories = st.lists(counts, max_size=8)


def code(count: int, before: list[int]) -> str | None:
    found = odd_count(WEDNESDAY, count, before)
    return found.code if found else None


def test_the_range_of_a_school_s_wednesdays_worked_out_by_hand() -> None:
    """60 is the median, 2 the MAD: 1.4826 x 2 = 2.97 is less than the root 7.75 + 1, and 3.5 x 8.746 = 30.6."""
    known = [each for each in TERM if each]
    assert usual_range(known) == (30, 90)
    assert [code(count, TERM) for count in (29, 30, 90, 91)] == ["few_calls", None, None, "many_calls"]


def test_where_days_differ_much_the_deviation_decides() -> None:
    """The median is 100, the distances are 80, 60, 30, 30, 60, 80 with the median 60: 3.5 x 1.4826 x 60 = 311."""
    known = [20, 40, 70, 130, 160, 180]
    assert usual_range(known) == (0, 411)
    assert [code(count, known) for count in (1, 411, 412)] == [None, None, "many_calls"]


def test_a_silent_day_says_what_it_rests_on_and_what_to_do() -> None:
    found = odd_count(WEDNESDAY, 0, [61, 58, 64, 60])
    assert found == Anomaly(
        "no_calls",
        "conferences",
        "no conference at all, and never less than 58 on 4 Wednesdays of the 8 weeks before: compare it with the "
        "vendor's own console, and if that shows others, see docs/troubleshooting.md.",
        0,
        58,
    )


def test_a_quiet_day_tells_the_usual_range() -> None:
    found = odd_count(WEDNESDAY, 1, TERM)
    assert found == Anomaly(
        "few_calls",
        "conferences",
        "1 conference, and 30 to 90 are usual on a Wednesday (by 7 Wednesdays of the 8 weeks before): compare it with "
        "the vendor's own console, and if that shows others, see docs/troubleshooting.md.",
        1,
        30,
    )


@pytest.mark.parametrize("before", [[], [60], [60, 60, 60], [60, 60, 60, 0, 0, 0, 0, 0]])
@pytest.mark.parametrize("count", [0, 1, 60, 5_000])
def test_three_weekdays_with_calls_are_too_few_to_tell(count: int, before: list[int]) -> None:
    """The last of these histories is a school that comes back from its holidays."""
    assert code(count, before) is None


def test_a_holiday_is_told_once_and_then_no_longer() -> None:
    assert code(0, [60] * 8) == "no_calls"
    assert code(0, [0, *[60] * 7]) is None


def test_calls_on_a_weekday_that_never_had_any_are_told_where_they_are_more_than_a_few() -> None:
    assert [code(count, [0] * 4) for count in (0, 3, 4)] == [None, None, "many_calls"]
    found = odd_count(WEDNESDAY, 40, [0] * 5)
    assert found is not None
    assert found.text.startswith("40 conferences, and none is usual on a Wednesday (by 5 Wednesdays")


@pytest.mark.parametrize("usual", range(1, 13))
def test_a_small_clinic_s_few_calls_may_be_one_or_twice_as_many(usual: int) -> None:
    assert [code(count, [usual] * 8) for count in (1, usual, 2 * usual)] == [None, None, None]


@given(counts, st.integers(0, 8))
def test_what_never_changes_is_usual(count: int, weeks: int) -> None:
    assert code(count, [count] * weeks) is None


@given(counts, histories.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_order_of_the_weeks_means_nothing(count: int, both: tuple[list[int], list[int]]) -> None:
    before, otherwise = both
    assert odd_count(WEDNESDAY, count, before) == odd_count(WEDNESDAY, count, otherwise)


@given(counts, histories)
def test_more_than_too_many_are_too_many_and_fewer_than_too_few_are_too_few(count: int, before: list[int]) -> None:
    if code(count, before) == "many_calls":
        assert code(count + 1, before) == "many_calls"
    if count > 1 and code(count, before) == "few_calls":
        assert code(count - 1, before) == "few_calls"


@given(counts, histories)
@example(0, [1, 18, 23, 23])
def test_the_limit_itself_is_usual_and_the_value_is_beyond_it(count: int, before: list[int]) -> None:
    """That of a silence is the least of all the days, which may be few itself."""
    found = odd_count(WEDNESDAY, count, before)
    if found:
        assert found.limit is not None
        if found.code == "no_calls":
            assert found.limit == min(before)
        else:
            assert code(int(found.limit), before) is None
        assert (found.value == count) is True
        assert (count < found.limit) == (found.code != "many_calls")


@given(st.lists(st.integers(1, 5_000), min_size=4, max_size=8))
def test_zero_where_there_was_never_zero_is_always_told(before: list[int]) -> None:
    assert code(0, before) == "no_calls"
    assert code(0, [*before[1:], 0]) is None
