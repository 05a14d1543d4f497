"""The shapes of OpenTok's answers, as far as the reader must understand them; all else stays bytes."""

from collections.abc import Sequence

import msgspec

from harvesters.opentok.judge import GraphError
from harvesters.opentok.raw import NULL

Members = dict[str, msgspec.Raw]


class PageInfo(msgspec.Struct):
    """End of a page; the argument for the next one is called `endCursor` too."""

    hasNextPage: bool | None = None  # noqa: N815 - the vendor's name
    endCursor: str | None = None  # noqa: N815 - the vendor's name


class Listed(msgspec.Struct):
    """A list of anything: items verbatim, null ones among them."""

    resources: list[msgspec.Raw] | None = None
    totalCount: int | None = None  # noqa: N815 - the vendor's name
    pageInfo: PageInfo | None = None  # noqa: N815 - the vendor's name

    @property
    def items(self) -> list[msgspec.Raw]:
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


class Session(msgspec.Struct):
    """A session with a page of its meetings."""

    sessionId: str | None = None  # noqa: N815 - the vendor's name
    mediaMode: msgspec.Raw = msgspec.Raw(NULL)  # noqa: N815 - the vendor's name
    meetings: Listed | None = None


class _Sessions(msgspec.Struct):
    resources: list[Session | None] = msgspec.field(default_factory=list)
    pageInfo: PageInfo | None = None  # noqa: N815 - the vendor's name


class _SessionData(msgspec.Struct):
    sessions: _Sessions | None = None
    sessionSummaries: Listed | None = None  # noqa: N815 - the vendor's name


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
    def summaries(self) -> Listed:
        """A page of the listing."""
        return self.data.project.sessionData.sessionSummaries or Listed()


class MeetingSummary(msgspec.Struct):
    """What the listing tells of a meeting: enough to plan batches."""

    createdAt: str | None = None  # noqa: N815 - the vendor's name
    destroyedAt: str | None = None  # noqa: N815 - the vendor's name
    totalConnections: float | None = None  # noqa: N815 - the vendor's name
    totalStreams: float | None = None  # noqa: N815 - the vendor's name
    maxConcurrentStreams: float | None = None  # noqa: N815 - the vendor's name
    maxConcurrentSubscribers: float | None = None  # noqa: N815 - the vendor's name


class _MeetingSummaries(msgspec.Struct):
    resources: list[MeetingSummary | None] | None = None


class Summary(msgspec.Struct):
    """One session of the listing."""

    sessionId: str | None = None  # noqa: N815 - the vendor's name
    meetings: _MeetingSummaries | None = None

    @property
    def of_meetings(self) -> list[MeetingSummary]:
        """Its meetings, the first ten at most."""
        listed = self.meetings.resources if self.meetings else None
        return [each for each in listed or [] if each]


body = msgspec.json.Decoder(Body)
listed = msgspec.json.Decoder(Listed)
members = msgspec.json.Decoder(Members)
summary = msgspec.json.Decoder(Summary)
text = msgspec.json.Decoder(str | None)
