"""The page of `status`: a calendar for each account, and below it what is not whole. Data, so it goes to stdout."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from textwrap import wrap
from typing import NamedTuple

from harvesters.commands.examples import program
from harvesters.core.day import Day
from harvesters.core.report import DEFERRED, EMPTY, FAILED, PARTIAL
from harvesters.core.words import length, many
from harvesters.watch.standing import FORGOTTEN, NEVER, Missing, Standing, name_of
from harvesters.watch.survey import Surveyed, Totals

WIDTH, MOST_NAMED = 80, 10
NUMBERED = (1, 5, 10, 15, 20, 25, 30)
KEPT = "|"


class Mark(NamedTuple):
    """How a day is drawn: a sign that needs no colour, the colour's code, and what it means."""

    sign: str
    colour: str
    meaning: str


WHOLE = Mark("■", "32", "complete")
OPEN = Mark("□", "32", "complete, may still change")
NOTHING = Mark("-", "36", "empty")
PARTLY = Mark("P", "33", "partial")
PUT_OFF = Mark("D", "33", "deferred")
BROKEN = Mark("F", "31", "failed")
OWED = Mark("L", "33", "fetched, not loaded")
LATE = Mark("S", "33", "not asked since it settled")
ABSENT = Mark("N", "31", "never harvested")
GONE = Mark("x", "31", "never, and the vendor forgot it")
BEFORE = Mark("·", "2", "before the first day")
MARKS = (WHOLE, OPEN, LATE, OWED, NOTHING, PARTLY, PUT_OFF, BROKEN, ABSENT, GONE, BEFORE)
_OF_STATE = {PARTIAL: PARTLY, DEFERRED: PUT_OFF, FAILED: BROKEN}


def mark(standing: Standing) -> Mark:
    """How a day is drawn."""
    if standing.state == NEVER:
        return ABSENT if standing.kept else GONE
    if standing.state in _OF_STATE:
        return _OF_STATE[standing.state]
    if standing.owed:
        return OWED
    if standing.late:
        return LATE
    if standing.state == EMPTY:
        return NOTHING
    return WHOLE if standing.settled else OPEN


def page(surveyed: Sequence[Surveyed], window: Sequence[Day], now: datetime, *, colour: bool) -> Iterator[str]:
    """The lines of the page; the last ones sum it up and say what to do."""
    used: set[Mark] = set()
    for each in surveyed:
        yield from _head(each)
        yield from _calendar(each, window, used, colour=colour)
        yield from map(_loaded, each.totals())
        yield from _expired(each)
        if each.earlier and each.account.configured:
            yield f"  {many(each.earlier, 'day')} before the first can still be had: catch-up takes them too"
        yield from _unwhole(each, now)
        yield ""
    yield from _legend(used, kept=any(window[0] < each.oldest_kept <= window[-1] for each in surveyed), colour=colour)
    yield ""
    for sentence in _summary(surveyed, now):
        yield from wrap(sentence, WIDTH, subsequent_indent="  ")


def _head(surveyed: Surveyed) -> Iterator[str]:
    account = surveyed.account
    name = " ".join(filter(None, (account.vendor, account.id, f"({account.name})")))
    kept = f"the vendor keeps {account.limits.retention.days} days, since {surveyed.oldest_kept}"
    first = "no day was harvested yet" if surveyed.first is None else ""
    alone = "" if account.configured else "not in the settings any more"
    yield name
    yield from wrap("; ".join(filter(None, (kept, first, alone))) + ".", WIDTH, initial_indent="  ")


def _calendar(surveyed: Surveyed, window: Sequence[Day], used: set[Mark], *, colour: bool) -> Iterator[str]:
    """A line for each month, a place for each day; those left of the bar the vendor has forgotten."""
    marks = dict.fromkeys(window, BEFORE) | {Day(date.fromisoformat(each.day)): mark(each) for each in surveyed.days}
    used.update(marks.values())
    yield " " * 9 + "".join(f"{number if number in NUMBERED else '':>2}" for number in range(1, 32)).rstrip()
    for month, days in groupby(window, key=lambda day: str(day)[:7]):
        cells = {day.date.day: _cell(marks[day], colour=colour) for day in days}
        edge = surveyed.oldest_kept.date.day if str(surveyed.oldest_kept).startswith(month) else 0
        line = "".join(
            (KEPT if number == edge else " ") + cells.get(number, " ") for number in range(1, max(cells) + 1)
        )
        yield f"  {month}{line}"


def _cell(each: Mark, *, colour: bool) -> str:
    return f"\x1b[{each.colour}m{each.sign}\x1b[0m" if colour else each.sign


def _loaded(totals: Totals) -> str:
    """What a destination has of the days, in one line."""
    parts = [f"{many(totals.loaded, 'day')} loaded"]
    parts += [f"{many(totals.owed, 'day')} owed {many(totals.records_owed, 'record')}"] if totals.owed else []
    parts += [f"{many(totals.removed, 'day')} removed on purpose"] if totals.removed else []
    parts += [f"{many(totals.without, 'day')} never loaded there"] if totals.without else []
    return f"  {totals.name}: {', '.join(parts)}"


