"""The six numbers at the top, each with its n and against the days before, and the sentence that sums them up."""

from collections.abc import Callable
from dataclasses import dataclass

from harvesters.core.words import many
from harvesters.overview import words
from harvesters.overview.counts import Share, Sum
from harvesters.overview.tally import Tally, Usage

BETTER, WORSE, NEITHER = "better", "worse", ""
TARGET_PCT = 3.0
"""Poor streams to stay below, by Microsoft's advice for all calls."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: what it is, how much, what it rests on, how it changed, and whether that is good."""

    title: str
    value: str
    basis: str
    change: str
    trend: str = NEITHER

    @property
    def told(self) -> bool:
        """Whether there is a number at all."""
        return self.value != words.UNTOLD


def figures(now: Tally, then: Tally) -> list[Figure]:
    """The six numbers; `then` are the days before."""
    before = words.before(now.period)
    there = bool(then.all.conferences)
    calls = _counted(float(now.all.conferences), float(then.all.conferences) if there else None, before)
    return [
        Figure("Conferences", words.number(now.all.conferences), _joins(now.all), calls),
        _sum("People", now, then, lambda usage: usage.people, "each counted once a conference"),
        _sum("Participant minutes", now, then, lambda usage: usage.minutes, "from join to leave"),
        _rate("Poor streams", now.all.labels.poor_share, then.all.labels.poor_share, before, "streams judged"),
        _rate(
            "Trouble connecting", now.reliability.trouble, then.reliability.trouble, before,
            "joins where the vendor tells",
        ),
        _rate(
            "Cut off", now.reliability.dropped.share, then.reliability.dropped.share, before,
            "joins whose end is known",
        ),
    ]  # fmt: skip


def _joins(usage: Usage) -> str:
    return f"with {many(usage.joins, 'join')}"


def _sum(title: str, now: Tally, then: Tally, of: Callable[[Usage], Sum], basis: str) -> Figure:
    """A sum over the conferences that told it."""
    mine, theirs = of(now.all), of(then.all)
    lacking = mine.of - mine.told
    said = f"{basis}; not told for {many(lacking, 'conference')}" if lacking and mine.told else basis
    change = _counted(
        mine.total if mine.told else None, theirs.total if theirs.told else None, words.before(now.period)
    )
    return Figure(title, words.summed(mine), said if mine.told else "the vendor does not tell", change)


def _total(each: Sum) -> float | None:
    return each.total if each.told else None


def _counted(now: float | None, then: float | None, before: str) -> str:
    """How an amount changed: more is neither better nor worse."""
    if now is None:
        return ""
    if not then:
        return f"nothing to compare with {before}"
    return f"{100 * (now - then) / then:+.0f} % against {words.number(then)} {before}".replace("-", "\u2212")


def _rate(title: str, now: Share, then: Share, before: str, basis: str) -> Figure:
    """A share of which less is better; a difference that may be chance is none."""
    if now.percent is None:
        return Figure(title, words.UNTOLD, "the vendor does not tell", "")
    said = f"{words.number(now.part)} of {words.number(now.of)} {basis}"
    if then.percent is None:
        return Figure(title, words.percent(now), said, f"nothing to compare with {before}")
    was = f"{words.percent(then)} of {words.number(then.of)} {before}"
    if not (now.enough and then.enough):
        return Figure(title, words.percent(now), said, f"too few to compare with {was}")
    if not now.differs(then):
        return Figure(title, words.percent(now), said, f"about the same: {was}")
    points = now.percent - then.percent
    text = f"{points:+.1f} points against {was}".replace("-", "\u2212", 1)
    return Figure(title, words.percent(now), said, text, WORSE if points > 0 else BETTER)


def headline(now: Tally, then: Tally) -> str:
    """The days in a sentence or two."""
    poor = now.all.labels.poor_share
    people = f" with {words.summed(now.all.people)} people" if now.all.people.told else ""
    first = f"{many(now.all.conferences, 'conference')}{people}."
    if poor.percent is None:
        return f"{first} Nothing could be judged: no measurements came that tell of quality."
    return f"{first} {words.percent(poor)} of the streams were poor{_most_often(now)}{_against(poor, then, now)}."


def _most_often(now: Tally) -> str:
    top = sorted(now.reasons.items(), key=lambda each: (-each[1], each[0]))[:1]
    return "".join(f", most often by {words.reason(code)}" for code, _ in top)


def _against(poor: Share, then: Tally, now: Tally) -> str:
    was = then.all.labels.poor_share
    if was.percent is None or poor.percent is None or not poor.differs(was):
        return ""
    more = "more" if poor.percent > was.percent else "fewer"
    return f": {more} than {words.before(now.period)}, when it was {words.percent(was)}"
