"""Ids: the same for the same keys for ever, different for different keys, bounded, and never of empty parts."""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harvesters.core.ids import doc_id, readable, safe_name, sample_suffix

PART = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
"""Any text but lone surrogates, which are replaced before a key is made."""
TRICKY = st.text('/"%,[]\\. \x00é~:+', min_size=1, max_size=4)
PARTS = st.lists(PART | TRICKY, min_size=1, max_size=5)


def test_ids_never_change() -> None:
    """Written down when they were first made; whoever changes them duplicates every document in every index."""
    parts = ("opentok", "46204972", "conference", "2_MX40", "edb26699", "2020-07-09T09:14:57.530Z")
    # echo -n '["opentok",...]' | sha256sum, the first 20 bytes in base32
    assert doc_id(parts) == "qxnsocvyhmawk4sx4qvpx3b5zlaqdb24"
    assert readable(parts) == "opentok/46204972/conference/2_MX40/edb26699/2020-07-09T09:14:57.530Z"
    assert sample_suffix(1_594_286_103_500, 0) == "-17332db5bcc"
    assert sample_suffix(1_594_286_103_500, 2) == "-17332db5bcc.2"


@given(PARTS, PARTS)
@settings(max_examples=300, deadline=None)
def test_different_keys_have_different_ids_and_the_same_have_the_same(one: list[str], other: list[str]) -> None:
    assert (doc_id(one) == doc_id(other)) == (one == other)
    assert (readable(one) == readable(other)) == (one == other)
    assert doc_id(tuple(one)) == doc_id(list(one))


@given(st.lists(TRICKY, min_size=2, max_size=4), st.data())
@settings(max_examples=200, deadline=None)
def test_no_separator_makes_a_key_ambiguous(parts: list[str], data: st.DataObject) -> None:
    """Two parts joined by anything are not the two parts."""
    at = data.draw(st.integers(0, len(parts) - 2))
    glue = data.draw(st.sampled_from(["", "/", ",", '","', "%2F", "\x00", "\\"]))
    joined = [*parts[:at], parts[at] + glue + parts[at + 1], *parts[at + 2 :]]
    assert doc_id(joined) != doc_id(parts)
    assert readable(joined) != readable(parts)


@given(PARTS)
@settings(max_examples=100, deadline=None)
def test_ids_have_32_letters_that_any_file_system_and_url_takes(parts: list[str]) -> None:
    assert re.fullmatch("[a-z2-7]{32}", doc_id(parts))


@given(st.lists(st.text(min_size=1, max_size=300), min_size=1, max_size=6), st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_readable_keys_are_ascii_and_bounded_with_what_follows_them(parts: list[str], more: int) -> None:
    key = readable(parts, more)
    assert len(key.encode("ascii")) + more <= 512
    assert re.fullmatch(r"[!-~]+", key)


def test_keys_at_the_limit() -> None:
    assert readable(["a" * 255, "b" * 256]) == "a" * 255 + "/" + "b" * 256
    long = [readable(["a" * 256, "b" * 256]), readable(["a" * 257, "b" * 255])]
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", each) for each in long)
    assert long[0] != long[1]
    assert readable(["a" * 482], 30) == "a" * 482
    assert readable(["a" * 483], 30).startswith("sha256:")


@pytest.mark.parametrize("parts", [[""], ["opentok", ""], ["", "a"], ["a", "", "b"]])
def test_empty_parts_are_refused(parts: list[str]) -> None:
    """Two calls of which the vendor tells no id must not become one document."""
    for make in (doc_id, readable):
        with pytest.raises(ValueError, match="empty part"):
            make(parts)


def test_lone_surrogates_are_survived() -> None:
    assert re.fullmatch("[a-z2-7]{32}", doc_id(["a\ud800b"]))
    assert readable(["a\ud800b"]) == "a%3Fb"


@given(st.integers(0, 1 << 45), st.integers(0, 1 << 45), st.integers(0, 99), st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_samples_of_different_instants_or_ordinals_differ(one: int, other: int, first: int, second: int) -> None:
    assert (sample_suffix(one, first) == sample_suffix(other, second)) == ((one, first) == (other, second))


@given(PART | TRICKY, PART | TRICKY)
@settings(max_examples=200, deadline=None)
def test_names_of_folders_differ_and_stay_in_their_place(one: str, other: str) -> None:
    assume(one != other)
    assert safe_name(one) != safe_name(other)
    for name in (safe_name(one), safe_name(other)):
        assert re.fullmatch(r"[A-Za-z0-9_~%-]{1,200}", name)


@pytest.mark.parametrize(
    ("text", "name"),
    [("46204972", "46204972"), ("..", "%2E%2E"), ("a/b", "a%2Fb"), ("ä", "%C3%A4"), ("A b", "A%20b")],
)
def test_a_name_can_be_read(text: str, name: str) -> None:
    assert safe_name(text) == name


@pytest.mark.parametrize("text", ["", "x" * 201, "/" * 67])
def test_a_name_that_cannot_be_one_is_hashed(text: str) -> None:
    assert re.fullmatch("sha256-[0-9a-f]{64}", safe_name(text))
