"""Vendors with somebody who is to be forgotten, and a search for that person in everything that was ever written."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from elasticsearch.helpers import scan as scroll

from harvesters.core.fields import CALL_TYPES, CONFERENCE
from harvesters.sandbox.peermetrics import Person as Visitor
from harvesters.sandbox.peermetrics import call, room
from harvesters.sandbox.zoom import Person, Share, meeting
from tests import peermetrics_days, peermetrics_nights, zoom_days, zoom_nights
from tests.nights import lake_lines
from tests.shell import Shell, everything_written, vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from elasticsearch import Elasticsearch

Json = dict[str, Any]
ADDRESS, NAME = "ann.canary@example.com", "Ann Canary"
STAYS = (
    "participants",
    "participant_minutes",
    "rejoins",
    "drops",
    "streams",
    "samples",
    "verdict",
    "media",
    "topology",
)
"""Members of a conference's `vconf` that say how many, how long and how well."""


@dataclass(frozen=True, slots=True)
class Case:
    """One vendor, and whom to forget there.

    Attributes:
        asked: values that are typed; nobody types for OpenTok, whose ids are what it tells.
        gone: what must be found nowhere afterwards.
        day: on which it all was.
    """

    name: str
    day: str
    serve: Callable[[Shell], Any]
    asked: Sequence[str] = ()
    gone: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


def _ann(**more: Any) -> Person:
    told = {"microphone": "Ann's Headset", "pc_name": "ANN-LAPTOP", "customer_key": "k-ann"}
    return Person(NAME, email=ADDRESS, row=told, shares=[Share(5, 25, "desktop")], **more)


def zoom_meetings() -> list[Any]:
    """Two meetings: she comes, goes and comes back, is written with capitals, and the topic is called after her."""
    at = zoom_days.at
    return [
        meeting(zoom_days.PLAIN, at(9), 5, people=[_ann(leaves=60), "Ben", _ann(joins=100)], topic="Ann Canary's room"),
        meeting(zoom_days.SLASHED, at(10), 3, people=["Dora", Person("A. C.", email="Ann.Canary@Example.com")]),
        meeting(zoom_days.DOUBLE, at(11), 3, people=["Dora", "Ben"]),
    ]


@contextmanager
def _zoom(shell: Shell) -> Iterator[None]:
    with zoom_nights.zoom(zoom_meetings(), zoom_days.SETTLED) as server:
        zoom_nights.terminal(shell, server, ZOOM_SHARING="yes")
        yield


@contextmanager
def _reported(shell: Shell) -> Iterator[None]:
    with zoom_nights.zoom(zoom_meetings(), zoom_days.SETTLED, rules=zoom_nights.PRO) as server:
        zoom_nights.terminal(shell, server, ZOOM_VIA="report")
        yield


def rooms() -> list[Any]:
    """Two calls in a room that is called after her; she comes twice into the first, and her events tell more."""
    at = peermetrics_days.at
    told = [(20, {"user": ADDRESS}), (40, "hello")]
    ann = Visitor(NAME, leaves=20, custom=told, relay=True, row={"metadata": {"mail": ADDRESS}})
    return [
        room("ann canary", [call(at(9), 2, [ann, "Ben", Visitor(NAME, joins=50)]), call(at(10), 1, ["Ben", NAME])]),
        room("others", [call(at(12), 1, ["Ben", "Dan"])]),
    ]


@contextmanager
def _peermetrics(shell: Shell) -> Iterator[None]:
    with peermetrics_nights.peermetrics(rooms()) as server:
        peermetrics_nights.terminal(shell, server)
        yield


CASES = (
    Case("opentok", "2026-11-18", lambda shell: vendor(shell, calls=3)),
    Case("zoom", "2026-11-20", _zoom, (ADDRESS,), (ADDRESS, NAME, "ANN-LAPTOP", "k-ann")),
    Case("zoom", "2026-11-20", _reported, (ADDRESS,), (ADDRESS, NAME)),
    Case("peermetrics", "2026-11-20", _peermetrics, (NAME,), (ADDRESS, NAME, "u-ann-canary")),
)


