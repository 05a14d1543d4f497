"""Whether archive, lake and index hold what the manifests say: counted anew, conference by conference."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harvesters.core.day import Day
from harvesters.core.destinations import Difference, Expected, Target
from harvesters.core.errors import ArchiveError, DestinationError
from harvesters.core.expiry import archived_names
from harvesters.core.fields import CONFERENCE
from harvesters.core.ids import doc_id
from harvesters.core.manifest import Manifest
from harvesters.core.source import NO_CALL
from harvesters.core.store import SliceStore
from harvesters.core.words import many
from harvesters.watch.survey import Watched

ARCHIVE = "archive"


class Held(Protocol):
    """A destination that is looked at; see `Destination` and `Countable`."""

    name: str
    identity: str

    def recount(self, target: Target, expected: Sequence[Expected]) -> list[Difference]:
        """See `Countable`."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that is not as the manifest says.

    `record`, `type`, `expected` and `found`: of a conference of which a destination holds another number of documents;
    else `text` says what is wrong, and they are empty.
    """

    source: str
    account: str
    day: str
    place: str
    record: str = ""
    type: str = ""
    expected: int = 0
    found: int = 0
    text: str = ""

    def sentence(self) -> str:
        """It for people, without the day."""
        if self.text:
            return self.text
        return f"{self.place} has {self.found:,} of {many(self.expected, f'{self.type} document')} of {self.record}"


@dataclass(slots=True)
class Looked:
    """What was looked at in one place: days, conferences and documents as the manifests tell them.

    `without`: days with conferences that were never loaded there.
    """

    days: int = 0
    conferences: int = 0
    documents: int = 0
    without: int = 0


@dataclass(slots=True)
class Verification:
    """What a verification found so far.

    `places` by name; `oddities` in the order of the days; `gone`: by name, why a destination cannot be read at all.
    """

    places: dict[str, Looked] = field(default_factory=dict)
    oddities: list[Oddity] = field(default_factory=list)
    gone: dict[str, str] = field(default_factory=dict)

    def see(self, place: str, conferences: int, documents: int) -> None:
        """Count a day that was looked at."""
        looked = self.places.setdefault(place, Looked())
        looked.days += 1
        looked.conferences += conferences
        looked.documents += documents


def verify_day(data_dir: Path, account: Watched, day: Day, held: Sequence[Held], verification: Verification) -> None:
    """Look at one archived day; what is found is added to the verification, and nothing is written."""
    store = SliceStore(data_dir, account.vendor, account.id, day)
    of_day = (account.vendor, account.id, str(day))
    try:
        manifest, said = _agreed(store)
    except (ArchiveError, OSError) as error:
        verification.oddities.append(Oddity(*of_day, ARCHIVE, text=str(error)))
        return
    verification.see(ARCHIVE, _conferences(manifest, archived_names(manifest)), 0)
    verification.oddities += [Oddity(*of_day, ARCHIVE, text=text) for text in said]
    for destination in held:
        if destination.identity not in manifest.destinations:
            verification.places.setdefault(destination.name, Looked()).without += bool(manifest.records)
        else:
            _compare(destination, manifest, Target(account.vendor, account.id, day), verification)


def _agreed(store: SliceStore) -> tuple[Manifest, list[str]]:
    """The manifest as the archive has it, and where the two disagree."""
    before = store.peek()
    known = set(before.records) if before else set()
    manifest, said = store.view()
    more = [name for name in manifest.records if name not in known] if before else []
    said += [f"record {name} is in the archive, and its manifest does not know it" for name in more]
    return manifest, said


def _compare(destination: Held, manifest: Manifest, target: Target, verification: Verification) -> None:
    """Count what a destination holds of the conferences that were loaded into it, and say what was not."""
    of_day = (target.vendor, target.account, str(target.day), destination.name)
    expected = list(expected_of(manifest, destination.identity))
    documents = sum(sum(each.counts.values()) for each in expected)
    try:
        found = destination.recount(target, expected)
    except DestinationError as error:
        verification.oddities.append(Oddity(*of_day, text=str(error)))
        return
    verification.see(destination.name, _conferences(manifest, (each.record for each in expected)), documents)
    verification.oddities += [Oddity(*of_day, each.record, each.type, each.expected, each.found) for each in found]
    for name in owed_of(manifest, destination.identity):
        verification.oddities.append(Oddity(*of_day, text=f"{destination.name} was never given {name} as it is now"))


def _conferences(manifest: Manifest, records: Iterable[str]) -> int:
    """How many of these records tell of a conference: the vendor's own totals do not."""
    return sum(manifest.records[name].call != NO_CALL for name in records)


def expected_of(manifest: Manifest, identity: str) -> Iterator[Expected]:
    """What was loaded of each record that is still archived."""
    for name, stamp in manifest.destinations[identity].records.items():
        if name in manifest.records:
            key = manifest.records[name].key
            yield Expected(name, doc_id((manifest.vendor, manifest.account, CONFERENCE, *key)), stamp.counts)


def owed_of(manifest: Manifest, identity: str) -> Iterator[str]:
    """The archived records of which a destination was given nothing, or an older answer."""
    loaded = manifest.destinations[identity]
    if loaded.removed:
        return
    stamps = loaded.records
    for name, entry in manifest.records.items():
        if not entry.archived:
            continue
        if name not in stamps or stamps[name].digest != entry.digest:
            yield name
