"""What happened in this call?"""

from harvesters.dashboards.measures import count, latest, least, mean, most, total
from harvesters.dashboards.model import (
    Chart,
    Column,
    Control,
    Dashboard,
    Kind,
    Listing,
    Note,
    Presences,
    Row,
    Terms,
    Time,
    View,
)
from harvesters.dashboards.shown.parts import (
    BROWSER,
    CONFERENCE_ID,
    CONFERENCE_NAME,
    HEARD,
    HOW_MUCH_POOR,
    ISP,
    MOS_STOPS,
    NAME,
    NETWORK,
    OS,
    PEOPLE,
    PERSON,
    SEEN,
    VENDOR,
)

FACTS = (
    (12, Chart("Who was there?", Kind.NUMBER, View.PARTICIPANTS, (
        Column("joins", count()), PEOPLE,
    ))),
    (12, Chart("How long was it?", Kind.NUMBER, View.CONFERENCES, (
        Column("minutes of all people", total("vconf.minutes.participant"), decimals=0),
        Column("conferences", count()),
    ))),
    (12, HOW_MUCH_POOR),
    (12, Chart("How many times did somebody come back?", Kind.NUMBER, View.CONFERENCES, (
        Column("rejoins", total("vconf.rejoins")), Column("people cut off", total("vconf.drops")),
    ))),
)  # fmt: skip
CHOOSE = (
    "Choose a conference above, or click on one in another dashboard. Then narrow the time to it: drag over a chart, "
    "or set it by hand."
)
STAYS = Chart(
    "Who was there, from what, and how was it for them?",
    Kind.TABLE,
    View.PARTICIPANTS,
    (
        Column("came", least("@timestamp")),
        Column("name", latest(NAME)),
        Column("system", latest(OS)),
        Column("browser", latest(BROWSER)),
        Column("network", latest(NETWORK)),
        Column("provider", latest(ISP)),
        Column("heard", latest(HEARD)),
        Column("saw", latest(SEEN)),
    ),
    (
        Terms(PERSON, "person", 100, by=None, missing=True),
        Terms("vconf.participant.id", "stay", 20, by=None),
    ),
    opens="person",
)


def _over_time(title: str, column: Column, target: float | None) -> Chart:
    by = (Time("1m", sparse=True), Terms("vconf.stream.id", "stream", 10, by=None))
    return Chart(title, Kind.LINES, View.SAMPLES, (column,), by, target=target)


def _mean(medium: str, name: str, label: str) -> Column:
    return Column(label, mean(f"vconf.quality.{medium}.{name}"))


WITHOUT_RANGE = tuple(
    Control(field, label, View.CONFERENCES)
    for field, label in ((CONFERENCE_NAME, "Conference"), (CONFERENCE_ID, "Its id"), (VENDOR, "Vendor"))
)
CALL = Dashboard(
    "call",
    "What happened in this call?",
    "Call",
    "One conference: the verdict, who was there from when to when, what each stream measured, and what went wrong. "
    "Choose one by its name or id; without a choice it shows all of the time that is selected.",
    WITHOUT_RANGE,
    (
        Row(3, ((48, Note("Choose", CHOOSE)),)),
        Row(8, ((48, Listing("What was wrong, and on whose side?", View.CONFERENCES, (
            CONFERENCE_NAME, "vconf.verdict.code", "vconf.verdict.text", "vconf.verdict.sure",
            "vconf.conference.duration_s", "vconf.participants.unique", CONFERENCE_ID,
        ))),)),
        Row(7, FACTS),
        Row(14, ((48, Presences("Who was there from when to when?")),)),
        Row(13, ((48, STAYS),)),
        Row(12, (
            (24, _over_time("When did it sound bad?", Column(
                "MOS", mean("vconf.quality.audio.mos"), MOS_STOPS), 3)),
            (24, _over_time("When were packets lost?", _mean("audio", "loss_pct", "% of audio packets lost"), 5)),
        )),
        Row(12, (
            (24, _over_time("When was the picture starved?", _mean("video", "bitrate_kbps", "kbit/s of video"), None)),
            (24, Chart("What did they have to bear at worst?", Kind.TABLE, View.STREAMS, (
                Column("audio lost, %", most("vconf.quality.audio.loss_pct.max"), decimals=1),
                Column("there and back, ms", most("vconf.quality.audio.rtt_ms.max"), decimals=0),
                Column("audio", latest("vconf.quality.audio.label")),
                Column("video", latest("vconf.quality.video.label")),
                Column("streams", count()),
            ), (
                Terms("vconf.participant.id", "stay", 50, by=0),
                Terms("vconf.stream.direction", "direction", 2, by=None),
            ))),
        )),
        Row(13, ((48, Listing("What went wrong, and when?", View.ISSUES, (
            "vconf.issue.severity", "vconf.issue.code", "vconf.issue.explanation", NAME, "vconf.participant.id",
            CONFERENCE_NAME,
        ))),)),
    ),
)  # fmt: skip
