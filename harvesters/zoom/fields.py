"""Zoom's own few fields, under the names that its analysts know."""

from harvesters.core.fields import CONFERENCE, ISSUE, KEYWORD, LONG, PARTICIPANT, SAMPLE, STREAM, Field

CHILD = (PARTICIPANT, STREAM, SAMPLE, ISSUE)

ZOOM = (
    Field("zoom.meeting_uuid", KEYWORD, "UUID of this instance of the meeting", (CONFERENCE, *CHILD)),
    Field("zoom.series_id", KEYWORD, "meeting number, the same for all instances", (CONFERENCE, *CHILD)),
    Field("zoom.user_id", KEYWORD, "number of the joining, unique only inside a meeting", CHILD),
    Field("zoom.participant_uuid", KEYWORD, "UUID of the joining", (PARTICIPANT,)),
    Field("zoom.registrant_id", KEYWORD, "the person's registration", (PARTICIPANT,), personal=True),
    Field("zoom.customer_key", KEYWORD, "the person's key in the app that embeds Zoom", (PARTICIPANT,), personal=True),
    Field("zoom.breakout_room_id", KEYWORD, "breakout room that the joining is of", (PARTICIPANT,)),
    Field("zoom.device", KEYWORD, "kind of device as Zoom says", (PARTICIPANT,)),
    Field("zoom.location", KEYWORD, "place as Zoom says", (PARTICIPANT,), personal=True),
    Field("zoom.data_center", KEYWORD, "data centre", (PARTICIPANT,)),
    Field("zoom.user_type", KEYWORD, "licence of the host", (CONFERENCE,)),
    Field("zoom.kind", KEYWORD, "meeting or webinar", (CONFERENCE,)),
    Field("zoom.participants", LONG, "participants as Zoom counts them", (CONFERENCE,)),
    Field("zoom.audio_quality", KEYWORD, "Zoom's word: good, fair, poor or bad", (CONFERENCE, PARTICIPANT)),
    Field("zoom.video_quality", KEYWORD, "likewise", (CONFERENCE, PARTICIPANT)),
    Field("zoom.screen_share_quality", KEYWORD, "likewise", (CONFERENCE, PARTICIPANT)),
    Field("zoom.health", KEYWORD, "Zoom's word on the joining: Good, Warning or Critical", (STREAM,)),
    Field("zoom.shared", KEYWORD, "what the participant showed, as Zoom says", (STREAM,)),
)
