"""CPU of the hot path, each case in turn for several rounds: `speed.py CALLS ROUNDS`; prints JSON.

Floor: orjson reads the vendor's answers and writes the same documents, ready and flat. Nothing is done between.
"""

import gc
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import elasticsearch
import elasticsearch.helpers
import orjson
from material import Material, documents, material
from processes import served
from usual import Json, Usual

from harvesters.commands.build import destinations
from harvesters.core.destinations import Counts, Current, Destination, Difference, Documents, Expected, Removed, Target
from harvesters.core.destinations.index import bodies
from harvesters.core.encode import Encoded
from harvesters.core.loading import Loader
from harvesters.core.setup import load_templates

PATIENCE_S = 60


def main(calls: int, rounds: int) -> None:
    """Measure and print."""
    with TemporaryDirectory() as folder, served("sink.py") as url:
        made = material(Path(folder), calls, url)
        ours = list(documents(made))
        cases = _cases(made, ours, url)
        for case in cases.values():  # once for the caches and the interpreter
            case()
        result = {
            "documents": len(ours),
            "digest": digest(ours),
            "answer_bytes": sum(map(len, made.answers)),
            "document_bytes": sum(len(each.source) for each in ours),
            "rounds": measured(cases, rounds),
        }
    print(json.dumps(result))


def measured(cases: Mapping[str, Callable[[], float]], rounds: int) -> list[dict[str, float]]:
    """CPU seconds of each case in each round."""
    gc.collect()
    gc.freeze()  # what was prepared is no work of the cases
    return [{name: case() for name, case in cases.items()} for _ in range(rounds)]


def digest(ours: Iterable[Encoded]) -> str:
    """Of all documents, ids and indices, in order: a quicker path must give the same."""
    whole = hashlib.sha256()
    for each in ours:
        whole.update(b"%s %s %d %s\n" % (each.index.encode(), each.id.encode(), each.version, each.source))
    return whole.hexdigest()[:16]


def _cases(made: Material, ours: list[Encoded], url: str) -> Mapping[str, Callable[[], float]]:
    usual = Usual(ours)
    _compare(usual, made, ours)
    target = Target("opentok", made.recipe.envelope.account, made.store.day)
    load_templates(made.place.common)

    def index() -> Destination:
        (destination,) = destinations(made.place, ["index"], time.monotonic() + PATIENCE_S)
        destination.open()
        return destination

    sources = [each.source for each in ours]
    return {
        "floor": lambda: floor(made.answers, sources, kept),
        "bare": lambda: floor(made.answers, sources, dropped),
        "bodies": lambda: loaded(made, _Nowhere(), target, len(ours)),
        "sent": lambda: loaded(made, index(), target, len(ours)),
        "usual": lambda: sent_as_usual(usual, made.answers, url),
    }


def _compare(usual: Usual, made: Material, ours: list[Encoded]) -> None:
    """The usual script's documents are ours."""
    theirs = {each["_id"]: each["_source"] for answer in made.answers for each in usual.actions(answer)}
    theirs |= {each["_id"]: each["_source"] for each in usual.entities()}
    assert len(theirs) == len(ours)
    for each in ours:
        assert theirs[each.id] == json.loads(each.source), each.id


def kept(documents: Iterable[Json]) -> None:
    """The documents of one answer written and joined."""
    b"\n".join([orjson.dumps(document) for document in documents])


def dropped(documents: Iterable[Json]) -> None:
    """The documents written and dropped at once: most of `kept` is new memory, which is dear on some machines."""
    for document in documents:
        orjson.dumps(document)


def floor(answers: list[bytes], sources: list[bytes], write: Callable[[Iterable[Json]], None]) -> float:
    """The answers read and the documents written by orjson, and nothing else: not even the collector runs."""
    share = -(-len(sources) // len(answers))
    spent = 0.0
    gc.disable()
    for number, answer in enumerate(answers):
        ready = [flat(orjson.loads(source)) for source in sources[number * share : (number + 1) * share]]
        began = time.process_time()
        orjson.loads(answer)
        write(ready)
        spent += time.process_time() - began
    gc.enable()
    return spent


def flat(document: Json, before: str = "") -> Json:
    """A document with dotted names instead of nested objects."""
    members: Json = {}
    for name, value in document.items():
        if isinstance(value, dict):
            members |= flat(value, f"{before}{name}.")
        else:
            members[before + name] = value
    return members


def loaded(made: Material, destination: Destination, target: Target, expected: int) -> float:
    """Our load step, from the archive's file to the destination."""
    manifest, _ = made.store.open()
    manifest.destinations.clear()
    began = time.process_time()
    result = Loader(made.recipe, made.store, manifest, destination, target).run()
    destination.close()
    spent = time.process_time() - began
    assert result.whole, (result.error, result.shortfall)
    assert sum(each.sent for each in result.counts.types.values()) == expected
    return spent


class _Nowhere:
    """A destination that makes the bodies of requests and drops them."""

    name, identity, takes_whole_slices = "nowhere", "", False

    def open(self) -> None:
        """Nothing to reach."""

    def write(self, target: Target, records: Iterable[tuple[str, Documents]], counts: Counts) -> None:
        """Make the bodies."""
        del target
        finished: set[str] = set()
        for body in bodies(records, finished):
            assert b"".join(body.lines)
            for start, end, _, type_ in body.spans():
                counts.of(type_).sent += end - start

    def check(self, target: Target, expected: Iterable[Expected]) -> list[Difference]:
        """Nothing is kept."""
        del target, expected
        return []

    def remove_superseded(self, loaded: Sequence[Current]) -> Removed:
        """Nothing is kept."""
        del loaded
        return Removed()

    def note(self, id_: str, document: Mapping[str, object]) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing was opened."""


def sent_as_usual(usual: Usual, answers: list[bytes], url: str) -> float:
    """The usual script, into the same sink."""
    began = time.process_time()
    with elasticsearch.Elasticsearch(url) as client:
        elasticsearch.helpers.bulk(client, _actions(usual, answers))
    return time.process_time() - began


def _actions(usual: Usual, answers: list[bytes]) -> Iterator[Json]:
    for answer in answers:
        yield from usual.actions(answer)
    yield from usual.entities()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
