"""The script that one would write without us: `json.loads`, a dictionary for each sample, `helpers.bulk`.

It makes the same documents, so it does the same conversions and scores, but none of the rest: no archive, no odd
values, no roll-ups, no retries, no counts. The few documents of conferences, people and streams are handed to it ready.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

import ua_parser

from harvesters.core.encode import Encoded

Json = dict[str, Any]
ACCOUNT = ("opentok", "46204972")
GOOD, FAIR, MOST_AUDIO_LOSS, MOST_VIDEO_LOSS, MOST_LATENCY = 4.0, 3.0, 5.0, 3.0, 400.0
KINDS = {"js": "browser", "android": "mobile", "ios": "mobile"}


class Usual:
    """The usual script for one day."""

    def __init__(self, documents: list[Encoded]) -> None:
        """`documents`: ours; all but the samples are taken over."""
        self._entities = [
            _action(each.index, each.id, json.loads(each.source), each.version)
            for each in documents
            if each.type != "sample"
        ]
        one = next(each for each in documents if each.type == "sample")
        self._index, self._version = one.index, one.version
        self._harvest: Json = json.loads(one.source)["vconf"]["harvest"]

    def actions(self, answer: bytes) -> Iterator[Json]:
        """The samples of one answer, as actions for `helpers.bulk`."""
        data = json.loads(answer)["data"]["project"]["sessionData"]
        for session in data["sessions"]["resources"]:
            for meeting in session["meetings"]["resources"]:
                yield from self._meeting(session["sessionId"], meeting)

    def entities(self) -> list[Json]:
        """All other documents of the day, ready."""
        return self._entities

    def _meeting(self, session: str, meeting: Json) -> Iterator[Json]:
        key = (session, meeting["meetingId"], meeting["createdAt"])
        start, end = (datetime.fromisoformat(meeting[name]) for name in ("createdAt", "destroyedAt"))
        conference = {
            "id": _id("conference", *key),
            "start": meeting["createdAt"],
            "end": meeting["destroyedAt"],
            "duration_s": (end - start).total_seconds(),
            "vendor_id": meeting["meetingId"],
            "parent_id": session,
            "size_class": _size_class(len(meeting["connections"]["resources"])),
        }
        people = {each["connectionId"]: each for each in meeting["connections"]["resources"]}
        ids = {each: _id("participant", *key, each) for each in people}
        publishers = meeting["publishers"]["resources"]
        senders = {each["stream"]["streamId"]: ids[each["connectionId"]] for each in publishers}
        for stream in [*publishers, *meeting["subscribers"]["resources"]]:
            own = stream.get("subscriberId")
            name = own or stream["stream"]["streamId"]
            participant = ids[stream["connectionId"]]
            peer = senders[stream["stream"]["streamId"]] if own else None
            id_, event = _id("stream", *key, name), "/".join((*ACCOUNT, "sample", *key, name))
            for row in stream["streamStatsCollection"]["resources"]:
                document = self._document(row, event, conference, people[stream["connectionId"]])
                document["vconf"]["participant"] = {"id": participant}
                document["vconf"]["stream"] = _without_nulls(
                    {
                        "id": id_,
                        "peer_participant_id": peer,
                        "direction": "received" if own else "sent",
                        "kind": stream["stream"]["videoType"],
                        "media": ["audio", "video"],
                    }
                )
                at = datetime.fromisoformat(row["createdAt"])
                yield _action(self._index, f"{id_}-{round(at.timestamp() * 1000):x}", document, self._version)

    def _document(self, row: Json, event: str, conference: Json, person: Json) -> Json:
        vendor, account = ACCOUNT
        return _without_nulls(
            {
                "@timestamp": row["createdAt"],
                "event": {
                    "module": vendor,
                    "created": self._harvest["fetched_at"],
                    "kind": "metric",
                    "category": ["network"],
                    "type": ["info"],
                    "dataset": "opentok.sample",
                    "id": f"{event}/{row['createdAt']}",
                },
                "ecs": {"version": "8.17.0"},
                "cloud": {"account": {"id": account}},
                "observer": {"type": "conference", "vendor": "Vonage", "product": "Video API"},
                "service": {"type": "video-conference"},
                **_person(person),
                "opentok": {"audio_bitrate": row["audioBitrateKbps"], "video_bitrate": row["videoBitrateKbps"]},
                "vconf": {
                    "vendor": vendor,
                    "account": {"id": account, "name": "default"},
                    "schema": "1",
                    "harvest": self._harvest,
                    "privacy": "full",
                    "conference": conference,
                    "type": "sample",
                    "client": {
                        "sdk": {"name": person["sdkType"], "version": person["sdkVersion"]},
                        "kind": KINDS[person["sdkType"]],
                    },
                    "quality": _quality(row),
                },
            }
        )


def _id(*key: str) -> str:
    whole = json.dumps((*ACCOUNT, *key), separators=(",", ":")).encode()
    return base64.b32encode(hashlib.sha256(whole).digest()[:20]).decode().lower()


def _action(index: str, id_: str, source: Json, version: int) -> Json:
    return {"_index": index, "_id": id_, "version": version, "version_type": "external_gte", "_source": source}


def _quality(row: Json) -> Json:
    quality: Json = {"model": "vq-1", "profile": "default"}
    if row.get("hasAudio", row.get("subscribeToAudio")):
        loss, latency = _percent(row["audioPacketLoss"]), row["audioLatencyMs"]
        mos = _mos(loss, latency or 0)
        quality["audio"] = _without_nulls(
            {
                "loss_pct": loss,
                "latency_ms": latency,
                "mos": mos,
                "label": "good" if mos >= GOOD else "fair" if mos >= FAIR else "poor",
                "inputs": ["loss"] if latency is None else ["loss", "latency"],
                "poor_due_to": _beyond(loss, latency, MOST_AUDIO_LOSS),
            }
        )
    if row.get("hasVideo", row.get("subscribeToVideo")):
        width, height = (int(part) for part in row["videoResolution"].split("x"))
        loss, latency = _percent(row["videoPacketLoss"]), row["videoLatencyMs"]
        quality["video"] = _without_nulls(
            {
                "loss_pct": loss,
                "latency_ms": latency,
                "width": width,
                "height": height,
                "pixels": width * height,
                "label": "unknown",
                "poor_due_to": _beyond(loss, latency, MOST_VIDEO_LOSS),
            }
        )
    return quality


def _person(person: Json) -> Json:
    country, agent = person["country"], person["userAgent"]
    return {
        "user": _without_nulls({"id": person["guid"]}),
        "client": {"geo": {"country_iso_code": country}} if country else None,
        "user_agent": _without_nulls(
            {
                "name": person["browser"],
                "version": person["browserVersion"],
                "os": _system(agent) if agent else None,
            }
        ),
    }


@lru_cache
def _system(user_agent: str) -> Json | None:
    found = ua_parser.parse_os(unquote_plus(user_agent))
    if found is None:
        return None
    numbers = [number for number in (found.major, found.minor, found.patch) if number]
    return _without_nulls({"name": found.family, "version": ".".join(numbers) or None})


def _size_class(people: int) -> str:
    return next(name for most, name in ((1, "alone"), (2, "pair"), (6, "small"), (20, "medium")) if people <= most)


def _mos(loss: float, latency: float) -> float:
    delay = 20 + latency
    r = 93.2 - 0.024 * delay - max(0.0, 0.11 * (delay - 177.3)) - 95 * loss / (loss + 20)
    return round(1.0 if r <= 0 else max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6), 4)


def _beyond(loss: float, latency: float | None, most: float) -> list[str] | None:
    return [name for name, bad in (("loss", loss > most), ("latency", (latency or 0) > MOST_LATENCY)) if bad] or None


def _percent(ratio: float) -> float:
    return round(ratio * 100, 6)


def _without_nulls(members: Json) -> Json:
    return {name: value for name, value in members.items() if value not in (None, {})}
