"""The third step of a slice: load what a destination lacks, from the archive alone."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO

import msgspec

from harvesters.core.archive import read
from harvesters.core.destinations import Counts, Current, Destination, Difference, Documents, Expected, Target
from harvesters.core.errors import ArchiveError, DestinationError, HarvestError
from harvesters.core.expiry import archived_names, expired_of
from harvesters.core.fields import CONFERENCE
from harvesters.core.ids import doc_id
from harvesters.core.manifest import Loaded, Manifest, Refusal
from harvesters.core.mishap import where
from harvesters.core.recipe import Recipe
from harvesters.core.shortfall import shortfall, surplus
from harvesters.core.stamps import Stamp, Stamps
from harvesters.core.store import SliceStore
from harvesters.core.treatment import others
from harvesters.core.words import many

log = logging.getLogger(__name__)

UNREADABLE = (
    ArchiveError, msgspec.MsgspecError, ValueError, TypeError, LookupError, AttributeError, RecursionError,
    OverflowError,
)  # fmt: skip
EXPIRED = "{} of which documents are owed cannot be made anew: the archive expired."


@dataclass(slots=True)
class Load:
    """What loading one destination gave.

    Attributes:
        counts: what became of each document.
        owed: number of records that were to be loaded.
        broken: records that could not be made into documents, with the reason.
        expired: number of records that are owed, and not in the archive any more.
        shortfall: sentences for documents that are missing after all.
        surplus: sentences for documents that nobody knows of.
        removed: superseded documents that were deleted.
        unchanged: documents that were there already.
        oddities: what the vendor sent and nobody expected.
        error: why the load ended early.
    """

    counts: Counts = field(default_factory=Counts)
    owed: int = 0
    broken: dict[str, str] = field(default_factory=dict)
    expired: int = 0
    shortfall: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)
    removed: int = 0
    unchanged: int = 0
    oddities: Counter[str] = field(default_factory=Counter)
    error: HarvestError | None = None

    @property
    def whole(self) -> bool:
        """Whether everything that was to be there is there."""
        return not (self.broken or self.expired or self.shortfall or self.counts.refused or self.error)

    def sentences(self) -> list[str]:
        """What is not as the archive and the manifest say."""
        broken = [f"record {key} cannot be made into documents: {why}" for key, why in self.broken.items()]
        expired = [EXPIRED.format(many(self.expired, "record"))] if self.expired else []
        return broken + expired + self.shortfall + self.surplus


def _unwatched(records: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told of a load: how many records are to be loaded, and each time how many more are."""

    begins: Callable[[int], None] = _unwatched
    goes_on: Callable[[int], None] = _unwatched


