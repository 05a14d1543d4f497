"""A day of each vendor whose every personal value is a canary: a word that is found wherever it flies to.

with zoom_day() as day:
    night = day.night(tmp_path, PRIVACY="minimal")
    night.harvest(day.date)
    assert day.told_in(everything(tmp_path)) == []
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from harvesters import all_fields
from harvesters.core.fields import by_name
from harvesters.sandbox import Request, Response
from harvesters.sandbox.opentok.faults import FAULTS as OF_OPENTOK
from harvesters.sandbox.peermetrics import APP, call, room
from harvesters.sandbox.peermetrics import Person as Joiner
from harvesters.sandbox.peermetrics.faults import FAULTS as OF_PEERMETRICS
from harvesters.sandbox.peermetrics.rooms import uid
from harvesters.sandbox.zoom import Person, meeting
from harvesters.sandbox.zoom.faults import FAULTS as OF_ZOOM
from harvesters.sandbox.zoom.meetings import Host
from tests import geoip, opentok_days, peermetrics_days, zoom_days
from tests.nights import Night, vendor
from tests.opentok_faults import UNLIMITED
from tests.peermetrics_nights import PeermetricsNight, peermetrics
from tests.shell import unpacked
from tests.zoom_nights import ZoomNight, zoom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path


WAITS = frozenset({"slow"})
"""Faults that really take time."""
ADDRESS, CITY = geoip.LINKOPING, "Linköping"


@dataclass(frozen=True)
class CanaryDay:
    """A vendor's day.

    Attributes:
        vendor: its name.
        date: the day.
        people: personal values, which no profile but `full` lets through as they are.
        secrets: what is never told.
        night: a machine that harvests it: its folder, and its settings.
        server: the simulated vendor.
    """

    vendor: str
    date: date
    people: Sequence[str]
    secrets: Sequence[str]
    night: Callable[..., Night]
    server: Any

    def told_in(self, text: bytes) -> list[str]:
        """The personal values that stand in a text, as JSON or an address would write them too."""
        lower = text.decode("utf-8", "replace").casefold()
        return [each for each in self.people if any(form.casefold() in lower for form in _forms(each))]

    def secrets_in(self, text: bytes) -> list[str]:
        """The secrets that do."""
        return [each for each in self.secrets if each.encode() in text]


def _forms(value: str) -> set[str]:
    return {value, json.dumps(value)[1:-1], value.replace(" ", "%20"), value.replace(" ", "+")}


FIELDS = by_name(all_fields())
PERSONAL = {name for name, field in FIELDS.items() if field.personal}
ABOUT_PROFILE = {"vconf.privacy", "vconf.privacy_key", "vconf.harvest.settings"}


def personal(document: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a document, by dotted name, that tell of people."""
    return {name: value for name, value in document.items() if any(_within(name, each) for each in PERSONAL)}


def _within(name: str, field: str) -> bool:
    return name == field or name.startswith(f"{field}.")


def impersonal(document: Mapping[str, Any]) -> dict[str, Any]:
    """All others, but for what says which profile it was."""
    told = personal(document)
    return {name: value for name, value in document.items() if name not in told and name not in ABOUT_PROFILE}


# -- Zoom -------------------------------------------------------------------------------------------------

HOST = Host("canaryHostId0123456789", "canary-host@example.com", "Canary Host", "Canary Dept")
SINGER = {
    "participant_user_id": "canary-user-id", "id": "canary-user-id",
    "registrant_id": "canary-registrant", "customer_key": "canary-customer-key",
    "ip_address": ADDRESS, "location": f"{CITY} (SE)",
    "internal_ip_addresses": ["198.51.100.77"], "mac_addr": "00:0a:95:9d:68:16", "harddisk_id": "canary-disk",
    "pc_name": "CANARY-PC", "microphone": "Canary's AirPods", "speaker": "Canary's speaker",
    "camera": "Canary's camera", "domain": "canary.example.com", "device_name": "Canary's iPhone",
    "audio_call": [{"call_number": "canary-4131"}], "sip_uri": "canary@sip.example.com", "nickname": "canary-nick",
    "issue_list": ["Unstable audio quality"],
}  # fmt: skip
TOPIC, NUMBER = "Canary's private lesson", 81234567890
ZOOM_PEOPLE = (
    HOST.id, HOST.email, HOST.name, HOST.dept, TOPIC, str(NUMBER), "Canary Singer", "canary-singer@example.com",
    "Canary Guest", "canary-teacher", *(value for value in SINGER.values() if isinstance(value, str)),
    "198.51.100.77", "canary-4131", CITY, "58.4167",
)  # fmt: skip


@contextmanager
def zoom_day(*faults: str) -> Iterator[CanaryDay]:
    """A lesson whose singer comes twice, and a talk that the host gives; and a lesson of the day before."""
    loud = {"audio_output": {"latency": "900 ms", "jitter": "3 ms", "avg_loss": "30 %", "bitrate": "30 kbps"}}
    singer = Person("Canary Singer", 0, 100, email="canary-singer@example.com", row=SINGER, minute=loud)
    again = replace(singer, joins=130, leaves=None)
    told = [
        meeting(
            zoom_days.PLAIN, zoom_days.at(9), 6, people=[HOST.name, singer, again, "Canary Guest"], number=NUMBER,
            host=HOST, topic=TOPIC, custom_keys=[{"key": "teacher", "value": "canary-teacher"}],
        ),
        meeting(zoom_days.LONELY, zoom_days.at(12), 2, people=2, host=HOST, topic=TOPIC),
        meeting(zoom_days.BEFORE, zoom_days.at(-10), 2, people=[HOST.name, singer], host=HOST, topic=TOPIC),
    ]  # fmt: skip
    with zoom(told, zoom_days.SETTLED, faults=faults) as server:
        secrets = (zoom_days.SECRET,)
        yield CanaryDay(
            "zoom", zoom_days.DAY, tuple(each for each in ZOOM_PEOPLE if each != "Unstable audio quality"), secrets,
            lambda folder, **more: ZoomNight.at(folder, server, **{**geoip.FILES, **more}), server.server,
        )  # fmt: skip


