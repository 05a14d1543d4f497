"""Ids of a world's meetings and people: they look like Zoom's, and those of meetings lead back to their call."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from uuid import UUID

from harvesters.sandbox.world import Person

_HALF = 8
# Calls of each day whose UUID has to be encoded twice for certain: of all others it is 2 %.
_AWKWARD: dict[int, Callable[[str], bool]] = {1: lambda uuid: uuid[0] == "/", 2: lambda uuid: "//" in uuid[1:]}
_NUMBERS, _FACTOR, _DAY_ROOM = 10**10, 7_654_321_003, 10**6
_ONCE, _TEAM = 8, 9


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of the meetings of a world.

    Attributes:
        seed: of the world; `first` is its first day.
    """

    seed: str
    first: date

    def uuid(self, day: date, number: int) -> str:
        """Base64 of 16 bytes: eight that look random, and day and number hidden by them."""
        return _uuid(self.seed, day, number)

    def place(self, uuid: str) -> tuple[date, int] | None:
        """Day and number of the call with that UUID, None if it is none of this world's."""
        try:
            raw = base64.b64decode(uuid, validate=True)
            told = _masked(self.seed, raw[:_HALF], raw[_HALF:])
            day, number = date.fromordinal(int.from_bytes(told[:4])), int.from_bytes(told[4:])
        except (ValueError, binascii.Error, OverflowError):
            return None
        return (day, number) if self.uuid(day, number) == uuid else None

    def number(self, day: date, number: int) -> int:
        """The meeting number of a call of its own; 11 digits."""
        return self._hidden(_ONCE, (day - self.first).days * _DAY_ROOM + number)

    def team_number(self, team: int) -> int:
        """The meeting number of a team's stand-up, the same every day; 11 digits."""
        return self._hidden(_TEAM, team)

    def call_of(self, meeting_number: int) -> tuple[date | None, int] | None:
        """Day and number of a call, or None and a team; None if the number is none of this world's."""
        kind, rest = divmod(meeting_number, _NUMBERS)
        told = (rest - self._shift) * pow(_FACTOR, -1, _NUMBERS) % _NUMBERS
        if kind == _TEAM:
            return None, told
        days, number = divmod(told, _DAY_ROOM)
        return (self.first + timedelta(days=days), number) if kind == _ONCE else None

    @property
    def _shift(self) -> int:
        return int.from_bytes(blake2b(self.seed.encode(), digest_size=4).digest())

    def _hidden(self, kind: int, told: int) -> int:
        return kind * _NUMBERS + (told * _FACTOR + self._shift) % _NUMBERS


@lru_cache(maxsize=4096)
def _uuid(seed: str, day: date, number: int) -> str:
    fits = _AWKWARD.get(number, bool)
    told = day.toordinal().to_bytes(4) + number.to_bytes(4)
    for salt in count():
        nonce = blake2b(f"{seed}/{day}/{number}/{salt}".encode(), digest_size=_HALF).digest()
        uuid = base64.b64encode(nonce + _masked(seed, nonce, told)).decode()
        if fits(uuid):
            return uuid
    raise AssertionError  # the salts never end


def _masked(seed: str, nonce: bytes, told: bytes) -> bytes:
    mask = blake2b(nonce, digest_size=_HALF, key=seed.encode()[:64]).digest()
    return bytes(a ^ b for a, b in zip(mask, told, strict=True))


def user_id(person: Person) -> str:
    """The Zoom id of somebody in the account: 22 characters."""
    return base64.urlsafe_b64encode(UUID(person.id).bytes).decode().rstrip("=")


def address(person: Person) -> str:
    """The mail address of somebody in the account."""
    return person.name.replace(" ", ".") + "@example.edu"
