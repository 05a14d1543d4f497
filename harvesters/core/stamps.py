"""What a destination has of each record, by its readable key."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from harvesters.core.packed import Packed, packed_digest, unpacked_digest


class Stamp(msgspec.Struct, omit_defaults=True, gc=False):
    """What a destination holds of a record: of which bytes, made by what; counts by document type.

    Records with the same counts share them, so they are not to be changed.
    """

    digest: str
    fetched_at: int
    revision: str
    settings: str
    counts: Mapping[str, int] = msgspec.field(default_factory=dict)


class _Row(msgspec.Struct, array_like=True, gc=False):
    """A stamp; `kind` is the place of what it shares with others."""

    digest: Any
    fetched_at: int
    kind: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Row).decode


class Stamps(Packed[Stamp]):
    """Stamps by readable key, some 64 bytes each; revision, settings and counts are there once for those of a kind."""

    def __init__(self, values: Iterable[tuple[str, Stamp]] = ()) -> None:
        """See `Packed`."""
        self._places: dict[tuple[Any, ...], int] = {}
        self._kinds: list[Stamp] = []
        super().__init__(values)

    def pack(self, name: str, value: Stamp) -> bytes:
        """See `Packed`."""
        del name
        kind = value.revision, value.settings, *value.counts.items()
        place = self._places.setdefault(kind, len(self._kinds))
        if place == len(self._kinds):
            self._kinds.append(value)
        return _encode(_Row(packed_digest(value.digest), value.fetched_at, place))

    def unpack(self, name: str, packed: bytes) -> Stamp:
        """See `Packed`."""
        del name
        row = _decode(packed)
        kind = self._kinds[row.kind]
        return Stamp(unpacked_digest(row.digest), row.fetched_at, kind.revision, kind.settings, kind.counts)
