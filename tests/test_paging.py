"""A list is read to its end, and a list without an end is found out."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.errors import CursorError, SliceError
from harvesters.core.paging import MOST_PAGES, READINGS, pages, pages_again

CURSORS = st.text(min_size=1, max_size=3)


def read(chain: Mapping[str | None, str | None]) -> list[str | None]:
    """The cursors in the order in which they were asked for; `chain` tells which follows which."""
    asked: list[str | None] = []

    def ask(cursor: str | None) -> str | None:
        asked.append(cursor)
        return cursor

    assert list(pages(ask, lambda page: chain[page], "a list")) == asked
    return asked


@given(st.lists(CURSORS, unique=True, max_size=30))
@settings(max_examples=100, deadline=None)
def test_every_page_of_a_list_is_asked_for_once_and_in_order(cursors: Sequence[str]) -> None:
    order = [None, *cursors]
    assert read(dict(zip(order, [*cursors, None], strict=True))) == order


@given(st.lists(CURSORS, unique=True, min_size=1, max_size=30), st.data())
@settings(max_examples=100, deadline=None)
def test_a_cursor_that_leads_back_ends_the_list_as_failed_after_each_page_once(
    cursors: Sequence[str], data: st.DataObject
) -> None:
    back = data.draw(st.sampled_from(cursors))
    chain = dict(zip([None, *cursors], [*cursors, back], strict=True))
    came: list[str | None] = []

    def ask(cursor: str | None) -> str | None:
        came.append(cursor)
        return cursor

    with pytest.raises(SliceError, match=r"^the rooms: the vendor's cursor does not move"):
        list(pages(ask, lambda page: chain[page], "the rooms"))
    assert came == [None, *cursors]


def test_an_empty_cursor_would_be_the_first_page_again_and_is_not_asked_for() -> None:
    came: list[str | None] = []
    with pytest.raises(SliceError, match="does not move"):
        list(pages(came.append, lambda _page: "", "a list"))
    assert came == [None]


def test_a_list_whose_cursors_are_always_new_ends_some_day() -> None:
    asked = 0

    def ask(_cursor: str | None) -> int:
        nonlocal asked
        asked += 1
        return asked

    with pytest.raises(SliceError, match=r"^the rooms: the vendor's list has more than 10,000 pages and seems"):
        for _ in pages(ask, str, "the rooms"):
            pass
    assert asked == MOST_PAGES - 1


def test_a_page_is_used_before_the_next_one_is_asked_for() -> None:
    happened: list[str] = []

    def ask(cursor: str | None) -> str:
        happened.append(f"ask {cursor}")
        return cursor or "first"

    def use(page: str) -> None:
        happened.append(f"use {page}")

    for page in pages(ask, lambda page: "second" if page == "first" else None, "a list"):
        use(page)
    assert happened == ["ask None", "use first", "ask second", "use second"]


def test_a_long_cursor_is_cut_in_the_sentence() -> None:
    with pytest.raises(SliceError) as failed:
        list(pages(lambda cursor: cursor, lambda _page: "x" * 10_000, "a list"))
    assert len(str(failed.value)) < 200


# -- where the vendor forgets cursors -------------------------------------------------------------------


@given(size=st.integers(1, 6), cuts=st.lists(st.integers(1, 6), max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_list_whose_reading_is_cut_off_is_begun_anew_and_read_three_times_at_most(
    size: int, cuts: Sequence[int]
) -> None:
    """`cuts`: before which page each reading ends; one beyond the list, or none, lets it through."""
    asked: list[tuple[int, bool]] = []
    ends = iter(cuts)
    end = size

    def ask(cursor: str | None, again: bool) -> int:  # noqa: FBT001 - the signature of `pages_again`
        nonlocal end
        page = int(cursor or 0)
        end = next(ends, size) if page == 0 else end
        asked.append((page, again))
        if page == end:
            message = "forgotten"
            raise CursorError(message)
        return page

    came: list[int] = []
    expected: list[tuple[int, bool]] = []
    whole = False
    for reading in range(3):
        cut = cuts[reading] if reading < len(cuts) else size
        expected += [(page, reading > 0) for page in range(min(cut + 1, size))]
        whole = cut >= size
        if whole:
            break

    def read_all() -> None:
        came.extend(pages_again(ask, lambda page: str(page + 1) if page + 1 < size else None, "the list"))

    if whole:
        read_all()
        assert came[-size:] == list(range(size))
    else:
        with pytest.raises(SliceError, match=r"^the list: the vendor forgot the place in it 3 times"):
            read_all()
    assert asked == expected
    assert READINGS == 3


def test_a_cursor_that_comes_twice_in_one_reading_is_no_reason_to_begin_anew() -> None:
    asked: list[str | None] = []

    def ask(cursor: str | None, again: bool) -> str:  # noqa: FBT001 - the signature of `pages_again`
        assert not again
        asked.append(cursor)
        return "page"

    with pytest.raises(SliceError, match="does not move"):
        list(pages_again(ask, lambda _page: "stuck", "a list"))
    assert asked == [None, "stuck"]


def test_a_cursor_may_come_again_in_another_reading() -> None:
    asked: list[str | None] = []

    def ask(cursor: str | None, again: bool) -> str:  # noqa: FBT001 - the signature of `pages_again`
        asked.append(cursor)
        if cursor == "2" and not again:
            message = "forgotten"
            raise CursorError(message)
        return cursor or "0"

    following = {"0": "1", "1": "2"}
    assert list(pages_again(ask, following.get, "a list")) == ["0", "1", "0", "1", "2"]
    assert asked == [None, "1", "2", None, "1", "2"]


def test_other_errors_are_not_taken_for_a_forgotten_place() -> None:
    asked: list[str | None] = []

    def ask(cursor: str | None, again: bool) -> str:  # noqa: ARG001, FBT001 - the signature of `pages_again`
        asked.append(cursor)
        message = "broken"
        raise SliceError(message)

    with pytest.raises(SliceError, match=r"^broken$"):
        list(pages_again(ask, lambda _page: None, "a list"))
    assert asked == [None]
