"""Which meetings there were on a day, by the dashboard's lists or by the report's."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import msgspec

from harvesters.core.answers import Answer, Verdict
from harvesters.core.day import Day
from harvesters.core.errors import AuthError
from harvesters.core.source import Call, Notice, Route
from harvesters.zoom.client import Client, Place, Reading
from harvesters.zoom.limits import HEAVY, LISTS, MEASURED, PEOPLE
from harvesters.zoom.settings import DASHBOARD, REPORT, ZoomSettings

MOST = 300
TRIES = 2
REFUSED_BY_PLAN = frozenset({Verdict.ADD_ON_MISSING})
NOT_THERE = frozenset({Verdict.BAD_CALL})
FORBIDDEN = 403
MEETINGS, WEBINARS, REPORTED, REPORTED_WEBINARS = (
    "/metrics/meetings", "/metrics/webinars", "/report/meetings", "/report/webinars",
)  # fmt: skip
PAST, ALONE = "past", "pastOne"
WEBINAR_TYPES = frozenset({5, 6, 9})
Item = Call | Notice | Route
PLAN = (
    "the plan does not include the dashboard, or it is switched off: meetings come without quality; on a Pro plan set "
    "ZOOM_PLAN=pro, for its limits are lower"
)
NO_WEBINARS = "webinars were asked for, and the account has no webinar add-on: leave out --webinars and ZOOM_WEBINARS"
NO_DASHBOARD = (
    "Zoom gives this account no dashboard, which needs a Business plan or higher with the Dashboard feature switched "
    "on; ask for the meetings alone with --via report"
)


class _Row(msgspec.Struct):
    """What is read of a row of any list of meetings."""

    uuid: Any = None
    type: Any = None


class _User(msgspec.Struct):
    """What is read of a row of the hosts' list."""

    id: Any = None


_row, _user = msgspec.json.Decoder(_Row), msgspec.json.Decoder(_User)


def list_day(client: Client, settings: ZoomSettings, day: Day) -> Iterator[Item]:
    """The route that is taken, and every call of the day on it."""
    lister = _Lister(client, settings, {"from": str(day), "to": str(day), "page_size": MOST})
    if settings.via == REPORT:
        yield Route(REPORT)
        yield from lister.report()
        return
    place = lister.dashboard(PAST)
    first = client.ask(place.path, place.parameters, place.category, REFUSED_BY_PLAN)
    if first.judgement.verdict in REFUSED_BY_PLAN:
        if settings.via == DASHBOARD:
            message = f"{NO_DASHBOARD} (Zoom says: {first.judgement.why})."
            raise AuthError(message)
        yield Route(REPORT, PLAN)
        yield from lister.report()
        return
    yield Route(DASHBOARD)
    yield from lister.dashboards(place, first)


