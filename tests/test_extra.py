"""`vconf.extra`: whatever a vendor invents, as an object that Elasticsearch takes."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.core.extra import bounded
from tests.opentok_records import Json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=25,
)


def depth(value: Json) -> int:
    """Objects inside each other."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return max(map(depth, value), default=0) if isinstance(value, list) else 0


def keys(value: Json) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for member in value.values() for name in keys(member))]
    return [name for member in value for name in keys(member)] if isinstance(value, list) else []


def scalars(value: Json) -> list[Json]:
    if isinstance(value, dict | list):
        members = value.values() if isinstance(value, dict) else value
        return [each for member in members for each in scalars(member)]
    return [value]


def size(value: Json) -> int:
    """Bytes as JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def nested(levels: int) -> dict[str, Any]:
    """As many objects inside each other, the innermost with a text."""
    value: dict[str, Any] = {"end": "here"}
    for _ in range(levels - 1):
        value = {"in": value}
    return value


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=8))
@settings(max_examples=150, deadline=None)
def test_anything_becomes_objects_and_lists_of_texts_without_null(extra: dict[str, Json]) -> None:
    fit = bounded(extra)
    assert all(isinstance(each, str) and each for each in scalars(fit))
    assert depth(fit) <= 10
    for name in keys(fit):
        assert name
        assert not [letter for letter in name if ord(letter) < 32 or ord(letter) == 127]
    assert size(fit) <= 32 * 1024


@given(st.dictionaries(st.text("abc", min_size=1, max_size=5), JSON, max_size=8))
@settings(max_examples=100, deadline=None)
def test_no_member_that_holds_something_vanishes(extra: dict[str, Json]) -> None:
    def holds(value: Json) -> bool:
        members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return any(map(holds, members)) if members is not None else value is not None and value != ""

    kept = {name for name, value in extra.items() if holds(value)}
    # A list inside a list is JSON text, in which nulls stay.
    assert kept <= set(bounded(extra)) <= set(extra)


def test_names_that_become_the_same_stay_two_members() -> None:
    assert bounded({"a\x00": 1, "a_": 2, "b": {"\n": 3, "": 4, "\t": None}}) == {
        "a_": "1",
        "a__": "2",
        "b": {"_": "3", "__": "4"},
    }


@pytest.mark.parametrize(
    ("value", "fit"),
    [
        (7, "7"),
        (0, "0"),
        (False, "false"),
        (1.5, "1.5"),
        (10**30, "1" + "0" * 30),
        ("text", "text"),
        ([1, "a", None, True, ""], ["1", "a", "true"]),
        ([[1, 2], [3]], ["[1,2]", "[3]"]),
        ([{"a": 1}, 2], [{"a": "1"}, "2"]),
        ({"a": {"b": [1]}, "c": None}, {"a": {"b": ["1"]}}),
    ],
)
def test_values_are_texts(value: Json, fit: Json) -> None:
    assert bounded({"member": value}) == {"member": fit}


@pytest.mark.parametrize("nothing", [None, "", [], {}, [None], {"a": None}, {"a": {"b": [""]}}])
def test_what_holds_nothing_is_absent(nothing: Json) -> None:
    assert bounded({"nothing": nothing}) == {}


@pytest.mark.parametrize(
    ("name", "fit"), [("a\x00b", "a_b"), ("\n", "_"), ("", "_"), ("\x7f\x1f", "__"), ("a.b", "a.b"), ("é", "é")]
)
def test_control_characters_in_keys_are_replaced_at_every_level(name: str, fit: str) -> None:
    assert bounded({name: {name: [{name: 1}]}}) == {fit: {fit: [{fit: "1"}]}}


def test_what_is_deeper_than_ten_levels_is_json_text() -> None:
    """`vconf.extra` itself is the first object of the ten."""
    assert bounded({"x": nested(9)}) == {"x": nested(9)}
    fit = bounded({"x": nested(12)})
    assert depth(fit) == 10
    for _ in range(9):
        fit = fit["x"] if "x" in fit else fit["in"]
    assert fit == {"in": '{"in":{"in":{"end":"here"}}}'}


@pytest.mark.parametrize("levels", [200, 900, 5000])
def test_the_deepest_nesting_is_survived(levels: int) -> None:
    fit = bounded({"x": nested(levels), "y": 1})
    assert depth(fit) == 10
    assert fit["y"] == "1"


def test_what_is_beyond_32_kb_is_left_out_and_counted_and_smaller_members_still_find_room() -> None:
    fit = bounded({"a": "x" * 20_000, "b": "y" * 20_000, "c": "é" * 5_000, "d": ["z" * 9_000] * 2, "e": 1})
    assert fit == {"a": "x" * 20_000, "c": "é" * 5_000, "e": "1", "left_out": "2"}
    many = bounded({f"member{number}": "v" * 10 for number in range(100_000)})
    assert size(many) <= 32 * 1024
    assert int(many["left_out"]) == 100_001 - len(many)
