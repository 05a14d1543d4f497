"""Who uses it, how much, when?"""

from harvesters.dashboards.conditions import Holds, Known
from harvesters.dashboards.measures import count, mean, most, total
from harvesters.dashboards.model import Chart, Column, Dashboard, Kind, Ranges, Row, Terms, Time, View
from harvesters.dashboards.shown.parts import (
    ACCOUNT,
    ACCOUNT_NAME,
    CONFERENCE_NAME,
    CONFERENCES,
    COUNTRY,
    DAILY,
    HOW_MANY_CONFERENCES,
    HOW_MANY_MINUTES,
    HOW_MANY_PEOPLE,
    MINUTES,
    PEOPLE,
    PRESENCE,
    VENDOR,
    completeness,
    controls,
)

ATTENDANCE = Column("attendance minutes", total("vconf.minutes.attendance"), decimals=0)
BY_ACCOUNT = Terms(ACCOUNT, "account", 20)


def _who(title: str, *groups: Terms) -> Chart:
    """Minutes by a group of conferences."""
    return Chart(title, Kind.TABLE, View.CONFERENCES, (MINUTES, CONFERENCES, ATTENDANCE), groups)


def _how_many(title: str, what: Ranges) -> Chart:
    """A histogram of conferences."""
    return Chart(title, Kind.BARS, View.CONFERENCES, (CONFERENCES,), (what,))


USAGE = Dashboard(
    "usage",
    "Who uses it, how much, when?",
    "Usage",
    "Minutes by account, room, host and country; people by day and week; how many are there at once; sizes and "
    "lengths; what the vendor counts beside what we count.",
    controls(View.CONFERENCES),
    (
        Row(7, (
            (10, completeness()),
            (10, HOW_MANY_CONFERENCES),
            (9, HOW_MANY_PEOPLE),
            (9, HOW_MANY_MINUTES),
            (10, Chart("How large was the largest?", Kind.NUMBER, View.CONFERENCES, (
                Column("people at once in one conference", most("vconf.participants.peak")), CONFERENCES,
            ))),
        )),
        Row(12, (
            (24, _who("Which account uses how much?", Terms(VENDOR, "vendor"), BY_ACCOUNT)),
            (24, _who("Which room uses how much?", Terms(CONFERENCE_NAME, "room", 20, missing=True))),
        )),
        Row(12, (
            (24, _who("Which host uses how much?", Terms("vconf.host.name", "host", 20))),
            (24, Chart("Which country uses how much?", Kind.TABLE, View.PARTICIPANTS, (
                Column("seconds there", total("vconf.participant.duration_s")), Column("joins", count()), PEOPLE,
            ), (Terms(COUNTRY, "country", 20),))),
        )),
        Row(11, (
            (24, Chart("How many people come each day?", Kind.BARS, View.PARTICIPANTS, (PEOPLE,),
                       (DAILY,))),
            (24, Chart("How many people come each week?", Kind.BARS, View.PARTICIPANTS, (PEOPLE,),
                       (Time("1w", label="week"),))),
        )),
        Row(12, (
            (48, Chart("How many are there at once?", Kind.AREAS, View.PARTICIPANTS, (Column("people", count()),),
                       (Time("30m", PRESENCE, "half hour"), Terms(VENDOR, "vendor")))),
        )),
        Row(11, (
            (24, _how_many("How large are conferences?", Ranges(
                "vconf.participants.count", "joins", (0, 2, 3, 5, 7, 11, 21, 51, 101, 100_001)))),
            (24, _how_many("How long are conferences?", Ranges(
                "vconf.conference.duration_s", "seconds", (0, 60, 300, 900, 1800, 2700, 3600, 5400, 7200, 604_800)))),
        )),
        Row(11, (
            (16, Chart("How often is a screen shared, or a recording made?", Kind.TABLE, View.CONFERENCES, (
                CONFERENCES,
                Column("with a shared screen", count(Holds("vconf.media.screen"))),
                Column("with a recording", count(Holds("vconf.media.recording"))),
                Column("with a telephone", count(Holds("vconf.media.pstn"))),
            ), (Terms(VENDOR, "vendor"),), Known("vconf.media.screen"))),
            (16, Chart("How many minutes were sent and received?", Kind.TABLE, View.CONFERENCES, (
                Column("minutes received", total("vconf.minutes.subscribed"), decimals=0),
                Column("minutes sent", total("vconf.minutes.published"), decimals=0), CONFERENCES,
            ), (BY_ACCOUNT,))),
            (16, Chart("Does the vendor count as we do?", Kind.TABLE, View.CONFERENCES, (
                Column("joins by Zoom", total("zoom.participants")),
                Column("joins by us", total("vconf.participants.count")), CONFERENCES,
            ), (Terms(ACCOUNT, "account", 10), Terms(ACCOUNT_NAME, "its name", 1)), Known("zoom.participants"))),
        )),
        Row(9, (
            (48, Chart("How good is it where it is used most?", Kind.TABLE, View.CONFERENCES, (
                MINUTES, CONFERENCES, Column("% of people with poor audio or video",
                                             mean("vconf.poor_participants_pct"), decimals=1),
                Column("conferences judged", count(Known("vconf.poor_participants_pct"))),
            ), (Terms(VENDOR, "vendor"), BY_ACCOUNT))),
        )),
    ),
)  # fmt: skip
