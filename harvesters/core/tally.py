"""What would change in a destination, counted: documents by type, fields by name, and some examples."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec

from harvesters.core.changes import ABSENT, Change
from harvesters.core.fields import CALL_TYPES, FLATTENED, Field
from harvesters.core.words import many

SAME, NEW, CHANGED, GONE, NEWER = "same", "new", "changed", "gone", "newer"
KINDS = (SAME, NEW, CHANGED, GONE, NEWER)
STAMPS = ("vconf.harvest.revision", "vconf.harvest.settings")
"""Fields that differ by nature wherever code or settings do: they are counted apart."""
EXAMPLES = 3
LONGEST = 60
PERSONAL, HIDDEN = "(personal)", "(not shown)"


@dataclass(frozen=True, slots=True)
class Named:
    """A document: its type, its `_id` ("" where a destination keeps none) and its readable key."""

    type: str
    id: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Example:
    """A field of a document that would change; values as JSON text, cut if long, None where there is none."""

    document: Named
    field: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class FieldChanges:
    """In how many documents a field comes, goes or has another value, and the first of them."""

    gained: int = 0
    lost: int = 0
    changed: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def total(self) -> int:
        """In how many documents the field is not what it was."""
        return self.gained + self.lost + self.changed

    def add(self, other: "FieldChanges") -> None:
        """Take in what was found elsewhere."""
        self.gained, self.lost, self.changed = (
            self.gained + other.gained, self.lost + other.lost, self.changed + other.changed,
        )  # fmt: skip
        self.examples = (self.examples + other.examples)[:EXAMPLES]


@dataclass(slots=True)
class Tally:
    """What the comparison of one destination gave.

    Attributes:
        types: of each document type the documents that are the same, new, changed, gone (held, and no longer made) or
            newer (held from a later fetch than ours, which therefore stays).
        fields: what became of the fields of the changed documents.
        stamps: documents, by field, that differ in what says by which code and settings they were made.
        named: the first documents that are new and gone.
        left: differing documents that a load leaves as they are, since their records count as loaded already.
    """

    types: dict[str, Counter[str]] = field(default_factory=dict)
    fields: dict[str, FieldChanges] = field(default_factory=dict)
    stamps: Counter[str] = field(default_factory=Counter)
    named: dict[str, list[Named]] = field(default_factory=lambda: {NEW: [], GONE: []})
    left: int = 0

    def count(self, kind: str, document: Named) -> None:
        """Count a document."""
        self.types.setdefault(document.type, Counter())[kind] += 1
        if kind in self.named and len(self.named[kind]) < EXAMPLES:
            self.named[kind].append(document)

    def change(self, change: Change, document: Named, known: Field | None) -> None:
        """Count a field of a changed document; `known`: what the field list says of it."""
        found = self.fields.setdefault(change.field, FieldChanges())
        if change.before is ABSENT:
            found.gained += 1
        elif change.after is ABSENT:
            found.lost += 1
        else:
            found.changed += 1
        if len(found.examples) < EXAMPLES:
            values = shown(change.before, known), shown(change.after, known)
            found.examples.append(Example(document, change.field, *values))

    def add(self, other: "Tally") -> None:
        """Take in what was found of another slice."""
        for type_, kinds in other.types.items():
            self.types.setdefault(type_, Counter()).update(kinds)
        for name, found in other.fields.items():
            self.fields.setdefault(name, FieldChanges()).add(found)
        for kind, documents in other.named.items():
            self.named[kind] = (self.named[kind] + documents)[:EXAMPLES]
        self.stamps.update(other.stamps)
        self.left += other.left

    @property
    def total(self) -> Counter[str]:
        """The documents of all types."""
        return sum(self.types.values(), Counter[str]())

    def by_type(self) -> list[tuple[str, Counter[str]]]:
        """The types in the order of the field list."""
        return [(type_, self.types[type_]) for type_ in sorted(self.types, key=_rank)]

    def by_frequency(self) -> list[tuple[str, FieldChanges]]:
        """The fields, those of the most documents first."""
        return sorted(self.fields.items(), key=lambda each: (-each[1].total, each[0]))

    def examples(self) -> list[Example]:
        """Three at most, of different fields as long as there are any, the most frequent first."""
        ranked = [found.examples for _, found in self.by_frequency()]
        rounds = (each[number] for number in range(EXAMPLES) for each in ranked if number < len(each))
        return [example for example, _ in zip(rounds, range(EXAMPLES), strict=False)]

    def sentence(self) -> str:
        """`of 276 documents 220 would change, 1 would be new`."""
        total = self.total
        made = total[SAME] + total[NEW] + total[CHANGED] + total[NEWER]
        words = {CHANGED: "would change", NEW: "would be new", GONE: "would be gone", NEWER: "would stay, since newer"}
        said = [f"{total[kind]:,} {what}" for kind, what in words.items() if total[kind]]
        if not said:
            return f"none of {many(made, 'document')} would change" if made else "no documents"
        return f"of {many(made, 'document')} {', '.join(said)}"

    def as_json(self) -> dict[str, Any]:
        """The comparison as `--report` writes it."""
        return {
            "types": {type_: {kind: kinds[kind] for kind in KINDS} for type_, kinds in self.by_type()},
            "fields": {
                name: {"gained": found.gained, "lost": found.lost, "changed": found.changed}
                for name, found in self.by_frequency()
            },
            "stamps": {name: self.stamps[name] for name in STAMPS},
            "examples": [asdict(each) for each in self.examples()],
            "new": [asdict(each) for each in self.named[NEW]],
            "gone": [asdict(each) for each in self.named[GONE]],
            "left": self.left,
        }


def totals(tallies: Sequence[Mapping[str, Tally]]) -> dict[str, Tally]:
    """The comparisons of several slices as one for each destination."""
    whole: dict[str, Tally] = {}
    for each in tallies:
        for name, tally in each.items():
            whole.setdefault(name, Tally()).add(tally)
    return whole


def shown(value: Any, known: Field | None) -> str | None:  # noqa: ANN401 - any JSON
    """A value for people; one that tells of a person, or may do so since nobody says what it is, is not shown."""
    if value is ABSENT:
        return None
    if known is None or known.type == FLATTENED:
        return HIDDEN
    if known.personal:
        return PERSONAL
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _rank(type_: str) -> int:
    return CALL_TYPES.index(type_) if type_ in CALL_TYPES else len(CALL_TYPES)
