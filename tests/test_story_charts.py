"""Charts and time-lines: nothing that was measured is lost, and everything lies where it belongs."""

from hypothesis import given
from hypothesis import strategies as st

from harvesters.story.series import Column, columns, filled, ordered
from harvesters.story.timeline import Frame

AT = st.integers(0, 100_000)
POINTS = st.lists(st.tuples(AT, st.floats(0, 1000))).map(ordered)


@given(POINTS, AT, st.integers(1, 100_000), st.integers(1, 90))
def test_columns_keep_the_least_the_most_and_the_number(
    points: list[tuple[int, float]], start: int, lasts: int, number: int
) -> None:
    found = columns(points, start, start + lasts, number)
    there = [each for each in found if each]
    values = [value for _, value in points]
    assert len(found) == number
    assert sum(each.count for each in there) == len(points)
    assert (
        [min(each.min for each in there), max(each.max for each in there)] == [min(values), max(values)]
        if values
        else not there
    )


def test_each_value_is_in_the_column_of_its_time() -> None:
    points = [(0, 1.0), (9, 3.0), (10, 5.0), (39, 7.0), (40, 9.0)]
    assert columns(points, 0, 40, 4) == [
        Column(1.0, 3.0, 2.0, 2),
        Column(5.0, 5.0, 5.0, 1),
        None,
        Column(7.0, 9.0, 8.0, 2),
    ]


def test_a_measurement_stands_for_the_time_before_it_unless_there_was_a_gap() -> None:
    every_ten = [(10, 1.0), (20, 2.0), (30, 3.0), (90, 9.0)]
    shown = [each.max if each else None for each in filled(every_ten, 0, 100, 20)]
    assert shown[:7] == [1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0][:0] + shown[:7]
    assert shown[1] == 1.0
    assert shown[3] == 2.0
    assert shown[5] == 3.0
    assert shown[9] is None
    assert shown[18] == 9.0
    assert shown[19] is None


@given(POINTS, st.integers(1, 90))
def test_what_is_filled_was_measured(points: list[tuple[int, float]], number: int) -> None:
    values = {value for _, value in points}
    assert {each.max for each in filled(points, 0, 100_000, number) if each} <= values


@given(AT, st.integers(1000, 100_000), st.integers(1, 150), AT, AT)
def test_what_is_drawn_lies_within_the_frame(start: int, lasts: int, width: int, one: int, other: int) -> None:
    frame = Frame(start, start + lasts, 8, width)
    drawn = frame.columns(min(one, other), max(one, other))
    assert len(drawn) >= 1
    assert drawn.start >= 0
    assert drawn.stop <= width
    assert list(frame.columns(start, start + lasts)) == list(range(width))
