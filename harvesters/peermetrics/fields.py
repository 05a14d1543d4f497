"""peermetrics' own few fields, under the names that its users know."""

from harvesters.core.fields import (
    CONFERENCE,
    ISSUE,
    KEYWORD,
    LONG,
    NAME,
    NOBODY,
    PARTICIPANT,
    ROOM,
    SAMPLE,
    STREAM,
    USAGE,
    Field,
)

PEERMETRICS = (
    Field(
        "peermetrics.conference_id",
        KEYWORD,
        "id of the room's row",
        (CONFERENCE, PARTICIPANT, STREAM, ISSUE),
        tells=NOBODY,
    ),
    Field("peermetrics.room", KEYWORD, "name of the room, as the site chose it", (CONFERENCE,), tells=ROOM),
    Field("peermetrics.participant_id", KEYWORD, "id of the person's row", (PARTICIPANT,), tells=NAME),
    Field("peermetrics.session_id", KEYWORD, "id of the session", (PARTICIPANT, STREAM, SAMPLE, ISSUE), tells=NOBODY),
    Field("peermetrics.connection_id", KEYWORD, "id of the connection", (STREAM, ISSUE), tells=NOBODY),
    Field("peermetrics.track_id", KEYWORD, "id of the track", (STREAM,), tells=NOBODY),
    Field("peermetrics.candidate_type", KEYWORD, "host, srflx, prflx or relay", (STREAM,), tells=NOBODY),
    Field(
        "peermetrics.connection_state",
        KEYWORD,
        "last state of the connection that was reported",
        (STREAM,),
        tells=NOBODY,
    ),
    Field(
        "peermetrics.ended_by",
        KEYWORD,
        "unload, endCall or nothing: how the session ended",
        (PARTICIPANT,),
        tells=NOBODY,
    ),
    Field("peermetrics.rooms.success", LONG, "new rooms where nothing was wrong", (USAGE,)),
    Field("peermetrics.rooms.warning", LONG, "new rooms with a warning", (USAGE,)),
    Field("peermetrics.rooms.error", LONG, "new rooms with an error", (USAGE,)),
    Field("peermetrics.rooms.ongoing", LONG, "new rooms that were still in use", (USAGE,)),
)
