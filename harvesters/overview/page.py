"""The page: one HTML file that needs nothing else, made from the numbers by a template that escapes everything."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harvesters.core.day import Day, parse_instant
from harvesters.core.period import Period
from harvesters.core.words import length, many
from harvesters.overview import words
from harvesters.overview.charts import Chart, Series, svg
from harvesters.overview.completeness import Completeness
from harvesters.overview.counts import ENOUGH, Labels, Share, Sum
from harvesters.overview.figures import TARGET_PCT, figures, headline
from harvesters.overview.groups import SHOWN
from harvesters.overview.tally import Tally
from harvesters.overview.worst import Call

MOST_ISSUES, MOST_REASONS = 12, 8
COLOURS = 6
"""Colours for vendors; further ones begin anew."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHADES = 8
MINUTE_MS = 60_000
LABELS = ("poor", "fair", "good")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the numbers come from: the store in words, the program that asked, its version, the moment."""

    where: str
    program: str
    version: str
    made: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page tells; `then` are the days before."""

    now: Tally
    then: Tally
    days: Completeness
    days_before: Completeness
    origin: Origin

    @property
    def period(self) -> Period:
        """The days."""
        return self.now.period


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a table with a bar: what it is, the bar's length in percent, and the number in words."""

    name: str
    width: float
    value: str
    note: str = ""
    mark: str = ""


def html(report: Report) -> str:
    """The whole page."""
    page = _templates().get_template("page.html")
    return page.render(_content(report))


def _templates() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _content(report: Report) -> Mapping[str, Any]:
    now, then, origin = report.now, report.then, report.origin
    return {
        "style": Markup((Path(__file__).parent / "page.css").read_text("utf-8")),  # noqa: S704 - a file of ours
        "report": report,
        "words": words,
        "title": f"Video calls, {words.days(report.period)}",
        "accounts": [f"{words.vendor(vendor)}: {name}" for vendor, name, _ in now.accounts_called],
        "usages": sorted(now.accounts_called, key=lambda each: -each[2].conferences),
        "headline": headline(now, then),
        "figures": figures(now, then),
        "labels": labels_chart(report),
        "minutes": minutes_chart(report),
        "reasons": reasons(now),
        "verdicts": verdicts(now),
        "breakdowns": now.groups.breakdowns(now.all.labels),
        "heat": heat(now),
        "reliability": reliability(now, then),
        "issues": issues(now),
        "worst": [_told(call, origin) for call in now.worst.calls()],
        "made": words.instant(origin.made),
        "enough": ENOUGH,
        "shown": SHOWN,
        "target": f"{TARGET_PCT:.0f} %",
        "many": many,
        "Share": Share,
    }


# -- charts and what they show as numbers ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart, what its colours mean, and the same as a table."""

    svg: Markup
    legend: Sequence[tuple[str, str]]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def labels_chart(report: Report) -> Drawn | None:
    """The share of good, fair and poor streams of each day."""
    found = report.now.labels_of
    if not report.now.all.labels.judged:
        return None
    days = list(report.period)
    series = [Series(label, label, *_shares(days, found, label)) for label in LABELS]
    chart = Chart("labels", "Share of good, fair and poor streams of each day", _names(days), series, 100)
    rows = [
        [words.day(day), *(words.percent(_share(found.get(day), label)) for label in LABELS), _judged(found.get(day))]
        for day in days
    ]
    legend = [(label, label) for label in reversed(LABELS)]
    return Drawn(Markup(svg(chart)), legend, ("Day", *LABELS, "streams judged"), rows)  # noqa: S704 - escaped by pygal


def _shares(days: Iterable[Day], found: Mapping[Day, Labels], label: str) -> tuple[list[float], list[str]]:
    shares = [(day, _share(found.get(day), label)) for day in days]
    told = [f"{words.day(day)}: {label} {words.percent(share)} ({share.part} of {share.of})" for day, share in shares]
    return [share.percent or 0.0 for _, share in shares], told


def _share(labels: Labels | None, label: str) -> Share:
    return Share(getattr(labels, label), labels.judged) if labels else Share(0, 0)


def _judged(labels: Labels | None) -> str:
    return words.number(labels.judged if labels else 0)


def _names(days: Sequence[Day]) -> list[str]:
    """Each name once: of more than a month's days the month is named too."""
    return [words.day(day) if len(days) <= 28 else f"{day.date.day}.{day.date.month}." for day in days]  # noqa: PLR2004


def minutes_chart(report: Report) -> Drawn | None:
    """The participant minutes of each day by vendor."""
    found, days = report.now.minutes_of, list(report.period)
    vendors = sorted({vendor for each in found.values() for vendor in each})
    if not report.now.all.minutes.told:
        return None
    values = {vendor: [found.get(day, {}).get(vendor, Sum()).total for day in days] for vendor in vendors}
    series = [
        Series(vendor, f"vendor-{number % COLOURS}", each, [
            f"{words.day(day)}: {words.vendor(vendor)} {words.number(value)} minutes"
            for day, value in zip(days, each, strict=True)
        ])
        for number, (vendor, each) in enumerate(values.items())
    ]  # fmt: skip
    chart = Chart("minutes", "Participant minutes of each day by vendor", _names(days), series)
    rows = [[words.day(day), *(words.number(values[vendor][at]) for vendor in vendors)] for at, day in enumerate(days)]
    head = ("Day", *map(words.vendor, vendors))
    legend = [(each.kind, words.vendor(each.name)) for each in series]
    return Drawn(Markup(svg(chart)), legend, head, rows)  # noqa: S704 - escaped by pygal


