"""The document of one row: its own numbers, spliced as bytes into what its stream's documents share."""

from collections.abc import Mapping
from typing import Any

import msgspec

from harvesters.core.day import iso_ms
from harvesters.core.tree import Row

NOTHING = (b"{}", b"null")
EMPTY = b"{}"

_encode = msgspec.json.Encoder().encode


class Splice:
    """The bytes around the rows of one stream."""

    def __init__(self, shared: dict[str, Any], key: str, vendor: str, judged: Mapping[str, str]) -> None:
        """`shared`: the nested fields of every row, used up; `key`: the readable key without the instant.

        `judged`: members of every row's quality.
        """
        event, vconf = shared.pop("event"), shared.pop("vconf")
        own = shared.pop(vendor, None)
        self._event = b'","event":%s,"id":%s/' % (_encode(event)[:-1], _encode(key)[:-1])
        self._shared = b'"},%s,' % _encode(shared if own is None else {**shared, vendor: own})[1:-1]
        # What a row tells under the vendor's name joins what all rows of the stream do: a name stands once.
        before = _encode(shared)[1:-1]
        self._before_own = b'"},%s%s:{%s' % (
            before + b"," if before else b"", _encode(vendor), _encode(own)[1:-1] + b"," if own else b"",
        )  # fmt: skip
        self._vconf = b'"vconf":' + _encode(vconf)[:-1]
        self._after_own = b"," + self._vconf
        self._quality = b',"quality":{' + (_encode(judged)[1:-1] + b"," if judged else b"")

    def document(self, row: Row, ordinal: int) -> bytes:
        """The source of one row's document."""
        at = iso_ms(row.at).encode()
        name = b"%s/%d" % (at, ordinal) if ordinal else at
        own, quality = _encode(row.own), _encode(row.quality)
        if own in NOTHING or quality.rfind(EMPTY) >= 0 or row.flags or row.machine:
            middle = self._middle(row, own, _without_empty(quality))
            return b"".join((b'{"@timestamp":"', at, self._event, name, *middle, b"}}"))
        return b"".join((
            b'{"@timestamp":"', at, self._event, name, self._before_own, own[1:], self._after_own,
            self._quality, quality[1:], b"}}",
        ))  # fmt: skip

    def _middle(self, row: Row, own: bytes, quality: bytes) -> list[bytes]:
        """What stands between a document's id and its end where something is absent, flagged or of the machine."""
        parts = [self._shared, self._vconf] if own in NOTHING else [self._before_own, own[1:], self._after_own]
        if quality not in NOTHING:
            parts += (self._quality, quality[1:])
        if row.flags:
            parts += (b',"flags":', _encode(row.flags))
        if row.machine and (machine := _without_empty(_encode(row.machine))) not in NOTHING:
            parts += (b",", machine[1:-1])
        return parts


def _without_empty(block: bytes) -> bytes:
    """A block without those of its objects of which nothing is known."""
    if block.rfind(EMPTY) < 0:  # `in` takes twice as long
        return block
    return _encode({name: values for name, values in msgspec.json.decode(block).items() if values})
