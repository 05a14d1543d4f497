"""The lists and single rows that the server answers with (reference, section 3)."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from operator import itemgetter

from harvesters.sandbox.peermetrics import issues as issue_rows
from harvesters.sandbox.peermetrics import views
from harvesters.sandbox.peermetrics.asking import WINDOW, Asked, Window, is_uuid
from harvesters.sandbox.peermetrics.refusals import Code, broken, refused
from harvesters.sandbox.peermetrics.rooms import Json, Rows
from harvesters.sandbox.peermetrics.routes import CATEGORIES
from harvesters.sandbox.peermetrics.stamps import stamp

CREATED = itemgetter("created_at")


def apps(asked: Asked) -> list[Json]:
    """All apps in the database's order, soft-deleted ones among them, keys and all."""
    return [views.app(each, asked.now) for each in asked.rooms.apps()]


def app(asked: Asked) -> Json:
    """One app that is not deleted."""
    return {"data": views.app(asked.app(asked.id), asked.now)}


def organizations(_asked: Asked) -> Json:
    """Broken in every case."""
    raise broken()


def organization(asked: Asked) -> Json:
    """The only one."""
    if asked.rooms.organization["id"] != asked.id:
        raise refused(Code.ORGANIZATION_NOT_FOUND)
    return {"data": asked.rooms.organization}


def conferences(asked: Asked) -> list[Json]:
    """Rooms by when they were first used, not by when there was a call."""
    asked.need("appId", "participantId", *WINDOW, "duration_gte", "duration_lt", "issue_code", "conference_ids")
    window = asked.window()
    app, participant = asked.uuid("appId"), asked.uuid("participantId")
    ids = _ids(asked)
    fits = _measured(asked)
    if ids is None:
        rooms: Iterable[Rows] = asked.rooms.rooms(asked.wanted(window, app=app, participant=participant))
    else:
        rooms = filter(None, (asked.rooms.find(each, asked.now) for each in dict.fromkeys(ids)))
    return [
        views.listed(each, asked.rules)
        for each in rooms
        if (app is None or each.conference["app"] == app)
        and (participant is None or any(who["id"] == participant for who in each.participants))
        and each.conference["created_at"] in window
        and fits(each)
    ]


def _ids(asked: Asked) -> list[str] | None:
    text = asked.given("conference_ids")
    if text is None:
        return None
    ids = [each.strip() for each in text.split(",") if each.strip()]
    if not all(map(is_uuid, ids)):
        raise broken()
    return ids


def _measured(asked: Asked) -> Callable[[Rows], bool]:
    """Whether a room has the length and the issue that are asked for."""
    least, below, code = asked.number("duration_gte"), asked.number("duration_lt"), asked.given("issue_code")

    def fits(room: Rows) -> bool:
        length = room.conference["duration"]
        if (least is not None and length < least) or (below is not None and length >= below):
            return False
        return code is None or any(each["code"] == code and each["conference"] for each in room.issues)

    return fits


def conference(asked: Asked) -> Json:
    """One room, with ids of participants and issues."""
    return {"data": views.detail(asked.conference(asked.id), asked)}


def sessions(asked: Asked) -> list[Json]:
    """Of the last 30 days alone; a window is ignored."""
    conference, participant, app = map(asked.given, ("conferenceId", "participantId", "appId"))
    if conference:
        asked.conference(conference)
    if participant:
        _known_participant(asked, participant)
    if app:
        asked.app(app)
    asked.need("conferenceId", "participantId", "appId")
    # The app counts only where nothing else is told.
    wanted = (conference, participant, None if conference or participant else app)
    after = stamp(asked.now - timedelta(days=asked.rules.session_days))
    return [
        views.session(row, room, asked.rules)
        for room in _parts(asked, Window(gt=after), *wanted)
        for row in room.sessions
        if row["created_at"] > after and (participant is None or row["participant"] == participant)
    ]


def _known_participant(asked: Asked, identity: str) -> None:
    if not is_uuid(identity):
        raise refused(Code.PARTICIPANT_NOT_FOUND)
    asked.participant(identity)


