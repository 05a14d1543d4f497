"""Takes a person out of packed records; whom it is asked for may be typed, or remembered by HMACs alone."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import IO

import msgspec
import zstandard

from harvesters.core.archive import Frame, frame_of, pack, read
from harvesters.core.blanking import Blanking, StandIn, written
from harvesters.core.entries import Entry
from harvesters.core.errors import ArchiveError
from harvesters.core.keyed import Key
from harvesters.core.lines import texts
from harvesters.core.personal import Personal
from harvesters.core.sighting import PREFIX, Person, Sighting, Token, Wanted, normal

SHORT = 16
"""Digits of a pseudonym; it has to be another one within its record alone."""
RUN = re.compile(r"[A-Za-z0-9 ._@-]+")
"""Letters that JSON writes in one way, whoever writes it."""


@dataclass(frozen=True, slots=True)
class Forgetter:
    """Takes people out of the records of one vendor and account."""

    vendor: str
    account: str
    personal: Mapping[str, Personal]
    key: Key

    def person(self, file: IO[bytes], entry: Entry, wanted: Wanted) -> Person | None:
        """Who of a record is asked for."""
        watch = Sighting(self.personal)
        for part in read(file, entry).parts:
            watch.look_at(part)
        return watch.person(wanted)

    def without(self, file: IO[bytes], entry: Entry, person: Person) -> Frame:
        """The record without the person: of the same fetch, with as many rows."""
        record = read(file, entry)
        blanking = Blanking(person, self.personal, self._stand_in(record.key))
        return pack(self.vendor, self.account, replace(record, parts=blanking.parts(record.parts)), entry.fetched_at)

    def _stand_in(self, key: tuple[str, ...]) -> StandIn:
        record = msgspec.json.encode([self.vendor, self.account, *key]).decode("utf-8", "replace")

        def pseudonym(token: Token) -> str:
            return PREFIX + self.key.of(f"forgotten in {record}", f"{token.kind} {token.value}")[:SHORT]

        return pseudonym


@dataclass(frozen=True, slots=True)
class Who:
    """Whom the user typed."""

    values: tuple[str, ...]
    _normal: frozenset[str] = field(init=False)
    _needles: tuple["_Needle | None", ...] = field(init=False)
    _words: re.Pattern[bytes] = field(init=False)

    def __post_init__(self) -> None:
        """What is looked for is made once."""
        object.__setattr__(self, "_normal", frozenset(map(normal, self.values)))
        object.__setattr__(self, "_needles", tuple(map(_needle, sorted(self._normal))))
        object.__setattr__(self, "_words", _any_of(self._normal))

    def wanted(self, value: str) -> bool:
        """Whether a value in its normal form is one of them."""
        return value in self._normal

    def stands_in(self, raw: bytes) -> bool:
        """Whether one of them stands in raw JSON, as a word, wherever that is."""
        return self._words.search(raw) is not None

    def may_be_in(self, file: IO[bytes], entry: Entry) -> bool:
        """Whether one of them may stand in a record, told without parsing it: never False if it does."""
        return any(self._may_stand_in(text) for text in _lines(frame_of(file, entry)))

    def _may_stand_in(self, raw: bytes) -> bool:
        small: bytes | None = None
        for needle in self._needles:
            if needle is None:
                return True
            if needle.small:
                small = small or raw.lower()
            if needle.text in (small if needle.small and small else raw):
                return True
        return False

    def stands_in_record(self, file: IO[bytes], entry: Entry) -> bool:
        """Whether one of them stands in a record, be it in members that tell of nobody."""
        return any(map(self.stands_in, _lines(frame_of(file, entry))))


def _lines(frame: Frame) -> Iterable[bytes]:
    """The lines of a record.

    Raises:
        ArchiveError: it is damaged.
    """
    try:
        yield from texts(frame.data)
    except zstandard.ZstdError as error:
        message = f"record {'/'.join(frame.entry.key)} is damaged"
        raise ArchiveError(message) from error


@dataclass(frozen=True, slots=True)
class _Needle:
    """What must stand in raw JSON that holds a value; `small`: in small letters."""

    text: bytes
    small: bool


def _needle(value: str) -> _Needle | None:
    """The longest run of letters that are written in one way; None for a value without any."""
    runs = RUN.findall(value)
    return _Needle(max(runs, key=len).encode(), "@" in value) if runs else None


def _any_of(values: Iterable[str]) -> re.Pattern[bytes]:
    """Finds values as words in raw JSON; addresses with any letters."""
    ways = [_way(value) for value in sorted(values, key=len, reverse=True)]
    return re.compile(rb"(?<![\w.+%-])(?:" + b"|".join(ways) + rb")(?![\w-])")


def _way(value: str) -> bytes:
    both = {unicodedata.normalize(form, value) for form in ("NFC", "NFD")}
    forms = b"|".join(re.escape(each) for text in sorted(both) for each in sorted(written(text)))
    return rb"(?%s:%s)" % (b"i" if "@" in value else b"", forms)
