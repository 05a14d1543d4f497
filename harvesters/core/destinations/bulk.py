"""Bodies for `_bulk`, ready as bytes, and what the node's answer says of each document."""

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import accumulate, pairwise
from typing import Any

import msgspec

from harvesters.core.encode import Encoded

BODY_BYTES = 4 << 20
CREATED, OK, CONFLICT, TOO_MANY = 201, 200, 409, 429
PASSING = frozenset({429, 502, 503, 504})
NO_RIGHT = frozenset({401, 403})
NO_INDEX = "index_not_found_exception"
BLOCKED = "cluster_block_exception"


class Fate(Enum):
    """What became of a document."""

    CREATED = "created"
    UPDATED = "updated"
    STALE = "stale"
    AGAIN = "again"
    REJECTED = "rejected"
    STOP = "stop"


WELL = {CREATED: Fate.CREATED, OK: Fate.UPDATED, CONFLICT: Fate.STALE}


class Error(msgspec.Struct, gc=False):
    """Why a document was refused."""

    type: str = ""
    reason: str | None = None
    caused_by: Any = None


class Item(msgspec.Struct, gc=False):
    """The answer for one document."""

    status: int
    error: Error | None = None

    @property
    def fate(self) -> Fate:
        """What the engine does with it. A disk at flood stage says 429 too, but does not pass by waiting."""
        if self.status in WELL:
            return WELL[self.status]
        kind = self.error.type if self.error else ""
        if kind in {BLOCKED, NO_INDEX} or self.status in NO_RIGHT:
            return Fate.STOP
        return Fate.AGAIN if self.status in PASSING else Fate.REJECTED


def fates_of(items: list[Item]) -> Counter[Fate]:
    """How many documents met each fate; where all went well, the status alone tells, which is quick."""
    statuses = Counter([item.status for item in items])
    if statuses.keys() <= WELL.keys():
        return Counter({WELL[status]: number for status, number in statuses.items()})
    return Counter(item.fate for item in items)


class _Action(msgspec.Struct, gc=False):
    index: Item


class Reply(msgspec.Struct):
    """The answer of `_bulk`, filtered: one item for each action, in order."""

    errors: bool
    items: list[_Action]


Run = tuple[int, str, str]
"""From which document on they are of a record and type."""


@dataclass(frozen=True, slots=True)
class Body:
    """Some documents for one request, and whose they are.

    Attributes:
        content: action line and source line of each document.
        ends: where each document ends in it.
    """

    content: bytes = b""
    ends: "array[int]" = field(default_factory=lambda: array("Q"))
    runs: Sequence[Run] = ()

    def __len__(self) -> int:
        """Number of documents."""
        return len(self.ends)

    def both_lines(self, position: int) -> bytes:
        """The lines of one document."""
        return self.content[self.ends[position - 1] if position else 0 : self.ends[position]]

    def spans(self) -> Iterator[tuple[int, int, str, str]]:
        """From, to (excluded), record and type of each run."""
        ends = [*self.runs, (len(self), "", "")]
        for (start, record, type_), (end, _, _) in pairwise(ends):
            yield start, end, record, type_

    def owner(self, position: int) -> tuple[str, str]:
        """Record and type of one document."""
        return next((record, type_) for start, end, record, type_ in self.spans() if start <= position < end)

    def part(self, positions: list[int]) -> "Body":
        """Some of the documents, in ascending positions, as a body of their own."""
        rest, wanted = Draft(), iter(positions)
        position = next(wanted, -1)
        for start, end, record, type_ in self.spans():
            while start <= position < end:
                rest.add(record, type_, self.both_lines(position))
                position = next(wanted, -1)
        return rest.body()

    def halves(self) -> tuple["Body", "Body"]:
        """The same documents in two bodies."""
        middle = len(self) // 2
        return self.part(list(range(middle))), self.part(list(range(middle, len(self))))


class Draft:
    """Documents that become a body."""

    def __init__(self) -> None:
        """Nothing in it yet."""
        self.size = 0
        self._lines: list[bytes] = []
        self._runs: list[Run] = []

    def add(self, record: str, type_: str, both_lines: bytes) -> None:
        """Add a document: its action line and its source line."""
        if not self._runs or self._runs[-1][1] != record or self._runs[-1][2] != type_:
            self._runs.append((len(self._lines), record, type_))
        self._lines.append(both_lines)
        self.size += len(both_lines)

    def body(self) -> Body:
        """The documents as a body; the lines are used up, so that none of several bodies under way is there twice."""
        ends = array("Q", accumulate(map(len, self._lines)))
        content = b"".join(self._lines)
        self._lines.clear()
        return Body(content, ends, self._runs)


class Actions:
    """Action lines; what documents of one index and record share is made once."""

    def __init__(self) -> None:
        """Nothing cached yet."""
        self._index, self._version, self._before = "", 0, b""

    def both_lines(self, document: Encoded) -> bytes:
        """Action and source, each with its line end."""
        index, version = document.index, document.version
        if index != self._index or version != self._version:
            self._index, self._version = index, version
            self._before = b'{"index":{"_index":"%s","version":%d,"version_type":"external_gte","_id":"' % (
                index.encode(),
                version,
            )
        return b"".join((self._before, document.id.encode(), b'"}}\n', document.source, b"\n"))


_QUOTED = re.compile(r"""(['"])(?:.*\1|.*)""", re.DOTALL)
_BRACKETED = re.compile(r"\b((?:date field|value) )\[[^]]*\]|\[[^]]*@[^]]*\.[^]]*\]", re.IGNORECASE)


def without_values(reason: str) -> str:
    """An error's reason without the personal values that Elasticsearch quotes in it.

    From the first quote to the last, since a value may hold quotes itself; names of fields stand in brackets.
    """
    text = reason.partition("Preview of field")[0].partition("document with id")[0]
    text = _BRACKETED.sub(r"\1[…]", _QUOTED.sub("…", text))
    return text.strip(" .:,'")[:200]
