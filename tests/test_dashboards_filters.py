"""The filters of dashboards: what a condition says is what its KQL says, and what the query made from that finds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.dashboards.conditions import Both, Either, Holds, Is, Known, Like, Not, fields_of, kql
from harvesters.dashboards.kql import query
from harvesters.dashboards.measures import Measure, Ratio, count, formula, narrowed, share, total, week_before

if TYPE_CHECKING:
    from harvesters.dashboards.conditions import Condition

Json = dict[str, Any]
FIELDS, VALUES = ("a.b", "@c", "d_e"), ("x", "y z", "and", "not", "(", "*")
NAMES, TEXTS, WORDS = st.sampled_from(FIELDS), st.sampled_from(VALUES), st.sampled_from("xyz")
SIMPLE = st.one_of(
    st.builds(lambda field, values: Is(field, *values), NAMES, st.lists(TEXTS, min_size=1)),
    st.builds(Holds, st.just("yes")),
    st.builds(Known, NAMES),
    st.builds(lambda field, words: Like(field, *words), NAMES, st.lists(WORDS, min_size=1)),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(st.builds(Not, inner), st.builds(Both, inner, inner), st.builds(Either, inner, inner)),
    max_leaves=6,
)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(FIELDS, st.sampled_from(VALUES)), "yes": st.booleans()}
)  # fmt: skip


def meant(condition: Condition, document: Json) -> bool:
    """Whether a condition holds, by what its classes say."""
    match condition:
        case Not(inner):
            return not meant(inner, document)
        case Both(one, other):
            return meant(one, document) and meant(other, document)
        case Either(one, other):
            return meant(one, document) or meant(other, document)
    return _meant(condition, document.get(condition.field))


def _meant(condition: Is | Holds | Known | Like, value: Any) -> bool:  # noqa: ANN401 - whatever the field has
    match condition:
        case Is(_, values):
            return value in values
        case Holds():
            return value is True
        case Known():
            return value is not None
        case Like(_, words):
            return re.search(".*".join(words), value or "") is not None


def found(asked: Json, document: Json) -> bool:
    """Whether Elasticsearch would find it, as its documents describe these queries."""
    ((kind, inner),) = asked.items()
    if kind == "bool":
        should = inner.get("should")
        return (
            all(found(each, document) for each in inner.get("filter", ()))
            and not any(found(each, document) for each in inner.get("must_not", ()))
            and (should is None or any(found(each, document) for each in should))
        )
    if kind == "exists":
        return inner["field"] in document
    ((field, value),) = inner.items()
    if kind == "wildcard":
        pattern = value["value"].replace("*", ".*")
        return re.fullmatch(pattern, str(document.get(field, "")), re.DOTALL) is not None and field in document
    return field in document and value == {True: "true", False: "false"}.get(document[field], document[field])


@given(CONDITIONS, DOCUMENTS)
def test_what_is_written_is_what_is_meant(condition: Condition, document: Json) -> None:
    assert found(query(kql(condition)), document) == meant(condition, document)


@given(CONDITIONS)
def test_a_filter_fits_into_a_formula_and_names_its_fields(condition: Condition) -> None:
    """A formula holds it between single quotes."""
    assert "'" not in kql(condition)
    assert set(fields_of(condition)) == {name for name in (*FIELDS, "yes") if f"{name} : " in kql(condition)}


def test_no_filter_is_everything() -> None:
    assert (kql(None), query(""), query("  ")) == ("", {"match_all": {}}, {"match_all": {}})


@pytest.mark.parametrize("text", ["a :", "a", "(a : b", "a : b c", 'a : "b', ") a : b", "a : b and"])
def test_a_filter_beyond_the_language_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        query(text)


# -- the numbers that carry them -----------------------------------------------------------------------

ZOOM = Is("vconf.vendor", "zoom")


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (share(Holds("a")), "count(kql='a : true') / count()"),
        (share(Is("a", "x", "y"), Known("a")), """count(kql='(a : "x" or a : "y")') / count(kql='a : *')"""),
        (Ratio(total("a"), total("b")), "sum(a) / sum(b)"),
        (week_before(share(Holds("a"))), "count(kql='a : true', shift='1w') / count(shift='1w')"),
        (
            narrowed(share(Holds("a")), ZOOM),
            """count(kql='(vconf.vendor : "zoom" and a : true)') / count(kql='vconf.vendor : "zoom"')""",
        ),
    ],
)
def test_a_share_in_the_language_of_lens(ratio: Ratio, text: str) -> None:
    assert formula(ratio) == text


def test_a_number_narrowed_is_of_fewer_documents() -> None:
    assert narrowed(count(), ZOOM) == Measure("count", where=ZOOM)
    assert narrowed(count(Holds("a")), ZOOM) == Measure("count", where=Both(ZOOM, Holds("a")))
