"""The list of forgotten people: HMACs under the user's key, and what they do to a record that is fetched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec

from harvesters.core.archive import Frame, pack
from harvesters.core.entries import Entry
from harvesters.core.errors import SettingsError
from harvesters.core.files import replacing
from harvesters.core.forgetting import Forgetter
from harvesters.core.keyed import ENV, HOW, Key
from harvesters.core.personal import Personal
from harvesters.core.sighting import Sighting, normal
from harvesters.core.source import Record
from harvesters.core.words import many

FILE = "forgotten"
"""In the state folder."""
ADDRESS, TEXT = "forgotten address", "forgotten text"
MOST_CACHED = 1 << 16


class Remembered(msgspec.Struct, frozen=True, omit_defaults=True):
    """One forgotten value.

    Attributes:
        value: its HMAC.
        key: id of the key.
        since: when it was first asked for, ISO.
        vendor, account: where it holds; "" for everywhere.
        done: when everything that was there had been blanked, ISO; "" as long as something is left to do.
    """

    value: str
    key: str
    since: str
    vendor: str = ""
    account: str = ""
    done: str = ""

    def holds_for(self, vendor: str, account: str) -> bool:
        """Whether it is to be applied to an account's records."""
        return self.vendor in {"", vendor} and self.account in {"", account}


_decoder = msgspec.json.Decoder(Remembered)


def read_list(path: Path) -> list[Remembered]:
    """The list, in the order in which people were forgotten; nobody without a file.

    Raises:
        SettingsError: it cannot be read; to go on would bring people back.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SettingsError([f"{path}, the list of forgotten people, cannot be read: {error.strerror}."]) from error
    return [_remembered(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _remembered(path: Path, number: int, line: bytes) -> Remembered:
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = (
            f"{path}, the list of forgotten people, is damaged in line {number}: put your copy of it in its place."
        )
        raise SettingsError([message]) from error


def write_list(path: Path, entries: Iterable[Remembered]) -> None:
    """Put the list in its place as a whole."""
    with replacing(path) as file:
        file.writelines(msgspec.json.encode(each) + b"\n" for each in entries)


def check_key(path: Path, entries: Sequence[Remembered], key: Key | None) -> None:
    """Refuse a list that the present key does not fit: whoever is on it would come back.

    Raises:
        SettingsError: with both key ids.
    """
    others = sorted({each.key for each in entries} - {key.id if key else ""})
    if not others:
        return
    made = f"{path} remembers {many(len(entries), 'forgotten value')}, made with the key {' and '.join(others)}"
    if key is None:
        raise SettingsError([f"{made}: {ENV} must name the file of that key, or these people would come back."])
    message = f"{made}, and {ENV} has the key {key.id}: put the former one back, or these people would come back."
    raise SettingsError([message])


def needed_key(key: Key | None) -> Key:
    """The key without which nobody can be forgotten.

    Raises:
        SettingsError: there is none.
    """
    if key is None:
        raise SettingsError([f"{ENV} is not set, and who is forgotten is remembered by that key alone: {HOW}"])
    return key


def hashed(key: Key, value: str) -> str:
    """What stands for a value in the list."""
    text = normal(value)
    return key.of(ADDRESS if "@" in text else TEXT, text)


@dataclass(slots=True)
class Memory:
    """Who is forgotten in one account; safe for several threads."""

    forgetter: Forgetter
    entries: Sequence[Remembered]
    _known: dict[str, str] = field(default_factory=dict)
    _all: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Most people are on no list, which is asked for once for each."""
        self._all = frozenset(each.value for each in self.entries)

    def pack(self, record: Record, fetched_at: int) -> Frame:
        """A record as one frame, without those who are forgotten; its parts are consumed once.

        One after the other as they were forgotten, as was done to the archive: so a later fetch gives the same bytes.
        """
        forgetter, watch = self.forgetter, Sighting(self.forgetter.personal)
        watched = replace(record, parts=watch.over(record.parts))
        frame = pack(forgetter.vendor, forgetter.account, watched, fetched_at)
        seen = {self._hash(value) for thing in watch.things for value in thing.values} & self._all
        for each in self.entries if seen else ():
            if each.value in seen:
                wanted = partial(self._is, each.value)
                packed = BytesIO(frame.data)
                if person := forgetter.person(packed, frame.entry, wanted):
                    frame = forgetter.without(packed, frame.entry, person)
        return frame

    def wanted(self, value: str) -> bool:
        """Whether a value, in its normal form, is anybody's who is forgotten."""
        return self._hash(value) in self._all

    def may_be_in(self, file: IO[bytes], entry: Entry) -> bool:
        """Whether one of them may stand in a record: HMACs cannot be looked for in bytes."""
        del file, entry
        return True

    def stands_in_record(self, file: IO[bytes], entry: Entry) -> bool:
        """Whether a value stands elsewhere in a record: nobody knows."""
        del file, entry
        return False

    def _is(self, remembered: str, value: str) -> bool:
        return self._hash(value) == remembered

    def _hash(self, value: str) -> str:
        """HMAC of a value in its normal form; people come again and again, so it is kept for a while."""
        found = self._known.get(value)
        if found is None:
            if len(self._known) >= MOST_CACHED:
                self._known.clear()
            found = self._known[value] = hashed(self.forgetter.key, value)
        return found


def recall(path: Path, key: Key | None, vendor: str, account: str, personal: Mapping[str, Personal]) -> Memory | None:
    """Who is forgotten in an account; None if nobody is.

    Raises:
        SettingsError: the list cannot be read, or the key is not the one that it was made with.
    """
    entries = read_list(path)
    check_key(path, entries, key)
    own = [each for each in entries if each.holds_for(vendor, account)]
    return Memory(Forgetter(vendor, account, personal, key), own) if own and key else None
