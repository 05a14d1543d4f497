"""The shapes of OpenTok's answers, as far as the reader must understand them; all else stays bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from harvesters.core.errors import SliceError
from harvesters.opentok.judge import GraphError
from harvesters.opentok.raw import NULL

T = TypeVar("T")
Members = dict[str, msgspec.Raw]


class PageInfo(msgspec.Struct):
    """End of a page; the argument for the next one is called `endCursor` too."""

    hasNextPage: bool | None = None  # noqa: N815 - the vendor's name
    endCursor: str | None = None  # noqa: N815 - the vendor's name


class Listed(msgspec.Struct, Generic[T]):
    """A list of anything, null items among the others."""

    resources: list[T] | None = None
    totalCount: int | None = None  # noqa: N815 - the vendor's name
    pageInfo: PageInfo | None = None  # noqa: N815 - the vendor's name

    @property
    def items(self) -> list[T]:
        """The items that are there."""
        return self.resources or []

    @property
    def cursor(self) -> str | None:
        """The cursor of the next page, "" if the vendor promised one and gave none; None at the end."""
        more = self.pageInfo is not None and self.pageInfo.hasNextPage
        return (self.pageInfo.endCursor or "") if more and self.pageInfo else None

    @property
    def whole(self) -> bool:
        """Whether this page is the whole list, as far as the vendor says."""
        return self.cursor is None and (self.totalCount is None or self.totalCount <= len(self.items))


Verbatim = Listed[msgspec.Raw]
"""A list whose items nobody has looked at."""
Streams = Listed[Members | None]
"""A list of publishers or subscribers."""


@dataclass(slots=True)
class Tally:
    """Items of a list that came in pages, beside the number that the vendor says there are.

    A page that came before does not count: cursors are offsets, and a repeated page stands for one that is missing.
    """

    found: int = 0
    said: int | None = None
    _pages: set[int] = field(default_factory=set)

    def take(self, page: Listed[Any]) -> bool:
        """Count a page's items; whether it is a new one."""
        self.said = self.said if page.totalCount is None else page.totalCount
        if page.cursor is None and not self._pages:  # the only one, as most are
            self.found += len(page.items)
            return True
        mark = hash(msgspec.json.encode(page.items))
        new = mark not in self._pages
        self._pages.add(mark)
        self.found += len(page.items) if new else 0
        return new

    def problem(self, what: str) -> str | None:
        """What to say if the vendor counts more than it gave."""
        if self.said is None or self.found >= self.said:
            return None
        return f"the vendor speaks of {self.said} {what} and gave {self.found}"


class Session(msgspec.Struct):
    """A session with a page of its meetings."""

    sessionId: str | None = None  # noqa: N815 - the vendor's name
    mediaMode: msgspec.Raw = msgspec.Raw(NULL)  # noqa: N815 - the vendor's name
    meetings: Verbatim | None = None


class _Sessions(msgspec.Struct):
    resources: list[Session | None] = msgspec.field(default_factory=list)
    pageInfo: PageInfo | None = None  # noqa: N815 - the vendor's name


class _SessionData(msgspec.Struct):
    sessions: _Sessions | None = None
    sessionSummaries: Verbatim | None = None  # noqa: N815 - the vendor's name


class _Project(msgspec.Struct):
    sessionData: _SessionData  # noqa: N815 - the vendor's name


class _Data(msgspec.Struct):
    project: _Project


class Body(msgspec.Struct):
    """A judged answer: its data is there."""

    data: _Data
    errors: list[GraphError] | None = None

    @property
    def sessions(self) -> Sequence[Session | None]:
        """The sessions asked for, null ones among them."""
        found = self.data.project.sessionData.sessions
        return found.resources if found else []

    @property
    def more_sessions(self) -> bool:
        """Whether the vendor gave only a page of the sessions asked for."""
        found = self.data.project.sessionData.sessions
        return bool(found and found.pageInfo and found.pageInfo.hasNextPage)

    @property
    def summaries(self) -> Verbatim:
        """A page of the listing.

        Raises:
            SliceError: it is not there, which is not the same as an empty list.
        """
        found = self.data.project.sessionData.sessionSummaries
        if found is None or found.resources is None:
            message = "the vendor sent null for its list of sessions."
            raise SliceError(message)
        return found


class Summary(msgspec.Struct):
    """One session of the listing; its meetings are a hint, so nothing is asked of their form."""

    sessionId: str | None = None  # noqa: N815 - the vendor's name
    meetings: Any = None

    @property
    def of_meetings(self) -> list[dict[str, Any]]:
        """Its meetings, the first ten at most."""
        listed = self.meetings.get("resources") if isinstance(self.meetings, dict) else None
        return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


body = msgspec.json.Decoder(Body)
listed = msgspec.json.Decoder(Verbatim)
streams = msgspec.json.Decoder(Streams)
members = msgspec.json.Decoder(Members)
summary = msgspec.json.Decoder(Summary)
text = msgspec.json.Decoder(str | None)
