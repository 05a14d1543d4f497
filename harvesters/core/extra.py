"""`vconf.extra`: what `flatten` could not place, made fit for a `flattened` field and bounded."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

DEEPEST, LARGEST = 10, 32_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def bounded(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The members as an object that Elasticsearch takes.

    Lists of scalars become texts, anything deeper than 10 levels JSON text, control characters in keys
    underscores. Members beyond 32 kB are left out and their number is said under `left_out`.
    """
    fit: dict[str, Any] = {}
    room = LARGEST
    left_out = 0
    for name, value in extra.items():
        if value is None:
            continue
        member = _fit(value, 1)
        size = len(msgspec.json.encode({name: member}))
        if size > room:
            left_out += 1
            continue
        room -= size
        fit[_key(name)] = member
    return {**fit, "left_out": str(left_out)} if left_out else fit


def _key(name: str) -> str:
    return _CONTROL.sub("_", name) or "_"


def _fit(value: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        if depth >= DEEPEST:
            return msgspec.json.encode(value).decode()
        return {_key(str(name)): _fit(member, depth + 1) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [
            _fit(each, depth + 1) if isinstance(each, Mapping) else _text(each) for each in value if each is not None
        ]
    return _text(value)


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
