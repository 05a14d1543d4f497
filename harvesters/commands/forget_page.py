"""What `forget` says: a page of counts for who only looks, sentences for who does it, and the report; never a name."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import click

from harvesters.commands.table import table
from harvesters.core.errors import Exit
from harvesters.core.forget import INDEX, LAKE, Seen
from harvesters.core.forget_run import Forgot
from harvesters.core.sighting import PREFIX, normal
from harvesters.core.words import many

MOST_SHOWN = 5


def page(results: Sequence[Forgot], values: Sequence[str]) -> None:
    """Print where somebody was found, and by what else the same person is known there, masked."""
    rows = [
        (f"{each.vendor} {each.account} {day.day}", f"{len(day.records):,}", f"{day.rows:,}", *_documents(day))
        for each in results
        for day in each.days
        if day.records
    ]
    if not rows:
        return
    lines = table([("Day", "records", "rows", f"in {LAKE}", f"in {INDEX}"), *rows])
    lines += list(_known(results, {normal(each) for each in values}))
    click.echo("\n".join(lines))


def _documents(day: Seen) -> tuple[str, str]:
    lake, index = (f"{day.documents[name]:,}" if day.documents[name] else "-" for name in (LAKE, INDEX))
    return lake, index


def _known(results: Sequence[Forgot], asked: set[str]) -> Iterator[str]:
    known: dict[str, set[str]] = {}
    for day in (day for each in results for day in each.days):
        for kind, values in day.known.items():
            known.setdefault(kind, set()).update(value for value in values if not value.startswith(PREFIX))
    others = {kind: sorted(each for each in values if normal(each) not in asked) for kind, values in known.items()}
    if any(others.values()):
        yield ""
        yield "In these records the same person is also known by, which is blanked there with the rest:"
    for kind, left in sorted(others.items()):
        if left:
            shown = ", ".join(map(masked, left[:MOST_SHOWN])) + (", …" if len(left) > MOST_SHOWN else "")
            yield f"  {kind}: {len(left):,} ({shown})"


def masked(value: str) -> str:
    """A value that only who knows it recognises: the first letter of each part."""
    return " ".join("…@".join(f"{part[:1]}" for part in word.split("@")) + "…" for word in value.split())


def sentences(found: Forgot, *, done: bool) -> Iterator[str]:
    """What was done on each day of an account, and what cannot be."""
    for day in found.days:
        about = f"{found.vendor} {found.account} {day.day}"
        if day.records and done:
            yield f"{about}: blanked in {many(len(day.records), 'record')}, {many(day.rows, 'row')}."
        for each in day.said:
            yield f"{about}: {each}"
        if day.elsewhere:
            where = "in members that are nobody's by the vendor's declaration, and stays there"
            yield f"{about}: in {many(day.elsewhere, 'further record')} a typed value stands {where}."


def summary(results: Sequence[Forgot], missed: int, *, done: bool, remembered: bool) -> Iterator[str]:
    """The last lines: how much it was, and what comes next; `missed`: accounts that could not be looked through."""
    days = [day for each in results for day in each.days if day.records]
    looked, letters = sum(each.archived for each in results), sum(each.letters for each in results)
    rows, records = sum(day.rows for day in days), sum(len(day.records) for day in days)
    parts = [f"{many(records, 'record')} ({many(rows, 'row')}) of {many(len(days), 'day')}"] if days else []
    parts += [many(letters, "dead letter")] if letters else []
    loaded: Counter[str] = sum((each.loaded for each in results), Counter())
    parts += [f"{many(number, 'document')} loaded again into {name}" for name, number in sorted(loaded.items())]
    verb = "blanked" if done else "would blank"
    told = f"{verb} {', '.join(parts)}" if parts else "found nowhere"
    if parts or looked or not missed:
        yield f"{told}; {many(looked, 'archived day')} looked through."
    if missed:
        yield f"{many(missed, 'account')} not looked through: run the same again."
    if absent := sum(each.absent for each in results):
        yield f"{many(absent, 'day')} without an archive: there the destinations alone could be searched."
    if remembered:
        yield "remembered: later harvests leave the person out. Keep the list and the key with your backups."
    if not done:
        yield "nothing was changed: the same with --yes does it, and remembers it for later harvests."


def cut_short(*, done: bool, remembered: bool) -> str:
    """What is to be known of a run that its user ended early; `remembered`: whether the people are on the list."""
    if not done:
        return "interrupted: nothing was changed; run the same again."
    how_far = "remembered, not finished" if remembered else "not remembered, and nothing was blanked"
    return f"interrupted: {how_far}; run the same again."


def as_json(results: Sequence[Forgot], *, done: bool, code: Exit) -> dict[str, Any]:
    """The report: counts and places."""
    return {
        "dry_run": not done,
        "exit_code": int(code),
        "accounts": [
            {
                "source": each.vendor,
                "account": each.account,
                "days_looked_through": each.archived,
                "days_without_archive": each.absent,
                "dead_letters": each.letters,
                "loaded": dict(each.loaded),
                "remains": each.remains,
                "errors": [str(error) for error in each.errors],
                "days": [_day(day) for day in each.days],
            }
            for each in results
        ],
    }


def _day(day: Seen) -> dict[str, Any]:
    return {
        "day": day.day,
        "records": len(day.records),
        "rows": day.rows,
        "documents": dict(day.documents),
        "elsewhere": day.elsewhere,
        "said": day.said,
    }
