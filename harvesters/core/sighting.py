"""Finds a person in a record: whom it is asked for, and which heads and rows of it are about the same person. Pure."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from harvesters.core.members import Members, found_at, items_of, members_of, texts_of
from harvesters.core.personal import NOTHING, Personal, Persons
from harvesters.core.source import Part

NAME = "name"
PREFIX = "forgotten-"
"""What every pseudonym of a forgotten person begins with."""
Wanted = Callable[[str], bool]
"""Whether a value, in its `normal` form, is one of those that are asked for."""


UNMISTAKABLE = 16
"""Letters from which on an id means nobody else, wherever it stands in a record, as an address does."""


class Token(NamedTuple):
    """What ties heads and rows together: the same id, of the same kind; "" for a value that cannot be mistaken."""

    kind: str
    value: str


def token_of(kind: str, text: str) -> Token:
    """The token of an id as it is written."""
    value = normal(text)
    return Token("" if is_unmistakable(value) else kind, value)


def is_unmistakable(value: str) -> bool:
    """Whether a value means the same person wherever it stands."""
    return "@" in value or (len(value) >= UNMISTAKABLE and " " not in value)


class Thing(NamedTuple):
    """What a head or row tells of whom it is about; `ids` are those tokens that are personal."""

    tokens: frozenset[Token]
    ids: frozenset[Token]
    names: frozenset[str]

    @property
    def values(self) -> frozenset[str]:
        """All by which somebody may be asked for, in their normal form."""
        return frozenset(each.value for each in self.ids) | frozenset(map(normal, self.names))

    def is_wanted(self, wanted: Wanted) -> bool:
        """Whether it is about somebody who is asked for."""
        return any(map(wanted, self.values))


def normal(value: str) -> str:
    """The form in which values are compared: composed characters, no blanks around; of an address small letters."""
    text = unicodedata.normalize("NFC", value.strip())
    return "".join(map(_small, text)) if "@" in text else text


def _small(letter: str) -> str:
    """The small letter; as it is where that would be several, or one of another alphabet (the Kelvin sign's is a k)."""
    small = letter.lower()
    return small if len(small) == 1 and small.isascii() is letter.isascii() else letter


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was found in a record.

    Attributes:
        tokens: what ties the heads and rows that are about this person.
        ids: those tokens that are personal.
        names: as they are written.
        rows: how many heads and rows tell of the person.
        wanted: whom it was asked for.
    """

    tokens: frozenset[Token]
    ids: frozenset[Token]
    names: frozenset[str]
    rows: int
    wanted: Wanted

    def has(self, thing: Thing | None) -> bool:
        """Whether a head or row is about this person."""
        return thing is not None and (not self.tokens.isdisjoint(thing.tokens) or thing.is_wanted(self.wanted))


@dataclass(slots=True)
class Sighting:
    """Looks at the parts of one record as they go by, and tells afterwards who was in it."""

    personal: Mapping[str, Personal]
    things: Counter[Thing] = field(default_factory=Counter)
    _last: tuple[str, bytes] = ("", b"")
    _head: Thing | None = None

    def over(self, parts: Iterable[Part]) -> Iterator[Part]:
        """The same parts."""
        for part in parts:
            self.look_at(part)
            yield part

    def look_at(self, part: Part) -> None:
        """Note whom its head and its rows are about."""
        told = self.personal.get(part.kind, NOTHING)
        if told.head.tells_who and (part.kind, part.head) != self._last:
            self._last, self._head = (part.kind, part.head), thing_in(part.head, told.head)
            self._note(self._head, 1)
        if told.rows.shared:
            self._note(self._head, part.count)
        elif told.rows.tells_who:
            for row in items_of(part.rows):
                self._note(thing_in(row, told.rows), 1)

    def _note(self, thing: Thing | None, rows: int) -> None:
        if thing is not None:
            self.things[thing] += rows

    def person(self, wanted: Wanted) -> Person | None:
        """Who of the record is asked for, with everything that is about the same person; None if nobody is."""
        mine = {each for each in self.things if each.is_wanted(wanted)}
        if not mine:
            return None
        tokens = _tokens_of(mine)
        while fresh := {each for each in self.things.keys() - mine if not tokens.isdisjoint(each.tokens)}:
            mine |= fresh
            tokens = _tokens_of(mine)
        ids = frozenset(token for each in mine for token in each.ids)
        names = frozenset(name for each in mine for name in each.names)
        return Person(tokens, ids, names, sum(self.things[each] for each in mine), wanted)


def _tokens_of(things: Iterable[Thing]) -> frozenset[Token]:
    return frozenset(token for each in things for token in each.tokens)


def thing_in(raw: bytes, persons: Persons) -> Thing | None:
    """What a head or row tells of whom it is about; None if it is no object."""
    members = members_of(raw)
    if members is None:
        return None
    told = (name for path in persons.names for raw in found_at(members, path.split(".")) for name in texts_of(raw))
    names = frozenset(told)
    known = (token_of(NAME, name) for name in names)
    ids = frozenset(_tokens(members, persons.ids)).union(each for each in known if not each.kind)
    return Thing(ids.union(_tokens(members, persons.links)), ids, names)


def _tokens(members: Members, paths: Mapping[str, str]) -> Iterator[Token]:
    for path, kind in paths.items():
        for raw in found_at(members, path.split(".")):
            yield from (token_of(kind, text) for text in texts_of(raw))
