"""peermetrics' own few fields, under the names that its users know."""

from harvesters.core.fields import CONFERENCE, ISSUE, KEYWORD, PARTICIPANT, SAMPLE, STREAM, Field

PEERMETRICS = (
    Field("peermetrics.conference_id", KEYWORD, "id of the room's row", (CONFERENCE, PARTICIPANT, STREAM, ISSUE)),
    Field("peermetrics.room", KEYWORD, "name of the room, as the site chose it", (CONFERENCE,)),
    Field("peermetrics.participant_id", KEYWORD, "id of the person's row", (PARTICIPANT,), personal=True),
    Field("peermetrics.session_id", KEYWORD, "id of the session", (PARTICIPANT, STREAM, SAMPLE, ISSUE)),
    Field("peermetrics.connection_id", KEYWORD, "id of the connection", (STREAM, ISSUE)),
    Field("peermetrics.track_id", KEYWORD, "id of the track", (STREAM,)),
    Field("peermetrics.candidate_type", KEYWORD, "host, srflx, prflx or relay", (STREAM,)),
    Field("peermetrics.connection_state", KEYWORD, "last state of the connection that was reported", (STREAM,)),
    Field("peermetrics.ended_by", KEYWORD, "unload, endCall or nothing: how the session ended", (PARTICIPANT,)),
)
