"""Several calls of one room or session, of which the user is to choose one."""

from collections.abc import Iterator, Sequence

import msgspec

from harvesters.core.words import many
from harvesters.story.documents import ConferenceDocument, ms
from harvesters.story.members import Conference
from harvesters.story.text import Line, short, wrapped
from harvesters.story.words import NO_VERDICT, clock, long

NAME, LONGEST_KEY = 40, 200
_document = msgspec.json.Decoder(ConferenceDocument).decode


class Found(msgspec.Struct):
    """One of the calls; what is not known of it is None. `start` and `end` are ISO, `verdict` is a code."""

    vendor: str
    account: str
    id: str
    vendor_id: str | None
    parent_id: str | None
    name: str | None
    start: str | None
    end: str | None
    duration_s: float | None
    participants: int | None
    verdict: str | None


def found(vendor: str, account: str, call: Conference, document: bytes | None) -> Found:
    """A call by its own document, or by what is known without one."""
    told = _document(document).vconf if document else None
    block = told.conference if told else call
    return Found(
        vendor=vendor,
        account=account,
        id=block.id,
        vendor_id=block.vendor_id,
        parent_id=block.parent_id,
        name=block.name,
        start=block.start,
        end=block.end,
        duration_s=block.duration_s,
        participants=told.participants.unique if told else None,
        verdict=told.verdict.code if told else None,
    )


def page(key: str, matches: Sequence[Found], more: int, width: int) -> Iterator[Line]:
    """The calls, newest first; `more` that are not shown."""
    number = len(matches) + more
    text = f"{many(number, 'call')} of '{short(key, LONGEST_KEY)}', newest first (UTC). Name one by its id."
    yield from (Line.of(each, "bold") for each in wrapped(text, width))
    yield Line()
    for each in matches:
        yield from _call(each, width)
    if more:
        yield Line.of(f"and {many(more, 'older call')}: narrow it with --from and --to, or --last", "dim")


def _call(each: Found, width: int) -> Iterator[Line]:
    start = ms(each.start)
    when = "start unknown   " if start is None else f"{(each.start or '')[:10]} {clock(start, seconds=False)}"
    lasted = "?" if each.duration_s is None else long(each.duration_s)
    people = "?" if each.participants is None else f"{each.participants:,}"
    verdict = each.verdict or "unjudged"
    style = "green" if verdict == "fine" else "dim" if each.verdict in NO_VERDICT else "yellow"
    line = Line.of(f"{when}  {lasted:>13} {people:>5} {'person' if each.participants == 1 else 'people'}  ")
    line.add(f"{verdict:12}", style)
    if each.name:
        line.add(f" {short(each.name, NAME)}")
    yield line
    yield from (Line.of(text, "dim") for text in wrapped(f"explain {each.vendor} {each.id}", width, " " * 18))


def as_json(matches: Sequence[Found], more: int = 0) -> dict[str, object]:
    """The calls, newest first, and how many older ones there are `more`."""
    return {"matches": list(matches), "more": more}
