"""How the simulated OpenTok Insights API behaves: its limits, and its error codes.

The defaults are what Vonage documents or real answers show. What public material leaves open is one
field or one method here, so that another behaviour is one change.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum


class Code(IntEnum):
    """The error codes of Vonage's guide that this simulation uses."""

    NO_AUTHENTICATION = 1001
    BAD_RANGE = 1002
    BAD_PARAMETER = 1004
    BAD_PROJECT = 1008
    INVALID_TOKEN = 1011
    ADD_ON = 1014
    SESSION_EXPIRED = 1016
    SESSION_NOT_FOUND = 1017
    NO_SESSION_IDS = 1018
    OTHER_PROJECT = 1019
    TOKEN_NOT_VALIDATED = 1020
    NOT_ALLOWED = 1021


@dataclass(frozen=True, slots=True)
class Rules:
    """What one simulated API allows.

    Attributes:
        advanced: the project has the add-on; without it, session data answers code 1014.
        retention: how long a meeting is kept, from its `createdAt`.
        delay: how long the newest data stays unseen.
        leeway: how far ahead a token's `iat` may lie.
        node_limit: list items (plus one for the project) that one answer may hold; None for any number.
        rate_limit: requests in `rate_window` of which the last is refused, for each key and each address;
            None for any number.
        rate_window: see `rate_limit`.
        retry_after: `Retry-After` of a refused request in seconds; None leaves the header out.
        default_first: page size where a query names none.
        max_first: the largest page.
        max_meetings: default and largest page of meetings.
        error_status: HTTP status of an answer with GraphQL errors.
        refused_status: HTTP status of a refused token.
        busy_status: HTTP status over the rate limit.
        list_filter: which sessions a range lists: with a meeting `created` in it, or that `overlaps` it.
        end: of a range, `exclusive` or `inclusive`.
        first_above_limit: `clamp` to the largest page, or an `error`.
        node_limit_counts: list items `returned`, or as many as the page sizes would have `allowed`.
        last_cursor: on a last page `null`, `empty` or a `cursor`.
        bad_session: a session that is not there is `null` with an error, `left-out`, or makes the answer `all-null`.
        before_retention: a range that begins too early is an `error` or `clipped`.
        order: sessions are listed as `stored` or `reversed`.
        maintenance: `off`, 503, or `empty` lists.
        totals_begin: when the days of the project's totals begin, after midnight UTC; for Vonage that is Pacific time.
        totals_delay: how long after its end such a day is not known yet.
    """

    advanced: bool = True
    retention: timedelta = timedelta(days=21)
    delay: timedelta = timedelta(minutes=5)
    leeway: timedelta = timedelta(seconds=10)
    node_limit: int | None = 500_000
    rate_limit: int | None = 100
    rate_window: timedelta = timedelta(seconds=30)
    retry_after: int | None = None
    default_first: int = 50
    max_first: int = 1000
    max_meetings: int = 10
    error_status: int = 200
    refused_status: int = 401
    busy_status: int = 429
    list_filter: str = "created"
    end: str = "exclusive"
    first_above_limit: str = "clamp"
    node_limit_counts: str = "returned"
    last_cursor: str = "null"
    bad_session: str = "null"
    before_retention: str = "error"
    order: str = "stored"
    maintenance: str | int = "off"
    totals_begin: timedelta = timedelta(hours=8)
    totals_delay: timedelta = timedelta(hours=36)

    def page_size(self, first: int | None, *, meetings: bool) -> int:
        """Items of a page: `first`, clamped to the list's maximum, or the list's default."""
        default, most = (self.max_meetings, self.max_meetings) if meetings else (self.default_first, self.max_first)
        return default if first is None else min(first, most)

    def in_range(self, created: str, start: str, end: str) -> bool:
        """Whether a range takes in a meeting by its `createdAt`."""
        return start <= created < end or (created == end and self.end == "inclusive")

    def lists(self, created: str, destroyed: str | None, start: str, end: str) -> bool:
        """Whether a range lists the session of a meeting."""
        if self.list_filter == "created":
            return self.in_range(created, start, end)
        return (created < end or self.in_range(created, start, end)) and (destroyed is None or destroyed >= start)

    def too_large(self, first: int | None, *, meetings: bool) -> bool:
        """Whether a page is larger than allowed and that is an error."""
        most = self.max_meetings if meetings else self.max_first
        return self.first_above_limit == "error" and first is not None and first > most

    def too_many_nodes(self, nodes: int) -> bool:
        """Whether an answer of so many nodes is refused."""
        return self.node_limit is not None and nodes > self.node_limit
