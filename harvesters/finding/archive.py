"""Calls in the archive: found by the keys in the manifests, their documents made by the present recipe."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from harvesters.core.archive import read
from harvesters.core.day import Day
from harvesters.core.days import archived_days
from harvesters.core.encode import Encoded
from harvesters.core.entries import Entry
from harvesters.core.errors import ArchiveError
from harvesters.core.expiry import archived_only
from harvesters.core.fields import CONFERENCE, PARTICIPANT
from harvesters.core.ids import doc_id
from harvesters.core.lines import unpack
from harvesters.core.loading import UNREADABLE
from harvesters.core.manifest import Manifest, of_calls
from harvesters.core.recipe import Recipe
from harvesters.core.source import Account as SourceAccount
from harvesters.core.store import SliceStore
from harvesters.core.tree import Conference as Tree
from harvesters.core.tree import Entity
from harvesters.finding.calls import Days, Match, Take, Wanted, newest_first, personal, stretch
from harvesters.finding.key import Key
from harvesters.story.members import Account, Conference, User
from harvesters.story.people import Who
from harvesters.story.story import DayState


@dataclass(frozen=True)
class Slice:
    """One archived day of an account, with what makes its documents."""

    store: SliceStore
    account: SourceAccount
    recipe: Recipe

    def manifest(self) -> Manifest:
        """What the archive holds; where manifest and archive differ in size, the archive is read.

        Of records that expired nothing is left to find.
        """
        known = self.store.peek()
        size = self.store.archive.stat().st_size if self.store.archive.exists() else 0
        return archived_only(known if known and known.archive_size == size else self.store.view()[0])

    def opened(self, name: str, known: Entry | None = None) -> tuple[IO[bytes], Entry]:
        """The archive, and where the record lies in it; a run may have written it anew since the manifest was read.

        `known`: where it lay then, for who has it: a large day's manifest is not to be read for each of its records.
        """
        for entry in self._places(name, known):
            file = self.store.archive.open("rb")
            if entry and _lies_there(file, entry):
                return file, entry
            file.close()
        message = f"record {name} of {self.store.day} cannot be read: the archive is damaged or is being written."
        raise ArchiveError(message)

    def _places(self, name: str, known: Entry | None) -> Iterator[Entry | None]:
        """Where a record lies: by what is known of it, then by the archive itself."""
        yield known or self.manifest().records.get(name)
        yield self.store.view()[0].records.get(name)

    def documents(self, name: str, known: Entry | None = None) -> Iterator[Encoded]:
        """A record's documents; `known` as `opened` has it.

        Raises:
            ArchiveError: they cannot be made.
        """
        file, entry = self.opened(name, known)
        with file:
            try:
                yield from self.recipe.documents(read(file, entry), entry.fetched_at, Counter())
            except UNREADABLE as error:
                why = str(error) if isinstance(error, ArchiveError) else type(error).__name__
                message = f"record {name} of {self.store.day} cannot be made into documents: {why}."
                raise ArchiveError(message) from error

    def told(self, entity: Entity) -> Mapping[str, Any]:
        """What documents tell of an entity's fields, by the profile of privacy."""
        return self.recipe.envelope.treatment.treat(entity.fields, {})

    def trees(self) -> Iterator[tuple[str, Entry, Tree]]:
        """What each record means, its streams not yet read; records that cannot be read are left out."""
        records = list(of_calls(self.manifest()))
        if not records:
            return
        with self.store.archive.open("rb") as file:
            for name, entry in records:
                try:
                    tree = self.recipe.tree(read(file, entry))
                except UNREADABLE:
                    continue
                yield name, entry, tree


def _lies_there(file: IO[bytes], entry: Entry) -> bool:
    try:
        return next(unpack(file, entry.offset, entry.length))[0].key == entry.key
    except ArchiveError:
        return False


