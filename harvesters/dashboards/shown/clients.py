"""Which clients are out there?"""

from harvesters.dashboards.conditions import Known
from harvesters.dashboards.measures import count, least, most, unique
from harvesters.dashboards.model import Chart, Column, Dashboard, Kind, Row, Terms, View
from harvesters.dashboards.shown.parts import (
    BAD_SHARE,
    BROWSER,
    BROWSER_VERSION,
    COUNTRY,
    DAILY,
    N_JOINS,
    N_SERVED,
    OS,
    PEOPLE,
    SDK,
    SDK_VERSION,
    completeness,
    controls,
)

FIRST, LAST = Column("first seen", least("@timestamp")), Column("last seen", most("@timestamp"))
PROGRAM = "vconf.client.version"
DATA_CENTRE = "zoom.data_center"


def _seen(title: str, *groups: Terms) -> Chart:
    """When versions were first and last there, and how it went with them."""
    columns = (N_JOINS, N_SERVED, BAD_SHARE, FIRST, LAST)
    return Chart(title, Kind.TABLE, View.PARTICIPANTS, columns, groups)


def _parts(title: str, field: str, label: str) -> Chart:
    return Chart(title, Kind.DONUT, View.PARTICIPANTS, (N_JOINS,), (Terms(field, label, 8, other=True),), Known(field))


def _versions(title: str, field: str, label: str) -> Chart:
    by = (DAILY, Terms(field, label, 8))
    return Chart(title, Kind.STACKED, View.PARTICIPANTS, (N_JOINS,), by, Known(field))


CLIENTS = Dashboard(
    "clients",
    "Which clients are out there?",
    "Clients",
    "Browsers, SDKs, programs and systems with their versions: what is used, what is new, what is left behind, and how "
    "it goes with each. First and last seen are those of the time that is selected.",
    controls(View.PARTICIPANTS, (COUNTRY, "Country"), (BROWSER, "Browser")),
    (
        Row(7, (
            (12, completeness()),
            (12, Chart("How many joins?", Kind.NUMBER, View.PARTICIPANTS, (N_JOINS, PEOPLE))),
            (12, Chart("How many browser versions?", Kind.NUMBER, View.PARTICIPANTS, (
                Column("versions", unique(BROWSER_VERSION)), Column("with a browser", count(Known(BROWSER))),
            ))),
            (12, Chart("For how many was it poor?", Kind.NUMBER, View.PARTICIPANTS, (BAD_SHARE, N_SERVED))),
        )),
        Row(11, (
            (24, _versions("Which browsers, day by day?", BROWSER, "browser")),
            (24, _versions("Which browser versions, day by day?", BROWSER_VERSION, "version")),
        )),
        Row(11, (
            (16, _parts("Which SDK?", SDK, "SDK")),
            (16, _parts("Which system?", OS, "operating system")),
            (16, _parts("Which kind of client?", "vconf.client.kind", "kind")),
        )),
        Row(14, (
            (24, _seen("Which browser version is new, and is it worse?", Terms(BROWSER, "browser", 8),
                       Terms(BROWSER_VERSION, "version", 8, missing=True))),
            (24, _seen("Which SDK version is new, and is it worse?", Terms(SDK, "SDK", 8),
                       Terms(SDK_VERSION, "version", 8, missing=True))),
        )),
        Row(13, (
            (24, _seen("Which version of a vendor's program is new, or worse?", Terms(PROGRAM, "version", 20))),
            (24, _seen("Which data centre is new, and is it worse?", Terms(DATA_CENTRE, "data centre (Zoom)", 20))),
        )),
        Row(11, (
            (24, _versions("Did a data centre come or go?", DATA_CENTRE, "data centre (Zoom)")),
            (24, _versions("Which systems, day by day?", OS, "operating system")),
        )),
    ),
    since="now-30d/d",
)  # fmt: skip
