"""Takes a step to every entity of a tree that may tell of a person, each once."""

from collections.abc import Callable, Iterable, Iterator

from harvesters.core.tree import Conference, Entity, Stream

Step = Callable[[Entity], None]
"""Adds fields to one entity. It never raises, whatever the vendor sent."""


def walk(tree: Conference, steps: Iterable[Step]) -> None:
    """Take the steps, in order, to each participant now, and to streams and issues as they come.

    A stream or an issue whose participant is not known tells of the person itself.
    """
    taken = tuple(steps)
    for entity in tree.participants.values():
        _take(taken, entity)
    tree.streams = _streams(tree, tree.streams, taken)


def _take(steps: Iterable[Step], entity: Entity) -> None:
    for step in steps:
        step(entity)


def _streams(tree: Conference, streams: Iterable[Stream], steps: tuple[Step, ...]) -> Iterator[Stream]:
    """The streams; after the last one all issues are known."""
    for stream in streams:
        _take(steps, stream.entity)
        yield stream
    for issue in tree.issues:
        _take(steps, issue.entity)
