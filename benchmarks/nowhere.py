"""A destination that makes the bodies of requests and drops them, so that the way to them can be measured."""

from collections.abc import Iterable, Mapping, Sequence

from harvesters.core.destinations import Counts, Current, Difference, Documents, Expected, Removed, Target
from harvesters.core.destinations.bulk import Buffers
from harvesters.core.destinations.index import drafts


class Nowhere:
    """See the module."""

    name, identity, takes_whole_slices = "nowhere", "", False

    def open(self) -> None:
        """Nothing to reach."""

    def write(self, target: Target, records: Iterable[tuple[str, Documents]], counts: Counts) -> None:
        """Make the bodies."""
        del target
        finished: list[str] = []
        buffers = Buffers()
        for draft in drafts(records, finished, buffers):
            body = draft.body()
            for start, end, _, type_ in body.spans():
                counts.of(type_).sent += end - start
            buffers.free(draft, body)

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
