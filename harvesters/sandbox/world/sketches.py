"""What calls of each kind are like, and how many there are of each."""

from dataclasses import dataclass

from harvesters.sandbox.world.calls import Kind


@dataclass(frozen=True, slots=True)
class Sketch:
    """What calls of one kind have in common; pairs are the least and the most.

    Attributes:
        share: of the calls of a working day, in percent; `weekend` likewise.
        hosts: people who belong to the place (a doctor, a teacher, presenters); they always send.
        guests: the others.
        sending: share of the guests who send.
        minutes: length.
        hours: when it begins, UTC.
        screen: how often the first host shares a screen.
        rooms: so many calls a day share a room and its people; 0 for a room of its own each time.
    """

    share: int
    weekend: int
    hosts: tuple[int, int]
    guests: tuple[int, int]
    sending: float
    minutes: tuple[int, int]
    hours: tuple[int, int]
    screen: float
    rooms: int = 0


SKETCHES = {
    Kind.CLINIC: Sketch(38, 60, (1, 1), (1, 1), 1.0, (8, 30), (7, 17), 0.0),
    Kind.MEETING: Sketch(27, 15, (1, 1), (2, 7), 0.9, (20, 60), (7, 17), 0.35),
    Kind.SUPPORT: Sketch(20, 20, (1, 1), (1, 1), 0.8, (5, 25), (6, 20), 0.25),
    Kind.LESSON: Sketch(4, 0, (1, 1), (24, 30), 0.25, (40, 50), (7, 14), 0.8, rooms=20),
    Kind.WEBINAR: Sketch(1, 5, (2, 3), (20, 60), 0.0, (30, 60), (9, 19), 1.0),
    Kind.STANDUP: Sketch(10, 0, (1, 1), (3, 8), 1.0, (8, 18), (8, 9), 0.1),
}
LATE_SHARE = 0.02
"""How many calls begin in the last half hour of the day and go on over midnight."""
