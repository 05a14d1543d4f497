"""The twelve codes of issues, and how an issue looks."""

from collections.abc import Mapping

from harvesters.sandbox.peermetrics.rooms import Json, uid

ERRORS = frozenset({"no_media_access", "ice_failed", "no_connection", "connection_failed", "very_low_emos"})
WITHOUT_CONFERENCE = frozenset({"turn_used", "icecandidateerror"})
"""Codes whose rows name no conference, so that hardly a filter finds them."""
TEXTS: Mapping[str, tuple[str, str]] = {
    "no_media_access": (
        "Could not access any media device",
        "The app could not access any input device from the browser during a session.",
    ),
    "ice_failed": (
        "Connection could not be established",
        (
            "The user could not find any suitable ICE candidates to establish a connection to another "
            "participant or a SFU."
        ),
    ),
    "no_connection": (
        "The participant could not establish a connection",
        (
            "There was a session for this participant that no connection could be established to "
            "another participant or a SFU."
        ),
    ),
    "very_low_emos": (
        "The participant had a very bad experience during the conference",
        (
            "Due to network conditions, this participant had a poor experience with incoming content. "
            "Causes might have been robotic audio, frozen video, etc."
        ),
    ),
    "getusermedia_error": (
        "Problem accessing media",
        "The user had a problem accessing the mic/camera of the device.",
    ),
    "icecandidateerror": (
        "ICE candidate error",
        "",
    ),
    "connection_disconnected": (
        "Connection disconnected",
        "An user temporarily disconnected.",
    ),
    "connection_failed": (
        "Connection failed",
        "",
    ),
    "multiple_rejoins": (
        "Multiple rejoins",
        "An user refreshed during a call.",
    ),
    "tcp_used": (
        "Media sent over TCP",
        "Participant used the TCP protocol to transfer media instead of UDP.",
    ),
    "turn_used": (
        "Connection relayed through a TURN server",
        "The participant might be behind an asymmetric NAT and connection could not be established directly.",
    ),
    "low_emos": (
        "Participant had a less than ideal experience",
        (
            "During the conference, the participant might have experienced periods of bad incoming "
            "audio quality or frozen video."
        ),
    ),
}
"""Title and explanation of each code."""


def issue(code: str, session: Json, created_at: str, *, connection: str | None = None, data: object = None) -> Json:
    """The row of an issue of a session."""
    return {
        "id": uid(session["id"], code, connection, created_at),
        "session": session["id"],
        "conference": None if code in WITHOUT_CONFERENCE else session["conference"],
        "participant": session["participant"],
        "connection": connection,
        "track": None,
        "type": "error" if code in ERRORS else "warning",
        "code": code,
        "data": data,
        "created_at": created_at,
    }


def told(row: Json) -> Json:
    """The row as lists have it."""
    title, explanation = TEXTS.get(row["code"], ("", ""))
    return {**row, "title": title, "explanation": explanation}
