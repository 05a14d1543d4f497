"""What a server stores: apps, and rooms with all of their rows, as plain dicts in the server's own shapes."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, Protocol

from harvesters.sandbox.peermetrics.stamps import stamp

Json = dict[str, Any]
ORGANIZATION = {"id": "0ca5c1a7-c867-4eb2-9f9f-26880e4be1b5", "name": "Sample Org", "created_at": "2026-01-05 08:00:02"}


def uid(*parts: object) -> str:
    """A UUID that follows from what it names."""
    text = blake2b("/".join(map(str, parts)).encode(), digest_size=16).hexdigest()
    # Version 4, written out: this is done for every event.
    variant = "89ab"[int(text[16], 16) % 4]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


@dataclass(slots=True)
class Rows:
    """A room's rows, or those of one of its calls.

    Attributes:
        conference: the room's row as details have it, without `participants` and `issues`.
        participants: of the room, peers without a session and SFUs among them.
        sessions: without their `issues`.
        connections: as answered; `issues` likewise, without `title` and `explanation`.
        events: all but statistics, as answered.
        stats: the events of type `stats`; what is costly in them may be a `Lazy` value.
        builds: stamps at which the server built a summary, in order.
        summary: a summary that is known from elsewhere, served instead of a built one.
    """

    conference: Json
    participants: list[Json] = field(default_factory=list)
    sessions: list[Json] = field(default_factory=list)
    connections: list[Json] = field(default_factory=list)
    issues: list[Json] = field(default_factory=list)
    events: Sequence[Json] = field(default_factory=list)
    stats: Sequence[Json] = field(default_factory=list)
    builds: list[str] = field(default_factory=list)
    summary: list[Json] | None = None


class Lazy(Protocol):
    """A value that is made when it is sent."""

    def text(self) -> bytes:
        """As JSON."""


class Room(Protocol):
    """A room whose rows depend on the time."""

    def at(self, now: datetime) -> Rows:
        """Its rows as they stood at an instant."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What rows a request is about, as far as a store may leave out others; None for any.

    Attributes:
        now: the server's clock, aware; what comes later is not there.
        first: stamp before which no row was created that is wanted; `last` after which none was.
    """

    now: datetime
    app: str | None = None
    conference: str | None = None
    participant: str | None = None
    first: str | None = None
    last: str | None = None


class Rooms(ABC):
    """All that one server stores.

    Attributes:
        organization: the only one's row.
    """

    organization: Json = ORGANIZATION

    @abstractmethod
    def apps(self) -> Sequence[Json]:
        """The rows of all apps in the database's order, soft-deleted ones among them."""

    def deleted(self) -> Collection[str]:
        """The ids of soft-deleted apps."""
        return ()

    @abstractmethod
    def rooms(self, wanted: Wanted) -> Iterable[Rows]:
        """Whole rooms that were first used between `first` and `last`, or any others with them."""

    def parts(self, wanted: Wanted) -> Iterable[Rows]:
        """Whole rooms, or calls of them, that together have every row that is wanted."""
        return self.rooms(Wanted(wanted.now, wanted.app, wanted.conference, wanted.participant))

    def find(self, conference: str, now: datetime) -> Rows | None:
        """The whole room of that id."""
        wanted = Wanted(now, conference=conference)
        return next((each for each in self.rooms(wanted) if each.conference["id"] == conference), None)


class Stored(Rooms):
    """Rooms in memory; the list of them may change while it is served."""

    def __init__(
        self, rooms: Iterable[Room | Rows], apps: Iterable[Json] = (), deleted: Collection[str] = frozenset()
    ) -> None:
        """`apps` are the rows of all; `deleted` ids of those that were soft-deleted."""
        self.held = rooms if isinstance(rooms, list) else list(rooms)
        self._apps, self._deleted = list(apps), deleted

    def apps(self) -> Sequence[Json]:
        """Those that were told."""
        return self._apps

    def deleted(self) -> Collection[str]:
        """Those that were told."""
        return self._deleted

    def rooms(self, wanted: Wanted) -> Iterator[Rows]:
        """All that exist by now."""
        now = stamp(wanted.now)
        for each in self.held:
            rows = each if isinstance(each, Rows) else each.at(wanted.now)
            if rows.conference["created_at"] <= now:
                yield rows


def app_row(identity: str, name: str, created_at: str = "2026-01-06 08:00:00.488743") -> Json:
    """An app; its key is made up and secret."""
    return {
        "id": identity,
        "name": name,
        "api_key": blake2b(identity.encode(), digest_size=16).hexdigest(),
        "domain": None,
        "organization": ORGANIZATION["id"],
        "interval": 10000,
        "recording": True,
        "durations_days": {},
        "created_at": created_at,
    }
