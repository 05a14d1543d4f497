"""The worst streams on a terminal: whose, how poor, due to what, and a small chart of the measure that made them so."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from harvesters.story.documents import SCORE
from harvesters.story.ranking import LOW_IS_BAD, Ranked
from harvesters.story.series import Column, filled
from harvesters.story.stays import judged
from harvesters.story.story import Story
from harvesters.story.text import Line, Span, joined, merged, wrapped
from harvesters.story.timeline import Frame
from harvesters.story.words import COLOURS, MEASURES, amount, long, reasons

STEPS = " ▁▂▃▄▅▆▇█"
FIGURES = ("loss_pct", "latency_ms", "rtt_ms", "jitter_ms", "freeze_pct")
"""Of which the mean and what is nearly the worst are told; of the others the mean."""
MEANS = ("bitrate_kbps", "fps")
BAD_LABELS = frozenset({"poor", "fair"})
NOBODY = "somebody"


def streams(told: Story, frame: Frame, width: int) -> Iterator[Line]:
    """Each of the worst streams in a few lines."""
    names = told.names
    for number, each in enumerate(told.worst, 1):
        yield from _head(number, each, names, width)
        yield from (Line.of(text, "dim") for text in wrapped(_figures(each), width, "     "))
        if each.points:
            yield from _chart(each, frame)


def _head(number: int, each: Ranked, names: Mapping[str | None, str], width: int) -> Iterator[Line]:
    """`1. audio received by Ben from Ann: poor by packet loss, for 5 min 10 s of 24 min (21 %)`."""
    label = judged(each.block.label)
    first, *more = wrapped(f"{whose(each, names)}: {label}{_why(each)}{_poor(each)}", width - 3)
    before, sign, after = first.partition(f": {label}")
    style = COLOURS.get(label, "")
    line = Line([Span(f"{number:>2} ", "dim"), Span(before, "bold")])
    yield line.add(sign[:2]).add(sign[2:], style).add(after)
    yield from (Line.of("   " + text) for text in more)


def whose(each: Ranked, names: Mapping[str | None, str]) -> str:
    """`audio received by Ben from Ann`."""
    way = each.document.vconf.stream
    name = names.get(each.document.vconf.participant.id, NOBODY)
    peer = names.get(way.peer_participant_id) if way.peer_participant_id else None
    if way.direction == "received":
        return f"{each.medium} received by {name}" + (f" from {peer}" if peer else "")
    return f"{each.medium} sent by {name}" + (f" to {peer}" if peer else "")


def _why(each: Ranked) -> str:
    named = joined(reasons(each.block.poor_due_to))
    return f"{' by' if each.block.label in BAD_LABELS else ', but with'} {named}" if named else ""


def _poor(each: Ranked) -> str:
    block = each.block
    if not block.poor_s:
        return ""
    return f"; {long(block.poor_s)} of {long(block.scored_s)} were poor ({block.poor_pct or 0:.0f} %)"


def _figures(each: Ranked) -> str:
    """The score and the measures, mean and what is nearly the worst."""
    block, parts = each.block, []
    name = SCORE.get(each.medium)
    if name and (score := block.figure(name)):
        parts.append(f"{MEASURES[name][0]} {amount(score.avg, name)}, at worst {amount(score.min, name)}")
    parts += [
        f"{MEASURES[measure][0]} {amount(figure.avg, measure)} (p95 {amount(figure.p95, measure)})"
        for measure in FIGURES
        if (figure := block.figure(measure)) and figure.max
    ]
    parts += [amount(figure.avg, measure) for measure in MEANS if (figure := block.figure(measure))]
    if block.width and block.height:
        parts.append(f"{block.width} x {block.height}")
    return "; ".join(parts)


def _chart(each: Ranked, frame: Frame) -> Iterator[Line]:
    """The measure over the time of the call, under its time-line, and below it what the heights mean."""
    measure, limit = each.measure, each.limit
    found = filled(each.points, frame.start, frame.end, frame.width)
    values = [value for _, value in each.points]
    bound = limit if limit is not None and isfinite(limit) else None
    label, unit = MEASURES[measure]
    yield frame.row(f"{label} {unit}".rstrip(), _spark(found, measure, max(*values, bound or 0.0), bound), "dim")
    said = f"{amount(min(values), measure)} to {amount(max(values), measure)}"
    if bound is not None:
        said += f"; the limit is {amount(bound, measure)}"
    yield frame.row("", [Span(said, "dim")])


def _spark(found: Sequence[Column | None], measure: str, top: float, limit: float | None) -> list[Span]:
    """A block for each column, of its worst value, red beyond the limit."""
    low = measure in LOW_IS_BAD
    drawn: list[Span] = []
    for each in found:
        if each is None:
            drawn.append(Span(" "))
            continue
        value = each.min if low else each.max
        beyond = limit is not None and (value < limit if low else value > limit)
        drawn.append(Span(STEPS[_height(value, top)], "red" if beyond else "green" if limit is not None else "cyan"))
    return merged(drawn)


def _height(value: float, top: float) -> int:
    """1 to 8: what was measured is always seen, be it nothing."""
    return 1 if top <= 0 else max(1, min(8, 1 + round(7 * max(0.0, value) / top)))
