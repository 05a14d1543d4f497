"""What does this person live with?"""

from harvesters.dashboards.conditions import Holds
from harvesters.dashboards.measures import count, latest, least, mean, total, unique
from harvesters.dashboards.model import Chart, Column, Control, Dashboard, Kind, Note, Row, Terms, View
from harvesters.dashboards.shown.parts import (
    ACCOUNT,
    BAD_SHARE,
    BROWSER,
    BROWSER_VERSION,
    CONFERENCE_ID,
    CONFERENCE_NAME,
    COUNTRY,
    DAILY,
    HEARD,
    ISP,
    MOS_STOPS,
    N_JOINS,
    N_SERVED,
    NAME,
    NETWORK,
    OS,
    PERSON,
    REJOIN,
    SEEN,
    VENDOR,
)

HEARD_MOS = "vconf.quality.received.audio.mos.avg"
OF_ALL = (BAD_SHARE, N_SERVED)


def _used(title: str, *groups: Terms) -> Chart:
    """Something that the person used, with how often and how it went."""
    columns = (N_JOINS, N_SERVED, BAD_SHARE)
    return Chart(title, Kind.TABLE, View.PARTICIPANTS, columns, groups)


CALLS = Chart(
    "Which calls were they, and how did they go?",
    Kind.TABLE,
    View.PARTICIPANTS,
    (
        Column("came", least("@timestamp")),
        Column("name", latest(CONFERENCE_NAME)),
        Column("account", latest(ACCOUNT)),
        Column("seconds there", total("vconf.participant.duration_s")),
        Column("heard", latest(HEARD)),
        Column("saw", latest(SEEN)),
        Column("MOS received", mean(HEARD_MOS), MOS_STOPS, 2),
        Column("joins", count()),
    ),
    (Terms(CONFERENCE_ID, "conference", 50),),
    opens="call",
)
PERSON_CONTROLS = tuple(
    Control(field, label, View.PARTICIPANTS)
    for field, label in ((NAME, "Name"), (PERSON, "Their id"), ("user.email", "Mail"), (VENDOR, "Vendor"))
)
PERSON_DASHBOARD = Dashboard(
    "person",
    "What does this person live with?",
    "Person",
    "The calls of one person, how they went, from which devices, networks and places, beside what everybody has. "
    "Choose a person by name, id or mail address; without a choice it shows everybody.",
    PERSON_CONTROLS,
    (
        Row(3, ((48, Note("Choose", "Choose a person above, or click on one in another dashboard.")),)),
        Row(7, (
            (12, Chart("How many calls?", Kind.NUMBER, View.PARTICIPANTS, (
                Column("conferences", unique(CONFERENCE_ID)), N_JOINS,
            ))),
            (12, Chart("How often was it poor for this person?", Kind.NUMBER, View.PARTICIPANTS, OF_ALL)),
            (12, Chart("And for everybody?", Kind.NUMBER, View.PARTICIPANTS, OF_ALL, everywhere=True)),
            (12, Chart("How often did they have to come back?", Kind.NUMBER, View.PARTICIPANTS, (
                Column("rejoins", count(Holds(REJOIN))), N_JOINS,
            ))),
        )),
        Row(15, ((48, CALLS),)),
        Row(11, (
            (48, Chart("Does it sound better or worse than before?", Kind.LINES, View.PARTICIPANTS, (
                Column("MOS received", mean(HEARD_MOS), MOS_STOPS, 2),
            ), (DAILY,), target=4)),
        )),
        Row(11, (
            (24, _used("From which system and browser?", Terms(OS, "operating system", 5),
                       Terms(BROWSER, "browser", 5, missing=True), Terms(BROWSER_VERSION, "version", 3, missing=True))),
            (24, _used("With which microphone and camera?", Terms("vconf.device.microphone", "microphone", 5),
                       Terms("vconf.device.camera", "camera", 5, missing=True))),
        )),
        Row(11, (
            (24, _used("Over which network?", Terms(NETWORK, "network", 5), Terms(ISP, "network's owner", 5,
                                                                                  missing=True))),
            (24, _used("From where?", Terms(COUNTRY, "country", 5), Terms("client.geo.city_name", "city", 5,
                                                                          missing=True))),
        )),
    ),
    since="now-30d/d",
)  # fmt: skip
