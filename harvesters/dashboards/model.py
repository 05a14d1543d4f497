"""What a dashboard consists of: rows of panels, each a question with what answers it."""

import re
from dataclasses import dataclass
from enum import StrEnum

from harvesters.dashboards.conditions import Condition
from harvesters.dashboards.measures import Value

WIDTH = 48
"""Columns of Kibana's grid."""


class View(StrEnum):
    """A data view: the documents of one kind, or what the harvester notes of itself."""

    CONFERENCES = "conferences"
    PARTICIPANTS = "participants"
    STREAMS = "streams"
    SAMPLES = "samples"
    ISSUES = "issues"
    USAGE = "usage"
    RUNS = "runs"


class Kind(StrEnum):
    """How a chart is drawn."""

    NUMBER = "number"
    LINES = "lines"
    AREAS = "areas"
    BARS = "bars"
    STACKED = "stacked"
    SHARES = "shares"
    LYING = "lying"
    TABLE = "table"
    DONUT = "donut"
    HEATMAP = "heatmap"


@dataclass(frozen=True, slots=True)
class Stops:
    """From which numbers on something is fair, and poor (with `falling`: below which it is fair and poor)."""

    fair: float
    poor: float
    falling: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A number, with its name for people; `stops` colour it, `decimals` cut it."""

    label: str
    value: Value
    stops: Stops | None = None
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Time:
    """By time: `every` is an interval such as 1d, or auto; `field`: the view's own time if empty.

    `sparse`: intervals without documents are left out, so that short ones do no harm in a long time.
    """

    every: str = "auto"
    field: str = ""
    label: str = "time"
    sparse: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """By the values of a field.

    Attributes:
        field: which one.
        label: what people call it.
        size: how many values at most.
        by: the number of the column that orders them, largest first; None: by the value itself.
        missing: whether documents without a value are a group too.
        other: whether what is left over is a group too.
    """

    field: str
    label: str
    size: int = 10
    by: int | None = 0
    missing: bool = False
    other: bool = False


@dataclass(frozen=True, slots=True)
class Ranges:
    """By ranges of a number: from each bound to the next, half-open."""

    field: str
    label: str
    bounds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """By conditions, each with its name; a document may be in several."""

    label: str
    cases: tuple[tuple[str, Condition], ...]


Breakdown = Time | Terms | Ranges | Cases


@dataclass(frozen=True, slots=True)
class Chart:
    """A question of which Lens draws the answer.

    Attributes:
        title: the question.
        kind: how it is drawn.
        view: which documents are asked.
        columns: the numbers; a NUMBER's second one is what it is of, or what it was before.
        by: what they are broken down by; of charts with axes the first is along the axis, the second is the colour.
        where: only these documents.
        target: a line that should not be crossed.
        opens: key of the dashboard that a click on a value leads to.
        everywhere: whether the dashboard's controls are not meant for it.
    """

    title: str
    kind: Kind
    view: View
    columns: tuple[Column, ...]
    by: tuple[Breakdown, ...] = ()
    where: Condition | None = None
    target: float | None = None
    opens: str = ""
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Text, as Markdown."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Documents as a table, newest first: for texts, which cannot be counted."""

    title: str
    view: View
    fields: tuple[str, ...]
    where: Condition | None = None


@dataclass(frozen=True, slots=True)
class Presences:
    """Who was there from when to when, a bar for each stay (Vega, which Lens cannot draw)."""

    title: str
    view: View = View.PARTICIPANTS


Panel = Chart | Note | Listing | Presences


@dataclass(frozen=True, slots=True)
class Row:
    """Panels beside each other, each with its width in columns; `height` in Kibana's rows of about 20 pixels."""

    height: int
    panels: tuple[tuple[int, Panel], ...]


@dataclass(frozen=True, slots=True)
class Control:
    """A choice of values of a field, on top of the dashboard; the values come from `view`."""

    field: str
    label: str
    view: View


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard; its title is the question that it answers.

    Attributes:
        key: what its id ends with, such as overview.
        title: the question.
        short: its name in the row of links.
        about: what it is for, in a sentence or two.
        controls: what can be chosen.
        rows: from top to bottom.
        since: the time that it opens with, such as now-7d/d.
    """

    key: str
    title: str
    short: str
    about: str
    controls: tuple[Control, ...]
    rows: tuple[Row, ...]
    since: str = "now-7d/d"


def slug(text: str) -> str:
    """A text as part of an id: small letters, digits and dashes."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")


def panels_of(dashboard: Dashboard) -> list[Panel]:
    """The panels from the first to the last."""
    return [panel for row in dashboard.rows for _, panel in row.panels]
