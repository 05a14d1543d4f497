"""What a large day has thousands of, held as bytes by name: as objects it needs several times as much."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


class Packed(MutableMapping[str, T], ABC):
    """Values by name, made anew each time they are asked for."""

    def __init__(self, values: Iterable[tuple[str, T]] = ()) -> None:
        """`values`: what is in it from the start."""
        self._held: dict[str, bytes] = {}
        self.update(values)

    @abstractmethod
    def pack(self, name: str, value: T) -> bytes:
        """A value as bytes, without what its name tells."""

    @abstractmethod
    def unpack(self, name: str, packed: bytes) -> T:
        """The value of these bytes."""

    def __getitem__(self, name: str) -> T:
        """The value of a name."""
        return self.unpack(name, self._held[name])

    def __setitem__(self, name: str, value: T) -> None:
        """Hold a value."""
        self._held[name] = self.pack(name, value)

    def __delitem__(self, name: str) -> None:
        """Let a value go."""
        del self._held[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is one, which needs no unpacking."""
        return name in self._held

    def __iter__(self) -> Iterator[str]:
        """The names in their order."""
        return iter(self._held)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._held)


def packed_digest(text: str) -> bytes | str:
    """A digest in half the bytes; as it is where it would not come back letter by letter."""
    with suppress(ValueError):
        packed = bytes.fromhex(text)
        return packed if packed.hex() == text else text
    return text


def unpacked_digest(packed: bytes | str) -> str:
    """The text of a packed digest."""
    return packed if isinstance(packed, str) else packed.hex()
