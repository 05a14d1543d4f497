"""How many nodes a query would allow, as its `first` arguments multiply, whatever there really is."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    IntValueNode,
    ListValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from harvesters.sandbox.opentok.rules import Rules
from harvesters.sandbox.opentok.schema import list_fields


class Allowance:
    """Counts one query."""

    def __init__(self, document: DocumentNode, variables: Mapping[str, Any], rules: Rules) -> None:
        """`variables` as the client sent them."""
        self._rules, self._variables = rules, variables
        self._document = document
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }

    def nodes(self) -> int:
        """The list items that the whole query allows."""
        found: list[SelectionSetNode | None] = [getattr(each, "selection_set", None) for each in self._operations()]
        return sum(self._below(each) for each in found)

    def _operations(self) -> Sequence[object]:
        return [each for each in self._document.definitions if not isinstance(each, FragmentDefinitionNode)]

    def _below(self, selection: SelectionSetNode | None) -> int:
        total = 0
        for node in selection.selections if selection else ():
            if isinstance(node, FragmentSpreadNode):
                total += self._below(self._fragments[node.name.value].selection_set)
            elif isinstance(node, FieldNode):
                total += self._of_field(node)
        return total

    def _of_field(self, node: FieldNode) -> int:
        """A list counts its items and, for each, what stands below it."""
        below = self._below(node.selection_set)
        return self._size(node) * (1 + below) if node.name.value in list_fields() else below

    def _size(self, node: FieldNode) -> int:
        """The page size of a list, and for named sessions at most their number."""
        given = {argument.name.value: self._value(argument.value) for argument in node.arguments or ()}
        size = self._rules.page_size(given.get("first"), meetings=node.name.value == "meetings")
        ids = given.get("sessionIds")
        return size if ids is None else min(size, len(ids))

    def _value(self, node: ValueNode) -> Any:  # noqa: ANN401 - any value of a query
        if isinstance(node, VariableNode):
            return self._variables.get(node.name.value)
        if isinstance(node, IntValueNode):
            return int(node.value)
        return [None] * len(node.values) if isinstance(node, ListValueNode) else None
