"""What is known of each record of an archive, by its readable key."""

from typing import Any

import msgspec

from harvesters.core.ids import parts_of
from harvesters.core.packed import Packed, packed_digest, unpacked_digest


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Where a whole record lies in a file and what is known of it without unpacking it.

    `digest` is over the rows' bytes in order, whatever the cuts between parts.
    """

    key: tuple[str, ...]
    call: str
    started: str
    level: int
    ongoing: bool
    fetched_at: int
    rows: int
    digest: str
    offset: int
    length: int

    @property
    def archived(self) -> bool:
        """Whether the archive has the record; of one that expired the entry alone is left."""
        return self.length > 0


class _Row(msgspec.Struct, array_like=True, gc=False):
    """An entry without what its name tells.

    Attributes:
        call, started: where in the key they stand, or themselves.
        key: None if it is the name's parts.
    """

    call: int | str
    started: int | str
    level: int
    ongoing: bool
    fetched_at: int
    rows: int
    digest: Any
    offset: int
    length: int
    key: tuple[str, ...] | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Row).decode


class Entries(Packed[Entry]):
    """Entries by readable key, some 80 bytes each: a name mostly holds the key, and the key the call and the start."""

    def pack(self, name: str, value: Entry) -> bytes:
        """See `Packed`."""
        key = value.key
        call, started = (key.index(text) if text in key else text for text in (value.call, value.started))
        known = value.level, value.ongoing, value.fetched_at, value.rows, packed_digest(value.digest)
        return _encode(_Row(call, started, *known, value.offset, value.length, None if parts_of(name) == key else key))

    def unpack(self, name: str, packed: bytes) -> Entry:
        """See `Packed`."""
        row = _decode(packed)
        key = parts_of(name) if row.key is None else row.key
        call, started = (key[text] if isinstance(text, int) else text for text in (row.call, row.started))
        known = row.level, row.ongoing, row.fetched_at, row.rows, unpacked_digest(row.digest)
        return Entry(key, call, started, *known, row.offset, row.length)
