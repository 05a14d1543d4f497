"""A document type as a table: its columns by the field list, and documents as rows of values."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from harvesters.core.day import instant_ms
from harvesters.core.errors import DestinationError
from harvesters.core.fields import BOOLEAN, DATE, DATE_RANGE, FLATTENED, FLOAT, GEO_POINT, LONG, Field

LISTS = frozenset({
    "event.category", "event.type", "vconf.flags", "vconf.stream.codec", "vconf.stream.media", "vconf.verdict.also",
})  # fmt: skip
"""Keywords that have several values, beside those that end like these; a test compares them with what is emitted."""
LIST_ENDINGS = (".inputs", ".poor_due_to")
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Column:
    """One field as a column; `several`: each value is a list of texts."""

    name: str
    type: str
    several: bool = False


def columns(fields: Iterable[Field], type_: str) -> tuple[Column, ...]:
    """The columns of a document type, in the order of the field list."""
    return tuple(
        Column(each.name, each.type, each.name in LISTS or each.name.endswith(LIST_ENDINGS))
        for each in fields
        if type_ in each.types
    )


class Table:
    """Makes rows of documents of one type."""

    def __init__(self, columns: Sequence[Column]) -> None:
        """`strangers`: members that have no column, and how often they came."""
        self.columns = columns
        self.strangers: Counter[str] = Counter()
        self._tree: dict[str, Any] = {}
        for number, column in enumerate(columns):
            *path, leaf = column.name.split(".")
            node = self._tree
            for step in path:
                node = node.setdefault(step, {})
            node[leaf] = number, _reader(column)

    def row(self, source: bytes) -> list[Any]:
        """A document's values, absent ones None: texts, numbers, truths, milliseconds of UTC, pairs, lists of texts.

        Raises:
            DestinationError: a value is not of its field's type.
        """
        row: list[Any] = [None] * len(self.columns)
        self._fill(row, _decode(source), self._tree, "")
        return row

    def _fill(self, row: list[Any], members: dict[str, Any], tree: dict[str, Any], path: str) -> None:
        for name, value in members.items():
            found = tree.get(name)
            if type(found) is tuple:
                number, read = found
                row[number] = _read(read, value, self.columns[number])
            elif found is not None and type(value) is dict:
                self._fill(row, value, found, f"{path}{name}.")
            else:
                self.strangers[path + name] += 1


def _read(read: Callable[[Any], Any], value: Any, column: Column) -> Any:  # noqa: ANN401 - any JSON
    try:
        return read(value)
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        message = f"a value of {column.name} is no {column.type}: load its day again with './harvest.py replay'."
        raise DestinationError(message) from error


def _reader(column: Column) -> Callable[[Any], Any]:
    if column.several:
        return _texts
    readers: dict[str, Callable[[Any], Any]] = {
        FLOAT: float, LONG: _whole, BOOLEAN: _truth, DATE: _instant, FLATTENED: _json, DATE_RANGE: _range,
        GEO_POINT: _point,
    }  # fmt: skip
    return readers.get(column.type, _text)


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    return value if isinstance(value, str) else _json(value)


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - any JSON
    return [_text(each) for each in (value if isinstance(value, list) else [value])]


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON
    return msgspec.json.encode(value).decode()


def _whole(value: float) -> int:
    if int(value) != value:
        raise ValueError
    return int(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _instant(value: object) -> int:
    found = instant_ms(value)
    if found is None:
        raise ValueError
    return found


def _range(value: dict[str, str]) -> tuple[int, int]:
    return _instant(value["gte"]), _instant(value["lt"])


def _point(value: dict[str, float]) -> tuple[float, float]:
    return float(value["lat"]), float(value["lon"])
