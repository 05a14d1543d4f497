"""Rows as a Parquet file by pyarrow: the types of the field list, zstd, a bounded number of rows in memory."""

from collections.abc import Sequence
from typing import IO, Any

import pyarrow as pa
from pyarrow import parquet

from harvesters.core.fields import BOOLEAN, DATE, DATE_RANGE, FLOAT, GEO_POINT, LONG
from harvesters.export.table import Column

CELLS = 400_000
"""Values, absent ones among them, that are held as Python has them; then Arrow packs them."""
BATCHES = 4
"""So many of these are a group of rows: of each the file's end, which is held until then, tells every column."""
INSTANT = pa.timestamp("ms", tz="UTC")
TYPES = {
    FLOAT: pa.float64(), LONG: pa.int64(), BOOLEAN: pa.bool_(), DATE: INSTANT,
    DATE_RANGE: pa.struct([("gte", INSTANT), ("lt", INSTANT)]),
    GEO_POINT: pa.struct([("lat", pa.float64()), ("lon", pa.float64())]),
}  # fmt: skip


class ParquetFile:
    """Writes rows group by group."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        """Nothing is written yet."""
        self._schema = pa.schema([(each.name, arrow_type(each)) for each in columns])
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._most = max(1, CELLS // len(columns))
        self._rows: list[Sequence[Any]] = []
        self._batches: list[Any] = []

    def write(self, row: Sequence[Any]) -> None:
        """Add a row."""
        self._rows.append(row)
        if len(self._rows) == self._most:
            self._pack()
        if len(self._batches) == BATCHES:
            self._flush()

    def _pack(self) -> None:
        values = zip(*self._rows, strict=True)
        arrays = [_array(each, field.type) for each, field in zip(values, self._schema, strict=True)]
        self._rows.clear()
        self._batches.append(pa.record_batch(arrays, schema=self._schema))

    def _flush(self) -> None:
        group = pa.Table.from_batches(self._batches)
        self._batches.clear()
        self._writer.write_table(group, row_group_size=group.num_rows)

    def close(self) -> None:
        """Write what is left and the file's end; the file stays open."""
        if self._rows:
            self._pack()
        if self._batches:
            self._flush()
        self._writer.close()


def arrow_type(column: Column) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The type of a column: texts where nothing else is said."""
    return pa.list_(pa.string()) if column.several else TYPES.get(column.type, pa.string())


def _array(values: Sequence[Any], type_: Any) -> Any:  # noqa: ANN401
    """A column; pairs are told apart by their parts' names."""
    if not pa.types.is_struct(type_):
        return pa.array(values, type_)
    names = [type_.field(number).name for number in range(type_.num_fields)]
    return pa.array([each if each is None else dict(zip(names, each, strict=True)) for each in values], type_)
