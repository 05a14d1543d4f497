"""What one entry of the field list says, and the words it is said in."""

from dataclasses import dataclass

KEYWORD, FLOAT, LONG, BOOLEAN, DATE, TEXT, FLATTENED, DATE_RANGE, IP, GEO_POINT = (
    "keyword", "float", "long", "boolean", "date", "text", "flattened", "date_range", "ip", "geo_point",
)  # fmt: skip

CONFERENCE, PARTICIPANT, STREAM, SAMPLE, ISSUE, SLICE, RUN = (
    "conference", "participant", "stream", "sample", "issue", "slice", "run",
)  # fmt: skip
CALL_TYPES = (CONFERENCE, PARTICIPANT, STREAM, SAMPLE, ISSUE)
ENTITIES = (CONFERENCE, PARTICIPANT, STREAM, ISSUE)
RUN_TYPES = (SLICE, RUN)
CHILDREN = (PARTICIPANT, STREAM, SAMPLE, ISSUE)
ABOUT_PEOPLE = (PARTICIPANT, STREAM, ISSUE)
"""Children that are few: what nobody asks of single samples would make these larger."""
ALL = CALL_TYPES + RUN_TYPES
ECS_VERSION = "8.17.0"
"""Of the Elastic Common Schema, whose names our fields and log lines have."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: dotted, as in `_source`.
        type: of the mapping.
        help: what it means, with its unit.
        types: document types that carry it.
        personal: whether it tells of a person (the privacy step treats it).
    """

    name: str
    type: str
    help: str
    types: tuple[str, ...] = CALL_TYPES
    personal: bool = False
