"""What a load would change: the documents made anew from the archive, compared with what a destination holds."""

from collections import Counter
from collections.abc import Collection, Iterator
from functools import partial
from typing import IO, Any

import msgspec

from harvesters.core.changes import changes
from harvesters.core.destinations import Pair, Readable, Remade
from harvesters.core.errors import DestinationError
from harvesters.core.expiry import archived_names
from harvesters.core.fields import DATE_RANGE, FLATTENED, GEO_POINT
from harvesters.core.lenient import inside
from harvesters.core.loading import Loader
from harvesters.core.tally import CHANGED, GONE, NEW, NEWER, SAME, STAMPS, Named, Tally

WHOLE = frozenset({DATE_RANGE, FLATTENED, GEO_POINT})
"""Types whose objects are one value."""


class Comparison:
    """Compares one slice with one destination; nothing is written, and one document is looked at after the other."""

    def __init__(self, loader: Loader, due: Collection[str]) -> None:
        """`loader`: what would load it; `due`: the records that it would load."""
        self._loader, self._due = loader, frozenset(due)
        self._fields = loader.recipe.envelope.fields
        # Of the others an object is no value: what a sample has as a number, its stream has as a mean and more.
        self._whole = {name for name, each in self._fields.items() if each.type in WHOLE}
        self.tally = Tally()

    def run(self, destination: Readable) -> Tally:
        """Count where they differ.

        Raises:
            DestinationError: the destination cannot be read.
        """
        loader = self._loader
        archived = archived_names(loader.manifest)
        names = [name for name in archived if loader.selected is None or name in loader.selected]
        if not names:
            return self.tally
        loader.watch.begins(len(names))
        with loader.store.archive.open("rb") as file:
            for pair in destination.pairs(loader.target, self._remade(file, names), whole=loader.selected is None):
                self._take(pair)
        return self.tally

    def _remade(self, file: IO[bytes], names: list[str]) -> Iterator[Remade]:
        for name in names:
            yield Remade(name, self._loader.conference_id(name), partial(self._loader.documents, file, name))
            self._loader.watch.goes_on(1)

    def _take(self, pair: Pair) -> None:
        """Count a document; what is held of a record that cannot be read is not gone for that."""
        if pair.made is None and pair.record in self._loader.result.broken:
            return
        if pair.made is not None and pair.made == pair.held:
            self.tally.types.setdefault(pair.type, Counter())[SAME] += 1
            return
        kind, document = self._judged(pair)
        self.tally.count(kind, document)
        self.tally.left += kind in {NEW, CHANGED, GONE} and self._stays(pair.record)

    def _judged(self, pair: Pair) -> tuple[str, Named]:
        """What becomes of a document that is not there as it is made, byte for byte."""
        made, held = _parsed(pair.made), _parsed(pair.held)
        document = Named(pair.type, pair.id, inside(made or held, "event", "id") or "")
        if not made:
            return GONE, document
        if not held:
            return NEW, document
        if not self._loader.destination.takes_whole_slices and _fetched_at(held) > _fetched_at(made):
            return NEWER, document
        return self._compared(held, made, document), document

    def _compared(self, held: dict[str, Any], made: dict[str, Any], document: Named) -> str:
        """Count the fields that differ; stamps alone make no other document."""
        kind = SAME
        for change in changes(held, made, self._whole):
            if change.field in STAMPS:
                self.tally.stamps[change.field] += 1
            else:
                kind = CHANGED
                self.tally.change(change, document, self._fields.get(change.field))
        return kind

    def _stays(self, record: str) -> bool:
        """Whether a load would not touch a record's documents, as if they were what it would make of it."""
        return not self._due if self._loader.destination.takes_whole_slices else record not in self._due


def _parsed(source: bytes | None) -> dict[str, Any]:
    """A document's members, none of nothing.

    Raises:
        DestinationError: somebody wrote what is no JSON object.
    """
    try:
        return msgspec.json.decode(source, type=dict[str, Any]) if source is not None else {}
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = "the destination holds a document that is no JSON object."
        raise DestinationError(message) from error


def _fetched_at(document: dict[str, Any]) -> str:
    """When the vendor was asked, as ISO text, which sorts as time does."""
    return str(inside(document, "vconf", "harvest", "fetched_at") or "")
