"""`vconf.extra`: what `flatten` could not place, made fit for a `flattened` field and bounded."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

DEEPEST, LARGEST = 10, 32_000
NOTHING: tuple[Any, ...] = (None, "", [], {})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def bounded(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The members as an object that Elasticsearch takes.

    Lists of scalars become texts, anything deeper than 10 levels JSON text, control characters in keys
    underscores; null and empty ones are absent. Members beyond 32 kB are left out and their number is said
    under `left_out`.
    """
    fit: dict[str, Any] = {}
    room = LARGEST
    left_out = 0
    for name, value in extra.items():
        member = _fit(value, 1)
        if not member:
            continue
        size = len(msgspec.json.encode({name: member}))
        if size > room:
            left_out += 1
            continue
        room -= size
        fit[_key(name, fit)] = member
    return {**fit, "left_out": str(left_out)} if left_out else fit


def _key(name: str, taken: Mapping[str, Any]) -> str:
    """A name without control characters that is not taken yet."""
    key = _CONTROL.sub("_", name) or "_"
    while key in taken:
        key += "_"
    return key


def _fit(value: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON
    """A member as objects and lists of texts; empty where there is nothing in it."""
    if isinstance(value, Mapping) and depth < DEEPEST:
        fit: dict[str, Any] = {}
        for name, each in value.items():
            if member := _fit(each, depth + 1):
                fit[_key(name, fit)] = member
        return fit
    if isinstance(value, list):
        members = [_fit(each, depth + 1) if isinstance(each, Mapping) else _text(each) for each in value]
        return [each for each in members if each]
    return _text(value)


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    if value in NOTHING:
        return ""
    try:
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    except RecursionError:
        return "nested without end"
