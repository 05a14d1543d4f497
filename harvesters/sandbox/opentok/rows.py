"""Statistics rows as ready JSON: they are nearly all of an answer, so none is resolved field by field."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import msgspec

Record = dict[str, Any]


@dataclass(frozen=True)
class Selection:
    """The fields a query asks of an object without lists: (name in the answer, name of the field)."""

    typename: str
    fields: tuple[tuple[str, str], ...]

    @cached_property
    def names(self) -> tuple[str, ...] | None:
        """The field names in the order of the query, None if one of them is renamed."""
        return tuple(name for _, name in self.fields) if all(a == n for a, n in self.fields) else None

    def of(self, record: Mapping[str, object]) -> dict[str, object]:
        """The part of a record that was asked for; what it lacks is null."""
        return {alias: self.typename if name == "__typename" else record.get(name) for alias, name in self.fields}


@dataclass(frozen=True, slots=True)
class TextRows:
    """Rows that are made when they are asked for, as JSON text, so that a big day needs little memory.

    Attributes:
        fields: the members of each row's object, in their order.
        make: the texts of rows number `start` (from 0) to `stop`, exclusive.
        start: number of the first row of these.
        stop: number after the last row of these.
    """

    fields: tuple[str, ...]
    make: Callable[[int, int], Sequence[str]]
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, part: slice) -> "TextRows":
        start, stop, _ = part.indices(len(self))
        return replace(self, start=self.start + start, stop=self.start + max(start, stop))

    def __iter__(self) -> Iterator[Record]:
        return iter(msgspec.json.decode(self.text(), type=list[Record]))

    def text(self) -> bytes:
        """All rows as one JSON array."""
        return f"[{','.join(self.make(self.start, self.stop))}]".encode()


Rows = Sequence[Record | None] | TextRows


def encoded(rows: Rows, selection: Selection) -> msgspec.Raw:
    """The rows as a JSON array with the selected members in the order of the query."""
    if isinstance(rows, TextRows) and selection.names == rows.fields:
        return msgspec.Raw(rows.text())
    return msgspec.Raw(msgspec.json.encode([None if row is None else selection.of(row) for row in rows]))
