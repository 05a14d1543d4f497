"""What the lake holds of a slice, read beside the documents made anew.

A file is written record by record, so a record's lines lie together. They are found by their numbers, which one pass
over the file tells, and are read again as the record's turn comes: mostly in the order in which they lie there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO

import msgspec

from harvesters.core.destinations import Difference, Expected, Pair, Remade
from harvesters.core.destinations.packed_lines import damaged, unpacked_from
from harvesters.core.encode import Encoded


class _Event(msgspec.Struct):
    id: str


class _Conference(msgspec.Struct):
    id: str


class _Vconf(msgspec.Struct):
    conference: _Conference


class _Line(msgspec.Struct):
    """What tells a document apart, and its conference: the lake keeps no `_id`."""

    event: _Event
    vconf: _Vconf


_decode = msgspec.json.Decoder(_Line).decode


def pairs(paths: Mapping[str, Path], records: Iterable[Remade], *, whole: bool) -> Iterator[Pair]:
    """See `Readable.pairs`; `paths`: the file of each document type, which need not be there.

    Raises:
        DestinationError: a file is damaged.
    """
    with ExitStack() as stack:
        files = {
            type_: _File(path, stack.enter_context(path.open("rb"))) for type_, path in paths.items() if path.exists()
        }
        for each in records:
            yield from _Match(each, files).pairs()
        for type_, file in files.items() if whole else ():
            for line in file.rest():
                yield Pair("", type_, "", None, line)


def differences(paths: Mapping[str, Path], expected: Sequence[Expected]) -> list[Difference]:
    """See `Countable.recount`; `paths`: the file of each document type, which need not be there.

    Raises:
        DestinationError: a file is damaged.
    """
    names = {each.conference_id: each.record for each in expected}
    wanted = {each.conference_id: each.counts for each in expected}
    found: list[Difference] = []
    for type_, path in paths.items():
        held = _counted(path)
        for id_ in dict.fromkeys((*wanted, *held)):
            numbers = wanted.get(id_, {}).get(type_, 0), held.get(id_, 0)
            if numbers[0] != numbers[1]:
                found.append(Difference(names.get(id_, f"conference {id_}"), type_, *numbers))
    return found


def _counted(path: Path) -> dict[str, int]:
    """How many lines of each conference a file has."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return _File(path, file).numbers()


class _File:
    """The lines of one type, by their conference."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path, self._packed = path, file
        self._spans = self._surveyed()
        self._begin()

    def _begin(self) -> None:
        self._lines, self._at = self._unpacked(), 0

    def _surveyed(self) -> dict[str, list[list[int]]]:
        """Of each conference the number of the first line and how many there are; several of them if they lie apart."""
        spans: dict[str, list[list[int]]] = {}
        last = ""
        for number, line in enumerate(self._unpacked()):
            conference = self.told(line).vconf.conference.id
            if conference != last:
                spans.setdefault(conference, []).append([number, 0])
            spans[conference][-1][1] += 1
            last = conference
        return spans

    def told(self, line: bytes) -> _Line:
        """What a line tells of its document."""
        try:
            return _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise damaged(self._path) from error

    def _unpacked(self) -> Iterator[bytes]:
        return unpacked_from(self._packed, self._path)

    def numbers(self) -> dict[str, int]:
        """How many lines each conference has."""
        return {conference: sum(number for _, number in spans) for conference, spans in self._spans.items()}

    def of(self, conference_id: str) -> Iterator[bytes]:
        """The lines of a conference, which then count as read."""
        for first, number in self._spans.pop(conference_id, ()):
            if first < self._at:
                self._begin()
            yield from islice(self._lines, first - self._at, first - self._at + number)
            self._at = first + number

    def rest(self) -> Iterator[bytes]:
        """The lines of conferences that nobody asked for."""
        for conference_id in list(self._spans):
            yield from self.of(conference_id)


class _Match:
    """One record's documents and its lines, walked side by side; only what lies in another order is kept meanwhile."""

    def __init__(self, record: Remade, files: Mapping[str, _File]) -> None:
        self._record, self._files = record, files
        self._lines = {type_: file.of(record.conference_id) for type_, file in files.items()}
        self._made: dict[tuple[str, str], Encoded] = {}
        self._held: dict[tuple[str, str], bytes] = {}

    def pairs(self) -> Iterator[Pair]:
        """Each document with its line, then what is left of both."""
        for document in self._record.documents():
            line = next(self._lines[document.type], None) if document.type in self._lines else None
            if line == document.source:
                yield self._pair(document, line)
            else:
                yield from self._meet(document, line)
        for type_, lines in self._lines.items():
            for line in lines:
                yield from self._seen(type_, line)
        for document in self._made.values():
            yield self._pair(document, None)
        for (type_, _), line in self._held.items():
            yield Pair(self._record.record, type_, "", None, line)

    def _meet(self, document: Encoded, line: bytes | None) -> Iterator[Pair]:
        """A document and a line that may not be its own; None: there are no more lines."""
        key = document.type, _decode(document.source).event.id
        if line is None or key in self._held:
            yield self._pair(document, self._held.pop(key, None))
        else:
            self._made[key] = document
        if line is not None:
            yield from self._seen(document.type, line)

    def _seen(self, type_: str, line: bytes) -> Iterator[Pair]:
        """A line, with its document if that came already."""
        key = type_, self._files[type_].told(line).event.id
        if key in self._made:
            yield self._pair(self._made.pop(key), line)
        else:
            self._held[key] = line

    def _pair(self, document: Encoded, line: bytes | None) -> Pair:
        return Pair(self._record.record, document.type, document.id, document.source, line)
