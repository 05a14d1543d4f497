"""What every place that holds documents can tell of calls."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from harvesters.core.day import Day
from harvesters.core.store import SliceStore
from harvesters.finding.key import Key, identity
from harvesters.story.members import Account, Conference, User
from harvesters.story.people import Who
from harvesters.story.story import DayState

Days = Collection[Day] | None
"""The days that the user named; None: all there are."""
Take = Callable[[str, bytes], None]
"""Who is given a document's type and its source."""
Wanted = Callable[[], Collection[str]]
"""The ids of the streams whose measurements are wanted, once all streams were given."""


@dataclass(frozen=True)
class Match:
    """A call that was found.

    Attributes:
        vendor: whose.
        account: of whom.
        day: the UTC day on which it began.
        call: what is known of it so far, its id at least.
        document: its own document, where that was read already.
        record: the readable key of its archived record, "" elsewhere.
    """

    vendor: str
    account: Account
    day: Day
    call: Conference
    document: bytes | None = None
    record: str = ""


class Calls(Protocol):
    """One place; nothing is written and no lock is taken."""

    @property
    def where(self) -> str:
        """The place for people, such as `the lake in data/lake`."""

    def find(self, key: Key, days: Days) -> list[Match]:
        """The calls that are meant, newest first.

        Raises:
            HarvestError: the place cannot be read.
        """

    def read(self, match: Match, take: Take, wanted: Wanted) -> None:
        """Hand over the documents of a call, one by one; measurements perhaps only of those streams."""

    def conference(self, match: Match) -> bytes | None:
        """The call's own document; None where there is none."""

    def people(self, who: Who, days: Days) -> Iterator[bytes]:
        """The participant documents of a person, in any order."""

    def day(self, match: Match) -> DayState | None:
        """What the place itself knows of the call's day."""

    def looked(self, days: Days) -> str:
        """What was looked through, for people."""

    def close(self) -> None:
        """Let it go."""


class _Of(msgspec.Struct):
    account: Account


class Personal(msgspec.Struct):
    """Of whom a document tells, and whose call it was."""

    vconf: _Of
    user: User = msgspec.field(default_factory=User)


personal = msgspec.json.Decoder(Personal).decode


def match_of(source: bytes, day: Day, document: bytes | None) -> Match:
    """The call that a document belongs to."""
    told = identity(source).vconf
    return Match(told.vendor, told.account, day, told.conference, document)


def newest_first(found: Collection[Match]) -> list[Match]:
    """By their start, then by id, whatever place they were found in."""
    return sorted(found, key=lambda each: (each.call.start or str(each.day), each.call.id), reverse=True)


def stretch(days: Collection[Day]) -> str:
    """`3 days (2026-11-27 to 2026-11-29)`."""
    if not days:
        return "no day"
    if len(days) == 1:
        return f"one day ({min(days)})"
    return f"{len(days):,} days ({min(days)} to {max(days)})"


def day_of(match: Match, place: Calls, data_dir: Path) -> DayState | None:
    """What is known of the call's day: by the manifest of this machine, else by the place the call was found in."""
    manifest = SliceStore(data_dir, match.vendor, match.account.id, match.day).peek()
    return DayState(manifest.day, manifest.state, manifest.settled) if manifest else place.day(match)
