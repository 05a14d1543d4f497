"""Reads a list to its end, whatever the vendor's pages do."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from harvesters.core.errors import SliceError

P = TypeVar("P")


def pages(ask: Callable[[str | None], P], after: Callable[[P], str | None], what: str) -> Iterator[P]:
    """Every page of a list, in order.

    `ask(cursor)` gets one page (None: the first), `after(page)` the cursor of the next or None at the end.

    Raises:
        SliceError: a cursor came twice, or an empty one, which means the first page. The list would never end,
            and what stands behind it is unknown.
    """
    seen: set[str | None] = {None, ""}
    cursor: str | None = None
    while True:
        page = ask(cursor)
        yield page
        cursor = after(page)
        if cursor is None:
            return
        if cursor in seen:
            message = f"{what}: the vendor's cursor does not move ('{cursor[:40]}' came again)."
            raise SliceError(message)
        seen.add(cursor)