@dataclass
class ArchivedCalls:
    """The archives of some accounts."""

    data_dir: Path
    accounts: Sequence[tuple[str, SourceAccount]]
    recipe: Callable[[str, SourceAccount], Recipe]
    _seen: set[Day] = field(default_factory=set)

    @property
    def where(self) -> str:
        """The folder."""
        return f"the archive in {self.data_dir / 'archive'}"

    def _slices(self, days: Days) -> Iterator[Slice]:
        """Every day of every account, newest first."""
        for vendor, account in self.accounts:
            recipe = self.recipe(vendor, account)
            for day in archived_days(self.data_dir, vendor, account.id, newest_first=True):
                if days is None or day in days:
                    self._seen.add(day)
                    yield Slice(SliceStore(self.data_dir, vendor, account.id, day), account, recipe)

    def find(self, key: Key, days: Days) -> list[Match]:
        """By the record's key where that tells; else by what each record means; else by all documents."""
        found = _by_key(key, self._slices(days))
        if not found and not key.names_one:
            found = list(_by_tree(key, self._slices(days)))
        if not found and key.hashed:
            found = list(_by_documents(key, self._slices(days)))
        return newest_first(found)

    def read(self, match: Match, take: Take, wanted: Wanted) -> None:
        """Every document as it is made: each stream's measurements, then the stream."""
        del wanted
        for each in self._of(match).documents(match.record):
            take(each.type, each.source)

    def conference(self, match: Match) -> bytes | None:
        """The last document of a record."""
        made = (each.source for each in self._of(match).documents(match.record) if each.type == CONFERENCE)
        return next(made, None)

    def _of(self, match: Match) -> Slice:
        account = SourceAccount(match.account.id, match.account.name)
        store = SliceStore(self.data_dir, match.vendor, account.id, match.day)
        return Slice(store, account, self.recipe(match.vendor, account))

    def people(self, who: Who, days: Days) -> Iterator[bytes]:
        """Documents are made of those records only in which the person was."""
        for each in self._slices(days):
            for name, entry, tree in each.trees():
                if any(who.matches(_user(each.told(person))) for person in tree.participants.values()):
                    made = (one.source for one in each.documents(name, entry) if one.type == PARTICIPANT)
                    yield from (source for source in made if who.matches(personal(source).user))

    def day(self, match: Match) -> DayState | None:
        """Nothing but the manifest tells of that."""
        del match
        return None

    def looked(self, days: Days) -> str:
        """The days that were there."""
        del days
        return f"{stretch(self._seen)} of {self.where}"

    def close(self) -> None:
        """Nothing to let go."""


def _by_key(key: Key, slices: Iterable[Slice]) -> list[Match]:
    found = []
    for each in slices:
        for name, entry in of_calls(each.manifest()):
            if key.means_record(each.store.vendor, each.store.account, entry.key):
                return [_match(each, name, entry)]
            if key.text in {entry.call, *entry.key} and _is_named(each, name, entry, key):
                found.append(_match(each, name, entry))
    return found


def _by_tree(key: Key, slices: Iterable[Slice]) -> Iterator[Match]:
    for each in slices:
        for name, entry, tree in each.trees():
            if _is_of(each, tree, key):
                yield _match(each, name, entry)


def _by_documents(key: Key, slices: Iterable[Slice]) -> Iterator[Match]:
    text = key.text.encode()
    for each in slices:
        for name, entry in of_calls(each.manifest()):
            if any(text in document.source for document in each.documents(name, entry)):
                yield _match(each, name, entry)


def _match(found: Slice, name: str, entry: Entry) -> Match:
    store = found.store
    id_ = doc_id((store.vendor, store.account, CONFERENCE, *entry.key))
    call = Conference(id_, start=entry.started)
    return Match(store.vendor, Account(store.account, found.account.name), store.day, call, None, name)


def _is_named(found: Slice, name: str, known: Entry, key: Key) -> bool:
    """Whether the record's call bears that id: a key has other parts too."""
    file, entry = found.opened(name, known)
    with file:
        try:
            tree = found.recipe.tree(read(file, entry))
        except UNREADABLE:
            return False
    return _is_of(found, tree, key)


def _is_of(found: Slice, tree: Tree, key: Key) -> bool:
    """Whether the call bears that id, as its documents tell it."""
    return tree.conference is not None and key.named(found.told(tree.conference))


def _user(told: Mapping[str, Any]) -> User:
    return User(*(told.get(f"user.{name}") for name in ("id", "full_name", "email", "hash")))
