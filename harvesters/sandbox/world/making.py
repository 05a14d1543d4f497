"""Makes one call: who comes, when they join and leave, what they send and receive."""

from collections.abc import Iterator
from random import Random

from harvesters.sandbox.world.calls import Call, Publication, Reception, Stay, Stretch, blended
from harvesters.sandbox.world.levels import Level
from harvesters.sandbox.world.lines import MINUTE, SECOND, Lines, lines_of
from harvesters.sandbox.world.sketches import Sketch

_LEAST = 3 * SECOND
_REJOINS, _MIC_ONLY, _CAMERA_OFF, _LATE = 0.05, 0.06, 0.15, 0.1


def furnish(random: Random, call: Call, sketch: Sketch, hosts: int) -> Call:
    """Fill an empty call with stays, streams and troubles; returns it."""
    lines = lines_of(random, call.people, call.start, call.end)
    call.troubles.extend(sorted(lines.troubles, key=lambda each: (each.start, each.person)))
    for place in range(len(call.people)):
        call.stays.extend(_stays(random, call, place, lines.drops.get(place)))
    sending = [place for place in range(len(call.people)) if place < hosts or random.random() < sketch.sending]
    off = {place: _camera_off(random, call) for place in sending if random.random() < _CAMERA_OFF}
    mics = {place for place in sending if random.random() < _MIC_ONLY}
    for number, stay in enumerate(call.stays):
        if stay.person in sending:
            kind = "mic" if stay.person in mics else "camera"
            _publish(random, call, number, kind, [*lines.up[stay.person], *off.get(stay.person, ())])
    if random.random() < sketch.screen:
        _share_screen(random, call, lines)
    call.receptions.extend(_receptions(random, call, lines))
    return call


def _stays(random: Random, call: Call, place: int, drop: int | None) -> Iterator[Stay]:
    """When a person is there: from about the start to about the end, with a gap after a drop or a break."""
    length = call.end - call.start
    late = random.uniform(0.05, 0.3) * length if random.random() < _LATE else random.uniform(0, min(length / 20, 90e3))
    start = call.start + (round(late) if place else 0)
    end = call.end - (random.randrange(1, max(2, min(length // 20, 60 * SECOND))) if place else 0)
    leaves, why, away = drop, "dropped", random.randint(8, 60) * SECOND
    if leaves is None and random.random() < _REJOINS and place:
        leaves, why, away = (
            start + round((end - start) * random.uniform(0.3, 0.6)),
            "left",
            random.randint(30, 240) * SECOND,
        )
    if leaves is None or leaves <= start + _LEAST:
        yield Stay(place, start, end, "over")
        return
    yield Stay(place, start, leaves, why)
    if leaves + away + _LEAST < end:
        yield Stay(place, leaves + away, end, "over")


def _camera_off(random: Random, call: Call) -> tuple[Stretch, ...]:
    """A time without a picture."""
    start = call.start + round((call.end - call.start) * random.uniform(0.2, 0.6))
    return (Stretch(start, start + random.randint(2, 15) * MINUTE, Level.GOOD, video=False),)


def _publish(random: Random, call: Call, number: int, kind: str, line: list[Stretch]) -> None:
    stay = call.stays[number]
    start = stay.start + random.randint(200, 1800)
    if start + _LEAST < stay.end:
        told = tuple(blended(start, stay.end, line))
        call.publications.append(Publication(number, kind, start, stay.end, told))


def _share_screen(random: Random, call: Call, lines: Lines) -> None:
    """The first host shows something for a while."""
    stay, length = call.stays[0], call.stays[0].end - call.stays[0].start
    start = stay.start + round(length * random.uniform(0.05, 0.3))
    end = stay.start + round(length * random.uniform(0.6, 0.95))
    if start + _LEAST < end:
        call.publications.append(Publication(0, "screen", start, end, tuple(blended(start, end, lines.up[0]))))


def _receptions(random: Random, call: Call, lines: Lines) -> Iterator[Reception]:
    """Everybody receives everybody else, as long as both are there."""
    for number, sent in enumerate(call.publications):
        sender = call.stays[sent.stay].person
        for place, stay in enumerate(call.stays):
            start = max(sent.start, stay.start) + random.randint(100, 900)
            end = min(sent.end, stay.end)
            if stay.person != sender and start + _LEAST < end:
                told = tuple(blended(start, end, sent.stretches, lines.down[stay.person]))
                yield Reception(place, number, start, end, told)
