"""CPU of the hot path, each case in turn for several rounds: `speed.py CALLS ROUNDS`; prints JSON."""

import gc
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import elasticsearch
import loads
from floor import Floor, dropped, kept
from material import Material, by_record, documents, material, unjudged
from nowhere import Nowhere
from processes import served
from usual import Usual

from harvesters.core.allocator import give_back_large_buffers
from harvesters.core.destinations import Counts
from harvesters.core.destinations.bulk import Body, Buffers
from harvesters.core.destinations.elastic import FILTER, Cluster
from harvesters.core.destinations.index import drafts
from harvesters.core.destinations.sender import DeadLetters, Sender
from harvesters.core.encode import Encoded
from harvesters.core.setup import load_templates

Case = Callable[[], None]
FLOORS_AFTER = (1, 3)


def main(calls: int, rounds: int) -> None:
    """Measure and print."""
    give_back_large_buffers()  # as the command does
    with TemporaryDirectory() as folder, served("sink.py") as url:
        made = material(Path(folder), calls, url)
        load_templates(made.place.common, made.place.clock)
        ours = list(documents(made))
        script = Usual(ours)
        compare(script, made, ours)
        floor = Floor(made.answers, [each.source for each in ours])
        lesser = Floor(made.answers, [each.source for each in documents(unjudged(made))])
        result = {
            "documents": len(ours),
            "digest": digest(ours),
            "rounds": measured(_cases(made, len(ours), script, url), (floor, lesser), rounds),
        }
    print(json.dumps(result))


def _cases(made: Material, number: int, script: Usual, url: str) -> Mapping[str, Case]:
    ready = [draft.body() for draft in drafts(by_record(made), [], Buffers())]
    joined = [bytes(body.content) for body in ready]
    plain = unjudged(made)
    fewer = sum(1 for _ in documents(plain))  # without the issues of our own rules
    return {
        "unjudged": lambda: loads.load(plain, Nowhere(), fewer),
        "bodies": lambda: loads.load(made, Nowhere(), number),
        "load": lambda: loads.load(made, loads.index(made), number),
        "whole": lambda: loads.harvest(made, loads.index(made), number),
        "replayed": lambda: replayed(joined, url),
        "sent": lambda: sent(ready, made),
        "usual": lambda: loads.usual(script, made.answers, url),
    }


def replayed(joined: list[bytes], url: str) -> None:
    """Ready bodies through the plain client."""
    with elasticsearch.Elasticsearch(url) as client:
        for body in joined:
            answer = client.bulk(operations=cast("Any", body), filter_path=FILTER)
            assert not answer["errors"]


def sent(ready: list[Body], made: Material) -> None:
    """The same bodies through our sender, which counts what became of every document."""
    cluster = Cluster(made.place.common, time.monotonic() + loads.PATIENCE_S)
    counts, letters = Counts(), DeadLetters(made.place.data_dir / "letters.ndjson")
    sender = Sender(cluster, made.place.clock, counts, letters)
    for body in ready:
        sender.send(body)
    cluster.close()
    assert sum(each.created for each in counts.types.values()) == sum(map(len, ready))


def measured(cases: Mapping[str, Case], floors: tuple[Floor, Floor], rounds: int) -> list[dict[str, float]]:
    """CPU seconds of each case in each round; the floors are those of all documents, and of what nobody judged."""
    for case in cases.values():  # once for the caches and the interpreter
        case()
    gc.collect()
    gc.freeze()  # what was prepared is no work of the cases
    return [_round(cases, *floors) for _ in range(rounds)]


def _round(cases: Mapping[str, Case], floor: Floor, lesser: Floor) -> dict[str, float]:
    """The floors are taken several times between the cases: a busy machine then slows both."""
    spent, floors, bare = {}, [floor.seconds(kept)], [floor.seconds(dropped)]
    less = [lesser.seconds(kept)]
    for number, (name, case) in enumerate(cases.items()):
        began = time.process_time()
        case()
        spent[name] = time.process_time() - began
        if number in FLOORS_AFTER:
            floors.append(floor.seconds(kept))
            bare.append(floor.seconds(dropped))
            less.append(lesser.seconds(kept))
    told = {"floor": floors, "bare": bare, "floor of it": less}
    return spent | {name: statistics.median(each) for name, each in told.items()}


def digest(ours: Iterable[Encoded]) -> str:
    """Of all documents, ids and indices, in order: a quicker path must give the same."""
    whole = hashlib.sha256()
    for each in ours:
        whole.update(b"%s %s %d %s\n" % (each.index.encode(), each.id.encode(), each.version, each.source))
    return whole.hexdigest()[:16]


def compare(script: Usual, made: Material, ours: list[Encoded]) -> None:
    """The usual script's documents are ours."""
    theirs = {each["_id"]: each["_source"] for answer in made.answers for each in script.actions(answer)}
    theirs |= {each["_id"]: each["_source"] for each in script.entities()}
    assert len(theirs) == len(ours)
    for each in ours:
        assert theirs[each.id] == json.loads(each.source), each.id


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
