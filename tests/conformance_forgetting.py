"""The check of `forget`, for the conformance suite: whoever is forgotten is gone, and nothing else is another."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import msgspec

from harvesters.commands.build import recipe
from harvesters.core.archive import Frame, pack, read
from harvesters.core.field import ADDRESS, AREA, MAIL, NAME, SPOT, WORDS
from harvesters.core.fields import CONFERENCE, by_name
from harvesters.core.forgetting import Forgetter
from harvesters.core.keyed import Key
from harvesters.core.lenient import inside
from harvesters.core.recipe import Recipe
from harvesters.core.source import Account, Part, Record
from tests.conformance import Bench, whole_day

KEY = Key(b"conformance".ljust(32, b"."), "00000000")
FETCHED = 1_764_000_000_000
WHO = ("user.id", "user.full_name", "user.email", "vconf.host.id", "vconf.host.name", "vconf.host.email")
OF_ONE = frozenset({NAME, MAIL, ADDRESS, AREA, SPOT, WORDS})
"""What fields tell of one person, and not of a call or of who knows whom."""
COUNTED = ("participants", "participant_minutes", "rejoins", "drops", "streams", "samples", "media", "verdict")
"""Members of a conference's `vconf` that say how many, how long and how well."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A record as it is archived, and its documents by their ids."""

    frame: Frame
    documents: Mapping[str, Json]

    @property
    def parts(self) -> list[Part]:
        """Of the record."""
        return list(read(BytesIO(self.frame.data), self.frame.entry).parts)

    @property
    def conference(self) -> Json | None:
        """What counts of the conference."""
        vconf = next((each["vconf"] for each in self.documents.values() if each["vconf"]["type"] == CONFERENCE), None)
        return {name: vconf.get(name) for name in COUNTED} if vconf else None


@dataclass(frozen=True, slots=True)
class Forgetful:
    """Archives, flattens and forgets in one account."""

    forgetter: Forgetter
    recipe: Recipe
    personal: Sequence[str]

    def archived(self, record: Record) -> Told:
        return self.told(pack(self.forgetter.vendor, self.forgetter.account, record, FETCHED))

    def told(self, frame: Frame) -> Told:
        record = read(BytesIO(frame.data), frame.entry)

        made = self.recipe.documents(record, frame.entry.fetched_at, Counter())
        return Told(frame, {each.id: msgspec.json.decode(each.source) for each in made})

    def without(self, before: Told, value: str) -> Told:
        """The record without whoever has this value in one of the members that are declared."""
        file = BytesIO(before.frame.data)
        person = self.forgetter.person(file, before.frame.entry, lambda found: found.casefold() == value.casefold())
        assert person, "a document tells of somebody who is not found in the record's declared members"
        return self.told(self.forgetter.without(file, before.frame.entry, person))

    def told_of(self, document: Json) -> dict[str, Any]:
        """A document's personal fields."""
        return {
            name: value for name in self.personal if (value := inside(document, *name.split("."))) not in (None, "")
        }


def forgetting(bench: Bench) -> None:
    """Somebody by each value that the documents tell: gone wherever it stood, and counted as before."""
    seen = 0
    with bench.shops() as shops:
        for shop in shops:
            work = _forgetful(bench, shop.account)
            for record in whole_day(bench, shop):
                before = work.archived(record)
                for value in sorted(_values(before, (*WHO, f"{bench.source.name}.name"))):
                    seen += 1
                    check(work, before, value)
    assert seen, "no document tells of anybody"


def _forgetful(bench: Bench, account: Account) -> Forgetful:
    source = bench.source
    forgetter = Forgetter(source.name, account.id, source.personal, KEY)
    personal = [name for name, each in by_name(source.fields).items() if each.tells in OF_ONE]
    return Forgetful(forgetter, recipe(bench.place, source.name, account), personal)


def check(work: Forgetful, before: Told, value: str) -> None:
    """Forget somebody, and compare."""
    after = work.without(before, value)
    old, new = before.frame.entry, after.frame.entry
    assert (new.key, new.call, new.started, new.level, new.ongoing, new.fetched_at, new.rows) == (
        old.key, old.call, old.started, old.level, old.ongoing, old.fetched_at, old.rows,
    ), "the record's frame changed"  # fmt: skip
    assert new.digest != old.digest, "the digest stayed, so no destination would be told"
    assert after.documents.keys() == before.documents.keys(), "documents came or went"
    assert after.conference == before.conference, "the conference counts otherwise"
    stays = re.compile(rb"(?<![\w-])(?:" + b"|".join(map(re.escape, _written(value))) + rb")(?!\w)")
    # What stands around it is looked for where it stands alone: the search for both takes a hundred times as long.
    left = [(part.kind, text) for part in after.parts if stays.search(text := part.head + b" " + part.rows)]
    around = re.compile(rb".{0,60}" + stays.pattern + rb".{0,30}")
    where = {(kind, found[0]) for kind, text in left for found in around.finditer(text)}
    assert not where, f"{value} still stands in {sorted(where)}"
    _check_people(work, before, after)
    again = work.forgetter.person(BytesIO(after.frame.data), new, lambda found: found.casefold() == value.casefold())
    assert again is None, "somebody is found again"


def _check_people(work: Forgetful, before: Told, after: Told) -> None:
    """Of a document that changed nothing personal stays as it was; of nobody else anything is another."""
    for id_, document in after.documents.items():
        was, told = work.told_of(before.documents[id_]), work.told_of(document)
        whose = {name for name in WHO if name in was and was[name] != told.get(name)}
        if whose - {"vconf.host.id", "vconf.host.name", "vconf.host.email"}:
            left = {name for name, value in told.items() if was.get(name) == value}
            assert not left, f"{sorted(left)} still tell of somebody who is forgotten"


def _values(told: Told, names: Sequence[str]) -> set[str]:
    """By what somebody may be asked for, as the documents tell it."""
    found = (inside(document, *name.split(".")) for document in told.documents.values() for name in names)
    return {each for each in found if isinstance(each, str)}


def _written(value: str) -> Iterator[bytes]:
    yield json.dumps(value)[1:-1].encode()
    yield json.dumps(value, ensure_ascii=False)[1:-1].encode()
