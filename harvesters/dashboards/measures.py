"""What is counted: aggregations of documents, and shares of one in another."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harvesters.dashboards.conditions import Both, Condition, fields_of, kql

RECORDS = "___records___"
"""Kibana's name for the documents themselves."""
WEEK = "1w"


@dataclass(frozen=True, slots=True)
class Measure:
    """One aggregation.

    Attributes:
        operation: Lens's name of it: count, unique_count, sum, average, min, max, percentile or last_value.
        field: what of; of a count the documents themselves.
        where: only of these documents.
        percentile: which one, of a percentile.
        shift: how long before the time that is looked at, such as 1w.
    """

    operation: str
    field: str = RECORDS
    where: Condition | None = None
    percentile: int | None = None
    shift: str = ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One number as a share of another, 0 to 1; absent where the whole is 0."""

    part: Measure
    whole: Measure


Value = Measure | Ratio


def count(where: Condition | None = None) -> Measure:
    """How many documents."""
    return Measure("count", where=where)


def unique(field: str, where: Condition | None = None) -> Measure:
    """How many different values."""
    return Measure("unique_count", field, where)


def total(field: str, where: Condition | None = None) -> Measure:
    """The sum of a number."""
    return Measure("sum", field, where)


def mean(field: str) -> Measure:
    """The mean of a number; each document counts the same."""
    return Measure("average", field)


def least(field: str) -> Measure:
    """The smallest number, or the first instant."""
    return Measure("min", field)


def most(field: str) -> Measure:
    """The largest number, or the last instant."""
    return Measure("max", field)


def percentile(field: str, which: int) -> Measure:
    """What so many percent of the documents do not exceed."""
    return Measure("percentile", field, percentile=which)


def latest(field: str) -> Measure:
    """The value of the newest document that has one."""
    return Measure("last_value", field)


def share(part: Condition, whole: Condition | None = None) -> Ratio:
    """How many documents of the whole are the part, too."""
    return Ratio(count(part), count(whole))


def week_before(value: Value) -> Value:
    """The same of the week before."""
    if isinstance(value, Ratio):
        return Ratio(replace(value.part, shift=WEEK), replace(value.whole, shift=WEEK))
    return replace(value, shift=WEEK)


def narrowed(value: Value, where: Condition) -> Value:
    """The same among documents of which something holds besides."""
    if isinstance(value, Ratio):
        return Ratio(_narrowed(value.part, where), _narrowed(value.whole, where))
    return _narrowed(value, where)


def _narrowed(measure: Measure, where: Condition) -> Measure:
    return replace(measure, where=Both(where, measure.where) if measure.where else where)


def measures_of(value: Value) -> tuple[Measure, ...]:
    """The aggregations that a value is made from."""
    return (value.part, value.whole) if isinstance(value, Ratio) else (value,)


def value_fields(value: Value) -> Iterator[str]:
    """The fields that a value looks at."""
    for measure in measures_of(value):
        if measure.field != RECORDS:
            yield measure.field
        yield from fields_of(measure.where)


def formula(ratio: Ratio) -> str:
    """A share in the language of Lens."""
    return f"{_term(ratio.part)} / {_term(ratio.whole)}"


def _term(measure: Measure) -> str:
    own = [measure.field] if measure.field != RECORDS else []
    own += [f"kql='{kql(measure.where)}'"] if measure.where else []
    own += [f"shift='{measure.shift}'"] if measure.shift else []
    return f"{measure.operation}({', '.join(own)})"
