"""How was the week?"""

from harvesters.dashboards.conditions import Is
from harvesters.dashboards.measures import count, latest, least
from harvesters.dashboards.model import Chart, Column, Dashboard, Kind, Row, Terms, Time, View
from harvesters.dashboards.shown.parts import (
    ACCOUNT,
    AUDIO,
    CONFERENCE_ID,
    CONFERENCE_NAME,
    CONFERENCES,
    CONNECTING,
    DAILY,
    FAIR,
    GOOD,
    HOW_MANY_CONFERENCES,
    HOW_MANY_CUT_OFF,
    HOW_MANY_MINUTES,
    HOW_MANY_PEOPLE,
    HOW_MUCH_POOR,
    JUDGED,
    MINUTES,
    N_DAYS,
    N_JUDGED,
    POOR,
    POOR_SHARE,
    PRESENCE,
    SLICE,
    VENDOR,
    VIDEO,
    before,
    completeness,
    controls,
)

BY_VENDOR = Terms(VENDOR, "vendor")

DAYS_MISSING = Chart(
    "Which days are not complete?",
    Kind.STACKED,
    View.RUNS,
    (N_DAYS,),
    (DAILY, Terms("vconf.slice.state", "state")),
    SLICE,
    everywhere=True,
)
LABELS = Chart(
    "What share of streams was good, fair or poor each day?",
    Kind.SHARES,
    View.STREAMS,
    (Column("poor", count(POOR)), Column("fair", count(FAIR)), Column("good", count(GOOD))),
    (DAILY,),
    JUDGED,
)
WORST = Chart(
    "Which conferences were the worst?",
    Kind.TABLE,
    View.STREAMS,
    (
        Column("poor streams", count(POOR)),
        N_JUDGED,
        POOR_SHARE,
        Column("begun", least("vconf.conference.start")),
        Column("name", latest(CONFERENCE_NAME)),
        Column("account", latest(ACCOUNT)),
    ),
    (Terms(CONFERENCE_ID, "conference"),),
    JUDGED,
    opens="call",
)


def _why(title: str, label: str, reasons: str) -> Chart:
    """What made audio or video poor, by the number of streams."""
    columns = (Column("poor streams", count()),)
    return Chart(title, Kind.LYING, View.STREAMS, columns, (Terms(reasons, "due to", 5),), Is(label, "poor"))


def _against(title: str, view: View, *columns: Column) -> Chart:
    """By vendor, this time and a week before."""
    both = tuple(each for column in columns for each in (column, before(column)))
    return Chart(title, Kind.TABLE, view, both, (BY_VENDOR,))


NUMBERS = (
    (8, HOW_MANY_CONFERENCES),
    (8, HOW_MANY_PEOPLE),
    (8, HOW_MANY_MINUTES),
    (8, HOW_MUCH_POOR),
    (8, CONNECTING),
    (8, HOW_MANY_CUT_OFF),
)
OVERVIEW = Dashboard(
    "overview",
    "How was the week?",
    "Overview",
    "Conferences, people, minutes and quality at a glance, against the week before, and whether the days are complete.",
    controls(View.CONFERENCES),
    (
        Row(6, ((12, completeness()), (36, DAYS_MISSING))),
        Row(7, NUMBERS),
        Row(
            8,
            (
                (24, _against("More or less than the week before?", View.CONFERENCES, CONFERENCES, MINUTES)),
                (24, _against("Better or worse than the week before?", View.STREAMS, N_JUDGED, POOR_SHARE)),
            ),
        ),
        Row(
            12,
            (
                (24, LABELS),
                (
                    24,
                    Chart(
                        "How many minutes each day, and where?",
                        Kind.STACKED,
                        View.CONFERENCES,
                        (MINUTES,),
                        (DAILY, BY_VENDOR),
                    ),
                ),
            ),
        ),
        Row(
            11,
            (
                (16, _why("Why was audio poor?", AUDIO, "vconf.quality.audio.poor_due_to")),
                (16, _why("Why was video poor?", VIDEO, "vconf.quality.video.poor_due_to")),
                (
                    16,
                    Chart(
                        "What was wrong with the conferences?",
                        Kind.LYING,
                        View.CONFERENCES,
                        (Column("conferences", count()),),
                        (Terms("vconf.verdict.code", "verdict"),),
                    ),
                ),
            ),
        ),
        Row(14, ((48, WORST),)),
        Row(
            12,
            (
                (
                    24,
                    Chart(
                        "When were people there?",
                        Kind.AREAS,
                        View.PARTICIPANTS,
                        (Column("people at once", count()),),
                        (Time("1h", PRESENCE, "hour"),),
                    ),
                ),
                (
                    24,
                    Chart(
                        "On which days was it poor, and in which account?",
                        Kind.HEATMAP,
                        View.STREAMS,
                        (POOR_SHARE,),
                        (DAILY, Terms(ACCOUNT, "account", by=None)),
                        JUDGED,
                    ),
                ),
            ),
        ),
    ),
)
