"""The document of one row: its own numbers, spliced as bytes into what its stream's documents share."""

from collections.abc import Mapping
from typing import Any

import msgspec

from harvesters.core.day import iso_ms
from harvesters.core.tree import Cpu, Interval, Quality, Row, Wifi

NOTHING, QUALITY = b"{}", b'{"quality":{'

_encode = msgspec.json.Encoder().encode


class _Told(msgspec.Struct, omit_defaults=True, gc=False):
    """The members of `vconf` that are a row's own."""

    quality: Quality | None = None
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
        self._quality = b"," + QUALITY[1:] + (_encode(judged)[1:-1] + b"," if judged else b"")

    def document(self, row: Row, ordinal: int) -> bytes:
        """The source of one row's document."""
        at = iso_ms(row.at).encode()
        name = b"%s/%d" % (at, ordinal) if ordinal else at
        told = _told(row)
        if told.startswith(QUALITY):
            begin, told = self._quality, told[len(QUALITY) :]
        else:
            begin, told = b"," if told != NOTHING else b"", told[1:]
        own = NOTHING if row.own is None else _encode(row.own)
        if own == NOTHING:
            return b"".join((b'{"@timestamp":"', at, self._event, name, self._shared, begin, told, b"}"))
        return b"".join((
            b'{"@timestamp":"', at, self._event, name,
            self._before_own, own[1:], self._after_own, begin, told, b"}",
        ))  # fmt: skip


def _told(row: Row) -> bytes:
    """What a row tells of `vconf`, as an object without those members of which nothing is known."""
    machine = row.machine
    told = _encode(
        _Told(row.quality, row.flags, machine.sample, machine.cpu, machine.wifi)
        if machine
        else _Told(row.quality, row.flags)
    )
    # `in` takes twice as long.
    return told if told.rfind(NOTHING) < 0 else _encode(_known(msgspec.json.decode(told)))


def _known(members: dict[str, Any]) -> dict[str, Any]:
    """Members without those objects of which nothing is known."""
    known = {name: _known(value) if isinstance(value, dict) else value for name, value in members.items()}
    return {name: value for name, value in known.items() if value != {}}
