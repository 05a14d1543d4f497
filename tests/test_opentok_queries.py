"""What the harvester asks of OpenTok: valid queries, and no list that could be cut without being noticed."""

import re
from collections.abc import Iterable, Iterator
from importlib.resources import files

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    build_schema,
    get_named_type,
    parse,
    print_ast,
    validate,
)

from harvesters.core.graphql import operations
from tests.opentok_days import KEY

SCHEMA = build_schema(files("harvesters.sandbox.opentok").joinpath("schema.graphql").read_text("utf-8"))
FILE = parse(files("harvesters.opentok").joinpath("queries.graphql").read_text("utf-8"))
SENT = operations("harvesters.opentok", "queries.graphql", KEY)
ONE = ("Meetings", "Connections", "Publishers", "Subscribers")
# A summary's meetings are a hint for planning. The other operations ask for one session: its list has one item.
NOT_PAGED = {("List", "meetings"), *((name, "sessions") for name in ONE)}
MOST = {"meetings": 10}
List = tuple[str, FieldNode, list[FieldNode]]


FRAGMENTS = {each.name.value: each for each in FILE.definitions if isinstance(each, FragmentDefinitionNode)}


def lists() -> Iterator[List]:
    """Every list that the file asks for: the operation's name, the field, and the fields asked of the list."""
    assert SCHEMA.query_type
    for each in FILE.definitions:
        if isinstance(each, OperationDefinitionNode) and each.name:
            yield from below(each.name.value, each.selection_set, SCHEMA.query_type)


def below(operation: str, node: SelectionSetNode, kind: GraphQLObjectType) -> Iterator[List]:
    for field in fields(node):
        inner = get_named_type(kind.fields[field.name.value].type)
        if isinstance(inner, GraphQLObjectType) and field.selection_set:
            if "ResourceCollection" in {each.name for each in inner.interfaces}:
                yield operation, field, list(fields(field.selection_set))
            yield from below(operation, field.selection_set, inner)


def fields(node: SelectionSetNode) -> Iterator[FieldNode]:
    """The fields of a selection, those of its fragments among them."""
    for each in node.selections:
        if isinstance(each, FieldNode):
            yield each
        elif isinstance(each, FragmentSpreadNode):
            yield from fields(FRAGMENTS[each.name.value].selection_set)


def names(chosen: Iterable[FieldNode]) -> set[str]:
    return {each.name.value for each in chosen}


def test_the_queries_are_valid_as_written_and_as_sent() -> None:
    assert validate(SCHEMA, FILE) == []
    assert set(SENT) == {"List", "Detail", "Totals", *ONE}
    for document in SENT.values():
        assert validate(SCHEMA, document) == []


def test_every_list_tells_how_many_there_are_and_whether_there_is_more() -> None:
    found = list(lists())
    told = {(name, field.name.value) for name, field, inner in found if {"totalCount", "pageInfo"} <= names(inner)}
    every = {(name, field.name.value) for name, field, _ in found}
    assert every - told == NOT_PAGED
    # Eight kinds of lists; statistics stand under publishers and under subscribers.
    assert {field for _, field in every} == {
        "sessionSummaries",
        "sessions",
        "meetings",
        "connections",
        "publishers",
        "subscribers",
        "streamStatsCollection",
        "projectData",
    }


def test_page_info_is_always_both_of_its_members() -> None:
    infos = [
        names(fields(each.selection_set))
        for _, _, inner in lists()
        for each in inner
        if each.name.value == "pageInfo" and each.selection_set
    ]
    assert infos
    assert all(info == {"hasNextPage", "endCursor"} for info in infos)


def test_no_list_is_left_to_the_servers_default_and_none_asks_for_more_than_it_gives() -> None:
    for _, field, _ in lists():
        sizes = [each.value for each in field.arguments or () if each.name.value == "first"]
        assert len(sizes) == 1, print_ast(field)
        size = sizes[0]
        fits = isinstance(size, IntValueNode) and int(size.value) <= MOST.get(field.name.value, 1000)
        assert fits or isinstance(size, VariableNode), print_ast(field)
        assert field.name.value != "meetings" or fits


def test_the_list_that_is_paged_takes_a_cursor_at_every_level() -> None:
    taking = {
        (name, field.name.value)
        for name, field, _ in lists()
        if "endCursor" in {each.name.value for each in field.arguments or ()}
    }
    assert taking == {
        ("List", "sessionSummaries"),
        ("Detail", "meetings"),
        ("Meetings", "meetings"),
        ("Connections", "meetings"),
        ("Connections", "connections"),
        ("Publishers", "meetings"),
        ("Publishers", "publishers"),
        ("Publishers", "streamStatsCollection"),
        ("Subscribers", "meetings"),
        ("Subscribers", "subscribers"),
        ("Subscribers", "streamStatsCollection"),
    }


@pytest.mark.parametrize(
    ("project", "literal"),
    [("46204972", "46204972"), ("7c0d9e52-3a5a-4a59-9a5b-3e2bdb0a7f11", '"7c0d9e52-3a5a-4a59-9a5b-3e2bdb0a7f11"')],
)
def test_the_project_is_a_literal_digits_bare_and_anything_else_quoted(project: str, literal: str) -> None:
    for document in operations("harvesters.opentok", "queries.graphql", project).values():
        text = print_ast(document)
        assert f"project(projectId: {literal})" in text
        assert "$project" not in text
        assert validate(SCHEMA, document) == []


def test_an_operation_travels_with_the_fragments_that_it_uses_and_no_others() -> None:
    for document in SENT.values():
        text = print_ast(document)
        assert set(re.findall(r"\.\.\.(\w+)", text)) == set(re.findall(r"^fragment (\w+)", text, re.MULTILINE))
        assert len(re.findall(r"^query ", text, re.MULTILINE)) == 1
