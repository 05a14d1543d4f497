"""Forgets somebody in one account: archive, dead letters, and each destination that has documents of it."""

import logging
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harvesters.core.day import Day
from harvesters.core.days import archived_days, owes, readable_manifest
from harvesters.core.destinations import Destination, Searchable, Target
from harvesters.core.errors import ArchiveError, DestinationError, Exit, HarvestError, worst
from harvesters.core.field import CONFERENCE, MAIL, NAME
from harvesters.core.forget import Search, Seen
from harvesters.core.forgetting import Who
from harvesters.core.ids import doc_id
from harvesters.core.loading import Load, Loader, Watch
from harvesters.core.locks import held
from harvesters.core.manifest import UNREACHED, Manifest
from harvesters.core.remnants import Remnants
from harvesters.core.words import many
from harvesters.core.workshop import Workshop

log = logging.getLogger(__name__)
ELSEWHERE = (
    "{}: there are documents in {} too, where these settings do not lead: run the same again with those that do."
)
IN_INDEX = (
    "{}: {} tell of the person, and no record of the archive makes them anew: harvest their days again, or delete "
    "them; they are of vconf.conference.id {}."
)
IN_LAKE = "{} {}, and the archive does not have that day: delete the file, or harvest the day again."
UNREAD = "cannot be read, so nobody knows whom it tells of"


@dataclass(slots=True)
class Forgot:
    """What was found of somebody in one account, or done about it.

    Attributes:
        days: those on which anything was found.
        archived: how many days were looked through.
        absent: days whose archive is gone.
        letters: dead letters that tell of the person.
        loaded: by destination, how many documents took the place of those that told of the person.
        remains: sentences for what still tells of the person.
        errors: what ended a part of the work early.
    """

    vendor: str
    account: str
    days: list[Seen] = field(default_factory=list)
    archived: int = 0
    absent: int = 0
    letters: int = 0
    loaded: Counter[str] = field(default_factory=Counter)
    remains: list[str] = field(default_factory=list)
    errors: list[HarvestError] = field(default_factory=list)

    @property
    def exit_code(self) -> Exit:
        """Partial where something still tells of the person."""
        return worst([*(each.exit_code for each in self.errors), *([Exit.PARTIAL] if self.remains else [])])


