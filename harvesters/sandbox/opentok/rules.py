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

    def page_size(self, first: int | None, *, meetings: bool) -> int:
        """Items of a page: `first`, clamped to the list's maximum, or the list's default."""
        default, most = (self.max_meetings, self.max_meetings) if meetings else (self.default_first, self.max_first)
        return default if first is None else min(first, most)

    def listed(self, created: str, start: str, end: str) -> bool:
        """Whether a range takes in a meeting by its `createdAt`: the end is exclusive."""
        return start <= created < end

    def too_many_nodes(self, nodes: int) -> bool:
        """Whether an answer of so many returned nodes is refused."""
        return self.node_limit is not None and nodes > self.node_limit
