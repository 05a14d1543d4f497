"""Zoom's own few fields, under the names that its analysts know."""

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
    SPOT,
    STREAM,
    Field,
)

CHILD = (PARTICIPANT, STREAM, SAMPLE, ISSUE)

ZOOM = (
    Field("zoom.meeting_uuid", KEYWORD, "UUID of this instance of the meeting", (CONFERENCE, *CHILD), tells=NOBODY),
    Field("zoom.series_id", KEYWORD, "meeting number, the same for all instances", (CONFERENCE, *CHILD), tells=ROOM),
    Field("zoom.user_id", KEYWORD, "number of the joining, unique only inside a meeting", CHILD, tells=NOBODY),
    Field("zoom.participant_uuid", KEYWORD, "UUID of the joining", (PARTICIPANT,), tells=NOBODY),
    Field("zoom.registrant_id", KEYWORD, "the person's registration", (PARTICIPANT,), tells=NAME),
    Field("zoom.customer_key", KEYWORD, "the person's key in the app that embeds Zoom", (PARTICIPANT,), tells=NAME),
    Field("zoom.breakout_room_id", KEYWORD, "breakout room that the joining is of", (PARTICIPANT,), tells=NOBODY),
    Field("zoom.device", KEYWORD, "kind of device as Zoom says", (PARTICIPANT,), tells=NOBODY),
    Field("zoom.location", KEYWORD, "place as Zoom says", (PARTICIPANT,), tells=SPOT),
    Field("zoom.data_center", KEYWORD, "data centre", (PARTICIPANT,), tells=NOBODY),
    Field("zoom.user_type", KEYWORD, "licence of the host", (CONFERENCE,), tells=NOBODY),
    Field("zoom.kind", KEYWORD, "meeting or webinar", (CONFERENCE,), tells=NOBODY),
    Field("zoom.participants", LONG, "participants as Zoom counts them", (CONFERENCE,)),
    Field(
        "zoom.audio_quality", KEYWORD, "Zoom's word: good, fair, poor or bad", (CONFERENCE, PARTICIPANT), tells=NOBODY
    ),
    Field("zoom.video_quality", KEYWORD, "likewise", (CONFERENCE, PARTICIPANT), tells=NOBODY),
    Field("zoom.screen_share_quality", KEYWORD, "likewise", (CONFERENCE, PARTICIPANT), tells=NOBODY),
    Field("zoom.health", KEYWORD, "Zoom's word on the joining: Good, Warning or Critical", (STREAM,), tells=NOBODY),
    Field("zoom.shared", KEYWORD, "what the participant showed, as Zoom says", (STREAM,), tells=NOBODY),
)
