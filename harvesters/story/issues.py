"""What went wrong, by whom it was found and when, and whom it befell."""

from collections.abc import Iterator, Mapping, Sequence

from harvesters.core.words import many
from harvesters.story.documents import IssueDocument, ms
from harvesters.story.story import RULE, Story
from harvesters.story.text import Line, joined, short, wrapped
from harvesters.story.words import COLOURS, clock, code

MOST, MOST_NAMED = 5, 4
NAME, EXPLANATION = 40, 300
Group = tuple[str, str, str]


def issues(told: Story, width: int) -> Iterator[Line]:
    """Every kind of issue, worst first, with some of each."""
    if not told.issues:
        return
    yield Line()
    yield Line.of("Issues", "bold")
    groups: dict[Group, list[IssueDocument]] = {}
    for each in told.issues:
        issue = each.vconf.issue
        groups.setdefault((issue.severity, issue.source, issue.code), []).append(each)
    for kind, found in groups.items():
        yield from _group(kind, found, told, width)


def _group(kind: Group, found: Sequence[IssueDocument], told: Story, width: int) -> Iterator[Line]:
    severity, source, name = kind
    said = "by our rules" if source == RULE else "by the vendor" if source == "vendor" else source
    yield (
        Line.of("  ")
        .add(short(code(name), NAME), COLOURS.get(severity, ""))
        .add(f", {severity} {said}" + (f", {many(len(found), 'time')}" if len(found) > 1 else ""), "dim")
    )
    names, texts = told.names, {each.vconf.issue.explanation for each in found}
    alike = len(texts) == 1 and len(found) > 1
    if alike:
        yield from (Line.of(text) for text in wrapped(short(texts.pop(), EXPLANATION), width, "    "))
    for each in found[:MOST]:
        style = "bold" if told.pointed == each.event.id else ""
        text = _one(each, names, explained=not alike)
        yield from (Line.of(line, style) for line in wrapped(text, width, "    "))
    if (left := len(found) - MOST) > 0:
        yield Line.of(f"    and {left:,} more", "dim")


def _one(each: IssueDocument, names: Mapping[str | None, str], *, explained: bool) -> str:
    """`15:57:43 to 16:03:17 Ben: Audio received was poor for 310 of 1445 seconds`."""
    issue = each.vconf.issue
    start, end = ms(issue.start), ms(issue.end)
    when = "at an unknown time" if start is None else clock(start)
    when += f" to {clock(end)}" if end is not None and end != start else ""
    who = short(names.get(each.vconf.participant.id, ""), NAME)
    what = short(issue.explanation, EXPLANATION) if explained else ""
    return " ".join(filter(None, (when, f"{who}:" if who and what else who, what)))


def affected(told: Story) -> Iterator[str]:
    """Whom it befell, and who sent it where it lay on that side: what a verdict does not say, for it names nobody."""
    names = told.names
    by_end: dict[str, dict[str, None]] = {}
    for each in told.troubles:
        if name := names.get(each.vconf.participant.id):
            end = each.vconf.issue.code.rpartition("_")[2]
            by_end.setdefault(end, {})[name] = None
    for end, text in (("received", "Received poorly"), ("sent", "Sent poorly"), ("dropped", "Cut off")):
        if end in by_end:
            yield f"{text}: {_named(list(by_end[end]))}."
    if told.verdict.side == "sender" and "sent" not in by_end and (came := _senders(told)):
        yield f"It came from: {_named(came)}."


def _senders(told: Story) -> list[str]:
    """Who sent the worst of what was received."""
    names = told.names
    ways = [each.document.vconf.stream for each in told.worst if each.troubled]
    found = (names.get(way.peer_participant_id) for way in ways if way.direction == "received")
    return list(dict.fromkeys(name for name in found if name))


def _named(names: Sequence[str]) -> str:
    """Some of them, and how many there are more."""
    shown = [short(each, NAME) for each in names[:MOST_NAMED]]
    left = len(names) - len(shown)
    return joined([*shown, f"{left:,} more"] if left else shown)
