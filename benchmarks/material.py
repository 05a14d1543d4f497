"""What the speed cases work on: the vendor's answers as they came, and the archive that was made of them."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from the_day import DAY, settings
from vendor import vendor

from harvesters.commands.build import recipe
from harvesters.commands.workplace import Workplace, vendor_settings, workplace
from harvesters.core.answers import Answer, Api, Request
from harvesters.core.archive import read
from harvesters.core.assessment import Unassessed
from harvesters.core.day import Clock, Day
from harvesters.core.encode import Encoded
from harvesters.core.fetching import Fetcher
from harvesters.core.http import HttpApi, Port
from harvesters.core.lenient import without_lone_surrogates
from harvesters.core.limiter import Limiter
from harvesters.core.manifest import Manifest
from harvesters.core.options import Options
from harvesters.core.recipe import Recipe
from harvesters.core.source import Call, Source
from harvesters.core.store import SliceStore
from harvesters.opentok import OpenTok

PATIENCE_S = 600


@dataclass(slots=True)
class _Recorder:
    """The way to the vendor, with a copy of every answer."""

    api: Api
    clock: Clock
    answers: dict[bytes, bytes] = field(default_factory=dict)

    def send(self, request: Request) -> Answer:
        answer = self.api.send(request)
        self.answers[request.body or b""] = answer.body
        return answer


@dataclass(slots=True)
class _Replayer:
    """The port to a vendor whose answers are there already: each is looked through and judged as a new one is."""

    answers: Mapping[bytes, bytes]
    clock: Clock

    def send(self, request: Request) -> Answer:
        body = without_lone_surrogates(self.answers[request.body or b""])
        answer = Answer(200, {"content-type": "application/json"}, body)
        return replace(answer, judgement=OpenTok.judge(answer))


@dataclass(frozen=True, slots=True)
class Material:
    """One day.

    Attributes:
        requests: the answers of the detail requests by what was asked, in order.
        calls: what the vendor listed.
        place: the settings.
        store: the archive.
        recipe: how its records become documents.
    """

    requests: Mapping[bytes, bytes]
    calls: list[Call]
    place: Workplace
    store: SliceStore
    recipe: Recipe

    @property
    def answers(self) -> list[bytes]:
        """The answers' bodies; the archive holds the same calls in another order."""
        return list(self.requests.values())


def unjudged(made: Material) -> Material:
    """The same day, with nobody who judges it."""
    return replace(made, recipe=replace(made.recipe, assess=Unassessed))


def material(folder: Path, calls: int, es_host: str, prefix: str = "vconf") -> Material:
    """Harvest a day of so many calls into an archive below `folder`, and keep the answers."""
    with vendor(calls) as server:
        os.environ |= {**settings(server.url), "DATA_DIR": str(folder), "ES_HOST": es_host, "INDEX_PREFIX": prefix}
        place = workplace(None, {})
        port = Port(time.monotonic() + PATIENCE_S)
        api = HttpApi(OpenTok.judge, Limiter(OpenTok.limits.rates, place.clock), place.clock, port)
        recorder = _Recorder(api, place.clock)
        source = OpenTok(vendor_settings(place, OpenTok.name), recorder)
        api.identify(source.auth)
        listed = [each for each in source.list_calls(source.accounts()[0], Day(DAY)) if isinstance(each, Call)]
        recorder.answers.clear()
        store, _ = archived(source, listed, place.clock, folder)
        api.close()
    made = recipe(place, OpenTok.name, source.accounts()[0])
    return Material(recorder.answers, listed, place, store, made)


def archived(source: Source, calls: list[Call], clock: Clock, folder: Path) -> tuple[SliceStore, Manifest]:
    """Fetch the calls and merge them into an archive below `folder`, as a night does."""
    (account,) = source.accounts()
    store = SliceStore(folder, source.name, account.id, Day(DAY))
    manifest, _ = store.open()
    fetched = Fetcher(source, account, Day(DAY), store, manifest, clock).run(calls, Options().concurrency)
    assert fetched.error is None, fetched.error
    store.merge(manifest, again=False)
    store.commit(manifest)
    return store, manifest


def archived_anew(made: Material, folder: Path) -> tuple[SliceStore, Manifest]:
    """The same archive once more from the answers as they came, below another folder."""
    replayer = _Replayer(made.requests, made.place.clock)
    source = OpenTok(vendor_settings(made.place, OpenTok.name), replayer)
    return archived(source, made.calls, made.place.clock, folder)


def documents(made: Material) -> Iterator[Encoded]:
    """All documents of the day."""
    for _, each in by_record(made):
        yield from each


def by_record(made: Material) -> Iterator[tuple[str, Iterator[Encoded]]]:
    """The documents of each record, by its readable key."""
    manifest, _ = made.store.open()
    with made.store.archive.open("rb") as file:
        for name, entry in manifest.records.items():
            yield name, made.recipe.documents(read(file, entry), entry.fetched_at, Counter())
