"""The floor: orjson reads the vendor's answers and writes the same documents, ready and flat, and nothing else."""

import gc
import time
from collections.abc import Callable, Iterable
from typing import Any

import orjson

Json = dict[str, Any]


class Floor:
    """The answers of a day, and its documents in as many shares."""

    def __init__(self, answers: list[bytes], sources: list[bytes]) -> None:
        """`sources`: the documents as we write them."""
        self._answers, self._sources = answers, [orjson.dumps(flat(orjson.loads(source))) for source in sources]

    def seconds(self, write: Callable[[Iterable[Json]], None]) -> float:
        """CPU of reading every answer and writing its share of the documents; not even the collector runs."""
        share = -(-len(self._sources) // len(self._answers))
        spent = 0.0
        gc.disable()
        for number, answer in enumerate(self._answers):
            own = self._sources[number * share : (number + 1) * share]
            ready = [orjson.loads(source) for source in own]
            began = time.process_time()
            orjson.loads(answer)
            write(ready)
            spent += time.process_time() - began
        gc.enable()
        return spent


def kept(documents: Iterable[Json]) -> None:
    """The documents of one answer written and joined."""
    b"\n".join([orjson.dumps(document) for document in documents])


def dropped(documents: Iterable[Json]) -> None:
    """The documents written and dropped at once: most of `kept` is new memory, which is dear on some machines."""
    for document in documents:
        orjson.dumps(document)


def flat(document: Json, before: str = "") -> Json:
    """A document with dotted names instead of nested objects."""
    members: Json = {}
    for name, value in document.items():
        if isinstance(value, dict):
            members |= flat(value, f"{before}{name}.")
        else:
            members[before + name] = value
    return members
