"""Members of raw JSON by their paths: read, or put anew, with every other byte as the vendor wrote it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from harvesters.core.lenient import decode_json

NULL = b"null"
EMPTY = frozenset({NULL, b'""', b"[]", b"{}"})
Members = dict[str, msgspec.Raw]
_members = msgspec.json.Decoder(Members).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def value_of(raw: bytes) -> Any:  # noqa: ANN401 - any JSON
    """A JSON value, repaired where it is none.

    Raises:
        ValueError: it cannot be repaired.
    """
    return decode_json(raw, Counter())


def members_of(raw: bytes) -> Members | None:
    """The members of an object as they came; None of anything else."""
    if raw.lstrip()[:1] != b"{":
        return None
    try:
        return _members(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in value_of(raw).items()}


def items_of(raw: bytes) -> list[bytes]:
    """The items of an array as they came; none of anything else."""
    if raw.lstrip()[:1] != b"[":
        return []
    try:
        return [bytes(each) for each in _items(raw)]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return [msgspec.json.encode(each) for each in value_of(raw)]


def array(items: Sequence[bytes]) -> bytes:
    """Items as an array."""
    return b"[" + b",".join(items) + b"]"


def found_at(members: Members, path: Sequence[str]) -> Iterator[bytes]:
    """What stands at a path; on the way a list stands for each of its objects."""
    if path[0] not in members:
        return
    raw = bytes(members[path[0]])
    if len(path) == 1:
        yield raw
        return
    for each in items_of(raw) or [raw]:
        if (inner := members_of(each)) is not None:
            yield from found_at(inner, path[1:])


def put_at(members: Members, path: Sequence[str], change: Callable[[bytes], bytes]) -> bool:
    """Change what stands at a path; whether anything became another."""
    if path[0] not in members:
        return False
    before = bytes(members[path[0]])
    after = change(before) if len(path) == 1 else _put_inside(before, path[1:], change)
    if after == before:
        return False
    members[path[0]] = msgspec.Raw(after)
    return True


def _put_inside(raw: bytes, path: Sequence[str], change: Callable[[bytes], bytes]) -> bytes:
    if items := items_of(raw):
        fresh = [_put_inside(each, path, change) for each in items]
        return array(fresh) if fresh != items else raw
    members = members_of(raw)
    if members is None or not put_at(members, path, change):
        return raw
    return msgspec.json.encode(members)


def texts_of(raw: bytes) -> Iterator[str]:
    """The texts of a value without blanks around them: of a list each item's; numbers become text, blanks are none."""
    value = value_of(raw)
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, int | float) and not isinstance(each, bool):
            yield str(each)
        elif isinstance(each, str) and each.strip():
            yield each.strip()