@dataclass(slots=True)
class Forgetting:
    """One person, or several, and one account; `who` is None where only HMACs of them are known."""

    shop: Workshop
    search: Search
    who: Who | None
    result: Forgot = field(init=False)

    def __post_init__(self) -> None:
        """Nothing was found yet."""
        self.result = Forgot(self.shop.vendor, self.shop.account.id)

    @property
    def _remnants(self) -> Remnants:
        return Remnants(self.shop.data_dir, self.shop.vendor, self.shop.account.id)

    def look(self) -> Forgot:
        """Look through everything; nothing is written."""
        self._each_day(self.search.look)
        self.result.letters = self._remnants.letters(self._stands, self._found_on())
        self._what_no_record_has([key for each in self.result.days for key in each.keys])
        return self.result

    def forget(self) -> Forgot:
        """Blank what there is, and load it again.

        Raises:
            LockedError: another run works on this account.
        """
        with held(self.shop.data_dir, self.shop.vendor, self.shop.account.id, self.shop.clock.now()):
            self._remnants.remove_unfinished()
            self._each_day(self.search.blank)
            owed = [day for day in self._days() if self._owes(day)]
            # What is loaded anew writes its letters anew, also where a run was killed before it came so far.
            self.result.letters = self._remnants.remove_letters(self._stands, frozenset(map(str, owed)))
            for day in owed:
                self._guarded(day, self._load_in_sight)
            self._what_no_record_has()
        return self.result

    def _days(self) -> list[Day]:
        return list(archived_days(self.shop.data_dir, self.shop.vendor, self.shop.account.id))

    def _found_on(self) -> frozenset[str]:
        return frozenset(each.day for each in self.result.days if each.records)

    def _stands(self, raw: bytes) -> bool:
        return self.who is not None and self.who.stands_in(raw)

    def _each_day(self, work: Callable[[Day], Seen]) -> None:
        days = self._days()
        self.result.archived = len(days)
        progress = self.shop.progress
        progress.begin(f"{self.shop.vendor} {self.shop.account.id}")
        progress.looking(len(days))
        try:
            for day in days:
                self._guarded(day, lambda day: self._note(work(day)))
                progress.loaded(1)
        finally:
            progress.end()

    def _guarded(self, day: Day, work: Callable[[Day], None]) -> None:
        """One day that fails stops no other."""
        self.shop.clock.check()
        try:
            work(day)
        except HarvestError as error:
            self.result.errors.append(error)
        except OSError as error:
            place = error.filename or self.shop.data_dir
            self.result.errors.append(ArchiveError(f"{day}: {place} cannot be read or written: {error.strerror}"))

    def _note(self, seen: Seen) -> None:
        self.result.absent += seen.absent
        if seen.records or seen.said or seen.elsewhere:
            self.result.days.append(seen)
        self.result.remains += [f"{seen.day}: {each}" for each in seen.unsure]

    # -- destinations --------------------------------------------------------------------------------------

    def _owes(self, day: Day) -> bool:
        store = self.search.store(day)
        known = readable_manifest(store.manifest_path)
        return known is not None and store.archive.exists() and owes(known, known.destinations)

    def _load(self, day: Day) -> None:
        """Load what a day's destinations are owed, which are those that have documents of it."""
        store = self.search.store(day)
        manifest, _ = store.open()
        reached = set()
        for destination in self.shop.destinations:
            if self._reaches(destination, manifest):
                reached.add(destination.identity)
                target = Target(self.shop.vendor, self.shop.account.id, day)
                loader = Loader(self.shop.recipe, store, manifest, destination, target, watch=self._watch(destination))
                self._note_load(day, destination, loader.run())
                store.commit(manifest)
        unknown = manifest.destinations.keys() - reached if not self.shop.gone else set()
        self.result.remains += [
            ELSEWHERE.format(day, identity)
            for identity in sorted(unknown)
            if owes(manifest, {identity}) and not identity.startswith(UNREACHED)
        ]

    def _load_in_sight(self, day: Day) -> None:
        self.shop.progress.begin(f"{self.shop.vendor} {self.shop.account.id} {day}")
        try:
            self._load(day)
        finally:
            self.shop.progress.end()

    def _watch(self, destination: Destination) -> Watch:
        progress = self.shop.progress
        return Watch(lambda records: progress.loading(destination.name, records), progress.loaded)

    def _reaches(self, destination: Destination, manifest: Manifest) -> bool:
        """Whether a destination has documents of a day and can be written to; if it cannot, that is said once."""
        gone = self.shop.reach(destination)
        if gone is None:
            return destination.identity in manifest.destinations
        if gone not in self.result.errors:
            self.result.errors.append(gone)
        return False

    def _note_load(self, day: Day, destination: Destination, load: Load) -> None:
        self.result.loaded[destination.name] += sum(each.sent for each in load.counts.types.values())
        if load.error:
            self.result.errors.append(load.error)
        if load.counts.refused:
            refused = many(sum(map(Counter.total, load.counts.refused.values())), "document")
            self.result.remains.append(f"{day}: {destination.name} refused {refused}, which stay as they were.")
        broken = [f"record {name} cannot be made into documents: {why}" for name, why in load.broken.items()]
        self.result.remains += [f"{day}: {each}" for each in (*broken, *load.shortfall)]

    # -- what no record of the archive has -------------------------------------------------------------------

    def _what_no_record_has(self, found: Iterable[tuple[str, ...]] = ()) -> None:
        """Look for documents of records that the archive lost: they cannot be made anew from it.

        `found`: keys of records whose documents will be made anew.
        """
        if self.who is None:
            return
        archived = frozenset(str(day) for day in self._days() if self.search.store(day).archive.exists())
        for name, number in self._remnants.in_lake(self._stands, archived).items():
            known = UNREAD if number is None else f"tells of the person in {many(number, 'document')}"
            self.result.remains.append(IN_LAKE.format(name, known))
        for destination in self.shop.destinations:
            if isinstance(destination, Searchable) and self.shop.reach(destination) is None:
                self._in_index(destination, destination.name, [self._conference(key) for key in found])

    def _conference(self, key: tuple[str, ...]) -> str:
        return doc_id((self.shop.vendor, self.shop.account.id, CONFERENCE, *key))

    def _in_index(self, destination: Searchable, name: str, known: Sequence[str]) -> None:
        account = self.shop.vendor, self.shop.account.id
        try:
            told = destination.telling(account, sorted(set(self._written())), known)
        except DestinationError as error:
            self.result.errors.append(error)
            return
        if told.documents:
            calls = ", ".join(told.conferences)
            self.result.remains.append(IN_INDEX.format(name, many(told.documents, "document"), calls))

    def _written(self) -> Iterator[tuple[str, str]]:
        """How a document may tell who somebody is: field and value, clear and as the present profile writes it."""
        envelope = self.shop.recipe.envelope
        values = self.who.values if self.who else ()
        spelled = {unicodedata.normalize(form, each.strip()) for each in values for form in ("NFC", "NFD")}
        for name in (each.name for each in envelope.fields.values() if each.tells in {NAME, MAIL}):
            for value in spelled:
                yield name, value
                if isinstance(treated := envelope.treatment.treat({name: value}, {}).get(name), str):
                    yield name, treated