def _parts(
    asked: Asked, window: Window, conference: str | None, participant: str | None, app: str | None
) -> Iterator[Rows]:
    """What rooms have in a window."""
    for room in asked.rooms.parts(asked.wanted(window, app=app, conference=conference, participant=participant)):
        row = room.conference
        if (conference is None or row["id"] == conference) and (app is None or row["app"] == app):
            yield room


def participants(asked: Asked) -> list[Json]:
    """One row for each user of an app for all time."""
    asked.need("appId", "conferenceId", *WINDOW)
    window = asked.window(strict_gt=False)
    app, conference = asked.uuid("appId"), asked.uuid("conferenceId")
    found: dict[str, Json] = {}
    for room in _parts(asked, Window(), conference, None, app):
        for row in room.participants:
            known = found.get(row["id"])
            if known is None or row["created_at"] < known["created_at"]:
                found[row["id"]] = row
    return [each for each in found.values() if each["created_at"] in window]


def participant(asked: Asked) -> Json:
    """One of them."""
    return {"data": asked.participant(asked.id)}


def connections(asked: Asked) -> list[Json]:
    """Never paged."""
    return [row for _, row in _in_window(asked, lambda room: room.connections)]


def issues(asked: Asked) -> list[Json]:
    """Never paged; an app or a conference finds only those that name their conference."""
    by_room = asked.given("appId") or asked.given("conferenceId")
    rows = _in_window(asked, lambda room: room.issues)
    return [issue_rows.told(row) for _, row in rows if row["conference"] or not by_room]


def _in_window(asked: Asked, rows: Callable[[Rows], Iterable[Json]]) -> Iterator[tuple[Rows, Json]]:
    asked.need("appId", "conferenceId", "participantId", *WINDOW)
    window = asked.window()
    app, conference, participant = map(asked.uuid, ("appId", "conferenceId", "participantId"))
    for room in _parts(asked, window, conference, participant, app):
        for row in rows(room):
            if row["created_at"] in window and (participant is None or row["participant"] == participant):
                yield room, row


def connection(asked: Asked) -> Json:
    """One of them."""
    return _one(asked, lambda room: room.connections, Code.CONNECTION_NOT_FOUND)


def issue(asked: Asked) -> Json:
    """One of them, without title and explanation."""
    return _one(asked, lambda room: room.issues, Code.ISSUE_NOT_FOUND)


def _one(asked: Asked, rows: Callable[[Rows], Iterable[Json]], missing: Code) -> Json:
    found = (row for room in asked.rooms.parts(asked.wanted()) for row in rows(room) if row["id"] == asked.id)
    row = next(found, None)
    if row is None:
        raise refused(missing)
    return {"data": row}


def conference_events(asked: Asked) -> list[Json]:
    """All categories, whatever the window."""
    asked.conference(asked.id)
    return list(_events(asked, Window(), asked.id, None))


def category_events(asked: Asked) -> list[Json]:
    """One category, and the window counts."""
    conference, participant = asked.given("conferenceId"), asked.given("participantId")
    if conference:
        asked.conference(conference)
    if participant:
        _known_participant(asked, participant)
    asked.need("conferenceId", "participantId")
    category = CATEGORIES[asked.endpoint]
    rows = _events(asked, asked.window(), conference, participant, stats=category == "stats")
    return [each for each in rows if each["category"] == category]


def _events(
    asked: Asked, window: Window, conference: str | None, participant: str | None, *, stats: bool = True
) -> Iterator[Json]:
    """The events of rooms, by `type` or all but one type; statistics, which are many, only if need be."""
    kind = asked.given("type") or ""
    for room in _parts(asked, window, conference, participant, None):
        told = [] if kind == "stats" else room.events
        measured = asked.summaries.stats(room) if (stats and kind in {"", "stats"}) or _is_not(kind) else []
        for row in (*told, *measured):
            fits = not kind or (row["type"] != kind[1:] if kind[0] == "-" else row["type"] == kind)
            if fits and row["created_at"] in window and (participant is None or row["participant"] == participant):
                yield row


def _is_not(kind: str) -> bool:
    """Whether all but a type other than statistics are wanted."""
    return kind[:1] == "-" and kind != "-stats"


def graphs(asked: Asked) -> Json:
    """The summary, which asking may build."""
    return asked.summaries.graphs(asked.conference(asked.id))
