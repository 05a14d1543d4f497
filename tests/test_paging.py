"""A list is read to its end, and a list without an end is found out."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.errors import SliceError
from harvesters.core.paging import pages

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