# -- tables with bars -----------------------------------------------------------------------------------


def _bars(found: Mapping[str, int], name: Any, whole: int, most: int) -> list[Bar]:  # noqa: ANN401 - a function
    """The largest counts, each with its share of the whole."""
    ordered = sorted(found.items(), key=lambda each: (-each[1], each[0]))[:most]
    longest = ordered[0][1] if ordered else 1
    return [
        Bar(name(code), 100 * count / longest, words.number(count), words.percent(Share(count, whole)))
        for code, count in ordered
    ]


def reasons(now: Tally) -> list[Bar]:
    """What made streams poor; a stream may have several reasons."""
    return _bars(now.reasons, words.reason, now.all.labels.poor, MOST_REASONS)


def verdicts(now: Tally) -> list[Bar]:
    """What was wrong with the conferences."""
    return _bars(now.verdicts, words.verdict, now.all.conferences, len(words.VERDICTS))


def issues(now: Tally) -> list[tuple[str, str, str, str]]:
    """The most frequent issues: what, who says so, how severe, how often."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for (source, code, severity), count in now.issues.items():
        found.setdefault((source, code), {})[severity] = count
    ordered = sorted(found.items(), key=lambda each: (-sum(each[1].values()), each[0]))[:MOST_ISSUES]
    said = {"vendor": "vendor", "rule": "our rules", "anomaly": "our rules"}
    return [
        (words.code(code), said.get(source, source), _severities(counts), words.number(sum(counts.values())))
        for (source, code), counts in ordered
    ]


def _severities(counts: Mapping[str, int]) -> str:
    """`error`, or how many of each."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return ordered[0][0] if len(ordered) == 1 else ", ".join(f"{count:,} {severity}" for severity, count in ordered)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line on reliability: now, before, and what it rests on."""

    title: str
    now: str
    then: str
    basis: str


def reliability(now: Tally, then: Tally) -> list[Fact]:
    """Whether people got in and stayed; what no vendor tells is said to be so."""
    mine, was = now.reliability, then.reliability
    rates = (
        ("Trouble connecting", mine.trouble, was.trouble, "joins where the vendor tells"),
        ("Cut off", mine.dropped.share, was.dropped.share, "joins whose end is known"),
        ("Came back within five minutes", mine.rejoined.share, was.rejoined.share, "joins"),
        ("Media by way of a relay", mine.relayed.share, was.relayed.share, "streams whose way is known"),
        ("Media over TCP or TLS", mine.tcp.share, was.tcp.share, "streams whose transport is known"),
    )
    found = [
        Fact(title, words.percent(share), words.percent(before), f"{words.number(share.of)} {basis}")
        for title, share, before, basis in rates
    ]
    for title, which in (("Time to join, half of all at most", 50), ("Time to join, 95 % at most", 95)):
        told = words.seconds(mine.join_s.percentile(which)), words.seconds(was.join_s.percentile(which))
        found.append(Fact(title, *told, f"{words.number(mine.join_s.n)} joins that tell it"))
    return found


@dataclass(frozen=True, slots=True)
class Hour:
    """A cell: how dark it is, 0 to 8, and what it says."""

    shade: int
    told: str


def heat(now: Tally) -> list[tuple[str, list[Hour]]]:
    """Minutes of presence by weekday and hour; nothing where nobody's stay is known."""
    if not now.hours:
        return []
    most = max(now.hours.values())
    return [(name, [_hour(now, weekday, hour, most) for hour in range(24)]) for weekday, name in enumerate(WEEKDAYS)]


def _hour(now: Tally, weekday: int, hour: int, most: int) -> Hour:
    found = now.hours[weekday, hour]
    told = f"{WEEKDAYS[weekday]} {hour:02d}:00, {many(round(found / MINUTE_MS), 'minute')}"
    return Hour(-(-SHADES * found // most), told)


# -- the worst calls ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """A call as the page tells it."""

    title: str
    when: str
    what: str
    text: str
    poor: str
    command: str


def _told(call: Call, origin: Origin) -> Told:
    began = parse_instant(call.began)
    when = f"{words.day(Day.of(began))}, {began:%H:%M}" if began else call.began
    lasted = f", {length(call.duration_s)} long" if call.duration_s else ""
    minutes = f", {call.poor_min:,.0f} poor minutes" if call.poor_min else ""
    return Told(
        title=call.name or f"{words.vendor(call.vendor)} call",
        when=f"{when}{lasted}",
        what=words.verdict(call.code),
        text=call.text,
        poor=f"{call.affected} of {call.of} affected{minutes}",
        command=f"{origin.program} explain {call.vendor} {call.id}",
    )
