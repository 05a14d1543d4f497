"""How records become documents: the vendor's meaning, our steps, and the envelope."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from harvesters.core.assessment import Assessment, Unassessed
from harvesters.core.day import to_ms
from harvesters.core.encode import Encoded, RecordEncoder
from harvesters.core.entries import Entry
from harvesters.core.envelope import Envelope
from harvesters.core.source import Record
from harvesters.core.stamps import Stamp
from harvesters.core.tree import Conference, Row, Stream

Step = Callable[[Row], Row]
Enrich = Callable[[Conference], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How records become documents: everything that their bytes depend on.

    `enrich` is applied to every tree, then `steps` to every row, both in order; `assess` judges what they give.
    """

    flatten: Callable[[Record], Conference]
    envelope: Envelope
    steps: tuple[Step, ...] = ()
    enrich: tuple[Enrich, ...] = ()
    assess: Callable[[Conference], Assessment] = Unassessed

    def documents(self, record: Record, fetched_at: int, oddities: Counter[str]) -> Iterator[Encoded]:
        """The documents of one record, streamed."""
        tree = self.tree(record)
        if self.steps:
            tree.streams = map(self._stepped, tree.streams)
        encoder = RecordEncoder(self.envelope, record.key, to_ms(record.started), fetched_at)
        yield from encoder.documents(tree, self.assess(tree))
        oddities.update(tree.oddities)

    def tree(self, record: Record) -> Conference:
        """What a record means, enriched; its streams are not read yet."""
        tree = self.flatten(record)
        for enrich in self.enrich:
            enrich(tree)
        return tree

    def _stepped(self, stream: Stream) -> Stream:
        for step in self.steps:
            stream.rows = map(step, stream.rows)
        return stream

    def stamp(self, entry: Entry, counts: Mapping[str, int] | None = None) -> Stamp:
        """What a destination has once it took a record's documents."""
        shaped = self.envelope.revision, self.envelope.settings
        return Stamp(entry.digest, entry.fetched_at, *shaped, counts or {})
