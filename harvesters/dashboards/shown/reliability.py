"""Can people get in and stay?"""

from harvesters.dashboards.conditions import Either, Holds, Is, Known, Like, Not
from harvesters.dashboards.measures import count, least, most, percentile, share, total
from harvesters.dashboards.model import Cases, Chart, Column, Dashboard, Kind, Row, Terms, View
from harvesters.dashboards.shown.parts import (
    BROWSER,
    CONFERENCE_ID,
    CONNECTING,
    COUNTRY,
    DAILY,
    DROP_KNOWN,
    DROP_SHARE,
    DROP_TARGET,
    DROPPED,
    HOW_MANY_CUT_OFF,
    ISP,
    N_DROP_KNOWN,
    N_JOINS,
    N_STATE_KNOWN,
    REJOIN,
    WAITED,
    completeness,
    controls,
)

JOIN_TIME = "vconf.participant.join_time_s"
N_MEASURED = Column("joins measured", count(Known(JOIN_TIME)))
CAME_BACK = Column("came back", share(Holds(REJOIN), Known(REJOIN)))
N_REJOIN_KNOWN = Column("joins", count(Known(REJOIN)))
TCP, RELAYED = Is("network.transport", "tcp", "tls"), Holds("vconf.network.relayed")


def _lost(title: str, group: Terms) -> Chart:
    """Who was cut off, by a group, most cases first."""
    columns = (
        Column("cut off", count(Holds(DROPPED))),
        N_DROP_KNOWN,
        Column("share", DROP_SHARE.value, DROP_SHARE.stops),
    )
    return Chart(title, Kind.TABLE, View.PARTICIPANTS, columns, (group,), DROP_KNOWN)  # fmt: skip


def _tries(what: str, word: str) -> tuple[Column, ...]:
    """How often something was tried and failed, by the vendor's own count, which names nobody."""
    failed, tried = (total(f"vconf.errors.{what}.{each}") for each in ("failures", "attempts"))
    return Column(f"tried to {word}", tried), Column(f"could not {word}", failed)


REASON = "vconf.participant.leave_reason"
ENDED, BY_WISH, CUT, ADMITTED = (
    Like(REASON, "Host", "ended"), Like(REASON, "Reason", "left", "the", "meeting"),
    Either(Like(REASON, "disconnected"), Like(REASON, "onnection")), Like(REASON, "admitted"),
)  # fmt: skip
LEFT = Cases("reason", (
    ("the host ended it", ENDED), ("left by themselves", BY_WISH), ("the connection broke", CUT),
    ("let in from the waiting room", ADMITTED),
    ("something else", Not(Either(Either(ENDED, BY_WISH), Either(CUT, ADMITTED)))),
))  # fmt: skip
"""The vendor's sentence names the person, so that as it is every reason would be another one."""
NUMBERS = (
    (10, completeness()),
    (9, CONNECTING),
    (9, HOW_MANY_CUT_OFF),
    (10, Chart("How many came back at once?", Kind.NUMBER, View.PARTICIPANTS, (CAME_BACK, N_REJOIN_KNOWN))),
    (10, Chart("How long did joining take?", Kind.NUMBER, View.PARTICIPANTS, (
        Column("seconds, worst twentieth", percentile(JOIN_TIME, 95), None, 1), N_MEASURED,
    ))),
)  # fmt: skip
RELIABILITY = Dashboard(
    "reliability",
    "Can people get in and stay?",
    "Reliability",
    "Who had trouble to connect, was cut off or came back, how often, why, and from where; how long joining took, "
    "which tries failed by OpenTok's own count, how much went by way of a relay or TCP.",
    controls(View.PARTICIPANTS, (COUNTRY, "Country"), (BROWSER, "Browser")),
    (
        Row(7, NUMBERS),
        Row(11, (
            (24, Chart("Are more people cut off than should be?", Kind.LINES, View.PARTICIPANTS, (DROP_SHARE,),
                       (DAILY,), DROP_KNOWN, target=DROP_TARGET)),
            (24, Chart("How many were held in the waiting room?", Kind.BARS, View.PARTICIPANTS, (
                N_STATE_KNOWN, Column("in the waiting room", count(WAITED)),
            ), (DAILY,), Known("vconf.participant.state"))),
        )),
        Row(11, (
            (24, Chart("Does joining take longer?", Kind.LINES, View.PARTICIPANTS, (
                Column("median, s", percentile(JOIN_TIME, 50)), Column("worst twentieth, s", percentile(JOIN_TIME, 95)),
            ), (DAILY,), Known(JOIN_TIME))),
            (24, Chart("How many joins, and how many of them were returns?", Kind.BARS, View.PARTICIPANTS, (
                N_JOINS, Column("returns within five minutes", count(Holds(REJOIN))),
            ), (DAILY,))),
        )),
        Row(12, (
            (16, Chart("Why did people leave?", Kind.TABLE, View.PARTICIPANTS, (N_JOINS,), (LEFT,),
                       Known("vconf.participant.leave_reason"))),
            (12, Chart("How did sessions end?", Kind.TABLE, View.PARTICIPANTS, (N_JOINS,), (
                Terms("peermetrics.ended_by", "ended by (peermetrics)", 5),
            ))),
            (20, Chart("Which trouble with connections did the vendor see?", Kind.TABLE, View.ISSUES, (
                Column("issues", count()), Column("first", least("@timestamp")), Column("last", most("@timestamp")),
            ), (Terms("vconf.issue.code", "issue", 15),), Is("vconf.issue.subject", "connection", "participant"))),
        )),
        Row(11, (
            (16, _lost("Which browser loses people?", Terms(BROWSER, "browser", 10, missing=True))),
            (16, _lost("Which provider loses people?", Terms(ISP, "network's owner", 10, missing=True))),
            (16, _lost("Which country loses people?", Terms(COUNTRY, "country", 10, missing=True))),
        )),
        Row(10, ((48, Chart("How often could somebody not connect, send or receive?", Kind.BARS, View.USAGE, (
            *_tries("connect", "connect"), *_tries("publish", "send"), *_tries("subscribe", "receive"),
        ), (DAILY,), everywhere=True)),)),
        Row(12, (
            (24, Chart("How much went over TCP or a relay?", Kind.LINES, View.STREAMS, (
                Column("over TCP", share(TCP, Known("network.transport"))),
                Column("by way of a relay", share(RELAYED, Known("vconf.network.relayed"))),
            ), (DAILY,), Known("network.transport"))),
            (24, Chart("In which conferences did people keep coming back?", Kind.TABLE, View.PARTICIPANTS, (
                Column("returns", count(Holds(REJOIN))), N_JOINS,
                Column("cut off", count(Holds(DROPPED))),
                Column("begun", least("vconf.conference.start")),
            ), (Terms(CONFERENCE_ID, "conference", 10),), opens="call")),
        )),
    ),
)  # fmt: skip
