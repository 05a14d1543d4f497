"""One call of a world as a Zoom meeting: a session for each stay, a row for who waited at the door."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zlib import crc32

from harvesters.core.day import EPOCH
from harvesters.sandbox.world import Call, Kind, Level, Stay
from harvesters.sandbox.world.calls import Stretch
from harvesters.sandbox.zoom.builder import FIRST_USER_ID, USER_ID_STEP, listed_row
from harvesters.sandbox.zoom.generated_minutes import Flow, StayMinutes
from harvesters.sandbox.zoom.generated_people import drawn, host, identity, is_member, surroundings
from harvesters.sandbox.zoom.meetings import Json, Meeting, Session
from harvesters.sandbox.zoom.rewriting import instant

_WORDS = {
    Level.GOOD: "good",
    Level.FAIR: "good",
    Level.FAR: "fair",
    Level.POOR: "fair",
    Level.LOSSY: "poor",
    Level.AWFUL: "bad",
}
_REASONS = {"left": "left the meeting.", "dropped": "Network connection error.", "over": "Host ended the meeting."}
_LEAST_WAIT, _MOST_WAIT, _WAITS, _RATES = 5_000, 75_000, 4, 25
_RECURRING, _SCHEDULED = 8, 2
_TOPICS = {
    Kind.CLINIC: "Sprechstunde",
    Kind.MEETING: "Besprechung",
    Kind.STANDUP: "Stand-up",
    Kind.SUPPORT: "Support",
    Kind.LESSON: "Kurs",
    Kind.WEBINAR: "Vortrag",
}


@dataclass(frozen=True, slots=True)
class Named:
    """What a meeting is called: its UUID, the number of its series, and whether nobody but the host came."""

    uuid: str
    number: int
    alone: bool


def meeting(named: Named, call: Call) -> Meeting:
    """The meeting; its ids and rows follow from its name and the call, its minutes are made when they are served."""
    stays = [(number, each) for number, each in enumerate(call.stays) if not (named.alone and each.person)]
    sessions = list(_sessions(named, call, stays))
    start = _at(call.start)
    end = max(each.leave for each in sessions)
    by = host(call.people[0])
    row = listed_row(named.uuid, named.number, by, (start, end), sessions)
    row |= {"topic": _TOPICS[call.kind], "avg_jointime_cost": (200 + crc32(named.uuid.encode()) % 500) / 100}
    kind = _RECURRING if call.kind is Kind.STANDUP else _SCHEDULED
    people = len({each.person for _, each in stays})
    said = list(_satisfaction(named, call, sessions))
    return Meeting(named.uuid, named.number, start, end, by, row, sessions, people, kind=kind, satisfaction=said)


def _at(ms: int) -> datetime:
    return EPOCH + timedelta(seconds=ms // 1000)


def _sessions(named: Named, call: Call, stays: Sequence[tuple[int, Stay]]) -> Iterator[Session]:
    """In the order of joining; who joins again has another number."""
    day = (EPOCH + timedelta(milliseconds=call.start)).date()
    flows = _Flows(named, call)
    ordered = sorted(stays, key=lambda each: (each[1].start, each[0]))
    for place, (number, stay) in enumerate(ordered):
        row = _row(named, call, stay, day)
        row["user_id"] = str(FIRST_USER_ID + USER_ID_STEP * place)
        if waiting := _waiting(call, stay, row):
            yield waiting
        yield _session(named, call, number, row, flows)


def _row(named: Named, call: Call, stay: Stay, day: date) -> Json:
    person = call.people[stay.person]
    known = identity(person)
    digest = crc32(f"{named.uuid}/{stay.person}/{stay.start}".encode())
    return {
        "user_id": "",
        **known,
        "participant_uuid": f"{digest:08X}-{digest >> 16:04X}-{digest & 0xFFFF:04X}-019B-{stay.start:012X}",
        "status": "in_meeting",
        "role": "attendee" if stay.person else "host",
        "join_time": instant(_at(stay.start)),
        "leave_time": instant(_at(stay.end)),
        "leave_reason": f"{known['user_name']} left the meeting.<br>Reason: {_REASONS[stay.why]}",
        **surroundings(person, day),
        "recording": False,
        "share_application": False,
        "share_whiteboard": False,
        "total_jointime_cost": (100 + digest % 700) / 100,
        "registrant_id": "",
    }


def _waiting(call: Call, stay: Stay, row: Json) -> Session | None:
    """Some who come from outside stand in the waiting room first; it is a row of its own with the same ids."""
    person = call.people[stay.person]
    waited = min(stay.start - call.start, _LEAST_WAIT + drawn(person, f"wait {call.start}", _MOST_WAIT))
    if is_member(person) or drawn(person, f"waits {call.start}", _WAITS) or waited < _LEAST_WAIT:
        return None
    begin, end = _at(stay.start - waited), _at(stay.start)
    times = {"join_time": instant(begin), "leave_time": instant(end), "share_desktop": False}
    reason = f"{row['user_name']} left the waiting room.<br>Reason: Host admitted the participant."
    return Session({**row, **times, "status": "in_waiting_room", "leave_reason": reason}, begin, end, None)


class _Flows:
    """What each stay of a call sends and receives."""

    def __init__(self, named: Named, call: Call) -> None:
        self.sent: list[list[Flow]] = [[] for _ in call.stays]
        self.received: list[list[Flow]] = [[] for _ in call.stays]
        for sent in call.publications:
            self.sent[sent.stay].append((sent.kind, sent.stretches))
        for got in () if named.alone else call.receptions:
            self.received[got.stay].append((call.publications[got.publication].kind, got.stretches))


def _session(named: Named, call: Call, number: int, row: Json, flows: _Flows) -> Session:
    stay = call.stays[number]
    sent, received = flows.sent[number], flows.received[number]
    shares = [
        {"content": "desktop", "start_time": instant(_at(lines[0].start)), "end_time": instant(_at(lines[-1].end))}
        for kind, lines in sent
        if kind == "screen"
    ]
    wifi = row["network_type"] == "Wifi"
    place = crc32(f"{named.uuid}/{number}".encode()) % (1 << 16)
    minutes = StayMinutes(stay.start, stay.end, sent, received, place, wifi)
    whole = {**row, "share_desktop": bool(shares), **_quality(sent, received)}
    return Session(whole, _at(stay.start), _at(stay.end), minutes, shares)


def _quality(sent: Sequence[Flow], received: Sequence[Flow]) -> Json:
    """The words for audio, picture and screen: what the worst line of most of the time was like."""
    flows = [*sent, *received]
    kinds = {"audio_quality": ("camera", "mic"), "video_quality": ("camera",), "screen_share_quality": ("screen",)}
    return {name: _word([lines for kind, lines in flows if kind in wanted]) for name, wanted in kinds.items()}


def _word(flows: Sequence[Sequence[Stretch]]) -> str:
    spans = [(each.end - each.start, each.level) for lines in flows for each in lines]
    whole = sum(span for span, _ in spans)
    if not whole:
        return ""
    mean = sum(span * level for span, level in spans) / whole
    return _WORDS[Level(round(mean))]


def _satisfaction(named: Named, call: Call, sessions: Sequence[Session]) -> Iterator[Json]:
    """Of a few meetings somebody of the account says how it was."""
    if crc32(f"{named.uuid}/said".encode()) % _RATES:
        return
    bad = any(each.level >= Level.LOSSY for each in call.troubles)
    for each in sessions[:1]:
        who = {"user_id": each.row["id"], "email": each.row["email"]}
        yield {**who, "quality": "NOT GOOD" if bad else "GOOD", "date_time": each.row["leave_time"], "comment": ""}
