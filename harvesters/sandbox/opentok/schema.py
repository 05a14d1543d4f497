"""The two GraphQL schemas: the public one that queries are checked against, and the one that is executed.

In the executed one, every object type that holds no list and takes no argument (a statistics row, a
stream, a page's info) is a leaf, so that graphql-core does not resolve it field by field: its resolver
hands over the finished value. Queries need no rewriting, as the executor does not look below a leaf.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources

from graphql import (
    DocumentNode,
    FieldDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    NamedTypeNode,
    NameNode,
    Visitor,
    build_ast_schema,
    get_named_type,
    is_leaf_type,
    parse,
    print_ast,
    validate,
    visit,
)

from harvesters.core.day import EPOCH, iso

READY = "Ready"
_NUMBER = "Number"
_SECONDS_DIGITS = 10
_WRAPPING = re.compile(r"[\[\]!]")
Resolver = Callable[..., object]


def _sdl() -> DocumentNode:
    text = resources.files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8")
    return parse(text)


@lru_cache(maxsize=1)
def public_schema() -> GraphQLSchema:
    """The schema as clients see it."""
    return _with_scalars(build_ast_schema(_sdl()))


@lru_cache(maxsize=1)
def list_fields() -> frozenset[str]:
    """The names of all fields that are lists."""
    kinds = _object_types(public_schema())
    return frozenset(
        name for kind in kinds for name, field in kind.fields.items() if _is_list_type(get_named_type(field.type))
    )


def executed_schema(
    resolvers: Mapping[str, Resolver], list_resolvers: Mapping[str, Resolver], ready: Callable[..., Resolver]
) -> GraphQLSchema:
    """The schema that is executed.

    Args:
        resolvers: by `Type.field`.
        list_resolvers: for the fields of every list type, by field; and `""` for a field that is a list.
        ready: makes the resolver of a leaf that is an object for clients, from the field's plain resolver
            (or None) and the object's type.
    """
    public = public_schema()
    leaves = {name for name, kind in public.type_map.items() if _is_flat(kind)}
    own = parse(f"scalar {READY} scalar {_NUMBER}")
    document = visit(_sdl(), _Leaves(leaves))
    whole = DocumentNode(definitions=(*document.definitions, *own.definitions))
    schema = _with_scalars(build_ast_schema(whole, assume_valid_sdl=True))
    for kind in _object_types(schema):
        for name, field in kind.fields.items():
            general = list_resolvers.get(name) if _is_list_type(kind) else None
            if _is_list_type(get_named_type(field.type)):
                general = list_resolvers[""]
            resolver = resolvers.get(f"{kind.name}.{name}", general)
            if get_named_type(field.type).name == READY:
                resolver = ready(resolver, _public_type(public, kind.name, name))
            _attach(field, resolver)
    return schema


def _attach(field: GraphQLField, resolver: Resolver | None) -> None:
    field.resolve = resolver
    for name, argument in field.args.items():
        argument.out_name = re.sub(r"([A-Z])", r"_\1", name).lower()


@lru_cache(maxsize=256)
def checked(query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """The parsed query and what the public schema has against it.

    Raises:
        GraphQLSyntaxError: the text is not GraphQL.
    """
    document = parse(query)
    return document, validate(public_schema(), document)


class _Leaves(Visitor):
    """Gives a field the type `Ready` if its objects are flat, and floats the type `Number`."""

    def __init__(self, leaves: set[str]) -> None:
        super().__init__()
        self._types = {**dict.fromkeys(leaves, READY), "Float": _NUMBER}

    def enter_field_definition(self, node: FieldDefinitionNode, *_context: object) -> FieldDefinitionNode | None:
        leaf = self._types.get(_WRAPPING.sub("", print_ast(node.type)))
        if leaf is None:
            return None
        new = NamedTypeNode(name=NameNode(value=leaf))
        return FieldDefinitionNode(name=node.name, arguments=node.arguments, directives=node.directives, type=new)


def _object_types(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    kinds = schema.type_map.values()
    return [kind for kind in kinds if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")]


def _is_flat(kind: GraphQLNamedType) -> bool:
    if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
        return False
    return all(is_leaf_type(field.type) and not field.args for field in kind.fields.values())


def _is_list_type(kind: GraphQLNamedType) -> bool:
    return isinstance(kind, GraphQLObjectType) and any(i.name == "ResourceCollection" for i in kind.interfaces)


def _public_type(public: GraphQLSchema, kind: str, field: str) -> str:
    owner = public.type_map[kind]
    return get_named_type(owner.fields[field].type).name if isinstance(owner, GraphQLObjectType) else ""


def _with_scalars(schema: GraphQLSchema) -> GraphQLSchema:
    for name, coerce in (("Date", _date), ("IntOrString", _int_or_string)):
        scalar = schema.type_map[name]
        if isinstance(scalar, GraphQLScalarType):
            scalar.coerce_input_value = coerce
    return schema


def _date(value: object) -> str:
    """One of the three input forms as ISO text in UTC."""
    if isinstance(value, int) and not isinstance(value, bool):
        seconds = len(str(abs(value))) <= _SECONDS_DIGITS
        return iso(EPOCH + (timedelta(seconds=value) if seconds else timedelta(milliseconds=value)))
    if not isinstance(value, str):
        message = f"Date cannot represent value: {value!r}"
        raise GraphQLError(message)
    instant = datetime.fromisoformat(value)
    return iso(instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant)


def _int_or_string(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        message = f"IntOrString cannot represent value: {value!r}"
        raise GraphQLError(message)
    return str(value)
