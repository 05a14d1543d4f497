"""Forgets somebody in the slices of one account: looks first, and blanks on demand."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from harvesters.core.archive import Frame, frame_of, scan, write_frames
from harvesters.core.day import Day
from harvesters.core.days import readable_manifest
from harvesters.core.entries import Entry
from harvesters.core.expiry import archived
from harvesters.core.forgetting import Forgetter
from harvesters.core.ids import readable
from harvesters.core.loading import UNREADABLE
from harvesters.core.manifest import Manifest, adopt
from harvesters.core.sighting import NAME, Person
from harvesters.core.store import SliceStore

log = logging.getLogger(__name__)
ADDRESS, ID = "address", "id"
LAKE = "lake"
INDEX = "index"


class Asked(Protocol):
    """Who is meant."""

    def wanted(self, value: str) -> bool:
        """Whether a value, in its normal form, is one of theirs."""

    def may_be_in(self, file: IO[bytes], entry: Entry) -> bool:
        """Whether one of them may stand in a record; False only if surely not."""

    def stands_in_record(self, file: IO[bytes], entry: Entry) -> bool:
        """Whether one of their values stands in a record, be it in members that tell of nobody."""


@dataclass(slots=True)
class Seen:
    """What was found of somebody in one slice.

    Attributes:
        day: of the slice.
        records: that tell of the person, by readable key; `keys` are the same by their parts.
        rows: how many heads and rows of theirs do.
        documents: by destination, how many documents were made of them.
        known: by kind, what else the person is known by there.
        elsewhere: records in which a value stands in members that tell of nobody; they are left as they are.
        absent: the archive of the day is gone, though destinations were given documents of it.
        unsure: sentences for what cannot be read, so that nobody knows whom it tells of.
        said: further sentences, such as what was removed, or would be, because it cannot be read.
    """

    day: str
    records: dict[str, Person] = field(default_factory=dict)
    keys: set[tuple[str, ...]] = field(default_factory=set)
    rows: int = 0
    documents: Counter[str] = field(default_factory=Counter)
    known: dict[str, set[str]] = field(default_factory=dict)
    elsewhere: int = 0
    absent: bool = False
    unsure: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def add(self, name: str, key: tuple[str, ...], person: Person) -> None:
        """Note a record that tells of somebody."""
        self.records[name] = person
        self.keys.add(key)
        self.rows += person.rows
        for kind, value in person.ids:
            self.known.setdefault(kind or (ADDRESS if "@" in value else ID), set()).add(value)
        self.known.setdefault(NAME, set()).update(person.names)


@dataclass(frozen=True, slots=True)
class Search:
    """Whom to look for in which account."""

    data_dir: Path
    forgetter: Forgetter
    asked: Asked

    def store(self, day: Day) -> SliceStore:
        """The files of a day."""
        return SliceStore(self.data_dir, self.forgetter.vendor, self.forgetter.account, day)

    def look(self, day: Day) -> Seen:
        """What a slice tells of somebody; nothing is written."""
        store, seen = self.store(day), Seen(str(day))
        seen.absent = _is_absent(store)
        manifest, _ = store.view()
        if store.archive.exists():
            self._through(store.archive, archived(manifest), seen)
        seen.documents = _documents(manifest, seen.records)
        for path in (store.part, *damaged(store)):
            if path.exists():
                self._beside(path, seen)
        return seen

    def _beside(self, path: Path, seen: Seen) -> list[tuple[str, Entry]]:
        """Look through what a run that was cut off left, or a damaged copy; returns its whole records."""
        scanned = list(scan(path))
        if any(isinstance(each, str) for each in scanned):
            seen.said.append(f"{path.name}: what cannot be read of it goes, for nobody knows whom it tells of.")
        entries = [(readable(each.key), each) for each in scanned if not isinstance(each, str)]
        self._through(path, entries, seen)
        return entries

    def _through(self, path: Path, entries: Iterable[tuple[str, Entry]], seen: Seen) -> None:
        """Look through records."""
        with path.open("rb") as file:
            for name, entry in entries:
                try:
                    self._into(file, name, entry, seen)
                except UNREADABLE as error:
                    log.info("record %s cannot be read: %s", name, type(error).__name__)
                    seen.unsure.append(f"record {name} cannot be read, so nobody knows whom it tells of.")

    def _into(self, file: IO[bytes], name: str, entry: Entry, seen: Seen) -> None:
        if not self.asked.may_be_in(file, entry):
            return
        if person := self.forgetter.person(file, entry, self.asked.wanted):
            seen.add(name, entry.key, person)
        elif self.asked.stands_in_record(file, entry):
            seen.elsewhere += 1

    def blank(self, day: Day) -> Seen:
        """Take somebody out of a slice; only whoever holds the account's lock may.

        What a run that was cut off left is merged first, so that it cannot bring anybody back. Archive and manifest are
        each replaced as a whole; between the two the next run believes the archive.
        """
        store, seen = self.store(day), Seen(str(day))
        leftovers(store)
        seen.absent = _is_absent(store)
        if not (store.archive.exists() or store.part.exists()):
            return seen
        manifest, damage = store.open()
        seen.said += [*damage, *store.merge(manifest, again=False).warnings]
        adopt(manifest)
        store.commit(manifest)
        self.blank_opened(store, manifest, seen, damaged=bool(damage))
        for path in damaged(store):
            self._rewrite_copy(path, seen)
        return seen

    def blank_opened(self, store: SliceStore, manifest: Manifest, seen: Seen, *, damaged: bool) -> None:
        """The same of the archive alone, which is open; one that is `damaged` is written anew in any case."""
        if store.archive.exists():
            self._through(store.archive, archived(manifest), seen)
            seen.documents = _documents(manifest, seen.records)
            if seen.records or damaged:
                self._rewrite(store, manifest, seen)

    def _rewrite(self, store: SliceStore, manifest: Manifest, seen: Seen) -> None:
        with store.archive.open("rb") as file:
            store.replace_records(manifest, self._frames(file, archived(manifest), seen))
        store.commit(manifest)

    def _frames(self, file: IO[bytes], entries: Iterable[tuple[str, Entry]], seen: Seen) -> Iterator[tuple[str, Frame]]:
        """The records of a file in their order; of those that tell of somebody what they are without."""
        for name, entry in entries:
            person = seen.records.get(name)
            yield name, (self._without(file, name, entry, person, seen) if person else frame_of(file, entry))

    def _without(self, file: IO[bytes], name: str, entry: Entry, person: Person, seen: Seen) -> Frame:
        """A record without somebody; one that cannot be read to its end stays as it is, and is named."""
        try:
            return self.forgetter.without(file, entry, person)
        except UNREADABLE as error:
            log.info("record %s cannot be blanked: %s", name, type(error).__name__)
            seen.unsure.append(f"record {name} cannot be read to its end, so it still tells of the person.")
            return frame_of(file, entry)

    def _rewrite_copy(self, path: Path, seen: Seen) -> None:
        """A damaged copy keeps the records that can be read."""
        found = Seen(seen.day)
        entries = self._beside(path, found)
        if found.records or found.said:
            with path.open("rb") as file:
                write_frames(path, self._frames(file, entries, found))
        for name, entry in entries:
            if name in found.records:
                seen.add(name, entry.key, found.records[name])
        seen.said += found.said
        seen.unsure += found.unsure


def _documents(manifest: Manifest, names: Iterable[str]) -> Counter[str]:
    """How many documents of these records each destination has."""
    found: Counter[str] = Counter()
    for name in names:
        for identity, loaded in manifest.destinations.items():
            if stamp := loaded.records.get(name):
                found[identity if identity == LAKE else INDEX] += sum(stamp.counts.values())
    return found


def _is_absent(store: SliceStore) -> bool:
    """Whether a day's archive is gone, and what was made of it may still be somewhere."""
    known = None if store.archive.exists() else readable_manifest(store.manifest_path)
    return known is not None and any(loaded.records for loaded in known.destinations.values())


def damaged(store: SliceStore) -> list[Path]:
    """The copies that were kept of a day's damaged archives."""
    return sorted(store.archive.parent.glob(f"{store.day}.ndjson.damaged-*[0-9]"))


def leftovers(store: SliceStore) -> None:
    """Remove what a run that was killed while it wrote left of a day."""
    for path in store.archive.parent.glob(f"{store.day}.*.new"):
        path.unlink(missing_ok=True)
