"""What one person lived through: every stay, newest first, with totals."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from harvesters.core.errors import DestinationError
from harvesters.core.words import many
from harvesters.story.documents import ParticipantDocument, ms
from harvesters.story.people import Person
from harvesters.story.stays import equipment, quality
from harvesters.story.text import Line, joined, short, wrapped
from harvesters.story.words import clock, long

NAME = 60
_participant = msgspec.json.Decoder(ParticipantDocument).decode


@dataclass(frozen=True)
class History:
    """The stays of whoever is called `who`, newest first, from the first day to the last, both ISO.

    `sources` are the documents of `stays`, in their order.
    """

    who: str
    first: str
    last: str
    stays: Sequence[ParticipantDocument]
    sources: Sequence[bytes]

    def calls(self) -> dict[str, int]:
        """By id of the call how it went: the least of its stays' `Person.worst`."""
        found: dict[str, int] = {}
        for each in self.stays:
            id_ = each.vconf.conference.id
            found[id_] = min(found.get(id_, len(self.stays) + 9), Person("", [each]).worst)
        return found


def history(who: str, days: tuple[str, str], sources: Iterable[bytes]) -> History:
    """Of the participant documents of one person, in any order.

    Raises:
        DestinationError: one is none of ours.
    """
    try:
        both = [(_participant(each), each) for each in sources]
    except msgspec.MsgspecError as error:
        message = f"a participant document cannot be read ({error}): load its day again with './harvest.py replay'."
        raise DestinationError(message) from error
    both.sort(key=lambda each: (each[0].at, each[0].event.id), reverse=True)
    return History(who, *days, [each for each, _ in both], [source for _, source in both])


def page(told: History, width: int) -> Iterator[Line]:
    """The totals, what was used, and each stay."""
    names = dict.fromkeys(name for each in told.stays for name in _names(each))
    yield from (Line.of(text, "bold") for text in wrapped(joined([short(each, NAME) for each in names]), width))
    yield from (Line.of(text) for text in wrapped(_totals(told), width))
    yield Line()
    yield Line.of("With what", "bold")
    for text in _used(told):
        yield from (Line.of(each) for each in wrapped(text, width, "  "))
    yield Line()
    yield Line.of("Calls, newest first (UTC)", "bold")
    for each in told.stays:
        yield from _stay(each, width)


def _names(each: ParticipantDocument) -> Iterator[str]:
    user = each.user
    yield from (told for told in (user.full_name, user.email, user.id or user.hash) if told)


def _totals(told: History) -> str:
    """`12 calls from 2026-11-01 to 2026-11-30: 3 poor, 7 good or fair, 2 not judged.`."""
    how = Counter(told.calls().values())
    poor, unjudged = how[0], how[3]
    parts = [f"{poor:,} poor", f"{how.total() - poor - unjudged:,} good or fair", f"{unjudged:,} not judged"]
    back = sum(bool(each.vconf.participant.rejoin) for each in told.stays)
    cut_off = sum(bool(each.vconf.participant.dropped) for each in told.stays)
    said = f"{many(how.total(), 'call')} from {told.first} to {told.last}: {', '.join(parts)}"
    said += f"; cut off {many(cut_off, 'time')}" if cut_off else ""
    return said + (f"; came back {many(back, 'time')}" if back else "") + "."


def _used(told: History) -> Iterator[str]:
    """Each way of being there, and how often it was poor."""
    often, poor = Counter[str](), Counter[str]()
    for each in told.stays:
        text = equipment([each]) or "not known"
        often[text] += 1
        poor[text] += Person("", [each]).worst == 0
    for text, number in sorted(often.items(), key=lambda each: (-each[1], each[0])):
        yield f"{text}: {many(number, 'stay')}, {poor[text]:,} poor"


def _stay(each: ParticipantDocument, width: int) -> Iterator[Line]:
    """When and how long in which call, the id to type, and how it was."""
    start, told, call = ms(each.at), each.vconf.participant, each.vconf.conference
    when = f"{each.at[:10]} {clock(start or 0, seconds=False)}"
    lasted = "length unknown" if told.duration_s is None else long(told.duration_s)
    extra = [text for flag, text in ((told.dropped, "cut off"), (told.rejoin, "came back")) if flag]
    named = f' "{short(call.name, NAME)}"' if call.name else ""
    yield Line.of("  ").add(f"{when}  {', '.join([lasted, *extra])}", "bold").add(named)
    yield Line.of(f"    explain {each.vconf.vendor} {call.id}", "dim")
    yield from quality(Person("", [each]), width, "    ")


def as_json(told: History) -> dict[str, object]:
    """Totals, and the participant documents newest first."""
    how = Counter(told.calls().values())
    return {
        "person": told.who,
        "from": told.first,
        "to": told.last,
        "calls": how.total(),
        "poor": how[0],
        "not_judged": how[3],
        "participants": [msgspec.Raw(each) for each in told.sources],
    }
