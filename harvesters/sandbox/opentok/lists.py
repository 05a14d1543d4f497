"""Pages of lists: sizes, offset cursors, and what a page says of itself."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from harvesters.sandbox.opentok.rows import Record, Rows
from harvesters.sandbox.opentok.rules import Code

_PREFIX = "insights-resource:"
# A session that is not there is an error at its place in the list.
Item = Record | GraphQLError | None
# Sessions are ids until their page is loaded.
Items = Sequence[Item] | Sequence[str | None] | Rows


def failure(code: Code, message: str) -> GraphQLError:
    """An error of the answer with its code, which stands beside the message in the end."""
    return GraphQLError(message, extensions={"errorCode": int(code)})


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, from item number `start` (from 0) to `stop`, exclusive; a query may load it."""

    all: Items
    start: int
    stop: int
    load: Callable[[Any], Item] | None = None

    @property
    def items(self) -> Items:
        """The items of this page."""
        part = self.all[self.start : self.stop]
        return part if self.load is None else [self.load(item) for item in part]

    def __len__(self) -> int:
        return self.stop - self.start

    def info(self, last_cursor: str = "null") -> Record:
        """`PageInfo`; for the last page see `Rules.last_cursor`."""
        more = self.stop < len(self.all)
        last = {"null": None, "empty": "", "cursor": cursor(self.stop)}[last_cursor]
        return {"hasNextPage": more, "endCursor": cursor(self.stop) if more else last}


def page_of(items: Items, size: int, after: str | None, load: Callable[[Any], Item] | None = None) -> Page:
    """The page of at most `size` items behind a cursor; None and `""` mean the first.

    Raises:
        GraphQLError: the size is below 1 or the cursor none of ours (code 1004).
    """
    if size < 1:
        raise failure(Code.BAD_PARAMETER, "'first' must be a positive integer.")
    start = _offset(after) if after else 0
    return Page(items, start, min(start + size, max(start, len(items))), load)


def cursor(offset: int) -> str:
    """The cursor behind so many items."""
    return base64.b64encode(f"{_PREFIX}{offset}".encode()).decode()


def _offset(text: str) -> int:
    try:
        plain = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        plain = ""
    number = plain.removeprefix(_PREFIX)
    if number == plain or not number.isdecimal():
        raise failure(Code.BAD_PARAMETER, "'endCursor' is not a cursor of this API.")
    return int(number)
