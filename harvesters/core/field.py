"""What one entry of the field list says, and the words it is said in."""

from dataclasses import dataclass

KEYWORD, FLOAT, LONG, BOOLEAN, DATE, TEXT, FLATTENED, DATE_RANGE, IP, GEO_POINT = (
    "keyword", "float", "long", "boolean", "date", "text", "flattened", "date_range", "ip", "geo_point",
)  # fmt: skip

CONFERENCE, PARTICIPANT, STREAM, SAMPLE, ISSUE, USAGE, SLICE, RUN = (
    "conference", "participant", "stream", "sample", "issue", "usage", "slice", "run",
)  # fmt: skip
OF_A_CALL = (CONFERENCE, PARTICIPANT, STREAM, SAMPLE, ISSUE)
CALL_TYPES = (*OF_A_CALL, USAGE)
"""What records are made into: calls, and the vendor's own totals of them."""
ENTITIES = (CONFERENCE, PARTICIPANT, STREAM, ISSUE, USAGE)
RUN_TYPES = (SLICE, RUN)
CHILDREN = (PARTICIPANT, STREAM, SAMPLE, ISSUE)
ABOUT_PEOPLE = (PARTICIPANT, STREAM, ISSUE)
"""Children that are few: what nobody asks of single samples would make these larger."""
ALL = CALL_TYPES + RUN_TYPES
ECS_VERSION = "8.17.0"
"""Of the Elastic Common Schema, whose names our fields and log lines have."""

NOBODY, NAME, MAIL, ROOM, TOPIC, ADDRESS, AREA, SPOT, WORDS, LABEL, STRANGE = (
    "nobody", "name", "mail", "room", "topic", "address", "area", "spot", "words", "label", "strange",
)  # fmt: skip
TELLS = {
    NOBODY: "nobody in particular: times, numbers, versions, our words and the vendor's, ids of calls and single stays",
    NAME: "who: a name, or an id that a person keeps from call to call",
    MAIL: "who: a mail address",
    ROOM: "whose room: its number or name, which the owner chose or keeps",
    TOPIC: "what a call was called, which often has names in it",
    ADDRESS: "an IP address",
    AREA: "about where, shared with many: country, region, time zone, network",
    SPOT: "nearly where: a city, a point on the map",
    WORDS: "free words about a person or of their machine: names of devices, reasons for leaving, user agents",
    LABEL: "your own words on accounts, rooms and persons",
    STRANGE: "what nobody knows: members of the vendor's that have no field",
}
"""What a field can tell of people, for people; the profiles of privacy say what becomes of each."""
OF_CALLS = frozenset({ROOM, TOPIC})
"""What tells of people by the call they were in."""
TOLD_BY_THEMSELVES = frozenset({FLOAT, LONG, BOOLEAN, DATE, DATE_RANGE})
"""Types whose values tell of nobody unless the field says so; every other field says what it tells."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: dotted, as in `_source`.
        type: of the mapping.
        help: what it means, with its unit.
        types: document types that carry it.
        tells: of whom or what, as in `TELLS`; None, which only numbers, times and truths may have, is nobody.
    """

    name: str
    type: str
    help: str
    types: tuple[str, ...] = CALL_TYPES
    tells: str | None = None

    @property
    def personal(self) -> bool:
        """Whether it tells of a person: the privacy step treats it."""
        return self.tells not in {None, NOBODY}
