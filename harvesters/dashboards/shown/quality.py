"""Where and why is it bad?"""

from harvesters.dashboards.conditions import Is, Known
from harvesters.dashboards.measures import count, percentile
from harvesters.dashboards.model import Chart, Column, Dashboard, Kind, Ranges, Row, Terms, View
from harvesters.dashboards.shown.parts import (
    AUDIO,
    BROWSER,
    BROWSER_VERSION,
    BY_POOR,
    COUNTRY,
    DAILY,
    HOW_MUCH_POOR,
    ISP,
    MOS,
    MOS_P10,
    N_JUDGED,
    N_MOS,
    NETWORK,
    OS,
    POOR_SHARE,
    POOR_TARGET,
    SDK,
    SDK_VERSION,
    VIDEO,
    completeness,
    controls,
)

LOSS, JITTER, RTT, LATENCY = (
    "vconf.quality.audio.loss_pct.avg", "vconf.quality.audio.jitter_ms.avg",
    "vconf.quality.audio.rtt_ms.avg", "vconf.quality.audio.latency_ms.avg",
)  # fmt: skip
CODEC, DIRECTION = "vconf.stream.codec", "vconf.stream.direction"
N = Column("streams", count())


def _table(title: str, *groups: Terms) -> Chart:
    """Groups of streams with their number, share of poor ones, and MOS."""
    return Chart(title, Kind.TABLE, View.STREAMS, BY_POOR, groups)


def _why(title: str, label: str, reasons: str) -> Chart:
    by = (DAILY, Terms(reasons, "due to", 6))
    return Chart(title, Kind.STACKED, View.STREAMS, (Column("poor streams", count()),), by, Is(label, "poor"))


def _p95(field: str, label: str, decimals: int = 0) -> Column:
    return Column(label, percentile(field, 95), None, decimals)


NUMBERS = (
    (12, completeness()),
    (12, HOW_MUCH_POOR),
    (12, Chart("How did the worst tenth sound?", Kind.NUMBER, View.STREAMS, (MOS_P10, N_MOS))),
    (
        12,
        Chart(
            "How much was lost in the worst twentieth?",
            Kind.NUMBER,
            View.STREAMS,
            (_p95(LOSS, "% of audio packets lost", 1), Column("streams with a loss", count(Known(LOSS)))),
        ),
    ),
)
QUALITY = Dashboard(
    "quality",
    "Where and why is it bad?",
    "Quality",
    "Streams that were poor: when, by what, and whose: browsers, programs, networks, providers, countries, each with "
    "the number of streams, so that three bad ones do not look like a trend.",
    controls(
        View.STREAMS,
        (AUDIO, "Audio"),
        (VIDEO, "Video"),
        (COUNTRY, "Country"),
        (BROWSER, "Browser"),
    ),
    (
        Row(7, NUMBERS),
        Row(
            11,
            (
                (
                    24,
                    Chart(
                        "Is it getting worse?",
                        Kind.LINES,
                        View.STREAMS,
                        (POOR_SHARE,),
                        (DAILY,),
                        target=POOR_TARGET,
                    ),
                ),
                (
                    24,
                    Chart(
                        "How many streams were judged?",
                        Kind.STACKED,
                        View.STREAMS,
                        (N_JUDGED,),
                        (DAILY, Terms(DIRECTION, "direction")),
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
                        "Was it poor as sent, or as received?",
                        Kind.TABLE,
                        View.STREAMS,
                        BY_POOR,
                        (Terms(DIRECTION, "direction"),),
                    ),
                ),
            ),
        ),
        Row(
            13,
            (
                (
                    24,
                    _table(
                        "Which browser is worse?",
                        Terms(BROWSER, "browser"),
                        Terms(BROWSER_VERSION, "version", 5),
                    ),
                ),
                (
                    24,
                    _table(
                        "Which SDK is worse?",
                        Terms(SDK, "SDK"),
                        Terms(SDK_VERSION, "version", 5, missing=True),
                    ),
                ),
            ),
        ),
        Row(
            12,
            (
                (24, _table("Which provider is worse?", Terms(ISP, "network's owner", 15))),
                (24, _table("Which country is worse?", Terms(COUNTRY, "country", 15))),
            ),
        ),
        Row(
            10,
            (
                (16, _table("Which operating system is worse?", Terms(OS, "operating system"))),
                (16, _table("Which kind of network is worse?", Terms(NETWORK, "network"))),
                (16, _table("Which codec is worse?", Terms(CODEC, "codec"))),
            ),
        ),
        Row(
            12,
            (
                (
                    24,
                    Chart(
                        "How does it sound?",
                        Kind.BARS,
                        View.STREAMS,
                        (N,),
                        (Ranges(MOS, "MOS", (1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5)),),
                    ),
                ),
                (
                    24,
                    Chart(
                        "Does loss come with jitter?",
                        Kind.HEATMAP,
                        View.STREAMS,
                        (N,),
                        (
                            Ranges(LOSS, "loss in %", (0, 0.5, 1, 2, 5, 10, 20, 100)),
                            Ranges(JITTER, "jitter in ms", (0, 2, 5, 10, 30, 100, 10_000)),
                        ),
                    ),
                ),
            ),
        ),
        Row(
            11,
            (
                (
                    24,
                    Chart(
                        "How long is the way there and back?",
                        Kind.LINES,
                        View.STREAMS,
                        (Column("median, ms", percentile(RTT, 50)), _p95(RTT, "worst twentieth, ms")),
                        (DAILY,),
                        target=300,
                    ),
                ),
                (
                    24,
                    Chart(
                        "How long is the way, where only one way is measured?",
                        Kind.LINES,
                        View.STREAMS,
                        (Column("median, ms", percentile(LATENCY, 50)), _p95(LATENCY, "worst twentieth, ms")),
                        (DAILY,),
                        target=150,
                    ),
                ),
            ),
        ),
    ),
)
