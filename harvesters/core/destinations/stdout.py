"""The stdout destination: one JSON object a line, with `_index` and `_id` as first members."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import IO

from harvesters.core.destinations import Counts, Current, Difference, Documents, Expected, Removed, Target
from harvesters.core.encode import Encoded
from harvesters.core.errors import DestinationError


def line(document: Encoded) -> bytes:
    """A document as one line; its source's members follow index and id."""
    return b'{"_index":"%s","_id":"%s",%s\n' % (
        document.index.encode(),
        document.id.encode(),
        document.source[1:],
    )


class StdoutDestination:
    """Prints every selected record each time: it remembers nothing."""

    name, identity, takes_whole_slices = "stdout", "", False

    def __init__(self, stream: IO[bytes]) -> None:
        """`stream`: the binary side of stdout."""
        self._stream = stream

    def open(self) -> None:
        """Nothing to reach."""

    def write(self, target: Target, records: Iterable[tuple[str, Documents]], counts: Counts) -> None:
        """Print the documents; a reader that went away ends the work."""
        del target
        try:
            for record, documents in records:
                written: Counter[str] = Counter()
                for document in documents:
                    self._stream.write(line(document))
                    counts.of(document.type).sent += 1
                    written[document.type] += 1
                counts.accept(record, written)
                counts.whole.append(record)
            self._stream.flush()
        except BrokenPipeError as error:
            message = "the reader of stdout went away."
            raise DestinationError(message) from error

    def check(self, target: Target, expected: Iterable[Expected]) -> list[Difference]:
        """Nothing is kept, so nothing can differ."""
        del target, expected
        return []

    def remove_superseded(self, loaded: Sequence[Current]) -> Removed:
        """What was printed cannot be taken back."""
        del loaded
        return Removed()

    def note(self, id_: str, document: Mapping[str, object]) -> None:
        """Runs and slices have no place here."""

    def close(self) -> None:
        """Nothing to let go."""
