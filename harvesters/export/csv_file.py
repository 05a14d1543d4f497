"""Rows as a CSV file that a spreadsheet opens: UTF-8 with its mark, instants as ISO, and no cell that it would run."""

import csv
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from typing import IO, Any

from harvesters.core.day import iso_ms
from harvesters.core.fields import BOOLEAN, DATE, DATE_RANGE, FLOAT, GEO_POINT, LONG
from harvesters.export.table import Column

SIGNS = frozenset("=+-@")
"""What a formula begins with; blanks before it are no help."""
BLANKS = frozenset("\t\r\n")
NUMBERS = frozenset({FLOAT, LONG})
PAIRS = {DATE_RANGE: ("gte", "lt"), GEO_POINT: ("lat", "lon")}


class CsvFile:
    """Writes rows as they come."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        """The head is written at once; a pair is two columns."""
        self._columns = columns
        self._text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="", write_through=True)
        self._writer = csv.writer(self._text)
        self._writer.writerow([name for each in columns for name in _names(each)])

    def write(self, row: Sequence[Any]) -> None:
        """Add a row; what is absent is an empty cell."""
        self._writer.writerow([
            cell for column, value in zip(self._columns, row, strict=True) for cell in _cells(column, value)
        ])  # fmt: skip

    def close(self) -> None:
        """Everything is written; the file stays open."""
        self._text.flush()
        self._text.detach()


def _names(column: Column) -> list[str]:
    return [f"{column.name}.{part}" for part in PAIRS[column.type]] if column.type in PAIRS else [column.name]


def _cells(column: Column, value: Any) -> Iterator[object]:  # noqa: ANN401 - what `Table.row` gives
    if value is None:
        yield from [""] * len(_names(column))
    elif column.type == DATE_RANGE:
        yield from map(iso_ms, value)
    elif column.type == GEO_POINT:
        yield from value
    elif column.type == DATE:
        yield iso_ms(value)
    elif column.type == BOOLEAN:
        yield "true" if value else "false"
    elif column.type in NUMBERS:
        yield value
    else:
        yield defused("; ".join(value) if column.several else value)


def defused(text: str) -> str:
    """A text that no spreadsheet takes for a formula: with an apostrophe before it where it would."""
    return f"'{text}" if text[:1] in BLANKS or text.lstrip()[:1] in SIGNS else text
