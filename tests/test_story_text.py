"""Texts of others on a terminal: nothing steers it, and no line is wider than it."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvesters.commands.showing import UNSEEN
from harvesters.story.text import Line, Screen, Span, cells, cut, padded, printable, short, wrapped
from harvesters.story.words import amount, clock, date, long

HOSTILE = (
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\nb\r\nc\td", "\u202egnp.exe", "\u2066x\u2069", "\x9b31m", "\x00\x7f",
    "z" + "\u0301" * 500, "\ud800", "\u2028\u2029", "\u200b\ufeff", "王" * 90, "x" * 40_000,
)  # fmt: skip
ANY = st.text() | st.sampled_from(HOSTILE)


def harmless(text: str) -> bool:
    return all(not unicodedata.category(each).startswith("C") and each not in "\u2028\u2029" for each in text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("a\nb\tc", "a b c"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\x9b31m", "31m"),
        ("e\u0301", "e\u0301"),
        ("z" + "\u0301" * 500, "z\u0301\u0301"),
        ("שלום, 王 und Łukasz", "שלום, 王 und Łukasz"),
    ],
)
def test_of_a_hostile_text_the_harmless_rest_is_left(text: str, left: str) -> None:
    assert printable(text) == left


@given(ANY)
def test_nothing_that_is_printed_steers_a_terminal(text: str) -> None:
    assert harmless(printable(text))
    assert harmless(short(text, 20))


@given(ANY, st.integers(1, 60))
def test_a_cut_text_has_as_many_cells_as_there_are(text: str, most: int) -> None:
    shown = printable(text)
    found = cut(shown, most)
    assert cells(found) <= most
    assert found == shown or found.endswith("…")
    assert cells(padded(text, most)) == most


@given(ANY, st.integers(8, 60))
def test_wrapped_lines_fit_and_lose_no_letter(text: str, width: int) -> None:
    found = wrapped(text, width, "  ")
    assert all(cells(line) <= width and line.startswith("  ") for line in found)
    assert "".join("".join(found).split()) == "".join(printable(text).split())


SCREENS = st.builds(Screen, st.integers(1, 100), colour=st.booleans(), blocks=st.booleans())


@given(st.lists(st.tuples(ANY, st.sampled_from(["", "red", "bold"]))), SCREENS)
@example([("\x1b[2J", "red")], Screen(10, colour=True))
def test_a_rendered_line_fits_and_has_no_colours_but_ours(spans: list[tuple[str, str]], screen: Screen) -> None:
    written = screen.render(Line([Span(*each) for each in spans]))
    plain = re.sub(r"\x1b\[(1|2|31|32|33|36|0)m", "", written)
    assert harmless(plain)
    assert cells(plain) <= screen.width
    assert screen.colour or plain == written


def test_a_terminal_without_blocks_gets_signs_of_ascii() -> None:
    assert Screen(20, blocks=False).render(Line.of("▁▂▃▄▅▆▇█▓░ abc…")) == "_.-=+*%#x. abc~"


def test_wide_letters_take_two_cells_and_accents_none() -> None:
    assert (cells("王"), cells("e\u0301"), cells("abc"), cut("王王王", 5)) == (2, 1, 3, "王王…")


@given(ANY)
def test_in_json_what_turns_text_is_an_escape(text: str) -> None:
    assert not UNSEEN.search(UNSEEN.sub("", text))
    for each in "\x7f\x9b\u202e\u2066\u200f\u2028\ufeff":
        assert UNSEEN.search(f"{text}{each}")


def test_times_and_amounts_as_one_says_them() -> None:
    assert [long(each) for each in (0.4, 59, 60, 61, 310, 3599.7, 3600, 7500)] == [
        "0 s", "59 s", "1 min", "1 min 01 s", "5 min 10 s", "1 h 00 min", "1 h 00 min", "2 h 05 min",
    ]  # fmt: skip
    assert (clock(1_795_192_435_000), date(1_795_192_435_000)) == ("16:33:55", "Friday, 20 November 2026")
    told = [amount(4.24, "mos"), amount(0.04, "loss_pct"), amount(28.3, "loss_pct"), amount(317.4, "rtt_ms")]
    assert told == ["4.2", "0.0 %", "28 %", "317 ms"]
