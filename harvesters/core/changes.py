"""Where two documents differ, field by field. Pure."""

from collections.abc import Container, Iterator, Mapping
from typing import Any, Final, NamedTuple


class _Absent:
    """Stands for a field that a document does not have; null is a value."""


ABSENT: Final = _Absent()


PLAIN = frozenset({str, int, float, bool})


class Change(NamedTuple):
    """One field with its values before and after, as parsed from JSON; `ABSENT` where there is none."""

    field: str
    before: Any
    after: Any


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], whole: Container[str], above: str = ""
) -> Iterator[Change]:
    """The fields in which two parsed documents differ, by dotted name.

    An object is looked into, unless its name is one of `whole`: that is one value. `above`: the objects around these,
    with a dot at the end.
    """
    for key in {**after, **before}:
        one, other = before.get(key, ABSENT), after.get(key, ABSENT)
        if one.__class__ in PLAIN and one.__class__ is other.__class__ and one == other:
            continue  # most of them, and there may be a million documents
        name = above + key
        inner = (_members(one), _members(other))
        if name not in whole and inner[0] is not None and inner[1] is not None:
            yield from changes(inner[0], inner[1], whole, f"{name}.")
        elif not alike(one, other):
            yield Change(name, one, other)


def _members(value: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - any JSON
    """What to look into; None for what is one value."""
    if value is ABSENT:
        return {}
    return value if isinstance(value, dict) else None


def alike(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether two values are the same JSON: 1 and 1.0 are one number; true is none, though Python takes it for 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(each, other[name]) for name, each in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