@dataclass
class Scene:
    """A machine that harvests a vendor into the lake, and into an index where there is one."""

    case: Case
    shell: Shell
    es: Elasticsearch | None = None
    prefix: str = ""
    said: list[str] = field(default_factory=list)

    def run(self, *arguments: str, code: int = 0, **more: str | None) -> str:
        """A command that ends with this code; returns what it printed."""
        done = self.shell(*arguments, **more)
        self.said += [done.out, done.err]
        assert done.code == code, done.err
        return done.out + done.err

    def harvest(self, *arguments: str, code: int = 0) -> str:
        into = ("--destination", "lake", *(("--destination", "index", "--setup") if self.es else ()))
        return self.run(self.case.name, "--date", self.case.day, *into, *arguments, code=code)

    def forget(self, *arguments: str, code: int = 0, **more: str | None) -> str:
        persons = [each for value in self.asked for each in ("--person", value)]
        return self.run("forget", *persons, *arguments, code=code, **more)

    @property
    def asked(self) -> Sequence[str]:
        """Whom to forget: for OpenTok the first installation that is told of."""
        if self.case.asked:
            return self.case.asked
        if not hasattr(self, "_first"):
            told = [json.loads(line) for line in lake_lines(self.shell.data, "participant")]
            self._first = [each["user"]["id"] for each in told if each.get("user")][:1]
        return self._first

    @property
    def gone(self) -> Sequence[str]:
        return self.case.gone or self.asked

    def documents(self) -> dict[str, Json]:
        """What the index holds of calls, by id."""
        if self.es is None:
            return {}
        self.es.indices.refresh(index=f"{self.prefix}-*")
        hits = scroll(self.es, index=f"{self.prefix}-*", query={"query": {"match_all": {}}})
        return {hit["_id"]: hit["_source"] for hit in hits if hit["_source"]["vconf"]["type"] in CALL_TYPES}

    def conferences(self) -> dict[str, Json]:
        """What counts of each conference."""
        found = {id_: each["vconf"] for id_, each in self.documents().items() if each["vconf"]["type"] == CONFERENCE}
        return {id_: {name: each.get(name) for name in STAYS} for id_, each in found.items()}

    def everywhere(self) -> dict[str, bytes]:
        """All that was ever written, by where it stands."""
        return {
            "files": everything_written(self.shell.data),
            "index": json.dumps(list(self.documents().values()), ensure_ascii=False).encode(),
            "said": "\n".join(self.said).encode(),
        }

    def told_in(self) -> dict[str, list[str]]:
        """Where which of the values still stands."""
        return {where: standing(text, self.gone) for where, text in self.everywhere().items()}


def standing(text: bytes, values: Sequence[str]) -> list[str]:
    """Those of the values that stand in a text, however they are written."""
    small = text.decode("utf-8", "replace").casefold()
    return [each for each in values if re.search(rf"(?<!\w){re.escape(each.casefold())}(?!\w)", small)]


@contextmanager
def scene(
    case: Case, folder: Path, es: Elasticsearch | None = None, es_url: str = "", prefix: str = ""
) -> Iterator[Scene]:
    """The vendor is there, and the machine has a key."""
    index = {"ES_HOST": es_url, "INDEX_PREFIX": prefix} if es else {}
    shell = Shell(folder, {"PRIVACY_KEY_FILE": str(key_in(folder)), **index})
    with case.serve(shell):
        yield Scene(case, shell, es, prefix)


def key_in(folder: Path, letter: str = "k") -> Path:
    """A key file."""
    path = folder / f"privacy-{letter}.key"
    path.write_text(letter * 64)
    path.chmod(0o600)
    return path
