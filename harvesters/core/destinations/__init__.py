"""Where documents go: dumb sinks of bytes that count what became of each document."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from harvesters.core.day import Day
from harvesters.core.encode import Encoded

Documents = Iterable[Encoded]


@dataclass(slots=True)
class TypeCounts:
    """What became of the documents of one type."""

    sent: int = 0
    created: int = 0
    updated: int = 0
    stale: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Counts:
    """What became of a slice's documents.

    Attributes:
        types: by document type.
        accepted: record to the number of its documents that are now there, by type; records of equal numbers
            share them.
        refused: record to reasons and how often.
        whole: records all of whose documents were answered.
        letters: the file with copies of what was refused, if anything was.
    """

    types: dict[str, TypeCounts] = field(default_factory=dict)
    accepted: dict[str, Mapping[str, int]] = field(default_factory=dict)
    refused: dict[str, Counter[str]] = field(default_factory=dict)
    whole: list[str] = field(default_factory=list)
    letters: Path | None = None
    _numbers: dict[tuple[tuple[str, int], ...], Mapping[str, int]] = field(default_factory=dict)

    def of(self, type_: str) -> TypeCounts:
        """The counts of one type."""
        return self.types.setdefault(type_, TypeCounts())

    def accept(self, record: str, numbers: Mapping[str, int]) -> None:
        """Note documents of a record that are there now, by type."""
        more = dict(self.accepted.get(record, {}))
        for type_, number in numbers.items():
            more[type_] = more.get(type_, 0) + number
        self.accepted[record] = self._numbers.setdefault(tuple(more.items()), more)


@dataclass(frozen=True, slots=True)
class Target:
    """The slice that is loaded."""

    vendor: str
    account: str
    day: Day


@dataclass(frozen=True, slots=True)
class Expected:
    """What a destination should hold of one conference, by document type."""

    record: str
    conference_id: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Current:
    """A conference that was loaded, and how: its documents are of this fetch (ms), code and settings and no other."""

    conference_id: str
    fetched_at: int
    revision: str
    settings: str


@dataclass(frozen=True, slots=True)
class Removed:
    """How many superseded documents went; `refused`: our user may not delete."""

    number: int = 0
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """A conference of which a destination holds fewer (`short`) or more documents than the manifest says."""

    record: str
    type: str
    expected: int
    found: int

    @property
    def short(self) -> bool:
        """Whether documents are missing."""
        return self.found < self.expected


class Destination(Protocol):
    """One place for documents.

    `identity` is the key of its load state in the manifest: another cluster or prefix is another
    destination. "" means that it remembers nothing. `takes_whole_slices`: it is rewritten as a whole, so
    the engine gives it every record of the slice or none.
    """

    name: str
    identity: str
    takes_whole_slices: bool

    def open(self) -> None:
        """Reach it and look whether it is fit.

        Raises:
            DestinationError: it cannot be reached or is not set up; nothing was written.
        """

    def write(self, target: Target, records: Iterable[tuple[str, Documents]], counts: Counts) -> None:
        """Write the documents of records; `counts` is kept up to date, also when it raises.

        Raises:
            DestinationError: it is gone, full or refuses us; what was answered before counts.
        """

    def check(self, target: Target, expected: Iterable[Expected]) -> list[Difference]:
        """Where what it holds differs from what the manifest says."""

    def remove_superseded(self, loaded: Sequence[Current]) -> Removed:
        """Remove what conferences that were just loaded no longer have."""

    def note(self, id_: str, document: Mapping[str, object]) -> None:
        """Keep a document of the harvester's own (a slice, a run), where that has a place."""

    def close(self) -> None:
        """Let it go."""


@dataclass(frozen=True, slots=True)
class Remade:
    """A record whose documents can be made anew; each call of `documents` makes them once more, in the same order."""

    record: str
    conference_id: str
    documents: Callable[[], Documents]


class Pair(NamedTuple):
    """A document as it would be written and as it is held, both as JSON bytes; one of them may be None.

    `id` is "" where the destination does not keep ids; `record` is "" for what belongs to no record. Of a document
    that is only held (`made` is None), `held` may be no more than its `event.id`.
    """

    record: str
    type: str
    id: str
    made: bytes | None
    held: bytes | None


@runtime_checkable
class Readable(Protocol):
    """A destination that can tell what it holds."""

    def pairs(self, target: Target, records: Iterable[Remade], *, whole: bool) -> Iterator[Pair]:
        """Each document of these records beside what is held of it; a record's surplus comes after its documents.

        `whole`: these are all records of the slice, so that what belongs to none of them is surplus too. Nothing is
        written, and no more is kept in memory than some documents and what one record has in another order.

        Raises:
            DestinationError: it cannot be read.
        """


@dataclass(frozen=True, slots=True)
class Told:
    """Documents that tell of somebody: how many, and the ids of some of their conferences."""

    documents: int = 0
    conferences: tuple[str, ...] = ()


@runtime_checkable
class Notable(Protocol):
    """A destination that keeps what is odd about a slice as issue documents of its own."""

    def note_issues(self, target: Target, documents: Mapping[str, Mapping[str, object]]) -> None:
        """Keep these documents, by id, and remove those of the slice that were kept before and are not among them.

        Raises:
            DestinationError: it cannot be reached, or our user may not do that.
        """


@runtime_checkable
class Searchable(Protocol):
    """A destination that can be searched for somebody."""

    def telling(self, account: tuple[str, str], written: Sequence[tuple[str, str]], known: Sequence[str]) -> Told:
        """Documents of a vendor and account in which one of these fields has its value; nothing is written.

        Those of the `known` conferences, by their ids, do not count.

        Raises:
            DestinationError: it cannot be searched.
        """


@runtime_checkable
class Countable(Protocol):
    """A destination that can count anew what it holds of a slice, whatever a load would look at."""

    def recount(self, target: Target, expected: Sequence[Expected]) -> list[Difference]:
        """Where its counts differ from what is expected, conference by conference; nothing is written.

        Raises:
            DestinationError: it cannot be read.
        """
