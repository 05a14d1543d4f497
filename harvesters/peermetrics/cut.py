"""Where a room's sessions fall apart into conferences: pure, and the same whatever day is harvested.

A conference is a stretch of sessions that overlap or follow each other within ten minutes. It begins with the first
session that starts more than ten minutes after everything before it had ended. So whether a session begins one depends
on the ends of all earlier sessions of the room, and on nothing else.

A session whose end nobody reported counts until the last that was heard of it, for a day at most: then only sessions
of the day before matter, and what is cut does not depend on how far one looks back.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

GAP = 10 * 60_000
LONGEST_UNENDED = 24 * 3_600_000


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """One session: `start` in ms, its id, and its end in ms if somebody reported it."""

    start: int
    id: str
    end: int | None = None


def conferences(spans: Iterable[Span], start: int, end: int, last_heard: Callable[[Span], int]) -> list[list[Span]]:
    """The conferences that begin in the window `[start, end)` (ms), each with its sessions in order.

    `last_heard` tells until when a session was heard of whose end nobody reported; it is asked only where that decides
    something, for it costs requests.
    """
    found: list[list[Span]] = []
    reach, unended = -LONGEST_UNENDED, list[Span]()
    for span in sorted(spans):
        if span.start >= start:
            apart = span.start > reach + GAP
            while apart and unended:
                reach = max(reach, _reach(unended.pop(), span, last_heard))
                apart = span.start > reach + GAP
            if apart and span.start >= end:
                break
            if apart:
                found.append([span])
            elif found:
                found[-1].append(span)
        if span.end is None:
            unended.append(span)
        else:
            reach = max(reach, span.end)
        reach = max(reach, span.start)
    return found


def _reach(unended: Span, next_: Span, last_heard: Callable[[Span], int]) -> int:
    """How far a session without an end reaches; not asked about where it cannot reach as far as the next one."""
    if unended.start + LONGEST_UNENDED + GAP < next_.start:
        return unended.start
    return until(unended, last_heard)


def until(span: Span, last_heard: Callable[[Span], int]) -> int:
    """When a session ended, as far as that is known."""
    if span.end is not None:
        return span.end
    return min(max(last_heard(span), span.start), span.start + LONGEST_UNENDED)
