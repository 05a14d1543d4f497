"""Starts and ends of entities: what is unknown stays unknown, and is said."""

from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.spans import presence, seconds, settle, span_fields
from harvesters.core.tree import Entity

NINE = 1_795_165_200_000  # 2026-11-20T09:00:00Z
TIMES = st.none() | st.integers(NINE, NINE + 10_000)


def entity(at: int | None, end: int | None) -> Entity:
    return Entity(("k",), at, end)


def test_what_is_known_stays_as_it_is() -> None:
    child = entity(NINE + 500, NINE + 2000)
    settle(child, entity(NINE, NINE + 9000), NINE)
    assert (child.at, child.end, child.flags) == (NINE + 500, NINE + 2000, set())
    assert span_fields(child) == {
        "@timestamp": "2026-11-20T09:00:00.500Z",
        "event.start": "2026-11-20T09:00:00.500Z",
        "event.end": "2026-11-20T09:00:02.000Z",
        "event.duration": 1_500_000_000,
    }
    assert seconds(child) == 1.5
    assert presence(child) == {"gte": "2026-11-20T09:00:00.500Z", "lt": "2026-11-20T09:00:02.000Z"}


def test_a_conference_is_not_over_because_of_itself() -> None:
    conference = entity(NINE, None)
    settle(conference, conference, NINE)
    assert (conference.end, conference.flags) == (None, {"end_missing"})


def test_a_conference_that_has_no_start_starts_for_the_calendar_when_its_record_does() -> None:
    conference = entity(None, NINE + 1000)
    settle(conference, conference, NINE - 1)
    assert (conference.at, conference.flags) == (NINE - 1, {"start_missing"})
    assert span_fields(conference)["event.start"] is None
    assert seconds(conference) is None


def test_a_child_that_starts_after_the_conference_ended_does_not_end_before_it_starts() -> None:
    child = entity(NINE + 5000, None)
    settle(child, entity(NINE, NINE + 1000), NINE)
    assert (child.at, child.end, child.flags) == (NINE + 5000, NINE + 5000, {"end_estimated", "clamped"})


@given(TIMES, TIMES, TIMES, TIMES)
@settings(max_examples=200, deadline=None)
def test_nothing_is_invented_and_nothing_ends_before_it_starts(
    at: int | None, end: int | None, begins: int | None, over: int | None
) -> None:
    conference, child = entity(begins, over), entity(at, end)
    settle(conference, conference, NINE - 1)
    settle(child, conference, NINE - 1)
    assert child.at == next(each for each in (at, begins, NINE - 1) if each is not None)
    assert child.end in {end, over, child.at, conference.at, None}
    assert ("start_missing" in child.flags) == (at is None)
    assert ("end_missing" in child.flags) == (end is None and over is None)
    assert ("end_estimated" in child.flags) == (end is None and over is not None)
    assert child.at is not None
    assert child.end is None or child.end >= child.at
    known = at is not None and child.end is not None
    assert (seconds(child) is not None) == known
    assert (presence(child) is not None) == (known and child.end != child.at)
    assert ("event.end" in span_fields(child)) == (child.end is not None)


def test_a_length_that_no_long_holds_is_absent() -> None:
    """A vendor's year 1 for "unknown": the document is better without than refused."""
    year_one = -62_135_596_800_000
    ancient = entity(year_one, NINE)
    settle(ancient, None, NINE)
    assert span_fields(ancient)["event.duration"] is None
