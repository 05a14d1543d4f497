"""Meetings written by hand, short enough for a test: what is not told has a sensible value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zlib import crc32

from harvesters.sandbox.zoom.meetings import Host, Json, Meeting, Session
from harvesters.sandbox.zoom.rewriting import instant

HOST = Host("DYHrdpjrS3uaOf7dPkkg8w", "host@example.com", "Jörg Höst", "Surgery")
FIRST_USER_ID, USER_ID_STEP = 16_778_240, 1_024
"""The number of the first to join a meeting, and how far the next ones lie apart, as seen in real answers."""
FLOW = {"bitrate": "27.15 kbps", "latency": "126 ms", "jitter": "2 ms", "avg_loss": "0.03%", "max_loss": "0.4%"}
NO_FLOW = dict.fromkeys(FLOW, "")
_PICTURE, _NO_PICTURE = {"resolution": "1280*720", "frame_rate": "12 fps"}, {"resolution": "", "frame_rate": ""}
_MINUTE = timedelta(minutes=1)


class _Absent:
    """Stands for a member that is left out."""


ABSENT = _Absent()
"""Given as a member's value, the member is left out."""


@dataclass(frozen=True, slots=True)
class Share:
    """Something that a person shows, from and to seconds after the meeting's start."""

    start: float
    end: float
    content: str = "desktop"


@dataclass(frozen=True, slots=True)
class Person:
    """One joining of a person, for `meeting`.

    Attributes:
        name: for people; two sessions of one name and address are one person.
        joins: seconds after the meeting's start.
        leaves: likewise; None for the meeting's end.
        email: of a member of the account; a guest has none, and no id either.
        row: members of the row of participants that are to be otherwise, `ABSENT` among them.
        minute: members of each minute of quality that are to be otherwise; None for no quality at all.
        shares: what is shown.
    """

    name: str
    joins: float = 0
    leaves: float | None = None
    email: str = ""
    row: Mapping[str, Any] = field(default_factory=dict)
    minute: Mapping[str, Any] | None = field(default_factory=dict)
    shares: Sequence[Share] = ()


def meeting(  # noqa: PLR0913  # each is one independent setting
    uuid: str,
    start: datetime,
    minutes: float = 30,
    *,
    people: int | Iterable[str | Person] = 2,
    number: int | None = None,
    host: Host = HOST,
    webinar: bool = False,
    satisfaction: Sequence[Json] = (),
    **row: object,
) -> Meeting:
    """A meeting; `row` are members of its row in lists that are to be otherwise, `ABSENT` among them.

    Args:
        uuid: base64 of 16 bytes where it matters.
        start: aware.
        minutes: length.
        people: how many, or their names, or who they are. The first is the host, and so is each of the same name,
            unless an address is told.
        number: of the series; follows from the UUID if not told.
        host: who holds it.
        webinar: whether it is one.
        satisfaction: rows of feedback.
        row: see above.
    """
    end = start + timedelta(minutes=minutes)
    given = _given(people, host)
    sessions = [_session(uuid, place, each, start, end) for place, each in enumerate(given)]
    number = 80_000_000_000 + crc32(uuid.encode()) if number is None else number
    listed = listed_row(uuid, number, host, (start, end), sessions)
    whole = without_absent({**listed, **row})
    different = len({(each.name, each.email) for each in given})
    return Meeting(
        uuid, number, start, end, host, whole, sessions, different, webinar, 5 if webinar else 2, satisfaction
    )


def _given(people: int | Iterable[str | Person], host: Host) -> list[Person]:
    if isinstance(people, int):
        people = [f"Gästin {number}" if number else host.name for number in range(people)]
    persons = [each if isinstance(each, Person) else Person(each) for each in people]
    return [_as_host(each, host) if each.name == persons[0].name and not each.email else each for each in persons]


def _as_host(person: Person, host: Host) -> Person:
    row = {"role": "host", "id": host.id, "participant_user_id": host.id, **person.row}
    return replace(person, email=host.email, row=row)