@dataclass(frozen=True, slots=True)
class _Lister:
    """The lists of one day."""

    client: Client
    settings: ZoomSettings
    window: dict[str, str | int]

    def dashboard(self, kind: str, path: str = MEETINGS) -> Place:
        """One of the dashboard's lists; by the time of the start, so that midnight cuts nothing."""
        parameters = {"type": kind, "query_date_type": "start_time", **self.window}
        member = path.rpartition("/")[2]
        return Place(path, parameters, LISTS, member, f"the list of {member} ({kind})")

    def dashboards(self, place: Place, first: Answer) -> Iterator[Item]:
        """Meetings of one person, meetings of several, and webinars if they are wanted.

        In this order, for one that stands in both lists has its details under the type of the first for certain.
        """
        yield from self._calls(self.dashboard(ALONE))
        yield from self._calls(place, first)
        if self.settings.webinars:
            yield from self._webinars(self.dashboard(PAST, WEBINARS))

    def _webinars(self, place: Place) -> Iterator[Item]:
        """An account without the add-on has its meetings all the same."""
        first = self.client.ask(place.path, place.parameters, place.category, REFUSED_BY_PLAN)
        if first.judgement.verdict in REFUSED_BY_PLAN:
            yield Notice(f"{NO_WEBINARS} (Zoom says: {first.judgement.why}).", harm=True)
        else:
            yield from self._calls(place, first)

    def _calls(self, place: Place, first: Answer | None = None) -> Iterator[Item]:
        level = MEASURED if self.settings.quality else PEOPLE
        for item in self._rows(place, first):
            yield item if isinstance(item, Notice) else _call(item, listed_in(place.path, place.kind), level)

    def _rows(self, place: Place, first: Answer | None = None) -> Iterator[bytes | Notice]:
        """Every row of a list; once more if it moved, or gave fewer rows than Zoom counts."""
        reading = before = Reading()
        for attempt in range(TRIES):
            before, reading = reading, Reading()
            again = replace(place, repeats=attempt > 0)
            for rows in self.client.pages(again, reading, None if attempt else first):
                yield from rows
            if not (reading.moved or reading.short):
                return
        if reading.moved or reading.seen != before.seen:
            yield Notice(f"{place.what} changed each time it was read: a row may be missing.", harm=True)
        else:
            yield Notice(f"{place.what}: Zoom counts {reading.short} rows more than it gives.")

    def report(self) -> Iterator[Item]:
        """The hosts of the day, and the meetings of each."""
        users = Place("/report/users", {"type": "active", **self.window}, HEAVY, "users", "the list of hosts")
        for number, row in enumerate(self._rows(users), 1):
            if isinstance(row, Notice):
                yield row
            elif user := _text(_user.decode(row).id):
                yield from self._of_host(user, number, ALONE)
                yield from self._of_host(user, number, PAST)
            else:
                yield Notice("the list of hosts holds one without an id: the meetings are missing.", harm=True)

    def _of_host(self, user: str, number: int, kind: str) -> Iterator[Item]:
        """The meetings of a host, who is called by his place in the list: an id would name him."""
        parameters = {"type": kind, **self.window}
        path = f"/report/users/{quote(user, safe='')}/meetings"
        place = Place(path, parameters, HEAVY, "meetings", f"the meetings of host number {number} ({kind})")
        first = self.client.ask(path, parameters, HEAVY, NOT_THERE)
        if first.judgement.verdict in NOT_THERE:
            # A host who was deleted has no meetings any more, which is final; a firewall's word is not.
            harm = first.status == FORBIDDEN
            yield Notice(
                f"the meetings of host number {number} in Zoom's list cannot be had: {first.judgement.why}.", harm=harm
            )
            return
        for item in self._rows(place, first):
            if isinstance(item, Notice):
                yield item
            elif found := self._reported(item, kind):
                yield found

    def _reported(self, row: bytes, kind: str) -> Call | Notice | None:
        """The call of a report's row; a webinar only if those are wanted."""
        kind_of_meeting = _row.decode(row).type
        webinar = isinstance(kind_of_meeting, int) and kind_of_meeting in WEBINAR_TYPES
        if webinar and not self.settings.webinars:
            return None
        return _call(row, listed_in(REPORTED_WEBINARS if webinar else REPORTED, kind), PEOPLE)


def listed_in(path: str, kind: str) -> str:
    """What a call is told of its list: where its details are, and the type to ask for them with."""
    return f"{path}#{kind}"


def details_of(listed: str) -> tuple[str, str]:
    """The two again."""
    path, _, kind = listed.partition("#")
    return path, kind


def usual(settings: ZoomSettings) -> str:
    """The list of a call that no list named."""
    return listed_in(REPORTED if settings.via == REPORT else MEETINGS, PAST)


def _call(row: bytes, listed: str, level: int) -> Call | Notice:
    uuid = _text(_row.decode(row).uuid)
    if uuid is None:
        return Notice("a list holds a meeting without a uuid, so its details cannot be asked for.", harm=True)
    return Call(uuid, row, level=level, listed_in=listed)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
