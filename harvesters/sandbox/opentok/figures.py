"""Figures that the API reckons from the records: minutes and how many there were at once."""

from collections.abc import Iterable, Iterator, Sequence

from harvesters.core.day import instant_ms
from harvesters.sandbox.opentok.rows import Record

_MINUTE_MS = 60_000
# Publishers present, from and to; None is any number more. The price plans overlap.
_TIERS: tuple[tuple[int, int | None], ...] = (
    (1, 2), (1, 4), (1, 8), (1, 10), (1, 25), (3, 6), (3, 25), (5, 8), (7, 8), (9, 10), (11, 20), (11, 35),
    (21, 35), (26, 35), (36, None), (36, 40), (41, None),
)  # fmt: skip


def minutes(records: Iterable[Record]) -> float:
    """Minutes between `createdAt` and `destroyedAt`, added up and unrounded; without an end 0."""
    return _minutes(sum(end - start for start, end in _spans(records) if end is not None))


def _minutes(ms: int) -> float:
    whole, rest = divmod(ms, _MINUTE_MS)
    # As JSON of JavaScript has it: whole numbers without a fraction.
    return ms / _MINUTE_MS if rest else whole


def max_concurrent(records: Iterable[Record]) -> int:
    """The largest number that existed at one instant; one without an end exists for ever."""
    most = present = 0
    for _, change in sorted(_changes(_spans(records))):
        present += change
        most = max(most, present)
    return most


def participant_minutes(connections: Iterable[Record], publishers: Iterable[Record]) -> Record:
    """Minutes of the connections by the number of publishers present, for every tier."""
    tiers = {_tier_name(*tier): 0 for tier in _TIERS}
    for length, streams, people in _stretches(connections, publishers):
        for least, most in _TIERS:
            if least <= streams and (most is None or streams <= most):
                tiers[_tier_name(least, most)] += length * people
    return {name: _minutes(ms) for name, ms in tiers.items()}


def added(tiers: Sequence[Record]) -> Record:
    """Participant minutes of several meetings, tier by tier."""
    return {name: sum(tier[name] for tier in tiers) for name in (_tier_name(*tier) for tier in _TIERS)}


def _tier_name(least: int, most: int | None) -> str:
    return f"from{least}PlusPublishers" if most is None else f"from{least}To{most}Publishers"


def _stretches(connections: Iterable[Record], publishers: Iterable[Record]) -> Iterator[tuple[int, int, int]]:
    """Stretches without a change: length in ms, publishers, connections."""
    changes = [(ms, change, 0) for ms, change in _changes(_spans(publishers))]
    changes += [(ms, 0, change) for ms, change in _changes(_spans(connections))]
    before = streams = people = 0
    for ms, of_streams, of_people in sorted(changes):
        yield ms - before, streams, people
        before, streams, people = ms, streams + of_streams, people + of_people


def _changes(spans: Iterable[tuple[int, int | None]]) -> Iterator[tuple[int, int]]:
    for start, end in spans:
        yield start, 1
        if end is not None:
            yield end, -1


def _spans(records: Iterable[Record]) -> Iterator[tuple[int, int | None]]:
    for record in records:
        start = instant_ms(record.get("createdAt"))
        if start is not None:
            yield start, instant_ms(record.get("destroyedAt"))