def _expired(surveyed: Surveyed) -> Iterator[str]:
    """The days whose archive expired, in one line: they stay what they were."""
    days = [each.day for each in surveyed.days if each.expired]
    if days:
        stretch = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
        yield f"  archive: expired of {many(len(days), 'day')}, {stretch}; only --again fetches them anew"


def _unwhole(surveyed: Surveyed, now: datetime) -> Iterator[str]:
    """The days that are not whole, with what is missing; neighbours of which the same is to be said together."""
    unwhole = [each for each in surveyed.days if not each.whole]
    for some in _neighbours(unwhole):
        first, last = some[0], some[-1]
        days = first.day if first is last else f"{first.day} to {last.day}"
        yield f"  {days:<24}  {mark(first).meaning}" + ("" if mark(first) is GONE else f"; {left(first, now)}")
        if first.missing:
            is_ = "is" if len(first.missing) == 1 else "are"
            yield f"    {len(first.missing):,} of {many(first.listed, 'call')} {is_} missing"
        yield from _some([_call(call) for call in first.missing])
        yield from _some([_wrapped(reason) for reason in first.reasons if reason != FORGOTTEN])


def _call(call: Missing) -> list[str]:
    """A call with the reason; its id is never broken, for somebody may want to copy it."""
    reason = call.reason + (" (lost: it is not asked for again)" if call.state == "lost" else "")
    whole = f"      {call.key}: {reason}"
    return [whole] if len(whole) <= WIDTH else [f"      {call.key}", *_wrapped(reason, " " * 8)]


def _wrapped(sentence: str, indent: str = "    ") -> list[str]:
    return wrap(
        sentence, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _some(told: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first ones, and how many there are more."""
    for some in told[:MOST_NAMED]:
        yield from some
    if (more := len(told) - MOST_NAMED) > 0:
        yield f"      and {more:,} more, see --json"


def _neighbours(days: Iterable[Standing]) -> Iterator[list[Standing]]:
    """Stretches of days of which the same is to be said; a day with something of its own stays alone."""
    stretch: list[Standing] = []
    for each in days:
        if stretch and not _alike(stretch[-1], each):
            yield stretch
            stretch = []
        stretch.append(each)
    if stretch:
        yield stretch


def _alike(one: Standing, next_: Standing) -> bool:
    follows = date.fromisoformat(next_.day).toordinal() - date.fromisoformat(one.day).toordinal() == 1
    same = (mark(one), one.reasons, one.kept) == (mark(next_), next_.reasons, next_.kept)
    return follows and same and not (one.missing or next_.missing)


def left(standing: Standing, now: datetime) -> str:
    """How long the vendor still has the day."""
    seconds = (standing.kept_until - now).total_seconds()
    if not standing.kept:
        return FORGOTTEN
    days = int(seconds // 86400)
    return f"{many(days, 'day') if days > 1 else length(seconds)} left"


def _legend(used: set[Mark], *, kept: bool, colour: bool) -> Iterator[str]:
    """The signs that stand on the page, some on a line."""
    told = [(each.sign, f"{_cell(each, colour=colour)} {each.meaning}", each.meaning) for each in MARKS if each in used]
    if kept:
        told.append((KEPT, f"{KEPT} the vendor has what is right of it", "the vendor has what is right of it"))
    line, width = "", 0
    for sign, text, meaning in told:
        room = len(sign) + len(meaning) + 4
        if width + room > WIDTH:
            yield line.rstrip()
            line, width = "", 0
        line, width = f"{line}  {text} ", width + room
    yield line.rstrip()


def _into(surveyed: Sequence[Surveyed]) -> str:
    """The destinations to name, where there are several: by default there is one."""
    names = sorted({name_of(identity) for each in surveyed for identity in each.used})
    return "".join(f" --destination {name}" for name in names) if len(names) > 1 else ""


def _summary(surveyed: Sequence[Surveyed], now: datetime) -> Iterator[str]:
    """The last lines: numbers, what is in most danger, and the command to type."""
    days = [(each, day) for each in surveyed for day in each.days]
    states = Counter(day.state for _, day in days)
    told = ", ".join(f"{number:,} {state}" for state, number in states.most_common()) or "none yet"
    unwhole = [(each, day) for each, day in days if not day.whole]
    accounts = many(len(surveyed), "account")
    verdict = f"{many(len(unwhole), 'day')} not whole" if unwhole else "all whole"
    yield f"{accounts}, {many(len(days), 'day')} ({told}): {verdict}."
    fetchable = [(day.kept_until, each, day) for each, day in unwhole if day.fetchable and each.account.configured]
    if fetchable:
        _, each, day = min(fetchable, key=lambda found: found[0])
        what = " ".join(filter(None, (each.account.vendor, each.account.id)))
        yield f"The most endangered: {what} {day.day}, {left(day, now)} at the vendor."
    if any(day.repairable and each.account.configured for each, day in unwhole):
        yield f"'{program()} catch-up{_into(surveyed)}' fetches and loads what can be had."
    if forgotten := sum(not day.repairable for _, day in unwhole):
        yield f"{many(forgotten, 'day')} cannot be made more whole: the vendor has no more of them."
