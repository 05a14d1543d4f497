"""Can I trust these numbers?"""

from harvesters.core.anomaly import ANOMALY
from harvesters.dashboards.conditions import Both, Holds, Is, Known, Not
from harvesters.dashboards.measures import count, latest, least, most, share, total
from harvesters.dashboards.model import Chart, Column, Control, Dashboard, Kind, Listing, Row, Stops, Terms, View
from harvesters.dashboards.shown.parts import (
    ACCOUNT,
    CONFERENCES,
    DAILY,
    MINUTES,
    N_DAYS,
    RUN,
    SLICE,
    VENDOR,
    WHOLE,
    completeness,
)

STATE, SETTLED, MESSAGE = "vconf.slice.state", "vconf.slice.settled", "message"
N_RUNS = Column("runs", count())
REJECTED = Column("documents refused", total("vconf.run.documents.rejected"), Stops(1, 1))
TOTALLED = Column("account days", count())
ODD = Is("vconf.issue.source", ANOMALY)
BY_ACCOUNT = (Terms(VENDOR, "vendor"), Terms(ACCOUNT, "account", 50))


def _runs(title: str, kind: Kind, *columns: Column) -> Chart:
    """Something of the runs, day by day; runs belong to no account, so the controls are not for them."""
    return Chart(title, kind, View.RUNS, columns, (DAILY,), RUN, everywhere=True)


HARVEST = Dashboard(
    "harvest",
    "Can I trust these numbers?",
    "Harvest",
    "Which days of which account are complete, what failed and until when the vendor still has it, what is odd, what "
    "the vendor itself counts, what the runs did, waited for and had refused, and how old the newest data is.",
    (Control(VENDOR, "Vendor", View.RUNS), Control(ACCOUNT, "Account", View.RUNS)),
    (
        Row(7, (
            (12, completeness()),
            (12, Chart("How many days may still change?", Kind.NUMBER, View.RUNS, (
                Column("days not settled", count(Both(Known(SETTLED), Not(Holds(SETTLED))))), N_DAYS), where=SLICE)),
            (12, Chart("Was anything refused?", Kind.NUMBER, View.RUNS, (REJECTED, N_RUNS), where=RUN,
                       everywhere=True)),
            (12, Chart("Did the runs end well?", Kind.NUMBER, View.RUNS, (
                Column("ended with exit code 0", share(Is("vconf.run.state", "complete"))), N_RUNS,
            ), where=RUN, everywhere=True)),
        )),
        Row(12, (
            (24, Chart("Which days of which account are whole?", Kind.HEATMAP, View.RUNS, (
                Column("complete", share(WHOLE), Stops(1, 0.5, falling=True)),
            ), (DAILY, Terms(ACCOUNT, "account", 50, by=None)), SLICE)),
            (24, Chart("In which state are the days?", Kind.STACKED, View.RUNS, (N_DAYS,),
                       (DAILY, Terms(STATE, "state")), SLICE)),
        )),
        Row(10, ((48, Listing("Which days lack something, and until when can it be had?", View.RUNS, (
            "vconf.slice.day", VENDOR, ACCOUNT, STATE, "vconf.slice.retention_ends", "vconf.slice.failed", MESSAGE,
        ), Both(SLICE, Not(WHOLE)))),)),
        Row(10, ((48, Listing("What is odd about days, although nothing failed?", View.ISSUES, (
            VENDOR, ACCOUNT, "vconf.issue.code", "vconf.issue.subject", "vconf.issue.value", "vconf.issue.limit",
            "vconf.issue.explanation",
        ), ODD)),)),
        Row(8, (
            (24, Chart("How many minutes of streams does the vendor count?", Kind.TABLE, View.USAGE, (
                Column("received", total("vconf.usage.minutes.subscribed"), decimals=0),
                Column("sent", total("vconf.usage.minutes.published"), decimals=0), TOTALLED,
            ), BY_ACCOUNT, Known("vconf.usage.minutes.subscribed"))),
            (24, Chart("How many minutes of streams are here?", Kind.TABLE, View.CONFERENCES, (
                Column("received", total("vconf.minutes.subscribed"), decimals=0),
                Column("sent", total("vconf.minutes.published"), decimals=0), CONFERENCES,
            ), BY_ACCOUNT, Known("vconf.minutes.subscribed"))),
        )),
        Row(8, (
            (24, Chart("How many meetings does the vendor count?", Kind.TABLE, View.USAGE, (
                Column("meetings", total("vconf.vendor_totals.meetings")),
                Column("minutes of people", total("vconf.usage.minutes.meeting"), decimals=0), TOTALLED,
            ), BY_ACCOUNT, Known("vconf.vendor_totals.meetings"))),
            (24, Chart("How many conferences are here, of all vendors?", Kind.TABLE, View.CONFERENCES, (
                CONFERENCES, MINUTES, Column("joins", total("vconf.participants.count")),
            ), BY_ACCOUNT)),
        )),
        Row(11, (
            (24, Chart("How old is the newest data?", Kind.TABLE, View.CONFERENCES, (
                Column("conferences", count()), Column("newest conference", most("@timestamp")),
                Column("last asked", most("vconf.harvest.fetched_at")),
            ), BY_ACCOUNT)),
            (24, Chart("How many calls were there, and how many could not be had?", Kind.TABLE, View.RUNS, (
                Column("listed", total("vconf.slice.listed")), Column("harvested", total("vconf.slice.harvested")),
                Column("failed", total("vconf.slice.failed"), Stops(1, 1)), N_DAYS,
                Column("days not whole", count(Not(WHOLE))),
                Column("first to be forgotten", least("vconf.slice.retention_ends")),
                Column("way", latest("vconf.slice.route")),
            ), BY_ACCOUNT, SLICE)),
        )),
        Row(11, (
            (16, _runs("How many requests did it take?", Kind.BARS, Column(
                "requests", total("vconf.run.requests")), Column("of which retries", total("vconf.run.retried")))),
            (16, _runs("How long did it take, and wait?", Kind.BARS, Column(
                "seconds", total("vconf.run.duration_s")), Column("of which waited", total("vconf.run.waited_s")))),
            (16, _runs("What became of the documents?", Kind.STACKED, Column(
                "new", total("vconf.run.documents.created")), Column("replaced", total("vconf.run.documents.updated")),
                Column("refused", total("vconf.run.documents.rejected")))),
        )),
        Row(12, ((48, Listing("What did the runs do?", View.RUNS, (
            "vconf.run.command", "vconf.run.state", "vconf.run.exit_code", "vconf.run.duration_s",
            "vconf.run.requests", "vconf.run.waited_s", "vconf.run.peak_rss_mb", MESSAGE,
        ), RUN)),)),
    ),
    since="now-30d/d",
)  # fmt: skip
