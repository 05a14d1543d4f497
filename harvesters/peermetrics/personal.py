"""Which members of peermetrics' rows tell of a person."""

import re
from collections.abc import Mapping

from harvesters.core.personal import KEPT_AS_IT_IS, Personal, Persons

WHO, SESSION = {"participant": "participant"}, {"session": "session"}
SURFACE = re.compile(r"\A(?:screen|window|tab|display)", re.IGNORECASE)
"""Of what a track is called the word for what is shown, not the title of the window."""
PLATFORM = ("browser.name", "browser.version", "os.name", "os.version")
PAIR = (
    "currentRoundTripTime", "local.candidateType", "local.protocol", "local.relayProtocol", "local.networkType",
)  # fmt: skip
TRACK = {
    "data.video.id": KEPT_AS_IT_IS,
    "data.video.settings.displaySurface": KEPT_AS_IT_IS,
    "data.video.label": SURFACE,
}
PEER = {"peer": "participant"}
HAPPENED = Persons(WHO, about=("data",), links=SESSION, mentions={**PEER, "data.options.peerId": "user"}, kept=TRACK)
MEASURED = Persons(
    about=("data.connection",),
    kept={f"data.connection.{name}": KEPT_AS_IT_IS for name in PAIR},
    shared=True,
)
PERSONAL: Mapping[str, Personal] = {
    "conference": Personal(Persons(texts=("conference_id", "conference_name"))),
    "session": Personal(
        rows=Persons(
            WHO,
            about=("geo_ip", "platform", "devices", "metadata"),
            links={"id": "session"},
            kept={f"platform.{name}": KEPT_AS_IT_IS for name in PLATFORM},
        )
    ),
    # When a person was first seen is the same in all of the person's calls.
    "participant": Personal(
        rows=Persons(
            {"id": "participant", "participant_id": "user"}, names=("participant_name",), about=("created_at",)
        )
    ),
    "connection": Personal(rows=Persons(WHO, links=SESSION, mentions=PEER)),
    "issue": Personal(rows=Persons(WHO, about=("data",), links=SESSION, kept={"data.average": KEPT_AS_IT_IS})),
    "event": Personal(rows=HAPPENED),
    "last": Personal(rows=HAPPENED),
    "stats": Personal(Persons(WHO), MEASURED),
    "summary": Personal(Persons(WHO), MEASURED),
}
