"""How the simulated Zoom API behaves: its plan, its limits, and what public material leaves open.

The defaults are what Zoom documents or real answers show (reference, sections 3 to 6, 15 and 16).
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Category(StrEnum):
    """The label of an endpoint, by which its calls are limited."""

    LIGHT = "Light"
    MEDIUM = "Medium"
    HEAVY = "Heavy"
    INTENSIVE = "Resource-intensive"


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls that an account may make; None for any number.

    Attributes:
        light: in a second; `medium` and `heavy` likewise.
        intensive: of the resource-intensive ones, in a minute.
        daily: heavy and resource-intensive ones together, in a UTC day.
    """

    light: int | None = None
    medium: int | None = None
    heavy: int | None = None
    intensive: int | None = None
    daily: int | None = None

    def of(self, category: Category) -> tuple[int | None, float]:
        """How many calls of a category may be made in how many seconds."""
        if category is Category.INTENSIVE:
            return self.intensive, 60.0
        return {Category.LIGHT: self.light, Category.MEDIUM: self.medium}.get(category, self.heavy), 1.0


UNLIMITED = Limits()
PLANS = {"business": Limits(80, 60, 40, 20, 60_000), "pro": Limits(30, 20, 10, 10, 30_000)}


@dataclass(frozen=True, slots=True)
class ZoomRules:
    """What one simulated account may do, and how the API answers.

    Attributes:
        plan: `business` or `pro`, which has no dashboards.
        limits: of the account; None for those of its plan, `UNLIMITED` for none.
        scopes: in a token; None for every granular one that an endpoint here asks for.
        token_life: of an access token.
        page_token_life: of a `next_page_token`.
        range_days: that `from` and `to` may name together.
        retention_days: how far back the lists and the dashboards' details reach.
        details_days: how far back the details of reports and past meetings reach.
        instances_days: how far back the instances of a meeting number reach.
        lag: after its end a meeting is in no list of past ones for so long.
        details_lag: and has no details for so long.
        most_rows: of a page of any list but quality.
        most_quality_rows: of a page of quality; a page has one where nothing is asked for.
        small_page: rows of a page where `pages` is `smaller`.
        dashboard: the feature is `on` or `off`.
        webinars: the add-on is `on` or `off`.
        api_url: the token's answer names it (`own`), or it is `absent`.
        old_tokens: stay `valid` beside a new one, or `end` with it.
        token_refusal: HTTP status of the token endpoint's refusals.
        scope_refusal: HTTP status where a scope is missing.
        pages: as large as `asked`, or `smaller`.
        page_counts: `page_count` is there `always`, on the `first` page alone, or `never`.
        total_records: `true`, `off-by-one` or `absent`.
        page_size_above: the maximum is `lowered` or `refused`.
        end_of_list: the last page's token is `empty`, `null` or `absent`.
        limit_headers: `standard`, in `lower` case, `no-type`, with a `reset`, or `none` at all.
        retry_after: of the daily limit, an `iso` instant, `seconds`, an HTTP `date`, `rubbish`, `past` or `absent`.
        date_type: that a list of meetings goes by if not told: `start_time` or `end_time`.
        one_person: meetings of one person are listed `apart`, or in `past` too (`both`).
        one_person_details: are had with `either` type, or with `pastOne` alone.
        running: a meeting that goes on is `hidden` from `past`, or `listed` there without an end.
        too_old: an old meeting's dashboard details answer `3001` or `12702`.
        order: rows of participants are as `joined`, or `reversed`.
        instants: in whole `seconds`, or with `milliseconds`.
        participant_uuid: is `there` or `absent`.
        leave_time: is `there`, or `absent` for every third row.
        no_quality: a meeting without any answers `404` or an `empty` list.
        units: in quality are `spaced` or `glued` to the numbers.
        waiting_rows: are as `stored`, or `added` before every second row.
        breakout_rows: are as `stored`, or `added` behind every second row.
        names: of people are `shown`, or `blank` as for accounts under HIPAA.
        participants: of a listed meeting counts `rows` or `people`.
    """

    plan: str = "business"
    limits: Limits | None = None
    scopes: tuple[str, ...] | None = None
    token_life: timedelta = timedelta(hours=1)
    page_token_life: timedelta = timedelta(minutes=15)
    range_days: int = 31
    retention_days: int = 183
    details_days: int = 365
    instances_days: int = 456
    lag: timedelta = timedelta(0)
    details_lag: timedelta = timedelta(0)
    most_rows: int = 300
    most_quality_rows: int = 10
    small_page: int = 2
    dashboard: str = "on"
    webinars: str = "on"
    api_url: str = "own"
    old_tokens: str = "valid"
    token_refusal: int = 400
    scope_refusal: int = 400
    pages: str = "asked"
    page_counts: str = "always"
    total_records: str = "true"
    page_size_above: str = "lowered"
    end_of_list: str = "empty"
    limit_headers: str = "standard"
    retry_after: str = "iso"
    date_type: str = "start_time"
    one_person: str = "apart"
    one_person_details: str = "either"
    running: str = "hidden"
    too_old: str = "3001"
    order: str = "joined"
    instants: str = "seconds"
    participant_uuid: str = "there"
    leave_time: str = "there"
    no_quality: str = "404"
    units: str = "spaced"
    waiting_rows: str = "stored"
    breakout_rows: str = "stored"
    names: str = "shown"
    participants: str = "rows"

    @property
    def account_limits(self) -> Limits:
        """Those that hold: the account's own, or its plan's."""
        return PLANS[self.plan] if self.limits is None else self.limits