@dataclass(slots=True)
class Loader:
    """Loads one slice into one destination; `named`: the user named the day, so what was removed from it comes back."""

    recipe: Recipe
    store: SliceStore
    manifest: Manifest
    destination: Destination
    target: Target
    selected: Collection[str] | None = None
    watch: Watch = field(default_factory=Watch)
    result: Load = field(default_factory=Load)
    named: bool = False

    def run(self) -> Load:
        """Load what is owed, then compare what is there with what the manifest says."""
        if self._stays_removed:
            return self.result
        try:
            self._load(self.owed())
            if short := self._compare():
                self._load_again(short)
            self._remove_superseded()
        except DestinationError as error:
            self.result.error = error
        self.result.expired = len(self._expired())
        if self._loaded.unsure and all(map(self._is_there, self.manifest.records)):
            self._loaded.unsure = []
        self.result.unchanged = self._unchanged()
        return self.result

    def _unchanged(self) -> int:
        """How many documents are there that this load did not send."""
        stamps = self._loaded.records.items() if self.destination.identity else ()
        return sum(sum(stamp.counts.values()) for name, stamp in stamps if name not in self._fresh)

    def _load_again(self, short: list[str]) -> None:
        """Forget what is known of records that fell short, and load them once more."""
        log.warning("%s: %s fell short: loading again", self.destination.name, many(len(short), "record"))
        for name in short:
            if name in self._loaded.records and self.manifest.records[name].archived:
                del self._loaded.records[name]
                self._short.add(name)
        self._load(self.owed())
        self._compare()
        self.result.shortfall = shortfall(self.destination.name, self._differences)

    def _remove_superseded(self) -> None:
        """Of the records that were just loaded, remove what they no longer have."""
        surplus = {each.record for each in self._differences if not each.short}
        names = [name for name in self._fresh if name in surplus and name in self._loaded.records]
        if not names:
            return
        removed = self.destination.remove_superseded([self._current(name) for name in names])
        self.result.removed += removed.number
        self._compare()
        if removed.refused:
            self.result.surplus.append(f"{self.destination.name}: our user may not delete (see README, rights).")

    def _current(self, name: str) -> Current:
        stamp = self._loaded.records[name]
        return Current(self.conference_id(name), stamp.fetched_at, stamp.revision, stamp.settings)

    @property
    def _loaded(self) -> Loaded:
        if not self.destination.identity:
            return Loaded(Stamps())  # it remembers nothing, so nothing is owed to it either
        return self.manifest.destinations.setdefault(self.destination.identity, Loaded(Stamps()))

    @property
    def _stays_removed(self) -> bool:
        return bool(self._loaded.removed) and not self.named

    def _expired(self) -> list[str]:
        """The records that would be owed if the archive still had them; asked for days that somebody named."""
        names = filter(self._is_selected, expired_of(self.manifest) if self.named else ())
        return [name for name in names if not self._is_there(name)]

    def _is_selected(self, name: str) -> bool:
        return self.selected is None or name in self.selected

    def owed(self) -> list[str]:
        """Readable keys of the records to load: those whose stamps differ from what is there."""
        archived = [] if self._stays_removed else archived_names(self.manifest)
        names = list(filter(self._is_selected, archived))
        if not self.destination.identity:
            return names
        owed = [name for name in names if not self._is_there(name)]
        if self.destination.takes_whole_slices:
            gone = set(self._loaded.records) - set(archived)
            if owed and gone:
                message = f"the archive lost what the lake holds ({len(gone)} of its records); the lake's files stay."
                raise DestinationError(message)
            return archived if owed else []
        return owed

    def due(self) -> list[str]:
        """What `run` would load: the records that are owed, and those that fell short. Nothing is written.

        The manifest that is in memory forgets what fell short.
        """
        short = self._compare()
        self.result.shortfall = shortfall(self.destination.name, self._differences)
        self.result.expired = len(self._expired())
        for name in short:
            self._loaded.records.pop(name, None)
        return self.owed()

    def _is_there(self, name: str) -> bool:
        has = self._loaded.records.get(name)
        wanted = self.recipe.stamp(self.manifest.records[name])
        return has is not None and (has.digest, has.fetched_at, has.revision, has.settings) == (
            wanted.digest, wanted.fetched_at, wanted.revision, wanted.settings,
        )  # fmt: skip

    def _load(self, names: list[str]) -> None:
        self.result.owed += len(names)
        if not names:
            return
        log.info("%s: %s to load into %s", self.target.day, many(len(names), "record"), self.destination.name)
        self.watch.begins(len(names))
        counts = self.result.counts
        counts.whole.clear()
        for name in names:
            counts.accepted.pop(name, None)
            counts.refused.pop(name, None)
        before = self._forget(names)
        try:
            # Closed by us, and its file with it, also where somebody keeps the error and the frames of it.
            with closing(self._documents(names)) as documents:
                self.destination.write(self.target, documents, counts)
        except DestinationError:
            if self.destination.takes_whole_slices:
                # Its files are as they were, and so is what is known of them.
                self._loaded.records.update(before)
            raise
        finally:
            self._note(names)

    def _forget(self, names: list[str]) -> Mapping[str, Stamp]:
        """Before the first write, write down that what is there of these records is no longer known.

        Otherwise a run that is killed while it loads with other settings would leave documents that the
        manifest takes for the old ones. Returns what was known.
        """
        if not self.destination.identity:
            return {}
        known = self._loaded.records
        if self.selected is None or self.destination.takes_whole_slices:
            self._loaded.removed = ""  # it has the whole slice again
        self._before = Stamps((name, known.pop(name)) for name in names if name in known)
        there = {stamp.settings for stamp in self._before.values()}
        self._loaded.unsure = others(self._loaded.unsure, there, self.recipe.envelope.treatment)
        self.store.commit(self.manifest)
        return self._before

    def _documents(self, names: Iterable[str]) -> Generator[tuple[str, Documents]]:
        with self.store.archive.open("rb") as file:
            for name in names:
                yield name, self.documents(file, name)
                self.watch.goes_on(1)

    def documents(self, file: IO[bytes], name: str) -> Documents:
        """A record's documents, out of the archive; one that cannot be read is named, and the rest goes through."""
        entry = self.manifest.records[name]
        try:
            yield from self.recipe.documents(read(file, entry), entry.fetched_at, self.result.oddities)
        except UNREADABLE as error:
            log.warning("record %s cannot be made into documents: %s", name, type(error).__name__)
            if self.destination.takes_whole_slices and (name in self._before or name in self._short):
                message = f"{self.destination.name} holds record {name}, which cannot be read now; its files stay."
                raise DestinationError(message) from error
            self.result.broken[name] = str(error) if isinstance(error, ArchiveError) else where(error)

    def _note(self, names: list[str]) -> None:
        """Write down what the destination has now; a record with a refused document stays owed."""
        if not self.destination.identity:
            return
        counts, loaded = self.result.counts, self._loaded
        for name in names:
            loaded.refused.pop(name, None)
            if refused := counts.refused.get(name):
                loaded.refused[name] = Refusal(sum(refused.values()), dict(refused))
                loaded.records.pop(name, None)
        for name in counts.whole:
            if name not in counts.refused and name not in self.result.broken:
                loaded.records[name] = self.recipe.stamp(self.manifest.records[name], counts.accepted.get(name))
                self._fresh[name] = None
        counts.accepted.clear()

    def _compare(self) -> list[str]:
        """Records of which the destination holds too few documents; surplus is named."""
        if not self.destination.identity:
            return []
        self._differences = self.destination.check(self.target, self._expected())
        self.result.surplus = surplus(self.destination.name, self._differences)
        return list(dict.fromkeys(each.record for each in self._differences if each.short))

    _differences: list[Difference] = field(default_factory=list)
    _before: Mapping[str, Stamp] = field(default_factory=dict)
    _short: set[str] = field(default_factory=set)
    """Records that fell short: the lake has some of their documents all the same."""
    _fresh: dict[str, None] = field(default_factory=dict)

    def conference_id(self, name: str) -> str:
        """The id of a record's conference, which all of its documents carry."""
        envelope = self.recipe.envelope
        return doc_id((envelope.vendor, envelope.account, CONFERENCE, *self.manifest.records[name].key))

    def _expected(self) -> Iterator[Expected]:
        for name, stamp in self._loaded.records.items():
            if name in self.manifest.records:
                yield Expected(name, self.conference_id(name), stamp.counts)
