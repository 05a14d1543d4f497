"""The page of `replay --dry-run --diff`: what would change in each destination. It is data, so it goes to stdout."""

from collections.abc import Iterator, Sequence

import click

from harvesters.commands.table import table
from harvesters.core.report import SliceReport
from harvesters.core.tally import KINDS, NEW, NEWER, STAMPS, Example, Named, Tally, totals
from harvesters.core.words import many


def show(slices: Sequence[SliceReport]) -> None:
    """Print the page; nothing where nothing was compared."""
    compared = [each for each in slices if each.diffs]
    for name, tally in totals([each.diffs for each in compared]).items():
        days = sum(name in each.diffs for each in compared)
        for line in page(name, tally, days):
            click.echo(line)


def page(name: str, tally: Tally, days: int) -> Iterator[str]:
    """The lines that tell of one destination; the last one is the sum of it."""
    if tally.types:
        yield from ("", *_documents(tally))
    if tally.fields:
        yield from ("", *_fields(tally), "", "Examples", *_examples(tally.examples()))
    for kind, documents in tally.named.items():
        if documents:
            yield from ("", f"The first {'new ones' if kind == NEW else 'ones that would be gone'}")
            yield from (line for each in documents for line in _document(each, "  "))
    yield ""
    if tally.stamps:
        told = " and ".join(
            f"{name} of {many(tally.stamps[name], 'document')}" for name in STAMPS if tally.stamps[name]
        )
        yield f"Not counted as changes: {told}."
    if tally.left:
        yield f"{_left(tally.left)}."
    yield f"{name}, {many(days, 'day')}: {tally.sentence()}{_of_fields(tally)}."


def _left(number: int) -> str:
    """What a load would not bring about."""
    return (
        f"A replay would leave {number:,} of these differences as they are: it takes the records for loaded, since "
        f"answer, code and settings are the same (after a change of code its revision must be raised)"
    )


def _of_fields(tally: Tally) -> str:
    return f", in {many(len(tally.fields), 'field')}" if tally.fields else ""


def _documents(tally: Tally) -> list[str]:
    """How many documents of each type are the same, and so on; what is newer there only where there is any."""
    total = tally.total
    kinds = [kind for kind in KINDS if kind != NEWER or total[kind]]
    several = [("all", total)] if len(tally.types) > 1 else []
    rows = [(type_, *(_number(found[kind]) for kind in kinds)) for type_, found in [*tally.by_type(), *several]]
    return table([("Documents", *kinds), *rows])


def _fields(tally: Tally) -> list[str]:
    """In how many documents each field comes, goes or changes."""
    rows = [
        (name, _number(found.gained), _number(found.lost), _number(found.changed))
        for name, found in tally.by_frequency()
    ]
    return table([("Fields", "gained", "lost", "changed"), *rows])


def _number(number: int) -> str:
    return f"{number:,}" if number else "-"


def _examples(examples: Sequence[Example]) -> Iterator[str]:
    for each in examples:
        yield f"  {each.field}: {_value(each.before)} -> {_value(each.after)}"
        yield from _document(each.document, "    ")


def _value(text: str | None) -> str:
    return "absent" if text is None else text


def _document(document: Named, indent: str) -> Iterator[str]:
    """A document's type with its `_id`, where that is known, and its readable key, which may be long."""
    yield f"{indent}{document.type} {document.id}".rstrip()
    if document.event_id:
        yield f"{indent}{document.event_id}"
