"""How somebody was there: when, with what, from where, and what was received and sent."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

from harvesters.core.quality_fields import MEDIA
from harvesters.core.words import many
from harvesters.story.documents import ParticipantDocument, ms
from harvesters.story.people import SIDES, Person, end_of
from harvesters.story.text import Line, Span, cells, joined, short, wrapped
from harvesters.story.words import COLOURS, clock, long, reasons

INDENT = "    "
MOST_STAYS = 4
NAME, REASON = 60, 100


def details(person: Person, width: int) -> Iterator[Line]:
    """When, how it ended, with what, from where; then what was received and sent."""
    whens = [stay(each) for each in person.stays[:MOST_STAYS]]
    left = len(person.stays) - MOST_STAYS
    when = joined([*whens, *([f"{many(left, 'more stay')}"] if left > 0 else [])], "then")
    for text in (when, equipment(person.stays)):
        yield from (Line.of(each, "dim") for each in wrapped(text, width, INDENT))
    yield from quality(person, width, INDENT)


def quality(person: Person, width: int, indent: str) -> Iterator[Line]:
    """What was received and sent, on one line where both fit."""
    sides = [media for side in SIDES if (media := _side(person, side))]
    room = width - len(indent)
    lines = [together] if (together := _all(map(_all, sides, repeat(", ")), "; ")) and _length(together) <= room else []
    for media in sides if not lines else ():
        lines += [whole] if _length(whole := _all(media, ", ")) <= room else media
    yield from (Line([Span(indent), *spans]) for spans in lines)


def _side(person: Person, side: str) -> list[list[Span]]:
    """`received audio poor (packet loss)`, `video fair`."""
    media: list[list[Span]] = []
    for medium in MEDIA:
        if label := person.label(side, medium):
            spans = [Span(f"{'' if media else f'{side} '}{medium} "), Span(judged(label), COLOURS.get(label, "dim"))]
            if label in {"poor", "fair"} and (why := reasons(person.due_to(side, medium))):
                spans.append(Span(f" ({joined(why)})"))
            media.append(spans)
    return media


def _all(groups: Iterable[list[Span]], between: str) -> list[Span]:
    """Groups of spans as one, with something between them."""
    found: list[Span] = []
    for each in groups:
        found += [Span(between), *each] if found else each
    return found


def _length(spans: Iterable[Span]) -> int:
    return sum(cells(each.text) for each in spans)


def judged(label: str) -> str:
    """A label as one says it."""
    return "not judged" if label == "unknown" else label


def stay(each: ParticipantDocument) -> str:
    """`15:45:10 to 16:10:10 (25 min)`, and how it ended."""
    told, start, end = each.vconf.participant, ms(each.event.start), end_of(each)
    first = "an unknown start" if start is None else clock(start)
    said = f"{first} to {'an unknown end' if end is None else clock(end)}"
    if told.duration_s is not None:
        said += f" ({long(told.duration_s)})"
    elif end is not None and start is not None:
        said += " (waited, and was not let in)"
    said += ", cut off" if told.dropped else ""
    said += f' ("{short(told.leave_reason, REASON)}")' if told.leave_reason else ""
    return f"back {said}" if told.rejoin else said


def equipment(stays: Sequence[ParticipantDocument]) -> str:
    """What somebody called with, and from where; what is the same in several stays once."""
    return "; ".join(dict.fromkeys(text for each in stays if (text := _equipment(each))))


def _equipment(each: ParticipantDocument) -> str:
    agent, program, geo = each.user_agent, each.vconf.client, each.client.geo
    own = _versioned(agent.name, agent.version) or _versioned(program.sdk.name, program.version or program.sdk.version)
    system = _versioned(agent.os.name, agent.os.version)
    place = ", ".join(filter(None, (geo.city_name, geo.country_iso_code)))
    what = " on ".join(filter(None, (own, system))) or program.kind
    line = (each.network.type, each.network.transport, place, each.client.as_.organization.name)
    return ", ".join(short(part, NAME) for part in (what, *line, each.vconf.participant.role) if part)


def _versioned(name: str | None, version: str | None) -> str:
    """`Chrome 150`: of a long version the first number."""
    first = (version or "").partition(".")[0] if (version or "").count(".") > 1 else version or ""
    return f"{name} {first}".rstrip() if name else ""
