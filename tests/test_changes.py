"""Where two documents differ, and how what differs is counted: pure, without a destination."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.core.changes import ABSENT, Change, alike, changes
from harvesters.core.fields import FLATTENED, KEYWORD, NAME, NOBODY, Field
from harvesters.core.tally import EXAMPLES, GONE, LONGEST, NEW, SAME, Named, Tally, shown, totals

SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, 0.5, "", "x"])
NAMES = st.sampled_from("ab")
VALUES = SCALARS | st.lists(SCALARS, max_size=2)
OBJECTS = st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, SCALARS)))


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, [("a", 1, True)]),
        ({"a": [0]}, {"a": [False]}, [("a", [0], [False])]),
        ({"a": 0.1}, {"a": 0.1 + 1e-12}, [("a", 0.1, 0.1 + 1e-12)]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, [("a", ["x", "y"], ["y", "x"])]),
        ({}, {"a": None}, [("a", ABSENT, None)]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, [("a.c", 2, 3), ("a.b", 1, ABSENT)]),
        ({"a": {"b": {"c": 1}}}, {}, [("a.b.c", 1, ABSENT)]),
        ({"a": {"b": 1}}, {"a": 5}, [("a", {"b": 1}, 5)]),
        ({"x": {"y": {"z": 1}}}, {"x": {"y": {"w": 1}}}, [("x.y", {"z": 1}, {"w": 1})]),
        ({"x": {"y": {"z": 1}}}, {"x": {"y": {"z": 1.0}}}, []),
    ],
)
def test_what_differs_is_named(before: dict[str, Any], after: dict[str, Any], found: list[tuple[Any, ...]]) -> None:
    assert list(changes(before, after, {"x.y"})) == [Change(*each) for each in found]


@given(OBJECTS, OBJECTS)
def test_there_is_a_change_exactly_where_the_json_differs(one: dict[str, Any], other: dict[str, Any]) -> None:
    """But for empty objects, which hold no field."""
    assert bool(list(changes(one, other, ()))) is not alike(_without_empty(one), _without_empty(other))
    mirrored = {(each.field, _text(each.after), _text(each.before)) for each in changes(other, one, ())}
    assert {(each.field, _text(each.before), _text(each.after)) for each in changes(one, other, ())} == mirrored


def _without_empty(tree: dict[str, Any]) -> dict[str, Any]:
    kept = {name: _without_empty(each) if isinstance(each, dict) else each for name, each in tree.items()}
    return {name: each for name, each in kept.items() if each != {}}


def _text(value: object) -> str:
    return "absent" if value is ABSENT else json.dumps(value)


@given(OBJECTS)
def test_a_document_is_like_itself(one: dict[str, Any]) -> None:
    assert alike(one, json.loads(json.dumps(one)))


def named(number: int) -> Named:
    return Named("sample", f"id-{number}", f"key-{number}")


def known(name: str = "a", type_: str = KEYWORD, *, personal: bool = False) -> Field:
    return Field(name, type_, "", tells=NAME if personal else NOBODY)


@pytest.mark.parametrize(
    ("value", "field", "text"),
    [
        (ABSENT, known(personal=True), None),
        ("Ada", known(personal=True), "(personal)"),
        ("Ada", None, "(not shown)"),
        ({"name": "Ada"}, known(type_=FLATTENED), "(not shown)"),
        ("x", known(), '"x"'),
        (None, known(), "null"),
        (["x"] * 100, known(), '["x",' * 1 + '"x",' * 13 + "..."),
    ],
)
def test_a_value_for_people(value: object, field: Field | None, text: str | None) -> None:
    assert shown(value, field) == text
    assert text is None or len(text) <= LONGEST


def test_three_examples_are_of_different_fields_as_long_as_there_are_any() -> None:
    tally = Tally()
    for number in range(5):
        tally.change(Change("often", 1, 2), named(number), known())
    tally.change(Change("once", ABSENT, 2), named(9), known())
    tally.change(Change("lost", 2, ABSENT), named(9), known())
    assert [(each.field, each.before, each.after) for each in tally.examples()] == [
        ("often", "1", "2"), ("lost", "2", None), ("once", None, "2"),
    ]  # fmt: skip
    assert len(tally.fields["often"].examples) == EXAMPLES
    few = Tally()
    for number in range(2):
        few.change(Change("often", 1, 2), named(number), known())
    assert [each.document.id for each in few.examples()] == ["id-0", "id-1"]


def test_slices_are_added_by_destination() -> None:
    one, other, third = Tally(left=1), Tally(left=2), Tally()
    for number in range(4):
        one.count(NEW, named(number))
        other.count(NEW, named(number + 10))
        other.change(Change("a", 1, number), named(number), known())
    other.count(SAME, Named("stream", "", ""))
    third.count(GONE, named(1))
    third.change(Change("a", 1, ABSENT), named(7), known())
    other.stamps.update(["vconf.harvest.settings"])
    whole = totals([{"index": one}, {"index": other, "lake": third}, {"index": third}])
    index = whole["index"]
    assert list(whole) == ["index", "lake"]
    assert index.types == {"sample": {"new": 8, "gone": 1}, "stream": {"same": 1}}
    assert (index.left, index.stamps) == (3, {"vconf.harvest.settings": 1})
    assert [each.id for each in index.named[NEW]] == ["id-0", "id-1", "id-2"]
    assert [(name, each.total, each.lost, len(each.examples)) for name, each in index.by_frequency()] == [
        ("a", 5, 1, 3)
    ]
    assert index.sentence() == "of 9 documents 8 would be new, 1 would be gone"
    # What was added is not changed by it.
    assert (third.total, third.fields["a"].total) == ({"gone": 1}, 1)
    assert Tally().sentence() == "no documents"
