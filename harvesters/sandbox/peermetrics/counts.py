"""The dashboard's ready-made counts, and the search: a check sum rather than data."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from harvesters.sandbox.peermetrics.asking import Asked, Window
from harvesters.sandbox.peermetrics.issues import TEXTS
from harvesters.sandbox.peermetrics.refusals import Code, broken, refused
from harvesters.sandbox.peermetrics.rooms import Json, Rows
from harvesters.sandbox.peermetrics.stamps import instant

_MINUTES = (0, 1, 3, 5, 10, 15, 20, 25, 30, 40, 50, 60, None)
_SETUP_MS = (0, 250, 500, 750, 1000, 1500, 2000, 2500, 3000, 4000, 5000, None)
_STATES = ("success", "warning", "error", "ongoing")
_MOST_HITS, _LONGEST_QUERY, _SIMILAR = 5, 64, 0.3


def _rooms(asked: Asked) -> tuple[list[Rows], Window]:
    """The rooms of the app that were first used in the window, and the window."""
    asked.need("appId")
    app, window = asked.uuid("appId"), asked.window(strict_gt=False)
    window = Window(gte=window.gte, lte=window.lte)
    rooms = asked.rooms.rooms(asked.wanted(window, app=app))
    return [each for each in rooms if each.conference["app"] == app and each.conference["created_at"] in window], window


def _rows(asked: Asked, rows: Callable[[Rows], Iterable[Json]]) -> Iterator[Json]:
    """The rows of an app that were created in the window."""
    asked.need("appId")
    app, told = asked.uuid("appId"), asked.window(strict_gt=False)
    window = Window(gte=told.gte, lte=told.lte)
    for room in asked.rooms.parts(asked.wanted(window, app=app)):
        if room.conference["app"] == app:
            yield from (row for row in rows(room) if row["created_at"] in window)


def _state(room: Rows) -> str:
    types = {each["type"] for each in room.issues if each["conference"]}
    if room.conference["ongoing"]:
        return "ongoing"
    return "error" if "error" in types else "warning" if "warning" in types else "success"


def conferences(asked: Asked) -> Json:
    """Conferences a day by what became of them."""
    days: dict[str, Counter[str]] = {}
    for room in _rooms(asked)[0]:
        days.setdefault(room.conference["created_at"][:10], Counter())[_state(room)] += 1
    rows = [
        {"date": day, **{state: told[state] for state in _STATES}, "total": told.total()}
        for day, told in sorted(days.items())
    ]
    return {"data": rows}


def _buckets(bounds: Sequence[int | None], unit: str) -> Iterator[tuple[str, int, int | None]]:
    for low, high in pairwise(bounds):
        name = f"> {low} {unit}" if high is None else f"{low} - {high} {unit}" if low else f"< {high} {unit}"
        yield name, low or 0, high


def durations(asked: Asked) -> Json:
    """Conferences by length."""
    lengths = [each.conference["duration"] for each in _rooms(asked)[0]]
    rows = [
        {
            "range": name,
            "min_sec": low * 60,
            "max_sec": None if high is None else high * 60,
            "count": sum(low * 60 <= each and (high is None or each < high * 60) for each in lengths),
        }
        for name, low, high in _buckets(_MINUTES, "m")
    ]
    return {"data": rows}


def participants(asked: Asked) -> Json:
    """Conferences by how many people had a session."""
    sizes = Counter(len({row["participant"] for row in each.sessions}) for each in _rooms(asked)[0])
    rows = [{"participants": size, "conferences": told} for size, told in sorted(sizes.items())]
    return {"data": rows, "total_conferences": sizes.total()}


def issues(asked: Asked) -> Json:
    """Issues by code, but for those that name no conference."""
    codes = Counter(each["code"] for each in _rows(asked, lambda room: room.issues) if each["conference"])
    return {"data": [{"code": code, "title": TEXTS[code][0], "count": told} for code, told in codes.most_common()]}


def media_issues(asked: Asked) -> Json:
    """What `getUserMedia` was refused for."""
    rows = [each for each in _rows(asked, lambda room: room.issues) if each["code"] == "getusermedia_error"]
    told = Counter((each["data"]["name"], each["data"]["message"]) for each in rows)
    return {
        "data": [{"name": name, "message": message, "count": count} for (name, message), count in told.items()],
        "total": told.total(),
    }


def connections(asked: Asked) -> Json:
    """Connections that went direct, and those that were relayed."""
    kinds = Counter(each["type"] == "relay" for each in _rows(asked, lambda room: room.connections))
    named = [{"name": "Direct", "count": kinds[False]}, {"name": "Relayed", "count": kinds[True]}]
    return {"data": [each for each in named if each["count"]]}


def setup_times(asked: Asked) -> Json:
    """Connections by the time that their last negotiation took."""
    taken: list[tuple[float, str]] = []
    for row in _rows(asked, lambda room: room.connections):
        last = row["connection_info"]["negotiations"][-1:]
        if last and last[0]["end_time"] and last[0]["status"] != "failed":
            spent = instant(last[0]["end_time"]) - instant(last[0]["start_time"])
            taken.append((spent.total_seconds() * 1000, row["conference"]))
    rows = []
    for name, low, high in _buckets(_SETUP_MS, "ms"):
        inside = [room for ms, room in taken if low <= ms and (high is None or ms < high)]
        told = list(dict.fromkeys(inside))
        rows.append({"range": name, "min_ms": low, "max_ms": high, "count": len(inside), "conference_ids": told})
    return {"data": rows}


def sessions(asked: Asked) -> Json:
    """Sessions by browser, system and place."""
    rows = list(_rows(asked, lambda room: room.sessions))
    platforms = [each["platform"] for each in rows if each["platform"]]
    places = [each["geo_ip"] for each in rows if each["geo_ip"] and each["geo_ip"]["country_code"]]
    cities = Counter((each["city"], float(each["latitude"]), float(each["longitude"])) for each in places)
    return {
        "browsers": _counted("name", (each["browser"]["name"] for each in platforms)),
        "os": _counted("name", (each["os"]["name"] for each in platforms)),
        "countries": _counted("code", (each["country_code"] for each in places)),
        "cities": [
            {"city": city, "latitude": latitude, "longitude": longitude, "count": count}
            for (city, latitude, longitude), count in cities.most_common()
        ],
    }


def _counted(name: str, values: Iterable[str]) -> list[Json]:
    return [{name: value, "count": count} for value, count in Counter(values).most_common()]


def search(asked: Asked) -> Json:
    """At most five rooms by likeness of their names; a server without the extension breaks."""
    query = asked.given("query")
    if query is None:
        raise refused(Code.MISSING_PARAMETERS)
    if asked.rules.search == "absent":
        raise broken()
    if len(query) > _LONGEST_QUERY:
        raise refused(Code.INVALID_PARAMETERS)
    found = []
    for room in asked.rooms.rooms(asked.wanted()):
        row = room.conference
        likeness = SequenceMatcher(None, query.lower(), row["conference_id"].lower()).ratio()
        if likeness > _SIMILAR:
            hit = {"name": row["conference_name"], "id": row["conference_id"], "type": "conference"}
            found.append((likeness, {**hit, "url": f"/conference/{row['id']}"}))
    found.sort(key=lambda each: -each[0])
    return {"matches": [hit for _, hit in found[:_MOST_HITS]]}


ANSWERS: Mapping[str, Callable[[Asked], Json]] = {
    "/search": search,
    "/conferences/summary": conferences,
    "/conferences/duration-summary": durations,
    "/conferences/participant-count-summary": participants,
    "/issues/summary": issues,
    "/issues/gum-summary": media_issues,
    "/connections/summary": connections,
    "/connections/setup-time-summary": setup_times,
    "/sessions/summary": sessions,
}
