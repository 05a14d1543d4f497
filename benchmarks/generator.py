"""How quickly the sandbox makes statistics rows, as the text that is served: `generator.py CALLS ROUNDS`."""

import json
import sys
import time
from collections.abc import Iterable, Iterator

from the_day import DAY, KEY

from harvesters.sandbox.opentok.generated import GeneratedSessions
from harvesters.sandbox.opentok.rows import Record, TextRows
from harvesters.sandbox.world import World


def rows_a_second(calls: int) -> float:
    """Rows that one core makes in a second, with all that stands around them made anew."""
    sessions = GeneratedSessions(World("benchmark", DAY, 1, calls), KEY)
    began = time.process_time()
    made = 0
    for id_ in sessions:
        for rows in _rows(sessions[id_]):
            made += len(rows)
            assert rows.text()
    return made / (time.process_time() - began)


def _rows(session: Record) -> Iterator[TextRows]:
    streams: Iterable[Record] = (
        stream
        for meeting in session["meetings"]["resources"]
        for kind in ("publishers", "subscribers")
        for stream in meeting[kind]["resources"]
    )
    for stream in streams:
        rows = stream["streamStatsCollection"]["resources"]
        assert isinstance(rows, TextRows)
        yield rows


if __name__ == "__main__":
    print(json.dumps([rows_a_second(int(sys.argv[1])) for _ in range(int(sys.argv[2]))]))