# -- OpenTok ----------------------------------------------------------------------------------------------

OPENTOK_DATE = date(2026, 11, 18)
OPENTOK_NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
AGENT = "CanaryBrowser/77.7"


def _opentok_session() -> dict[str, Any]:
    found = opentok_days.session(0, day=OPENTOK_DATE, start=timedelta(hours=9), people=2, minutes=2)
    for number, person in enumerate(found["meetings"]["resources"][0]["connections"]["resources"]):
        person |= {"guid": f"canary-guid-{number}", "userAgent": f"{person['userAgent']}+{AGENT.replace('/', '%2F')}"}
    return found


def _named(answer: Any) -> Any:  # noqa: ANN401 - any JSON
    """An answer whose people and streams have a member that nobody knows."""
    if isinstance(answer, list):
        return [_named(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    strange = {"displayName": "Canary Singer"} if {"guid", "streamId"} & answer.keys() else {}
    return {**{name: _named(each) for name, each in answer.items()}, **strange}


@contextmanager
def opentok_day(*faults: str) -> Iterator[CanaryDay]:
    """A call of two people."""

    def strange(_number: int, request: Request) -> Response | None:
        answer = server.answer(request)
        return replace(answer, body=json.dumps(_named(json.loads(answer.body))).encode())

    with vendor(
        [_opentok_session()], OPENTOK_NOW, None if faults else strange, faults=faults, rules=UNLIMITED
    ) as server:
        people = ("canary-guid-0", "canary-guid-1", AGENT, AGENT.replace("/", "%2F"))
        people = (*people, *(() if faults else ("Canary Singer",)))
        yield CanaryDay(
            "opentok", OPENTOK_DATE, people, (opentok_days.SECRET,),
            lambda folder, **more: Night(folder, OPENTOK_NOW, server.url, more=more), server.server,
        )  # fmt: skip


# -- peermetrics ------------------------------------------------------------------------------------------

ROOM, JOINER = "canary-ward-of-dr-x", "Canary Joiner"
ROW = {
    "metadata": {"case": "canary-case"},
    "platform": {"ua": f"Mozilla/5.0 {AGENT}", "browser": {"name": "Chrome"}, "os": {"name": "macOS"}},
    "devices": [
        {"kind": kind, "label": f"Canary's {what}"}
        for kind, what in (("audioinput", "AirPods"), ("videoinput", "camera"))
    ],
    "geo_ip": {"city": "canaryville", "latitude": "40.4167", "longitude": "-3.7037", "country_code": "ES"},
    "surprise": "canary-surprise",
}  # fmt: skip


@contextmanager
def peermetrics_day(*faults: str) -> Iterator[CanaryDay]:
    """A room that is named after somebody."""
    said = [(20, {"eventName": "chat", "text": "canary-chat"})]
    joiner = Joiner(JOINER, custom=said, row=ROW, candidate_errors=1, emos=2.5, lost=100)
    rooms = [room(ROOM, [call(peermetrics_days.at(9), 1, [joiner, "Canary Other"])])]
    people = (
        ROOM, JOINER, "u-canary-joiner", "u-canary-other", "Canary Other", AGENT, "canary-case", "Canary's AirPods",
        "Canary's camera", "canaryville", "canary-surprise", "canary-chat",
        uid(APP["id"], "participant", "u-canary-joiner"),
    )  # fmt: skip
    with peermetrics(rooms, faults=faults) as server:
        secrets = (peermetrics_days.PASSWORD, "pr0xy-key-of-the-test")
        yield CanaryDay(
            "peermetrics", peermetrics_days.DAY, people, secrets,
            lambda folder, **more: PeermetricsNight.at(folder, server, **more), server.server,
        )  # fmt: skip


DAYS: Mapping[str, Any] = {"zoom": zoom_day, "opentok": opentok_day, "peermetrics": peermetrics_day}
FAULTS = [
    (name, fault)
    for name, faults in (("zoom", OF_ZOOM), ("opentok", OF_OPENTOK), ("peermetrics", OF_PEERMETRICS))
    for fault in faults
    if fault not in WAITS
]


# -- what a run left --------------------------------------------------------------------------------------


def everything(folder: Path, *, raw: bool = False) -> bytes:
    """Every file below a folder with its name, packed ones unpacked; of the archive's only with `raw` the answers."""
    found: list[bytes] = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        answers = "archive" in path.parts and not path.name.endswith(".manifest.json")
        if raw or not answers:
            content = path.read_bytes()
            found += [str(path.relative_to(folder)).encode(), content]
            found += [unpacked(content)] if content.startswith(b"\x28\xb5\x2f\xfd") else []
    return b"\n".join(found)


PYTHON = sys.executable


def refusing(day: CanaryDay, path: str, status: int, body: Mapping[str, object]) -> None:
    """From here on Zoom refuses what is asked below a path, in these words."""

    def intercept(_number: int, request: Request) -> Response | None:
        if path not in request.path:
            return None
        return Response(status, {"Content-Type": "application/json"}, json.dumps(body).encode())

    day.server._intercept = intercept
