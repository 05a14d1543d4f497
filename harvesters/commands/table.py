"""Rows of texts in columns, for the pages that go to stdout."""

from collections.abc import Sequence

Row = tuple[str, ...]


def table(rows: Sequence[Row]) -> list[str]:
    """Rows as lines, the first column to the left and the others to the right."""
    first, *others = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        row[0].ljust(first) + "".join(cell.rjust(width + 2) for cell, width in zip(row[1:], others, strict=True))
        for row in rows
    ]
