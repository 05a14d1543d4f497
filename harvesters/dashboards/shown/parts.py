"""What several dashboards say alike: who is poor, of how many, and what can be chosen."""

from harvesters.dashboards.conditions import Both, Either, Holds, Is, Known, Not
from harvesters.dashboards.measures import count, percentile, share, total, unique, week_before
from harvesters.dashboards.model import Chart, Column, Control, Kind, Stops, Time, View

AUDIO, VIDEO = "vconf.quality.audio.label", "vconf.quality.video.label"
MOS, SCORE = "vconf.quality.audio.mos.avg", "vconf.quality.video.score.avg"
HEARD, SEEN = "vconf.quality.received.audio.label", "vconf.quality.received.video.label"
CONFERENCE_ID, CONFERENCE_NAME = "vconf.conference.id", "vconf.conference.name"
VENDOR, ACCOUNT, ACCOUNT_NAME = "vconf.vendor", "vconf.account.id", "vconf.account.name"
SIZE, COUNTRY, BROWSER, BROWSER_VERSION = (
    "vconf.conference.size_class", "client.geo.country_iso_code", "user_agent.name", "user_agent.version",
)  # fmt: skip
PERSON, NAME = "user.id", "user.full_name"
ISP, OS, NETWORK = "client.as.organization.name", "user_agent.os.name", "network.type"
SDK, SDK_VERSION = "vconf.client.sdk.name", "vconf.client.sdk.version"
DROPPED, REJOIN, STATE = "vconf.participant.dropped", "vconf.participant.rejoin", "vconf.participant.state"
PRESENCE = "vconf.presence"

GOOD_WORDS = ("good", "fair", "poor")
POOR_TARGET, DROP_TARGET = 0.03, 0.03
"""Shares to stay below: Microsoft's advice for all calls (3 % poor streams, 3 % drops)."""
POOR_STOPS = Stops(POOR_TARGET, 2 * POOR_TARGET)
DROP_STOPS = Stops(DROP_TARGET, 2 * DROP_TARGET)
MOS_STOPS = Stops(4.0, 3.0, falling=True)

JUDGED = Either(Is(AUDIO, *GOOD_WORDS), Is(VIDEO, *GOOD_WORDS))
POOR = Either(Is(AUDIO, "poor"), Is(VIDEO, "poor"))
FAIR = Both(Either(Is(AUDIO, "fair"), Is(VIDEO, "fair")), Not(POOR))
GOOD = Both(JUDGED, Not(Either(Is(AUDIO, "poor", "fair"), Is(VIDEO, "poor", "fair"))))
SERVED = Either(Is(HEARD, *GOOD_WORDS), Is(SEEN, *GOOD_WORDS))
BADLY_SERVED = Either(Is(HEARD, "poor"), Is(SEEN, "poor"))
TROUBLE = Is("vconf.issue.subject", "connection")
DROP_KNOWN, WAITED = Known(DROPPED), Is(STATE, "in_waiting_room")
SLICE, RUN, WHOLE = Is("vconf.type", "slice"), Is("vconf.type", "run"), Is("vconf.slice.state", "complete", "empty")

DAILY = Time("1d", label="day")
CONFERENCES = Column("conferences", count())
MINUTES = Column("participant minutes", total("vconf.minutes.participant"), decimals=0)
PEOPLE = Column("people, by their id", unique(PERSON))
N_DAYS = Column("account days", count())
N_JUDGED = Column("streams judged", count(JUDGED))
POOR_SHARE = Column("poor", share(POOR, JUDGED), POOR_STOPS)
N_SERVED = Column("people judged", count(SERVED))
BAD_SHARE = Column("received poorly", share(BADLY_SERVED, SERVED), POOR_STOPS)
N_JOINS = Column("joins", count())
N_DROP_KNOWN = Column("joins of known end", count(DROP_KNOWN))
DROP_SHARE = Column("cut off", share(Holds(DROPPED), DROP_KNOWN), DROP_STOPS)
N_STATE_KNOWN = Column("joins of known state", count(Known(STATE)))
MOS_P10 = Column("MOS, worst tenth", percentile(MOS, 10), MOS_STOPS, 2)
N_MOS = Column("streams with a MOS", count(Known(MOS)))

OF_POOR = (POOR_SHARE, N_JUDGED)
BY_POOR = (Column("poor streams", count(POOR)), N_JUDGED, POOR_SHARE, MOS_P10)
"""A table's columns, of which the first orders the rows: many cases go before a high share of few."""


CONNECTING = Chart(
    "Trouble to connect?",
    Kind.NUMBER,
    View.ISSUES,
    (Column("joins with trouble", unique("vconf.participant.id", TROUBLE)), Column("issues", count(TROUBLE))),
)


def before(column: Column) -> Column:
    """The same number of the week before."""
    return Column(f"{column.label}, a week before", week_before(column.value), None, column.decimals)


def counted(title: str, view: View, column: Column) -> Chart:
    """One number, and what it was in the week before."""
    return Chart(title, Kind.NUMBER, view, (column, Column("a week before", week_before(column.value))))


def completeness() -> Chart:
    """The strip on top: a number is worth what is behind it."""
    of_days = (Column("days complete", count(Both(SLICE, WHOLE))), Column("of account days", count(SLICE)))
    return Chart("Is every day complete?", Kind.NUMBER, View.RUNS, of_days, where=SLICE, everywhere=True)


HOW_MANY_CONFERENCES = counted("How many conferences?", View.CONFERENCES, CONFERENCES)
HOW_MANY_PEOPLE = counted("How many people?", View.PARTICIPANTS, PEOPLE)
HOW_MANY_MINUTES = counted("How many minutes?", View.CONFERENCES, MINUTES)
HOW_MUCH_POOR = Chart("How much was poor?", Kind.NUMBER, View.STREAMS, OF_POOR)
HOW_MANY_CUT_OFF = Chart("How many were cut off?", Kind.NUMBER, View.PARTICIPANTS, (DROP_SHARE, N_DROP_KNOWN))


def controls(view: View, *more: tuple[str, str]) -> tuple[Control, ...]:
    """Vendor, account and size, and what else the documents of all panels know."""
    usual = ((VENDOR, "Vendor"), (ACCOUNT, "Account"), (SIZE, "Size of conference"))
    return tuple(Control(field, label, view) for field, label in (*usual, *more))
