"""How a source declares which members of its raw answers tell of a person: `forget` blanks what is named here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

KEPT_AS_IT_IS = None


@dataclass(frozen=True, slots=True)
class Persons:
    """How the heads, or the rows, of one kind of part tell of the person whom each is about.

    Members are named by path (`platform.ua`); on the way a list stands for each of its objects.

    Attributes:
        ids: members that tell who it is, and what they are an id of. Within a record equal ids of a kind are one
            person. A pseudonym takes their place, so that people and their coming back are counted as before.
        names: further members by which somebody may be asked for; several people may share one.
        about: what else is told of the person.
        links: members that are not personal and tell, like ids, which heads and rows are about the same person.
        mentions: like `ids`, of somebody whom the head or row is not about.
        texts: free texts, whoever they are about: a person's names and ids are taken out of them, the rest stays.
        kept: members of `about`, or inside one of them, of which something stays: what the pattern finds in a text, or
            with `KEPT_AS_IT_IS` any text, number or boolean.
        shared: of rows: each is about the person whom the head tells of.
    """

    ids: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    mentions: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    kept: Mapping[str, re.Pattern[str] | None] = field(default_factory=dict)
    shared: bool = False

    @property
    def members(self) -> tuple[str, ...]:
        """Every member that tells of a person, and nothing else."""
        return (*self.ids, *self.names, *self.about)

    @property
    def speaks_of_others(self) -> bool:
        """Whether it may hold something of people whom it is not about."""
        return bool(self.mentions or self.texts)

    @property
    def tells_who(self) -> bool:
        """Whether it can be known whom a head or row is about."""
        return bool(self.ids or self.names or self.links)


NOBODY = Persons()


@dataclass(frozen=True, slots=True)
class Personal:
    """What the parts of one kind tell of people."""

    head: Persons = NOBODY
    rows: Persons = NOBODY


NOTHING = Personal()
