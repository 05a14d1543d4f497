"""Takes a person out of a record: pseudonyms for ids, nothing for the rest, and the record's form as it was. Pure.

What a record counts stays true: its rows and their keys stay, and who has one pseudonym was one person before. A
pseudonym is another one in each record, so nobody can follow it from call to call.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec

from harvesters.core.members import (
    EMPTY,
    NULL,
    Members,
    array,
    items_of,
    members_of,
    put_at,
    texts_of,
    value_of,
)  # fmt: skip
from harvesters.core.personal import KEPT_AS_IT_IS, NOTHING, Personal, Persons
from harvesters.core.sighting import PREFIX, Person, Thing, Token, thing_in, token_of
from harvesters.core.source import Part

SHORTEST_WORD = 2
FORGOTTEN = "forgotten"
StandIn = Callable[[Token], str]
"""The pseudonym of an id in one record."""


@dataclass(slots=True)
class Blanking:
    """One person and one record."""

    person: Person
    personal: Mapping[str, Personal]
    stand_in: StandIn
    _sweep: "Sweep" = field(init=False)
    _words: re.Pattern[str] | None = field(init=False)
    _last: tuple[str, bytes] = ("", b"")
    _head: tuple[bytes, Thing | None] = (b"", None)

    def __post_init__(self) -> None:
        """What is looked for in texts is made once."""
        keys = {each.value for each in self.person.tokens - self.person.ids}
        ids = [each for each in self.person.ids if each.value not in keys and not each.value.startswith(PREFIX)]
        self._sweep = Sweep({each.value: self.stand_in(each) for each in ids if not each.kind})
        self._words = _words({*self.person.names, *(each.value for each in ids if each.kind)})

    def parts(self, parts: Iterable[Part]) -> Iterator[Part]:
        """The record's parts without the person; those that tell nothing of the person are as they were."""
        for part in parts:
            told = self.personal.get(part.kind, NOTHING)
            if (part.kind, part.head) != self._last:
                self._last = part.kind, part.head
                self._head = self._thing(part.head, told.head)
            head, about = self._head
            rows = self._rows(part.rows, told.rows, shared=told.rows.shared and self.person.has(about))
            yield Part(part.kind, self._sweep.over(head), self._sweep.over(rows), part.count)

    def _rows(self, raw: bytes, persons: Persons, *, shared: bool) -> bytes:
        if not (shared or persons.tells_who or persons.speaks_of_others):
            return raw
        before = items_of(raw)
        after = [self._thing(each, persons, his=shared)[0] for each in before]
        return array(after) if after != before else raw

    def _thing(self, raw: bytes, persons: Persons, *, his: bool = False) -> tuple[bytes, Thing | None]:
        """A head or row without the person, and whom it was about."""
        about = thing_in(raw, persons) if persons.tells_who else None
        his = his or self.person.has(about)
        members = members_of(raw) if his or persons.speaks_of_others else None
        if members is None:
            return raw, about
        changed = [*self._unmention(members, persons), *(self._blank(members, persons) if his else ())]
        return msgspec.json.encode(members) if any(changed) else raw, about

    def _blank(self, members: Members, persons: Persons) -> Iterator[bool]:
        for path, kind in persons.ids.items():
            yield put_at(members, path.split("."), partial(self._pseudonym, kind))
        for path in persons.names:
            yield put_at(members, path.split("."), _nothing)
        for path in persons.about:
            yield put_at(members, path.split("."), partial(_kept, path, persons.kept))

    def _pseudonym(self, kind: str, raw: bytes) -> bytes:
        told = next(texts_of(raw), "")
        if not told or told.startswith(PREFIX):
            return raw
        return msgspec.json.encode(self.stand_in(token_of(kind, told)))

    def _unmention(self, members: Members, persons: Persons) -> Iterator[bool]:
        for path, kind in persons.mentions.items():
            yield put_at(members, path.split("."), partial(self._pseudonym_if_meant, kind))
        for path in persons.texts:
            yield put_at(members, path.split("."), self._text_without_words)

    def _pseudonym_if_meant(self, kind: str, raw: bytes) -> bytes:
        meant = any(token_of(kind, text) in self.person.ids for text in texts_of(raw))
        return self._pseudonym(kind, raw) if meant else raw

    def _text_without_words(self, raw: bytes) -> bytes:
        told = value_of(raw)
        if self._words is None or not isinstance(told, str):
            return raw
        fresh = self._words.sub(FORGOTTEN, told)
        return raw if fresh == told else msgspec.json.encode(fresh)


def _nothing(raw: bytes) -> bytes:
    """No value; what is empty stays as the vendor wrote it."""
    return raw if raw.strip() in EMPTY else NULL


def _kept(path: str, kept: Mapping[str, re.Pattern[str] | None], raw: bytes) -> bytes:
    if raw.strip() in EMPTY:
        return raw
    if not any(each == path or each.startswith(path + ".") for each in kept):
        return NULL
    before = value_of(raw)
    after = _remains(before, path, kept)
    return raw if after == before else msgspec.json.encode(after)


def _remains(value: Any, path: str, kept: Mapping[str, re.Pattern[str] | None]) -> Any:  # noqa: ANN401 - any JSON
    """What stays of a value: of an object the members that lead to what is kept."""
    if isinstance(value, list):
        return [_remains(each, path, kept) for each in value]
    if isinstance(value, dict):
        ways = {name: f"{path}.{name}" for name in value}
        leading = [name for name, way in ways.items() if any(f"{each}.".startswith(f"{way}.") for each in kept)]
        return {name: _remains(value[name], ways[name], kept) for name in leading}
    if path not in kept:
        return None
    pattern = kept[path]
    if pattern is KEPT_AS_IT_IS:
        return value
    found = pattern.search(value) if isinstance(value, str) else None
    return found[0] if found else None


def _words(values: Iterable[str]) -> re.Pattern[str] | None:
    """Finds whole words, in capitals or not; the longest first, so that nothing is left of `Ann Smith` beside `Ann`."""
    wanted = sorted((each for each in values if len(each) >= SHORTEST_WORD), key=lambda each: (-len(each), each))
    if not wanted:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wanted))})(?!\w)", re.IGNORECASE)


class Sweep:
    """Replaces values that cannot be mistaken wherever they stand in raw JSON, in each way that it may be written."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """`values`: what takes their place."""
        self._fresh = {form.lower(): fresh.encode() for value, fresh in values.items() for form in written(value)}
        forms = sorted(self._fresh, key=len, reverse=True)
        self._forms = re.compile(
            rb"(?<![\w.+%-])(?:" + b"|".join(map(re.escape, forms)) + rb")(?![\w-])", re.IGNORECASE
        )

    def over(self, raw: bytes) -> bytes:
        """The same JSON without the values."""
        if not self._fresh:
            return raw
        return self._forms.sub(lambda found: self._fresh[found[0].lower()], raw)


def written(value: str) -> set[bytes]:
    """The ways in which JSON may write a text, without its quotes, and that of a link in it."""
    plain, escaped = json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(value)[1:-1]
    both = {plain.encode("utf-8", "surrogatepass"), escaped.encode()}
    careful = {each.replace(b"/", b"\\/") for each in both} | {each.replace(b"+", b"\\u002b") for each in both}
    return both | careful | {quote(value, safe="", errors="replace").encode()}


def holds(parts: Iterable[Part], words: re.Pattern[bytes]) -> bool:
    """Whether one of these words stands anywhere in a record."""
    return any(words.search(part.head) or words.search(part.rows) for part in parts)
