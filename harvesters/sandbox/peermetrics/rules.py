"""How the simulated peermetrics behaves: its figures, and what differs from server to server.

The defaults are what a running server did (reference, sections 2 to 8).
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class PeermetricsRules:
    """What one simulated server does.

    Attributes:
        page_rows: of a page if nothing is asked for; `most_page_rows` is the most.
        session_days: how far back `/sessions` reaches.
        requests_per_minute: of one client address; None for any number.
        request_line: bytes that the first line of a request may have.
        worker_requests: a worker retires after so many, with a connection reset; None for never.
        cache: how long the detail of a conference may be old where `detail` is `cached`.
        paging: `on`, or `off` as on servers older than April 2026.
        conference_list: rows have the `computed` fields, or lists of `ids` as on those older servers.
        order: of rows with equal stamps is `unstable` from page to page, or `stable`.
        cleanup: POST_CONFERENCE_CLEANUP is `off` or `on`: statistics go when a summary is built.
        summaries: are `built` at the end of a call, or `missing` until `/graphs` is asked.
        detail: of a conference is `fresh`, or `cached`: each third read is as of before the end.
        python: `3.8` or `3.11`, which reads `Z` in `created_at_gt`.
        search: `trigram`, or `absent` without that extension.
        stamps: have `micro` seconds, or whole `seconds`, so that many are equal.
        devices: of a session are a `list`, an `object` or `null`.
        platform: of a session is `full` or `null`.
        geo: coordinates are `strings` or `numbers`, or all is `null`.
    """

    page_rows: int = 50
    most_page_rows: int = 200
    session_days: int = 30
    requests_per_minute: int | None = 2000
    request_line: int = 4094
    worker_requests: int | None = 1000
    cache: timedelta = timedelta(hours=1)
    paging: str = "on"
    conference_list: str = "computed"
    order: str = "unstable"
    cleanup: str = "off"
    summaries: str = "built"
    detail: str = "fresh"
    python: str = "3.8"
    search: str = "trigram"
    stamps: str = "micro"
    devices: str = "list"
    platform: str = "full"
    geo: str = "strings"
