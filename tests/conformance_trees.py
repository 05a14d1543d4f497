"""The checks of `flatten`: pure, indifferent to cuts, and nothing vanishes; for the conformance suite."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from harvesters.core.field import OF_CALLS, Field
from harvesters.core.fields import (
    BOOLEAN,
    CONFERENCE,
    DATE,
    FLOAT,
    IP,
    ISSUE,
    KEYWORD,
    LONG,
    PARTICIPANT,
    SAMPLE,
    STREAM,
    TEXT,
    USAGE,
    by_name,
)
from harvesters.core.personal import Personal
from harvesters.core.source import Part, Record
from tests.conformance import Bench, all_records, is_key, no_world, picture
from tests.conformance_totals import totals_of

STRANGER = "zz_stranger"


def purity(bench: Bench) -> None:
    """The same record gives the same tree, and is left as it was; whatever was flattened in between."""
    records = all_records(bench)
    first = [picture(bench, record) for record in records]
    before = [list(record.parts) for record in records]
    for record, seen in reversed(list(zip(records, first, strict=True))):
        again = picture(bench, record)
        assert (again.whole, again.oddities) == (seen.whole, seen.oddities), f"{record.key} flattened differently"
        parts = list(record.parts)
        with no_world():
            for stream in bench.source.flatten(replace(record, parts=parts)).streams:
                list(stream.rows)
        assert parts == list(record.parts), "the record's parts were changed"
    assert [list(record.parts) for record in records] == before


def cuts(bench: Bench) -> None:
    """Where a thing's rows were cut into parts changes nothing."""
    for record in all_records(bench):
        seen = picture(bench, record)
        for size in (1, 2, 3, 7):
            pieces = [piece for part in record.parts for piece in _cut(part, size)]
            found = picture(bench, record, pieces)
            assert found.whole == seen.whole, f"cut into pieces of {size} rows, {record.key} means something else"


def _cut(part: Part, size: int) -> list[Part]:
    """A part in pieces of so many rows, an empty one before them."""
    rows = msgspec.json.decode(part.rows, type=list[msgspec.Raw])
    pieces: list[list[msgspec.Raw]] = [[], *(rows[at : at + size] for at in range(0, len(rows), size))]
    return [replace(part, rows=b"[%s]" % b",".join(piece), count=len(piece)) for piece in pieces]


def _kinds(record: Record) -> list[str]:
    return list(dict.fromkeys(part.kind for part in record.parts))


def nulls(bench: Bench) -> None:
    """A null among the rows is counted, and changes nothing else."""
    for record in all_records(bench):
        seen = picture(bench, record)
        for kind in _kinds(record):
            found = picture(bench, record, [_with_null(part) if part.kind == kind else part for part in record.parts])
            assert found.whole == seen.whole, f"a null among the rows of a {kind} changes {record.key}"
            assert found.oddities.total() > seen.oddities.total(), f"a null among the rows of a {kind} is not counted"


def _with_null(part: Part) -> Part:
    rows = msgspec.json.decode(part.rows, type=list[msgspec.Raw])
    middle = len(rows) // 2
    mixed = [*rows[:middle], msgspec.Raw(b"null"), *rows[middle:]]
    return replace(part, rows=b"[%s]" % b",".join(mixed), count=part.count + 1)


def strangers(bench: Bench) -> None:
    """A member that nobody knows is in the leftovers of an entity or named in the report."""
    for record in all_records(bench):
        for kind in _kinds(record):
            for place in ("head", "rows"):
                parts = [_with_stranger(part, place) if part.kind == kind else part for part in record.parts]
                if parts == list(record.parts):
                    continue
                found = picture(bench, record, parts)
                seen = STRANGER in found.whole.decode() or any(STRANGER in each for each in found.oddities)
                assert seen, f"a new member in the {place} of a {kind} vanishes"


def _with_stranger(part: Part, place: str) -> Part:
    def more(value: Any) -> Any:  # noqa: ANN401 - any JSON
        return {**value, STRANGER: "new"} if isinstance(value, dict) else value

    if place == "head":
        return replace(part, head=msgspec.json.encode(more(msgspec.json.decode(part.head))))
    return replace(part, rows=msgspec.json.encode([more(row) for row in msgspec.json.decode(part.rows)]))


def keys(bench: Bench) -> None:
    """Within a conference every key is unique and whole, and the rows of a stream are in order of time."""
    for record in all_records(bench):
        seen = picture(bench, record)
        people = list(seen.tree.participants.values())
        issues = [each.entity for each in seen.tree.issues]
        for what, entities in (("participants", people), ("streams", seen.streams), ("issues", issues)):
            found = [entity.key for entity in entities]
            assert all(map(is_key, found)), f"a key among the {what} of {record.key} has an empty part"
            assert len(found) == len(set(found)), f"{what} of {record.key} share a key"
        for rows in seen.rows:
            times = [row.at for row in rows]
            assert all(isinstance(at, int) for at in times)
            assert times == sorted(times), f"the rows of a stream of {record.key} are not in order of time"


