"""Calls in the lake: its files are read line by line, and only lines of the call are decoded."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from harvesters.core.day import Day
from harvesters.core.destinations.packed_lines import damaged, unpacked
from harvesters.core.fields import CONFERENCE, ISSUE, PARTICIPANT, SAMPLE, STREAM
from harvesters.core.ids import safe_name
from harvesters.finding.calls import Days, Match, Take, Wanted, match_of, newest_first, personal, stretch
from harvesters.finding.key import Identity, Key, identity
from harvesters.story.people import Who
from harvesters.story.story import DayState

ENTITIES = (CONFERENCE, PARTICIPANT, STREAM, ISSUE)
CHILDREN = (PARTICIPANT, ISSUE, STREAM)
SUFFIX = ".ndjson.zst"


class _Id(msgspec.Struct):
    id: str = ""


class _Vconf(msgspec.Struct):
    conference: _Id
    stream: _Id = msgspec.field(default_factory=_Id)


class _Line(msgspec.Struct):
    """Whose a line is."""

    vconf: _Vconf


_line = msgspec.json.Decoder(_Line).decode


@dataclass
class LakeCalls:
    """The lake's files of some vendors; `accounts` are names, None means all."""

    root: Path
    vendors: Collection[str]
    accounts: Collection[str] | None = None
    _seen: set[Day] = field(default_factory=set)

    @property
    def where(self) -> str:
        """The folder."""
        return f"the lake in {self.root}"

    def _files(self, type_: str, days: Days) -> list[tuple[Day, Path]]:
        """The files of a type, the newest day first."""
        found = []
        for vendor in self.vendors:
            for path in (self.root / type_ / f"vendor={vendor}").glob(f"account=*/*{SUFFIX}"):
                with suppress(ValueError):  # somebody else's file
                    day = Day(date.fromisoformat(path.name.removesuffix(SUFFIX)))
                    if days is None or day in days:
                        found.append((day, path))
        self._seen.update(day for day, _ in found)
        return sorted(found, reverse=True)

    def _meant(self, path: Path, lines: Iterator[bytes], key: Key) -> Iterator[bytes]:
        """Those lines that are of a call that is meant."""
        for line in lines:
            told = _told(path, line)
            if key.means(told) and (self.accounts is None or told.vconf.account.name in self.accounts):
                yield line

    def find(self, key: Key, days: Days) -> list[Match]:
        """By the documents of calls; by those of people, streams and issues where no call has its own."""
        found: list[Match] = []
        for day, path in self._files(CONFERENCE, days):
            found += [match_of(line, day, line) for line in self._meant(path, unpacked(path), key)]
            if found and (key.names_one or found[-1].call.id == key.text):
                return found
        if not found and (key.is_id or key.names_one):
            found = self._by_child(key, days)
        return newest_first(found)

    def _by_child(self, key: Key, days: Days) -> list[Match]:
        types = (*CHILDREN, SAMPLE) if key.hashed else CHILDREN
        text = key.text.encode()
        for type_ in types:
            for day, path in self._files(type_, days):
                lines = (line for line in unpacked(path) if text in line)
                if line := next(self._meant(path, lines, key), None):
                    return [match_of(line, day, None)]
        return []

    def read(self, match: Match, take: Take, wanted: Wanted) -> None:
        """Everything but measurements, then those of the streams that are wanted."""
        for type_ in ENTITIES:
            for line in self._of(type_, match):
                take(type_, line)
        if streams := set(wanted()):
            for line in self._of(SAMPLE, match):
                if _line(line).vconf.stream.id in streams:
                    take(SAMPLE, line)

    def _of(self, type_: str, match: Match) -> Iterator[bytes]:
        """The lines of a call."""
        folder = self.root / type_ / f"vendor={match.vendor}" / f"account={safe_name(match.account.id)}"
        path, text = folder / f"{match.day}{SUFFIX}", match.call.id.encode()
        if not path.exists():
            return
        for line in unpacked(path):
            if text in line and _line(line).vconf.conference.id == match.call.id:
                yield line

    def conference(self, match: Match) -> bytes | None:
        """It was read when the call was found, or there is none."""
        return match.document

    def people(self, who: Who, days: Days) -> Iterator[bytes]:
        """Of all participants."""
        for _, path in self._files(PARTICIPANT, days):
            for line in unpacked(path):
                told = personal(line)
                if who.matches(told.user) and (self.accounts is None or told.vconf.account.name in self.accounts):
                    yield line

    def day(self, match: Match) -> DayState | None:
        """Nothing but the manifest tells of that."""
        del match
        return None

    def looked(self, days: Days) -> str:
        """The days that were there."""
        del days
        return f"{stretch(self._seen)} of {self.where}"

    def close(self) -> None:
        """Nothing to let go."""


def _told(path: Path, line: bytes) -> Identity:
    try:
        return identity(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise damaged(path) from error
