"""Who was there, how often and for how long (reference "Quality metrics", section 8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.core.tree import Entity
from harvesters.quality.usage import Stay, attendance, minutes, peak, person_of, returns, size_class, stays

NINE = 9 * 60


def stay(key: str, person: str, start: float, end: float | None, room: str = "") -> Stay:
    """From and to in minutes after midnight."""
    return Stay(key, person, round(start * 60_000), None if end is None else round(end * 60_000), room)


FOUR = [
    stay("a", "A", NINE, NINE + 30), stay("b", "B", NINE + 10, NINE + 40),
    stay("c", "C", NINE + 30, NINE + 60), stay("d", "D", NINE + 20, NINE + 20),
]  # fmt: skip
TWO_DEVICES = [stay("a", "A", NINE, NINE + 30), stay("b", "A", NINE + 20, NINE + 50)]


def test_at_one_instant_leaves_come_before_joins() -> None:
    assert peak(FOUR) == 2
    assert minutes(FOUR) == 90


def test_two_devices_of_one_person() -> None:
    found = returns(TWO_DEVICES)
    assert (minutes(TWO_DEVICES), attendance(TWO_DEVICES)) == (60, 50)
    assert (found.overlap, found.rejoin_of) == ({"b"}, {})


def test_more_than_a_day() -> None:
    assert minutes([stay("a", "A", 0, 25 * 60 + 10)]) == 90_600 / 60


@pytest.mark.parametrize(("gap", "rejoins"), [(0, True), (5, True), (5.001, False)])
def test_who_comes_back_within_five_minutes_rejoins(gap: float, rejoins: bool) -> None:  # noqa: FBT001
    found = returns([stay("a", "A", NINE, NINE + 30), stay("b", "A", NINE + 30 + gap, NINE + 60)])
    assert found.rejoin_of == ({"b": "a"} if rejoins else {})
    assert not found.overlap


def test_each_coming_back_is_told_by_the_stay_before_it() -> None:
    found = returns([stay("c", "A", 22, 30), stay("a", "A", 0, 10), stay("b", "A", 11, 20), stay("x", "B", 21, 22)])
    assert found.rejoin_of == {"b": "a", "c": "b"}


def test_a_move_to_a_breakout_room_and_back_is_no_coming_back() -> None:
    rooms = [stay("a", "A", 0, 10), stay("b", "A", 10, 20, "one"), stay("c", "A", 20, 30)]
    assert returns(rooms).rejoin_of == {}
    assert returns([stay("a", "A", 0, 30), stay("b", "A", 10, 20, "one")]).overlap == set()


def test_an_unknown_end_counts_in_no_minutes_and_at_no_instant() -> None:
    found = [stay("a", "A", 0, 10), stay("b", "B", 0, None)]
    assert (peak(found), minutes(found), attendance(found)) == (1, 10, 10)
    assert returns([stay("a", "A", 0, None), stay("b", "A", 5, 9)]).rejoin_of == {}


@pytest.mark.parametrize(
    ("most", "name"),
    [(0, None), (1, "alone"), (2, "pair"), (3, "small"), (6, "small"), (7, "medium"), (20, "medium"), (21, "large"),
     (100, "large"), (101, "huge")],
)  # fmt: skip
def test_size_classes(most: int, name: str | None) -> None:
    assert size_class(most) == name


def test_a_person_is_told_by_an_id_and_never_by_the_name() -> None:
    named = {"user.full_name": "Ann"}
    assert person_of("a", named) != person_of("b", named)
    assert person_of("a", {"user.email": "ann@example.com"}) == person_of("b", {"user.email": "ann@example.com"})
    known = {"user.id": "1", "user.email": "ann@example.com"}
    assert person_of("a", known) == person_of("b", {"user.id": "1", "user.email": "other@example.com"})
    assert person_of("1", {}) != person_of("a", {"user.id": "1"})


def test_who_only_waited_was_not_there() -> None:
    people = {"a": Entity(("a",), 0, 60_000), "b": Entity(("b",), 0, 60_000, present=False)}
    assert [each.key for each in stays(people, {"a": "A", "b": "B"})] == ["a"]


STAYS = st.lists(
    st.builds(
        lambda start, length, person: (start, length, person),
        st.integers(0, 200),
        st.integers(0, 60),
        st.sampled_from("ABC"),
    ),
    max_size=12,
).map(lambda rows: [stay(str(number), person, at, at + length) for number, (at, length, person) in enumerate(rows)])


@given(STAYS)
def test_peak_is_what_counting_every_minute_gives(found: list[Stay]) -> None:
    everywhere = [sum(each.start <= at * 60_000 < (each.end or 0) for each in found) for at in range(261)]
    assert peak(found) == max(everywhere)


@given(STAYS)
def test_attendance_is_what_counting_every_minute_of_each_person_gives(found: list[Stay]) -> None:
    counted = sum(
        any(each.person == person and each.start <= at * 60_000 < (each.end or 0) for each in found)
        for person in "ABC"
        for at in range(261)
    )
    assert attendance(found) == counted
    assert attendance(found) <= minutes(found)


@given(STAYS, st.randoms(use_true_random=False))
def test_the_order_of_stays_decides_nothing(found: list[Stay], random: object) -> None:
    mixed = list(found)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert (peak(mixed), minutes(mixed), attendance(mixed)) == (peak(found), minutes(found), attendance(found))
    assert returns(mixed) == returns(found)
