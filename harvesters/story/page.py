"""The story of a call as lines for a terminal."""

from collections.abc import Iterator

from harvesters.core.accounts import DEFAULT
from harvesters.core.words import many
from harvesters.story.documents import OfConference, ms
from harvesters.story.drawing import streams
from harvesters.story.issues import affected, issues
from harvesters.story.people import Person
from harvesters.story.stays import details
from harvesters.story.story import Story
from harvesters.story.text import Line, joined, short, wrapped
from harvesters.story.timeline import Frame, timeline
from harvesters.story.words import NO_VERDICT, clock, date, flags, long

FEW = 12
"""So many people are told of one by one; of more only those with trouble."""
NAME = 60
NOTHING_MEASURED = "No measurements: this call cannot be judged."
NOBODY_JUDGED = "Nobody judged this call when it was loaded: load its day again with replay."


def page(told: Story, width: int, most_people: int) -> Iterator[Line]:
    """All of it; `most_people`: so many have a bar."""
    yield from _header(told, width)
    yield from _verdict(told, width)
    frame = Frame.of(told, width)
    yield from _people(told, frame, width, most_people)
    yield from _streams(told, frame, width)
    yield from issues(told, width)


def _title(text: str) -> Iterator[Line]:
    yield Line()
    yield Line.of(text, "bold")


def _header(told: Story, width: int) -> Iterator[Line]:
    name = f' "{short(told.call.name, NAME)}"' if told.call.name else ""
    yield from (Line.of(text, "bold") for text in wrapped(f"{told.vendor} call{name}", width))
    for text in (_when(told), _who(told)):
        yield from (Line.of(each) for each in wrapped(text, width))
    for what, id_ in (("id", told.call.id), ("vendor's id", told.call.vendor_id), ("room", told.call.parent_id)):
        if id_:
            yield from (Line.of(each, "dim") for each in wrapped(f"{what} {short(id_, 4 * width)}", width))
    for text in _cautions(told):
        yield from (Line.of(each, "yellow") for each in wrapped(f"Mind: {text}", width))


def _when(told: Story) -> str:
    start, end = ms(told.call.start), ms(told.call.end)
    if start is None:
        return f"{date(told.start)}; when it began is not known"
    if end is None:
        return f"{date(start)}, from {clock(start)} UTC; its end is not known"
    last = clock(end) if date(start) == date(end) else f"{clock(end)} on {date(end)}"
    return f"{date(start)}, {clock(start)} to {last} UTC ({long((end - start) / 1000)})"


def _who(told: Story) -> str:
    """`2 participants in 3 stays, host Ann; account 46204972`."""
    named = f" ({short(told.account.name, NAME)})" if told.account.name != DEFAULT else ""
    account = f"account {short(told.account.id, NAME)}{named}"
    people = ", ".join(_counted(told.document.vconf)) if told.document else ""
    return f"{people}; {account}" if people else account


def _counted(call: OfConference) -> Iterator[str]:
    counted, host = call.participants, call.host.name or call.host.email
    if counted.unique is not None:
        stays = "" if counted.count in {None, counted.unique} else f" in {many(counted.count or 0, 'stay')}"
        yield f"{many(counted.unique, 'participant')}{stays}"
    if counted.peak is not None and counted.peak != counted.unique:
        yield f"at most {counted.peak:,} at once"
    if host:
        yield f"host {short(host, NAME)}"
    if call.topology:
        yield short(call.topology, NAME)


def _cautions(told: Story) -> Iterator[str]:
    """What is missing or guessed."""
    found = told.document.vconf.flags if told.document else ()
    if told.document is None:
        yield "the vendor tells of no call here, only of what befell it."
    yield from (f"{text}." for text in flags(each for each in found if each != "end_missing"))
    if told.day and not told.day.whole:
        state = told.day.state or "not whole"
        yield f"{told.day.day} is {state}: some of that day is missing, perhaps of this call too."
    elif told.day and not told.day.settled:
        yield f"{told.day.day} is not settled yet: the vendor may still add to it."


def _verdict(told: Story, width: int) -> Iterator[Line]:
    verdict = told.verdict
    yield from _title("What was wrong" if verdict.code not in {*NO_VERDICT, "fine"} else "Verdict")
    if told.document and verdict.code is None:
        yield from (Line.of(each, "yellow") for each in wrapped(NOBODY_JUDGED, width, "  "))
    elif verdict.code in NO_VERDICT:
        yield from (Line.of(each, "yellow") for each in wrapped(NOTHING_MEASURED, width, "  "))
    style = "green" if verdict.code == "fine" else ""
    yield from (Line.of(each, style) for each in wrapped(verdict.text, width, "  "))
    for text in affected(told):
        yield from (Line.of(each) for each in wrapped(text, width, "  "))


def _people(told: Story, frame: Frame, width: int, most: int) -> Iterator[Line]:
    yield from _title("Who was there (UTC)")
    if not told.people:
        yield Line.of("  The vendor names nobody.")
        return
    shown = told.people
    if len(shown) > most:
        chosen = sorted(shown, key=lambda each: (not _notable(told, each), each.worst))[:most]
        shown = [each for each in shown if each in chosen]
    for person, line in timeline(told, frame, shown):
        yield line
        if person and (len(shown) <= FEW or _notable(told, person)):
            yield from details(person, width)
    if left := len(told.people) - len(shown):
        yield Line.of(f"  and {left:,} more without trouble of their own; --people {len(told.people)} shows all", "dim")


def _notable(told: Story, person: Person) -> bool:
    """Whether there is more to tell of somebody than that it went well."""
    stays = [each.vconf.participant for each in person.stays]
    return (
        person.worst == 0
        or any(each.id in told.befallen for each in stays)
        or any(each.dropped or each.rejoin for each in stays)
        or any(each.event.id == told.pointed for each in person.stays)
    )


def _streams(told: Story, frame: Frame, width: int) -> Iterator[Line]:
    yield from _title("Worst streams")
    yield from (Line.of(each) for each in wrapped(_summed(told), width, "  "))
    yield from streams(told, frame, width)


def _summed(told: Story) -> str:
    judged = {label: number for label, number in told.labels.items() if label != "unknown"}
    if not told.streams:
        return "No streams were told of."
    if not judged:
        return f"None of {many(told.streams, 'stream')} could be judged."
    each = joined([f"{judged[label]:,} {label}" for label in ("poor", "fair", "good") if label in judged])
    none = "" if any(each.troubled for each in told.worst) else " The worst of them:" if told.worst else ""
    return f"{many(told.streams, 'stream')}; of their audio and video that could be judged: {each}.{none}"
