"""The vendor's own totals beside what is here of a day: what can be compared, and when it differs. Pure.

Only counts that mean about the same are compared, and only roughly. Zoom's meetings: nobody says in whose time zone
its dates are, nor whether webinars and meetings of one person are counted. OpenTok's minutes are of other days than
ours and tell but whether there was something at all. peermetrics counts rooms that are new, which ours need not be.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from harvesters.core.anomaly import Anomaly
from harvesters.core.day import Day, instant_ms
from harvesters.core.manifest import Manifest, of_calls
from harvesters.core.tree import Entity

CODE, CALLS = "totals_differ", "meetings"
MEETINGS, MINUTES = "vconf.vendor_totals.meetings", "vconf.usage.minutes.published"
MORE, FEWER, FEW = 1.25, 0.5, 5
"""The vendor may count a quarter more than is here or half of it, and five in any case: it means not quite the same."""
LEAST_MINUTES = 1.0


@dataclass(frozen=True, slots=True)
class Total:
    """A figure of the vendor's, `theirs`, beside `ours`; `subject` is what both count, for people."""

    subject: str
    theirs: float
    ours: float
    differs: bool

    @property
    def counts_calls(self) -> bool:
        """Whether it stands in the slice's document."""
        return self.subject == CALLS

    def anomaly(self, vendor: str, day: Day) -> Anomaly:
        """It as something odd."""
        told = f"{vendor} itself tells of {self.theirs:,.0f} {self.subject} on {day}, against {self.ours:,.0f} here"
        text = f"{told}: compare with the vendor's own pages, and fetch the day once more with --again."
        return Anomaly(CODE, self.subject, text, self.ours, self.theirs)


def compared(usage: Entity, of_day: Manifest, next_day: Manifest | None) -> Iterator[Total]:
    """The figures of one interval that can be compared with what the manifests of its days know."""
    meetings, minutes = usage.fields.get(MEETINGS), usage.fields.get(MINUTES)
    here = _conferences(of_day)
    if meetings is not None:
        yield Total(CALLS, meetings, here, _differ(meetings, here))
    elif minutes is not None and next_day is not None:
        # Of calls that began before the interval does, nobody knows here how long they lasted.
        there = here + _conferences(next_day, usage.end)
        if not there:
            yield Total("published minutes", minutes, 0, minutes >= LEAST_MINUTES)


def _conferences(manifest: Manifest, before: int | None = None) -> int:
    """How many conferences are archived, of those that began before an instant (ms)."""
    return sum(before is None or (instant_ms(entry.started) or 0) < before for _, entry in of_calls(manifest))


def _differ(theirs: float, ours: float) -> bool:
    return abs(theirs - ours) > FEW and not FEWER * ours <= theirs <= MORE * ours
