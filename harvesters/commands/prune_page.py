"""What `prune` says: a page of counts for who only looks, sentences for who does it, and JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import click

from harvesters.commands.table import table
from harvesters.core.day import Day
from harvesters.core.words import many, size
from harvesters.pruning.held import Pruned

MOST_NAMED = 20
ARCHIVE = "archive"
WHAT = {"archive": "the archive", "lake": "the lake", "dead-letters": "the dead letters", "index": "the index"}


def page(results: Sequence[Pruned]) -> None:
    """Print what would go, a line for each account."""
    rows = [
        (
            f"{each.vendor} {each.account}".strip(),
            f"{len(each.days):,}",
            str(each.days[0].day),
            str(each.days[-1].day),
            f"{each.files:,}" if each.files else "-",
            size(each.size) if each.files else "-",
            f"{each.documents.total():,}" if each.documents else "-",
        )
        for each in results
        if each.days
    ]
    if rows:
        click.echo("\n".join(table([("Account", "days", "oldest", "newest", "files", "size", "documents"), *rows])))


def sentences(found: Pruned) -> Iterator[str]:
    """What stays although it is old, and what went wrong."""
    about = f"{found.vendor} {found.account}".strip()
    for day, why in found.kept[:MOST_NAMED]:
        yield f"{about} {day} stays: {why}."
    if (more := len(found.kept) - MOST_NAMED) > 0:
        yield f"{about}: {many(more, 'further day')} stay, see --json."
    yield from (str(each) for each in found.errors)


def summary(place: str, edge: Day, results: Sequence[Pruned], *, done: bool) -> Iterator[str]:
    """The last lines: how much it was, what that means, and what comes next."""
    days = [day for each in results for day in each.days]
    kept = sum(len(each.kept) for each in results)
    if days:
        verb = "removed from" if done else "would remove from"
        accounts = many(sum(bool(each.days) for each in results), "account")
        yield f"{verb} {WHAT[place]}: {_amount(results)} of {many(len(days), 'day')} before {edge}, of {accounts}."
    else:
        verb, else_ = "removed" if done else "would remove", "else " if kept else ""
        yield f"{verb} nothing: nothing {else_}of {WHAT[place]} is of a day before {edge}."
    if kept and place == ARCHIVE:
        yield f"{many(kept, 'day')} stay: 'catch-up' or 'replay' gives what is owed, --even-unloaded removes them too."
    if lost := sum(day.for_good for day in days if set(day.documents) - {"run"} or day.files):
        yield f"the archive does not have {many(lost, 'day')} of them: what goes of these cannot be made anew."
    if days and not done:
        yield "nothing was changed: the same with --yes does it."


def _amount(results: Sequence[Pruned]) -> str:
    files, total = sum(each.files for each in results), sum(each.size for each in results)
    documents = sum((each.documents for each in results), Counter[str]()).total()
    if files:
        return f"{many(files, 'file')} ({size(total)})"
    return many(documents, "document")


def as_json(place: str, age: str, edge: Day, results: Sequence[Pruned]) -> dict[str, Any]:
    """What was found, or removed, for programs."""
    return {"place": place, "older_than": age, "before": str(edge), "accounts": [_account(each) for each in results]}


def _account(found: Pruned) -> dict[str, Any]:
    return {
        "source": found.vendor,
        "account": found.account,
        "files": found.files,
        "bytes": found.size,
        "documents": dict(sorted(found.documents.items())),
        "days": [
            {
                "day": str(each.day),
                "files": each.files,
                "bytes": each.size,
                "documents": dict(sorted(each.documents.items())),
                "for_good": each.for_good,
            }
            for each in found.days
        ],
        "kept": [{"day": str(day), "why": why} for day, why in found.kept],
        "errors": [str(each) for each in found.errors],
    }
