"""One request as the answers see it: its filters, its window and its page, read or refused as the server does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from harvesters.sandbox.peermetrics.refusals import Code, broken, refused
from harvesters.sandbox.peermetrics.rooms import Json, Rooms, Rows, Wanted
from harvesters.sandbox.peermetrics.rules import PeermetricsRules
from harvesters.sandbox.peermetrics.stamps import stamp, window_value
from harvesters.sandbox.peermetrics.summaries import Summaries

WINDOW = ("created_at_gt", "created_at_gte", "created_at_lt", "created_at_lte")


@dataclass(frozen=True, slots=True)
class Window:
    """Stamps between which rows are created; None for no bound."""

    gt: str | None = None
    gte: str | None = None
    lt: str | None = None
    lte: str | None = None

    def __contains__(self, at: str) -> bool:
        """Whether a stamp lies in it."""
        if (self.gte is not None and at < self.gte) or (self.lt is not None and at >= self.lt):
            return False
        return not ((self.gt is not None and at <= self.gt) or (self.lte is not None and at > self.lte))

    @property
    def first(self) -> str | None:
        """The lower bound."""
        return max(filter(None, (self.gt, self.gte)), default=None)

    @property
    def last(self) -> str | None:
        """The upper bound."""
        return min(filter(None, (self.lt, self.lte)), default=None)


@dataclass(frozen=True, slots=True)
class Page:
    """The part of a list that is wanted."""

    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What one client asks for.

    Attributes:
        id: in the path.
        params: of the query; of a repeated one the last.
        now: the sandbox's clock.
    """

    endpoint: str
    id: str
    params: Mapping[str, str]
    rooms: Rooms
    rules: PeermetricsRules
    now: datetime
    summaries: Summaries

    def given(self, name: str) -> str | None:
        """A parameter; an empty one counts as none."""
        return self.params.get(name) or None

    def need(self, *names: str) -> None:
        """Refuse a request that has none of these parameters."""
        if not any(self.given(each) for each in names):
            raise refused(Code.MISSING_PARAMETERS)

    def uuid(self, name: str) -> str | None:
        """A filter by id; a bad one breaks the server."""
        text = self.given(name)
        if text is not None and not is_uuid(text):
            raise broken()
        return text

    def number(self, name: str) -> int | None:
        """A number; anything else breaks the server."""
        text = self.given(name)
        try:
            return None if text is None else int(text)
        except ValueError:
            raise broken() from None

    def window(self, *, strict_gt: bool = True) -> Window:
        """The window; `strict_gt` is whether another routine reads `created_at_gt`, which breaks on `Z`."""
        bounds = {each.removeprefix("created_at_"): self._bound(each, strict_gt=strict_gt) for each in WINDOW}
        return Window(**bounds)

    def _bound(self, name: str, *, strict_gt: bool) -> str | None:
        text = self.given(name)
        other = strict_gt and name == "created_at_gt"
        if text is None:
            return None
        if other and text.endswith("Z") and self.rules.python == "3.8":
            raise broken()
        try:
            return window_value(text)
        except ValueError:
            raise (broken() if other else refused(Code.INVALID_PARAMETERS)) from None

    def page(self) -> Page | None:
        """The page; None if none is asked for, or on old servers."""
        if self.rules.paging == "off" or not {"limit", "offset"} & set(self.params):
            return None
        limit, offset = self._whole("limit", self.rules.page_rows), self._whole("offset", 0)
        return Page(min(max(limit, 1), self.rules.most_page_rows), max(offset, 0))

    def _whole(self, name: str, otherwise: int) -> int:
        text = self.given(name)
        try:
            return otherwise if text is None else int(text)
        except ValueError:
            raise refused(Code.INVALID_PARAMETERS) from None

    def wanted(self, window: Window = Window(), **more: str | None) -> Wanted:
        """What a store is asked for."""
        return Wanted(self.now, first=window.first, last=window.last, **more)

    def conference(self, identity: str | None) -> Rows:
        """The room of an id.

        Raises:
            RefusedError: there is none by now.
        """
        room = self.rooms.find(identity, self.now) if identity and is_uuid(identity) else None
        if room is None:
            raise refused(Code.CONFERENCE_NOT_FOUND)
        return room

    def app(self, identity: str) -> Json:
        """The row of an app that is not deleted.

        Raises:
            RefusedError: there is none.
        """
        rows = [each for each in self.rooms.apps() if each["id"] == identity]
        if not rows or identity in self.rooms.deleted():
            raise refused(Code.APP_NOT_FOUND)
        return rows[0]

    def participant(self, identity: str) -> Json:
        """The row of somebody.

        Raises:
            RefusedError: there is nobody by now.
        """
        until = stamp(self.now)
        for room in self.rooms.parts(self.wanted(participant=identity)):
            for row in room.participants:
                if row["id"] == identity and row["created_at"] <= until:
                    return row
        raise refused(Code.PARTICIPANT_NOT_FOUND)


def is_uuid(text: str) -> bool:
    """Whether the database takes it for an id."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
