"""CPU from the archive to bodies for a vendor of `others_day.py`: `others.py VENDOR CALLS ROUNDS`; prints JSON."""

import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import loads
from floor import Floor, kept
from material import Material, archived, documents, unjudged
from nowhere import Nowhere
from others_day import served
from the_day import DAY, others_settings

from harvesters import source_class
from harvesters.commands.build import recipe
from harvesters.commands.workplace import vendor_settings, workplace
from harvesters.core.allocator import give_back_large_buffers
from harvesters.core.answers import Answer, Api, Request
from harvesters.core.day import Clock, Day
from harvesters.core.http import HttpApi, Port
from harvesters.core.limiter import Limiter
from harvesters.core.source import Call

PATIENCE_S = 600


@dataclass(slots=True)
class _Recorder:
    """The way to the vendor, with a copy of every answer's body."""

    api: Api
    clock: Clock
    answers: list[bytes] = field(default_factory=list)

    def send(self, request: Request) -> Answer:
        answer = self.api.send(request)
        self.answers.append(answer.body)
        return answer


@dataclass(frozen=True, slots=True)
class _Case:
    """A way to make documents, their number, and what would be the least for the same ones."""

    made: Material
    number: int
    floor: Floor


def main(vendor: str, calls: int, rounds: int) -> None:
    """Measure and print."""
    give_back_large_buffers()  # as the command does
    with TemporaryDirectory() as folder:
        made, answers = _material(Path(folder), vendor, calls)
        ours = list(documents(made))
        plain = unjudged(made)
        theirs = list(documents(plain))
        cases = {
            "unjudged": _Case(plain, len(theirs), Floor(answers, [each.source for each in theirs])),
            "bodies": _Case(made, len(ours), Floor(answers, [each.source for each in ours])),
        }
        loads.load(made, Nowhere(), len(ours))
        gc.collect()
        gc.freeze()
        measured = [_round(cases) for _ in range(rounds)]
    print(json.dumps({"documents": len(ours), "bytes": sum(map(len, answers)), "rounds": measured}))


def _material(folder: Path, vendor: str, calls: int) -> tuple[Material, list[bytes]]:
    """The archive of a day, and the answers it was made of."""
    with served(vendor, calls) as server:
        os.environ |= {**others_settings(vendor, server.url), "DATA_DIR": str(folder)}
        place = workplace(None, {})
        source_type = source_class(vendor)
        api = HttpApi(source_type.judge, Limiter((), place.clock), place.clock, Port(time.monotonic() + PATIENCE_S))
        recorder = _Recorder(api, place.clock)
        source = source_type(vendor_settings(place, vendor), recorder)
        api.identify(source.auth)
        (account,) = source.accounts()
        listed = [each for each in source.list_calls(account, Day(DAY)) if isinstance(each, Call)]
        recorder.answers.clear()
        store, _ = archived(source, listed, place.clock, folder)
        api.close()
    made = Material({}, listed, place, store, recipe(place, vendor, account))
    return made, recorder.answers


def _round(cases: Mapping[str, _Case]) -> dict[str, float]:
    """CPU of each case, and of the floor of its own documents, taken before and after."""
    spent = {}
    for name, case in cases.items():
        floors = [case.floor.seconds(kept)]
        began = time.process_time()
        loads.load(case.made, Nowhere(), case.number)
        spent[name] = time.process_time() - began
        floors.append(case.floor.seconds(kept))
        spent[f"{name} floor"] = statistics.mean(floors)
    return spent


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
