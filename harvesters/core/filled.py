"""Which members the vendor's answers have filled, counted by kind of part, so that drift is seen: names, no values."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from harvesters.core.lenient import decoded, first_row
from harvesters.core.source import Part

ROWS = "[]"
"""Stands behind a kind for its rows, of which the first is looked at, and as a member for whether there are any."""
LONGEST_NAME, MOST_MEMBERS = 60, 200
_object = msgspec.json.Decoder(dict[str, Any])


class Filled(msgspec.Struct, omit_defaults=True):
    """What was seen of one kind of thing.

    Attributes:
        things: how many of them were looked at.
        records: in how many records they were.
        members: in how many of the things each member was filled, by its name.
    """

    things: int = 0
    records: int = 0
    members: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, other: "Filled") -> None:
        """Take in what was seen of other things of this kind."""
        self.things += other.things
        self.records += other.records
        for name, number in other.members.items():
            if name in self.members or len(self.members) < MOST_MEMBERS:
                self.members[name] = self.members.get(name, 0) + number


def add_all(total: dict[str, Filled], more: Mapping[str, Filled]) -> None:
    """Take in what was seen of several kinds."""
    for kind, each in more.items():
        total.setdefault(kind, Filled()).add(each)


def in_order(total: Mapping[str, Filled]) -> dict[str, Filled]:
    """The same by name: batches that are fetched at once come in any order."""
    return {
        kind: Filled(each.things, each.records, dict(sorted(each.members.items())))
        for kind, each in sorted(total.items())
    }


class Look:
    """Looks through one record's parts while they are packed; consecutive ones of one kind and head are one thing."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._things: Counter[str] = Counter()
        self._members: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._last: tuple[str, bytes] | None = None
        self._rows_seen = False

    def over(self, parts: Iterable[Part]) -> Iterator[Part]:
        """The same parts."""
        for part in parts:
            thing = part.kind, part.head
            if thing != self._last:
                self._last, self._rows_seen = thing, False
                self._see(part.kind, decoded(_object, part.head))
            if part.count and not self._rows_seen:
                self._rows_seen = True
                self._members[part.kind][ROWS] += 1
                self._see(part.kind + ROWS, first_row(part.rows))
            yield part

    def _see(self, kind: str, members: Mapping[str, Any] | None) -> None:
        if members is not None:
            self._things[kind] += 1
            # 0 and false do tell something; null, empty texts, lists and objects do not.
            self._members[kind].update([name for name, value in members.items() if value or value == 0])

    def found(self) -> dict[str, Filled]:
        """What was seen, by kind."""
        return {kind: Filled(things, 1, _named(self._members[kind])) for kind, things in self._things.items()}


def _named(members: Counter[str]) -> dict[str, int]:
    """The most frequent members; names are cut, and without half characters, which no file takes."""
    return {
        name[:LONGEST_NAME].encode("utf-8", "replace").decode(): number
        for name, number in members.most_common(MOST_MEMBERS)
    }
