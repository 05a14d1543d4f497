"""The story of one call, put together from its documents."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec

from harvesters.core.day import iso_ms
from harvesters.core.fields import CONFERENCE, ISSUE, PARTICIPANT, STREAM
from harvesters.story.documents import ConferenceDocument, IssueDocument, ms
from harvesters.story.gathering import Gathering
from harvesters.story.members import Account, Conference, Verdict
from harvesters.story.people import Person, people
from harvesters.story.ranking import Ranked
from harvesters.story.series import Column, columns
from harvesters.story.words import MEASURES

COLUMNS = 60
"""Of a chart in JSON."""
RULE, BAD = "rule", frozenset({"warning", "error"})
SEVERITIES = {"error": 0, "warning": 1}


class DayState(msgspec.Struct, frozen=True):
    """What is known of the day that a call is of: `state` as in the report of a run."""

    day: str
    state: str
    settled: bool

    @property
    def whole(self) -> bool:
        """Whether nothing of the day is missing."""
        return self.state in {"complete", "empty"}


@dataclass
class Story:
    """One call.

    Attributes:
        vendor: whose, as in documents.
        account: of whom.
        call: the block that all documents repeat.
        document: the call's own; None where the vendor tells of none.
        people: who was there.
        issues: what went wrong, worst first, then by time.
        worst: streams with a chart.
        labels: how many media of streams had each label.
        streams: how many there were.
        start: ms since 1970 of where time-lines begin; `end` of where they end, always later.
        day: None if nothing is known of it.
        pointed: the `event.id` that was asked for, "" if it was the call.
    """

    vendor: str
    account: Account
    call: Conference
    document: ConferenceDocument | None
    people: list[Person]
    issues: list[IssueDocument]
    worst: list[Ranked]
    labels: Counter[str]
    streams: int
    start: int
    end: int
    day: DayState | None
    pointed: str

    @property
    def verdict(self) -> Verdict:
        """Empty where nobody judged."""
        return self.document.vconf.verdict if self.document else Verdict()

    @cached_property
    def troubles(self) -> list[IssueDocument]:
        """What was poor or cut off by our rules."""
        return [each for each in self.issues if each.vconf.issue.source == RULE and each.vconf.issue.severity in BAD]

    @cached_property
    def befallen(self) -> frozenset[str | None]:
        """Ids of the participants whom that befell."""
        return frozenset(each.vconf.participant.id for each in self.troubles)

    @cached_property
    def names(self) -> Mapping[str | None, str]:
        """What a participant is called, by `vconf.participant.id`."""
        return {stay.vconf.participant.id: person.name for person in self.people for stay in person.stays}


def story(found: Gathering, call: Conference, whose: tuple[str, Account], day: DayState | None, pointed: str) -> Story:
    """The story of what was gathered; `whose`: vendor and account, `call`: what is known of it at least."""
    block = found.conference.vconf.conference if found.conference else call
    persons, worst = people(found.participants), found.worst()
    start, end = _span(found, block, worst)
    issues = sorted(found.issues, key=lambda each: (_severity(each), each.at, each.event.id))
    return Story(
        vendor=whose[0],
        account=whose[1],
        call=block,
        document=found.conference,
        people=persons,
        issues=issues,
        worst=worst,
        labels=found.labels,
        streams=found.streams,
        start=start,
        end=end,
        day=day,
        pointed=pointed,
    )


def _severity(issue: IssueDocument) -> int:
    return SEVERITIES.get(issue.vconf.issue.severity, len(SEVERITIES))


def _span(found: Gathering, call: Conference, worst: Iterable[Ranked]) -> tuple[int, int]:
    """From when to when it went; where the vendor does not tell, as long as something is known of."""
    stays = found.participants
    begun = [ms(call.start), *(ms(each.at) for each in stays), *(ms(each.document.at) for each in worst)]
    over = [*(ms(each.event.end) for each in stays), *(each.points[-1][0] for each in worst if each.points)]
    start = ms(call.start) or min((at for at in begun if at is not None), default=0)
    end = ms(call.end) or max((at for at in (*over, *begun) if at is not None), default=start)
    return start, max(end, start + 1000)


class Chart(msgspec.Struct):
    """One measure of one medium of a stream over the call: `columns` of equal width from `start` to `end`.

    `limit`: from where on it is poor, None without such a limit; `unit` is "" for scores.
    """

    stream: str
    medium: str
    measure: str
    unit: str
    limit: float | None
    start: str
    end: str
    columns: list[Column | None]


def charts(told: Story) -> list[Chart]:
    """Those of the worst streams, in their order."""
    return [_chart(each, told.start, told.end) for each in told.worst]


def _chart(each: Ranked, start: int, end: int) -> Chart:
    limit = each.limit
    return Chart(
        stream=each.document.vconf.stream.id,
        medium=each.medium,
        measure=each.measure,
        unit=MEASURES[each.measure][1],
        limit=limit if limit is not None and abs(limit) != float("inf") else None,
        start=iso_ms(start),
        end=iso_ms(end),
        columns=columns(each.points, start, end, COLUMNS),
    )


def as_json(told: Story, found: Gathering) -> dict[str, object]:
    """The story as an object of documents and charts; `found` kept its sources."""
    own = found.sources(CONFERENCE)
    return {
        "conference": own[0] if own else None,
        "verdict": told.verdict if told.verdict.code else None,
        "day": told.day,
        "asked_for": told.pointed or None,
        "participants": found.sources(PARTICIPANT),
        "streams": found.sources(STREAM),
        "issues": found.sources(ISSUE),
        "charts": charts(told),
    }
