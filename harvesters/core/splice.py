"""The document of one row: its own numbers, spliced as bytes into what its stream's documents share."""

from collections.abc import Mapping
from typing import Any

import msgspec

from harvesters.core.day import iso_ms
from harvesters.core.tree import Cpu, Interval, Machine, Row, Wifi

NOTHING = b"{}"

_encode = msgspec.json.Encoder().encode


class _Beside(msgspec.Struct, omit_defaults=True, gc=False):
    """The members of `vconf` that are a row's own, beside its quality."""

    flags: tuple[str, ...] = ()
    sample: Interval | None = None
    cpu: Cpu | None = None
    wifi: Wifi | None = None


class Splice:
    """The bytes around the rows of one stream."""

    def __init__(self, shared: dict[str, Any], key: str, vendor: str, judged: Mapping[str, str]) -> None:
        """`shared`: the nested fields of every row, used up; `key`: the readable key without the instant.

        `judged`: members of every row's quality.
        """
        event, vconf = shared.pop("event"), shared.pop("vconf")
        own = shared.pop(vendor, None)
        self._event = b'","event":%s,"id":%s/' % (_encode(event)[:-1], _encode(key)[:-1])
        after = b'"vconf":' + _encode(vconf)[:-1]
        self._shared = b'"},%s,%s' % (_encode(shared if own is None else {**shared, vendor: own})[1:-1], after)
        # What a row tells under the vendor's name joins what all rows of the stream do: a name stands once.
        before = _encode(shared)[1:-1]
        self._before_own = b'"},%s%s:{%s' % (
            before + b"," if before else b"", _encode(vendor), _encode(own)[1:-1] + b"," if own else b"",
        )  # fmt: skip
        self._after_own = b"," + after
        self._quality = b',"quality":{' + (_encode(judged)[1:-1] + b"," if judged else b"")

    def document(self, row: Row, ordinal: int) -> bytes:
        """The source of one row's document."""
        at = (row.written or iso_ms(row.at)).encode()
        name = b"%s/%d" % (at, ordinal) if ordinal else at
        quality = _told(row.quality)
        begin, quality = (self._quality, quality[1:]) if quality != NOTHING else (b"", b"")
        beside = _beside(row) if row.machine or row.flags else b""
        own = NOTHING if row.own is None else _encode(row.own)
        if own == NOTHING:
            return b"".join((b'{"@timestamp":"', at, self._event, name, self._shared, begin, quality, beside, b"}}"))
        return b"".join((
            b'{"@timestamp":"', at, self._event, name,
            self._before_own, own[1:], self._after_own, begin, quality, beside, b"}}",
        ))  # fmt: skip


def _beside(row: Row) -> bytes:
    """The members beside the quality, each after a comma."""
    machine = row.machine or Machine()
    told = _told(_Beside(row.flags, machine.sample, machine.cpu, machine.wifi))
    return b"," + told[1:-1] if told != NOTHING else b""


def _told(members: msgspec.Struct) -> bytes:
    """An object without those members of which nothing is known."""
    told = _encode(members)
    # `in` takes twice as long.
    return told if told.rfind(NOTHING) < 0 else _encode(_known(msgspec.json.decode(told)))


def _known(members: dict[str, Any]) -> dict[str, Any]:
    """Members without those objects of which nothing is known."""
    known = {name: _known(value) if isinstance(value, dict) else value for name, value in members.items()}
    return {name: value for name, value in known.items() if value != {}}
