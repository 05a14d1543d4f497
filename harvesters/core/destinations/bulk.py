"""Bodies for `_bulk`, ready as bytes, and what the node's answer says of each document."""

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from io import BytesIO
from itertools import pairwise
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

    content: memoryview = field(default_factory=lambda: memoryview(b""))
    ends: "array[int]" = field(default_factory=lambda: array("Q"))
    runs: Sequence[Run] = ()

    def __len__(self) -> int:
        """Number of documents."""
        return len(self.ends)

    def both_lines(self, position: int) -> bytes:
        """The lines of one document."""
        return bytes(self.content[self.ends[position - 1] if position else 0 : self.ends[position]])

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

    def __init__(self, buffer: BytesIO | None = None) -> None:
        """`buffer`: what it is written into; of one that was used before, nobody may look at the body any more."""
        self.buffer, self.size = buffer or BytesIO(), 0
        self.buffer.seek(0)
        self._ends = array("Q")
        self._runs: list[Run] = []
        self._shared: tuple[str, str, int] | None = None
        self._before = b""

    def take(self, record: str, document: Encoded) -> None:
        """Add a document; what those of one record and index share of their action lines is made once."""
        shared = record, document.index, document.version
        if shared != self._shared:
            self._shared, self._before = shared, _before(document)
            self._begin(record, document.type)
        self.buffer.writelines((self._before, document.id.encode(), b'"}}\n', document.source, b"\n"))
        self._end()

    def add(self, record: str, type_: str, both_lines: bytes) -> None:
        """Add a document of another body: its action line and its source line."""
        self._begin(record, type_)
        self.buffer.write(both_lines)
        self._end()

    def _begin(self, record: str, type_: str) -> None:
        if not self._runs or self._runs[-1][1:] != (record, type_):
            self._runs.append((len(self._ends), record, type_))

    def _end(self) -> None:
        self.size = self.buffer.tell()
        self._ends.append(self.size)

    def body(self) -> Body:
        """The documents as a body."""
        return Body(self.buffer.getbuffer()[: self.size], self._ends, self._runs)


class Buffers:
    """What bodies are written into, again once one was sent: new memory is dearer than making the documents."""

    def __init__(self) -> None:
        """None yet."""
        self._spare: list[BytesIO] = []

    def draft(self) -> Draft:
        """A draft with nothing in it."""
        return Draft(self._spare.pop() if self._spare else None)

    def free(self, draft: Draft, body: Body) -> None:
        """Take back what a draft's body, which nobody needs any more, was written into; safe for several threads."""
        # Over TLS a try that failed leaves a view of the body in its traceback: such a buffer cannot be written again.
        with suppress(BufferError):
            body.content.release()
            draft.buffer.write(b"")
            self._spare.append(draft.buffer)


def _before(document: Encoded) -> bytes:
    """An action line up to the id."""
    index, version = document.index.encode(), document.version
    return b'{"index":{"_index":"%s","version":%d,"version_type":"external_gte","_id":"' % (index, version)


_QUOTED = re.compile(r"""(['"])(?:.*\1|.*)""", re.DOTALL)
_BRACKETED = re.compile(r"\b((?:date field|value) )\[[^]]*\]|\[[^]]*@[^]]*\.[^]]*\]", re.IGNORECASE)


def without_values(reason: str) -> str:
    """An error's reason without the personal values that Elasticsearch quotes in it.

    From the first quote to the last, since a value may hold quotes itself; names of fields stand in brackets.
    """
    text = reason.partition("Preview of field")[0].partition("document with id")[0]
    text = _BRACKETED.sub(r"\1[…]", _QUOTED.sub("…", text))
    return text.strip(" .:,'")[:200]
