"""What is odd about a day although nothing failed: a silence, a member that vanished, totals that differ."""

from dataclasses import dataclass

ANOMALY = "anomaly"
"""Who says so (`vconf.issue.source`)."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something odd about a slice, which does not make it partial.

    Attributes:
        code: what it is, in one word (`vconf.issue.code`); with the subject it is unique in a slice.
        subject: what it is about, such as `calls` or a member of the vendor's answers.
        text: one sentence for people, with what to do; it names no person.
        value: what was found; None where there is no number.
        limit: what would have been usual, in the same unit; None where there is no number.
    """

    code: str
    subject: str
    text: str
    value: float | None = None
    limit: float | None = None
