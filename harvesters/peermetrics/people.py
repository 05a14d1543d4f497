"""Sessions as participants: who, with what, from where, and until when."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harvesters.core.lenient import inside
from harvesters.core.tree import Entity
from harvesters.peermetrics.rows import Json, stamp

ENDED = ("endCall", "unload", "beforeunload")
KNOWN = frozenset({
    "id", "conference", "participant", "created_at", "end_time", "duration", "call_start", "app_version", "webrtc_sdk",
    "platform", "devices", "geo_ip", "issues", "session_info",
})  # fmt: skip
DEVICES = {"audioinput": "microphone", "audiooutput": "speaker", "videoinput": "camera"}
MOST_CUSTOM, CUT = 100, "custom left out"


def text(value: object) -> str | None:
    """A text that is not blank; numbers become text, anything else is absent."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


@dataclass(slots=True)
class Told:
    """What the parts before the statistics tell, by kind and id."""

    rows: dict[str, list[Json]] = field(default_factory=dict)
    heads: dict[str, Json] = field(default_factory=dict)

    def head(self, kind: str) -> Json:
        """The head of a kind."""
        return self.heads.get(kind, {})

    def of(self, kind: str) -> list[Json]:
        """The rows of a kind."""
        return self.rows.get(kind, [])

    def by_id(self, kind: str) -> dict[str, Json]:
        """The same by their ids."""
        return {str(each["id"]): each for each in self.of(kind) if text(each.get("id"))}

    def events(self, session: str) -> list[Json]:
        """The events of a session, in order of time."""
        own = [each for each in self.of("event") if each.get("session") == session]
        return sorted(own, key=lambda each: (stamp(each.get("created_at")) or 0, str(each.get("id"))))


def people(told: Told, shared: Mapping[str, Any], oddities: Counter[str], *, ongoing: bool) -> dict[str, Entity]:
    """The sessions by id; twins keep the first."""
    persons = told.by_id("participant")
    last = {str(each.get("session")): stamp(each.get("created_at")) for each in told.of("last")}
    found: dict[str, Entity] = {}
    for session in told.of("session"):
        id_ = text(session.get("id"))
        if id_ is None:
            oddities["sessions that have no id"] += 1
        elif id_ not in found:
            person = persons.get(str(session.get("participant")), {})
            found[id_] = _participant(session, person, told.events(id_), shared)
            if more := found[id_].extra.pop(CUT, 0):
                oddities["custom events beyond a hundred of a session"] += more
            _end(found[id_], last.get(id_), ongoing=ongoing)
    return found


def _end(entity: Entity, last: int | None, *, ongoing: bool) -> None:
    """Where nobody reported the end, it is what was heard last; a conference that goes on has none."""
    if entity.end is not None:
        return
    if ongoing:
        entity.flags.add("ongoing")
    elif last is not None:
        entity.end = last
        entity.flags.add("end_estimated")
        entity.fields["vconf.participant.dropped"] = True


def _participant(session: Json, person: Json, events: list[Json], shared: Mapping[str, Any]) -> Entity:
    joined, called = stamp(session.get("created_at")), stamp(session.get("call_start"))
    fields = {
        **shared,
        "peermetrics.session_id": text(session.get("id")),
        "peermetrics.participant_id": text(session.get("participant")),
        "peermetrics.ended_by": (ended_by := _ended_by(events)),
        "user.id": text(person.get("participant_id")),
        "user.full_name": text(person.get("participant_name")),
        "vconf.participant.join_time_s": (called - joined) / 1000 if joined and called and called >= joined else None,
        **_client(session, person),
        **_devices(session.get("devices")),
    }
    if text(session.get("end_time")):
        # A page that is left says so; a tab that crashes, or a line that breaks, does not.
        fields["vconf.participant.dropped"] = ended_by is None
    extra = {name: value for name, value in session.items() if name not in KNOWN}
    custom = [each.get("data") for each in events if each.get("type") == "custom" and each.get("data") is not None]
    if custom:
        extra["custom"] = custom[:MOST_CUSTOM]
        extra[CUT] = len(custom) - len(extra["custom"])
    return Entity((str(session["id"]),), joined, stamp(session.get("end_time")), fields, set(), extra)


def _ended_by(events: list[Json]) -> str | None:
    types = [str(each.get("type")) for each in events]
    return next((name for name in ENDED if name in types), None)


def _client(session: Json, person: Json) -> dict[str, Any]:
    platform, geo = session.get("platform"), session.get("geo_ip")
    country = text(inside(geo, "country_code"))
    return {
        "user_agent.original": text(inside(platform, "ua")),
        "user_agent.name": text(inside(platform, "browser", "name")),
        "user_agent.version": text(inside(platform, "browser", "version")),
        "user_agent.os.name": text(inside(platform, "os", "name")),
        "user_agent.os.version": text(inside(platform, "os", "version")),
        "client.geo.country_iso_code": country.upper() if country else None,
        "client.geo.city_name": text(inside(geo, "city")),
        "vconf.client.kind": "server" if person.get("is_sfu") is True else "browser" if platform else None,
        "vconf.client.version": text(session.get("app_version")),
        "vconf.client.sdk.version": text(session.get("webrtc_sdk")),
    }


def _devices(devices: object) -> dict[str, Any]:
    """The first device of each kind; instead of the list there is one device in data of the server's own demo."""
    rows = devices if isinstance(devices, list) else [devices]
    found: dict[str, Any] = {}
    for each in rows:
        kind = DEVICES.get(str(inside(each, "kind")))
        if kind and (label := text(inside(each, "label"))):
            found.setdefault(f"vconf.device.{kind}", label)
    return found
