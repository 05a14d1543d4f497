"""Ids of a world's rooms: they look like any UUID and lead back to the call, or the team, that has the room."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

_TOLD, _NONCE = 6, 7
_NUMBERS, _TEAM = 1 << 23, 1 << 47


@dataclass(frozen=True, slots=True)
class Place:
    """Where a room is: a call of a day, or a team (then `day` is None)."""

    day: date | None
    number: int

    def told(self) -> bytes:
        """In six bytes."""
        value = _TEAM if self.day is None else self.day.toordinal() * _NUMBERS
        return (value + self.number).to_bytes(_TOLD)


@lru_cache(maxsize=4096)
def uuid_of(seed: str, place: Place) -> str:
    """The id of a room."""
    told = place.told()
    nonce = blake2b(told, digest_size=_NONCE, key=seed.encode()[:64]).digest()
    return str(UUID(bytes=_hidden(seed, nonce, told) + nonce[:3] + nonce, version=4))


def place_of(seed: str, identity: str) -> Place | None:
    """The room of that id; None if it is none of this world's."""
    try:
        raw = UUID(identity).bytes
        value = int.from_bytes(_hidden(seed, raw[-_NONCE:], raw[:_TOLD]))
        if value >= _TEAM:
            place = Place(None, value - _TEAM)
        else:
            place = Place(date.fromordinal(value // _NUMBERS), value % _NUMBERS)
    except (ValueError, OverflowError):
        return None
    return place if uuid_of(seed, place) == identity else None


def _hidden(seed: str, nonce: bytes, told: bytes) -> bytes:
    mask = blake2b(nonce, digest_size=_TOLD, key=seed.encode()[:64]).digest()
    return bytes(a ^ b for a, b in zip(mask, told, strict=True))
