"""Who was in a call: stays of one person together, and a name for each that tells people apart."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harvesters.story.documents import ParticipantDocument, ms
from harvesters.story.members import Block, Blocks, User
from harvesters.story.text import short

SIDES = ("received", "sent")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
NAME = 40
WORST = ("poor", "fair", "good", "unknown")


@dataclass(frozen=True)
class Who:
    """Whom a user asks for: somebody's id, mail address or full name, or the pseudonym that documents bear instead."""

    text: str

    def matches(self, user: User) -> bool:
        """Whether a document tells of that person; ids as they are, names and addresses in any case."""
        if self.text in {user.id, user.hash}:
            return True
        wanted = self.text.lower()
        return any(each is not None and each.lower() == wanted for each in (user.email, user.full_name))


@dataclass
class Person:
    """Somebody with all stays, the first one first; `name` is fit for a terminal, and nobody else's in the call."""

    name: str
    stays: list[ParticipantDocument]

    def blocks(self, direction: str) -> Iterator[tuple[str, Block]]:
        """What was received or sent, each medium of each stay."""
        for each in self.stays:
            side: Blocks = getattr(each.vconf.quality, direction)
            yield from side.media()

    def label(self, direction: str, medium: str) -> str | None:
        """The worst of all stays; None where nothing was there."""
        found = {block.label for name, block in self.blocks(direction) if name == medium}
        return next((each for each in WORST if each in found), None)

    def due_to(self, direction: str, medium: str) -> list[str]:
        """Why, by those stays that have that label."""
        label = self.label(direction, medium)
        held = [block for name, block in self.blocks(direction) if name == medium and block.label == label]
        return list(dict.fromkeys(why for block in held for why in block.poor_due_to))

    @property
    def worst(self) -> int:
        """0 if something was poor, up to 3 if nothing could be judged."""
        labels = {block.label for side in SIDES for _, block in self.blocks(side)}
        return min((WORST.index(each) for each in labels if each in WORST), default=len(WORST) - 1)


def people(documents: Iterable[ParticipantDocument]) -> list[Person]:
    """The persons by when they first came; what tells one is as in `quality.usage`: never the name."""
    ordered = sorted(documents, key=lambda each: (each.at, each.event.id))
    groups: dict[str, list[ParticipantDocument]] = {}
    of_stay: dict[str | None, str] = {}
    for each in ordered:
        stay, user = each.vconf.participant, each.user
        told = user.hash or user.id or user.email
        key = f"person {told}" if told else of_stay.get(stay.rejoin_of, f"stay {each.event.id}")
        of_stay[stay.id] = key
        groups.setdefault(key, []).append(each)
    return _told_apart(list(groups.values()))


def _told_apart(groups: Sequence[Sequence[ParticipantDocument]]) -> list[Person]:
    names = [short(name_of(each[0].user) or f"guest {number}", NAME) for number, each in enumerate(groups, 1)]
    often, seen, found = Counter(names), Counter[str](), []
    for name, stays in zip(names, groups, strict=True):
        seen[name] += 1
        found.append(Person(f"{name} ({seen[name]})" if often[name] > 1 else name, list(stays)))
    return found


def name_of(user: User) -> str | None:
    """What to call somebody: by name, else address, else id, of which a random one is cut."""
    if told := user.full_name or user.email:
        return told
    told = user.id or user.hash
    return f"user {told[:8]}" if told and UUID.fullmatch(told) else told


def end_of(stay: ParticipantDocument) -> int | None:
    """When a stay ended, ms since 1970; None if unknown."""
    return ms(stay.event.end)
