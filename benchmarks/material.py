"""What the speed cases work on: the vendor's answers as they came, and the archive that was made of them."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from the_day import DAY, settings
from vendor import vendor

from harvesters.commands.build import recipe
from harvesters.commands.workplace import Workplace, vendor_settings, workplace
from harvesters.core.answers import Answer, Api, Request
from harvesters.core.archive import pack, read
from harvesters.core.day import Clock, Day, to_ms
from harvesters.core.encode import Encoded
from harvesters.core.fetching import batches
from harvesters.core.http import HttpApi, Port
from harvesters.core.limiter import Limiter
from harvesters.core.loading import Recipe
from harvesters.core.source import Call, Record
from harvesters.core.store import SliceStore
from harvesters.opentok import OpenTok

PATIENCE_S = 600


@dataclass(slots=True)
class _Recorder:
    """The way to the vendor, with a copy of every answer."""

    api: Api
    clock: Clock
    bodies: list[bytes] = field(default_factory=list)

    def send(self, request: Request) -> Answer:
        answer = self.api.send(request)
        self.bodies.append(answer.body)
        return answer


@dataclass(frozen=True, slots=True)
class Material:
    """One day.

    Attributes:
        answers: bodies of the detail requests, in order; the archive holds the same calls in another.
        place: the settings.
        store: the archive.
        recipe: how its records become documents.
    """

    answers: list[bytes]
    place: Workplace
    store: SliceStore
    recipe: Recipe


def material(folder: Path, calls: int, es_host: str) -> Material:
    """Harvest a day of so many calls into an archive below `folder`, and keep the answers."""
    with vendor(calls) as server:
        os.environ |= {**settings(server.url), "DATA_DIR": str(folder), "ES_HOST": es_host}
        place = workplace(None, {})
        port = Port(time.monotonic() + PATIENCE_S)
        api = HttpApi(OpenTok.judge, Limiter(OpenTok.limits.rates, place.clock), place.clock, port)
        recorder = _Recorder(api, place.clock)
        source = OpenTok(vendor_settings(place, OpenTok.name), recorder)
        api.identify(source.auth)
        store = _archive(source, recorder, folder)
        api.close()
    return Material(recorder.bodies, place, store, recipe(place, OpenTok.name, source.accounts()[0]))


def _archive(source: OpenTok, recorder: _Recorder, folder: Path) -> SliceStore:
    day, (account,) = Day(DAY), source.accounts()
    store = SliceStore(folder, source.name, account.id, day)
    listed = [each for each in source.list_calls(account, day) if isinstance(each, Call)]
    recorder.bodies.clear()
    fetched_at = to_ms(recorder.clock.now())
    for batch in batches(listed, source.limits):
        for record in source.fetch(account, batch, day):
            assert isinstance(record, Record), record
            store.append(pack(source.name, account.id, record, fetched_at))
    manifest, _ = store.open()
    store.merge(manifest, again=False)
    store.commit(manifest)
    return store


def documents(made: Material) -> Iterator[Encoded]:
    """All documents of the day."""
    manifest, _ = made.store.open()
    with made.store.archive.open("rb") as file:
        for entry in manifest.records.values():
            yield from made.recipe.documents(read(file, entry), entry.fetched_at, Counter())
