"""Decoding that survives what vendors send: strict and quick first, piece by piece where that fails.

A member of the wrong type is absent and counted, never 0 and never the end of the night.
"""

import json
import math
import re
from collections import Counter
from contextlib import suppress
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

import msgspec

T = TypeVar("T")
REPAIRED = "text_repaired"
USUAL_ROW, LONGEST_ROW = 1 << 11, 1 << 14
LONGEST_INTEGER = 1000
_first_value = json.JSONDecoder().raw_decode
_SURROGATE = re.compile("[\ud800-\udfff]")


def decoded(decoder: msgspec.json.Decoder[T], raw: bytes) -> T | None:
    """What a decoder makes of a body; None if that is no JSON, of another form, or nested without end."""
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


_ESCAPE = rb"\\u[dD][%s][0-9a-fA-F]{2}"
_WHOLE = (_ESCAPE % b"89abAB") + (_ESCAPE % b"c-fC-F")
_LONE = re.compile(rb"(\\\\)|(%s)|%s" % (_WHOLE, _ESCAPE % b"89a-fA-F"))


def without_lone_surrogates(body: bytes) -> bytes:
    """The same JSON with half characters, such as a cut text ends with, as U+FFFD; whole ones stay."""
    # Most answers have no escape. One byte is found a hundred times as fast as two, and those sooner by `rfind`.
    if b"\\" not in body or (body.rfind(b"\\ud") < 0 and body.rfind(b"\\uD") < 0):
        return body
    return _LONE.sub(lambda found: found[1] or found[2] or rb"\ufffd", body)


def decode_json(raw: bytes, oddities: Counter[str]) -> Any:  # noqa: ANN401 - any JSON
    """A JSON value; lone surrogates and bad UTF-8 are replaced, numbers without end are absent.

    Raises:
        ValueError: it is no JSON, or nested without end.
    """
    try:
        try:
            return msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            oddities[REPAIRED] += 1
        text = raw.decode("utf-8", "replace")
        return _repaired(json.loads(text, parse_constant=lambda _: None, parse_int=_integer))
    except RecursionError as error:
        message = "an entity is nested without end"
        raise ValueError(message) from error


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= LONGEST_INTEGER else None


def _repaired(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_repaired(name): _repaired(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_repaired(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def decode_object(raw: bytes, oddities: Counter[str]) -> dict[str, Any]:
    """A JSON object; anything else is an empty one and counted."""
    value = decode_json(raw, oddities)
    if isinstance(value, dict):
        return value
    oddities["an entity that is no object"] += 1
    return {}


def first_row(raw: bytes) -> dict[str, Any] | None:
    """The first row of a JSON array, without a look at the others; None if there is none, or it is no short object."""
    for most in (USUAL_ROW, LONGEST_ROW):
        with suppress(ValueError, RecursionError):
            first, _ = _first_value(raw[1:most].decode("utf-8", "replace").lstrip())
            return first if isinstance(first, dict) else None
    return None


class RowDecoder:
    """Decodes JSON arrays of rows into structs of one type, whose members all have defaults."""

    def __init__(
        self, row: type[msgspec.Struct], elsewhere: type[msgspec.Struct] | None = None, *, deep: bool = False
    ) -> None:
        """For rows of a type.

        Args:
            row: the type of a row; a null row stays None.
            elsewhere: one that reads its other members.
            deep: a member whose own members do not all fit is not absent as a whole: those that fit are kept.
        """
        self._row, self._deep = row, deep
        self._array = msgspec.json.Decoder(list[row | None])  # type: ignore[valid-type]
        types = (row, elsewhere) if elsewhere else (row,)
        self._names = frozenset(each.encode_name for type_ in types for each in msgspec.structs.fields(type_))

    def decode(self, raw: bytes, oddities: Counter[str]) -> list[Any]:
        """The rows, nulls left out; strangers among the first row's members are counted."""
        try:
            rows: list[Any] = self._array.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            rows = [self._piecewise(each, oddities) for each in _array_of(raw, oddities)]
        self._strangers(raw, oddities)
        if not all(rows):  # a struct is always true, so this is the quick way to look for nulls
            oddities["null rows"] += rows.count(None)
            rows = [row for row in rows if row is not None]
        return rows

    def _strangers(self, raw: bytes, oddities: Counter[str]) -> None:
        """Count members of the first row that the type does not know: the vendor's drift."""
        for name in first_row(raw) or ():
            if name not in self._names:
                oddities[f"unknown member '{name[:60]}'"] += 1

    def _piecewise(self, value: Any, oddities: Counter[str]) -> Any:  # noqa: ANN401 - a row of any JSON
        if not isinstance(value, dict):
            return None
        fit = {}
        for field in msgspec.structs.fields(self._row):
            member = value.get(field.encode_name)
            try:
                fit[field.name] = msgspec.convert(member, field.type, strict=False)
            except msgspec.ValidationError:
                if self._deep:
                    fit[field.name] = _fitted(member, field.type, field.encode_name, oddities)
                else:
                    oddities[f"unreadable '{field.encode_name}'"] += 1
        return self._row(**fit)


def _fitted(value: Any, type_: Any, name: str, oddities: Counter[str]) -> Any:  # noqa: ANN401 - any JSON and type
    """What of a value fits a type: of an object its members that do, of a list its items; None if nothing does."""
    with suppress(msgspec.ValidationError):
        return msgspec.convert(value, type_, strict=False)
    for one in get_args(type_) if isinstance(type_, UnionType) else (type_,):
        if isinstance(value, list) and get_origin(one) is list:
            items = [_fitted(each, get_args(one)[0], name, oddities) for each in value]
            return [each for each in items if each is not None]
        if isinstance(value, dict) and isinstance(one, type) and issubclass(one, msgspec.Struct):
            members = [each for each in msgspec.structs.fields(one) if each.encode_name in value]
            return one(**{m.name: _fitted(value[m.encode_name], m.type, m.encode_name, oddities) for m in members})
    oddities[f"unreadable '{name}'"] += 1
    return None


def _array_of(raw: bytes, oddities: Counter[str]) -> list[Any]:
    value = decode_json(raw, oddities)
    return value if isinstance(value, list) else []


def inside(value: object, *path: str) -> Any:  # noqa: ANN401 - any JSON
    """A member deep in objects, None where one of them is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def number(value: object) -> float | None:
    """A number that is not negative; anything else is absent."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e12  # noqa: PLR2004
    return float(value) if fits else None  # type: ignore[arg-type]


def count(value: object) -> int | None:
    """A number of things; anything else is absent."""
    found = number(value)
    return None if found is None else round(found)