def listed_row(
    uuid: str, number: int, host: Host, times: tuple[datetime, datetime], sessions: Sequence[Session]
) -> Json:
    """The row of a meeting in `/metrics/meetings` (reference, 11.1)."""
    start, end = times
    return {
        "uuid": uuid,
        "id": number,
        "topic": "Handover",
        "host": host.name,
        "email": host.email,
        "dept": host.dept,
        "user_type": "Licensed",
        "start_time": instant(start),
        "end_time": instant(end),
        "duration": clock(end - start),
        "participants": len(sessions),
        **dict.fromkeys(("has_pstn", "has_3rd_party_audio", "has_recording", "has_sip", "has_archiving"), False),
        "has_voip": True,
        "has_video": True,
        "has_screen_share": any(each.shares for each in sessions),
        "audio_quality": "good",
        "video_quality": "good",
        "screen_share_quality": "",
        "custom_keys": [],
        "tracking_fields": [],
    }


def clock(span: timedelta) -> str:
    """A length as the dashboards write it: `MM:SS`, from an hour on `HH:MM:SS`."""
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


def _session(uuid: str, place: int, person: Person, start: datetime, end: datetime) -> Session:
    join = start + timedelta(seconds=person.joins)
    leave = end if person.leaves is None else start + timedelta(seconds=person.leaves)
    marks = [] if person.minute is None else list(minute_marks(join, leave))
    measured = None if person.minute is None else [minute(each, **person.minute) for each in marks]
    shares = [
        {
            "content": each.content,
            "start_time": instant(start + timedelta(seconds=each.start)),
            "end_time": instant(start + timedelta(seconds=each.end)),
        }
        for each in person.shares
    ]
    row = without_absent({**_participant(uuid, place, person, (join, leave)), **person.row})
    return Session(row, join, leave, measured, shares)


def _participant(uuid: str, place: int, person: Person, times: tuple[datetime, datetime]) -> Json:
    """The row of a session in `.../participants` (reference, 11.3)."""
    member = f"{crc32(person.email.encode()):022x}" if person.email else ""
    return {
        "id": member,
        "user_id": str(FIRST_USER_ID + USER_ID_STEP * place),
        "participant_user_id": member,
        "participant_uuid": str(uuid5(NAMESPACE_URL, f"{uuid}/{place}")).upper(),
        "user_name": person.name,
        "email": person.email,
        "status": "in_meeting",
        "role": "attendee",
        "join_time": instant(times[0]),
        "leave_time": instant(times[1]),
        "leave_reason": f"{person.name} left the meeting.<br>Reason: Host ended the meeting.",
        "device": "Windows 11",
        "client": "Zoom Workplace",
        "os": "Windows",
        "os_version": "11",
        "version": "6.2.3.47507",
        "ip_address": f"192.0.2.{1 + place % 250}",
        "location": "Wien (AT)",
        "network_type": "Wifi",
        "connection_type": "UDP",
        "video_connection_type": "UDP",
        "as_connection_type": "",
        "data_center": "Germany (FR Top)",
        "full_data_center": "Germany (FR Top);",
        "microphone": "Headset" if person.email else "",
        "speaker": "Headset" if person.email else "",
        "camera": "Integrated Camera" if person.email else "",
        **dict.fromkeys(("share_application", "share_whiteboard", "recording"), False),
        "share_desktop": bool(person.shares),
        "audio_quality": "good",
        "video_quality": "good",
        "screen_share_quality": "",
        "customer_key": "",
        "registrant_id": "",
    }


def minute_marks(join: datetime, leave: datetime) -> Iterable[datetime]:
    """The full minutes of a stay, for each of which there is quality; at least one, be it after the end."""
    mark = join.replace(second=0, microsecond=0) + _MINUTE
    yield mark
    while (mark := mark + _MINUTE) <= leave:
        yield mark


def minute(mark: datetime, **members: object) -> Json:
    """One element of `user_qos` (reference, 11.4): sound and picture flow, nothing is shown."""
    picture, nothing = {**FLOW, **_PICTURE}, {**NO_FLOW, **_NO_PICTURE}
    flows = {
        **dict.fromkeys(("audio_input", "audio_output"), FLOW),
        **dict.fromkeys(("video_input", "video_output"), picture),
        **dict.fromkeys(("as_input", "as_output"), nothing),
    }
    usage = ("zoom_min_cpu_usage", "zoom_avg_cpu_usage", "zoom_max_cpu_usage", "system_max_cpu_usage")
    cpu = dict(zip(usage, ("1%", "3%", "5%", "11%"), strict=True))
    return without_absent({"date_time": instant(mark), **flows, "cpu_usage": cpu, **members})


def without_absent(members: Mapping[str, Any]) -> Json:
    """The members but those that are `ABSENT`."""
    return {name: value for name, value in members.items() if value is not ABSENT}
