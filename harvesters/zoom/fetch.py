"""Reads one meeting whole: who was there, and each minute of quality."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from harvesters.core.answers import Answer, Verdict
from harvesters.core.day import Day, parse_instant
from harvesters.core.source import Call, Failure, Notice, Part, Record
from harvesters.zoom.client import Client, Place, Reading
from harvesters.zoom.limits import HEAVY, LIST_ROW, MEASURED, PEOPLE
from harvesters.zoom.lists import ALONE, MEETINGS, MOST, REPORTED, REPORTED_WEBINARS, WEBINARS, details_of, usual
from harvesters.zoom.paths import encoded
from harvesters.zoom.settings import ZoomSettings

MOST_MEASURED = 10
NOT_FOUND = 404
# Whatever Zoom says of one meeting is no word on the others.
ABSENT = frozenset({Verdict.BAD_CALL, Verdict.BEYOND_RETENTION, Verdict.STOP})
MEETING, QOS, SHARING, REPORT_ROW = "meeting", "qos", "sharing", "reported"
KINDS = {MEETINGS: MEETING, WEBINARS: "webinar", REPORTED: REPORT_ROW, REPORTED_WEBINARS: REPORT_ROW}
ROWS = "user_qos"
UNLISTED, NO_ROWS = b"{}", b"[]"
PEOPLE_LIST, QUALITY_LIST, SHARED_LIST = "participants", "participants/qos", "participants/sharing"
Item = Record | Failure | Notice


class _Row(msgspec.Struct):
    """What is read of the list's row."""

    start_time: Any = None


_row = msgspec.json.Decoder(_Row)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array = msgspec.json.Decoder(list[msgspec.Raw])


def fetch(client: Client, settings: ZoomSettings, call: Call, day: Day) -> Iterator[Item]:
    """The record of one meeting; what the list knew of it where its details cannot be had."""
    started = parse_instant(_row.decode(call.summary).start_time) or day.start
    if started not in day:
        return
    details = _Details(client, call, *details_of(call.listed_in or usual(settings)))
    if (details.path, details.type) == (REPORTED, ALONE):
        # The report has no details of a meeting of one person, which is no failure.
        yield details.record(started, PEOPLE, iter(()))
        return
    first = details.first(PEOPLE_LIST, MOST)
    if first.judgement.verdict in ABSENT:
        if call.summary != UNLISTED:
            yield details.record(started, LIST_ROW, iter(()))
        yield _failure(call.key, first)
        return
    dashboard = details.path in {MEETINGS, WEBINARS}
    measured = details.first(QUALITY_LIST, MOST_MEASURED) if dashboard and settings.quality else None
    shared = details.first(SHARED_LIST, MOST) if dashboard and settings.sharing else None
    withheld = [each for each in (measured, shared) if each and _withheld(each)]
    level = MEASURED if measured and measured not in withheld else PEOPLE
    yield from details.whole(started, level, first, measured, shared)
    yield from (_failure(call.key, each) for each in withheld[:1])


def _withheld(answer: Answer) -> bool:
    """Whether there may be something that was not given; that nothing is found is an answer (reference, 11.4)."""
    return answer.judgement.verdict in ABSENT and answer.status != NOT_FOUND


def _failure(key: str, answer: Answer) -> Failure:
    """Not found and too old is Zoom's own word; the former may only mean "not yet"."""
    gone = answer.judgement.verdict is Verdict.BEYOND_RETENTION or answer.status == NOT_FOUND
    return Failure(key, answer.judgement.why, permanent=gone, later=answer.status == NOT_FOUND)


@dataclass(frozen=True, slots=True)
class _Details:
    """What there is of one meeting: below which path, under which type."""

    client: Client
    call: Call
    path: str
    type: str

    @property
    def kind(self) -> str:
        """What the record's first part is called."""
        return KINDS[self.path]

    def record(self, started: datetime, level: int, parts: Iterator[Part]) -> Record:
        """The record with these parts behind what the list says."""
        return Record((self.call.key,), self.call.key, started, level, ongoing=False, parts=self._headed(parts))

    def _headed(self, parts: Iterator[Part]) -> Iterator[Part]:
        first = next(parts, None)
        yield first or Part(self.kind, self.call.summary, b"[]", 0)
        yield from parts

    def place(self, what: str, size: int) -> Place:
        """One of the meeting's lists."""
        path = f"{self.path}/{encoded(self.call.key)}/{what}"
        parameters: dict[str, str | int | None] = {"type": self.type, "page_size": size}
        if what == PEOPLE_LIST:
            # What Zoom advises for telling guests apart is not there unless it is asked for.
            parameters["include_fields"] = "registrant_id"
        return Place(path, parameters, HEAVY, "participants", f"{what} of meeting {self.call.key}")

    def first(self, what: str, size: int) -> Answer:
        """The first page of a list, or that there is none."""
        place = self.place(what, size)
        return self.client.ask(place.path, place.parameters, HEAVY, ABSENT)

    def whole(
        self, started: datetime, level: int, first: Answer, measured: Answer | None, shared: Answer | None
    ) -> Iterator[Item]:
        """The record, and a word where Zoom counts more people than it gave; the answers are lists' first pages."""
        people, quality = Reading(), Reading()
        yield self.record(started, level, self._parts(first, measured, shared, (people, quality)))
        for reading, what in ((people, "participants"), (quality, "participants with quality")):
            if reading.moved:
                yield Failure(self.call.key, f"the list of {what} changed while it was read", later=True)
            elif reading.short:
                yield Notice(f"meeting {self.call.key}: Zoom counts {reading.short} {what} more than it gives.")

    def _parts(
        self, first: Answer, measured: Answer | None, shared: Answer | None, readings: tuple[Reading, Reading]
    ) -> Iterator[Part]:
        people, quality = readings
        for rows in self.client.pages(self.place(PEOPLE_LIST, MOST), people, first):
            yield Part(self.kind, self.call.summary, _joined(rows), len(rows))
        if measured and measured.judgement.verdict not in ABSENT:
            for rows in self.client.pages(self.place(QUALITY_LIST, MOST_MEASURED), quality, measured):
                yield from map(_measured, rows)
        if shared and shared.judgement.verdict not in ABSENT:
            for rows in self.client.pages(self.place(SHARED_LIST, MOST), Reading(), shared):
                yield Part(SHARING, b"{}", _joined(rows), len(rows))


def _joined(rows: list[bytes]) -> bytes:
    return b"[" + b",".join(rows) + b"]"


def _measured(item: bytes) -> Part:
    """A participant's minutes, apart from the participant."""
    members = _members.decode(item)
    minutes = bytes(members.get(ROWS, NO_ROWS))
    # Anything else stays where it is, as a member that nobody expects.
    minutes = minutes if minutes.startswith(b"[") else NO_ROWS
    head = {name: each for name, each in members.items() if name != ROWS or minutes is NO_ROWS}
    return Part(QOS, msgspec.json.encode(head), minutes, len(_array.decode(minutes)))
