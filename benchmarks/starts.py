"""How much the command costs before it does anything, and what it must not import for that."""

import re
import sys
from collections.abc import Sequence

from processes import ROOT, used

COMMANDS = (("harvest.py", "--help"), ("harvest.py", "opentok", "--help"))
# Each costs more than the command itself; they are imported where they are used.
FORBIDDEN = frozenset({"duckdb", "elastic_transport", "elasticsearch", "gql", "graphql"})
_IMPORTED = re.compile(r"^import time:.*\|\s*(\w+)", re.MULTILINE)


def cpu_seconds(arguments: Sequence[str], rounds: int) -> list[float]:
    """CPU of the command in each round, after one that fills the caches.

    Raises:
        RuntimeError: it fails, or imports what it must not.
    """
    script, *rest = arguments
    command = [str(ROOT / script), *rest]
    told = used([sys.executable, "-X", "importtime", *command], {})
    forbidden = FORBIDDEN & set(_IMPORTED.findall(told.errors))
    if told.code or forbidden:
        message = f"{' '.join(arguments)} ended with {told.code} and imported {sorted(forbidden)}"
        raise RuntimeError(message)
    return [used([sys.executable, *command], {}).cpu_s for _ in range(rounds)]