# -- fields --------------------------------------------------------------------------------------------

FITS: dict[str, Callable[[object], bool]] = {
    KEYWORD: lambda value: isinstance(value, str),
    TEXT: lambda value: isinstance(value, str),
    IP: lambda value: isinstance(value, str),
    BOOLEAN: lambda value: isinstance(value, bool),
    LONG: lambda value: isinstance(value, int) and not isinstance(value, bool),
    FLOAT: lambda value: isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
    DATE: lambda value: isinstance(value, str | int) and not isinstance(value, bool),
}


def emitted(bench: Bench) -> None:
    """Every field that is emitted is in the list for that document and fits it; no own field is for nothing."""
    known, seen = by_name(bench.source.fields), set()
    with bench.shops() as shops:
        totals = [record for shop in shops for record in totals_of(bench, shop)]
    for record in (*all_records(bench), *totals):
        for type_, name, value in _values(bench, record):
            assert name in known, f"{name} is in no field list"
            assert type_ in known[name].types, f"{name} is not a field of a {type_}"
            values = value if isinstance(value, list) else [value]
            fits = FITS.get(known[name].type, lambda _: True)
            assert all(map(fits, values)), f"{name} is {known[name].type} and gets {value!r}"
            seen.add(name)
    idle = {field.name for field in bench.source.fields} - seen - bench.case.elsewhere
    assert not idle, f"nobody emits {sorted(idle)}"


def _values(bench: Bench, record: Record) -> Iterator[tuple[str, str, Any]]:
    """What a record's tree emits under which names: type of the document, name, value."""
    seen = picture(bench, record)
    conference = [seen.tree.conference] if seen.tree.conference else []
    entities = [
        *((CONFERENCE, each) for each in conference),
        *((PARTICIPANT, each) for each in seen.tree.participants.values()),
        *((STREAM, each) for each in seen.streams),
        *((ISSUE, each.entity) for each in seen.tree.issues),
        *((USAGE, each) for each in seen.tree.usage),
    ]
    for type_, entity in entities:
        yield from ((type_, name, value) for name, value in entity.fields.items() if value is not None)
    for own in (row.own for rows in seen.rows for row in rows if row.own is not None):
        members: dict[str, Any] = msgspec.to_builtins(own)
        yield from ((SAMPLE, f"{bench.source.name}.{name}", value) for name, value in members.items())


def personal(bench: Bench) -> None:
    """The declared personal members exist, and without them no document tells of a person."""
    known = by_name(bench.source.fields)
    wanted = {kind: told for kind, told in bench.source.personal.items() if kind not in bench.case.elsewhere}
    open_ = {(kind, path) for kind, told in wanted.items() for each in (told.head, told.rows) for path in each.members}
    for record in all_records(bench):
        blank = []
        for part in record.parts:
            found: set[str] = set()
            blank.append(_blanked(part, bench.source.personal.get(part.kind, Personal()), found))
            open_ -= {(part.kind, name) for name in found}
        without = replace(record, parts=blank)
        told = {name for _, name, value in _values(bench, without) if _tells_of_one(known[name]) and value}
        assert not told, f"{sorted(told)} tell of a person, and come from members that are not declared as personal"
    open_ = {each for each in open_ if ".".join(each) not in bench.case.elsewhere}
    assert not open_, f"declared as personal, and in no answer: {sorted(open_)}"


def _tells_of_one(field: Field) -> bool:
    return field.personal and field.tells not in OF_CALLS


def measured(bench: Bench) -> None:
    """What single measurements tell is told of nobody: they go past the profiles of privacy."""
    known = by_name(bench.source.fields)
    for record in all_records(bench):
        told = {name for type_, name, _ in _values(bench, record) if type_ == SAMPLE and known[name].personal}
        assert not told, f"a measurement tells of people: {sorted(told)}"


def _blanked(part: Part, told: Personal, found: set[str]) -> Part:
    """A part without the personal members of its head and rows; `found` gets those that held something."""
    head, rows = msgspec.json.decode(part.head), msgspec.json.decode(part.rows)
    for persons, things in ((told.head, [head]), (told.rows, rows)):
        for path in persons.members:
            found |= {path for thing in things if _blank(thing, path.split("."))}
    return replace(part, head=msgspec.json.encode(head), rows=msgspec.json.encode(rows))


def _blank(thing: Any, path: Sequence[str]) -> bool:  # noqa: ANN401 - any JSON
    """Make one member null, deeper ones by their path; whether it held something."""
    if not isinstance(thing, dict) or thing.get(path[0]) is None:
        return False
    if len(path) > 1:
        return _blank(thing[path[0]], path[1:])
    thing[path[0]] = None
    return True
