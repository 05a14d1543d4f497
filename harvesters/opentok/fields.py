"""OpenTok's own few fields, under the names that its analysts know."""

from harvesters.core.fields import CONFERENCE, FLOAT, KEYWORD, NOBODY, PARTICIPANT, SAMPLE, STREAM, WORDS, Field

OPENTOK = (
    Field("opentok.session_id", KEYWORD, "OpenTok session", (CONFERENCE,), tells=NOBODY),
    Field("opentok.meeting_id", KEYWORD, "OpenTok meeting, not unique", (CONFERENCE,), tells=NOBODY),
    Field("opentok.connection_id", KEYWORD, "OpenTok connection", (PARTICIPANT, STREAM), tells=NOBODY),
    Field("opentok.stream_id", KEYWORD, "OpenTok stream", (STREAM,), tells=NOBODY),
    Field("opentok.subscriber_id", KEYWORD, "OpenTok subscriber", (STREAM,), tells=NOBODY),
    Field("opentok.video_type", KEYWORD, "camera, screen or custom, as the vendor says", (STREAM,), tells=NOBODY),
    Field("opentok.user_agent", KEYWORD, "user agent as it came, form-encoded", (PARTICIPANT,), tells=WORDS),
    Field("opentok.audio_bitrate", FLOAT, "audio bitrate as the vendor says; its unit is disputed", (SAMPLE,)),
    Field("opentok.video_bitrate", FLOAT, "video bitrate as the vendor says; its unit is disputed", (SAMPLE,)),
)
