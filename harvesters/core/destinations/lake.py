"""The lake: a zstd NDJSON file for each document type and day, read directly by DuckDB, polars and jq."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

import zstandard

from harvesters.core.destinations import (
    Counts,
    Current,
    Difference,
    Documents,
    Expected,
    Pair,
    Remade,
    Removed,
    Target,
    held_lake,
)
from harvesters.core.errors import DestinationError
from harvesters.core.fields import CALL_TYPES
from harvesters.core.files import open_private, sync, sync_folder
from harvesters.core.ids import safe_name

LEVEL = 3


class LakeDestination:
    """Rewrites the files of a slice as a whole and swaps them by rename."""

    name, identity, takes_whole_slices = "lake", "lake", True

    def __init__(self, root: Path) -> None:
        """`root`: the folder `lake`."""
        self._root = root

    def open(self) -> None:
        """Nothing to reach: folders are made as files come up."""

    def path(self, type_: str, target: Target) -> Path:
        """The file of one type and slice."""
        folder = self._root / type_ / f"vendor={target.vendor}" / f"account={safe_name(target.account)}"
        return folder / f"{target.day}.ndjson.zst"

    def write(self, target: Target, records: Iterable[tuple[str, Documents]], counts: Counts) -> None:
        """Write all records of the slice; the old files stay until every new one is whole."""
        whole: list[str] = []
        files = _Files(self, target)
        try:
            with files.stack:
                for record, documents in records:
                    written: Counter[str] = Counter()
                    for document in documents:
                        files.of(document.type).write(document.source + b"\n")
                        written[document.type] += 1
                    counts.accept(record, written)
                    whole.append(record)
            files.swap()
        except OSError as error:
            message = f"the lake {self._root} cannot be written: {error.strerror}."
            raise DestinationError(message) from error
        finally:
            files.discard()
        counts.whole += whole
        for record in whole:
            for type_, number in counts.accepted.get(record, {}).items():
                counts.of(type_).sent += number

    def check(self, target: Target, expected: Iterable[Expected]) -> list[Difference]:
        """A type whose file is gone is short for every conference that has documents of it."""
        gone = {type_ for type_ in CALL_TYPES if not self.path(type_, target).exists()}
        return [
            Difference(each.record, type_, number, 0)
            for each in expected
            for type_, number in each.counts.items()
            if type_ in gone and number
        ]

    def recount(self, target: Target, expected: Sequence[Expected]) -> list[Difference]:
        """See `Countable`; conferences that nobody expects are named by their id."""
        return held_lake.differences({type_: self.path(type_, target) for type_ in CALL_TYPES}, expected)

    def pairs(self, target: Target, records: Iterable[Remade], *, whole: bool) -> Iterator[Pair]:
        """See `Readable`; a file that is not there holds nothing."""
        return held_lake.pairs({type_: self.path(type_, target) for type_ in CALL_TYPES}, records, whole=whole)

    def remove_superseded(self, loaded: Sequence[Current]) -> Removed:
        """Nothing is superseded: files are rewritten as a whole."""
        del loaded
        return Removed()

    def note(self, id_: str, document: Mapping[str, object]) -> None:
        """Runs and slices have no place here."""

    def close(self) -> None:
        """Nothing to let go."""


class _Files:
    """The new files of one slice, opened as types come up."""

    def __init__(self, lake: LakeDestination, target: Target) -> None:
        self._lake, self._target, self.stack = lake, target, ExitStack()
        self._open: dict[str, IO[bytes]] = {}

    def of(self, type_: str) -> IO[bytes]:
        """The file of a type."""
        if type_ not in self._open:
            path = self._lake.path(type_, self._target)
            path.parent.mkdir(parents=True, exist_ok=True)
            raw = self.stack.enter_context(open_private(_fresh(path), "wb"))
            self.stack.callback(sync, raw)
            packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
            self._open[type_] = self.stack.enter_context(packer.stream_writer(raw, closefd=False))
        return self._open[type_]

    def swap(self) -> None:
        """Put the new files in the place of the old ones; types that no longer occur go."""
        for type_ in CALL_TYPES:
            path = self._lake.path(type_, self._target)
            if type_ in self._open:
                _fresh(path).replace(path)
                sync_folder(path.parent)
            else:
                for each in (path, _fresh(path)):  # the latter of a run that was cut off
                    each.unlink(missing_ok=True)

    def discard(self) -> None:
        """Leave nothing of files that were not swapped: they tell of people, and nobody knows of them."""
        for type_ in CALL_TYPES:
            with suppress(OSError):  # why the load ended counts more
                _fresh(self._lake.path(type_, self._target)).unlink(missing_ok=True)


def _fresh(path: Path) -> Path:
    return path.with_name(path.name + ".new")
