"""Who was there when: a bar for each person, under a clock, as wide as the screen allows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harvesters.story.documents import IssueDocument, ms
from harvesters.story.people import Person, end_of
from harvesters.story.story import Story
from harvesters.story.text import Line, Span, cells, merged, padded
from harvesters.story.words import clock

HERE, WAITING, TROUBLE = "█", "░", "▓"
LABELS = ("red", "yellow", "green", "dim")
SHORT_MS = 20 * 60_000
MARGIN = 2
Stretch = tuple[int, int, Span]
"""From when to when, ms since 1970, and what it looks like."""
LEAST_NAME, MOST_NAME = 8, 24


@dataclass(frozen=True, slots=True)
class Frame:
    """How time is drawn: a column of names, then `width` columns of time from `start` to `end` (ms since 1970)."""

    start: int
    end: int
    name: int
    width: int

    @classmethod
    def of(cls, told: Story, screen: int) -> "Frame":
        """As large as the names need and the screen allows."""
        longest = max((cells(each.name) for each in told.people), default=0)
        name = max(LEAST_NAME, min(longest, MOST_NAME, screen // 3))
        return cls(told.start, told.end, name, max(1, screen - MARGIN - name - 1))

    def columns(self, start: int, end: int) -> range:
        """The columns that a stretch of time touches: always one at least, and none outside."""
        first, last = self._column(start), self._column(max(start, end - 1))
        return range(first, last + 1)

    def _column(self, at: int) -> int:
        return min(self.width - 1, max(0, (at - self.start) * self.width // (self.end - self.start)))

    def row(self, name: str, drawn: Iterable[Span], style: str = "") -> Line:
        """A name and what is drawn beside it."""
        return Line([Span(" " * MARGIN + padded(name, self.name) + " ", style), *drawn])

    def axis(self) -> Line:
        """When it began and when it ended, and a time in the middle where there is room."""
        exact = self.end - self.start < SHORT_MS
        first, last = (clock(at, seconds=exact) for at in (self.start, self.end))
        middle = clock((self.start + self.end) // 2, seconds=exact)
        room = self.width - len(first) - len(last)
        if room < 1:
            return self.row("", [Span(first, "dim")])
        text = middle.center(room) if room > len(middle) + 4 else " " * room
        return self.row("", [Span(first + text + last, "dim")])


def timeline(told: Story, frame: Frame, shown: Sequence[Person]) -> Iterator[tuple[Person | None, Line]]:
    """The lines, each with whom it is of."""
    yield None, frame.axis()
    if spans := [_time(each) for each in told.troubles]:
        yield None, frame.row("trouble", _drawn(frame, spans), "dim")
    for person in shown:
        pointed = any(each.event.id == told.pointed for each in person.stays)
        bar = _drawn(frame, [*_presence(person, frame), *_own(told, person)])
        yield person, frame.row(person.name, bar, "bold" if pointed else "")


def _time(issue: IssueDocument) -> Stretch:
    """From when to when it was: an instant where it has no end."""
    start, end = ms(issue.vconf.issue.start) or ms(issue.at) or 0, ms(issue.vconf.issue.end)
    return start, start + 1 if end is None else end, Span(TROUBLE, "red")


def _own(told: Story, person: Person) -> Iterator[Stretch]:
    """What befell one person."""
    stays = {each.vconf.participant.id for each in person.stays}
    yield from (_time(each) for each in told.troubles if each.vconf.participant.id in stays)


def _presence(person: Person, frame: Frame) -> Iterator[Stretch]:
    """Where somebody was there, or waited; without an end until the call's."""
    for each in person.stays:
        start, end = ms(each.at), end_of(each)
        if start is not None:
            waited = each.vconf.participant.duration_s is None and end is not None
            shown = Span(WAITING, "dim") if waited else Span(HERE, LABELS[person.worst])
            yield start, frame.end if end is None else end, shown


def _drawn(frame: Frame, stretches: Iterable[Stretch]) -> list[Span]:
    """Stretches of time in columns; of two in one column the later one is seen."""
    row = [Span(" ")] * frame.width
    for start, end, sign in stretches:
        for column in frame.columns(start, end):
            row[column] = sign
    return merged(row)
