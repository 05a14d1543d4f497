"""Reads a list to its end, whatever the vendor's pages do."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from harvesters.core.errors import CursorError, SliceError

P = TypeVar("P")
READINGS = 3
MOST_PAGES = 10_000
"""Of one list: some million items. A list of more is taken for one that never ends."""


def pages(ask: Callable[[str | None], P], after: Callable[[P], str | None], what: str) -> Iterator[P]:
    """Every page of a list, in order.

    `ask(cursor)` gets one page (None: the first), `after(page)` the cursor of the next or None at the end.

    Raises:
        SliceError: a cursor came twice, or an empty one, which means the first page, or there are more than
            `MOST_PAGES`. The list would never end, and what stands behind it is unknown.
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
        if len(seen) > MOST_PAGES:
            message = f"{what}: the vendor's list has more than {MOST_PAGES:,} pages and seems to have no end."
            raise SliceError(message)


def pages_again(ask: Callable[[str | None, bool], P], after: Callable[[P], str | None], what: str) -> Iterator[P]:
    """The same where the vendor forgets cursors after a while: then the list is read once more from its first page.

    `ask(cursor, again)` raises CursorError for a cursor that was forgotten; `again` is True from the second reading
    on. Pages that came before the end of a reading come again, so the caller must tell items apart.

    Raises:
        SliceError: a cursor came twice, or every reading was cut off.
    """
    for reading in range(READINGS):
        try:
            yield from pages(lambda cursor: ask(cursor, reading > 0), after, what)  # noqa: B023 - used up within the round
        except CursorError:
            continue
        return
    message = f"{what}: the vendor forgot the place in it {READINGS} times; come back when it answers faster."
    raise SliceError(message)
